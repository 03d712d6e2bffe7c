"""Rules on the comparison: every value has a source, no units are mixed, and no sum is incomplete without notice."""

from functools import partial

import polars as pl

from expectations.rule import Rules, Table
from warehouse.measures import measures

# Greatest rate per 1,000 residents of what is counted once for a person.
RESIDENTS = 1000.0
ONCE_A_PERSON = ("persons", "permits")
# By how much a published figure of the Union and the sum of its members may differ: estimates for one member, as a
# share of the figure, and rounding of each member.
UNION_SHARE, UNION_ROUNDING = 0.02, 70.0
# Flags of a figure that may explain a jump.
EXPLAINS = ("break", "source_changed", "definition_changed", "parts_missing", "provisional", "unreliable")

_HAS_VALUE = pl.col("value").is_not_null()

RULES = Rules()
_error = partial(RULES.add, severity="error", tables=("comparison",))
_warning = partial(RULES.add, severity="warning", tables=("comparison",))


@_error(reason="A row has a value or the reason why there is none, and never both.")
def value_or_reason(table: Table) -> pl.LazyFrame:
    """Rows with both a value and a reason for a missing value, or with neither."""
    return table.rows.filter(pl.col("missing_reason").is_not_null() == _HAS_VALUE)


@_error(reason="A figure that cannot be traced to its payload, table or formula cannot be checked by anybody.")
def every_value_has_a_source(table: Table) -> pl.LazyFrame:
    """Values without a table, payload or formula, or without a grade."""
    single = pl.col("parts") == 1
    no_place = single & (pl.col("payload").is_null() | pl.col("locator").is_null())
    untraced = (pl.col("aggregation") != "computed") & (pl.col("source_table").is_null() | no_place)
    return table.rows.filter(_HAS_VALUE, untraced | pl.col("grade").is_null())


@_warning(
    reason="A rate per 1,000 residents cannot exceed 1,000 where each person is counted at most once. A rate "
    "is made of the figures of two publishers, and one of them must not hold back all others.",
    shows=("rate",),
)
def rates_within_population(table: Table) -> pl.LazyFrame:
    """Rates above 1,000 per 1,000 residents of persons or permits."""
    return table.rows.filter(pl.col("unit").is_in(ONCE_A_PERSON), pl.col("rate").abs() > RESIDENTS)


@_error(
    reason="A rank is the place of a figure in the order of the comparable figures, and nothing more.",
    shows=("rank", "ranked", "rate"),
)
def ranks_follow_figures(table: Table) -> pl.LazyFrame:
    """Ranks that differ from the order of the rates, or of the values where there are no rates.

    A count of instruments that is only a lower bound has no rank.
    """
    figure = pl.coalesce("rate", "value")
    lower_bound = pl.col("source_table").eq_missing("legal_binding") & pl.col("value_max").is_not_null()
    ranked = (pl.col("aggregation") == "state") & _HAS_VALUE & (pl.col("grade") != "D") & ~lower_bound
    ranked &= pl.col("measure").cast(pl.String).is_in([name for name, entry in measures().items() if entry.ranked])
    group = ("measure", "year", ranked)
    rank = pl.when(ranked).then(figure).rank("min", descending=True).over(group).cast(pl.Int64)
    size = pl.len().over(group).cast(pl.Int64)
    compared = ranked & (size > 1)
    rows = table.rows.with_columns(expected=pl.when(compared).then(rank), together=pl.when(compared).then(size))
    return rows.filter(pl.col("expected").ne_missing(pl.col("rank")) | pl.col("together").ne_missing(pl.col("ranked")))


@_error(
    reason="Persons, crossings, permits and cases are different things and must not be compared with each other.",
    shows=("indicator", "unit"),
)
def one_unit_per_measure(table: Table) -> pl.LazyFrame:
    """Figures whose indicator has another unit than the measure."""
    unit = pl.col("indicator").replace_strict(table.facts.units, default=None, return_dtype=pl.String)
    return table.rows.with_columns(expected=unit).filter(pl.col("expected") != pl.col("unit"))


@_error(
    reason="Rows are added up only where the measure declares it. Two rows that differ in something that the measure "
    "does not name can count the same people twice.",
    shows=("parts", "dataset"),
)
def sums_only_where_declared(table: Table) -> pl.LazyFrame:
    """Figures that are sums of several rows of a dataset, where the measure declares no sum."""
    sums = [(name, source.dataset) for name, entry in measures().items() for source in entry.sources if source.total]
    declared = pl.LazyFrame(sums, schema={"measure": pl.String, "dataset": pl.String}, orient="row")
    several = table.rows.filter(pl.col("parts") > 1, pl.col("aggregation") != "computed")
    text = several.with_columns(pl.col("measure", "dataset").cast(pl.String))
    return text.join(declared, on=["measure", "dataset"], how="anti")


@_error(
    reason="A sum for the Union without one of its members is too small and looks complete.",
    shows=("missing_members",),
)
def union_sums_complete(table: Table) -> pl.LazyFrame:
    """Sums over the members of the Union that have a value although a member is missing."""
    return table.rows.filter(_HAS_VALUE, pl.col("missing_members").is_not_null())


@_warning(
    reason="The figures of the members add up to the published figure of the Union, except for estimates for a member "
    "and rounding.",
    shows=("dataset",),
)
def union_sums_near_published(table: Table) -> pl.LazyFrame:
    """Sums over the members that differ from the published figure of the Union by more than estimates and rounding."""
    keys = ["measure", "jurisdiction", "year"]
    additive = [name for name, entry in measures().items() if entry.additive]
    published = table.rows.filter(pl.col("aggregation") == "published", _HAS_VALUE)
    sums = table.rows.filter(pl.col("aggregation") == "computed", pl.col("measure").is_in(additive))
    pairs = sums.join(published.select(*keys, expected=pl.col("value")), on=keys)
    difference = (pl.col("value") - pl.col("expected")).abs()
    return pairs.filter(difference > UNION_SHARE * pl.col("expected").abs() + UNION_ROUNDING)


@_warning(
    reason="A series that doubles or halves within a year is true, has a break or is wrong: a person must look at it.",
    shows=("step", "flags", "dataset"),
)
def no_large_jumps(table: Table) -> pl.LazyFrame:
    """Figures that are far from the year before, with the flags that may explain it."""
    flags = pl.col("flags").cast(pl.String).str.split(";")
    probable = flags.list.set_intersection(pl.lit(list(EXPLAINS))).list.join(", ")
    return _flagged(table, "jump").with_columns(
        probable=pl.when(probable == "").then(pl.lit("no reason known from the sources")).otherwise(probable)
    )


@_warning(
    reason="Two sources that count the same thing and differ by more than a factor of ten cannot both be right.",
    shows=("flags", "dataset"),
)
def sources_agree(table: Table) -> pl.LazyFrame:
    """Figures for which two sources of one concept differ by more than a factor of ten."""
    return _flagged(table, "sources_disagree")


@_warning(
    reason="If the counting rule changes within a series, the rule and not the world may explain a change of the "
    "figures.",
    shows=("flags", "dataset", "definition"),
)
def one_definition_per_series(table: Table) -> pl.LazyFrame:
    """Figures whose counting rule differs from that of the year before."""
    return _flagged(table, "definition_changed")


@RULES.add(
    severity="error",
    reason="A grade below A follows from differences in how figures are counted, so it must name them.",
    needs=("grade", "grade_reasons"),
)
def grades_give_reasons(table: Table) -> pl.LazyFrame:
    """Figures, or pairs of figures, with a grade below A and no reason for it."""
    return table.rows.filter(pl.col("grade") != "A", pl.col("grade_reasons").is_null())


def _flagged(table: Table, flag: str) -> pl.LazyFrame:
    """The rows that have a flag."""
    return table.rows.filter(pl.col("flags").cast(pl.String).str.split(";").list.contains(flag))
