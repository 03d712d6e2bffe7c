"""CSV of the United Nations Statistical Yearbook on UNdata: a title, then one value in each record.

The text is in Windows code page 1252 (``Côte d’Ivoire`` has byte 0x92) unless it is UTF-8. The column with the name of
the area has no name itself. Numbers have thousands commas; several footnotes are joined by ``;``.
"""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import values, wide_table
from sources.formats.delimited import records

NAME = "undata_csv"

_NAMES = ["Region/Country/Area", "", "Year", "Series", "Value", "Footnotes", "Source"]
_LAYOUT = wide_table.Layout({"area": 1, "time": 3, "series": 4, "footnotes": 6, "source": 7}, {5: {}})
_AREA, _NAME = 1, 2


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the text has, below its title, a header that begins with the code of an area, its name and the year."""
    return records.find_header(head, _is_header) is not None


def read(path: Path) -> Cells:
    """The cells of a table: ``area`` (UN M49 or the yearbook's own code), ``series``, ``footnotes``, ``source``.

    A locator is record and field, both 1-based.
    """
    dialect = _dialect(path)
    header = records.header_of(path, _is_header, dialect)
    if header.names != _NAMES:
        raise FormatError(f"the columns are {header.names}, not {_NAMES}")
    text = records.records(path, header, dialect)
    table = text.with_columns(values.without_thousands_commas(pl.col(str(at))) for at in _LAYOUT.values).collect()
    dimensions = tuple(name for name in _LAYOUT.keys if name != "time")
    return Cells(
        format=NAME,
        frame=wide_table.cells(table, _LAYOUT, dimensions, keep_blanks=True),
        dimensions=dimensions,
        dataset=" ".join(filter(None, header.preamble[0])) if header.preamble else None,
        labels={"area": wide_table.labels(table, _AREA, _NAME)},
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the field as published, with thousands commas."""
    return records.finder(path, _dialect(path))


def _dialect(path: Path) -> records.Dialect:
    return records.EXPORT._replace(encoding=records.encoding_of(path, otherwise="cp1252"))


def _is_header(names: list[str]) -> bool:
    return names[:3] == _NAMES[:3]
