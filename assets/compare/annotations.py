"""Rates, changes on the year before, flags and ranks of the figures in table ``comparison``.

Functions take and return narwhals lazy frames.
"""

from collections.abc import Sequence

import narwhals as nw

from assets.compare.engines import Engine, Frame
from assets.compare.grades import NOT_COMPARABLE, join_texts
from assets.compare.question import KEY, STATE, Question
from assets.compare.selection import COMPUTED_FLAGS
from warehouse.measures import STATUS_FLAGS

# A figure is flagged as a jump if it is more than twice or less than half of that of the year before and differs by at
# least 100; a percentage if it differs by more than ten points.
JUMP, JUMP_LEAST, JUMP_POINTS = 2.0, 100.0, 10.0
SHARES = ("percent", "percentage_points")
# Sources that count the same phenomenon are flagged if they differ by more than this factor and reach this value.
DISAGREEMENT, DISAGREEMENT_LEAST = 10.0, 100.0


def annotate(rows: Frame, candidates: Frame, question: Question, engine: Engine) -> Frame:
    """Table ``comparison``: the rows with rate, step, flags, rank and ranked."""
    flagged = _with_flags(_with_step(_with_rates(rows, question)), candidates)
    ranked = [name for name, entry in question.measures.items() if entry.ranked]
    return _with_ranks(engine.materialise(flagged), ranked)


def _with_rates(rows: Frame, question: Question) -> Frame:
    """The rows with ``rate``: the value per 1 000 residents, if the measure has rates and the residents are known."""
    keys = ["jurisdiction", "aggregation", "year"]
    residents = rows.filter(nw.col("measure") == "population").select(*keys, nw.col("value").alias("residents"))
    rated = [name for name, entry in question.measures.items() if entry.per_population]
    rate = nw.when(nw.col("measure").is_in(rated), nw.col("residents") > 0).then(
        nw.col("value") / nw.col("residents") * 1000
    )
    return rows.join(residents, on=keys, how="left").with_columns(rate=rate).drop("residents")


def _with_step(rows: Frame) -> Frame:
    """The rows with ``step``, the change on the year before, and the dataset and definition of the last known value."""
    series = ["measure", "jurisdiction", "aggregation"]
    before = rows.select(*series, (nw.col("year") + 1).alias("year"), nw.col("value").alias("before"))
    last = {
        f"{name}_before": nw.col(name).shift(1).over(*series, order_by="year") for name in ("dataset", "definition")
    }
    known = rows.filter(~nw.col("value").is_null()).with_columns(**last).select(*KEY, *last)
    stepped = rows.join(before, on=list(KEY), how="left").join(known, on=list(KEY), how="left")
    return stepped.with_columns(step=nw.col("value") - nw.col("before"))


def _with_flags(rows: Frame, candidates: Frame) -> Frame:
    """The rows with ``flags``: warnings that a reader needs before comparing a value with others."""
    least = nw.min_horizontal("value", "before")
    most = nw.max_horizontal("value", "before")
    share_jumps = nw.col("step").abs() > JUMP_POINTS
    count_jumps = (most > JUMP * least) & (nw.col("step").abs() >= JUMP_LEAST)
    conditions = {
        **{flag: nw.col(flag) == 1 for flag in (*STATUS_FLAGS, *COMPUTED_FLAGS)},
        "source_changed": nw.col("dataset") != nw.col("dataset_before"),
        "definition_changed": nw.col("definition") != nw.col("definition_before"),
        "sources_disagree": nw.col("disagree") == 1,
        "jump": nw.when(nw.col("unit").is_in(SHARES)).then(share_jumps).otherwise(count_jumps),
    }
    flags = {f"flag_{name}": nw.when(condition).then(nw.lit(name)) for name, condition in conditions.items()}
    return (
        rows.join(_disagreements(candidates), on=["measure", "jurisdiction", "year"], how="left")
        .with_columns(**flags)
        .with_columns(flags=join_texts(flags))
        .with_columns(flags=nw.when(~nw.col("value").is_null()).then(nw.col("flags")))
        .drop(*flags, *STATUS_FLAGS, *COMPUTED_FLAGS)
        .drop("before", "dataset_before", "definition_before", "disagree")
    )


def _disagreements(candidates: Frame) -> Frame:
    """Measures, jurisdictions and years in which two sources of the same phenomenon differ by more than a factor."""
    same = nw.all_horizontal(*(nw.col(f"differs_{name}") == 0 for name in ("phenomenon", "concept")), ignore_nulls=True)
    return (
        candidates.filter(~nw.col("value").is_null(), same)
        .group_by("measure", "jurisdiction", "year")
        .agg(least=nw.col("value").min(), most=nw.col("value").max())
        .filter(
            nw.col("most") > DISAGREEMENT * nw.col("least"),
            nw.col("most") >= DISAGREEMENT_LEAST,
            nw.col("least") >= 0,
        )
        .select("measure", "jurisdiction", "year", nw.lit(1).alias("disagree"))
    )


def _with_ranks(rows: Frame, measures: Sequence[str]) -> Frame:
    """The rows of these measures with ``rank``, the greatest first, and ``ranked``, the number of ranked states.

    States are ranked by rate, or by value if the measure has no rate. Figures that are not comparable have no rank, nor
    has the only figure of a measure and year, nor a count of instruments that is only a lower bound.
    """
    by = nw.coalesce("rate", "value")
    counted = (nw.col("source_table") == "legal_binding").fill_null(value=False)
    lower_bound = counted & ~nw.col("value_max").is_null()
    comparable = (nw.col("grade") != NOT_COMPARABLE) & ~lower_bound
    ranked = (
        rows.filter(
            nw.col("measure").is_in(measures), nw.col("aggregation") == STATE, ~nw.col("value").is_null(), comparable
        )
        .select(*KEY, by.alias("by"))
        .with_columns(
            rank=nw.col("by").rank("min", descending=True).over("measure", "year").cast(nw.Int64),
            ranked=nw.col("by").count().over("measure", "year").cast(nw.Int64),
        )
        .filter(nw.col("ranked") > 1)
        .drop("by")
    )
    return rows.join(ranked, on=list(KEY), how="left")
