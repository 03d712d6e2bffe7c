"""Limits of the law in numbers: the limit that binds each state on the last day of each year, from ``legal_provision``.

A limit of an act of the Union is valid for each member state that the act binds. National law may be more favourable,
so that the figure is what the Union allows or requires, not what a state does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from warehouse.rows import contains_day

# The length of periods in days, by which a period in another unit is compared.
DAYS = {"days": 1.0, "weeks": 7.0, "months": 30.0, "years": 365.0}


# When the act binds the state, and when its provision is valid.
_INTERVALS = (("bound_from", "bound_to"), ("valid_from", "valid_to"))


@dataclass(frozen=True)
class Limit:
    """Which rows of ``legal_provision`` a figure uses, and its unit: ``days`` converts all periods to days."""

    norms: Sequence[str]
    cases: Sequence[str]
    kinds: Sequence[str]
    unit: str


LIMITS = {
    "longest_detention": Limit(("detention",), ("extended",), ("maximum",), "days"),
    "longest_entry_ban": Limit(("entry_ban",), ("ordinary",), ("maximum",), "years"),
    "asylum_decision": Limit(("asylum_decision",), ("ordinary",), ("maximum",), "days"),
    "permit_decision": Limit(("residence_permit_decision", "single_permit_decision"), ("_T",), ("maximum",), "days"),
    "long_term_residence": Limit(("long_term_residence",), ("_T",), ("exact", "minimum"), "years"),
}


def limit_figures(limit: Limit, provisions: pl.DataFrame, bindings: pl.DataFrame, grid: pl.DataFrame) -> pl.DataFrame:
    """Jurisdiction, year, value and source_table: the highest limit that binds each state on each day of ``grid``.

    ``grid`` has jurisdiction, year and day. A state that is bound by no act with such a limit has no row.
    """
    rows = provisions.filter(
        pl.col("norm").is_in(limit.norms),
        pl.col("norm_case").is_in(limit.cases),
        pl.col("bound_kind").is_in(limit.kinds),
    ).select("instrument", "value", "unit", "valid_from", "valid_to")
    comparable = rows.filter(pl.col("unit").is_in(list(DAYS)) if limit.unit == "days" else pl.col("unit") == limit.unit)
    factor = pl.col("unit").replace_strict(DAYS, default=1.0) if limit.unit == "days" else pl.lit(1.0)
    whole = bindings.filter(pl.col("territorial_scope") == "_T").select(
        "instrument", "jurisdiction", bound_from="valid_from", bound_to="valid_to"
    )
    return (
        grid.join(whole, on="jurisdiction")
        .join(comparable, on="instrument")
        .filter(*(contains_day(first, end, pl.col("day")) for first, end in _INTERVALS))
        .group_by("jurisdiction", "year")
        .agg(value=(pl.col("value") * factor).max())
        .with_columns(source_table=pl.lit("legal_provision"))
    )
