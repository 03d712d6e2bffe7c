"""HTML of the UN Treaty Collection: the status page of one treaty.

The page says which treaty it is in the address of its own form, since when it holds ("STATUS AS AT : 20-04-2024"), when
the treaty entered into force, and has a table of participants; below it may be a table of territorial applications. An
outage is a page with status 200 that only says so.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

from sources.cells import Cells, pack
from sources.errors import FormatError
from sources.formats.markup import nodes, treaties
from sources.formats.markup.page_finder import finder_of

NAME = "untc_html"

_NUMBER = re.compile(r"mtdsg_no=([IVXLC]+-\d+(?:-[a-z])*)", re.IGNORECASE)
_IN_FORCE = re.compile(r"Entry into force\s*:?\s*(\d{1,2} [A-Z][a-z]+ \d{4})")
_TERRITORIES = re.compile(r"\s*[,;]\s*|\s+and\s+")
_WHOLE = "Treaty"


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the page is one of the UN Treaty Collection."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    marks = (b"mtdsg_no=", b"STATUS AS AT", b"treaties.un.org", b"urgent maintenance")
    return start.startswith(b"<") and not start.startswith(b"<?xml") and any(mark in head for mark in marks)


def read(path: Path) -> Cells:
    """The acts of every participant and the territories to which they applied the treaty.

    Dimensions: ``treaty`` (IV-11), ``participant``, ``act`` in the words of the column's title, ``scope`` (a territory,
    else blank). ``flag`` holds the letters behind the date. A locator is row of the page and cell in it, both 1-based.
    """
    page = nodes.page(path)
    said = nodes.words(page.root)
    treaties.refuse_closed(said)
    treaty, rows = _treaty(page), nodes.rows(page)
    titles, body = _participants(rows)
    found = [
        *treaties.dates(treaty, titles, body),
        *_territories(treaty, rows),
        *_in_force(treaty, rows),
    ]
    return treaties.cells(NAME, found, treaties.stamp(said))


def finder(path: Path) -> Callable[[int], str]:
    """From locator (row of the page and cell) to the text of the cell."""
    return finder_of(path)


def _treaty(page: LexborHTMLParser) -> str:
    """The number of the treaty, which the page's own form and links repeat."""
    for attribute in ("action", "href"):
        for node in page.css(f"[{attribute}]"):
            if found := _NUMBER.search(node.attributes.get(attribute) or ""):
                return found[1]
    raise FormatError("the page does not say which treaty it is about: no address in it has mtdsg_no")


def _participants(rows: list[nodes.Row]) -> tuple[list[str], list[treaties.Row]]:
    """The titles and rows of the table of participants."""
    for position, (_, cells) in enumerate(rows):
        titles = [nodes.words(cell) for cell in cells]
        known = [nodes.name(title).casefold() for title in titles]
        if len(titles) > 1 and "participant" in known and not _is_of_territories(titles):
            return titles, list(_below(rows[position:]))
    raise FormatError("the page has no table of participants")


def _is_of_territories(titles: list[str]) -> bool:
    """Whether a row has the titles of the table of territorial applications."""
    return len(titles) == 3 and "territor" in titles[2].casefold()


def _below(rows: list[nodes.Row]) -> Iterator[treaties.Row]:
    """The rows of a table below its titles, which are the first of ``rows``; one with a single cell is a line of text.

    Raises ``FormatError`` for a row of another width: what it says would be lost, and who is absent has done nothing.
    """
    (_, titles), *below = rows
    own = nodes.table(titles)
    for number, cells in below:
        if nodes.table(cells) != own or len(cells) < 2:
            continue
        if len(cells) != len(titles):
            raise FormatError(f"row {number} has {len(cells)} cells, the titles of its table are {len(titles)}")
        yield number, [nodes.words(cell) for cell in cells]


def _territories(treaty: str, rows: list[nodes.Row]) -> Iterator[treaties.Act]:
    """The table of territorial applications: who applied the treaty when to which territories."""
    for position, (_, cells) in enumerate(rows):
        if not _is_of_territories([nodes.words(cell) for cell in cells]):
            continue
        for number, (participant, day, territories) in _below(rows[position:]):
            for territory in _TERRITORIES.split(territories):
                who = (treaty, nodes.name(participant), "Territorial application", territory)
                yield *who, day, day, "", pack(number, 2)


def _in_force(treaty: str, rows: list[nodes.Row]) -> Iterator[treaties.Act]:
    """When the treaty itself entered into force."""
    for number, cells in rows:
        for column, cell in enumerate(cells, 1):
            if cell.css_first("table") is None and (found := _IN_FORCE.search(nodes.words(cell))):
                yield treaty, _WHOLE, "Entry into force", "", found[1], found[1], "", pack(number, column)
                return
