"""Workbook of Frontex: monthly detections of illegal border-crossing by route, type of border and nationality.

The sheet ``Detections_of_IBC`` has a column for each month (``JAN2009`` …); the sheet ``Notes`` states what is counted
and the day of the data (``FRAN data as of 03JUN25``). The figures count detections: one person may cross and be
detected several times. Rows are by route, never by member state. Nationalities are names, with signs that refer to
notes on status (``Kosovo*``, ``Palestine^``).
"""

import re
from datetime import datetime
from pathlib import Path

import polars as pl

from sources.cells import Cells, pack
from sources.errors import FormatError
from sources.formats import wide_table
from sources.formats.values import timestamp
from sources.formats.wide_table import Role
from sources.formats.workbook import sheets

NAME = "frontex_xlsx"

finder = sheets.finder

_SHEET = "Detections_of_IBC"
_NOTES = "Notes"
_DIMENSIONS = ("route", "border_type", "nationality")
_KEYS = {
    "Route": "route",
    "Border type or inland": "border_type",
    "Nationality": "nationality",
    # Up to 2018, when months were the dates of their first days.
    "BorderLocation": "border_type",
    "NationalityLong": "nationality",
}
_FIRST_DAY = re.compile(r"(\d{4}-\d{2})-01(?: 00:00:00)?")
_MONTHS = {
    name: at
    for at, name in enumerate(["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"], 1)
}
_MONTH = re.compile(r"([A-Z]{3})(\d{4})")
_AS_OF = re.compile(r"as of (\d{2})([A-Z]{3})(\d{2})")


def recognises(head: bytes, path: Path) -> bool:
    """Whether a workbook has the sheet of detections."""
    return _SHEET in sheets.beginning(head, path)[0]


def read(path: Path) -> Cells:
    """The cells: ``route``, ``border_type`` and ``nationality`` as named; ``time`` is ``2009-01``."""
    book = sheets.workbook(path)
    if _SHEET not in book.sheet_names:
        raise FormatError(f"there is no sheet {_SHEET}, only {book.sheet_names}")
    sheet = book.sheet_names.index(_SHEET)
    rows = sheets.rows_of(book, sheet)
    if not rows:
        raise FormatError(f"sheet {_SHEET} is empty")
    layout = wide_table.layout(sheets.texts(rows[0]), _role, needed=_DIMENSIONS)
    frame = wide_table.cells(sheets.table(rows, 1), layout, _DIMENSIONS)
    return Cells(
        format=NAME,
        frame=frame.with_columns(pl.col("locator") + pack(0, 0, sheet)),
        dimensions=_DIMENSIONS,
        coded=False,
        updated=_as_of(_notes(book)),
    )


def _role(name: str) -> Role | None:
    if date := _FIRST_DAY.fullmatch(name):
        return {"time": date[1]}
    if (month := _MONTH.fullmatch(name)) and month[1] in _MONTHS:
        return {"time": f"{month[2]}-{_MONTHS[month[1]]:02}"}
    return _KEYS.get(name)


def _notes(book: sheets.Workbook) -> str:
    if _NOTES not in book.sheet_names:
        return ""
    rows = sheets.rows_of(book, book.sheet_names.index(_NOTES))
    return " ".join(sheets.text(value) for row in rows for value in row)


def _as_of(notes: str) -> datetime | None:
    """The day in ``FRAN data as of 03JUN25``."""
    found = _AS_OF.search(notes)
    if found is None or found[2] not in _MONTHS:
        return None
    return timestamp(f"20{found[3]}-{_MONTHS[found[2]]:02}-{found[1]}", "%Y-%m-%d")
