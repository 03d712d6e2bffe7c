"""Law in numbers: one figure for each measure, state and year, computed from tables of law.

Figures are valid on the last day of the year, except those from codings, which have a day of their own. The law of a
year that has not ended is unknown. A count that depends on something unknown has bounds: ``value`` and ``value_min``
are the number that sources prove, and ``value_max`` is the number if everything unknown were true. A count without
bounds depends on nothing unknown.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import polars as pl

from assets.law.bindings import PROTOCOL_STATES, stated_positions
from assets.law.origins import PARTY_LISTS, WHOLE_LISTS
from assets.law.provisions import LIMITS, Limit, limit_figures
from assets.law.visas import rules_on
from warehouse import codes
from warehouse.codes import CHINA, UNION
from warehouse.codes.legal import CONSENT, FOUNDED
from warehouse.rows import contains_day

SCHEMA = pl.Schema(
    {
        "measure": pl.String(),
        "jurisdiction": pl.String(),
        "aggregation": pl.String(),
        "year": pl.Int64(),
        "value": pl.Float64(),
        "value_min": pl.Float64(),
        "value_max": pl.Float64(),
        "source_table": pl.String(),
    }
)
# Items of GLOBALCIT: modes of acquisition, with 1 if the law has a provision for the mode.
PROVISION = r"^A\d+[a-z]?_bin$"
# The last year of the table with every tier of every Trafficking in Persons Report. The report of a year covers the
# twelve months to March of that year; a state without a tier was in no report.
LAST_WHOLE_TABLE = 2014
TIERS = {"Tier 1": 1.0, "Tier 2": 2.0, "Tier 2 Watch List": 2.5, "Tier 3": 3.0}
# The bases of bindings that began on or before their first day.
BOUND_BY = ("party_by", "succession")
_INTERVAL = ("instrument", "jurisdiction", "valid_from", "valid_to")


@dataclass(frozen=True)
class Law:
    """The tables of law from which figures are computed."""

    legal_binding: pl.DataFrame
    legal_event: pl.DataFrame
    visa_rule: pl.DataFrame
    policy_coding: pl.DataFrame
    legal_provision: pl.DataFrame


def figures(law: Law, measures: Iterable[tuple[str, str]], states: Sequence[str], years: Sequence[int]) -> pl.DataFrame:
    """Measure, jurisdiction, year, value and source_table; ``measures`` are pairs of measure and computation.

    The Union has the limit that its acts set for every member that they bind, and the median of visa-free days.
    """
    frames = [pl.DataFrame(schema=SCHEMA)]
    for name, computation in measures:
        rows = _COMPUTATIONS[computation](law, list(states), list(years))
        exact = [pl.lit(None).alias(bound) for bound in ("value_min", "value_max") if bound not in rows.columns]
        if "aggregation" not in rows.columns:
            rows = rows.with_columns(aggregation=pl.lit("state"))
        frames.append(rows.with_columns(*exact, measure=pl.lit(name)).select(SCHEMA.names()).cast(SCHEMA))
    return pl.concat(frames)


def _with_bounds(certain: pl.DataFrame, possible: pl.DataFrame, states: list[str], years: list[int]) -> pl.DataFrame:
    """The number of instruments that bind each state on the last day of each year, with bounds.

    ``certain`` and ``possible`` are intervals: instrument, jurisdiction, valid_from, valid_to. In the former the
    instrument binds the state, in the latter it may bind it.
    """
    grid = _grid(states, years)
    keys = ["jurisdiction", "year"]
    bound = _valid(grid, certain)
    open_ones = _valid(grid, possible).join(bound, on=[*keys, "instrument"], how="anti")
    counted = (
        grid.join(bound.group_by(keys).agg(value=pl.col("instrument").n_unique()), on=keys, how="left")
        .join(open_ones.group_by(keys).agg(unknown=pl.col("instrument").n_unique()), on=keys, how="left")
        .with_columns(pl.col("value", "unknown").fill_null(0).cast(pl.Float64))
    )
    unsure = pl.col("unknown") > 0
    return counted.with_columns(
        value_min=pl.when(unsure).then("value"),
        value_max=pl.when(unsure).then(pl.col("value") + pl.col("unknown")),
        source_table=pl.lit("legal_binding"),
    )


def _valid(grid: pl.DataFrame, intervals: pl.DataFrame) -> pl.DataFrame:
    """Jurisdiction, year and instrument of the intervals that contain the day of each row of the grid."""
    valid = grid.join(intervals, on="jurisdiction").filter(contains_day("valid_from", "valid_to", pl.col("day")))
    return valid.select("jurisdiction", "year", "instrument").unique()


def _of_schemes(bindings: pl.DataFrame, schemes: Sequence[str]) -> pl.DataFrame:
    """The bindings of whole states by instruments of the schemes."""
    listed = codes.instruments().filter(pl.col("scheme").is_in(schemes)).select("instrument")
    return bindings.filter(pl.col("territorial_scope") == "_T").join(listed, on="instrument", how="semi")


def _treaties(law: Law, states: list[str], years: list[int]) -> pl.DataFrame:
    """The number of treaties that bind each state, from lists that name every party."""
    bound = _of_schemes(law.legal_binding, WHOLE_LISTS)
    late, soon = pl.col("valid_from_basis").is_in(BOUND_BY), pl.col("valid_from_basis") == "consent"
    # A treaty without a rule binds within a year of consent: no treaty here has a longer period.
    proved = pl.when(soon).then(pl.col("valid_from").dt.offset_by("12mo")).otherwise("valid_from")
    certain = bound.select(*_INTERVAL[:2], valid_from=proved, valid_to="valid_to")
    in_force = _first_days(bound)
    founded = pl.col("jurisdiction").replace_strict(FOUNDED, default=None, return_dtype=pl.Date)
    consented = pl.max_horizontal("in_force", "consented", founded)
    earliest = pl.when(late).then(consented).otherwise("valid_from")
    maybe_bound = bound.filter(late | soon).join(in_force, on="instrument")
    maybe_bound = maybe_bound.join(_periods_of_consent(law), on=["instrument", "jurisdiction"], how="left")
    earlier = maybe_bound.select(*_INTERVAL[:2], valid_from=earliest, valid_to=proved)
    return _with_bounds(certain, pl.concat([earlier, _since_the_list(law, bound, in_force, states)]), states, years)


def _periods_of_consent(law: Law) -> pl.DataFrame:
    """The first day of the month or year in which each state consented, where no source states the day."""
    in_period = pl.col("event").is_in(CONSENT) & pl.col("date_precision").is_in(("month", "year"))
    return law.legal_event.filter(in_period).group_by("instrument", "jurisdiction").agg(consented=pl.col("date").min())


def _first_days(bound: pl.DataFrame) -> pl.DataFrame:
    """The day on which each treaty entered into force: the declared day, or else the first day on which it binds."""
    first = bound.group_by("instrument").agg(first=pl.col("valid_from").min())
    declared = codes.instruments().select("instrument", "scheme", "in_force")
    return declared.join(first, on="instrument", how="left").select(
        "instrument", "scheme", in_force=pl.coalesce("in_force", "first")
    )


def _since_the_list(law: Law, bound: pl.DataFrame, in_force: pl.DataFrame, states: list[str]) -> pl.DataFrame:
    """The time after the last list that does not name the state: the state may have become a party since then."""
    events = law.legal_event
    lists = events.filter(pl.col("publisher").is_in(PARTY_LISTS))
    whole = lists.group_by(scheme=pl.col("publisher").replace_strict({"untc": "mtdsg", "coe": "cets"}))
    listed = in_force.join(whole.agg(listed=pl.col("source_updated").max().dt.date()), on="scheme")
    denied = (
        events.filter(pl.col("event") == "not_party").group_by("instrument", "jurisdiction").agg(pl.col("date").max())
    )
    never = listed.join(pl.DataFrame({"jurisdiction": states}), how="cross").join(
        bound, on=["instrument", "jurisdiction"], how="anti"
    )
    dated = never.join(denied, on=["instrument", "jurisdiction"], how="left")
    return dated.select(
        *_INTERVAL[:2],
        valid_from=pl.max_horizontal("listed", "date", "in_force"),
        valid_to=pl.lit(None, pl.Date),
    )


def _acts(law: Law, states: list[str], years: list[int]) -> pl.DataFrame:
    """The number of acts of the Union that bind each member state, from the year of its accession."""
    members = codes.areas().select(pl.col("area").alias("jurisdiction"), "eu_from", "eu_to").drop_nulls("eu_from")
    bound = _of_schemes(law.legal_binding, ("celex",))
    undated = pl.col("valid_from_basis") == "adoption"
    # An act enters into force no later than a year after its adoption, unless a source states otherwise.
    proved = pl.when(undated).then(pl.col("valid_from").dt.offset_by("12mo")).otherwise("valid_from")
    certain = bound.select(*_INTERVAL[:2], valid_from=proved, valid_to="valid_to")
    early = bound.filter(undated).select(*_INTERVAL[:2], "valid_from", valid_to=proved)
    possible = pl.concat([early, _before_known(bound), _unknown_positions(law, bound)])
    rows = _with_bounds(certain, possible, states, years).join(members, on="jurisdiction")
    return rows.filter(contains_day("eu_from", "eu_to", pl.col("day")))


def _before_known(bound: pl.DataFrame) -> pl.DataFrame:
    """The time before the day by which a source states that a member takes part in an act: it may have begun there."""
    starts = bound.group_by("instrument").agg(start=pl.col("valid_from").min())
    stated = bound.filter(pl.col("valid_from_basis").is_in(BOUND_BY)).join(starts, on="instrument")
    return stated.select(*_INTERVAL[:2], valid_from="start", valid_to="valid_from")


def _unknown_positions(law: Law, bound: pl.DataFrame) -> pl.DataFrame:
    """The intervals in which an act may bind Denmark or Ireland, because no source states whether it takes part."""
    known = stated_positions(law.legal_event).select("instrument", "jurisdiction")
    acts = bound.group_by("instrument").agg(
        pl.col("valid_from").min(),
        valid_to=pl.when(pl.col("valid_to").is_not_null().all()).then(pl.col("valid_to").max()),
    )
    wide = acts.join(pl.DataFrame({"jurisdiction": PROTOCOL_STATES}), how="cross")
    return wide.join(known.unique(), on=["instrument", "jurisdiction"], how="anti").select(_INTERVAL)


def _provisions(law: Law, states: list[str], years: list[int]) -> pl.DataFrame:
    """The number of modes of acquiring citizenship in the law of each state on the first day of the year (GLOBALCIT).

    Only years for which GLOBALCIT codes every mode are used.
    """
    coded = law.policy_coding.filter(
        pl.col("coding_scheme") == "GLOBALCIT",
        pl.col("item").str.contains(PROVISION),
        pl.col("coded_value").is_not_null(),
    ).with_columns(year=pl.col("coded_day").dt.year().cast(pl.Int64))
    items = pl.col("item").n_unique()
    return (
        coded.filter(items.over("year") == items)
        .filter(pl.col("jurisdiction").is_in(states), pl.col("year").is_in(years))
        .group_by("jurisdiction", "year")
        .agg(value=(pl.col("coded_value") == "1").sum().cast(pl.Float64))
        .with_columns(source_table=pl.lit("policy_coding"))
    )


def _tiers(law: Law, states: list[str], years: list[int]) -> pl.DataFrame:
    """The tier of each state in the Trafficking in Persons Report of each year.

    After the years of the whole table, a year is left out if the tier of a state is unknown: the copies list the first
    two tiers, so that an unknown tier is one of the worse ones, and a rank without it would be wrong.
    """
    tiers = law.policy_coding.filter(
        pl.col("coding_scheme") == "TIP", pl.col("jurisdiction").is_in(states)
    ).with_columns(
        year=pl.col("coded_day").dt.year().cast(pl.Int64),
        value=pl.col("coded_value").replace_strict(TIERS, default=None, return_dtype=pl.Float64),
        source_table=pl.lit("policy_coding"),
    )
    known = tiers.filter(pl.col("year").is_in(years), pl.col("value").is_not_null())
    complete = pl.col("jurisdiction").n_unique().over("year") == len(states)
    return known.filter((pl.col("year") <= LAST_WHOLE_TABLE) | complete)


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
    """For a member state its days with China; for China and for the Union the median over all member states.

    ``whom`` is the column of the state, ``other`` that of the other side. A median is missing if the days of a member
    state are unknown.
    """
    members = [state for state in states if state != CHINA]
    rows = days.select(pl.col(whom).alias("whom"), pl.col(other).alias("other"), "year", "value", "source_table")
    member_rows = rows.filter(pl.col("whom").is_in(members), pl.col("other") == CHINA)
    china_rows = rows.filter(pl.col("whom") == CHINA, pl.col("other").is_in(members))
    medians = [
        each.group_by("year", "source_table")
        .agg(pl.col("value").median(), known=pl.len())
        .filter(pl.col("known") == len(members))
        .select(pl.lit(area).alias("jurisdiction"), pl.lit(kind).alias("aggregation"), "year", "value", "source_table")
        for area, kind, each in ((CHINA, "state", china_rows), (UNION, "computed", member_rows))
    ]
    own = member_rows.select(
        pl.col("whom").alias("jurisdiction"), pl.lit("state").alias("aggregation"), "year", "value", "source_table"
    )
    return pl.concat([own, *medians])


def _grid(states: list[str], years: list[int]) -> pl.DataFrame:
    days = pl.DataFrame({"year": years, "day": [date(year, 12, 31) for year in years]})
    return pl.DataFrame({"jurisdiction": states}).join(days, how="cross")


def _limit(limit: Limit, law: Law, states: list[str], years: list[int]) -> pl.DataFrame:
    """The limit of the law for each state, and for the Union if it is the same for every member with a limit."""
    rows = limit_figures(limit, law.legal_provision, law.legal_binding, _grid(states, years))
    common = (
        rows.filter(pl.col("jurisdiction") != CHINA)
        .group_by("year", "source_table")
        .agg(pl.col("value").first(), limits=pl.col("value").n_unique())
        .filter(pl.col("limits") == 1)
        .select(jurisdiction=pl.lit(UNION), year="year", value="value", source_table="source_table")
    )
    columns = ["jurisdiction", "year", "value", "source_table"]
    own = rows.select(*columns, aggregation=pl.lit("state"))
    return pl.concat([own, common.select(*columns, aggregation=pl.lit("published"))])


_COMPUTATIONS: dict[str, Callable[[Law, list[str], list[int]], pl.DataFrame]] = {
    "treaties_in_force": _treaties,
    "union_acts_binding": _acts,
    "citizenship_provisions": _provisions,
    "trafficking_tier": _tiers,
    "visa_free_days": _visa_free_days_granted,
    "visa_free_days_abroad": _visa_free_days_abroad,
    **{name: partial(_limit, limit) for name, limit in LIMITS.items()},
}
