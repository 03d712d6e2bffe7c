"""Recorder of the Trafficking in Persons Report: the tier of each of the 28 in each report."""

from collections.abc import Iterator
from pathlib import Path

from sources.catalogue import publishers
from sources.protocols.requests import closed_editions
from tools.snapshot import wire_formats
from tools.snapshot.corpus import read_csv, read_legal_facts
from tools.snapshot.new_payload import JURISDICTIONS, NewPayload, only_request, utc

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


_BLOG = {
    "source": "U.S. Department of State, Trafficking in Persons Report 2020, as reported by Free to Run, 27 June 2020",
    "source_url": "http://freetorunfoundation.org/blog/2020/6/27/2020-tip-report-released",
    "confidence": "medium",
}
_REPORT = {
    "source": "U.S. Department of State, Trafficking in Persons Report 2023, Bulgaria, through ecoi.net",
    "source_url": "https://ecoi.net/de/dokument/2093705.html",
    "confidence": "high",
}
# Tiers that the lists of the first two tiers do not have.
_SINGLE = (
    ("IRL", "2020", "2.5", _BLOG),
    ("ROU", "2020", "2.5", _BLOG),
    ("CHN", "2020", "3", _BLOG),
    ("BGR", "2023", "2.5", _REPORT),
)


def build_payloads(corpus: Path) -> Iterator[NewPayload]:
    """Yield the table of tiers, with a row for each jurisdiction and report."""
    rows = [*_early(corpus), *_late(corpus)]
    rows += [_row(area, year, code) | source for area, year, code, source in _SINGLE]
    yield NewPayload(
        only_request(closed_editions(publishers()["usstate"], "tip_tiers")),
        wire_formats.plain_csv(sorted(rows, key=lambda row: (row["jurisdiction"], row["date"])), HEADER),
        "text/csv",
        _EDITION,
        utc(2023, 6, 30),
    )


def _row(area: str, year: str, code: str) -> dict[str, str]:
    return {"jurisdiction": area, "date": f"{year}-03-31", "report": year, "tier": _TIERS[code]}


def _early(corpus: Path) -> Iterator[dict[str, str]]:
    """Yield the tiers of 2001 to 2014; a jurisdiction without a tier in a report has no row."""
    for row in read_csv(corpus / "legal/trafficking/tip_policy_index_3P.csv"):
        if row["iso"] in JURISDICTIONS and row["tier"] in _TIERS:
            yield _row(row["iso"], row["year"], row["tier"]) | _COPY


def _late(corpus: Path) -> Iterator[dict[str, str]]:
    """Yield the tiers of 2020 and 2023 that a publication states."""
    for fact in read_legal_facts(corpus):
        if fact["instrument"] == "US_TIP_tier" and fact["value"] in _TIERS and "memory" not in fact["source_title"]:
            year = fact["date"][:4]
            yield _row(fact["jurisdiction"], year, fact["value"]) | {
                "source": f"U.S. Department of State, Trafficking in Persons Report {year}, through gvnet.com",
                "source_url": fact["url"],
                "confidence": "medium",
            }
