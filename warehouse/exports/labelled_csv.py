"""A table as CSV with the names of its codes, for spreadsheets."""

import codecs
from pathlib import Path

import polars as pl

from warehouse.contracts import Contract
from warehouse.exports.labels import with_names
from warehouse.rows import Tables

# The beginning of a text that a spreadsheet computes: a sign and more text. Without more text, a sign is a text.
FORMULA = r"^([=+\-@\t\r].)"


def write(rows: pl.DataFrame, declared: Contract, tables: Tables, path: Path) -> None:
    """Write the rows with names in English and Chinese after each column of codes.

    The file is UTF-8 and begins with a byte order mark: without it, Excel reads Chinese names in another encoding. A
    text that a spreadsheet would compute as a formula begins with an apostrophe.
    """
    shown = with_names(rows, declared, tables).with_columns(pl.col(pl.String).str.replace(FORMULA, "'$1"))
    with path.open("wb") as file:
        file.write(codecs.BOM_UTF8)
        shown.write_csv(file, date_format="%Y-%m-%d", datetime_format="%Y-%m-%dT%H:%M:%SZ")
