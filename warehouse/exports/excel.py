"""A table as an Excel workbook: its rows, and beside them what each field is."""

from pathlib import Path

import polars as pl

from warehouse.contracts import Contract
from warehouse.errors import ReleaseError

# Rows of a sheet, that of the names aside.
MOST = 1_048_575


def write(rows: pl.DataFrame, declared: Contract, path: Path) -> None:
    """The rows on a sheet named after the table, times in UTC, and the fields with their units on another.

    ``ReleaseError`` where a sheet of Excel does not hold so many.
    """
    import xlsxwriter

    if rows.height > MOST:
        raise ReleaseError(
            f"{rows.height:,} rows of {declared.table} are more than the {MOST:,} of a sheet of Excel; "
            "pick some of them with FIELD=VALUE"
        )
    plain = rows.with_columns(pl.col(pl.Datetime).dt.replace_time_zone(None))
    fields = pl.DataFrame(
        [(column.name, column.unit, column.codes, column.description) for column in declared.columns],
        schema=["field", "unit", "codes", "what it is"],
        orient="row",
    )
    # What a publisher wrote is text, even where it begins like a formula or a link.
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        for name, frame in ((declared.table, plain), ("fields", fields)):
            frame.write_excel(book, name, freeze_panes=(1, 0), dtype_formats={pl.Float64: "General"})
