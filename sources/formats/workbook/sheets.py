"""What the workbook formats share: opening one, its sheets as rows and as tables of text, and finding a cell again."""

from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook

from sources.cells import unpack
from sources.errors import FormatError

_FIRST_ROWS = 40


def workbook(path: Path) -> CalamineWorkbook:
    """The workbook at ``path``; ``FormatError`` where it is none or is damaged."""
    try:
        return CalamineWorkbook.from_path(path)
    except (CalamineError, OSError) as error:
        raise FormatError(f"the payload is no whole workbook: {error}") from error


def beginning(path: Path) -> tuple[list[str], list[list[Any]]]:
    """The names of a workbook's sheets and the first rows of the first of them, by which a format is told.

    Every format of workbooks asks, and opening a large one takes a second: what was found is kept for the last file.
    """
    facts = path.stat()
    return _beginning(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=1)
def _beginning(path: Path, _size: int, _changed: int) -> tuple[list[str], list[list[Any]]]:
    book = workbook(path)
    return book.sheet_names, rows_of(book, 0, _FIRST_ROWS) if book.sheet_names else []


def rows_of(book: CalamineWorkbook, sheet: int, first: int | None = None) -> list[list[Any]]:
    """The rows of a sheet from its cell A1 on, or only the ``first`` so many. A blank cell is an empty text."""
    try:
        return book.get_sheet_by_index(sheet).to_python(skip_empty_area=False, nrows=first)
    except CalamineError as error:
        raise FormatError(f"sheet {book.sheet_names[sheet]!r} is damaged: {error}") from error


def text(value: object) -> str:
    """A cell of a sheet as text, in one line and without white space around it; a whole number without decimals."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).split())


def table(rows: list[list[Any]], after: int) -> pl.DataFrame:
    """The rows below the first ``after`` as text, with their number and columns named by position."""
    schema = {str(at): pl.String() for at in range(1, len(rows[0]) + 1)}
    return pl.DataFrame(rows[after:], schema, orient="row", strict=False).with_row_index("row", after + 1)


def finder(path: Path) -> Callable[[int], str]:
    """A function from locator to the text of a cell."""
    book = workbook(path)
    sheet_rows = cache(lambda sheet: rows_of(book, sheet))

    def find(locator: int) -> str:
        row, column, sheet = unpack(locator)
        if row < 1 or column < 1 or sheet >= len(book.sheet_names):
            raise FormatError(f"there is no sheet {sheet}, row {row}, column {column}")
        try:
            value = sheet_rows(sheet)[row - 1][column - 1]
        except IndexError:
            raise FormatError(f"there is no row {row}, column {column} in sheet {sheet}") from None
        return value if isinstance(value, str) else text(value)

    return find
