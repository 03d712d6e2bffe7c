"""HTML of the ILO's NORMLEX: the ratifications of one convention or protocol, in English or French.

A row has the country, the date of registration, the status (``In Force``, ``Not in force``, ``Denounced``; padded) and
a note. The heading names the instrument ("Ratifications of C097 - …"), and the page states its entry into force.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from sources.cells import Cells, pack
from sources.errors import FormatError
from sources.formats.markup import html_finder, nodes
from sources.formats.values import frame_of_rows

NAME = "normlex_html"

finder = html_finder.finder

DIMENSIONS = ("instrument", "country", "act", "status", "note")

_HEADING = re.compile(r"(?:Ratifications? (?:of|de(?: la)?)|Ratification de) ?(?:the )?([CP]\d{3})\b", re.IGNORECASE)
_DAY = r"\d{1,2} [^\W\d]{3,9}\.? \d{4}"
_DATE = re.compile(_DAY)
_IN_FORCE = re.compile(
    r"(?:Date of entry into force|Entrée en vigueur)\s*:\s*(\d{1,2} [^\W\d]+\.? \d{4})", re.IGNORECASE
)
_LATER = re.compile(rf"(?:will enter into force for|entrera en vigueur pour) .+? (?:on|le) ({_DAY})")
_BLOCKED = re.compile(r"Just a moment|Attention Required|cf-challenge|Access denied", re.IGNORECASE)


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the page is one of NORMLEX, or the page of a bot protection in its place."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"<") and (b"NORMLEXPUB" in head or b"normlex" in head.lower())


def read(path: Path) -> Cells:
    """The registration of each country, the entry into force that a note announces, and that of the instrument.

    Dimensions: ``instrument`` (C097), ``country``, ``act`` (Registration, Entry into force), ``status`` and ``note`` as
    published, without padding. A locator is row of the page and cell in it, both 1-based.
    """
    page = nodes.page(path)
    text = nodes.words(page.root)
    if found := _BLOCKED.search(text[:2000]):
        raise FormatError(f"the page is that of a bot protection, not a list of ratifications: {found[0]!r}")
    heading = _HEADING.search(text)
    if heading is None:
        raise FormatError("the page has no heading with the instrument of its ratifications")
    rows = [(number, [nodes.words(cell) for cell in cells]) for number, cells in nodes.rows(page)]
    acts = [act for number, cells in rows for act in _acts(heading[1].upper(), number, cells)]
    if not any(act[2] == "Registration" for act in acts):
        raise FormatError(f"the page lists no ratification of {heading[1]}")
    frame = frame_of_rows(acts, (*DIMENSIONS, "time", "raw", "locator"), DIMENSIONS)
    return Cells(format=NAME, frame=frame, dimensions=DIMENSIONS, coded=False)


def _acts(instrument: str, number: int, cells: list[str]) -> Iterator[tuple[str | int, ...]]:
    """The acts of a row: a registration and what its note announces, or the entry into force of the instrument."""
    for column, cell in enumerate(cells, 1):
        if found := _IN_FORCE.search(cell):
            yield instrument, "Instrument", "Entry into force", "", "", found[1], found[1], pack(number, column)
            return
    if len(cells) < 3 or not _DATE.fullmatch(cells[1]):
        return
    country, day, status, note = cells[0], cells[1], cells[2], cells[3] if len(cells) > 3 else ""
    yield instrument, country, "Registration", status, note, day, day, pack(number, 2)
    if later := _LATER.search(note):
        yield instrument, country, "Entry into force", status, note, later[1], later[1], pack(number, 4)
