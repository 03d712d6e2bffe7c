"""Rules on changes against the last release: how many rows, how much of a sum and which coverage a table may lose.

Publishers revise their figures. A change beyond a limit is more probably an error of reading than a revision, and holds
the release back until a person has looked at it: ``corridor accept TABLE CHECK --because REASON`` accepts the rows, and
the changelog names them.
"""

import polars as pl

from expectations.rule import Rules, Table
from warehouse.contracts import BEFORE
from warehouse.rows import height, plain

# Publishers seldom withdraw figures: now and then an edition lacks a country, but not one row in twenty.
ROWS_LOST = 0.05
# The greatest known revision, of China's migrant stock for 2020 in the United Nations' revision of 2024, changed one
# country's figure by 36 %. If a whole indicator changes by half, it is in another unit, or another series.
SUM_MOVED = 0.5
# Fewer figures than this may all be revised at once.
FEWEST_FIGURES = 20
# Readers notice first that a year of a country has no figure any more; one in fifty is a withdrawal.
COVERAGE_LOST = 0.02

# Tables of what was not used or is not known. They lose rows when more is read, or when a person accepts a figure.
NOT_USED = ("unmatched_code", "unread_sentence", "held_figure", "legal_gap")

RULES = Rules()


@RULES.add(
    severity="error",
    reason="Publishers revise figures but seldom withdraw them. A table that lost more than 5 % of its rows since the "
    "last release was read only in part, or a code was renamed and the request for it returned nothing.",
    across=True,
)
def rows_do_not_shrink(table: Table) -> pl.LazyFrame:
    """One row with both numbers of rows, if the table lost more than 5 % of its rows."""
    previous = pl.LazyFrame({"n": []}) if table.facts.previous is None else table.facts.previous
    if table.contract.table in NOT_USED:
        return table.rows.clear()
    counts = pl.concat([table.rows.select(rows=pl.len()), previous.select(previous_rows=pl.len())], how="horizontal")
    return counts.filter(pl.col("rows") < (1 - ROWS_LOST) * pl.col("previous_rows"))


@RULES.add(
    severity="error",
    reason="If the sum of the figures that are in both releases changes by more than half for an indicator of a "
    "dataset, the figures are in another unit or of another series: the greatest known revision changed one country's "
    "figure by 36 %.",
    needs=(*BEFORE, "unit", "value", "dataset"),
    across=True,
)
def sums_do_not_jump(table: Table) -> pl.LazyFrame:
    """Indicators of a dataset whose sum, over the figures that are in both releases, changed by more than half.

    Absolute values are added, because net figures can add up to almost nothing.
    """
    if table.facts.previous is None:
        return table.rows.clear()
    parts = pl.concat([_sums(part) for part in table.parts()])
    sums = parts.lazy().group_by("dataset", "indicator", "unit").sum()
    moved = (pl.col("after") - pl.col("before")).abs() > SUM_MOVED * pl.col("before")
    return sums.filter(moved, pl.col("figures") >= FEWEST_FIGURES)


def _sums(part: Table) -> pl.DataFrame:
    """For each indicator of a dataset the figures that are in both releases: their number and their sums."""
    key = part.contract.key
    after, before = (
        plain(rows).select(*key, "unit", pl.col("value").abs().alias(name)).drop_nulls(name)
        for name, rows in (("after", part.rows), ("before", part.facts.previous))
        if rows is not None
    )
    joined = after.join(before.drop("unit"), on=key).group_by("dataset", "indicator", "unit")
    return joined.agg(pl.len().alias("figures"), pl.col("before").sum(), pl.col("after").sum()).collect()


@RULES.add(
    severity="error",
    reason="A user who follows a country over the years expects to find it again. If more than 2 % of the years of "
    "jurisdictions that had a figure have none any more, a part of the response was lost, or a code was renamed.",
    needs=(*BEFORE, "year", "value"),
    shows=("year",),
    across=True,
)
def coverage_is_kept(table: Table) -> pl.LazyFrame:
    """Years of a jurisdiction that had a figure of an indicator and have none now, if these are more than 2 %."""
    if table.facts.previous is None:
        return table.rows.clear()
    now, before = (_covered(rows) for rows in (table.rows, table.facts.previous))
    share = height(before) * COVERAGE_LOST
    lost = before.join(now, on=["indicator", "jurisdiction", "year"], how="anti")
    return lost.filter(pl.len() > share)


def _covered(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The indicators, jurisdictions and years that have a figure."""
    figures = plain(rows.filter(pl.col("value").is_not_null()))
    return figures.select("indicator", "jurisdiction", "year").unique()
