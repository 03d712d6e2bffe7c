"""XML of the UN Treaty Collection: a treaty as the volumes of Multilateral Treaties Deposited have it.

``Treaty/Header/ExternalData`` says what it is, ``Participants/Table/TGroup`` has the titles (``Thead/Row/Entry``) and
the participants (``Tbody/Rows/Row/Entry``), ``Declarations/Declaration`` a participant and the paragraphs of what it
stated (``Text``). Notes are superscripts, also as escaped markup; tabs stand inside dates. An outage is an HTML page
with status 200. The number of the treaty stands in the file's name only: the payload names the treaty by its title.
"""

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import Element

import polars as pl

from sources.cells import CORE, Cells, line, pack
from sources.errors import FormatError
from sources.formats.markup import nodes, treaties

NAME = "untc_xml"

_TABLE = "Participants/Table/TGroup"
_STATEMENTS = "Declarations/Declaration"
_CALLED = re.compile(r"\W*(reservation|declaration)s?\b", re.IGNORECASE)


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the document is a treaty of the collection."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"<") and b"<Treaty" in head and (b"<Participants" in head or b"<ExternalData" in head)


def read(path: Path) -> Cells:
    """The acts of every participant and what each stated, with the dimensions of ``untc_html`` and two more.

    ``part`` is participants or declarations, ``text`` what was stated, ``treaty`` the title. A locator is row of the
    table and entry, or of a statement its number and 0 as the entry.
    """
    treaty = _treaty(path)
    title = _title(treaty)
    titles = [nodes.text(entry) for entry in treaty.findall(f"{_TABLE}/Thead/Row/Entry")]
    rows = list(enumerate(([nodes.text(entry) for entry in row] for row in _rows(treaty)), 1))
    acts = treaties.cells(NAME, list(treaties.dates(title, titles, rows)), None)
    of_acts = acts.frame.with_columns(part=pl.lit("participants"), text=pl.lit(None, pl.String))
    names = ("part", *treaties.DIMENSIONS, "text")
    frame = pl.concat([of_acts.select(*names, *CORE), _statements(title, treaty).select(*names, *CORE)])
    return Cells(format=NAME, frame=frame, dimensions=names, coded=False)


def _statements(title: str, treaty: Element) -> pl.LazyFrame:
    said = [
        ("declarations", title, _participant(item), _kind(text := _words(item)), "", text, pack(number, 0))
        for number, item in enumerate(treaty.findall(_STATEMENTS), 1)
    ]
    names = ("part", *treaties.DIMENSIONS, "text", "locator")
    schema = {name: pl.Int64() if name == "locator" else pl.String() for name in names}
    nothing = {name: pl.lit(None, kind) for name, kind in CORE.items() if name != "locator"}
    return pl.LazyFrame(said, schema=schema, orient="row").with_columns(**nothing)


def _participant(item: Element) -> str:
    return nodes.name(nodes.text(item.find("Participant")))


def _words(item: Element) -> str:
    """The paragraphs of a statement, without the notes that say when it was made or changed."""
    return " ".join(filter(None, (nodes.text(part) for part in item.iter("Text")))).strip()


def _kind(text: str) -> str:
    """What a statement calls itself in its first word; most do not say."""
    found = _CALLED.match(text)
    return found[1].casefold() if found else "statement"


def finder(path: Path) -> Callable[[int], str]:
    """From locator (row of the table and entry) to the text of the entry, or of a statement to its text."""
    treaty = _treaty(path)
    rows = _rows(treaty)

    def find(locator: int) -> str:
        row, column = line(locator)
        try:
            if not column:
                return _words(treaty.findall(_STATEMENTS)[row - 1])
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
    words = nodes.text(treaty.find("Header/ExternalData/Titlesect"))
    if not words:
        raise FormatError("the document does not say which treaty it is about: ExternalData has no Titlesect")
    return words
