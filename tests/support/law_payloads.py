"""Small payloads and rows of law for tests."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from assets.normalise.codes import Normalised, Origin
from assets.normalise.law import law_rows
from sources import reading
from sources.catalogue import publishers
from sources.catalogue.model import Publisher
from sources.formats.delimited.law_csv import EVENTS
from sources.request import Limits
from warehouse.contracts import contract

KNOWN = datetime(2026, 1, 1, tzinfo=UTC)
ORIGIN = Origin("ab" * 32, KNOWN)

EVENT: Mapping[str, object] = {
    "instrument": "IV-11",
    "jurisdiction": "CHN",
    "event": "ratify",
    "date": date(1992, 3, 2),
    "date_precision": "day",
    "territorial_scope": "_T",
    "provision": None,
    "basis": "treaty",
    "related": None,
    "source": "the list",
    "source_url": None,
    "confidence": "high",
    "publisher": "untc",
    "dataset": "untc/status",
    "payload": "ab" * 32,
    "locator": 65537,
    "source_updated": KNOWN,
    "known_from": KNOWN,
    "known_to": None,
}


def events(*changes: Mapping[str, object]) -> pl.DataFrame:
    """Return rows of ``legal_event``: one for each of ``changes``, with the values of ``EVENT`` in the other fields."""
    rows = [{**EVENT, **change} for change in changes]
    return pl.DataFrame(rows, schema=contract("legal_event").stored_schema, orient="row")


def act_event(event: str, day: date | None, **change: object) -> dict[str, object]:
    """Return an event of an act of the Union."""
    who = {"instrument": "32008L0115", "jurisdiction": "EU", "basis": "act", "dataset": "cellar/acts"}
    return {**who, "publisher": "cellar", "event": event, "date": day, **change}


def untc_page(titles: Sequence[str], *rows: Sequence[str], treaty: str = "IV-11", more: str = "") -> str:
    """Return a status page of the UN Treaty Collection."""
    lines = "".join(
        "<tr>" + "".join(f"<{tag}>{text}</{tag}>" for text in texts) + "</tr>"
        for tag, texts in (("th", titles), *(("td", row) for row in rows))
    )
    return (
        f'<!DOCTYPE html><html><body><form action="./ViewDetails.aspx?src=TREATY&amp;mtdsg_no={treaty}&amp;chapter=4">'
        f"<span>STATUS AS AT : 20-04-2024 09:15:48 EDT</span>{more}<table>{lines}</table></form></body></html>"
    )


def events_csv(*rows: Mapping[str, str]) -> str:
    """Return a table of events as CSV."""
    lines = [",".join(EVENTS), *(",".join(row.get(name, "") for name in EVENTS) for row in rows)]
    return "\n".join(lines) + "\n"


def write_payload(folder: Path, text: str | bytes, name: str = "payload") -> Path:
    """Write a payload to a file and return its path."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read_law_rows(path: Path, dataset: str) -> Normalised:
    """Read the rows of law of a payload."""
    publisher, _, name = dataset.partition("/")
    with reading.opened(path) as plain:
        return law_rows(reading.read(plain), publishers()[publisher], name, ORIGIN)


def publisher_at(publisher: Publisher, url: str, **datasets: Mapping[str, object]) -> Publisher:
    """Return a publisher of the catalogue with the address ``url`` and only these datasets, with these changes."""
    endpoints = {
        name: endpoint.model_copy(update={"url": re.sub(r"^https://[^/]+", url, endpoint.url)})
        for name, endpoint in publisher.endpoints.items()
    }
    changed = {name: publisher.datasets[name].model_copy(update=change) for name, change in datasets.items()}
    limits = Limits(per_second=500, timeout=5, retries=1, backoff=0.01)
    return publisher.model_copy(
        update={"endpoints": endpoints, "hosts": ["127.0.0.1"], "limits": limits, "datasets": changed}
    )
