"""Bitemporal rows: from when to when each row of a dataset was known, and what each vintage changed.

The vintages of a dataset are applied in the order of their publication. The state after each vintage is what was known
then. A new vintage costs its own size and that of the state before it, however long the history is.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import polars as pl

from warehouse.contracts import Contract, contract
from warehouse.rows import in_order, key_numbers

# Fields that state where and when a row was read. A row that differs only in these is the same row.
PROVENANCE = ("payload", "locator", "source_updated", "known_from", "known_to")

# A column next to the fields of the table: the slice of the request that last returned the row.
REQUEST = "__request"

# A column with the number of the key among the keys before and after a vintage.
KEY = "__key"

_WIDTH = (pl.col("value_max") - pl.col("value_min")).fill_null(0.0)
_WIDTH_BEFORE = (pl.col("value_max_before") - pl.col("value_min_before")).fill_null(0.0)

# If a whole response has at least half of the known codes of one of these fields, it covers all of them, so that a
# jurisdiction that is missing counts as withdrawn. A narrower response (one country's file, one slice) covers its own.
BROAD = ("jurisdiction", "partner")


@dataclass(frozen=True)
class State:
    """What is known after a vintage.

    ``current`` has the rows that are known now, ``closed`` those that this vintage closed, with their ``known_to``;
    both have the columns of the table's contract and ``REQUEST``. ``revisions`` has the changes, as rows of table
    ``revision``.
    """

    current: pl.DataFrame
    closed: pl.DataFrame
    revisions: pl.DataFrame


def empty_state(declared: Contract) -> State:
    """The state before the first vintage."""
    nothing = pl.DataFrame(schema={**declared.stored_schema, REQUEST: pl.String})
    return State(nothing, nothing, pl.DataFrame(schema=contract("revision").polars_schema))


@dataclass(frozen=True)
class How:
    """How the rows of a vintage are compared with the rows known before.

    ``covers``: a missing row was withdrawn if the vintage covers ``all`` of the dataset or a ``slice``, and the row is
    in the scope of that; a vintage that covers its own ``rows`` only withdraws no row.
    ``repeats``: a row repeats the known row if all its fields are ``equal``, also if it is a ``rounded`` form of it, or
    also if only its ``value`` is equal, because the source often lacks the flags.
    ``dated``: each row has a time of publication of its own.
    ``superseded``: the requests whose missing rows are closed too, if their periods lie within those of other rows.
    """

    covers: Literal["all", "slice", "rows"] = "all"
    repeats: Literal["equal", "rounded", "value"] = "equal"
    dated: bool = False
    superseded: Collection[str] = ()


WHOLE = How()


def apply_vintage(
    before: pl.DataFrame, published: pl.DataFrame, at: datetime, declared: Contract, how: How = WHOLE
) -> State:
    """The state after the rows of a vintage, ``published`` at ``at``, are applied to the rows known ``before``.

    - Repeated row: keep the known row with its provenance and its ``known_from``.
    - Changed row: close the known row and open the new one.
    - Missing row: close it if the same request returned it before, or if the vintage withdraws it; otherwise keep it.

    Dated rows are known from their own publication, up to ``at``, and all others from ``at``.
    """
    key, content = list(declared.key), content_of(declared)
    now = pl.lit(at, pl.Datetime("us", "UTC"))
    published = published if how.dated else published.with_columns(known_from=now)
    if before.is_empty():
        return replace(empty_state(declared), current=in_order(published, key))
    numbers = key_numbers([before, published], key)
    before, published = (
        rows.with_columns(number.alias(KEY)) for rows, number in zip((before, published), numbers, strict=True)
    )
    pairs = published.join(before.select(KEY, *content, "payload"), on=KEY, how="left", suffix="_before")
    known = pl.col("payload_before").is_not_null()
    changed, opened = pairs.filter(known & ~_is_repeated(content, how)), pairs.filter(~known)
    del pairs  # as large as both inputs
    expected = opened.head(0).select(KEY) if how.dated else _in_scope(opened, before, declared, whole=False)
    gone = _gone(before, published, declared, how)
    closing = pl.concat([before.join(changed, on=KEY, how="semi"), gone])
    kept = before.join(closing, on=KEY, how="anti")
    requests = published.select(KEY, pl.col(REQUEST).alias("__now"))
    kept = kept.join(requests, on=KEY, how="left").with_columns(pl.coalesce("__now", REQUEST).alias(REQUEST))
    new = pl.concat([changed, opened]).select(published.columns)
    return State(
        current=in_order(pl.concat([kept.drop("__now"), new]), [KEY]).drop(KEY),
        closed=in_order(_closed(closing, published, now), [KEY]).drop(KEY),
        revisions=_revisions(changed, opened, expected, gone, at, declared),
    )


def _is_repeated(content: Sequence[str], how: How) -> pl.Expr:
    """Whether a row repeats the known row of its key, whose fields end in ``_before``."""
    equal = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_before")) for name in content)
    match how.repeats:
        case "rounded":
            return equal | (pl.col("value_before").is_between("value_min", "value_max") & (_WIDTH > _WIDTH_BEFORE))
        case "value":
            return equal | pl.col("value").eq_missing(pl.col("value_before"))
        case _:
            return equal


def _gone(before: pl.DataFrame, published: pl.DataFrame, declared: Contract, how: How) -> pl.DataFrame:
    """The known rows that a vintage closes because they are missing in it."""
    missing = before.join(published, on=KEY, how="anti")
    # The same request returned the row before. Rows of one payload never close each other.
    returned_before = pl.col(REQUEST).is_in(published[REQUEST].unique().implode()) & ~pl.col("payload").is_in(
        published["payload"].unique().implode()
    )
    superseded = pl.col(REQUEST).is_in([*how.superseded])
    returned_before |= superseded & _within_periods(before, published, how.superseded, declared)
    closed = missing.filter(returned_before)
    if how.covers == "rows":
        return closed
    in_scope = _in_scope(missing, published, declared, whole=how.covers == "all")
    return pl.concat([closed, missing.filter(~returned_before).join(in_scope, on=KEY, how="semi")])


def _within_periods(
    before: pl.DataFrame, published: pl.DataFrame, superseded: Collection[str], declared: Contract
) -> pl.Expr:
    """Whether the period of a row lies between the first and the last of the other rows; law has no periods."""
    if declared.kind != "statistics" or not superseded:
        return pl.lit(value=bool(superseded))
    others = pl.concat([before.filter(~pl.col(REQUEST).is_in([*superseded])), published], how="diagonal")["period"]
    return pl.col("period").is_between(others.min(), others.max())


def _closed(rows: pl.DataFrame, published: pl.DataFrame, now: pl.Expr) -> pl.DataFrame:
    """The rows with their ``known_to``: when the next row of the same key was published, or ``now``."""
    joined = rows.join(published.select(KEY, __next="known_from"), on=KEY, how="left")
    return joined.with_columns(known_to=pl.coalesce("__next", now)).drop("__next")


def content_of(declared: Contract) -> list[str]:
    """The fields of a table that a revision changes."""
    return [name for name in declared.stored_schema if name not in (*declared.key, *PROVENANCE)]


def as_of(states: Iterable[pl.LazyFrame], at: datetime) -> pl.LazyFrame:
    """The rows that were known at a moment, of the current and all closed rows of a dataset."""
    known = pl.concat(states).filter(pl.col("known_from") <= at)
    return known.filter(pl.col("known_to").is_null() | (pl.col("known_to") > at)).with_columns(
        known_to=pl.lit(None, pl.Datetime("us", "UTC"))
    )


def _in_scope(rows: pl.DataFrame, published: pl.DataFrame, declared: Contract, *, whole: bool) -> pl.DataFrame:
    """The keys, as numbers, of those ``rows`` in the scope of ``published``, whether or not it contains them.

    The scope of statistics is made of the codes that occur in ``published``, for each indicator and frequency between
    its first and last period. The scope of law is made of the instruments that occur in it.
    """
    if declared.kind != "statistics":
        subject = [name for name in declared.key if name == "instrument"]
        return rows.join(published, on=subject, how="semi").select(KEY) if subject else rows.head(0).select(KEY)
    within = ["indicator", "freq"]
    span = published.group_by(within).agg(__first=pl.col("period").min(), __last=pl.col("period").max())
    found = rows.join(span, on=within).filter(pl.col("period").is_between(pl.col("__first"), pl.col("__last")))
    for name in [field for field in declared.key if field not in (*within, "period")]:
        codes = published.select("indicator", name).unique()
        if whole and name in BROAD:
            codes = pl.concat([codes, _broadened(codes, rows, name)]).unique()
        found = found.join(codes, on=["indicator", name], how="semi")
    return found.select(KEY)


def _broadened(codes: pl.DataFrame, rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """All codes of ``rows`` for each indicator of which ``codes`` has at least half."""
    known = pl.concat([codes, rows.select("indicator", name)]).unique()
    count, total = codes.group_by("indicator").len("published"), known.group_by("indicator").len("known")
    broad = total.join(count, on="indicator").filter(pl.col("published") * 2 >= pl.col("known"))
    return known.join(broad, on="indicator", how="semi")


def _revisions(  # noqa: PLR0913, PLR0917 - the parts of one comparison
    changed: pl.DataFrame,
    opened: pl.DataFrame,
    expected: pl.DataFrame,
    gone: pl.DataFrame,
    at: datetime,
    declared: Contract,
) -> pl.DataFrame:
    """The changes of a vintage. A key in ``opened`` appeared if it is ``expected``; otherwise it extends the series."""
    revision = contract("revision")
    schema = revision.polars_schema
    if declared.kind != "statistics":
        return pl.DataFrame(schema=schema)
    described = [*content_of(declared), "payload"]
    value = ~pl.col("value").eq_missing(pl.col("value_before"))
    # A figure within the bounds of the other one is the same figure with more or with fewer digits.
    rounded = pl.col("value_before").is_between("value_min", "value_max") | pl.col("value").is_between(
        "value_min_before", "value_max_before"
    )
    appeared = opened.join(expected, on=KEY, how="semi")
    extended = opened.join(appeared, on=KEY, how="anti")
    parts = [
        changed.with_columns(
            change=pl.when(value & rounded)
            .then(pl.lit("rounding"))
            .when(value)
            .then(pl.lit("value"))
            .otherwise(pl.lit("status"))
        ),
        appeared.with_columns(change=pl.lit("appeared")),
        extended.with_columns(change=pl.lit("extended")),
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
    same = [pl.col(name) for name in ("indicator", "jurisdiction", "partner", "partner_role", "period", "freq")]
    return [
        *same,
        pl.col("publisher"),
        pl.col("dataset"),
        pl.col("change"),
        pl.lit(declared.table).alias("table_name"),
        declared.dimensions_text.alias("dimensions"),
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
