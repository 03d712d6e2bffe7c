"""Opening workbooks, reading their sheets as rows and as tables of text, and finding a cell again by its locator."""

from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook

from sources.cells import unpack
from sources.errors import FormatError

Rows = list[list[Any]]

_FIRST_ROWS = 40


def workbook(path: Path) -> CalamineWorkbook:
    """The workbook at ``path``; ``FormatError`` where it is not a workbook or is damaged."""
    try:
        return CalamineWorkbook.from_path(path)
    except (CalamineError, OSError) as error:
        raise FormatError(f"the payload is not a complete workbook: {error}") from error


def beginning(head: bytes, path: Path) -> tuple[list[str], Rows]:
    """The names of a workbook's sheets and the first rows of the first sheet; nothing where it is not a workbook.

    Every format of workbooks is recognised by them, and opening a large workbook takes a second: the result for the
    last file is kept.
    """
    if not head.startswith(b"PK"):
        return [], []
    facts = path.stat()
    try:
        return _beginning(path, facts.st_size, facts.st_mtime_ns)
    except FormatError:
        return [], []


@lru_cache(maxsize=1)
def _beginning(path: Path, _size: int, _changed: int) -> tuple[list[str], Rows]:
    book = workbook(path)
    return book.sheet_names, rows_of(book, 0, _FIRST_ROWS) if book.sheet_names else []


def rows_of(book: CalamineWorkbook, sheet: int, first: int | None = None) -> Rows:
    """The rows of a sheet from its cell A1 on, or only the ``first`` rows. A blank cell is an empty text."""
    try:
        return book.get_sheet_by_index(sheet).to_python(skip_empty_area=False, nrows=first)
    except CalamineError as error:
        raise FormatError(f"sheet {book.sheet_names[sheet]!r} is damaged: {error}") from error


def text(value: object) -> str:
    """A cell of a sheet as text, in one line and without white space around it; a whole number without decimals."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).split())


def texts(row: list[Any]) -> list[str]:
    """The cells of a row as text."""
    return [text(value) for value in row]


def table(rows: Rows, above: int) -> pl.DataFrame:
    """The rows below the first ``above`` as text, with their number as ``row`` and columns named by position."""
    schema = {str(at): pl.String() for at in range(1, len(rows[0]) + 1)}
    return pl.DataFrame(rows[above:], schema, orient="row", strict=False).with_row_index("row", above + 1)


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
