"""Indices of policy as workbooks: DEMIG, IMPIC, MIPEX and 3P, each known by the columns of a sheet.

Titles may stand above the header, and other sheets beside: notes, a codebook. A workbook may have a sheet a country.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import codings
from sources.formats.workbook import sheets as _workbook

NAME = "codings_xlsx"

finder: Callable[[Path], Callable[[int], str]] = _workbook.finder

_TITLE_ROWS = 10


def recognises(head: bytes, path: Path) -> bool:
    """Whether a sheet of a workbook has the columns of a scheme among its first rows."""
    if not head.startswith(b"PK"):
        return False
    try:
        book = _workbook.workbook(path)
        sheets = range(len(book.sheet_names))
        return any(_header(_workbook.rows_of(book, sheet, _TITLE_ROWS)) is not None for sheet in sheets)
    except FormatError:
        return False


def read(path: Path) -> Cells:
    """A cell for each code of every sheet of a scheme, with the dimensions of ``_codings``."""
    book = _workbook.workbook(path)
    tables = [(sheet, name, _workbook.rows_of(book, sheet)) for sheet, name in enumerate(book.sheet_names)]
    return codings.found(NAME, [frame for table in tables for frame in _sheet(*table)])


def _sheet(sheet: int, called: str, rows: list[list[Any]]) -> Iterator[pl.DataFrame]:
    """The codes of a sheet; none where it is of no scheme."""
    above = _header(rows[:_TITLE_ROWS])
    if above is None:
        return
    names = [_workbook.text(name) for name in rows[above]]
    scheme = codings.scheme_of(names, sheet=True)
    if scheme is not None:
        texts = [[_workbook.text(value) for value in row] for row in rows]
        yield codings.cells(scheme, names, _workbook.table(texts, above + 1), sheet=sheet, called=called)


def _header(rows: list[list[Any]]) -> int | None:
    named = ([_workbook.text(name) for name in row] for row in rows)
    return next((at for at, names in enumerate(named) if codings.scheme_of(names, sheet=True)), None)
