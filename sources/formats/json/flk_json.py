"""JSON of China's national law database: a list of laws that a search found, or the details of one law.

A list is ``{"code": 200, "total": …, "rows": [{bbbs, title, gbrq, sxrq, sxx, zdjgName, flxz}]}``, with markup around
the searched words in the titles. Details are ``{"code": 200, "data": {… the same, ossFile, content: headings}}``
without any text, which is a document of its own. Each amendment of a law is a row of its own under the same title, with
its own dates. An error has status 200, and a ``code`` other than 200. Searches are for laws that are known to exist, so
that an empty list means that the search failed.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sources.cells import Cells, pack
from sources.errors import FormatError
from sources.formats.json import parsing, record_list
from sources.formats.values import frame_of_rows

NAME = "flk_json"

DIMENSIONS = ("title", "act", "version", "status", "maker", "kind", "document")

# The fields of a law that are read, in the order of the locators.
_PROMULGATED, _IN_FORCE, _STATUS = "gbrq", "sxrq", "sxx"
_FIELDS = (_PROMULGATED, _IN_FORCE, _STATUS, "bbbs", "title", "zdjgName", "flxz")
_NEEDED = frozenset({"bbbs", "title", _PROMULGATED, _IN_FORCE, _STATUS})
_MARKUP = re.compile(r"</?em[^>]*>")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_REPEALED = "1"

# The dimensions of an act, its date and its locator.
Act = tuple[str, str, str, str, str, str, str, str | None, int]


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the text begins as a response of the database: an object with laws, or an error."""
    start = parsing.beginning(head, 4000)
    return (
        start.startswith(b"{")
        and b'"code"' in start
        and (b'"bbbs"' in start or (b'"rows"' in start and b'"total"' in start))
    )


def read(path: Path) -> Cells:
    """A cell for each act of a law: its promulgation (``gbrq``), entry into force (``sxrq``) and repeal (``sxx``).

    Dimensions: ``title`` without markup, ``act`` (the field), ``version`` (the id of this text), ``status`` (1
    repealed, 2 amended since, 3 in force, 4 not yet in force), ``maker``, ``kind``, ``document`` (the database's own
    path of the text, with its hash; blank in a list). A locator is law and field, both 1-based.
    """
    acts = [act for number, law in enumerate(_laws(parsing.parsed(path)), 1) for act in _acts(number, law)]
    rows = [(*act, act[-2]) for act in acts]
    frame = frame_of_rows(rows, (*DIMENSIONS, "time", "locator", "raw"), DIMENSIONS)
    return Cells(format=NAME, frame=frame, dimensions=DIMENSIONS, coded=False)


def finder(path: Path) -> Callable[[int], str]:
    """From locator (law and field) to the text of that field."""
    return record_list.finder(_laws(parsing.literal(path)), _FIELDS, "law")


def _acts(number: int, law: Mapping[str, Any]) -> Iterator[Act]:
    title = _MARKUP.sub("", str(law["title"])).strip()
    file = law.get("ossFile")
    document = str(file.get("ossWordPath") or "") if isinstance(file, dict) else ""
    maker, kind = str(law.get("zdjgName") or ""), str(law.get("flxz") or "")
    others = (str(law["bbbs"]), str(law[_STATUS]), maker, kind, document)
    for field in (_PROMULGATED, _IN_FORCE):
        day = law[field]
        if day and not _DATE.fullmatch(str(day)):
            raise FormatError(f"law {number} ({title}): {field} is not a date: {day!r}")
        if day:
            yield title, field, *others, str(day), pack(number, _FIELDS.index(field) + 1)
    if str(law[_STATUS]) == _REPEALED:
        yield title, _STATUS, *others, None, pack(number, _FIELDS.index(_STATUS) + 1)


def _laws(response: object) -> list[dict[str, Any]]:
    match response:
        case {"code": 200 | "200", "rows": list() as laws, "total": _} if laws:
            pass
        case {"code": 200 | "200", "data": dict() as law}:
            laws = [law]
        case {"code": 200 | "200"}:
            raise FormatError("the database found nothing, but the law is known to exist: the search failed")
        case {"code": code, **rest}:
            raise FormatError(f"the database answered with code {code}: {rest.get('msg', 'no reason given')}")
        case _:
            raise FormatError(f"the payload is not a response of the law database: {parsing.shown(response)}")
    for number, law in enumerate(laws, 1):
        if not isinstance(law, dict) or not law.keys() >= _NEEDED:
            raise FormatError(f"law {number} lacks {sorted(_NEEDED - law.keys()) if isinstance(law, dict) else 'all'}")
    return laws
