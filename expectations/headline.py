"""Rules on the headline figures: they can be added up, and no series changes what it counts without a flag."""

from functools import partial

import polars as pl

from expectations.rule import Rules, Table
from warehouse import codes
from warehouse.codes import UNION
from warehouse.codes.concepts import indicators_with
from warehouse.headline import headline_indicators, tolerance
from warehouse.measures import TOTAL

# The published figure of the Union contains estimates for members; they are less than this share of it.
UNION_SHARE = 0.02

_SERIES = ("indicator", "jurisdiction", "partner")
_YEAR = ("indicator", "jurisdiction", "year")

RULES = Rules()
_error = partial(RULES.add, severity="error", tables=("headline",))


@_error(
    reason="Whoever adds up the partners of a jurisdiction expects its total. A greater sum counts persons twice, and "
    "a smaller one leaves persons out.",
    shows=("all_partners",),
)
def partners_make_total(table: Table) -> pl.LazyFrame:
    """Years of a jurisdiction whose partners do not add up to the total over all partners, beyond rounding."""
    sums = (
        table.rows.filter(pl.col("all_partners").is_not_null())
        .group_by(_YEAR)
        .agg(
            pl.col("value").sum(),
            pl.col("all_partners").min(),
            totals=pl.col("all_partners").n_unique(),
            partners=pl.len(),
        )
    )
    difference = (pl.col("value") - pl.col("all_partners")).abs()
    differs = difference > tolerance(pl.col("partners"), pl.col("all_partners"))
    return sums.filter(differs | (pl.col("totals") > 1))


@_error(
    reason="Whoever adds up the members expects the figure of the Union, because each member counts its own.",
    shows=("all_partners",),
)
def union_is_sum_of_members(table: Table) -> pl.LazyFrame:
    """Totals of the Union that differ from the sum of its 27 members by more than estimates for members explain."""
    adding = [
        name for name, entry in headline_indicators().items() if (entry.of or name) in indicators_with("sums_to_union")
    ]
    known = table.rows.filter(
        pl.col("indicator").cast(pl.String).is_in(adding), pl.col("all_partners").is_not_null()
    ).with_columns(pl.col("scope", "jurisdiction").cast(pl.String))
    totals = known.group_by(*_YEAR, "scope").agg(pl.col("all_partners").first())
    members = (
        totals.filter(pl.col("scope") == "member")
        .group_by("indicator", "year")
        .agg(members=pl.col("all_partners").sum(), states=pl.len())
        .filter(pl.col("states") == len(table.facts.members[UNION]))
    )
    pairs = totals.filter(pl.col("jurisdiction") == UNION).join(members, on=["indicator", "year"])
    return pairs.filter((pl.col("all_partners") - pl.col("members")).abs() > UNION_SHARE * pl.col("members").abs())


@_error(
    reason="A row has a value or the reason why there is none. A computed row is computed from values, so it has one.",
    shows=("missing_reason", "made"),
)
def value_or_reason(table: Table) -> pl.LazyFrame:
    """Rows with both a value and a reason for a missing value, or with neither."""
    return table.rows.filter(pl.col("missing_reason").is_not_null() == pl.col("value").is_not_null())


@_error(
    reason="A line through a change from persons born abroad to foreign citizens shows a change that never happened.",
    shows=("definition", "flags"),
)
def changed_concepts_are_flagged(table: Table) -> pl.LazyFrame:
    """Rows that count another concept than the row before them in their series, without a flag."""
    concepts = codes.read("counting").select("definition", pl.col("concept").fill_null("").alias("counted")).lazy()
    rows = table.rows.filter(pl.col("value").is_not_null()).with_columns(pl.col("definition").cast(pl.String))
    ordered = rows.join(concepts, on="definition", how="left").sort(*_SERIES, "year")
    before = pl.col("counted").shift().over(_SERIES)
    flagged = pl.col("flags").cast(pl.String).fill_null("").str.contains("definition_changed", literal=True)
    return ordered.filter(pl.col("counted") != before, ~flagged)


@_error(
    reason="A total or a group next to its members would be added to them.",
    shows=("unit", "all_partners"),
)
def no_total_with_its_parts(table: Table) -> pl.LazyFrame:
    """Rows of all partners in a year in which single partners have rows too."""
    total = pl.col("partner").cast(pl.String).is_in(TOTAL)
    counted = table.rows.filter(pl.col("all_partners").is_not_null())
    return counted.filter(total, pl.len().over(_YEAR) > 1)
