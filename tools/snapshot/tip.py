"""Trafficking in Persons Report: the tier in which each of the 28 was placed, report by report."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from sources.catalogue import publishers
from sources.protocols.requests import closed_editions
from tools.snapshot.law import table_of_facts
from tools.snapshot.sources import JURISDICTIONS, Recorded, only, table, utc

HEADER = ("jurisdiction", "date", "report", "tier", "source", "source_url", "confidence")

_TIERS = {"1": "Tier 1", "2": "Tier 2", "2.5": "Tier 2 Watch List", "3": "Tier 3"}
_EDITION = (
    "Trafficking in Persons Reports of 2001 to 2014, 2020 and 2023, through public copies "
    "(github.com/andrewheiss/From-the-Trenches-Anti-TIP-NGOs-and-US; gvnet.com)"
)
_COPY = {
    "source": "U.S. Department of State, Trafficking in Persons Report, as coded with the 3P index",
    "source_url": "https://github.com/andrewheiss/From-the-Trenches-Anti-TIP-NGOs-and-US",
    "confidence": "medium",
}


def recorded(corpus: Path) -> Iterator[Recorded]:
    """The tiers, a row for each jurisdiction and report."""
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADER, lineterminator="\n")
    writer.writeheader()
    rows = [*_early(corpus), *_late(corpus)]
    writer.writerows(sorted(rows, key=lambda row: (row["jurisdiction"], row["date"])))
    yield Recorded(
        only(closed_editions(publishers()["usstate"], "tip_tiers")),
        text.getvalue().encode(),
        "text/csv",
        _EDITION,
        utc(2023, 6, 30),
    )


def _row(area: str, year: str, code: str) -> dict[str, str]:
    return {"jurisdiction": area, "date": f"{year}-03-31", "report": year, "tier": _TIERS[code]}


def _early(corpus: Path) -> Iterator[dict[str, str]]:
    """2001 to 2014; who was not placed in a report has no row."""
    for row in table(corpus / "legal/trafficking/tip_policy_index_3P.csv"):
        if row["iso"] in JURISDICTIONS and row["tier"] in _TIERS:
            yield _row(row["iso"], row["year"], row["tier"]) | _COPY


def _late(corpus: Path) -> Iterator[dict[str, str]]:
    """2020 and 2023, where a publication says so."""
    for fact in table_of_facts(corpus):
        if fact["instrument"] == "US_TIP_tier" and fact["value"] in _TIERS and "memory" not in fact["source_title"]:
            year = fact["date"][:4]
            yield _row(fact["jurisdiction"], year, fact["value"]) | {
                "source": f"U.S. Department of State, Trafficking in Persons Report {year}, through gvnet.com",
                "source_url": fact["url"],
                "confidence": "medium",
            }
