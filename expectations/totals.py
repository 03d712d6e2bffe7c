"""Rules on totals: the parts that a publisher prints add up to the total that it prints.

A figure and a sum are equal if the intervals that their bounds allow overlap. So a figure that was rounded to 5
may differ by the rounding, and an exact figure may not differ. Where a part is not published, its total is not checked.
"""

from collections.abc import Callable

import polars as pl

from expectations.rule import Rules, Table
from warehouse.codes.concepts import indicators_with
from warehouse.rows import compact, groups, key_numbers

# Persons by which a total may differ from its parts: figures of weighted censuses are rounded one by one.
WEIGHTING = 1.0
# Five figures that a state itself rounds to 5 before it reports them are together at most 12.5 off.
STATE_ROUNDING = 15.0
# Share of a total by which its parts may differ before one of them must be another group.
GROSS = 0.01
# The same after a revision of one group only: the census of 2021 raised the population of Cyprus by 3.8 %.
GROSS_REVISED = 0.05

CITIZENSHIPS = ("_T", "NAT", "FOR", "FOR_STLS", "STLS", "_U")
SEXES = ("_T", "M", "F", "OTH", "_U")
REASONS = ("FAM", "EDUC", "EMP", "OTH")
# Reasons that only valid permits have, and only in some years.
PROTECTION = ("RFG", "SPROT")
DURATIONS = ("M3T5", "M6T11", "M_GE12")
# Units of shares: such figures do not add up.
UNITS_OF_RATES = ("percent", "per_1000")
VISITORS = ("_T", "FOR", "HKMO", "TWN")
# China's provinces are all counted or none. Up to this year overseas Chinese were a separate group of visitors.
PROVINCES = 31
LAST_OVERSEAS_CHINESE = 2000
# Share of the nation that the provinces of China may lack: servicemen; and before 2011, when only the nation was
# recalculated after a census, also the persons whom the census found to be too many or too few in a province.
SERVICEMEN = 0.002
NOT_RECALCULATED = 0.02
RECALCULATED_FROM = 2011

RULES = Rules()


@RULES.add(
    severity="warning",
    reason="The net flow of mobile students is the inbound number less the outbound number of the same jurisdiction, "
    "year and publisher. Otherwise one of the three comes from another edition or was misread.",
    needs=("education_level", "value"),
    tables=("student_mobility",),
)
def net_students_are_inbound_less_outbound(table: Table) -> pl.LazyFrame:
    """Net flows of students that are not inbound less outbound, where the publisher has all three."""
    keys = ["jurisdiction", "period", "publisher"]
    net, inbound, outbound = (
        table.rows.filter(pl.col("indicator") == f"{name}_mobile_students") for name in ("net", "inbound", "outbound")
    )
    rows = net.join(inbound.select(*keys, inbound="value"), on=keys).join(
        outbound.select(*keys, outbound="value"), on=keys
    )
    expected = rows.with_columns(expected=pl.col("inbound") - pl.col("outbound")).drop("inbound", "outbound")
    return expected.filter((pl.col("value") - pl.col("expected")).abs() > WEIGHTING)


@RULES.add(
    severity="warning",
    reason="Each permit is issued for one reason (Article 6 of Regulation (EC) No 862/2007), so the reasons add up to "
    "the total.",
    needs=("reason", "value"),
    tables=("residence_permit",),
)
def reasons_make_total(table: Table) -> pl.LazyFrame:
    """Totals over the reason that differ from the sum of the reasons."""
    return _differ_from_parts(table, "reason", REASONS, PROTECTION)


@RULES.add(
    severity="warning",
    reason="Each permit has one length of validity (Article 6 of Regulation (EC) No 862/2007), so the lengths add up "
    "to the total.",
    needs=("duration", "value"),
    tables=("residence_permit",),
)
def durations_make_total(table: Table) -> pl.LazyFrame:
    """Totals over the length of validity that differ from the sum of the lengths."""
    return _differ_from_parts(table, "duration", DURATIONS)


@RULES.add(
    severity="warning",
    reason="The labour force is the employed and the unemployed and nobody else (resolution I of the 19th "
    "International Conference of Labour Statisticians), within the rounding of the survey.",
    needs=("indicator", "value"),
    tables=("labour_migration",),
)
def labour_force_is_employed_and_unemployed(table: Table) -> pl.LazyFrame:
    """Labour forces that differ from the sum of the employed and the unemployed of the same survey."""
    rows = _without(table.rows, table, "indicator")
    parts = _wide(rows, "indicator", ("employed", "unemployed"))
    sums = _sums(parts, _low("employed") + _low("unemployed"), _high("employed") + _high("unemployed"))
    return _outside(rows.filter(pl.col("indicator") == "labour_force"), sums)


@RULES.add(
    severity="warning",
    reason="Each person counted is of one sex or of unknown sex, so the parts of a breakdown by sex, for example in "
    "Articles 3 to 5 of Regulation (EC) No 862/2007, add up to the total within rounding.",
    needs=("sex", "unit", "value"),
)
def sexes_make_total(table: Table) -> pl.LazyFrame:
    """Totals over sex that differ from the sum of the sexes."""
    rows = _without(table.rows.filter(~pl.col("unit").cast(pl.String).is_in(UNITS_OF_RATES)), table, "sex")
    parts = _wide(rows, "sex", SEXES)
    low = _low("M") + _low("F") + _low("OTH").fill_null(0.0)
    high = _high("M") + _high("F") + _high("OTH").fill_null(0.0)
    return _totals_outside(rows, _sums_with_unknown(parts, low, high), "sex")


@RULES.add(
    severity="warning",
    reason="Every resident is a national, a foreigner, stateless or of unknown citizenship, and in only one of these "
    "groups (groups of citizenship of Regulation (EU) No 351/2010). The groups add up to the total within the rounding "
    "of the states.",
    needs=("partner", "partner_role", "value"),
    tables=("migrant_stock", "migration_flow"),
)
def citizenships_make_total(table: Table) -> pl.LazyFrame:
    """Totals over citizenship or country of birth that differ from the sum of the groups."""
    return _differ_from_citizenships(table, pl.lit(STATE_ROUNDING))


@RULES.add(
    severity="error",
    reason="If the groups differ from the total by more than 1 %, rounding is not the cause: one group was read as "
    "another, such as foreigners with the stateless as foreigners without them (groups of Regulation (EU) No "
    "351/2010). If a part was revised later than the others, the difference may be up to 5 %.",
    needs=("partner", "partner_role", "value"),
    tables=("migrant_stock", "migration_flow"),
)
def citizenships_near_total(table: Table) -> pl.LazyFrame:
    """Totals over citizenship or country of birth that differ by more than 1 % from the sum of the groups."""
    share = pl.when(pl.col("vintages") > 1).then(GROSS_REVISED).otherwise(GROSS)
    return _differ_from_citizenships(table, pl.max_horizontal(pl.col("value") * share, pl.lit(STATE_ROUNDING)))


@RULES.add(
    severity="warning",
    reason="Each of Eurostat's aggregates has the fixed composition of the years in its name (Treaties of Accession, "
    "withdrawal of 2020) and is the sum of those members where all are published. Otherwise a member was misread, or "
    "revised after the aggregate was computed.",
    needs=("indicator", "jurisdiction", "value"),
    across=True,
)
def members_make_union(table: Table) -> pl.LazyFrame:
    """Figures of the Union that differ from the sum of its members, where every member is published.

    Some years at a time: all jurisdictions of a figure are needed, and a whole table may not fit in memory.
    """
    additive = table.rows.filter(pl.col("indicator").is_in(indicators_with("sums_to_union")))
    field = "year" if "year" in table.rows.collect_schema() else "indicator"
    shown = (*table.contract.key, "value", "value_min", "value_max")
    parts = (additive.filter(chosen).select(shown) for chosen in groups(table.rows, field))
    return pl.concat(_unequal_unions(table, part).collect() for part in parts).lazy()


def _unequal_unions(table: Table, rows: pl.LazyFrame) -> pl.LazyFrame:
    """The figures of the Union in some rows of a table that differ from the sum of the members."""
    pairs = [(union, state) for union, states in sorted(table.facts.members.items()) for state in sorted(states)]
    members = pl.LazyFrame(pairs, schema={"union": pl.String, "state": pl.String}, orient="row")
    sizes = members.group_by("union").agg(size=pl.len())
    keyed = _without(compact(rows).lazy(), table, "jurisdiction").with_columns(pl.col("jurisdiction").cast(pl.String))
    figures = bounded(keyed).filter(pl.col("low").is_not_null())
    unions = figures.join(sizes, left_on="jurisdiction", right_on="union")
    sums = (
        figures.select("__key", "jurisdiction", "low", "high")
        .join(unions.select("__key").unique(), on="__key", how="semi")
        .join(members, left_on="jurisdiction", right_on="state")
        .group_by("__key", "union")
        .agg(parts_min=pl.col("low").sum(), parts_max=pl.col("high").sum(), published=pl.len())
    )
    complete = unions.join(sums, left_on=["__key", "jurisdiction"], right_on=["__key", "union"]).filter(
        pl.col("published") == pl.col("size")
    )
    return complete.filter(outside_sum(WEIGHTING)).drop("low", "high", "size", "published", "__key")


@RULES.add(
    severity="error",
    reason="Every resident of China lives in a town or in the country, and the bureau publishes both with the total. "
    "Another sum means that one series was read as another.",
    needs=("indicator", "value"),
    tables=("population",),
)
def towns_and_country_make_population(table: Table) -> pl.LazyFrame:
    """Populations that differ from the sum of the urban and the rural population."""
    total, town, country = "population", "urban_population", "rural_population"
    rows = _without(table.rows, table, "indicator")
    sums = _sums(_wide(rows, "indicator", (town, country)), _low(town) + _low(country), _high(town) + _high(country))
    return _outside(rows.filter(pl.col("indicator") == total), sums)


@RULES.add(
    severity="warning",
    reason="Natural increase is births less deaths in the same average population, within the two decimals of each "
    "rate.",
    needs=("indicator", "value"),
    tables=("population",),
)
def births_less_deaths_make_increase(table: Table) -> pl.LazyFrame:
    """Rates of natural increase that differ from the birth rate less the death rate."""
    increase, births, deaths = "natural_increase_rate", "crude_birth_rate", "crude_death_rate"
    rows = _without(table.rows, table, "indicator")
    parts = _wide(rows, "indicator", (births, deaths))
    sums = _sums(parts, _low(births) - _high(deaths), _high(births) - _low(deaths))
    return _outside(rows.filter(pl.col("indicator") == increase), sums, 1e-6)


@RULES.add(
    severity="warning",
    reason="China's provinces count everyone except servicemen, about 2 million, who are in the nation's total. The "
    "provinces together never exceed the nation; from 2011, when the provinces too were recalculated after the census, "
    "they lack less than 0.2 % of it.",
    needs=("indicator", "jurisdiction", "value"),
    tables=("population",),
    across=True,
)
def provinces_make_nation(table: Table) -> pl.LazyFrame:
    """Populations of China that its provinces together exceed, or lack more of than servicemen explain."""
    first_published = pl.col("dataset").cast(pl.String).str.ends_with("/communique")
    people = table.rows.filter(pl.col("indicator") == "population", ~first_published)
    keys = [name for name in table.contract.key if name not in ("jurisdiction", "dataset")]
    provinces = (
        people.filter(pl.col("jurisdiction").cast(pl.String).str.starts_with("CHN-"))
        .group_by(keys)
        .agg(parts_min=pl.col("value").sum(), published=pl.col("value").count())
        .filter(pl.col("published") == PROVINCES)
    )
    recalculated = pl.col("period").dt.year() >= RECALCULATED_FROM
    share = pl.when(recalculated).then(SERVICEMEN).otherwise(NOT_RECALCULATED)
    return (
        people.filter(pl.col("jurisdiction").cast(pl.String) == "CHN")
        .join(provinces.drop("published"), on=keys)
        .with_columns(parts_max=pl.col("parts_min") + pl.col("value") * share)
        .filter(~pl.col("value").is_between("parts_min", "parts_max"))
    )


@RULES.add(
    severity="warning",
    reason="Visitors to the mainland are foreigners or residents of Hong Kong, Macao or Taiwan. Up to 2000 overseas "
    "Chinese were a separate group, which is not published here.",
    needs=("indicator", "person_group", "value"),
    tables=("border_crossing",),
)
def groups_make_visitors(table: Table) -> pl.LazyFrame:
    """Numbers of visitors that differ from the sum of the groups; up to 2000 they may be greater."""
    visitors = _without(table.rows.filter(pl.col("indicator") == "inbound_visitors"), table, "person_group")
    overseas = pl.when(pl.col("period").dt.year() <= LAST_OVERSEAS_CHINESE).then(float("inf")).otherwise(0.0)
    low, high = (pl.sum_horizontal(map(bound, VISITORS[1:]), ignore_nulls=False) for bound in (_low, _high))
    sums = _sums(_wide(visitors, "person_group", VISITORS), low, high + overseas)
    return _totals_outside(visitors, sums, "person_group")


def bounded(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows with ``low`` and ``high``, between which the true value lies; both null where there is no figure.

    A figure with a least value and without a greatest one, such as "more than 9,500", has no upper bound.
    """
    low = pl.coalesce("value_min", "value")
    open_above = pl.col("value_min").is_not_null() & pl.col("value_max").is_null()
    high = pl.when(open_above).then(float("inf")).when(low.is_not_null()).then(pl.coalesce("value_max", "value"))
    return rows.with_columns(low=low, high=high)


def outside_sum(tolerance: pl.Expr | float) -> pl.Expr:
    """Whether a figure differs from the sum of its parts: their intervals are more than ``tolerance`` away."""
    return (pl.col("low") > pl.col("parts_max") + tolerance) | (pl.col("high") < pl.col("parts_min") - tolerance)


def _low(code: str) -> pl.Expr:
    return pl.col(f"{code}_low")


def _high(code: str) -> pl.Expr:
    return pl.col(f"{code}_high")


def _differ_from_parts(
    table: Table, dimension: str, parts: tuple[str, ...], optional: tuple[str, ...] = ()
) -> pl.LazyFrame:
    """Totals over a dimension that differ from the sum of ``parts``, which must all be published, and ``optional``."""
    rows = _without(table.rows, table, dimension)
    wide = _wide(rows, dimension, (*parts, *optional))
    sums = wide.filter(pl.all_horizontal(_low(part).is_not_null() for part in parts)).with_columns(
        parts_min=pl.sum_horizontal(_low(part) for part in (*parts, *optional)),
        parts_max=pl.sum_horizontal(_high(part) for part in (*parts, *optional)),
    )
    return _totals_outside(rows, sums, dimension)


def _differ_from_citizenships(table: Table, tolerance: pl.Expr) -> pl.LazyFrame:
    """Totals over citizenship or country of birth that differ from the sum of the groups by more than ``tolerance``."""
    of_people = pl.col("partner_role").is_in(["citizenship", "country_of_birth"])
    people = _without(table.rows.filter(of_people), table, "partner")
    parts = _wide(people, "partner", CITIZENSHIPS)
    sums = _sums_with_unknown(parts, _low("NAT") + _foreigners(_low), _high("NAT") + _foreigners(_high))
    return _totals_outside(people, sums, "partner", tolerance)


def _foreigners(bound: Callable[[str], pl.Expr]) -> pl.Expr:
    """Foreigners with the stateless: published together, or the sum; by country of birth nobody is stateless."""
    by_birth = pl.when(pl.col("partner_role") == "country_of_birth").then(bound("FOR"))
    return pl.coalesce(bound("FOR_STLS"), bound("FOR") + bound("STLS"), by_birth)


def _without(rows: pl.LazyFrame, table: Table, dimension: str) -> pl.LazyFrame:
    """The rows with ``__key``: a number that is equal for rows whose keys are the same except for ``dimension``."""
    found = rows.collect()
    rest = [name for name in table.contract.key if name != dimension]
    return found.with_columns(__key=key_numbers([found], rest)[0]).lazy()


def _wide(rows: pl.LazyFrame, dimension: str, codes: tuple[str, ...]) -> pl.LazyFrame:
    """One row for each ``__key``, with the bounds of each code of a dimension: ``M_low``, ``M_high`` …

    ``vintages`` is the number of times at which the figures of the row were published. Other fields are those of any
    of the figures.
    """
    bounds = [
        pl.col(bound).filter(pl.col(dimension) == code).first().alias(f"{code}_{bound}")
        for code in codes
        for bound in ("low", "high")
    ]
    figures = bounded(rows.filter(pl.col(dimension).is_in(codes)))
    others = pl.exclude("__key", "low", "high").first()
    return figures.group_by("__key").agg(*bounds, others, vintages=pl.col("known_from").n_unique())


def _sums_with_unknown(parts: pl.LazyFrame, low: pl.Expr, high: pl.Expr) -> pl.LazyFrame:
    """The least and greatest sum of the parts and of the group "unknown".

    If a dataset publishes the unknown separately, but not in this row, their number has no upper bound here.
    """
    separate = _high("_U").is_not_null().any().over("indicator", "dataset")
    unknown = pl.coalesce(_high("_U"), pl.when(separate).then(float("inf")).otherwise(0.0))
    return _sums(parts, low + _low("_U").fill_null(0.0), high + unknown)


def _sums(parts: pl.LazyFrame, low: pl.Expr, high: pl.Expr) -> pl.LazyFrame:
    """The least and greatest sum of the parts, where every part is published."""
    return parts.with_columns(parts_min=low, parts_max=high).drop_nulls(["parts_min", "parts_max"])


def _totals_outside(
    rows: pl.LazyFrame, sums: pl.LazyFrame, dimension: str, tolerance: pl.Expr | float = WEIGHTING
) -> pl.LazyFrame:
    """The rows of the total of a dimension that differ from the sum of their parts."""
    return _outside(rows.filter(pl.col(dimension) == "_T"), sums, tolerance)


def _outside(rows: pl.LazyFrame, sums: pl.LazyFrame, tolerance: pl.Expr | float = WEIGHTING) -> pl.LazyFrame:
    """The rows that differ from the sum of their parts, which has the same ``__key``."""
    figures = bounded(rows).filter(pl.col("low").is_not_null())
    joined = figures.join(sums.select("__key", "parts_min", "parts_max", "vintages"), on="__key")
    return joined.filter(outside_sum(tolerance)).drop("low", "high", "vintages", "__key")
