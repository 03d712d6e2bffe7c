"""Normalisation of law: a publisher's codes become shared codes and its dates become days; nothing else changes.

Law has no indicator and no value. Each field of its table is read from a dimension or is the same for all rows.
"""

from collections.abc import Mapping
from datetime import date

import polars as pl

from assets.normalise.codes import (
    Normalised,
    Origin,
    areas_in_scope,
    describe_locators,
    select_cells,
    translate_fields,
    unmatched_codes,
    with_provenance,
)
from assets.normalise.dates import parse_date
from sources.catalogue.model import Publisher
from sources.cells import Cells
from sources.errors import CatalogueError, StructureError
from warehouse.contracts import POLARS, Contract, contract

# The jurisdiction of rows about an instrument as a whole.
WHOLE = "_T"
# The value of a field that does not apply, such as the other side of a row that has none.
NOT_APPLICABLE = "_Z"
# The fields with the jurisdictions that a row is about. Each of them must be in scope.
_SIDES = ("jurisdiction", "partner")


def law_rows(cells: Cells, publisher: Publisher, name: str, origin: Origin) -> Normalised:
    """The rows of law of one payload of ``publisher``'s dataset ``name``, in the columns of its table's contract.

    A blank becomes null where the field may be empty; elsewhere it counts as an unknown code. A ``date`` without a day
    becomes the first day of its month or year, and ``date_precision`` states the precision. Rows with the same key are
    reduced to one. Raises ``StructureError`` if the payload's dimensions are not those of the catalogue entry, or if a
    text is not a date or a number.
    """
    dataset = publisher.datasets[name]
    rule = dataset.record
    if rule is None:
        raise CatalogueError(f"{publisher.publisher}/{name} holds no law")
    table = contract(dataset.table)
    # Names of areas have the meaning of the payload's own day, also in rows about older events.
    day = (cells.updated or origin.stamp or origin.received).date()
    frame = select_cells(cells, rule, rule.fields).with_columns(period=pl.lit(day), published=pl.lit(day.isoformat()))
    frame, translated = translate_fields(frame, rule.fields, cells, publisher)
    rows = with_provenance(frame, publisher, name, origin, cells.updated).collect()
    known = _known_codes(rows, translated, table)
    unknown = rows.filter(~pl.all_horizontal(*known.values()))
    unmatched = unmatched_codes(
        unknown.lazy(),
        [(dimension, ~known[field]) for field, dimension in translated.items()],
        cells,
    )
    matched = rows.filter(*known.values()).filter(_in_scope(table))
    typed = _typed(matched, rule.fields, table, cells)
    distinct = typed.sort("locator").unique(table.key, keep="first", maintain_order=True)
    return Normalised(distinct, unmatched, rows.height, unknown.height)


def _in_scope(table: Contract) -> pl.Expr:
    sides = [name for name in _SIDES if name in table.field_names]
    allowed = (*areas_in_scope(), WHOLE, NOT_APPLICABLE)
    return pl.all_horizontal(pl.lit(value=True), *(pl.col(name).is_in(allowed) for name in sides))


def _known_codes(rows: pl.DataFrame, translated: Mapping[str, str], table: Contract) -> dict[str, pl.Expr]:
    """For each translated field, which rows have a known code in it, or a blank where the field may be empty."""
    nullable = {column.name for column in table.columns if column.nullable}
    known = {}
    for field, dimension in translated.items():
        source = f"published_{dimension}" if f"published_{dimension}" in rows.columns else dimension
        filled = pl.col(field).fill_null("") != ""
        blank = pl.col(source).fill_null("") == "" if source in rows.columns else ~filled
        known[field] = pl.col(field).is_not_null() | blank if field in nullable else filled
    return known or {"locator": pl.col("locator").is_not_null()}


def _typed(rows: pl.DataFrame, filled: Mapping[str, object], table: Contract, cells: Cells) -> pl.DataFrame:
    """The rows in the columns and types of the contract, with null for blanks."""
    missing = [column.name for column in table.stored_columns if column.name not in rows.columns]
    rows = rows.with_columns(pl.lit(None).alias(name) for name in missing)
    rows = rows.with_columns(pl.col(name).replace("", None) for name in filled if name in table.field_names)
    for column in [column for column in table.columns if column.name in filled]:
        if column.type == "date":
            rows = _with_days(rows, column.name, cells)
    if "date" in filled and "date_precision" in missing:
        rows = rows.with_columns(date_precision=pl.col("__precision"))
    try:
        rows = rows.with_columns(_truth(c.name) for c in table.columns if c.type == "boolean" and c.name in filled)
        return rows.select(pl.col(c.name).cast(POLARS[c.type]) for c in table.stored_columns)
    except pl.exceptions.InvalidOperationError as error:
        raise StructureError(f"a text does not have the type of its field: {str(error).splitlines()[0]}") from error


def _truth(field: str) -> pl.Expr:
    """The texts ``true`` and ``false`` as booleans. Another text is an ``InvalidOperationError``."""
    return pl.col(field).replace_strict({"true": True, "false": False, None: None}, return_dtype=pl.Boolean)


def _with_days(rows: pl.DataFrame, field: str, cells: Cells) -> pl.DataFrame:
    """The rows with the texts of ``field`` parsed into days, and for ``date`` with ``__precision``."""
    first = rows.group_by(field).agg(pl.col("locator").min())
    days: dict[str | None, date | None] = {}
    precisions: dict[str | None, str] = {}
    for text, locator in first.iter_rows():
        try:
            days[text], precisions[text] = parse_date(text or "")
        except StructureError as error:
            raise StructureError(f"{error}, at locator {describe_locators(cells, [locator])}") from error
    texts = rows[field].to_list()
    if field == "date":
        rows = rows.with_columns(pl.Series("__precision", [precisions[text] for text in texts], dtype=pl.String))
    return rows.with_columns(pl.Series(field, [days[text] for text in texts], dtype=pl.Date))
