"""A table as CSV with the names of its codes, for spreadsheets."""

import codecs
from pathlib import Path

import polars as pl

from warehouse.contracts import Contract
from warehouse.exports.labels import with_names
from warehouse.rows import Tables


def write(rows: pl.DataFrame, declared: Contract, tables: Tables, path: Path) -> None:
    """Write the rows with names in English and Chinese after each column of codes.

    The file is UTF-8 and begins with a byte order mark: without it, Excel reads Chinese names in another encoding.
    """
    with path.open("wb") as file:
        file.write(codecs.BOM_UTF8)
        with_names(rows, declared, tables).write_csv(file, date_format="%Y-%m-%d", datetime_format="%Y-%m-%dT%H:%M:%SZ")
