"""A table as an Excel workbook: sheets with its rows, the descriptions of its fields, and the names of its codes."""

from pathlib import Path

import polars as pl

from warehouse import codes
from warehouse.contracts import Contract
from warehouse.errors import ReleaseError

# Rows of a sheet, without the header row.
MAX_ROWS = 1_048_575


def write(rows: pl.DataFrame, declared: Contract, path: Path) -> None:
    """Write the rows to a sheet named after the table, times in UTC; the fields and the names of codes to two others.

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
        for name, frame in ((declared.table, plain), ("fields", fields), ("codes", _codes(rows, declared))):
            frame.write_excel(book, name, freeze_panes=(1, 0), dtype_formats={pl.Float64: "General"})


def _codes(rows: pl.DataFrame, declared: Contract) -> pl.DataFrame:
    """The codes that occur in the rows with their names: field, code, name_en, name_zh, description."""
    areas = codes.areas().select(code="area", name_en="name_en", name_zh="name_zh", description="note")
    indicators = codes.named_indicators().rename({"indicator": "code"})
    found = []
    for column in declared.columns:
        if not column.codes:
            continue
        own = {"area": areas, "indicator": indicators}
        listed = own.get(column.codes, codes.codes().filter(pl.col("code_list") == column.codes))
        used = listed.filter(pl.col("code").is_in(rows[column.name].drop_nulls().cast(pl.String).unique().implode()))
        names = used.select("code", "name_en", "name_zh", "description")
        found.append(names.select(pl.lit(column.name).alias("field"), *names.columns))
    schema = dict.fromkeys(("field", "code", "name_en", "name_zh", "description"), pl.String)
    return pl.concat([pl.DataFrame(schema=schema), *found])
