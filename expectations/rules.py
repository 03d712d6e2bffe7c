"""What must hold because of what the figures mean: accounting identities, publishers' own rules, laws of Europe.

An identity is a pure function from a table's lazy frame to its failing rows: the table's columns, and where it helps
columns that say what was expected. Two figures are equal when the intervals that their bounds leave open overlap, so
that a figure rounded to 5 is judged with the room that rounding leaves, and an exact one exactly.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from warehouse.codes.concepts import indicators_with
from warehouse.contracts import Contract

Severity = Literal["error", "warning"]

# Persons by which a total may differ from its parts: figures of weighted censuses are rounded one by one.
WEIGHTING = 1.0
# Five figures that a state itself rounds to 5 before it reports them are together at most 12.5 off.
STATE_ROUNDING = 15.0
GROSS = 0.01
# The first year of the United Nations' estimates, and the last of its projections.
YEARS = (1950, 2100)
# Several times the most victims, suspects or offences of trafficking that a state ever registered in a year.
GREATEST_COUNT = 100_000
UNMATCHED_SHARE = 0.01

CITIZENSHIPS = ("_T", "NAT", "FOR", "FOR_STLS", "STLS", "_U")
SEXES = ("_T", "M", "F", "OTH", "_U")
REASONS = ("FAM", "EDUC", "EMP", "OTH")
# Reasons that only valid permits have, and only in some years.
PROTECTION = ("RFG", "SPROT")
DURATIONS = ("M3T5", "M6T11", "M_GE12")
# Units of what is a part of something else: such figures do not add up.
UNITS_OF_RATES = ("percent", "per_1000")
TOWNS = ("population", "urban_population", "rural_population")
BALANCE = ("natural_increase_rate", "crude_birth_rate", "crude_death_rate")
VISITORS = ("_T", "FOR", "HKMO", "TWN")
# China's provinces, which are all counted or none, and the year up to which overseas Chinese were a group of visitors.
PROVINCES = 31
LAST_OVERSEAS_CHINESE = 2000
# What the provinces of China may lack of the nation: servicemen, and before 2011 what a census found too much or too
# little in a province that was not carried back as the nation was.
SERVICEMEN = 0.002
NOT_CARRIED_BACK = 0.02
CARRIED_BACK_FROM = 2011

UNIT_OF_CHANGES = "percent_change"


@dataclass(frozen=True)
class Facts:
    """What a table is held against beyond its own rows.

    ``lists``: members of every code list. ``units``: indicator → its one unit. ``members``: aggregate → its member
    states. ``previous``: the table in the last release, if it is there with the same key. ``observations``: dataset →
    cells that became observations.
    """

    lists: Mapping[str, frozenset[str]]
    units: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    previous: pl.LazyFrame | None = None
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


def every() -> tuple[Identity, ...]:
    """The identities of this module and of those for law, prose, the comparison and what was released before."""
    from expectations import comparison, drift, law, prose

    return (*IDENTITIES, *drift.IDENTITIES, *law.IDENTITIES, *prose.IDENTITIES, *comparison.IDENTITIES)


def identities(contract: Contract) -> list[Identity]:
    """The identities that a table is held to."""
    return [identity for identity in every() if identity.applies(contract)]


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


def unit_not_indicators(frame: pl.LazyFrame, _: Contract, facts: Facts) -> pl.LazyFrame:
    """Rows in a unit that is not the one of their indicator."""
    declared = pl.col("indicator").cast(pl.String).replace_strict(facts.units, default=None, return_dtype=pl.String)
    return frame.with_columns(declared_unit=declared).filter(pl.col("unit").cast(pl.String) != pl.col("declared_unit"))


def negative(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Negative figures of what cannot be negative."""
    changes = pl.col("unit").cast(pl.String) == UNIT_OF_CHANGES
    return frame.filter(pl.col("value") < 0, ~pl.col("indicator").is_in(indicators_with("may_be_negative")), ~changes)


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
        pl.col("indicator").is_in(indicators_with("crosses_border")),
        pl.col("reporter").cast(pl.String) == pl.col("partner").cast(pl.String),
        pl.col("value") > 0,
    )


def beyond_hundred(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Percentages of a whole that are below 0 or above 100."""
    return frame.filter(pl.col("unit") == "percent", ~pl.col("value").is_between(0, 100))


def sexes_off_total(frame: pl.LazyFrame, contract: Contract, _: Facts) -> pl.LazyFrame:
    """Totals over sex that are not what the sexes add up to, with the least and greatest sum."""
    frame = frame.filter(~pl.col("unit").cast(pl.String).is_in(UNITS_OF_RATES))
    parts = _wide(frame, contract, "sex", SEXES)
    least = _low("M") + _low("F") + _low("OTH").fill_null(0.0)
    most = _high("M") + _high("F") + _high("OTH").fill_null(0.0)
    sums = _sums(parts, least=least, most=most)
    return _totals(frame, sums, contract, "sex", WEIGHTING)


def parts_off_total(dimension: str, parts: tuple[str, ...], others: tuple[str, ...] = ()) -> Failing:
    """Totals over a dimension that its ``parts``, all of them published, and the ``others`` that are do not make."""

    def failing(frame: pl.LazyFrame, contract: Contract, _: Facts) -> pl.LazyFrame:
        wide = _wide(frame, contract, dimension, (*parts, *others))
        known = wide.filter(pl.all_horizontal(_low(part).is_not_null() for part in parts))
        sums = known.with_columns(
            parts_min=pl.sum_horizontal(_low(part) for part in (*parts, *others)),
            parts_max=pl.sum_horizontal(_high(part) for part in (*parts, *others)),
        )
        return _totals(frame, sums, contract, dimension, WEIGHTING)

    return failing


def labour_force_off_parts(frame: pl.LazyFrame, contract: Contract, _: Facts) -> pl.LazyFrame:
    """Labour forces that are not the employed and the unemployed of the same survey together."""
    keys = [name for name in contract.key if name != "indicator"]
    parts = (
        _bounded(frame.filter(pl.col("indicator").is_in(["employed", "unemployed"])))
        .group_by(keys)
        .agg(parts_min=pl.col("low").sum(), parts_max=pl.col("high").sum(), published=pl.col("low").count())
        .filter(pl.col("published") == 2)
    )
    totals = _bounded(frame.filter(pl.col("indicator") == "labour_force")).filter(pl.col("low").is_not_null())
    return totals.join(parts, on=keys).filter(_apart(WEIGHTING)).drop("low", "high", "published")


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
    figures = _bounded(frame.filter(pl.col("indicator").is_in(indicators_with("sums_to_union")))).with_columns(
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


def towns_off_population(frame: pl.LazyFrame, contract: Contract, _: Facts) -> pl.LazyFrame:
    """Populations that are not those of town and country together."""
    population, town, country = TOWNS
    parts = _wide(frame, contract, "indicator", TOWNS)
    sums = _between(parts, least=_low(town) + _low(country), most=_high(town) + _high(country))
    return _off(frame.filter(pl.col("indicator") == population), sums, contract, "indicator", WEIGHTING)


def increase_off_rates(frame: pl.LazyFrame, contract: Contract, _: Facts) -> pl.LazyFrame:
    """Rates of natural increase that are not births less deaths."""
    increase, births, deaths = BALANCE
    parts = _wide(frame, contract, "indicator", BALANCE)
    sums = _between(parts, least=_low(births) - _high(deaths), most=_high(births) - _low(deaths))
    return _off(frame.filter(pl.col("indicator") == increase), sums, contract, "indicator", 1e-6)


def visitors_off_groups(frame: pl.LazyFrame, contract: Contract, _: Facts) -> pl.LazyFrame:
    """Visitors that are not those of all groups together; to 2000 they may be more."""
    visitors = frame.filter(pl.col("indicator") == "inbound_visitors")
    parts = _wide(visitors, contract, "group", VISITORS)
    more = pl.when(pl.col("period").dt.year() <= LAST_OVERSEAS_CHINESE).then(float("inf")).otherwise(0.0)
    groups = VISITORS[1:]
    sums = _between(
        parts,
        least=pl.sum_horizontal(map(_low, groups), ignore_nulls=False),
        most=pl.sum_horizontal(map(_high, groups), ignore_nulls=False) + more,
    )
    return _totals(visitors, sums, contract, "group", WEIGHTING)


def provinces_off_nation(frame: pl.LazyFrame, contract: Contract, _: Facts) -> pl.LazyFrame:
    """Populations of China that its provinces together exceed, or miss by more than servicemen explain."""
    as_first_published = pl.col("dataset").cast(pl.String).str.ends_with("/communique")
    people = frame.filter(pl.col("indicator") == "population", ~as_first_published)
    keys = [name for name in contract.key if name not in ("reporter", "dataset")]
    provinces = (
        people.filter(pl.col("reporter").cast(pl.String).str.starts_with("CHN-"))
        .group_by(keys)
        .agg(parts_min=pl.col("value").sum(), published=pl.col("value").count())
        .filter(pl.col("published") == PROVINCES)
    )
    carried_back = pl.col("period").dt.year() >= CARRIED_BACK_FROM
    share = pl.when(carried_back).then(SERVICEMEN).otherwise(NOT_CARRIED_BACK)
    return (
        people.filter(pl.col("reporter").cast(pl.String) == "CHN")
        .join(provinces.drop("published"), on=keys)
        .with_columns(parts_max=pl.col("parts_min") + pl.col("value") * share)
        .filter(~pl.col("value").is_between("parts_min", "parts_max"))
    )


def unmatched(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Every code that no crosswalk knows."""
    return frame.filter(pl.col("cells") > 0)


def unmatched_beyond_share(frame: pl.LazyFrame, _: Contract, facts: Facts) -> pl.LazyFrame:
    """The codes of datasets that lose more than 1 % of their cells to unmatched codes, with that share."""
    matched = pl.col("dataset").cast(pl.String).replace_strict(facts.observations, default=0, return_dtype=pl.Int64)
    lost = pl.col("cells").sum().over("dataset")
    return frame.with_columns(share=lost / (lost + matched)).filter(pl.col("share") > UNMATCHED_SHARE)


def beyond_any_count(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Figures of trafficking that no state can have counted."""
    return frame.filter(pl.col("value") > GREATEST_COUNT)


def net_students_off(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Net flows of students that are not inbound less outbound, where the publisher gives all three."""
    keys = ["reporter", "period", "publisher"]
    of = {
        name: frame.filter(pl.col("indicator") == f"{name}_mobile_students") for name in ("net", "inbound", "outbound")
    }
    sides = [of[name].select(*keys, pl.col("value").alias(name)) for name in ("inbound", "outbound")]
    joined = (
        of["net"]
        .join(sides[0], on=keys)
        .join(sides[1], on=keys)
        .with_columns(expected=pl.col("inbound") - pl.col("outbound"))
    )
    return joined.filter((pl.col("value") - pl.col("expected")).abs() > WEIGHTING).drop("inbound", "outbound")


def prospects_apart(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Net migration of one jurisdiction and year that two datasets of the UN tell apart, with what the other says."""
    ours = frame.filter(pl.col("publisher") == "undesa", pl.col("indicator") == "net_migration")
    others = ours.select("reporter", "period", pl.col("dataset").alias("of"), pl.col("value").alias("expected"))
    both = ours.join(others, on=["reporter", "period"]).filter(pl.col("dataset") < pl.col("of")).drop("of")
    return both.filter((pl.col("value") - pl.col("expected")).abs() > WEIGHTING + GROSS * pl.col("value").abs())


def incidents_twice(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Incidents that have more than one figure of a kind."""
    number = pl.len().over("indicator", "incident", "publisher")
    return frame.filter(pl.col("incident") != "_Z", number > 1)


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
        "Persons, permits, decisions and payments are counted from 0. A difference can be negative: net migration, "
        "natural increase, the net flow of students, the missing of an incident that corrects an earlier one, and the "
        "cost of a transfer at an exchange rate better than the market's.",
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
        "trafficking_counts_plausible",
        "warning",
        "No state registers more than 30,000 or so victims, suspects or offences of trafficking a year: what is beyond "
        "100,000 is something else that stands where a count should, such as the number of a question in UNODC's "
        "questionnaire, and is published as it stands, marked U.",
        beyond_any_count,
        needs=("value", "exploitation"),
        shows=("obs_status",),
    ),
    Identity(
        "net_students_are_inbound_less_outbound",
        "warning",
        "The net flow of mobile students is what comes in less what goes out, of one jurisdiction and year from one "
        "publisher: otherwise one of the three is of another edition, or was misread.",
        net_students_off,
        needs=("education_level", "value"),
        tables=("student_mobility",),
    ),
    Identity(
        "prospects_agree",
        "warning",
        "World Population Prospects has one net migration for each jurisdiction and year, whether its package or its "
        "Data Portal is read: where the two are apart they are of different revisions, or one was read in another unit "
        "(the portal states none).",
        prospects_apart,
        needs=("publisher", "value"),
        tables=("migration_flow",),
    ),
    Identity(
        "incidents_stand_alone",
        "error",
        "An incident has one number of dead and one of missing. A second under another place, route or cause would be "
        "counted twice by whoever adds incidents up to a year.",
        incidents_twice,
        needs=("incident", "value"),
    ),
    Identity(
        "rates_within_hundred",
        "warning",
        "A part of a whole is between nothing and all of it: a percentage beyond is a misread unit, or an error of the "
        "source, which is published as it is.",
        beyond_hundred,
        needs=("unit", "value"),
    ),
    Identity(
        "reasons_make_total",
        "warning",
        "Each permit is issued for one reason (Article 6 of Regulation (EC) No 862/2007), so that the reasons make the "
        "total.",
        parts_off_total("reason", REASONS, PROTECTION),
        needs=("reason", "value"),
        tables=("residence_permit",),
    ),
    Identity(
        "durations_make_total",
        "warning",
        "Each permit is valid for one length of time (Article 6 of Regulation (EC) No 862/2007), so that the lengths "
        "make the total.",
        parts_off_total("duration", DURATIONS),
        needs=("duration", "value"),
        tables=("residence_permit",),
    ),
    Identity(
        "labour_force_is_employed_and_unemployed",
        "warning",
        "The labour force is the employed and the unemployed and nobody else (resolution I of the 19th International "
        "Conference of Labour Statisticians), within the rounding of the survey.",
        labour_force_off_parts,
        needs=("indicator", "value"),
        tables=("labour_migration",),
    ),
    Identity(
        "sexes_make_total",
        "warning",
        "Each person counted is of one sex or of unknown sex, so the parts of a breakdown by sex, such as Articles 3 "
        "to 5 of Regulation (EC) No 862/2007 ask for, make the total within rounding.",
        sexes_off_total,
        needs=("sex", "unit", "value"),
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
        "towns_and_country_make_population",
        "error",
        "Whoever lives in China lives in town or country and nowhere else, and the bureau publishes both with the "
        "total: another sum is a series that was read as another.",
        towns_off_population,
        needs=("indicator", "value"),
        tables=("population",),
    ),
    Identity(
        "births_less_deaths_make_increase",
        "warning",
        "Natural increase is births less deaths of the same average population, within the two decimals of each rate.",
        increase_off_rates,
        needs=("indicator", "value"),
        tables=("population",),
    ),
    Identity(
        "provinces_make_nation",
        "warning",
        "China's provinces count everyone but servicemen, some 2 million, who are in the nation's total: together they "
        "are never more than it, and from 2011, when the provinces too were carried back to the census, short of it by "
        "less than 0.2 %.",
        provinces_off_nation,
        needs=("indicator", "reporter", "value"),
        tables=("population",),
    ),
    Identity(
        "groups_make_visitors",
        "warning",
        "Visitors to the mainland are foreigners or residents of Hong Kong, Macao or Taiwan; up to 2000 overseas "
        "Chinese were a group of their own, which is not published here.",
        visitors_off_groups,
        needs=("indicator", "group", "value"),
        tables=("border_crossing",),
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


def _between(parts: pl.LazyFrame, least: pl.Expr, most: pl.Expr) -> pl.LazyFrame:
    """The least and greatest sum of the parts, where every part is published."""
    return parts.with_columns(parts_min=least, parts_max=most).drop_nulls(["parts_min", "parts_max"])


def _totals(
    frame: pl.LazyFrame, sums: pl.LazyFrame, contract: Contract, dimension: str, slack: pl.Expr | float
) -> pl.LazyFrame:
    """The rows of the total that its parts do not reach or exceed by more than ``slack``."""
    return _off(frame.filter(pl.col(dimension) == "_T"), sums, contract, dimension, slack)


def _off(
    rows: pl.LazyFrame, sums: pl.LazyFrame, contract: Contract, dimension: str, slack: pl.Expr | float
) -> pl.LazyFrame:
    """The rows that are not the sum of their parts, which differ in ``dimension``, within ``slack``."""
    keys = [name for name in contract.key if name != dimension]
    totals = _bounded(rows).filter(pl.col("low").is_not_null())
    joined = totals.join(sums.select(*keys, "parts_min", "parts_max"), on=keys)
    return joined.filter(_apart(slack)).drop("low", "high")


def _apart(slack: pl.Expr | float) -> pl.Expr:
    """Whether a figure and the sum of its parts cannot be equal: their intervals are more than ``slack`` apart."""
    return (pl.col("low") > pl.col("parts_max") + slack) | (pl.col("high") < pl.col("parts_min") - slack)
