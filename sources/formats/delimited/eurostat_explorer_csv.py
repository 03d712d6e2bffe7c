"""The CSV of Eurostat's old Data Explorer (``*_1_Data.csv``, until 2021): labels, thousands commas, ``:`` for missing.

The header is ``TIME,GEO``, other dimensions in capitals, ``Value`` and mostly ``Flag and Footnotes``. The text is
ISO-8859-1 where it is not UTF-8.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from sources.cells import CORE, Cells
from sources.errors import FormatError
from sources.formats.delimited.text import UTF8, csv_finder, encoding_of, first_fields, header, locator, records
from sources.formats.grid import filled, number

NAME = "eurostat_explorer_csv"

_THOUSANDS = r"^-?\d{1,3}(,\d{3})+(\.\d+)?$"


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the header is that of the Data Explorer."""
    names = first_fields(head)
    at = _value(names)
    return at > 0 and "TIME" in names[:at] and all(re.fullmatch(r"[A-Z][A-Z0-9_]*", name) for name in names[:at])


def read(path: Path) -> Cells:
    """The cells, lazily. Dimensions hold labels, in the encoding's own letters."""
    encoding = _encoding(path)
    names = header(path, encoding=encoding)
    at = _value(names)
    if at < 1 or "TIME" not in names[:at]:
        raise FormatError(f"the header is not TIME, dimensions, Value[, Flag and Footnotes]: {','.join(names)[:200]!r}")
    lower = [name.lower() for name in names[:at]]
    if twice := [name for name in lower if lower.count(name) > 1 or (name in CORE and name != "time")]:
        raise FormatError(f"the header names {twice[0]!r} twice, or it is taken")
    text = records(path, len(names), encoding=encoding)
    dimensions = tuple(name for name in lower if name != "time")
    return Cells(
        format=NAME,
        frame=_frame(text, lower, len(names)).select(*dimensions, *CORE),
        dimensions=dimensions,
        coded=False,
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the text of ``Value``: ``10,020``."""
    return csv_finder(path, encoding=_encoding(path))


def _value(names: Sequence[str]) -> int:
    """The 0-based position of ``Value``, which is the last column but for the flags; -1 where it is elsewhere."""
    last = names[:-1] if names[-1:] == ["Flag and Footnotes"] else names
    return len(last) - 1 if last[-1:] == ["Value"] else -1


def _encoding(path: Path) -> str:
    encoding = encoding_of(path)
    if encoding != UTF8:
        with path.open("rb") as file:
            for number, text in enumerate(file, 1):
                if found := re.search(rb"[\x80-\x9f]", text):
                    raise FormatError(f"line {number} is neither UTF-8 nor ISO-8859-1 (byte {found[0][0]:#04x})")
    return encoding


def _frame(text: pl.LazyFrame, names: Sequence[str], fields: int) -> pl.LazyFrame:
    at = len(names) + 1
    shown = pl.col(str(at))
    plain = pl.when(shown.str.contains(_THOUSANDS)).then(shown.str.replace_all(",", "", literal=True)).otherwise(shown)
    parsed = number(plain)
    return text.select(
        *(pl.col(str(column)).alias(name) for column, name in enumerate(names, 1)),
        parsed.alias("value"),
        pl.when(parsed.is_null()).then(filled(shown)).alias("raw"),
        (filled(pl.col(str(fields))) if fields > at else pl.lit(None, pl.String)).alias("flag"),
        pl.lit(None, pl.String).alias("conf"),
        locator(at).alias("locator"),
    )
