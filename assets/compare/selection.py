"""Selection of figures from the tables of statistics, and sums of several rows. Frames are narwhals lazy frames."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import narwhals as nw
import polars as pl

from sources.catalogue import datasets
from warehouse import codes
from warehouse.contracts import contract
from warehouse.measures import DECIMALS, STATUS_FLAGS, TOTAL, UNITS, Selection

Frame = nw.LazyFrame[Any]

# Flags of our own that the way in which a figure is computed sets, each a column with 1 where the flag applies.
COMPUTED_FLAGS = ("parts_missing", "member_differs", "member_missing")
# The columns of a selected figure.
FIGURE: dict[str, pl.DataType] = {
    "year": pl.Int64(),
    "value": pl.Float64(),
    "value_min": pl.Float64(),
    "value_max": pl.Float64(),
    "missing_reason": pl.String(),
    "indicator": pl.String(),
    "definition": pl.String(),
    "dataset": pl.String(),
    "payload": pl.String(),
    "locator": pl.Int64(),
    "known_from": pl.Datetime("us", "UTC"),
    "source_table": pl.String(),
    **dict.fromkeys(STATUS_FLAGS, pl.Int64()),
}
# A sum keeps these if they are equal in all of its rows, and is null in them if not.
_COMMON = ("dataset", "indicator", "definition", "payload", "source_table")
_VALUES = ("value", "low", "high")


def select_rows(
    tables: Mapping[str, Frame], selection: Selection, years: Sequence[int], free: Collection[str]
) -> Frame:
    """The rows of a selection for every jurisdiction. Dimensions in ``free`` are not filtered."""
    table = datasets()[selection.dataset][1].table
    frame = tables[table].filter(
        nw.col("dataset") == selection.dataset,
        nw.col("indicator") == selection.indicator,
        nw.col("freq") == selection.freq,
    )
    if selection.definition:
        frame = frame.filter(nw.col("definition").is_in(selection.definition))
    for dimension in ("partner", *contract(table).dimensions):
        default = selection.partner if dimension == "partner" else list(TOTAL)
        wanted = selection.where.get(dimension) or default
        if dimension in selection.total and wanted == list(TOTAL):
            frame = frame.filter(~nw.col(dimension).is_in(TOTAL))
        elif dimension not in free:
            frame = frame.filter(nw.col(dimension).is_in(wanted))
    if "jurisdiction" in selection.total:
        frame = frame.filter(~nw.col("jurisdiction").is_in(_groups()))
    flags = {
        flag: nw.col("obs_status").str.contains(letter, literal=True).cast(nw.Int64)
        for flag, letter in STATUS_FLAGS.items()
    }
    return frame.with_columns(
        year=nw.col("period").dt.year().cast(nw.Int64), source_table=nw.lit(table), **flags
    ).filter(nw.col("year") >= min(years), nw.col("year") <= max(years))


def with_zeros(rows: Frame, every: Frame) -> Frame:
    """The ``rows`` of a selection, and 0 for each jurisdiction and year that has rows in ``every`` and none in them.

    ``every`` are the rows of the selection for all partners. Each of them adds 0, so that the figure leads to the list
    in which the partner does not occur.
    """
    keys, columns = ["jurisdiction", "year"], ["jurisdiction", *FIGURE]
    zeros = every.join(rows.select(*keys).unique(keys), on=keys, how="anti").with_columns(
        value=nw.lit(0.0),
        **dict.fromkeys(("value_min", "value_max"), nw.lit(None, nw.Float64)),
        missing_reason=nw.lit(None, nw.String),
    )
    return nw.concat([rows.select(*columns), zeros.select(*columns)])


def _groups() -> list[str]:
    """Areas whose members are also counted separately. The Channel Islands are not: no publisher separates them."""
    areas = codes.areas().filter(pl.col("kind").is_in(["group", "aggregate"]), pl.col("area") != "CHI_ISL")
    return [*areas["area"], *TOTAL]


def sum_rows(rows: Frame, keys: Sequence[str], maxima: Sequence[str] = ()) -> Frame:
    """One figure for each key: the figure of a single row, or the sum of several, with ``parts`` rows.

    Flags and the columns ``maxima`` have the largest value of the rows. A sum has no value if fewer than
    ``least_parts`` of its rows have one. If only some of its rows have a value, ``parts_missing`` is 1.
    """
    present = ~nw.col("value").is_null()
    return (
        _with_sums(_grouped(rows, keys, maxima))
        .with_columns(
            value_min=nw.when(nw.col("rounded") == 1, present).then(nw.col("low")),
            value_max=nw.when(nw.col("rounded") == 1, present).then(nw.col("high")),
            locator=nw.when(nw.col("parts") == 1).then(nw.col("locator")),
            parts_missing=nw.when(nw.col("unknown") > 0, present).then(1).otherwise(0),
            **{name: nw.when(nw.col(name) == nw.col(f"last_{name}")).then(nw.col(name)) for name in _COMMON},
        )
        .drop(
            "low",
            "high",
            *(f"whole_{name}" for name in _VALUES),
            "rounded",
            "unknown",
            "least_parts",
            *(f"last_{name}" for name in _COMMON),
        )
    )


def _grouped(rows: Frame, keys: Sequence[str], maxima: Sequence[str]) -> Frame:
    """The rows of each key aggregated: sums of whole ten-thousandths, and least and greatest of the other columns."""
    return (
        rows.with_columns(
            low=nw.coalesce("value_min", "value"),
            high=nw.coalesce("value_max", "value"),
            rounded=(~nw.col("value_min").is_null() | ~nw.col("value_max").is_null()).cast(nw.Int64),
            unknown=nw.col("value").is_null().cast(nw.Int64),
        )
        .with_columns(**{f"whole_{name}": (nw.col(name) * UNITS).round().cast(nw.Int64) for name in _VALUES})
        .group_by(*keys)
        .agg(
            nw.col("unknown", *(f"whole_{name}" for name in _VALUES)).sum(),
            nw.col(*_VALUES).min(),
            nw.col("rounded", "least_parts", *STATUS_FLAGS, *maxima, "known_from").max(),
            nw.col("missing_reason", "locator", *_COMMON).min(),
            *(nw.col(name).max().alias(f"last_{name}") for name in _COMMON),
            parts=nw.len().cast(nw.Int64),
        )
    )


def _with_sums(grouped: Frame) -> Frame:
    """The figures with the value of their single row or the sum of their rows; none if too few rows have a value."""
    single = nw.col("parts") == 1
    sums = {
        # Some engines multiply by the reciprocal instead of dividing, which changes the last digit.
        name: nw.when(single).then(nw.col(name)).otherwise((nw.col(f"whole_{name}") / UNITS).round(DECIMALS))
        for name in _VALUES
    }
    enough = nw.col("parts") - nw.col("unknown") >= nw.col("least_parts")
    return grouped.with_columns(**sums).with_columns(value=nw.when(enough).then(nw.col("value")))
