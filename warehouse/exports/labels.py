"""The names of codes in English and Chinese: a list of the codes that occur in rows, and columns next to the codes."""

from collections.abc import Collection

import polars as pl

from warehouse.codes import chinese
from warehouse.contracts import Contract
from warehouse.rows import Tables

# The code lists whose names are in a table of their own: the table, and its fields with code, names and description.
_OWN = {
    "area": ("jurisdiction", ("jurisdiction", "name_en", "name_zh", "note")),
    "indicator": ("indicator", ("indicator", "name_en", "name_zh", "description")),
    "measure": ("measure", ("measure", "name_en", "name_zh", "description")),
    "instrument": ("legal_instrument", ("instrument", "name_en", "name_zh", "instrument_type")),
    "dataset": ("dataset", ("dataset", "title", "title", "edition")),
}
_FIELDS = ("code", "name_en", "name_zh", "description")


def codes_in(rows: pl.DataFrame, declared: Contract, tables: Tables) -> pl.DataFrame:
    """The codes that occur in the rows of a table with their names: field, code, name_en, name_zh, description."""
    found = [pl.DataFrame(schema=dict.fromkeys(("field", *_FIELDS), pl.String))]
    for column in declared.columns:
        if column.codes:
            used = rows[column.name].drop_nulls().cast(pl.String).unique().implode()
            names = _names(column.codes, tables).filter(pl.col("code").is_in(used)).sort("code")
            found.append(names.select(pl.lit(column.name).alias("field"), *_FIELDS))
    return pl.concat(found)


def with_names(rows: pl.DataFrame, declared: Contract, tables: Tables, lists: Collection[str] = ()) -> pl.DataFrame:
    """The rows with two columns after each column of codes that is not empty: its names in English and Chinese.

    ``lists`` restricts them to columns of these code lists. Columns that the table has itself are not added again.
    """
    columns: list[pl.Expr] = []
    for column in declared.columns:
        columns.append(pl.col(column.name))
        named = bool(column.codes) and (not lists or column.codes in lists)
        if not named or f"{column.name}_en" in rows.columns or rows[column.name].null_count() == rows.height:
            continue
        names = _names(str(column.codes), tables)
        for language in ("en", "zh"):
            words = dict(names.select("code", f"name_{language}").iter_rows())
            code = pl.col(column.name).cast(pl.String)
            columns.append(code.replace_strict(words, default=code).alias(f"{column.name}_{language}"))
    return rows.select(columns)


def _names(code_list: str, tables: Tables) -> pl.DataFrame:
    """The codes of a list with their names; the English name where there is no Chinese one."""
    if code_list in _OWN:
        table, fields = _OWN[code_list]
        listed = tables[table].select(**dict(zip(_FIELDS, fields, strict=True)))
    else:
        listed = tables["code"].filter(pl.col("code_list") == code_list).select(_FIELDS)
    if code_list == "dataset":
        listed = listed.with_columns(name_zh=pl.col("code").replace_strict(chinese.texts("datasets"), default=None))
    return listed.with_columns(name_zh=pl.coalesce("name_zh", "name_en")).collect()
