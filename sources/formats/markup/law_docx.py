"""A law of China as a Word document: the days of adoption, promulgation, amendment and entry into force in its text.

Below the title is a note in brackets, ``（2012年5月16日国务院第203次常务会议通过 2012年6月4日…公布）``, in which
each day is followed by its act, and an amendment by the decision that made it. The last article states the day from
which the law is in force. A document in the older form of Word (OLE) is recognised, but nothing in it is read.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from sources.cells import Cells, line, pack
from sources.errors import FormatError
from sources.formats.markup import nodes
from sources.formats.values import frame_of_rows

NAME = "law_docx"

DIMENSIONS = ("title", "act")

MOST_BYTES = 64 << 20
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BODY = "word/document.xml"
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

_DAY = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_NOTE = re.compile(r"[（(](?=根据|\d{4}年)")
_TEXT_BEGINS = re.compile(r"^\s*(?:目\s*录|第一[编章条]\s)", re.MULTILINE)
_IN_FORCE = re.compile(r"本(?:法|条例|规定|办法|解释|细则)自(?=\d{4}年\d{1,2}月\d{1,2}日起施行)")
# The act of a day, by the words of the clause that follows it; a decision adopted on that day amended the law.
_ACTS = (
    ("amended", re.compile(r"通过的|《|修[正订]")),
    ("promulgated", re.compile(r"公布|发布|颁布")),
    ("in force", re.compile(r"施行")),
    ("adopted", re.compile(r"通过|批准")),
)

# An act: title, act, day, text and locator.
Act = tuple[str, str, str, str, int]


def recognises(head: bytes, path: Path) -> bool:
    """Whether the payload is a document of Word, in its present or its older form."""
    if head.startswith(_OLE):
        return "WordDocument".encode("utf-16-le") in path.read_bytes()
    return head.startswith(b"PK") and zipfile.is_zipfile(path) and _BODY in zipfile.ZipFile(path).namelist()


def read(path: Path) -> Cells:
    """The acts whose day the law's own text gives.

    Dimensions: ``title``, and ``act``: adopted, promulgated, amended or in force. A locator is paragraph and day in it,
    both 1-based.
    """
    frame = frame_of_rows(_acts(_text(path)), (*DIMENSIONS, "time", "raw", "locator"), DIMENSIONS)
    return Cells(format=NAME, frame=frame, dimensions=DIMENSIONS, coded=False)


def finder(path: Path) -> Callable[[int], str]:
    """From locator (paragraph and day in it) to the day as published."""
    paragraphs = _text(path).split("\n")

    def find(locator: int) -> str:
        paragraph, number = line(locator)
        try:
            if paragraph < 1 or number < 1:
                raise IndexError
            return list(_DAY.finditer(paragraphs[paragraph - 1]))[number - 1][0]
        except IndexError:
            raise FormatError(f"there is no day {number} in paragraph {paragraph}") from None

    return find


def _acts(text: str) -> Iterator[Act]:
    """The acts of the note below the title, and the entry into force in the last article."""
    begins = _TEXT_BEGINS.search(text)
    head = text[: begins.start()] if begins else text[:2000]
    note = _NOTE.search(head)
    title = re.sub(r"\s", "", head[: note.start()] if note else head.strip().partition("\n")[0])
    days = list(_DAY.finditer(head, note.end())) if note else []
    ends = [*(day.start() for day in days[1:]), len(head)]
    for day, end in zip(days, ends, strict=False):
        clause = head[day.end() : end]
        act = next((name for name, words in _ACTS if words.search(clause)), None)
        if act:
            yield _act(text, title, act, day)
    in_force = [found.end() for found in _IN_FORCE.finditer(text, len(head))]
    for start in in_force[-1:]:
        yield _act(text, title, "in force", _DAY.match(text, start))


def _act(text: str, title: str, act: str, found: re.Match[str] | None) -> Act:
    assert found is not None
    year, month, day = (int(part) for part in found.groups())
    start = text.rfind("\n", 0, found.start()) + 1
    locator = pack(text.count("\n", 0, start) + 1, sum(1 for _ in _DAY.finditer(text, start, found.start())) + 1)
    return title, act, f"{year:04}-{month:02}-{day:02}", found[0], locator


def _text(path: Path) -> str:
    """The paragraphs of a document, one in each line; "" for a document in the older form."""
    with path.open("rb") as file:
        if file.read(len(_OLE)) == _OLE:
            return ""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_BODY) as packed:
            body = packed.read(MOST_BYTES + 1)
    except (KeyError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise FormatError(f"the payload is not a complete document of Word: {error}") from error
    if len(body) > MOST_BYTES:
        raise FormatError(f"the document's text unpacks to more than {MOST_BYTES:,} bytes")
    return "\n".join(_line(paragraph) for paragraph in nodes.root(body).iter(f"{_WORD}p"))


def _line(paragraph: Element) -> str:
    """The text of a paragraph, with a space for a tab or a break."""
    texts = {f"{_WORD}t": None, f"{_WORD}tab": " ", f"{_WORD}br": " "}
    runs = (node for node in paragraph.iter() if node.tag in texts)
    return "".join(texts[node.tag] or (node.text or "").replace("\n", " ") for node in runs)
