"""Recorder of China's laws and regulations on migration: when each was adopted, promulgated, in force and amended.

The recorder takes over only the days, from the heads and last articles of the texts in the national database.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from sources.catalogue import publishers
from sources.formats.delimited.law_csv import EVENTS
from sources.protocols.requests import closed_editions
from tools.snapshot import wire_formats
from tools.snapshot.new_payload import NewPayload, only_request, utc

# The events of each instrument with their days.
_EVENTS: dict[str, Sequence[tuple[str, str]]] = {
    "CHN-EXIT-ENTRY-2012": (("adopt", "2012-06-30"), ("enter_into_force", "2013-07-01")),
    "CHN-NATIONALITY-1980": (("adopt", "1980-09-10"), ("enter_into_force", "1980-09-10")),
    "CHN-PASSPORT-2006": (("adopt", "2006-04-29"), ("enter_into_force", "2007-01-01")),
    "CHN-FOREIGNERS-2013": (
        ("adopt", "2013-07-03"),
        ("promulgate", "2013-07-12"),
        ("enter_into_force", "2013-09-01"),
    ),
    "CHN-BORDER-INSPECTION-1995": (
        ("adopt", "1995-07-06"),
        ("promulgate", "1995-07-20"),
        ("enter_into_force", "1995-09-01"),
    ),
    "CHN-HOUSEHOLD-1958": (("adopt", "1958-01-09"), ("enter_into_force", "1958-01-09")),
    "CHN-RESIDENCE-PERMIT-2015": (("promulgate", "2015-11-26"),),
    "CHN-CONSULAR-PROTECTION-2023": (("promulgate", "2023-07-09"),),
    "CHN-LABOUR-ABROAD-2012": (
        ("adopt", "2012-05-16"),
        ("promulgate", "2012-06-04"),
        ("enter_into_force", "2012-08-01"),
    ),
    "CHN-CRIMINAL-1979": (
        ("adopt", "1979-07-01"),
        ("enter_into_force", "1997-10-01"),
        *(("amend", day) for day in ("1997-03-14", "1998-12-29", "1999-12-25", "2001-08-31", "2001-12-29")),
        *(("amend", day) for day in ("2002-12-28", "2005-02-28", "2006-06-29", "2009-02-28", "2009-08-27")),
        *(("amend", day) for day in ("2011-02-25", "2015-08-29", "2017-11-04", "2020-12-26", "2023-12-29")),
    ),
    "CHN-TRAFFICKING-2000": (
        ("adopt", "1999-12-23"),
        ("promulgate", "2000-01-03"),
        ("enter_into_force", "2000-01-25"),
    ),
    "CHN-TRAFFICKING-2016": (("promulgate", "2016-12-21"), ("enter_into_force", "2017-01-01")),
}


def build_payloads(corpus: Path) -> Iterator[NewPayload]:  # noqa: ARG001 - the days are in this module
    """Yield the table of the events of each law and regulation."""
    rows = [_row(instrument, event, day) for instrument, events in sorted(_EVENTS.items()) for event, day in events]
    yield NewPayload(
        only_request(closed_editions(publishers()["flk"], "laws")),
        wire_formats.plain_csv(rows, EVENTS),
        "text/csv",
        "National Database of Laws and Regulations, texts as of 19 April 2025, through a public copy "
        "(github.com/LawRefBook/Laws)",
        utc(2025, 4, 19),
    )


def _row(instrument: str, event: str, day: str) -> dict[str, str]:
    return {
        "instrument": instrument,
        "jurisdiction": "CHN",
        "event": event,
        "date": day,
        "date_precision": "day",
        "territorial_scope": "_T",
        "basis": "national_law",
        "source": "National Database of Laws and Regulations, text of the instrument",
        "source_url": "https://flk.npc.gov.cn",
        "confidence": "high",
    }
