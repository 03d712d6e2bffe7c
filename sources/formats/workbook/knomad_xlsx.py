"""Workbooks of KNOMAD: bilateral matrices of migrant stocks and of remittances.

The first cell of the header says what runs across and what down, and the two matrices differ: migrants come from the
row and live in the column; remittances are sent by the row and received by the column. Countries are names, the
totals ``World`` and the remainders ``Other North`` and ``Other South`` are among them. A blank field is no cell. The
matrix ends at the first row without a name: what stands below are footnotes, and a number there, as the remittances of
2021 have one, belongs to no pair of countries.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import grid
from sources.formats.workbook import sheets

NAME = "knomad_xlsx"

finder: Callable[[Path], Callable[[int], str]] = sheets.finder

_TITLE_ROWS = 5
_SIDE = re.compile(r"([a-z-]+)(?: country)? \((across|down)\)", re.IGNORECASE)
_SIDES = {
    "destination": "destination",
    "source": "origin",
    "origin": "origin",
    "remittance-receiving": "receiver",
    "remittance-sending": "sender",
}
_YEAR = re.compile(r"\b(?:in|for) ((?:19|20)\d{2})\b")


def recognises(head: bytes, path: Path) -> bool:
    """Whether the first sheet of a workbook has a header that says what runs across and what down."""
    if not head.startswith(b"PK"):
        return False
    try:
        return _header(sheets.beginning(path)[1]) is not None
    except FormatError:
        return False


def read(path: Path) -> Cells:
    """The cells of a matrix: ``origin`` and ``destination``, or ``sender`` and ``receiver``, as names; ``measure``.

    ``measure`` is ``migration`` or ``remittance``. ``time`` is the year of the title, else of the sheet's name.
    """
    book = sheets.workbook(path)
    rows = sheets.rows_of(book, 0)
    above = _header(rows)
    if above is None:
        raise FormatError(f"the first {_TITLE_ROWS} rows of the first sheet do not say what runs across and what down")
    down, across = _sides(rows[above][0])
    title = " ".join(filter(None, (sheets.text(row[0]) for row in rows[:above])))
    year = _YEAR.search(title) or re.search(r"\b((?:19|20)\d{2})\b", book.sheet_names[0])
    if year is None:
        raise FormatError(
            f"neither title nor sheet says of which year the matrix is: {title!r}, {book.sheet_names[0]!r}"
        )
    named = [sheets.text(name) for name in rows[above]]
    width = named.index("") if "" in named else len(named)
    end = next((at for at in range(above + 1, len(rows)) if not sheets.text(rows[at][0])), len(rows))
    _check_names("columns", named[1:width])
    _check_names("rows", [sheets.text(row[0]) for row in rows[above + 1 : end]])
    _check_end(rows, end)
    if later := [name for name in named[width:] if name]:
        raise FormatError(f"columns stand beside the end of the matrix: {later}")
    names = pl.col("1").str.replace_all(r"\s+", " ").str.strip_chars()
    table = sheets.table(rows[:end], above + 1).with_columns(names)
    said = {"measure": "remittance" if down == "sender" else "migration", "time": year[1]}
    columns = {at: {across: name} | said for at, name in enumerate(named[1:width], 2)}
    dimensions = (down, across, "measure")
    return Cells(
        format=NAME,
        frame=grid.cells(table, dimensions, {down: 1}, columns),
        dimensions=dimensions,
        coded=False,
        dataset=title,
    )


def _header(rows: list[list[Any]]) -> int | None:
    return next((at for at, row in enumerate(rows[:_TITLE_ROWS]) if row and len(_sides(row[0])) == 2), None)


def _sides(corner: object) -> tuple[str, ...]:
    """What runs down and what across, as the corner of the matrix says; fewer than two where it does not."""
    said = {way.lower(): _SIDES.get(what.lower()) for what, way in _SIDE.findall(sheets.text(corner))}
    return tuple(side for way in ("down", "across") if (side := said.get(way)))


def _check_names(what: str, names: list[str]) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise FormatError(f"{what} have the same name: {twice}")


def _check_end(rows: list[list[Any]], end: int) -> None:
    """No named row may hold numbers below the end of the matrix: it would have ended too early."""
    for at, row in enumerate(rows[end:], end + 1):
        if sheets.text(row[0]) and any(isinstance(value, int | float) for value in row[1:]):
            raise FormatError(f"row {at} continues the matrix below its end in row {end}: {sheets.text(row[0])!r}")
