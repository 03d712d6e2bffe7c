"""Workbook of UNODC's Global Report on Trafficking in Persons: one figure in each row, below two lines of title.

The value is text: ``<5`` for one to four, with thousands commas from 1,000 on. The names of indicators, categories and
countries are the publisher's, and include answers of states to a questionnaire in any language. Some characters were
lost at the source (U+FFFD) and are kept unchanged, as is a value that is the number of a question and not a count. The
workbook refers to a drawing that it does not contain, so that only its cells can be read.
"""

import re
from datetime import datetime
from pathlib import Path

import polars as pl

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import values, wide_table
from sources.formats.workbook import sheets

NAME = "glotip_xlsx"

finder = sheets.finder

_TITLE_ROWS = 6
_VALUE = "txtVALUE"
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
    _VALUE: "value",
    "Source": "source",
}
_DAY = re.compile(r"\d\d/\d\d/\d{4}")


def recognises(head: bytes, path: Path) -> bool:
    """Whether the first sheet of a workbook has a header with ``Iso3_code`` and ``txtVALUE``."""
    return _header(sheets.beginning(head, path)[1][:_TITLE_ROWS]) is not None


def read(path: Path) -> Cells:
    """The cells: the publisher's columns as dimensions, and ``time``. A row without text in its value is not a cell.

    ``occurrence`` numbers the rows with the same names: the publisher gives figures that a state reports under several
    headings the same name.
    """
    rows = sheets.rows_of(sheets.workbook(path), 0)
    header = _header(rows[:_TITLE_ROWS])
    if header is None:
        raise FormatError(f"the first {_TITLE_ROWS} rows have no header with Iso3_code and {_VALUE}")
    names = sheets.texts(rows[header])
    if sorted(names) != sorted(_FIELDS):
        raise FormatError(f"the columns are {names}, not {list(_FIELDS)}")
    keys = {_FIELDS[name]: position for position, name in enumerate(names, 1)}
    value = keys.pop("value")
    occurrence = pl.col("row").cum_count().over([str(position) for position in keys.values()])
    table = sheets.table(rows, header + 1).with_columns(
        values.without_thousands_commas(pl.col(str(value)).str.strip_chars()),
        pl.col(str(keys["time"])).str.replace(r"\.0$", ""),
    )
    table = table.with_columns(occurrence.cast(pl.String).alias("0"))
    dimensions = tuple(name for name in (*keys, "occurrence") if name != "time")
    return Cells(
        format=NAME,
        frame=wide_table.cells(table, wide_table.Layout(keys | {"occurrence": 0}, {value: {}}), dimensions),
        dimensions=dimensions,
        updated=_updated(rows[:header]),
    )


def _header(rows: sheets.Rows) -> int | None:
    """The index of the row that has the names of columns."""
    return next((at for at, row in enumerate(rows) if {"Iso3_code", _VALUE} <= set(sheets.texts(row))), None)


def _updated(title: sheets.Rows) -> datetime | None:
    """The day above the header: ``14/04/2025``."""
    days = [text for row in title for text in sheets.texts(row) if _DAY.fullmatch(text)]
    return values.timestamp(days[0], "%d/%m/%Y") if days else None
