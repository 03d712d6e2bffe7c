"""CSV of the United Nations Statistical Yearbook on UNdata: a title, then one line a value.

The text is in Windows code page 1252 (``Côte d’Ivoire`` has byte 0x92) unless it is UTF-8. The name of an area stands
in a column without a name. Numbers have thousands commas; several footnotes are joined by ``;``.
"""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import grid
from sources.formats.delimited import text

NAME = "undata_csv"

_NAMES = ["Region/Country/Area", "", "Year", "Series", "Value", "Footnotes", "Source"]
_ROWS = {"area": 1, "time": 3, "series": 4, "footnotes": 6, "source": 7}
_NAME, _VALUE = "2", 5
_THOUSANDS = r"^-?\d{1,3}(,\d{3})+(\.\d+)?$"


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the text has, below its title, a header that begins with the code of an area, its name and the year."""
    return grid.header(head, _is_header) is not None


def read(path: Path) -> Cells:
    """The cells of a table: ``area`` (UN M49 or the yearbook's own code), ``series``, ``footnotes``, ``source``."""
    encoding = text.encoding_of(path, otherwise="cp1252")
    head = grid.header_of(path, _is_header, encoding)
    if head.names != _NAMES:
        raise FormatError(f"the columns are {head.names}, not {_NAMES}")
    table = grid.body(path, head, "utf8" if encoding == "utf-8-sig" else encoding)
    value = pl.col(str(_VALUE))
    plain = pl.when(value.str.contains(_THOUSANDS)).then(value.str.replace_all(",", "")).otherwise(value)
    dimensions = tuple(name for name in _ROWS if name != "time")
    return Cells(
        format=NAME,
        frame=grid.cells(table.with_columns(plain), dimensions, _ROWS, {_VALUE: {}}, blanks=True),
        dimensions=dimensions,
        dataset=" ".join(filter(None, head.preamble[0])) if head.preamble else None,
        labels={"area": dict(table.select("1", _NAME).drop_nulls().unique("1").iter_rows())},
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator (record and column) to the field that stands there, commas and all."""
    return text.csv_finder(path, encoding=text.encoding_of(path, otherwise="cp1252"))


def _is_header(names: list[str]) -> bool:
    return names[:3] == _NAMES[:3]
