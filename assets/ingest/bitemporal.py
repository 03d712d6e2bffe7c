"""Vintages: what was known of a dataset from when to when, and what changed between two statements of its publisher.

A vintage is everything that was said at one time. The vintages of a dataset are folded in the order of their times: the
state after each is what was known then, and a new one costs as much as itself and the state before it, however long the
history is. This is a store more than a transformation, and so it is written for polars alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from warehouse.contracts import Contract, contract

# Where a statement was read, and when, is no content of it: hearing the same again changes nothing.
PROVENANCE = ("payload", "locator", "source_updated", "known_from", "known_to")

# Beside the fields of its table a row knows which request brought it last.
REQUEST = "__request"

_WIDTH = (pl.col("value_max") - pl.col("value_min")).fill_null(0.0)
_WIDTH_BEFORE = (pl.col("value_max_before") - pl.col("value_min_before")).fill_null(0.0)

# Of these a whole answer that has half of what is known speaks of all, so that a jurisdiction that vanished is noticed;
# a narrower one (one country's file), and one slice of several, speaks of its own alone.
BROAD = ("reporter", "partner")


@dataclass(frozen=True)
class State:
    """What is known after a vintage.

    ``current`` has the rows known now, ``closed`` those that this vintage ended, with their ``known_to``, both in the
    columns of the table's contract and ``REQUEST``; ``revisions`` is what it changed, as table ``revision``.
    """

    current: pl.DataFrame
    closed: pl.DataFrame
    revisions: pl.DataFrame


def begin(declared: Contract) -> State:
    """The state before anything was said."""
    nothing = pl.DataFrame(schema={**declared.polars_schema, REQUEST: pl.String})
    return State(nothing, nothing, pl.DataFrame(schema=contract("revision").polars_schema))


def follow(  # noqa: PLR0913 - what is known, what is said, and how it is said
    before: pl.DataFrame,
    said: pl.DataFrame,
    at: datetime,
    declared: Contract,
    *,
    whole: bool = True,
    prose: bool = False,
) -> State:
    """The state after the vintage ``said`` at ``at``, given what was known before; ``whole`` if it is of no slice.

    A key that says the same keeps its row, its provenance and its ``known_from``. One that says something else ends and
    begins. One that is no longer there ends if the same request brought it before, or if the vintage speaks of it; what
    it does not speak of stays. ``prose`` speaks of what it gives alone, and where it rounds what was known it says the
    same; its rows are known from their own times, up to ``at``.
    """
    key, content = list(declared.key), content_of(declared)
    now = pl.lit(at, pl.Datetime("us", "UTC"))
    said = said if prose else said.with_columns(known_from=now)
    if before.is_empty():
        return replace(begin(declared), current=said.sort(key))
    pairs = said.join(before.select(*key, *content, "payload"), on=key, how="left", suffix="_before", nulls_equal=True)
    known = pl.col("payload_before").is_not_null()
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_before")) for name in content)
    if prose:
        same |= pl.col("value_before").is_between("value_min", "value_max") & (_WIDTH > _WIDTH_BEFORE)
    same &= known
    changed = pairs.filter(known & ~same)
    fresh = pairs.filter(~known)
    missed = before.join(said, on=key, how="anti", nulls_equal=True)
    spoken = missed.head(0).select(key) if prose else _spoken(missed, said, declared, whole=whole)
    due = fresh.head(0).select(key) if prose else _spoken(fresh, before, declared, whole=False)
    # What one payload says of several times is no answer to itself.
    again = pl.col(REQUEST).is_in(said[REQUEST].unique().implode()) & ~pl.col("payload").is_in(
        said["payload"].unique().implode()
    )
    gone = pl.concat([missed.filter(again), missed.filter(~again).join(spoken, on=key, how="semi", nulls_equal=True)])
    ended = pl.concat([before.join(changed, on=key, how="semi", nulls_equal=True), gone])
    stays = before.join(ended, on=key, how="anti", nulls_equal=True)
    asked = said.select(*key, pl.col(REQUEST).alias("__now"))
    kept = stays.join(asked, on=key, how="left", nulls_equal=True).with_columns(
        pl.coalesce("__now", REQUEST).alias(REQUEST)
    )
    begun = pl.concat([changed, fresh]).select(said.columns)
    return State(
        current=pl.concat([kept.drop("__now"), begun]).sort(key),
        closed=_ended(ended, said, now, key).sort(key),
        revisions=_revisions(changed, fresh, due, gone, at, declared),
    )


def _ended(rows: pl.DataFrame, said: pl.DataFrame, now: pl.Expr, key: list[str]) -> pl.DataFrame:
    """Rows with when they ended: when something else was said of their key, or ``now``."""
    begun = said.select(*key, __begun="known_from")
    joined = rows.join(begun, on=key, how="left", nulls_equal=True)
    return joined.with_columns(known_to=pl.coalesce("__begun", now)).drop("__begun")


def content_of(declared: Contract) -> list[str]:
    """The fields of a table that a revision changes."""
    return [name for name in declared.field_names if name not in (*declared.key, *PROVENANCE)]


def as_of(states: Iterable[pl.LazyFrame], at: datetime) -> pl.LazyFrame:
    """The rows that were known at a moment, of the current and all closed rows of a dataset."""
    known = pl.concat(states).filter(pl.col("known_from") <= at)
    return known.filter(pl.col("known_to").is_null() | (pl.col("known_to") > at)).with_columns(
        known_to=pl.lit(None, pl.Datetime("us", "UTC"))
    )


def _spoken(rows: pl.DataFrame, said: pl.DataFrame, declared: Contract, *, whole: bool) -> pl.DataFrame:
    """The keys of those ``rows`` that ``said`` speaks of, whether or not it has them.

    It speaks of the codes that occur in it, for each indicator and frequency between its first and last period. Of law
    it speaks of the instruments that occur in it.
    """
    if declared.kind != "statistics":
        subject = [name for name in declared.key if name == "instrument"]
        return rows.join(said, on=subject, how="semi").select(declared.key) if subject else rows.head(0)
    within = ["indicator", "freq"]
    span = said.group_by(within).agg(__first=pl.col("period").min(), __last=pl.col("period").max())
    spoken = rows.join(span, on=within).filter(pl.col("period").is_between(pl.col("__first"), pl.col("__last")))
    for name in [field for field in declared.key if field not in (*within, "period")]:
        codes = said.select("indicator", name).unique()
        if whole and name in BROAD:
            codes = pl.concat([codes, _broadened(codes, rows, name)]).unique()
        spoken = spoken.join(codes, on=["indicator", name], how="semi")
    return spoken.select(declared.key)


def _broadened(codes: pl.DataFrame, rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """The codes of ``rows`` for those indicators of which ``codes`` has at least half."""
    known = pl.concat([codes, rows.select("indicator", name)]).unique()
    count, total = codes.group_by("indicator").len("said"), known.group_by("indicator").len("known")
    broad = total.join(count, on="indicator").filter(pl.col("said") * 2 >= pl.col("known"))
    return known.join(broad, on="indicator", how="semi")


def _revisions(  # noqa: PLR0913, PLR0917 - the parts of one comparison
    changed: pl.DataFrame,
    fresh: pl.DataFrame,
    due: pl.DataFrame,
    gone: pl.DataFrame,
    at: datetime,
    declared: Contract,
) -> pl.DataFrame:
    """What a vintage changed; of what is ``fresh``, what is ``due`` was spoken of before."""
    revision = contract("revision")
    schema = revision.polars_schema
    if declared.kind != "statistics":
        return pl.DataFrame(schema=schema)
    described = [*content_of(declared), "payload"]
    value = ~pl.col("value").eq_missing(pl.col("value_before"))
    # What lies within the bounds of the other figure is the same figure with more or with fewer digits.
    rounded = pl.col("value_before").is_between("value_min", "value_max") | pl.col("value").is_between(
        "value_min_before", "value_max_before"
    )
    within = fresh.join(due, on=list(declared.key), how="semi")
    beyond = fresh.join(within, on=list(declared.key), how="anti")
    parts = [
        changed.with_columns(
            change=pl.when(value & rounded)
            .then(pl.lit("rounding"))
            .when(value)
            .then(pl.lit("value"))
            .otherwise(pl.lit("status"))
        ),
        within.with_columns(change=pl.lit("appeared")),
        beyond.with_columns(change=pl.lit("extended")),
        gone.select(
            *declared.key,
            *(pl.lit(None, gone.schema[name]).alias(name) for name in described),
            *(pl.col(name).alias(f"{name}_before") for name in described),
            change=pl.lit("disappeared"),
        ),
    ]
    rows = pl.concat(parts, how="diagonal").select(_revision(declared, at)).cast(schema).select(schema.names())
    return rows.sort(revision.key)


def _revision(declared: Contract, at: datetime) -> list[pl.Expr]:
    dimensions = [pl.concat_str(pl.lit(f"{name}="), pl.col(name)) for name in declared.dimensions]
    same = [pl.col(name) for name in ("indicator", "reporter", "partner", "partner_role", "period", "freq")]
    return [
        *same,
        pl.col("publisher"),
        pl.col("dataset"),
        pl.col("change"),
        pl.lit(declared.table).alias("table"),
        (pl.concat_str(dimensions, separator=";") if dimensions else pl.lit("")).alias("dimensions"),
        pl.coalesce("unit", "unit_before").alias("unit"),
        pl.col("value_before").alias("old_value"),
        pl.col("value").alias("new_value"),
        (pl.col("value") - pl.col("value_before")).alias("difference"),
        pl.col("obs_status_before").alias("old_status"),
        pl.col("obs_status").alias("new_status"),
        pl.col("missing_reason_before").alias("old_missing_reason"),
        pl.col("missing_reason").alias("new_missing_reason"),
        pl.coalesce("known_from", pl.lit(at, pl.Datetime("us", "UTC"))),
        pl.col("payload_before").alias("old_payload"),
        pl.col("payload").alias("new_payload"),
    ]


def triangle(history: pl.LazyFrame, identity: Sequence[pl.Expr]) -> pl.DataFrame:
    """The revision triangle of a series: a row a period, a column a moment at which something changed.

    ``history`` has current and closed rows; ``identity`` picks the one series.
    """
    rows = history.filter(*identity).select("period", "known_from", "known_to", "value").collect()
    moments = sorted(set(rows["known_from"]) | set(rows["known_to"].drop_nulls()))
    columns = [
        rows.filter(
            pl.col("known_from") <= moment,
            pl.col("known_to").is_null() | (pl.col("known_to") > moment),
        ).select("period", pl.col("value").alias(moment.isoformat()))
        for moment in moments
    ]
    frame = rows.select("period").unique().sort("period")
    for column in columns:
        frame = frame.join(column, on="period", how="left")
    return frame
