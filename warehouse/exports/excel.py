"""A table as an Excel workbook: sheets with its rows, the descriptions of its fields, and the names of its codes."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from warehouse.contracts import Contract
from warehouse.errors import ReleaseError
from warehouse.exports.labels import codes_in, with_names
from warehouse.rows import Tables

# Rows of a sheet, without the header row.
MAX_ROWS = 1_048_575
# Names of these codes are in the sheet of the rows; those of all others are only in the sheet of codes.
NAMED = ("area", "indicator", "measure", "instrument")
# Rows that are in memory as Python objects at a time.
ROWS = 10_000
# Excel has no earlier days. A column with one is text.
FIRST = date(1900, 3, 1)
NARROW, WIDE = 8, 40  # the width of a column in characters


def write(
    rows: pl.DataFrame, declared: Contract, tables: Tables, path: Path, report: Callable[[str, int, int], None]
) -> None:
    """Write the rows to a sheet named after the table, times in UTC; the fields and the names of codes to two others.

    ``tables`` are those of the same release. ``report`` gets the number of written rows and of all rows. Raises
    ``ReleaseError`` if there are more rows than a sheet can hold.
    """
    import xlsxwriter

    if rows.height > MAX_ROWS:
        raise ReleaseError(too_many(rows, declared))
    fields = pl.DataFrame(
        [(column.name, column.unit, column.codes, column.description) for column in declared.columns],
        schema=["field", "unit", "codes", "description"],
        orient="row",
    )
    sheets = {
        declared.table: with_names(rows, declared, tables, NAMED),
        "fields": fields,
        "codes": codes_in(rows, declared, tables),
    }
    # Texts of publishers are written as text, even if they look like a formula or a link. With constant memory,
    # xlsxwriter keeps one row at a time.
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "constant_memory": True,
        "default_date_format": "yyyy-mm-dd",
    }
    with xlsxwriter.Workbook(path, options) as book:
        for name, frame in sheets.items():
            _write_sheet(book, name, frame, lambda done: report("rows", done, rows.height))


def too_many(rows: pl.DataFrame, declared: Contract) -> str:
    """Why rows do not fit in a sheet, with the conditions that select fewer of them."""
    ways = ["FIELD=VALUE"]
    if "headline" in rows.columns:
        ways.append(f"headline=true ({rows['headline'].sum():,} rows)")
    if "year" in rows.columns:
        last = int(rows["year"].max())  # type: ignore[arg-type]
        ways.append(f"year={last} ({rows.filter(pl.col('year') == last).height:,} rows)")
    return (
        f"{declared.table} has {rows.height:,} rows, but an Excel sheet can hold only {MAX_ROWS:,}; "
        f"select fewer rows with {', '.join(ways[:-1])}{' or ' if ways[1:] else ''}{ways[-1]}"
    )


def _write_sheet(book: Any, name: str, frame: pl.DataFrame, report: Callable[[int], None]) -> None:  # noqa: ANN401
    """Write a frame to a new sheet with a frozen header and a filter. Times are texts of ISO 8601, in UTC."""
    sheet = book.add_worksheet(name)
    header = book.add_format({"bold": True, "bottom": 1})
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(frame.height, 1), frame.width - 1)
    for at, column in enumerate(frame.columns):
        lengths = frame[column].head(ROWS).cast(pl.String).str.len_chars().drop_nulls().to_list()
        sheet.set_column(at, at, min(WIDE, max(NARROW, len(column) + 3, *lengths)))
    sheet.write_row(0, 0, frame.columns, header)
    days = frame.select(pl.selectors.date())
    early = [name for name in days.columns if (days[name] < FIRST).any()]
    plain = frame.with_columns(pl.col(early).dt.to_string(), pl.selectors.datetime().dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    for start in range(0, plain.height, ROWS):
        for at, row in enumerate(plain.slice(start, ROWS).iter_rows(), start + 1):
            sheet.write_row(at, 0, row)
        report(min(start + ROWS, plain.height))
