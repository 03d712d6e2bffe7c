"""Large frames: their strings as categories, and their keys as numbers.

A table of statistics repeats a small number of codes in millions of rows. A category takes four bytes a row. One number
for a whole key is sorted, joined and compared several times faster than fourteen fields.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import polars as pl

Rows = TypeVar("Rows", pl.DataFrame, pl.LazyFrame)
# The tables of a release by name.
Tables = Mapping[str, pl.LazyFrame]

# Rows that are in memory at once, if the first field of the key has several values.
PART_ROWS = 1_000_000

# The greatest product of numbers of values that is still computed in 64 bits.
_LARGEST = 2**62
# Up to this number of values a position is looked up; the positions of more values are computed by sorting.
_FEW = 10_000


def compact(rows: pl.LazyFrame) -> pl.DataFrame:
    """The rows with strings as categories, computed batch by batch so that the strings are never in memory at once."""
    return rows.with_columns(pl.col(pl.String).cast(pl.Categorical)).collect(engine="streaming")


def plain(rows: Rows) -> Rows:
    """The rows with categories as strings."""
    return rows.with_columns(pl.col(pl.Categorical).cast(pl.String))


def height(rows: pl.LazyFrame) -> int:
    """The number of rows."""
    return int(rows.select(pl.len()).collect().item())


def contains_day(first: str, end: str, day: pl.Expr) -> pl.Expr:
    """Whether the interval of a row contains a day: from ``first`` to the day before ``end``, which may be null."""
    return (pl.col(first) <= day) & (pl.col(end).is_null() | (pl.col(end) > day))


def write(rows: pl.DataFrame, path: Path) -> None:
    """Write rows as Parquet with strings, batch by batch."""
    plain(rows.lazy()).sink_parquet(path)


def in_parts(rows: pl.LazyFrame, key: Sequence[str]) -> Iterator[pl.DataFrame]:
    """The rows in the order of their key, in parts, with strings as categories.

    A part holds whole groups of rows that share the first field of the key: several groups of at most ``PART_ROWS``
    rows, or one larger group.
    """
    for group in groups(rows, key[0]):
        yield in_order(compact(rows.filter(group)), key)


def groups(rows: pl.LazyFrame, field: str) -> list[pl.Expr]:
    """Conditions that together select all rows: each those with some values of a field, at most ``PART_ROWS`` rows.

    A value with more rows is a group of its own. Few rows are one group. A missing value is a value.
    """
    sizes = rows.group_by(field).len().sort(field).collect(engine="streaming")
    if sizes["len"].sum() <= PART_ROWS:
        return [pl.lit(value=True)]
    found, totals = [], pl.col("len").cum_sum()
    while sizes.height:
        within = sizes.select((totals <= PART_ROWS).sum()).item() or 1
        found.append(pl.col(field).is_in(sizes.to_series(0).head(within).implode(), nulls_equal=True))
        sizes = sizes.slice(within)
    return found


def in_order(rows: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """The rows in the order of their key, missing values first: as ``DataFrame.sort``, with less time and memory."""
    number = key_numbers([rows], key)[0]
    return rows if number.is_sorted() else rows[number.arg_sort()]


def has_duplicates(rows: pl.DataFrame, key: Sequence[str]) -> bool:
    """Whether two rows have the same key. A missing part of a key equals a missing part."""
    return bool(key_numbers([rows], key)[0].is_duplicated().any())


def key_numbers(frames: Sequence[pl.DataFrame], key: Sequence[str]) -> list[pl.Series]:
    """For each frame a number for each row: equal for equal keys, and in the order of the keys, over all frames.

    The frames have the same types. A missing part of a key equals a missing part and comes first.
    """
    count, values = sum(frame.height for frame in frames), 1
    number = pl.zeros(count, pl.UInt64, eager=True)
    for name in key:
        column = pl.concat([frame[name] for frame in frames])
        position, size = _positions(column)
        if size == 1:
            continue
        if values * size > _LARGEST:
            number = number.rank("dense").cast(pl.UInt64)
            values = count + 1
        number, values = number * size + position, values * size
    offsets = [sum(frame.height for frame in frames[:at]) for at in range(len(frames))]
    return [number.slice(offset, frame.height) for offset, frame in zip(offsets, frames, strict=True)]


def _positions(column: pl.Series) -> tuple[pl.Series, int]:
    """The position of each value among the values in their order, 0 for a missing one; and the number of positions."""
    values = column.unique().drop_nulls()
    missing = column.has_nulls()
    if len(values) + missing <= 1:
        return column, 1
    if isinstance(column.dtype, pl.String | pl.Categorical):
        position = column.cast(pl.Enum(values.cast(pl.String).sort())).to_physical()
    else:
        position = column.rank("dense") - 1 if len(values) > _FEW else _small(column, values.sort())
    return (position.cast(pl.UInt64) + missing).fill_null(0), len(values) + missing


def _small(column: pl.Series, values: pl.Series) -> pl.Series:
    """The position of each value among few sorted values."""
    return column.replace_strict(values, pl.int_range(len(values), eager=True), default=None)
