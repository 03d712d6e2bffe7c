"""XML of the UN Treaty Collection: a treaty of the volumes of Multilateral Treaties Deposited.

``Treaty/Header/ExternalData`` has the title, ``Participants/Table/TGroup`` the titles of the columns
(``Thead/Row/Entry``) and the participants (``Tbody/Rows/Row/Entry``), ``Declarations/Declaration`` a participant and
the paragraphs of its statement (``Text``). Notes are superscripts, also as escaped markup; dates contain tabs. During
an outage the server sends an HTML page with status 200. The number of the treaty is only in the name of the file: the
payload names the treaty by its title.
"""

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import Element

import polars as pl

from sources.cells import CORE, Cells, line, pack
from sources.errors import FormatError
from sources.formats.markup import nodes, untc_tables
from sources.formats.values import NULL, frame_of_rows

NAME = "untc_xml"

_DIMENSIONS = ("part", *untc_tables.DIMENSIONS, "text")
_TABLE = "Participants/Table/TGroup"
_STATEMENTS = "Declarations/Declaration"
_KIND = re.compile(r"\W*(reservation|declaration)s?\b", re.IGNORECASE)


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the document is a treaty of the collection."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"<") and b"<Treaty" in head and (b"<Participants" in head or b"<ExternalData" in head)


def read(path: Path) -> Cells:
    """The acts and statements of every participant, with the dimensions of ``untc_html`` and two more.

    ``part`` is participants or declarations, ``text`` the statement, ``treaty`` the title. A locator is row of the
    table and entry, or for a statement its number and 0.
    """
    treaty = _treaty(path)
    title = _title(treaty)
    titles = [nodes.text(entry) for entry in treaty.findall(f"{_TABLE}/Thead/Row/Entry")]
    rows = list(enumerate(([nodes.text(entry) for entry in row] for row in _rows(treaty)), 1))
    acts = untc_tables.cells(NAME, list(untc_tables.acts(title, titles, rows)), None).frame
    acts = acts.with_columns(part=pl.lit("participants"), text=NULL).select(*_DIMENSIONS, *CORE)
    return Cells(format=NAME, frame=pl.concat([acts, _statements(title, treaty)]), dimensions=_DIMENSIONS, coded=False)


def _statements(title: str, treaty: Element) -> pl.LazyFrame:
    statements = [
        ("declarations", title, _participant(item), _kind(text := _statement(item)), "", text, pack(number, 0))
        for number, item in enumerate(treaty.findall(_STATEMENTS), 1)
    ]
    return frame_of_rows(statements, (*_DIMENSIONS, "locator"), _DIMENSIONS)


def _participant(item: Element) -> str:
    return nodes.name(nodes.text(item.find("Participant")))


def _statement(item: Element) -> str:
    """The paragraphs of a statement, without the notes on when it was made or changed."""
    return " ".join(filter(None, (nodes.text(part) for part in item.iter("Text")))).strip()


def _kind(text: str) -> str:
    """The kind of a statement by its first word; most statements begin with another word."""
    found = _KIND.match(text)
    return found[1].casefold() if found else "statement"


def finder(path: Path) -> Callable[[int], str]:
    """From locator (row of the table and entry) to the text of the entry, or of a statement to its text."""
    treaty = _treaty(path)
    rows = _rows(treaty)

    def find(locator: int) -> str:
        row, column = line(locator)
        try:
            if not column:
                return _statement(treaty.findall(_STATEMENTS)[row - 1])
            return nodes.text(list(rows[row - 1])[column - 1])
        except IndexError:
            raise FormatError(f"there is no entry {column} in row {row}") from None

    return find


def _treaty(path: Path) -> Element:
    root = nodes.document(path)
    treaty = root if root.tag == "Treaty" else root.find(".//Treaty")
    if treaty is None or treaty.find(_TABLE) is None:
        raise FormatError(f"the document has no table of participants in Treaty/{_TABLE}")
    return treaty


def _rows(treaty: Element) -> list[Element]:
    return treaty.findall(f"{_TABLE}/Tbody/Rows/Row") or treaty.findall(f"{_TABLE}/Tbody/Row")


def _title(treaty: Element) -> str:
    title = nodes.text(treaty.find("Header/ExternalData/Titlesect"))
    if not title:
        raise FormatError("the title of the treaty is missing: ExternalData has no Titlesect")
    return title
