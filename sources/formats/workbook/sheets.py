"""Opening workbooks, reading their sheets as rows and as tables of text, and finding a cell again by its locator."""

import marshal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from sources.cells import unpack
from sources.errors import FormatError
from sources.formats.workbook import convert

Rows = list[list[Any]]

# The beginnings of a workbook: a zip (xlsx), and the older binary format (xls).
MAGIC = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")

# A process that waits for a disk or for other processes needs longer than its limit of processor time.
_PATIENCE = 5 * convert.SECONDS


@dataclass(frozen=True)
class Workbook:
    """A workbook whose sheets were converted into files of a temporary folder, which is removed with this object."""

    sheet_names: list[str]
    folder: "tempfile.TemporaryDirectory[str]"


def workbook(path: Path) -> Workbook:
    """The workbook at ``path``; ``FormatError`` where it is not a workbook, is damaged, or needs too much memory."""
    facts = path.stat()
    found = _converted(path, facts.st_ino, facts.st_size, facts.st_mtime_ns)
    if isinstance(found, str):
        raise FormatError(found)
    return found


@lru_cache(maxsize=1)
def _converted(path: Path, _inode: int, _size: int, _changed: int) -> Workbook | str:
    """The workbook, or why it cannot be read. The last result is kept: each format of workbooks is tried on it."""
    folder = tempfile.TemporaryDirectory(prefix="corridor-workbook-", ignore_cleanup_errors=True)
    program = [sys.executable, "-P", convert.__file__, str(path.absolute()), folder.name]
    try:
        done = subprocess.run(program, capture_output=True, timeout=_PATIENCE, check=False)  # noqa: S603 - our own
    except subprocess.TimeoutExpired:
        return f"the workbook cannot be read within {_PATIENCE} seconds"
    refused, names = Path(folder.name, "refused"), Path(folder.name, "names")
    if refused.exists():
        return refused.read_text("utf-8")
    if done.returncode or not names.exists():
        return (
            f"the workbook cannot be read with {convert.MEMORY >> 20:,} MiB of memory and {convert.SECONDS} seconds "
            "of processor time; a workbook of this kind has cells far from its table"
        )
    return Workbook(marshal.loads(names.read_bytes()), folder)  # noqa: S302 - written by our own program


def beginning(head: bytes, path: Path) -> tuple[list[str], Rows]:
    """The names of a workbook's sheets and the first rows of the first sheet; nothing where it is not a workbook."""
    if not head.startswith(MAGIC):
        return [], []
    try:
        book = workbook(path)
        return book.sheet_names, rows_of(book, 0, convert.FIRST_ROWS) if book.sheet_names else []
    except FormatError:
        return [], []


def rows_of(book: Workbook, sheet: int, first: int | None = None) -> Rows:
    """The rows of a sheet from its cell A1 on, or only the ``first`` rows. A blank cell is an empty text."""
    name = f"{sheet}.first" if first is not None and first <= convert.FIRST_ROWS else f"{sheet}"
    with Path(book.folder.name, name).open("rb") as file:
        rows: Rows | str = marshal.load(file)  # noqa: S302 - written by our own program
    if isinstance(rows, str):
        raise FormatError(f"sheet {book.sheet_names[sheet]!r} is damaged: {rows}")
    return rows[:first]


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
