"""Workbook of Frontex: monthly detections of illegal border-crossing by route, type of border and nationality.

The sheet ``Detections_of_IBC`` has a column for each month (``JAN2009`` …); ``Notes`` say what is counted and as of
which day (``FRAN data as of 03JUN25``). What is counted are detections: one person may cross and be detected several
times. Rows are by route, never by member state. Nationalities are names, with marks that refer to notes on status
(``Kosovo*``, ``Palestine^``).
"""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import polars as pl
from python_calamine import CalamineWorkbook

from sources.cells import Cells, pack
from sources.errors import FormatError
from sources.formats import grid
from sources.formats.workbook import sheets

NAME = "frontex_xlsx"

finder: Callable[[Path], Callable[[int], str]] = sheets.finder

_SHEET = "Detections_of_IBC"
_NOTES = "Notes"
_ROWS = {"Route": "route", "Border type or inland": "border_type", "Nationality": "nationality"}
# Up to 2018, when months were the dates of their first days.
_OLD = {"BorderLocation": "border_type", "NationalityLong": "nationality"}
_DATE = re.compile(r"(\d{4}-\d{2})-01(?: 00:00:00)?")
_MONTHS = {
    name: at
    for at, name in enumerate(["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"], 1)
}
_MONTH = re.compile(r"([A-Z]{3})(\d{4})")
_AS_OF = re.compile(r"as of (\d{2})([A-Z]{3})(\d{2})")


def recognises(head: bytes, path: Path) -> bool:
    """Whether a workbook has the sheet of detections."""
    if not head.startswith(b"PK"):
        return False
    try:
        return _SHEET in sheets.beginning(path)[0]
    except FormatError:
        return False


def read(path: Path) -> Cells:
    """The cells: ``route``, ``border_type`` and ``nationality`` as named; ``time`` is ``2009-01``."""
    book = sheets.workbook(path)
    if _SHEET not in book.sheet_names:
        raise FormatError(f"there is no sheet {_SHEET}, only {book.sheet_names}")
    sheet = book.sheet_names.index(_SHEET)
    rows = sheets.rows_of(book, sheet)
    if not rows:
        raise FormatError(f"sheet {_SHEET} is empty")
    places: dict[str, int] = {}
    columns: dict[int, dict[str, str | None]] = {}
    for at, name in enumerate(map(sheets.text, rows[0]), 1):
        if (dimension := (_ROWS | _OLD).get(name)) and dimension not in places:
            places[dimension] = at
        elif date := _DATE.fullmatch(name):
            columns[at] = {"time": date[1]}
        elif (month := _MONTH.fullmatch(name)) and month[1] in _MONTHS:
            columns[at] = {"time": f"{month[2]}-{_MONTHS[month[1]]:02}"}
        else:
            raise FormatError(f"column {at} of sheet {_SHEET} is unknown: {name!r}")
    if missing := sorted(set(_ROWS.values()) - set(places)):
        raise FormatError(f"sheet {_SHEET} has no column for {', '.join(missing)}")
    if len({said["time"] for said in columns.values()}) < len(columns):
        raise FormatError(f"a month has two columns in sheet {_SHEET}")
    dimensions = tuple(_ROWS.values())
    frame = grid.cells(sheets.table(rows, 1), dimensions, places, columns)
    return Cells(
        format=NAME,
        frame=frame.with_columns(pl.col("locator") + pack(0, 0, sheet)),
        dimensions=dimensions,
        coded=False,
        updated=_as_of(_notes(book)),
    )


def _notes(book: CalamineWorkbook) -> str:
    if _NOTES not in book.sheet_names:
        return ""
    rows = sheets.rows_of(book, book.sheet_names.index(_NOTES))
    return " ".join(sheets.text(value) for row in rows for value in row)


def _as_of(notes: str) -> datetime | None:
    """``FRAN data as of 03JUN25``."""
    found = _AS_OF.search(notes)
    if found is None or found[2] not in _MONTHS:
        return None
    return grid.stamp(f"20{found[3]}-{_MONTHS[found[2]]:02}-{found[1]}", "%Y-%m-%d")
