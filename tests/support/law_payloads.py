"""Small payloads and rows of law, written for the tests."""

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
    """Rows of ``legal_event``: one for each of ``changes``, filled up with what is right."""
    rows = [{**EVENT, **change} for change in changes]
    return pl.DataFrame(rows, schema=contract("legal_event").polars_schema, orient="row")


def act(event: str, day: date | None, **change: object) -> dict[str, object]:
    """An event of an act of the Union."""
    who = {"instrument": "32008L0115", "jurisdiction": "EU", "basis": "act", "dataset": "cellar/acts"}
    return {**who, "publisher": "cellar", "event": event, "date": day, **change}


def untc_page(titles: Sequence[str], *rows: Sequence[str], treaty: str = "IV-11", more: str = "") -> str:
    """A status page of the UN Treaty Collection."""
    lines = "".join(
        "<tr>" + "".join(f"<{tag}>{text}</{tag}>" for text in texts) + "</tr>"
        for tag, texts in (("th", titles), *(("td", row) for row in rows))
    )
    return (
        f'<!DOCTYPE html><html><body><form action="./ViewDetails.aspx?src=TREATY&amp;mtdsg_no={treaty}&amp;chapter=4">'
        f"<span>STATUS AS AT : 20-04-2024 09:15:48 EDT</span>{more}<table>{lines}</table></form></body></html>"
    )


def statements(*rows: Mapping[str, str]) -> str:
    """A table of events as CSV."""
    lines = [",".join(EVENTS), *(",".join(row.get(name, "") for name in EVENTS) for row in rows)]
    return "\n".join(lines) + "\n"


def written(folder: Path, text: str | bytes, name: str = "payload") -> Path:
    """A payload in a file."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def recorded(path: Path, dataset: str) -> Normalised:
    """The rows of law of a payload."""
    publisher, _, name = dataset.partition("/")
    with reading.opened(path) as plain:
        return law_rows(reading.read(plain), publishers()[publisher], name, ORIGIN)


def moved(publisher: Publisher, url: str, **datasets: Mapping[str, object]) -> Publisher:
    """A publisher of the catalogue with its address changed to ``url``, and some of its datasets, changed."""
    endpoints = {
        name: endpoint.model_copy(update={"url": re.sub(r"^https://[^/]+", url, endpoint.url)})
        for name, endpoint in publisher.endpoints.items()
    }
    kept = {name: publisher.datasets[name].model_copy(update=change) for name, change in datasets.items()}
    limits = Limits(per_second=500, timeout=5, retries=1, backoff=0.01)
    return publisher.model_copy(
        update={"endpoints": endpoints, "hosts": ["127.0.0.1"], "limits": limits, "datasets": kept}
    )
