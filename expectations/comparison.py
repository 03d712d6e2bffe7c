"""What must hold of the comparison: nothing without a source or a reason, nothing mixed, nothing silently short.

Pure functions from a table's lazy frame to its failing rows, like those of ``expectations.rules``.
"""

import polars as pl

from expectations.rules import Facts, Identity
from warehouse.contracts import Contract
from warehouse.measures import measures

TABLE = ("comparison",)
# A rate for each 1 000 residents of what is counted once for a person cannot be greater.
RESIDENTS = 1000.0
ONCE_A_PERSON = ("persons", "permits")
# A published figure of the Union and the sum of its members: estimates for one of them, and rounding of each.
UNION_SHARE, UNION_ROUNDING = 0.02, 70.0
# What may explain a jump, from the flags of the same figure.
EXPLAINS = ("break", "source_changed", "definition_changed", "parts_missing", "provisional", "unreliable")

_HAS = pl.col("value").is_not_null()


def value_or_reason(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Rows with both a value and a reason for none, or with neither."""
    return frame.filter(pl.col("missing_reason").is_not_null() == _HAS)


def without_source(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Values that no table, payload or formula stands behind, or that have no grade."""
    picked = pl.col("parts") == 1
    untraced = pl.col("source_table").is_null() | (picked & (pl.col("payload").is_null() | pl.col("locator").is_null()))
    return frame.filter(_HAS, (pl.col("aggregation") != "computed") & untraced | pl.col("grade").is_null())


def rate_beyond(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """More than 1 000 for each 1 000 residents of what a person is counted in once."""
    return frame.filter(pl.col("unit").is_in(ONCE_A_PERSON), pl.col("rate").abs() > RESIDENTS)


def ranks_off(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Ranks that are not those of the rates, or where there are none of the values, among those that are ranked."""
    by = pl.coalesce("rate", "value")
    ranked = (pl.col("aggregation") == "state") & _HAS & (pl.col("grade") != "D")
    group = ("measure", "year", ranked)
    expected = pl.when(ranked).then(by).rank("min", descending=True).over(group).cast(pl.Int64)
    several = ranked & (pl.len().over(group) > 1)
    return frame.with_columns(
        expected=pl.when(several).then(expected), together=pl.when(several).then(pl.len().over(group)).cast(pl.Int64)
    ).filter(pl.col("expected").ne_missing(pl.col("rank")) | pl.col("together").ne_missing(pl.col("ranked")))


def units_mixed(frame: pl.LazyFrame, _: Contract, facts: Facts) -> pl.LazyFrame:
    """Figures whose indicator is counted in another unit than the measure."""
    counted = pl.col("indicator").replace_strict(facts.units, default=None, return_dtype=pl.String)
    return frame.with_columns(expected=counted).filter(pl.col("expected") != pl.col("unit"))


def added_unasked(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Figures of several rows of a dataset that the measure does not add up."""
    sums = [(name, source.dataset) for name, entry in measures().items() for source in entry.sources if source.total]
    asked = pl.LazyFrame(sums, schema={"measure": pl.String, "dataset": pl.String}, orient="row")
    several = frame.filter(pl.col("parts") > 1, pl.col("aggregation") != "computed")
    text = pl.col("measure", "dataset").cast(pl.String)
    return several.with_columns(text).join(asked, on=["measure", "dataset"], how="anti")


def union_short(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Sums over the members of the Union that have a value though a member is missing."""
    return frame.filter(_HAS, pl.col("missing_members").is_not_null())


def union_apart(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Sums over the members that are further from what is published for the Union than estimates and rounding."""
    keys = ["measure", "jurisdiction", "year"]
    additive = [name for name, entry in measures().items() if entry.additive]
    published = frame.filter(pl.col("aggregation") == "published", _HAS).select(*keys, expected=pl.col("value"))
    sums = frame.filter(pl.col("aggregation") == "computed", pl.col("measure").is_in(additive)).join(published, on=keys)
    apart = (pl.col("value") - pl.col("expected")).abs()
    return sums.filter(apart > UNION_SHARE * pl.col("expected").abs() + UNION_ROUNDING)


def jumps(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Figures that are far from the year before, with what may explain it."""
    flags = pl.col("flags").cast(pl.String).str.split(";")
    probable = flags.list.set_intersection(pl.lit(list(EXPLAINS))).list.join(", ")
    return frame.filter(flags.list.contains("jump")).with_columns(
        probable=pl.when(probable == "").then(pl.lit("no reason known from the sources")).otherwise(probable)
    )


def sources_apart(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Figures of which two sources of one concept are more than a factor of ten apart."""
    return frame.filter(pl.col("flags").cast(pl.String).str.split(";").list.contains("sources_disagree"))


def rules_changed(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Figures that are counted by another rule than that of the year before."""
    return frame.filter(pl.col("flags").cast(pl.String).str.split(";").list.contains("definition_changed"))


def apart_not_named(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Pairs of figures below grade A that do not say in what they differ."""
    return frame.filter(pl.col("grade") != "A", pl.col("grade_reasons").is_null())


IDENTITIES = (
    Identity(
        "value_or_reason",
        "error",
        "What is not known is missing with a reason, and what is known needs none.",
        value_or_reason,
        tables=TABLE,
    ),
    Identity(
        "every_value_has_a_source",
        "error",
        "A figure that cannot be traced to its payload, table or formula is no figure.",
        without_source,
        tables=TABLE,
    ),
    Identity(
        "rates_below_all",
        "error",
        "No more residents than there are can have been counted.",
        rate_beyond,
        tables=TABLE,
        shows=("rate",),
    ),
    Identity(
        "ranks_follow_figures",
        "error",
        "A rank says no more than the order of the comparable figures.",
        ranks_off,
        tables=TABLE,
        shows=("rank", "ranked", "rate"),
    ),
    Identity(
        "one_unit_a_measure",
        "error",
        "Persons, crossings, permits and cases are never set side by side.",
        units_mixed,
        tables=TABLE,
        shows=("indicator", "unit"),
    ),
    Identity(
        "no_sum_unasked",
        "error",
        "Two rows that tell the same people apart by something the measure does not name would count them twice.",
        added_unasked,
        tables=TABLE,
        shows=("parts", "dataset"),
    ),
    Identity(
        "union_never_short",
        "error",
        "A sum without one of its members is a smaller figure that looks like a whole one.",
        union_short,
        tables=TABLE,
        shows=("missing_members",),
    ),
    Identity(
        "union_as_published",
        "warning",
        "The members' figures make the Union's, but for estimates of a member and rounding.",
        union_apart,
        tables=TABLE,
        shows=("dataset",),
    ),
    Identity(
        "jumps_to_look_at",
        "warning",
        "A series that doubles or halves within a year is true, broken or wrong: a person must look.",
        jumps,
        tables=TABLE,
        shows=("step", "flags", "dataset"),
    ),
    Identity(
        "sources_agree",
        "warning",
        "Two counts of one thing that are a factor of ten apart are not both right.",
        sources_apart,
        tables=TABLE,
        shows=("flags", "dataset"),
    ),
    Identity(
        "one_rule_a_series",
        "warning",
        "What changes with the rule by which it is counted has not changed in the world.",
        rules_changed,
        tables=TABLE,
        shows=("flags", "dataset", "definition"),
    ),
    Identity(
        "grades_give_reasons",
        "error",
        "A grade below A is worked out from differences, and names them.",
        apart_not_named,
        needs=("grade", "grade_reasons"),
    ),
)
