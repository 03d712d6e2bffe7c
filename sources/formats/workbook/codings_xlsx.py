"""Policy indices as workbooks: DEMIG, IMPIC, MIPEX and 3P, each recognised by the columns of a sheet.

There may be titles above the header, and other sheets: notes, a codebook. A workbook may have a sheet for each country.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import codings
from sources.formats.workbook import sheets

NAME = "codings_xlsx"

finder = sheets.finder

_TITLE_ROWS = 10


def recognises(head: bytes, path: Path) -> bool:
    """Whether a sheet of a workbook has the columns of a scheme among its first rows."""
    if not head.startswith(sheets.MAGIC):
        return False
    try:
        book = sheets.workbook(path)
        numbers = range(len(book.sheet_names))
        return any(_header(sheets.rows_of(book, sheet, _TITLE_ROWS)) is not None for sheet in numbers)
    except FormatError:
        return False


def read(path: Path) -> Cells:
    """A cell for each code of every sheet of a scheme, with ``codings.DIMENSIONS``."""
    book = sheets.workbook(path)
    tables = [(sheet, name, sheets.rows_of(book, sheet)) for sheet, name in enumerate(book.sheet_names)]
    return codings.found(NAME, [frame for table in tables for frame in _cells_of_sheet(*table)])


def _cells_of_sheet(sheet: int, name: str, rows: sheets.Rows) -> Iterator[pl.DataFrame]:
    """The codes of a sheet; none where it belongs to no scheme. Its name is the country where no column gives one."""
    header = _header(rows[:_TITLE_ROWS])
    if header is None:
        return
    names = sheets.texts(rows[header])
    scheme = codings.scheme_of(names, sheet=True)
    if scheme is not None:
        table = sheets.table(list(map(sheets.texts, rows)), header + 1)
        yield codings.cells(scheme, names, table, sheet=sheet, country=name)


def _header(rows: sheets.Rows) -> int | None:
    """The index of the first row with the columns of a scheme."""
    return next((at for at, row in enumerate(rows) if codings.scheme_of(sheets.texts(row), sheet=True)), None)
