"""What the formats in HTML and XML share: parsing that follows no reference out of the payload, and plain text."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from sources.errors import FormatError

# Notes as escaped markup; those that hang on a name are also numbers in brackets or at the end.
_ESCAPED = re.compile(r"<superscript>.*?</superscript>", re.DOTALL)
_NOTES = re.compile(r"\[\s*\d+(?:\s*,\s*\d+)*\s*\]|\s*\d+(?:\s*,\s*\d+)*\s*$")
_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)

# A row of a table of a page: its number among all rows of the page from 1, and its cells.
Row = tuple[int, list[LexborNode]]


def page(path: Path) -> LexborHTMLParser:
    """An HTML page without scripts and superscripts."""
    found = LexborHTMLParser(path.read_text(encoding="utf-8-sig", errors="replace"))
    for node in found.css("script,style,sup"):
        node.decompose()
    return found


def rows(found: LexborHTMLParser) -> list[Row]:
    """Every row of a page, in the order in which they begin, with its own cells."""
    return [
        (number, [cell for cell in row.iter() if cell.tag in ("td", "th")])
        for number, row in enumerate(found.css("tr"), 1)
    ]


def table(cells: list[LexborNode]) -> int | None:
    """Which table the cells of a row stand in, the innermost; None where there is none."""
    node = cells[0].parent if cells else None
    while node is not None and node.tag != "table":
        node = node.parent
    return node.mem_id if node is not None else None


def words(node: LexborNode | None) -> str:
    """The text of an element with single spaces."""
    return " ".join(node.text(separator=" ").split()) if node is not None else ""


def document(path: Path) -> ET.Element:
    """The root of an XML document, as ``root`` gives it."""
    return root(path.read_bytes())


def root(body: bytes) -> ET.Element:
    """The root of an XML document in the encoding that it declares; a document type is a ``FormatError``.

    No publisher's document has one, and with it come entities that unfold or lead elsewhere.
    """
    # In UTF-16 a zero stands beside each letter.
    if _DECLARED.search(body.replace(b"\0", b"")):
        raise FormatError("the document declares a type or entities, which no publisher's does")
    try:
        return ET.fromstring(body)  # noqa: S314 - without entities nothing unfolds
    except ET.ParseError as error:
        raise FormatError(f"the document is no whole XML: {error}") from error


def text(element: ET.Element | None) -> str:
    """The text of an element of XML with single spaces, without superscripts."""
    return " ".join(_ESCAPED.sub("", "".join(element.itertext())).split()) if element is not None else ""


def name(written: str) -> str:
    """A participant's name without the numbers of notes that hang on it."""
    return " ".join(_NOTES.sub("", _ESCAPED.sub("", written)).split())
