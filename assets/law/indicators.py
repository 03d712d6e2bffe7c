"""Law in numbers: one figure for each measure, state and year, computed from tables of law.

Figures are valid on the last day of the year, except those from codings, which have a day of their own. The law of a
year that has not ended is unknown.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from assets.law.origins import WHOLE_LISTS
from assets.law.visas import rules_on
from warehouse import codes
from warehouse.codes import CHINA

SCHEMA = pl.Schema(
    {
        "measure": pl.String(),
        "jurisdiction": pl.String(),
        "year": pl.Int64(),
        "value": pl.Float64(),
        "source_table": pl.String(),
    }
)
# Items of GLOBALCIT: modes of acquisition, with 1 if the law has a provision for the mode.
PROVISION = r"^A\d+[a-z]?_bin$"
# The Trafficking in Persons Report of a year covers the twelve months to March of that year.
TIERS = {"Tier 1": 1.0, "Tier 2": 2.0, "Tier 2 Watch List": 2.5, "Tier 3": 3.0}


@dataclass(frozen=True)
class Law:
    """The tables of law from which figures are computed."""

    legal_binding: pl.DataFrame
    visa_rule: pl.DataFrame
    policy_coding: pl.DataFrame


def figures(law: Law, measures: Iterable[tuple[str, str]], states: Sequence[str], years: Sequence[int]) -> pl.DataFrame:
    """Measure, jurisdiction, year, value and source_table; ``measures`` are pairs of measure and computation."""
    frames = [pl.DataFrame(schema=SCHEMA)]
    for name, computation in measures:
        rows = _COMPUTATIONS[computation](law, list(states), list(years))
        frames.append(rows.with_columns(measure=pl.lit(name)).select(SCHEMA.names()).cast(SCHEMA))
    return pl.concat(frames)


def _bound(law: Law, states: list[str], years: list[int], schemes: Sequence[str]) -> pl.DataFrame:
    """The number of instruments of the ``schemes`` that bind each state on the last day of each year."""
    listed = codes.instruments().filter(pl.col("scheme").is_in(schemes))["instrument"]
    whole = law.legal_binding.filter(
        pl.col("instrument").is_in(listed.implode()),
        pl.col("territorial_scope") == "_T",
        pl.col("jurisdiction").is_in(states),
    )
    grid = _grid(states, years)
    valid = grid.join(whole, on="jurisdiction").filter(
        pl.col("valid_from").is_null() | (pl.col("valid_from") <= pl.col("day")),
        pl.col("valid_to").is_null() | (pl.col("valid_to") > pl.col("day")),
    )
    counted = valid.group_by("jurisdiction", "year").agg(value=pl.col("instrument").n_unique().cast(pl.Float64))
    return grid.join(counted, on=["jurisdiction", "year"], how="left").with_columns(
        pl.col("value").fill_null(0.0), source_table=pl.lit("legal_binding")
    )


def _treaties(law: Law, states: list[str], years: list[int]) -> pl.DataFrame:
    """The number of treaties that bind each state, from lists that name every party."""
    return _bound(law, states, years, WHOLE_LISTS)


def _acts(law: Law, states: list[str], years: list[int]) -> pl.DataFrame:
    """The number of acts of the Union that bind each member state, from the year of its accession."""
    members = codes.areas().select(pl.col("area").alias("jurisdiction"), "eu_from", "eu_to").drop_nulls("eu_from")
    rows = _bound(law, states, years, ("celex",)).join(members, on="jurisdiction")
    return rows.filter(
        pl.col("eu_from") <= pl.col("day"), pl.col("eu_to").is_null() | (pl.col("eu_to") > pl.col("day"))
    )


def _provisions(law: Law, states: list[str], years: list[int]) -> pl.DataFrame:
    """The number of modes of acquiring citizenship in the law of each state on the first day of the year (GLOBALCIT).

    Only years for which GLOBALCIT codes every mode are used.
    """
    coded = law.policy_coding.filter(
        pl.col("coding_scheme") == "GLOBALCIT",
        pl.col("item").str.contains(PROVISION),
        pl.col("coded_value").is_not_null(),
    ).with_columns(year=pl.col("speaks_of").dt.year().cast(pl.Int64))
    items = pl.col("item").n_unique()
    return (
        coded.filter(items.over("year") == items)
        .filter(pl.col("jurisdiction").is_in(states), pl.col("year").is_in(years))
        .group_by("jurisdiction", "year")
        .agg(value=(pl.col("coded_value") == "1").sum().cast(pl.Float64))
        .with_columns(source_table=pl.lit("policy_coding"))
    )


def _tiers(law: Law, states: list[str], years: list[int]) -> pl.DataFrame:
    """The tier of each state in the Trafficking in Persons Report of each year."""
    return (
        law.policy_coding.filter(pl.col("coding_scheme") == "TIP", pl.col("jurisdiction").is_in(states))
        .with_columns(
            year=pl.col("speaks_of").dt.year().cast(pl.Int64),
            value=pl.col("coded_value").replace_strict(TIERS, default=None, return_dtype=pl.Float64),
            source_table=pl.lit("policy_coding"),
        )
        .filter(pl.col("year").is_in(years), pl.col("value").is_not_null())
    )


def visa_days(law: Law, years: list[int]) -> pl.DataFrame:
    """The visa-free days for each nationality, jurisdiction and year, on its last day; 0 if a visa is required.

    A waiver that states no number of days is left out.
    """
    days = pl.when(pl.col("waiver") == "none").then(0.0).otherwise(pl.col("stay_days").cast(pl.Float64))
    return (
        rules_on(law.visa_rule, [date(year, 12, 31) for year in years])
        .with_columns(year=pl.col("day").dt.year().cast(pl.Int64), value=days)
        .drop_nulls("value")
        .select("partner", "jurisdiction", "year", "value", source_table=pl.lit("visa_rule"))
    )


def _visa_free_days_granted(law: Law, states: list[str], years: list[int]) -> pl.DataFrame:
    """The days that each state grants to the nationals of the other side."""
    return _visa_side(visa_days(law, years), "jurisdiction", "partner", states)


def _visa_free_days_abroad(law: Law, states: list[str], years: list[int]) -> pl.DataFrame:
    """The days that the other side grants to the nationals of each state."""
    return _visa_side(visa_days(law, years), "partner", "jurisdiction", states)


def _visa_side(days: pl.DataFrame, whom: str, other: str, states: list[str]) -> pl.DataFrame:
    """For a member state its days with China; for China the median over all member states.

    ``whom`` is the column of the state, ``other`` that of the other side. China has no figure if the days with a member
    state are unknown.
    """
    members = [state for state in states if state != CHINA]
    rows = days.select(pl.col(whom).alias("whom"), pl.col(other).alias("other"), "year", "value", "source_table")
    member_rows = rows.filter(pl.col("whom").is_in(members), pl.col("other") == CHINA)
    china_row = (
        rows.filter(pl.col("whom") == CHINA, pl.col("other").is_in(members))
        .group_by("whom", "year", "source_table")
        .agg(pl.col("value").median(), known=pl.col("other").n_unique())
        .filter(pl.col("known") == len(members))
    )
    both = pl.concat([member_rows, china_row], how="diagonal")
    return both.rename({"whom": "jurisdiction"})


def _grid(states: list[str], years: list[int]) -> pl.DataFrame:
    days = pl.DataFrame({"year": years, "day": [date(year, 12, 31) for year in years]})
    return pl.DataFrame({"jurisdiction": states}).join(days, how="cross")


_COMPUTATIONS: dict[str, Callable[[Law, list[str], list[int]], pl.DataFrame]] = {
    "treaties_in_force": _treaties,
    "union_acts_binding": _acts,
    "citizenship_provisions": _provisions,
    "trafficking_tier": _tiers,
    "visa_free_days": _visa_free_days_granted,
    "visa_free_days_abroad": _visa_free_days_abroad,
}
