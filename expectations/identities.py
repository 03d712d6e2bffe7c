"""What must hold because of what the figures mean: accounting identities, publishers' own rules, laws of Europe.

An identity is a pure function from a table's lazy frame to its failing rows: the table's columns, and where it helps
columns that say what was expected. Two figures are equal when the intervals that their bounds leave open overlap, so
that a figure rounded to 5 is judged with the room that rounding leaves, and an exact one exactly.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import polars as pl

from warehouse.contracts import Contract

Severity = Literal["error", "warning"]

# Persons by which a total may differ from its parts: figures of weighted censuses are rounded one by one.
WEIGHTING = 1.0
# Five figures that a state itself rounds to 5 before it reports them are together at most 12.5 off.
STATE_ROUNDING = 15.0
GROSS = 0.01
# The first year of the United Nations' estimates, and the last of its projections.
YEARS = (1950, 2100)
SHRINKAGE = 0.05
UNMATCHED_SHARE = 0.01

CITIZENSHIPS = ("_T", "NAT", "FOR", "FOR_STLS", "STLS", "_U")
SEXES = ("_T", "M", "F", "_U")

# Stocks and events that each member state counts for itself, so that the Union's figure is their sum. Flows are not:
# what moves between two members is no immigration to the Union.
ADDITIVE = (
    "population",
    "population_by_citizenship",
    "population_by_birth",
    "first_permits",
    "valid_permits",
    "long_term_residents",
    "asylum_applicants",
    "asylum_first_instance_decisions",
    "refused_entry",
    "found_illegally_present",
    "ordered_to_leave",
    "returned",
)
MAY_BE_NEGATIVE = ("net_migration",)
CROSSING = (
    "refugees",
    "asylum_seekers",
    "asylum_applications",
    "asylum_application_cases",
    "asylum_decisions",
    "asylum_decision_cases",
    "returned_refugees",
    "bilateral_remittances",
)

# Eurostat's aggregates have a fixed composition, also for the years before: the members on the day when the treaties of
# accession of 1994, 2003, 2005 and 2011 entered into force, and on the day after the United Kingdom's withdrawal.
IN_FORCE = {
    "EU15": date(1995, 1, 1),
    "EU25": date(2004, 5, 1),
    "EU27_2007": date(2007, 1, 1),
    "EU28": date(2013, 7, 1),
    "EU27_2020": date(2020, 2, 1),
}


@dataclass(frozen=True)
class Facts:
    """What a table is held against beyond its own rows.

    ``lists``: members of every code list. ``units``: indicator → its one unit. ``members``: aggregate → its member
    states. ``previous_rows``: rows of the table in the last release, if there is one. ``observations``: dataset → cells
    that became observations.
    """

    lists: Mapping[str, frozenset[str]]
    units: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    previous_rows: int | None = None
    observations: Mapping[str, int] = field(default_factory=dict)


Failing = Callable[[pl.LazyFrame, Contract, Facts], pl.LazyFrame]


@dataclass(frozen=True)
class Identity:
    """An identity: why it exists, whether it blocks, the function to its failing rows, and where it applies.

    It applies to tables that have the fields ``needs``, and if ``tables`` names some, to these only. ``shows`` are
    fields beside key and value that a reader wants to see of a failing row.
    """

    name: str
    severity: Severity
    reason: str
    failing: Failing
    needs: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()

    def applies(self, contract: Contract) -> bool:
        """Whether a table has the fields that the identity speaks of, and is one of its tables."""
        return (not self.tables or contract.table in self.tables) and set(self.needs) <= set(contract.field_names)


def identities(contract: Contract) -> list[Identity]:
    """The identities that a table is held to."""
    return [identity for identity in IDENTITIES if identity.applies(contract)]


def compositions(areas: pl.DataFrame) -> dict[str, frozenset[str]]:
    """Aggregate → its member states, from ``area``, ``eu_from`` and ``eu_to`` of the list of areas."""
    return {
        aggregate: frozenset(
            areas.filter(pl.col("eu_from") <= day, pl.col("eu_to").is_null() | (pl.col("eu_to") > day))["area"]
        )
        for aggregate, day in IN_FORCE.items()
    }


def types_not_declared(frame: pl.LazyFrame, contract: Contract, _: Facts) -> pl.LazyFrame:
    """The fields whose type is not the contract's. A frame whose strings are categorical passes: it holds the same."""
    found = {
        name: pl.String() if isinstance(kind, pl.Categorical) else kind for name, kind in frame.collect_schema().items()
    }
    rows = [
        (name, str(kind), str(found[name]))
        for name, kind in contract.polars_schema.items()
        if name in found and found[name] != kind
    ]
    return pl.LazyFrame(rows, schema=["field", "declared", "found"], orient="row")


def shrunk(frame: pl.LazyFrame, _: Contract, facts: Facts) -> pl.LazyFrame:
    """One row with both counts, where the table lost more than 5 % of its rows since the last release."""
    previous = facts.previous_rows or 0
    counts = frame.select(rows=pl.len(), previous_rows=pl.lit(previous))
    return counts.filter(pl.col("rows") < (1 - SHRINKAGE) * previous)


def unit_not_indicators(frame: pl.LazyFrame, _: Contract, facts: Facts) -> pl.LazyFrame:
    """Rows in a unit that is not the one of their indicator."""
    declared = pl.col("indicator").cast(pl.String).replace_strict(facts.units, default=None, return_dtype=pl.String)
    return frame.with_columns(declared_unit=declared).filter(pl.col("unit").cast(pl.String) != pl.col("declared_unit"))


def negative(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Negative figures of what cannot be negative."""
    return frame.filter(pl.col("value") < 0, ~pl.col("indicator").is_in(MAY_BE_NEGATIVE))


def implausible(year: pl.Expr) -> Failing:
    """Rows of a year before 1950 or after 2100."""
    return lambda frame, _, __: frame.filter(~year.is_between(*YEARS))


def period_inside(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Periods that do not begin on the first day of a year, half-year, quarter or month, as their frequency says."""
    months = pl.col("freq").cast(pl.String).replace_strict({"A": 12, "S": 6, "Q": 3, "M": 1}, default=None)
    month, day = pl.col("period").dt.month().cast(pl.Int64), pl.col("period").dt.day()
    return frame.filter(months.is_not_null(), (day != 1) | ((month - 1) % months != 0))


def known_too_early(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Figures that no forecast flag marks and that were known before their period began."""
    forecast = pl.col("obs_status").cast(pl.String).str.contains("F", literal=True)
    return frame.filter(~forecast, pl.col("known_from").dt.date() < pl.col("period"))


def known_backwards(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Rows that ceased to be known before they became known."""
    return frame.filter(pl.col("known_to") < pl.col("known_from"))


def locator_negative(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Locators that point before the payload's beginning; 0 is the first value of a JSON-stat payload."""
    return frame.filter(pl.col("locator") < 0)


def off_five(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Eurostat's figures that are no multiple of 5."""
    return frame.filter(pl.col("publisher") == "eurostat", pl.col("value") % 5 != 0)


def small_counts(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """UNHCR's figures from 1 to 4."""
    return frame.filter(pl.col("publisher") == "unhcr", pl.col("value").is_between(0, 5, closed="none"))


def within_one_country(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Figures above 0 of what crosses a border, with one and the same country at both ends."""
    return frame.filter(
        pl.col("indicator").is_in(CROSSING),
        pl.col("reporter").cast(pl.String) == pl.col("partner").cast(pl.String),
        pl.col("value") > 0,
    )


def sexes_off_total(frame: pl.LazyFrame, contract: Contract, _: Facts) -> pl.LazyFrame:
    """Totals over sex that are not what the sexes add up to, with the least and greatest sum."""
    parts = _wide(frame, contract, "sex", SEXES)
    sums = _sums(parts, least=_low("M") + _low("F"), most=_high("M") + _high("F"))
    return _totals(frame, sums, contract, "sex", WEIGHTING)


def citizenships_off_total(slack: Callable[[pl.Expr], pl.Expr]) -> Failing:
    """Of totals over citizenship or country of birth: nationals, foreigners, stateless and unknown do not add up."""

    def failing(frame: pl.LazyFrame, contract: Contract, _: Facts) -> pl.LazyFrame:
        people = frame.filter(pl.col("partner_role").is_in(["citizenship", "country_of_birth"]))
        parts = _wide(people, contract, "partner", CITIZENSHIPS)
        sums = _sums(parts, least=_low("NAT") + _foreign(_low), most=_high("NAT") + _foreign(_high))
        return _totals(people, sums, contract, "partner", slack(pl.col("value")))

    return failing


def members_off_aggregate(frame: pl.LazyFrame, contract: Contract, facts: Facts) -> pl.LazyFrame:
    """Figures of the Union that are not the sum of its members', where every member is published."""
    pairs = [(union, state) for union, states in sorted(facts.members.items()) for state in sorted(states)]
    table = pl.LazyFrame(pairs, schema={"union": pl.String, "state": pl.String}, orient="row")
    sizes = table.group_by("union").agg(size=pl.len())
    keys = [name for name in contract.key if name != "reporter"]
    figures = _bounded(frame.filter(pl.col("indicator").is_in(ADDITIVE))).with_columns(
        pl.col("reporter").cast(pl.String)
    )
    unions = figures.join(sizes, left_on="reporter", right_on="union").filter(pl.col("low").is_not_null())
    sums = (
        figures.join(unions.select(keys).unique(), on=keys, how="semi")
        .join(table, left_on="reporter", right_on="state")
        .group_by(*keys, "union")
        .agg(parts_min=pl.col("low").sum(), parts_max=pl.col("high").sum(), published=pl.col("low").count())
    )
    return (
        unions.join(sums, left_on=[*keys, "reporter"], right_on=[*keys, "union"])
        .filter(pl.col("published") == pl.col("size"), _apart(WEIGHTING))
        .drop("low", "high", "size", "published")
    )


def unmatched(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Every code that no crosswalk knows."""
    return frame.filter(pl.col("cells") > 0)


def unmatched_beyond_share(frame: pl.LazyFrame, _: Contract, facts: Facts) -> pl.LazyFrame:
    """The codes of datasets that lose more than 1 % of their cells to unmatched codes, with that share."""
    matched = pl.col("dataset").cast(pl.String).replace_strict(facts.observations, default=0, return_dtype=pl.Int64)
    lost = pl.col("cells").sum().over("dataset")
    return frame.with_columns(share=lost / (lost + matched)).filter(pl.col("share") > UNMATCHED_SHARE)


YEARS_REASON = (
    "Estimates of the United Nations begin in 1950 and no source here reaches further back, projections end in 2100: "
    "another year is a number or code that was read as one."
)
IDENTITIES = (
    Identity(
        "types_as_declared",
        "error",
        "A value means the same to every reader only in the type that the contract declares.",
        types_not_declared,
    ),
    Identity(
        "rows_do_not_shrink",
        "error",
        "Publishers revise figures but seldom withdraw them: a table that lost more than 5 % of its rows since the "
        "last release was read in part, or a code was renamed and answered with nothing.",
        shrunk,
    ),
    Identity(
        "one_unit_per_indicator",
        "error",
        "An indicator is defined with one unit: figures in two units cannot be added, compared or ranked.",
        unit_not_indicators,
        needs=("indicator", "unit"),
        shows=("unit",),
    ),
    Identity(
        "counts_not_negative",
        "error",
        "Persons, permits, decisions and payments are counted from 0; net migration, a difference, can be negative.",
        negative,
        needs=("indicator", "value"),
    ),
    Identity(
        "periods_plausible",
        "error",
        YEARS_REASON,
        implausible(pl.col("period").dt.year()),
        needs=("period",),
    ),
    Identity(
        "years_plausible",
        "error",
        YEARS_REASON,
        implausible(pl.col("year")),
        needs=("year",),
    ),
    Identity(
        "periods_begin_their_frequency",
        "error",
        "A period is dated by its first day, so that figures of one year from two publishers meet.",
        period_inside,
        needs=("period", "freq"),
    ),
    Identity(
        "known_after_period_began",
        "warning",
        "What is not flagged as a forecast cannot have been known before its period began: the period, the publisher's "
        "stamp or the flag was misread.",
        known_too_early,
        needs=("period", "known_from", "obs_status"),
        shows=("obs_status", "known_from"),
    ),
    Identity(
        "known_from_before_known_to",
        "error",
        "A vintage ends after it began; otherwise no day has that figure and a look back would find nothing.",
        known_backwards,
        needs=("known_from", "known_to"),
        shows=("known_from", "known_to"),
    ),
    Identity(
        "locators_not_negative",
        "error",
        "Every figure can be followed back to its place in the payload, and places are counted from the beginning.",
        locator_negative,
        needs=("locator",),
        shows=("payload", "locator"),
    ),
    Identity(
        "eurostat_counts_are_multiples_of_five",
        "error",
        "Eurostat rounds statistics of asylum and enforcement to the nearest 5, as its reference metadata say, so that "
        "nobody can be recognised: another figure comes from elsewhere or was misread.",
        off_five,
        needs=("publisher", "value"),
        tables=("asylum", "enforcement"),
    ),
    Identity(
        "unhcr_shows_no_small_counts",
        "warning",
        "UNHCR edits counts from 1 to 4 before it publishes, so that nobody can be recognised: such a figure is of "
        "another vintage, or UNHCR changed its rule.",
        small_counts,
        needs=("publisher", "value"),
        tables=("displacement", "asylum"),
    ),
    Identity(
        "origin_differs_from_destination",
        "warning",
        "A refugee is outside the country of nationality (Article 1 A (2) of the 1951 Convention) and a transfer "
        "between countries has two. UNHCR publishes a handful of rows that say otherwise; more are a misread code.",
        within_one_country,
        needs=("indicator", "reporter", "partner", "value"),
        tables=("displacement", "asylum", "remittance"),
    ),
    Identity(
        "sexes_make_total",
        "warning",
        "Each person counted is of one sex or of unknown sex, so the parts of a breakdown by sex, such as Articles 3 "
        "to 5 of Regulation (EC) No 862/2007 ask for, make the total within rounding.",
        sexes_off_total,
        needs=("sex", "value"),
    ),
    Identity(
        "citizenships_make_total",
        "warning",
        "Every resident is a national, a foreigner, stateless or of unknown citizenship, and nobody is two of these "
        "(groups of citizenship of Regulation (EU) No 351/2010): the parts make the total within what states round.",
        citizenships_off_total(lambda _: pl.lit(STATE_ROUNDING)),
        needs=("partner", "partner_role", "value"),
        tables=("migrant_stock", "migration_flow"),
    ),
    Identity(
        "citizenships_near_total",
        "error",
        "Parts that miss the total by more than 1 % are not rounding: one group was read as another, such as "
        "foreigners with for foreigners without the stateless (groups of Regulation (EU) No 351/2010).",
        citizenships_off_total(lambda total: pl.max_horizontal(total * GROSS, pl.lit(STATE_ROUNDING))),
        needs=("partner", "partner_role", "value"),
        tables=("migrant_stock", "migration_flow"),
    ),
    Identity(
        "members_make_union",
        "warning",
        "Eurostat's aggregates have the fixed composition of the years that they are named for, by the Treaties of "
        "Accession and the withdrawal of 2020, and are the sum of those members where all are published: else a member "
        "was misread, or revised after the aggregate was made.",
        members_off_aggregate,
        needs=("indicator", "reporter", "value"),
    ),
    Identity(
        "no_unmatched_codes",
        "warning",
        "Cells with a code that no crosswalk knows are in no other table: each such code wants a decision.",
        unmatched,
        tables=("unmatched_code",),
        shows=("cells",),
    ),
    Identity(
        "few_unmatched_cells",
        "error",
        "A dataset that loses more than 1 % of its cells to unknown codes was recoded by its publisher: series would "
        "break without a word.",
        unmatched_beyond_share,
        tables=("unmatched_code",),
        shows=("cells",),
    ),
)


def _bounded(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The frame with ``low`` and ``high``: between which two the true value lies; null where it is not published."""
    low = pl.coalesce("value_min", "value")
    return frame.with_columns(
        low=low, high=pl.when(low.is_not_null()).then(pl.coalesce("value_max", "value", float("inf")))
    )


def _low(code: str) -> pl.Expr:
    return pl.col(f"{code}_low")


def _high(code: str) -> pl.Expr:
    return pl.col(f"{code}_high")


def _foreign(bound: Callable[[str], pl.Expr]) -> pl.Expr:
    """Foreigners with the stateless: as published together, or summed; by birth nobody is stateless."""
    by_birth = pl.when(pl.col("partner_role") == "country_of_birth").then(bound("FOR"))
    return pl.coalesce(bound("FOR_STLS"), bound("FOR") + bound("STLS"), by_birth)


def _wide(frame: pl.LazyFrame, contract: Contract, dimension: str, codes: tuple[str, ...]) -> pl.LazyFrame:
    """A row for each combination of the other key fields, with the bounds of each code: ``M_low``, ``M_high`` …"""
    keys = [name for name in contract.key if name != dimension]
    of = {code: pl.col(dimension) == code for code in codes}
    return (
        _bounded(frame.filter(pl.col(dimension).is_in(codes)))
        .group_by(keys)
        .agg(
            *(pl.col("low").filter(is_code).first().alias(f"{code}_low") for code, is_code in of.items()),
            *(pl.col("high").filter(is_code).first().alias(f"{code}_high") for code, is_code in of.items()),
        )
    )


def _sums(parts: pl.LazyFrame, least: pl.Expr, most: pl.Expr) -> pl.LazyFrame:
    """The least and greatest sum of the parts and of the unknown.

    Where a dataset tells the unknown apart, but not here, there may be any number of them.
    """
    told_apart = _high("_U").is_not_null().any().over("indicator", "dataset")
    untold = pl.when(told_apart).then(float("inf")).otherwise(0.0)
    sums = parts.with_columns(
        parts_min=least + _low("_U").fill_null(0.0),
        parts_max=most + pl.coalesce(_high("_U"), untold),
    )
    return sums.filter(pl.col("parts_min").is_not_null(), pl.col("parts_max").is_not_null())


def _totals(
    frame: pl.LazyFrame, sums: pl.LazyFrame, contract: Contract, dimension: str, slack: pl.Expr | float
) -> pl.LazyFrame:
    """The rows of the total that its parts do not reach or exceed by more than ``slack``."""
    keys = [name for name in contract.key if name != dimension]
    totals = _bounded(frame.filter(pl.col(dimension) == "_T")).filter(pl.col("low").is_not_null())
    joined = totals.join(sums.select(*keys, "parts_min", "parts_max"), on=keys)
    return joined.filter(_apart(slack)).drop("low", "high")


def _apart(slack: pl.Expr | float) -> pl.Expr:
    """Whether a figure and the sum of its parts cannot be equal: their intervals are more than ``slack`` apart."""
    return (pl.col("low") > pl.col("parts_max") + slack) | (pl.col("high") < pl.col("parts_min") - slack)
