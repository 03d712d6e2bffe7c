"""HTML of the UN Treaty Collection: the status page of one treaty.

The address of the page's own form contains the number of the treaty. The page states the day of its status ("STATUS AS
AT : 20-04-2024") and when the treaty entered into force, and has a table of participants, and sometimes below it a
table of territorial applications. During an outage the server sends a notice with status 200.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

from sources.cells import Cells, pack
from sources.errors import FormatError
from sources.formats.markup import html_finder, nodes, untc_tables
from sources.formats.markup.untc_tables import Act

NAME = "untc_html"

finder = html_finder.finder

_NUMBER = re.compile(r"mtdsg_no=([IVXLC]+-\d+(?:-[a-z])*)", re.IGNORECASE)
_IN_FORCE = re.compile(r"Entry into force\s*:?\s*(\d{1,2} [A-Z][a-z]+ \d{4})")
_TERRITORIES = re.compile(r"\s*[,;]\s*|\s+and\s+")
# The participant of an act of the treaty itself.
_TREATY = "Treaty"


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the page is one of the UN Treaty Collection."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    signs = (b"mtdsg_no=", b"STATUS AS AT", b"treaties.un.org", b"urgent maintenance")
    return start.startswith(b"<") and not start.startswith(b"<?xml") and any(sign in head for sign in signs)


def read(path: Path) -> Cells:
    """The acts of every participant and the territories to which they applied the treaty.

    Dimensions: ``treaty`` (IV-11), ``participant``, ``act`` in the words of the column's title, ``scope`` (a territory,
    else blank). ``flag`` is the letters after the date. A locator is row of the page and cell in it, both 1-based.
    """
    page = nodes.page(path)
    text = nodes.words(page.root)
    untc_tables.refuse_maintenance(text)
    treaty, rows = _treaty(page), nodes.rows(page)
    titles, body = _participants(rows)
    acts = [*untc_tables.acts(treaty, titles, body), *_territorial_acts(treaty, rows), *_entry_into_force(treaty, rows)]
    return untc_tables.cells(NAME, acts, untc_tables.status_date(text))


def _treaty(page: LexborHTMLParser) -> str:
    """The number of the treaty, which the page's own form and links contain."""
    for attribute in ("action", "href"):
        for node in page.css(f"[{attribute}]"):
            if found := _NUMBER.search(node.attributes.get(attribute) or ""):
                return found[1]
    raise FormatError("the number of the treaty is missing: no address in the page has mtdsg_no")


def _participants(rows: list[nodes.Row]) -> tuple[list[str], list[untc_tables.Row]]:
    """The titles and rows of the table of participants."""
    for index, (_, cells) in enumerate(rows):
        titles = [nodes.words(cell) for cell in cells]
        names = [nodes.name(title).casefold() for title in titles]
        if len(titles) > 1 and "participant" in names and not _are_territorial(titles):
            return titles, list(_below(rows[index:]))
    raise FormatError("the page has no table of participants")


def _are_territorial(titles: list[str]) -> bool:
    """Whether these are the titles of the table of territorial applications."""
    return len(titles) == 3 and "territor" in titles[2].casefold()


def _below(rows: list[nodes.Row]) -> Iterator[untc_tables.Row]:
    """The rows of a table below its titles, which are the first of ``rows``; a row with one cell is a line of text.

    A row of another width is a ``FormatError``: without its acts the participant would seem to have done nothing.
    """
    (_, titles), *below = rows
    own = nodes.table(titles)
    for number, cells in below:
        if nodes.table(cells) != own or len(cells) < 2:
            continue
        if len(cells) != len(titles):
            raise FormatError(f"row {number} has {len(cells)} cells, its table has {len(titles)} titles")
        yield number, [nodes.words(cell) for cell in cells]


def _territorial_acts(treaty: str, rows: list[nodes.Row]) -> Iterator[Act]:
    """The table of territorial applications: who applied the treaty when to which territories."""
    for index, (_, cells) in enumerate(rows):
        if not _are_territorial([nodes.words(cell) for cell in cells]):
            continue
        for number, (participant, day, territories) in _below(rows[index:]):
            for territory in _TERRITORIES.split(territories):
                key = (treaty, nodes.name(participant), "Territorial application", territory)
                yield *key, day, day, "", pack(number, 2)


def _entry_into_force(treaty: str, rows: list[nodes.Row]) -> Iterator[Act]:
    """The entry into force of the treaty itself."""
    for number, cells in rows:
        for column, cell in enumerate(cells, 1):
            if cell.css_first("table") is None and (found := _IN_FORCE.search(nodes.words(cell))):
                yield treaty, _TREATY, "Entry into force", "", found[1], found[1], "", pack(number, column)
                return
