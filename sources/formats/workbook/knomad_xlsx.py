"""Workbooks of KNOMAD: bilateral matrices of migrant stocks and of remittances.

The first cell of the header states the dimension of the columns ("across") and that of the rows ("down"), and the two
matrices differ: migrants come from the country of the row and live in that of the column; remittances are sent by the
country of the row to that of the column. Countries are names, among them the totals ``World`` and the remainders
``Other North`` and ``Other South``. A blank field is not a cell. The matrix ends at the first row without a name: below
it are footnotes, and a number there, for example in the remittances of 2021, belongs to no pair of countries.
"""

import re
from pathlib import Path

import polars as pl

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import wide_table
from sources.formats.values import repeated
from sources.formats.wide_table import Header, Layout
from sources.formats.workbook import sheets

NAME = "knomad_xlsx"

finder = sheets.finder

_TITLE_ROWS = 5
_SIDE = re.compile(r"([a-z-]+)(?: country)? \((across|down)\)", re.IGNORECASE)
_SIDES = {
    "destination": "destination",
    "source": "origin",
    "origin": "origin",
    "remittance-receiving": "receiver",
    "remittance-sending": "sender",
}
_YEAR_OF_TITLE = re.compile(r"\b(?:in|for) ((?:19|20)\d{2})\b")
_YEAR_OF_SHEET = re.compile(r"\b((?:19|20)\d{2})\b")


def recognises(head: bytes, path: Path) -> bool:
    """Whether the first sheet of a workbook has a header that states the dimensions of rows and columns."""
    return _header(sheets.beginning(head, path)[1]) is not None


def read(path: Path) -> Cells:
    """The cells of a matrix: ``origin`` and ``destination``, or ``sender`` and ``receiver``, as names; ``measure``.

    ``measure`` is ``migration`` or ``remittance``. ``time`` is the year of the title, else of the sheet's name.
    """
    book = sheets.workbook(path)
    rows = sheets.rows_of(book, 0)
    header = _header(rows)
    if header is None:
        raise FormatError(f"the first {_TITLE_ROWS} rows do not state the dimensions of the rows and of the columns")
    down, across = _sides(rows[header][0])
    title = " ".join(filter(None, (sheets.text(row[0]) for row in rows[:header])))
    same = {"measure": "remittance" if down == "sender" else "migration", "time": _year(title, book.sheet_names[0])}
    names, end = _extent(rows, header)
    columns: dict[int, Header] = {position: {across: name} | same for position, name in enumerate(names, 2)}
    row_names = pl.col("1").str.replace_all(r"\s+", " ").str.strip_chars()
    table = sheets.table(rows[:end], header + 1).with_columns(row_names)
    dimensions = (down, across, "measure")
    return Cells(
        format=NAME,
        frame=wide_table.cells(table, Layout({down: 1}, columns), dimensions),
        dimensions=dimensions,
        coded=False,
        dataset=title,
    )


def _header(rows: sheets.Rows) -> int | None:
    return next((at for at, row in enumerate(rows[:_TITLE_ROWS]) if row and len(_sides(row[0])) == 2), None)


def _sides(corner: object) -> tuple[str, ...]:
    """The dimensions of rows and columns in the corner of the matrix; fewer than two where one is missing."""
    stated = {way.lower(): _SIDES.get(side.lower()) for side, way in _SIDE.findall(sheets.text(corner))}
    return tuple(side for way in ("down", "across") if (side := stated.get(way)))


def _year(title: str, sheet: str) -> str:
    found = _YEAR_OF_TITLE.search(title) or _YEAR_OF_SHEET.search(sheet)
    if found is None:
        raise FormatError(f"neither the title nor the name of the sheet has the year: {title!r}, {sheet!r}")
    return found[1]


def _extent(rows: sheets.Rows, header: int) -> tuple[list[str], int]:
    """The names of the columns of the matrix, and the index of the row below it."""
    names = sheets.texts(rows[header])
    width = names.index("") if "" in names else len(names)
    end = next((at for at in range(header + 1, len(rows)) if not sheets.text(rows[at][0])), len(rows))
    _refuse_duplicates("columns", names[1:width])
    _refuse_duplicates("rows", [sheets.text(row[0]) for row in rows[header + 1 : end]])
    for at, row in enumerate(rows[end:], end + 1):
        if sheets.text(row[0]) and any(isinstance(value, int | float) for value in row[1:]):
            raise FormatError(f"row {at} continues the matrix below its end in row {end}: {sheets.text(row[0])!r}")
    if others := [name for name in names[width:] if name]:
        raise FormatError(f"there are columns to the right of the end of the matrix: {others}")
    return names[1:width], end


def _refuse_duplicates(what: str, names: list[str]) -> None:
    if twice := repeated(names):
        raise FormatError(f"{what} have the same name: {twice}")
