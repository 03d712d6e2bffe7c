"""XML of the UN Treaty Collection: a treaty as the volumes of Multilateral Treaties Deposited have it.

``Treaty/Header/ExternalData`` says what it is, ``Participants/Table/TGroup`` has the titles (``Thead/Row/Entry``) and
the participants (``Tbody/Rows/Row/Entry``). Notes are superscripts, also as escaped markup; tabs stand inside dates. An
outage is an HTML page with status 200. The number of the treaty stands in the file's name only: the payload names the
treaty by its title.
"""

from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import Element

from sources.cells import Cells, line
from sources.errors import FormatError
from sources.formats import _markup, _treaties

NAME = "untc_xml"

_TABLE = "Participants/Table/TGroup"


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the document is a treaty of the collection."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"<") and b"<Treaty" in head and (b"<Participants" in head or b"<ExternalData" in head)


def read(path: Path) -> Cells:
    """The acts of every participant, with the dimensions of ``untc_html``. A locator is row of the table and entry.

    ``treaty`` is the title.
    """
    treaty = _treaty(path)
    titles = [_markup.text(entry) for entry in treaty.findall(f"{_TABLE}/Thead/Row/Entry")]
    rows = list(enumerate(([_markup.text(entry) for entry in row] for row in _rows(treaty)), 1))
    found = list(_treaties.dates(_title(treaty), titles, rows))
    return _treaties.cells(NAME, found, None)


def finder(path: Path) -> Callable[[int], str]:
    """From locator (row of the table and entry) to the text of the entry."""
    rows = _rows(_treaty(path))

    def find(locator: int) -> str:
        row, column = line(locator)
        try:
            return _markup.text(list(rows[row - 1])[column - 1])
        except IndexError:
            raise FormatError(f"there is no entry {column} in row {row}") from None

    return find


def _treaty(path: Path) -> Element:
    root = _markup.document(path)
    treaty = root if root.tag == "Treaty" else root.find(".//Treaty")
    if treaty is None or treaty.find(_TABLE) is None:
        raise FormatError(f"the document has no table of participants in Treaty/{_TABLE}")
    return treaty


def _rows(treaty: Element) -> list[Element]:
    return treaty.findall(f"{_TABLE}/Tbody/Rows/Row") or treaty.findall(f"{_TABLE}/Tbody/Row")


def _title(treaty: Element) -> str:
    words = _markup.text(treaty.find("Header/ExternalData/Titlesect"))
    if not words:
        raise FormatError("the document does not say which treaty it is about: ExternalData has no Titlesect")
    return words
