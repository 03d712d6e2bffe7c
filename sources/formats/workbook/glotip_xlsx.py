"""Workbook of UNODC's Global Report on Trafficking in Persons: one figure a row, below two lines of title.

The value is text: ``<5`` for one to four, with thousands commas from 1,000 on. The names of indicators, categories and
countries are the publisher's, among them what states wrote into a questionnaire in any language. Some characters were
lost at the source (U+FFFD) and are kept as they stand, as is a value that is no count but the number of a question.
The workbook refers to a drawing that it does not contain, so that it can only be read by its cells.
"""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import grid
from sources.formats.workbook import sheets

NAME = "glotip_xlsx"

finder: Callable[[Path], Callable[[int], str]] = sheets.finder

_TITLE_ROWS = 6
_FIELDS = {
    "Iso3_code": "iso3_code",
    "Country": "country",
    "Region": "region",
    "Subregion": "subregion",
    "Indicator": "indicator",
    "Dimension": "dimension",
    "Category": "category",
    "Sex": "sex",
    "Age": "age",
    "Year": "time",
    "Unit of measurement": "unit",
    "txtVALUE": "value",
    "Source": "source",
}
_THOUSANDS = r"^\d{1,3}(,\d{3})+$"
_DAY = re.compile(r"\d\d/\d\d/\d{4}")


def recognises(head: bytes, path: Path) -> bool:
    """Whether the first sheet of a workbook has a header that begins with ``Iso3_code`` and has ``txtVALUE``."""
    if not head.startswith(b"PK"):
        return False
    try:
        return _header(sheets.beginning(path)[1][:_TITLE_ROWS]) is not None
    except FormatError:
        return False


def read(path: Path) -> Cells:
    """The cells: the publisher's columns as dimensions, and ``time``. A row without text in its value is no cell.

    ``occurrence`` counts the rows that are named alike: the publisher gives what a state reports under several headings
    one name, so that one name has several figures.
    """
    rows = sheets.rows_of(sheets.workbook(path), 0)
    above = _header(rows[:_TITLE_ROWS])
    if above is None:
        raise FormatError(f"the first {_TITLE_ROWS} rows have no header that begins with Iso3_code")
    names = [sheets.text(name) for name in rows[above]]
    if sorted(names) != sorted(_FIELDS):
        raise FormatError(f"the columns are {names}, not {list(_FIELDS)}")
    at = {_FIELDS[name]: place for place, name in enumerate(names, 1)}
    value = pl.col(str(at["value"])).str.strip_chars()
    year = pl.col(str(at["time"])).str.replace(r"\.0$", "")
    plain = pl.when(value.str.contains(_THOUSANDS)).then(value.str.replace_all(",", "")).otherwise(value)
    places = {name: place for name, place in at.items() if name != "value"}
    before = pl.col("row").cum_count().over([str(place) for place in places.values()])
    table = sheets.table(rows, above + 1).with_columns(plain, year)
    table = table.with_columns(before.cast(pl.String).alias("0"))
    places["occurrence"] = 0
    dimensions = tuple(name for name in places if name != "time")
    return Cells(
        format=NAME,
        frame=grid.cells(table, dimensions, places, {at["value"]: {}}),
        dimensions=dimensions,
        updated=_updated(rows[:above]),
    )


def _header(rows: list[list[Any]]) -> int | None:
    wanted = {"Iso3_code", "txtVALUE"}
    return next((at for at, row in enumerate(rows) if wanted <= {sheets.text(name) for name in row}), None)


def _updated(above: list[list[Any]]) -> datetime | None:
    """The day that stands above the header: ``14/04/2025``."""
    days = [text for row in above for value in row if _DAY.fullmatch(text := sheets.text(value))]
    return grid.stamp(days[0], "%d/%m/%Y") if days else None
