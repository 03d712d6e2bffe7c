"""Workbooks of the statistical annex of the OECD's International Migration Outlook: tables A.1, A.2, A.5 and A.6.

A workbook has the table in its first sheet and ``About this file`` in another. The first rows are the title of the
table and its unit, then a row of years, then a row for each country by its name. In a table of numbers and percentages
the row below a country has percentages and is not read. ``..`` is not available. A row that begins with ``Note`` ends
the table. Tables in thousands become persons. The other tables of the annex are not read: table A.3 repeats
applications for asylum of UNHCR, and the tables B list only the larger citizenships, by name.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import wide_table
from sources.formats.wide_table import Header, Layout
from sources.formats.workbook import sheets

NAME = "oecd_annex_xlsx"

_TITLE = re.compile(r"Table A\.(\d)\. .*", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_UPDATED = re.compile(r"Last updated: (\d\d?-[A-Z][a-z]{2}-\d{4})")
_HEADER_WITHIN = 8
# The code of the measure in the International Migration Database, by the number of the table.
_MEASURES = {"1": "B11", "2": "B12", "5": "B15", "6": "B16"}
_PER_UNIT = {"thousands": 1000, "numbers": 1}
# What the table states only in its title and notes, in the codes of the database.
_SAME = {
    "citizenship": "W",
    "freq": "A",
    "sex": "_T",
    "birth_place": "_T",
    "education_lev": "_T",
    "unit_measure": "PS",
    "unit_mult": "0",
}
_DIMENSIONS = ("ref_area", "measure", *_SAME)


def recognises(head: bytes, path: Path) -> bool:
    """Whether the first row of a workbook is the title of one of the tables."""
    first = sheets.beginning(head, path)[1]
    return _table(first) is not None


def read(path: Path) -> Cells:
    """The cells of the table, with the names of the countries and the codes of the database for everything else."""
    book = sheets.workbook(path)
    rows = sheets.rows_of(book, 0)
    number = _table(rows)
    header = next((at for at, row in enumerate(rows[:_HEADER_WITHIN]) if _years(row)), None)
    if number is None or header is None:
        raise FormatError(f"the first {_HEADER_WITHIN} rows have no title of a table that is read, or no years")
    columns: dict[int, Header] = {
        at: {"time": year, "measure": _MEASURES[number], **_SAME} for at, year in _years(rows[header]).items()
    }
    name = pl.col("1").str.replace_all(r"[\s\u00a0]+", " ").str.strip_chars()
    table = sheets.table(rows[: _end(rows, header)], header + 1).with_columns(name)
    countries = table.filter(~pl.col("1").str.contains("of (?:foreign|total) population"), pl.col("1") != "")
    cells = wide_table.cells(countries, Layout({"ref_area": 1}, columns), _DIMENSIONS)
    persons = (pl.col("value") * _unit(rows[:header])).round()
    return Cells(
        format=NAME,
        frame=cells.with_columns(value=persons),
        dimensions=_DIMENSIONS,
        coded=False,
        dataset=sheets.text(rows[0][0]),
        updated=_updated(book),
    )


def finder(path: Path) -> Callable[[int], str]:
    """A function from locator to the text of a cell; in a table in thousands ``31493 (31.493 thousand)``."""
    find = sheets.finder(path)
    rows = sheets.rows_of(sheets.workbook(path), 0)
    per_unit = _unit(rows[: next(at for at, row in enumerate(rows) if _years(row))])

    def text(locator: int) -> str:
        found = find(locator)
        try:
            return found if per_unit == 1 else f"{round(float(found) * per_unit)} ({found} thousand)"
        except ValueError:
            return found

    return text


def _table(rows: sheets.Rows) -> str | None:
    """The number of the table in the title, if it is one of those that are read."""
    found = _TITLE.fullmatch(sheets.text(rows[0][0])) if rows and rows[0] else None
    return found[1] if found and found[1] in _MEASURES else None


def _years(row: list[object]) -> dict[int, str]:
    """The year of each column by its position, if every cell but the first is a year."""
    texts = [sheets.text(value) for value in row]
    years = {at: text for at, text in enumerate(texts, 1) if at > 1 and text}
    return years if years and all(_YEAR.fullmatch(year) for year in years.values()) and not texts[0] else {}


def _end(rows: sheets.Rows, header: int) -> int:
    notes = (at for at, row in enumerate(rows) if at > header and sheets.text(row[0]).startswith("Note"))
    return next(notes, len(rows))


def _unit(above: sheets.Rows) -> int:
    """The number of persons that the figure 1 is, from the unit in the rows above the years."""
    words = " ".join(sheets.text(row[0]) for row in above[1:]).lower()
    stated = [factor for word, factor in _PER_UNIT.items() if word in words]
    if len(stated) != 1:
        raise FormatError(f"the rows above the years state no unit, or two: {words!r}")
    return stated[0]


def _updated(book: sheets.Workbook) -> datetime | None:
    """The day in sheet ``About this file``."""
    for at, name in enumerate(book.sheet_names):
        if name == "About this file":
            texts = " ".join(sheets.text(value) for row in sheets.rows_of(book, at) for value in row)
            if found := _UPDATED.search(texts):
                return datetime.strptime(found[1], "%d-%b-%Y").replace(tzinfo=UTC)
    return None
