"""A table as an Excel workbook: one sheet with its rows, and one with the descriptions of its fields."""

from pathlib import Path

import polars as pl

from warehouse.contracts import Contract
from warehouse.errors import ReleaseError

# Rows of a sheet, without the header row.
MAX_ROWS = 1_048_575


def write(rows: pl.DataFrame, declared: Contract, path: Path) -> None:
    """Write the rows to a sheet named after the table, times in UTC, and the fields with their units to a second one.

    Raises ``ReleaseError`` if there are more rows than a sheet can hold.
    """
    import xlsxwriter

    if rows.height > MAX_ROWS:
        raise ReleaseError(
            f"{declared.table} has {rows.height:,} rows, but an Excel sheet can hold only {MAX_ROWS:,}; "
            "select fewer rows with FIELD=VALUE"
        )
    plain = rows.with_columns(pl.col(pl.Datetime).dt.replace_time_zone(None))
    fields = pl.DataFrame(
        [(column.name, column.unit, column.codes, column.description) for column in declared.columns],
        schema=["field", "unit", "codes", "description"],
        orient="row",
    )
    # Publishers' texts are written as text, even if they look like a formula or a link.
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        for name, frame in ((declared.table, plain), ("fields", fields)):
            frame.write_excel(book, name, freeze_panes=(1, 0), dtype_formats={pl.Float64: "General"})
