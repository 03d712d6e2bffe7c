"""Rules on figures that are read from prose: the sums that their publishers print, and changes that agree with levels.

They also find recycled and counterfeit texts, whose figures are each plausible and do not add up.
"""

import polars as pl

from expectations.rule import Rules, Table
from expectations.totals import bounded, outside_sum
from warehouse.codes.concepts import changes

_INDICATOR = pl.col("indicator").cast(pl.String)
_GROUP = pl.col("person_group").cast(pl.String)
_MOVE = pl.col("move").cast(pl.String)
_REPORTER = pl.col("jurisdiction").cast(pl.String)
_NATION = _REPORTER == "CHN"
_CENSUS = _INDICATOR == "census_residents_from_outside"
_SEPARATED = _INDICATOR == "hukou_separated"
_WORKERS = _INDICATOR == "migrant_workers"
_INSPECTIONS = _INDICATOR == "border_inspections"

RULES = Rules()


def _sum(  # noqa: PLR0913 - one argument for each field of a sum
    name: str,
    reason: str,
    *,
    total: pl.Expr,
    parts: pl.Expr,
    number: int,
    differ: tuple[str, ...],
    needs: tuple[str, ...],
) -> None:
    """Register the rule that rows ``total`` are the sum of ``number`` rows ``parts``, whose keys differ in ``differ``.

    A total of which fewer parts are published is not checked.
    """

    @RULES.add(name=name, severity="error", reason=reason, needs=(*needs, "value"), across="jurisdiction" in differ)
    def failing(table: Table) -> pl.LazyFrame:
        keys = [key for key in table.contract.key if key not in differ]
        figures = bounded(table.rows.filter(pl.col("value").is_not_null()))
        sums = (
            figures.filter(parts)
            .group_by(keys)
            .agg(parts_min=pl.col("low").sum(), parts_max=pl.col("high").sum(), number=pl.len())
            .filter(pl.col("number") == number)
        )
        joined = figures.filter(total).join(sums, on=keys)
        return joined.filter(outside_sum(0.0)).drop("low", "high", "number")


_sum(
    "outgoing_and_local_make_migrant_workers",
    "The monitoring survey of the National Bureau of Statistics counts migrant workers as outgoing or local. In every "
    "known year the two printed parts are exactly the printed total, so a page with another sum is recycled.",
    total=_WORKERS,
    parts=_INDICATOR.is_in(["migrant_workers_outgoing", "migrant_workers_local"]) & (_MOVE == "_T"),
    number=2,
    differ=("indicator",),
    needs=("move",),
)
_sum(
    "regions_make_migrant_workers",
    "Every migrant worker comes from one of four regions, and the monitoring report prints all four since 2016.",
    total=_WORKERS & (pl.col("partner_role") == "_Z"),
    parts=_WORKERS & (pl.col("partner_role") == "origin"),
    number=4,
    differ=("partner", "partner_role"),
    needs=("move", "partner"),
)
_sum(
    "moves_between_and_within_provinces_make_total",
    "A move leads to another province or stays within one. The census and the monitoring survey print both parts, "
    "which add up to the floating population or to the outgoing migrant workers within rounding.",
    total=_MOVE == "_T",
    parts=_MOVE.is_in(["INTER", "INTRA"]),
    number=2,
    differ=("move",),
    needs=("move",),
)
_sum(
    "floating_and_in_city_make_hukou_separated",
    "By the definition of the National Bureau of Statistics, the persons who are separated from their household "
    "register are the floating population and those within the districts of one city.",
    total=_SEPARATED & (_MOVE == "_T"),
    parts=(_SEPARATED & (_MOVE == "CITY")) | ((_INDICATOR == "floating_population") & (_MOVE == "_T")),
    number=2,
    differ=("indicator", "move"),
    needs=("move",),
)
_sum(
    "provinces_make_hukou_separated",
    "The census counts every person who is separated from the household register in one of 31 provinces, as coming "
    "from within it or from another.",
    total=_SEPARATED & _NATION & (_MOVE == "_T"),
    parts=_SEPARATED & ~_NATION & _MOVE.is_in(["INTER", "INTRA"]),
    number=62,
    differ=("jurisdiction", "move"),
    needs=("move", "jurisdiction"),
)
_sum(
    "purposes_make_census_total",
    "The census asks every person from outside the mainland for one of six purposes.",
    total=_CENSUS & (pl.col("purpose") == "_T"),
    parts=~pl.col("purpose").is_in(["_T", "_Z"]),
    number=6,
    differ=("purpose",),
    needs=("purpose",),
)
_sum(
    "stays_make_census_total",
    "The census assigns every person from outside the mainland to one of six lengths of stay.",
    total=_CENSUS & (pl.col("stay") == "_T"),
    parts=~pl.col("stay").is_in(["_T", "_Z"]),
    number=6,
    differ=("stay",),
    needs=("stay",),
)
_sum(
    "origins_make_census_total",
    "A person from outside the mainland is a resident of Hong Kong, Macao or Taiwan, or a foreign national.",
    total=_CENSUS & (pl.col("partner") == "_T"),
    parts=_CENSUS & pl.col("partner").is_in(["HKG", "MAC", "TWN", "FOR"]),
    number=4,
    differ=("partner",),
    needs=("purpose", "partner"),
)
_sum(
    "citizenships_make_census_foreigners",
    "The census names the ten citizenships with the most foreign nationals, and prints all others together.",
    total=_CENSUS & (pl.col("partner") == "FOR"),
    parts=_INDICATOR == "census_foreigners",
    number=11,
    differ=("indicator", "partner", "partner_role"),
    needs=("purpose", "partner"),
)
_sum(
    "provinces_make_census_total",
    "The census names the ten provinces with the most persons from outside the mainland, and prints all others "
    "together.",
    total=_CENSUS & _NATION,
    parts=(_CENSUS & _REPORTER.str.starts_with("CHN-"))
    | (_INDICATOR == "census_residents_from_outside_other_provinces"),
    number=11,
    differ=("indicator", "jurisdiction"),
    needs=("purpose", "jurisdiction"),
)
_sum(
    "groups_make_border_inspections",
    "A person who crosses a border of the mainland lives there, lives in Hong Kong, Macao or Taiwan, or is foreign: "
    "the printed groups add up to the printed total within the rounding of each.",
    total=_INSPECTIONS & (_GROUP == "_T"),
    parts=_INSPECTIONS & _GROUP.is_in(["MAINLAND", "HMT", "FOR", "FOR_WITH_BR"]),
    number=3,
    differ=("person_group",),
    needs=("direction", "person_group"),
)
_sum(
    "single_groups_make_border_inspections",
    "Where residents of Hong Kong, of Macao and of Taiwan are printed separately, they add up to the total together "
    "with the other groups.",
    total=_INSPECTIONS & (_GROUP == "_T"),
    parts=_INSPECTIONS & _GROUP.is_in(["MAINLAND", "HKG", "MAC", "TWN", "FOR"]),
    number=5,
    differ=("person_group",),
    needs=("direction", "person_group"),
)
_sum(
    "border_residents_make_foreigners",
    "Foreigners including border residents are foreign citizens and foreign border residents together.",
    total=_INSPECTIONS & (_GROUP == "FOR_WITH_BR"),
    parts=_INSPECTIONS & _GROUP.is_in(["FOR_CIT", "FOR_BR"]),
    number=2,
    differ=("person_group",),
    needs=("direction", "person_group"),
)


@RULES.add(
    severity="warning",
    reason="A printed change on the year before agrees with the printed levels within rounding, unless the year before "
    "was revised later or is counted in another way: then a flag for a break in the series is missing.",
    needs=("obs_status", "value"),
    tables=("border_crossing", "internal_migration", "student_mobility"),
)
def changes_agree_with_levels(table: Table) -> pl.LazyFrame:
    """Printed changes on the year before that the two levels, without a break, do not give within rounding."""
    key = table.contract.key
    others = [name for name in key if name != "period"]
    rows = table.rows.filter(pl.col("value").is_not_null())
    figures = bounded(rows.with_columns(_INDICATOR, pl.col("obs_status").cast(pl.String)))
    # A break separates a year from the one before it, not from the one after.
    levels = figures.filter(~pl.col("obs_status").str.contains("B")).select(*key, "low", "high")
    before = figures.select(
        *others, pl.col("period").dt.offset_by("1y"), low_before=pl.col("low"), high_before=pl.col("high")
    )
    computed = levels.join(before, on=key).select(
        *key,
        parts_min=(pl.col("low") / pl.col("high_before") - 1) * 100,
        parts_max=(pl.col("high") / pl.col("low_before") - 1) * 100,
    )
    printed = figures.filter(pl.col("indicator").is_in(list(changes()))).with_columns(
        change=pl.col("indicator"), indicator=pl.col("indicator").replace_strict(changes(), default=None)
    )
    differing = printed.join(computed, on=[*others, "period"]).filter(outside_sum(0.0))
    return differing.with_columns(indicator=pl.col("change")).drop("low", "high", "change")
