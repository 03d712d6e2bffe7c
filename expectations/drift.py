"""What a table must share with the last release: its rows, its sums and its coverage, each within a limit.

Publishers revise. What goes beyond a limit is more likely read wrong than revised, and holds the release back until a
person has looked: ``corridor accept TABLE CHECK --because REASON`` lets the rows pass, and the changelog says so.
"""

import polars as pl

from expectations.rules import Facts, Identity
from warehouse.contracts import BEFORE, Contract

# Publishers seldom withdraw figures: a whole edition lacks a country now and then, not one row in twenty.
ROWS_LOST = 0.05
# The greatest revision known here, of China's migrant stock for 2020 in the United Nations' revision of 2024, moved one
# country's figure by 36 %. A whole indicator that moves by half is in another unit, or another series.
SUM_MOVED = 0.5
# Of fewer figures all may well be revised at once.
FEWEST_FIGURES = 20
# A year of a country for which there is no figure any more is what readers notice first; one in fifty is a withdrawal.
COVERAGE_LOST = 0.02


def rows_lost(frame: pl.LazyFrame, _: Contract, facts: Facts) -> pl.LazyFrame:
    """One row with both counts, where the table lost more than 5 % of its rows."""
    previous = pl.LazyFrame({"n": []}) if facts.previous is None else facts.previous
    counts = pl.concat([frame.select(rows=pl.len()), previous.select(previous_rows=pl.len())], how="horizontal")
    return counts.filter(pl.col("rows") < (1 - ROWS_LOST) * pl.col("previous_rows"))


def sums_moved(frame: pl.LazyFrame, contract: Contract, facts: Facts) -> pl.LazyFrame:
    """The indicators of a dataset whose figures that stand in both releases differ in sum by more than half.

    Magnitudes are summed, since net figures can add up to next to nothing.
    """
    if facts.previous is None:
        return frame.clear()
    sides = [
        _coded(rows).select(*contract.key, "unit", pl.col("value").abs().alias(name)).drop_nulls(name)
        for name, rows in (("after", frame), ("before", facts.previous))
    ]
    both = sides[0].join(sides[1].drop("unit"), on=contract.key)
    sums = both.group_by("dataset", "indicator", "unit").agg(
        pl.len().alias("figures"), pl.col("before").sum(), pl.col("after").sum()
    )
    moved = (pl.col("after") - pl.col("before")).abs() > SUM_MOVED * pl.col("before")
    return sums.filter(moved, pl.col("figures") >= FEWEST_FIGURES)


def coverage_lost(frame: pl.LazyFrame, _: Contract, facts: Facts) -> pl.LazyFrame:
    """The years of a reporter that had a figure of an indicator and have none, where more than 2 % of them went."""
    if facts.previous is None:
        return frame.clear()
    now, before = (_covered(rows) for rows in (frame, facts.previous))
    share = before.select(pl.len()).collect().item() * COVERAGE_LOST
    lost = before.join(now, on=["indicator", "reporter", "year"], how="anti")
    return lost.filter(pl.len() > share)


def _covered(rows: pl.LazyFrame) -> pl.LazyFrame:
    covered = _coded(rows.filter(pl.col("value").is_not_null()))
    return covered.select("indicator", "reporter", pl.col("period").dt.year().alias("year")).unique()


def _coded(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows with their codes as text, which those of two frames can be compared by."""
    return rows.with_columns(pl.col(pl.Categorical).cast(pl.String))


IDENTITIES = (
    Identity(
        "rows_do_not_shrink",
        "error",
        "Publishers revise figures but seldom withdraw them: a table that lost more than 5 % of its rows since the "
        "last release was read in part, or a code was renamed and answered with nothing.",
        rows_lost,
    ),
    Identity(
        "sums_do_not_jump",
        "error",
        "Where the same figures stand in the last release, an indicator of a dataset whose sum moved by more than half "
        "is in another unit or another series: the greatest revision known moved one country's figure by 36 %.",
        sums_moved,
        needs=(*BEFORE, "unit", "value", "dataset"),
    ),
    Identity(
        "coverage_is_kept",
        "error",
        "Who followed a country over the years looks for it again: where more than 2 % of the years of reporters that "
        "had a figure have none any more, a part of the answer was lost, or a code was renamed.",
        coverage_lost,
        needs=(*BEFORE, "period", "value"),
    ),
)
