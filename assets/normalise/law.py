"""Cells to rows of law: the publisher's codes become shared codes and its dates days, and nothing else changes.

Law has no indicator and no value. Each field of its table comes from a dimension, or is the same for all rows. What
reading statistics shares with this, above all how codes are translated, stands in ``assets.normalise.codes``.
"""

from collections.abc import Mapping
from datetime import date

import narwhals as nw
import polars as pl

from assets.core.errors import StructureError
from assets.normalise.codes import Observed, Origin, places, scope, taken, unmatched_codes, with_fields, with_provenance
from assets.normalise.dates import dated
from sources.catalogue import Publisher
from sources.cells import Cells
from sources.errors import CatalogueError
from warehouse.contracts import POLARS, Contract, contract

# Beside the 28 and the Union: an instrument as a whole.
WHOLE = "_T"
# Where a row has no other side.
NOBODY = "_Z"
# The fields of whom a row is about; a row is taken when it is about somebody whom the dataset compares.
_SIDES = ("jurisdiction", "nationality", "destination")


def record(cells: Cells, publisher: Publisher, name: str, origin: Origin) -> Observed:
    """The rows of law of one payload of ``publisher``'s dataset ``name``, in the columns of its table's contract.

    A blank is null where the field may be empty, and elsewhere a code that is not known. A ``date`` that is no whole
    day is the first of its month or year, and ``date_precision`` says so. A key that stands twice is one row.
    ``StructureError`` when the payload's dimensions are not the entry's, or a text is no date or number.
    """
    dataset = publisher.datasets[name]
    rule = dataset.record
    if rule is None:
        raise CatalogueError(f"{publisher.publisher}/{name} holds no law")
    table = contract(dataset.table)
    # A name means what it means to the payload, however old the event that it is named in.
    day = (cells.updated or origin.stamp or origin.received).date()
    frame = taken(cells, rule, rule.fields).with_columns(period=nw.lit(day), published=nw.lit(day.isoformat()))
    frame, translated = with_fields(frame, rule.fields, cells, publisher)
    frame = with_provenance(frame, publisher, name, origin, cells.updated)
    rows = frame.collect().to_polars()
    known = _known(rows, translated, table)
    unmatched = unmatched_codes(
        nw.from_native(rows.lazy()).filter(~nw.all_horizontal(*known.values(), ignore_nulls=False)),
        [(dimension, ~known[field]) for field, dimension in translated.items()],
        cells,
    )
    understood = nw.from_native(rows).filter(*known.values()).to_native()
    typed = _typed(understood.filter(_concerned(table)), rule.fields, table, cells)
    return Observed(typed.sort("locator").unique(table.key, keep="first", maintain_order=True), unmatched)


def _concerned(table: Contract) -> pl.Expr:
    sides = [name for name in _SIDES if name in table.field_names]
    return pl.all_horizontal(pl.lit(value=True), *(pl.col(name).is_in((*scope(), WHOLE, NOBODY)) for name in sides))


def _known(rows: pl.DataFrame, translated: Mapping[str, str], table: Contract) -> dict[str, nw.Expr]:
    """By field the rows in which its code is known; where a field may be empty, a code may stand for that."""
    nullable = {column.name for column in table.columns if column.nullable}
    known = {}
    for field, dimension in translated.items():
        source = f"published_{dimension}" if f"published_{dimension}" in rows.columns else dimension
        filled = nw.col(field).fill_null("") != ""
        blank = nw.col(source).fill_null("") == "" if source in rows.columns else ~filled
        known[field] = ~nw.col(field).is_null() | blank if field in nullable else filled
    return known or {"locator": ~nw.col("locator").is_null()}


def _typed(rows: pl.DataFrame, filled: Mapping[str, object], table: Contract, cells: Cells) -> pl.DataFrame:
    """The rows in the columns and types of the contract, with null for blanks."""
    lacking = [column.name for column in table.columns if column.name not in rows.columns]
    rows = rows.with_columns(pl.lit(None).alias(name) for name in lacking)
    rows = rows.with_columns(pl.col(name).replace("", None) for name in filled if name in table.field_names)
    for column in [column for column in table.columns if column.name in filled]:
        if column.type == "date":
            rows = _with_day(rows, column.name, cells)
    if "date" in filled and "date_precision" in lacking:
        rows = rows.with_columns(date_precision=pl.col("__precision"))
    try:
        return rows.select(pl.col(c.name).cast(POLARS[c.type]) for c in table.columns)
    except pl.exceptions.InvalidOperationError as error:
        raise StructureError(f"a text is not what its field needs: {str(error).splitlines()[0]}") from error


def _with_day(rows: pl.DataFrame, field: str, cells: Cells) -> pl.DataFrame:
    """The texts of a field as days; of ``date`` also how precise they are."""
    first = rows.group_by(field).agg(pl.col("locator").min())
    days: dict[str | None, date | None] = {}
    precisions: dict[str | None, str] = {}
    for text, locator in first.iter_rows():
        try:
            days[text], precisions[text] = dated(text or "")
        except StructureError as error:
            raise StructureError(f"{error}, at locator {places(cells, [locator])}") from error
    texts = rows[field].to_list()
    if field == "date":
        rows = rows.with_columns(pl.Series("__precision", [precisions[text] for text in texts], dtype=pl.String))
    return rows.with_columns(pl.Series(field, [days[text] for text in texts], dtype=pl.Date))
