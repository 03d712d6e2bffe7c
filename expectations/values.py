"""Rules on single values: their form (types, units, signs, periods), and what their publishers cannot have counted."""

from functools import partial

import polars as pl

from expectations.rule import Rules, Table
from warehouse.codes.concepts import counting_by, indicators_with
from warehouse.rows import key_numbers

# The first year of the United Nations' estimates, and the last of its projections.
YEARS = (1950, 2100)
YEARS_REASON = (
    "Estimates of the United Nations begin in 1950 and no source here goes further back; projections end in 2100. "
    "Another year means that another number or a code was read as a year."
)
UNIT_OF_CHANGES = "percent_change"
# Several times the most victims, suspects or offences of trafficking that a state ever registered in a year.
GREATEST_COUNT = 100_000
# Units in which things are counted one by one.
UNITS_OF_COUNTS = ("persons", "permits", "applications", "decisions", "cases", "crossings", "documents", "offences")
# Bases of counting rules whose figures are counts, not results of a computation.
COUNTING = ("administrative", "register", "census", "case_records")
NO_FRACTION = 1e-6  # more than the rounding of a number of ten thousands
# By how much two roundings of one net migration may differ: persons, and share of the value.
ROUNDING, SHARE = 1.0, 0.01

RULES = Rules()
_form = partial(RULES.add, severity="error", part_of_contract=True)


@_form(
    reason="Every reader gets the same value only if each field has the type that the contract declares.", across=True
)
def types_as_declared(table: Table) -> pl.LazyFrame:
    """One row for each field whose type is not the contract's. Categorical strings count as strings."""
    found = {
        name: pl.String() if isinstance(kind, pl.Categorical) else kind
        for name, kind in table.rows.collect_schema().items()
    }
    rows = [
        (name, str(kind), str(found[name]))
        for name, kind in table.contract.polars_schema.items()
        if name in found and found[name] != kind
    ]
    return pl.LazyFrame(rows, schema=["field", "declared", "found"], orient="row")


@_form(reason="Two rows with one key are two answers to one question, and every sum counts both.")
def key_unique(table: Table) -> pl.LazyFrame:
    """All rows whose key another row has too. A missing part of a key equals a missing part."""
    rows = table.rows.collect()
    return rows.filter(key_numbers([rows], table.contract.key)[0].is_duplicated()).lazy()


@_form(
    reason="Each indicator has one unit, because figures in two units cannot be added, compared or ranked.",
    needs=("indicator", "unit"),
    shows=("unit",),
)
def one_unit_per_indicator(table: Table) -> pl.LazyFrame:
    """Rows whose unit is not that of their indicator, with the unit that is declared for it."""
    indicator = pl.col("indicator").cast(pl.String)
    declared = indicator.replace_strict(table.facts.units, default=None, return_dtype=pl.String)
    rows = table.rows.with_columns(declared_unit=declared)
    return rows.filter(pl.col("unit").cast(pl.String) != pl.col("declared_unit"))


@_form(
    reason="Persons, permits, decisions and payments are counted from 0. Only differences can be negative: net "
    "migration, natural increase, the net flow of students, the missing of an incident that corrects an earlier one, "
    "and the cost of a transfer at an exchange rate better than the market's.",
    needs=("indicator", "value"),
    of_row=True,
)
def counts_not_negative(table: Table) -> pl.LazyFrame:
    """Negative figures of indicators that cannot be negative."""
    signed = pl.col("indicator").is_in(indicators_with("may_be_negative"))
    return table.rows.filter(pl.col("value") < 0, ~signed, pl.col("unit").cast(pl.String) != UNIT_OF_CHANGES)


@RULES.add(
    severity="warning",
    reason="Nobody counts a fraction of a person, permit, application, decision, case or document. A fraction means "
    "that the separator of decimals or thousands, the unit or the column was misread. Models, estimates and figures "
    "that an international organisation compiled from national ones can have fractions, and now and then a publisher "
    "states one itself.",
    needs=("value", "unit", "definition"),
    shows=("unit", "definition"),
)
def counts_are_whole(table: Table) -> pl.LazyFrame:
    """Figures with a fraction in a unit of counts, by definitions whose publisher counts."""
    counted = counting_by(COUNTING)
    unit, definition = pl.col("unit").cast(pl.String), pl.col("definition").cast(pl.String)
    fraction = (pl.col("value") - pl.col("value").round()).abs()
    return table.rows.filter(
        fraction.is_between(NO_FRACTION, 1), unit.is_in(UNITS_OF_COUNTS), definition.is_in(counted)
    )


@_form(reason=YEARS_REASON, needs=("period",), of_row=True)
def periods_plausible(table: Table) -> pl.LazyFrame:
    """Rows whose period is before 1950 or after 2100."""
    return table.rows.filter(~pl.col("period").dt.year().is_between(*YEARS))


@_form(reason=YEARS_REASON, needs=("year",))
def years_plausible(table: Table) -> pl.LazyFrame:
    """Rows whose year is before 1950 or after 2100."""
    return table.rows.filter(~pl.col("year").is_between(*YEARS))


@_form(
    reason="A period is dated by its first day, so that figures of one year from two publishers have the same period.",
    needs=("period", "freq"),
    of_row=True,
)
def periods_begin_their_frequency(table: Table) -> pl.LazyFrame:
    """Periods that are not the first day of the year, half-year, quarter or month of their frequency."""
    months = pl.col("freq").cast(pl.String).replace_strict({"A": 12, "S": 6, "Q": 3, "M": 1}, default=None)
    month, day = pl.col("period").dt.month().cast(pl.Int64), pl.col("period").dt.day()
    return table.rows.filter(months.is_not_null(), (day != 1) | ((month - 1) % months != 0))


@RULES.add(
    severity="warning",
    reason="A figure without a forecast flag cannot be known before its period begins: the period, the publisher's "
    "time stamp or the flag was misread.",
    needs=("period", "known_from", "obs_status"),
    shows=("obs_status", "known_from"),
)
def known_after_period_began(table: Table) -> pl.LazyFrame:
    """Figures without a forecast flag that were known before their period began."""
    forecast = pl.col("obs_status").cast(pl.String).str.contains("F", literal=True)
    return table.rows.filter(~forecast, pl.col("known_from").dt.date() < pl.col("period"))


@_form(
    reason="Every figure can be traced to its place in the payload, and places are counted from the beginning of it.",
    needs=("locator",),
    shows=("payload", "locator"),
)
def locators_not_negative(table: Table) -> pl.LazyFrame:
    """Rows with a locator below 0; 0 is the first value of a JSON-stat payload."""
    return table.rows.filter(pl.col("locator") < 0)


@RULES.add(
    severity="error",
    reason="Eurostat rounds statistics of asylum and enforcement to the nearest 5, as its reference metadata state, so "
    "that nobody can be identified. Another figure comes from elsewhere or was misread.",
    needs=("publisher", "value"),
    tables=("asylum", "enforcement"),
    of_row=True,
)
def eurostat_counts_are_multiples_of_five(table: Table) -> pl.LazyFrame:
    """Eurostat's figures that are not a multiple of 5."""
    return table.rows.filter(pl.col("publisher") == "eurostat", pl.col("value") % 5 != 0)


@RULES.add(
    severity="warning",
    reason="UNHCR changes counts from 1 to 4 before it publishes them, so that nobody can be identified. Such a count "
    "comes from another vintage, or UNHCR changed its rule.",
    needs=("publisher", "value"),
    tables=("displacement", "asylum"),
)
def unhcr_shows_no_small_counts(table: Table) -> pl.LazyFrame:
    """UNHCR's figures from 1 to 4."""
    return table.rows.filter(pl.col("publisher") == "unhcr", pl.col("value").is_between(0, 5, closed="none"))


@RULES.add(
    severity="warning",
    reason="A refugee is outside the country of nationality (Article 1 A (2) of the 1951 Convention), and a transfer "
    "between countries has two countries. UNHCR publishes a handful of rows with one country on both sides; more of "
    "them mean that a code was misread.",
    needs=("indicator", "jurisdiction", "partner", "value"),
    tables=("displacement", "asylum", "remittance"),
)
def origin_differs_from_destination(table: Table) -> pl.LazyFrame:
    """Figures above 0 of indicators that cross a border, with one country on both sides."""
    return table.rows.filter(
        pl.col("indicator").is_in(indicators_with("crosses_border")),
        pl.col("jurisdiction").cast(pl.String) == pl.col("partner").cast(pl.String),
        pl.col("value") > 0,
    )


@RULES.add(
    severity="warning",
    reason="No state registers more than about 30,000 victims, suspects or offences of trafficking in a year. A value "
    "above 100,000 is another number in the place of a count, such as the number of a question in UNODC's "
    "questionnaire. It is published unchanged and marked U.",
    needs=("value", "exploitation"),
    shows=("obs_status",),
)
def trafficking_counts_plausible(table: Table) -> pl.LazyFrame:
    """Figures of trafficking above 100,000."""
    return table.rows.filter(pl.col("value") > GREATEST_COUNT)


@RULES.add(
    severity="warning",
    reason="World Population Prospects has one net migration for each jurisdiction and year, in its package and in its "
    "Data Portal. If the two differ, they come from different revisions, or one was read in another unit (the portal "
    "states no unit).",
    needs=("publisher", "value"),
    tables=("migration_flow",),
)
def un_net_migration_agrees(table: Table) -> pl.LazyFrame:
    """Net migration of one jurisdiction and year that differs between two datasets of the UN, with the other value."""
    first = table.rows.filter(pl.col("publisher") == "undesa", pl.col("indicator") == "net_migration")
    second = first.select("jurisdiction", "period", second=pl.col("dataset"), expected=pl.col("value"))
    pairs = (
        first.join(second, on=["jurisdiction", "period"]).filter(pl.col("dataset") < pl.col("second")).drop("second")
    )
    difference = (pl.col("value") - pl.col("expected")).abs()
    return pairs.filter(difference > ROUNDING + SHARE * pl.col("value").abs())


@RULES.add(
    severity="error",
    reason="An incident has one number of dead and one number of missing. A second number with another place, route or "
    "cause would be counted twice in the sum of a year's incidents.",
    needs=("incident", "value"),
    across=True,
)
def one_figure_per_incident(table: Table) -> pl.LazyFrame:
    """Incidents with more than one figure of an indicator."""
    number = pl.len().over("indicator", "incident", "publisher")
    return table.rows.filter(pl.col("incident") != "_Z", number > 1)


@RULES.add(
    severity="warning",
    reason="A share of a whole is between 0 and 100 %. A percentage outside that range is a misread unit, or an error "
    "of the source, which is published unchanged.",
    needs=("unit", "value"),
)
def rates_within_hundred(table: Table) -> pl.LazyFrame:
    """Percentages below 0 or above 100."""
    return table.rows.filter(pl.col("unit") == "percent", ~pl.col("value").is_between(0, 100))
