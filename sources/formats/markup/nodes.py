"""Parsing HTML and XML without following references out of the payload, and the plain text of elements."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from sources.errors import FormatError

# Notes as escaped markup; the note of a name is also a number in brackets or at the end.
_ESCAPED = re.compile(r"<superscript>.*?</superscript>", re.DOTALL)
_NOTES = re.compile(r"\[\s*\d+(?:\s*,\s*\d+)*\s*\]|\s*\d+(?:\s*,\s*\d+)*\s*$")
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)

# A row of a table of a page: its number among all rows of the page from 1, and its cells.
Row = tuple[int, list[LexborNode]]


def page(path: Path) -> LexborHTMLParser:
    """An HTML page without scripts, styles and superscripts."""
    parser = LexborHTMLParser(path.read_text(encoding="utf-8-sig", errors="replace"))
    for node in parser.css("script,style,sup"):
        node.decompose()
    return parser


def rows(parser: LexborHTMLParser) -> list[Row]:
    """Every row of a page, in the order in which they begin, with its own cells."""
    return [
        (number, [cell for cell in row.iter() if cell.tag in ("td", "th")])
        for number, row in enumerate(parser.css("tr"), 1)
    ]


def table(cells: list[LexborNode]) -> int | None:
    """The id of the innermost table that contains the cells of a row; None where there is none."""
    node = cells[0].parent if cells else None
    while node is not None and node.tag != "table":
        node = node.parent
    return node.mem_id if node is not None else None


def words(node: LexborNode | None) -> str:
    """The text of an element of HTML with single spaces."""
    return " ".join(node.text(separator=" ").split()) if node is not None else ""


def document(path: Path) -> ET.Element:
    """The root of an XML document, with the rules of ``root``."""
    return root(path.read_bytes())


def root(body: bytes) -> ET.Element:
    """The root of an XML document in the encoding that it declares; a document type is a ``FormatError``.

    No publisher's document has one. A document type can define entities that expand without limit or refer to files.
    """
    # In UTF-16 every second byte is zero.
    if _DECLARATION.search(body.replace(b"\0", b"")):
        raise FormatError("the document declares a type or entities; no document of a publisher does")
    try:
        return ET.fromstring(body)  # noqa: S314 - documents with entities are refused above
    except ET.ParseError as error:
        raise FormatError(f"the document is not complete XML: {error}") from error


def text(element: ET.Element | None) -> str:
    """The text of an element of XML with single spaces, without superscripts."""
    return " ".join(_ESCAPED.sub("", "".join(element.itertext())).split()) if element is not None else ""


def name(published: str) -> str:
    """A participant's name without the numbers of its notes."""
    return " ".join(_NOTES.sub("", _ESCAPED.sub("", published)).split())
