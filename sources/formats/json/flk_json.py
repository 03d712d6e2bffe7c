"""JSON of China's national law database: a list of laws as a search finds them, or the detail of one of them.

A list is ``{"code": 200, "total": …, "rows": [{bbbs, title, gbrq, sxrq, sxx, zdjgName, flxz}]}``, with the words that
were searched for marked in the titles; a detail is ``{"code": 200, "data": {… the same, ossFile, content: headings}}``
without any text, which is a document of its own. Each amendment of a law is a row of its own under the same title,
dated by itself. What goes wrong is answered with status 200, and a ``code`` that is not. A search for a law that is
known to exist finds it, so that an empty list says that the search failed.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from sources.cells import CORE, Cells, line, pack
from sources.errors import FormatError
from sources.formats.json import parsing

NAME = "flk_json"

DIMENSIONS = ("title", "act", "version", "status", "maker", "kind", "document")

# The fields of a law that are read, in the order of the locators; the first two are dates.
_FIELDS = ("gbrq", "sxrq", "sxx", "bbbs", "title", "zdjgName", "flxz")
_NEEDED = frozenset({"bbbs", "title", "gbrq", "sxrq", "sxx"})
_MARK = re.compile(r"</?em[^>]*>")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_REPEALED = "1"

# An act by title, act, version, status, maker, kind, document, date and locator.
Act = tuple[str, str, str, str, str, str, str, str | None, int]


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the text begins as an answer of the database: an object with laws, or an error, of the database."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:4000]
    return (
        start.startswith(b"{")
        and b'"code"' in start
        and (b'"bbbs"' in start or (b'"rows"' in start and b'"total"' in start))
    )


def read(path: Path) -> Cells:
    """Of each law when it was made public (``gbrq``) and came into force (``sxrq``), and that it is repealed (``sxx``).

    Dimensions: ``title`` without marks, ``act`` (the field), ``version`` (the id of this text), ``status`` (1 repealed,
    2 amended since, 3 in force, 4 not yet), ``maker``, ``kind``, ``document`` (the database's own path of the
    text, with its hash; blank in a list). A locator is law and field, both 1-based.
    """
    laws = _laws(parsing.parsed(path))
    names = (*DIMENSIONS, "time", "locator")
    schema = {name: pl.Int64() if name == "locator" else pl.String() for name in names}
    found = [act for number, law in enumerate(laws, 1) for act in _acts(number, law)]
    frame = pl.LazyFrame(found, schema=schema, orient="row").with_columns(
        value=pl.lit(None, pl.Float64), raw=pl.col("time"), flag=pl.lit(None, pl.String), conf=pl.lit(None, pl.String)
    )
    return Cells(format=NAME, frame=frame.select(*DIMENSIONS, *CORE), dimensions=DIMENSIONS, coded=False)


def finder(path: Path) -> Callable[[int], str]:
    """From locator (law and field) to the text that stands there."""
    laws = _laws(parsing.literal(path))

    def find(locator: int) -> str:
        number, place = line(locator)
        try:
            if number < 1 or place < 1:
                raise IndexError
            return str(laws[number - 1][_FIELDS[place - 1]])
        except IndexError:
            raise FormatError(f"there is no field {place} of law {number}") from None

    return find


def _acts(number: int, law: Mapping[str, Any]) -> Iterator[Act]:
    title = _MARK.sub("", str(law["title"])).strip()
    kept = law.get("ossFile")
    document = str(kept.get("ossWordPath") or "") if isinstance(kept, dict) else ""
    maker, kind = str(law.get("zdjgName") or ""), str(law.get("flxz") or "")
    beside = (str(law["bbbs"]), str(law["sxx"]), maker, kind, document)
    for place, field in enumerate(_FIELDS[:2], 1):
        day = law[field]
        if day and not _DATE.fullmatch(str(day)):
            raise FormatError(f"law {number} ({title}): {field} is {day!r}, and no date")
        if day:
            yield title, field, *beside, str(day), pack(number, place)
    if str(law["sxx"]) == _REPEALED:
        yield title, "sxx", *beside, None, pack(number, 3)


def _laws(answer: object) -> list[dict[str, Any]]:
    match answer:
        case {"code": 200 | "200", "rows": list() as laws, "total": _} if laws:
            pass
        case {"code": 200 | "200", "data": dict() as law}:
            laws = [law]
        case {"code": 200 | "200"}:
            raise FormatError(
                "the database found nothing: what is asked for is known to exist, so that it did not work"
            )
        case {"code": code, **rest}:
            raise FormatError(f"the database answered {code}: {rest.get('msg', 'no reason given')}")
        case _:
            raise FormatError(f"the payload is no answer of the law database: {parsing.shown(answer)}")
    for number, law in enumerate(laws, 1):
        if not isinstance(law, dict) or not law.keys() >= _NEEDED:
            raise FormatError(f"law {number} lacks {sorted(_NEEDED - law.keys()) if isinstance(law, dict) else 'all'}")
    return laws
