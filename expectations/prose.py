"""What must hold of figures read from prose: the sums that their publishers print, and that little stays unread.

Pure functions from a table's lazy frame to its failing rows, like those of ``expectations.rules``. They also catch
recycled and counterfeit texts, whose figures are right one by one and wrong together.
"""

import polars as pl

from expectations.rules import Facts, Failing, Identity
from warehouse.codes.concepts import changes
from warehouse.contracts import Contract

# More sentences with figures than the longest communiqué has that is about something else throughout.
MOST_UNREAD = 500

_INDICATOR = pl.col("indicator").cast(pl.String)
_GROUP = pl.col("group").cast(pl.String)
_SCOPE = pl.col("scope").cast(pl.String)
_NATION = pl.col("reporter").cast(pl.String) == "CHN"


def _bounds(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The published figures with ``low`` and ``high``, between which the true one lies; no bound above is none."""
    low = pl.coalesce("value_min", "value")
    open_ = pl.col("value_min").is_not_null() & pl.col("value_max").is_null()
    high = pl.when(open_).then(float("inf")).otherwise(pl.coalesce("value_max", "value"))
    return frame.filter(pl.col("value").is_not_null()).with_columns(low=low, high=high)


def sum_off(whole: pl.Expr, parts: pl.Expr, number: int, *differ: str) -> Failing:
    """Of the rows ``whole``: those that are not the sum of the ``number`` rows ``parts``, which differ in these."""

    def failing(frame: pl.LazyFrame, contract: Contract, _: Facts) -> pl.LazyFrame:
        keys = [name for name in contract.key if name not in differ]
        figures = _bounds(frame)
        sums = (
            figures.filter(parts)
            .group_by(keys)
            .agg(parts_min=pl.col("low").sum(), parts_max=pl.col("high").sum(), number=pl.len())
            .filter(pl.col("number") == number)
        )
        joined = figures.filter(whole).join(sums, on=keys)
        return joined.filter((pl.col("low") > pl.col("parts_max")) | (pl.col("high") < pl.col("parts_min"))).drop(
            "low", "high", "number"
        )

    return failing


def changes_off_levels(frame: pl.LazyFrame, contract: Contract, _: Facts) -> pl.LazyFrame:
    """Printed changes on the year before that the two levels, without a break, do not give within rounding."""
    keys = [name for name in contract.key if name != "period"]
    figures = _bounds(frame.with_columns(_INDICATOR, pl.col("obs_status").cast(pl.String)))
    levels = figures.filter(~pl.col("obs_status").str.contains("B")).select(*contract.key, "low", "high")
    # A break parts a year from the one before it, not from the one after.
    before = figures.select(
        *(name for name in contract.key if name != "period"),
        pl.col("period").dt.offset_by("1y"),
        low_before="low",
        high_before="high",
    )
    pairs = levels.join(before, on=contract.key).select(
        *contract.key,
        parts_min=(pl.col("low") / pl.col("high_before") - 1) * 100,
        parts_max=(pl.col("high") / pl.col("low_before") - 1) * 100,
    )
    printed = figures.filter(pl.col("indicator").is_in(list(changes()))).with_columns(
        change=pl.col("indicator"), indicator=pl.col("indicator").replace_strict(changes(), default=None)
    )
    joined = printed.join(pairs, on=[*keys, "period"])
    off = (pl.col("low") > pl.col("parts_max")) | (pl.col("high") < pl.col("parts_min"))
    return joined.filter(off).with_columns(indicator=pl.col("change")).drop("low", "high", "change")


def too_much_unread(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Sentences of documents with more unread ones than any has that is read right."""
    return frame.with_columns(unread=pl.len().over("dataset", "payload")).filter(pl.col("unread") > MOST_UNREAD)


def nothing_read(frame: pl.LazyFrame, _: Contract, facts: Facts) -> pl.LazyFrame:
    """Unread sentences of datasets of which no figure was read."""
    read = pl.col("dataset").cast(pl.String).replace_strict(facts.observations, default=0, return_dtype=pl.Int64)
    return frame.filter(read == 0)


def _of(indicator: str) -> pl.Expr:
    return _INDICATOR.eq(indicator)


_CENSUS = _of("census_residents_from_outside")
IDENTITIES = (
    Identity(
        "outgoing_and_local_make_migrant_workers",
        "error",
        "The monitoring survey of the National Bureau of Statistics counts migrant workers as outgoing or local, and "
        "in every year known the two printed parts make the printed total exactly: a page that breaks it is recycled.",
        sum_off(
            _of("migrant_workers"),
            (_of("migrant_workers_outgoing") | _of("migrant_workers_local")) & (_SCOPE == "_T"),
            2,
            "indicator",
        ),
        needs=("scope", "value"),
    ),
    Identity(
        "regions_make_migrant_workers",
        "error",
        "Every migrant worker comes from one of four regions, all of which the monitoring report prints since 2016.",
        sum_off(
            _of("migrant_workers") & (pl.col("partner_role") == "_Z"),
            _of("migrant_workers") & (pl.col("partner_role") == "origin"),
            4,
            "partner",
            "partner_role",
        ),
        needs=("scope", "partner", "value"),
    ),
    Identity(
        "inter_and_intra_make_the_moves",
        "error",
        "A move leads to another province or stays within one: the census and the monitoring survey print both parts, "
        "which make the floating population or the outgoing migrant workers within rounding.",
        sum_off(_SCOPE == "_T", _SCOPE.is_in(["INTER", "INTRA"]), 2, "scope"),
        needs=("scope", "value"),
    ),
    Identity(
        "floating_and_in_city_make_separated",
        "error",
        "Those separated from their household register are the floating population and those within the districts of "
        "one city, by the definition of the National Bureau of Statistics.",
        sum_off(
            _of("hukou_separated") & (_SCOPE == "_T"),
            (_of("hukou_separated") & (_SCOPE == "CITY")) | (_of("floating_population") & (_SCOPE == "_T")),
            2,
            "indicator",
            "scope",
        ),
        needs=("scope", "value"),
    ),
    Identity(
        "provinces_make_separated",
        "error",
        "The census counts everyone separated from their household register in one of 31 provinces, from within it or "
        "from another.",
        sum_off(
            _of("hukou_separated") & _NATION & (_SCOPE == "_T"),
            _of("hukou_separated") & ~_NATION & _SCOPE.is_in(["INTER", "INTRA"]),
            62,
            "reporter",
            "scope",
        ),
        needs=("scope", "reporter", "value"),
    ),
    Identity(
        "purposes_make_the_census",
        "error",
        "The census asks everyone from outside the mainland for one purpose of six.",
        sum_off(_CENSUS & (pl.col("purpose") == "_T"), ~pl.col("purpose").is_in(["_T", "_Z"]), 6, "purpose"),
        needs=("purpose", "value"),
    ),
    Identity(
        "stays_make_the_census",
        "error",
        "The census sorts everyone from outside the mainland into one length of stay of six.",
        sum_off(_CENSUS & (pl.col("stay") == "_T"), ~pl.col("stay").is_in(["_T", "_Z"]), 6, "stay"),
        needs=("stay", "value"),
    ),
    Identity(
        "origins_make_the_census",
        "error",
        "Whoever is from outside the mainland is a resident of Hong Kong, Macao or Taiwan or a foreign national.",
        sum_off(
            _CENSUS & (pl.col("partner") == "_T"),
            _CENSUS & pl.col("partner").is_in(["HKG", "MAC", "TWN", "FOR"]),
            4,
            "partner",
        ),
        needs=("purpose", "partner", "value"),
    ),
    Identity(
        "citizenships_make_the_census",
        "error",
        "The census names the ten citizenships with most foreign nationals, and gives all the others together.",
        sum_off(
            _CENSUS & (pl.col("partner") == "FOR"),
            _of("census_foreigners"),
            11,
            "indicator",
            "partner",
            "partner_role",
        ),
        needs=("purpose", "partner", "value"),
    ),
    Identity(
        "provinces_make_the_census",
        "error",
        "The census names the ten provinces with most persons from outside the mainland and those in all the others.",
        sum_off(
            _CENSUS & _NATION,
            (_CENSUS & pl.col("reporter").cast(pl.String).str.starts_with("CHN-"))
            | _of("census_residents_from_outside_other_provinces"),
            11,
            "indicator",
            "reporter",
        ),
        needs=("purpose", "reporter", "value"),
    ),
    Identity(
        "groups_make_border_inspections",
        "error",
        "Who crosses a border of the mainland lives there, in Hong Kong, Macao or Taiwan, or is a foreigner: the "
        "printed groups make the printed total within the rounding of each.",
        sum_off(
            _of("border_inspections") & (_GROUP == "_T"),
            _of("border_inspections") & _GROUP.is_in(["MAINLAND", "HMT", "FOR", "FOR_WITH_BR"]),
            3,
            "group",
        ),
        needs=("direction", "group", "value"),
    ),
    Identity(
        "single_groups_make_border_inspections",
        "error",
        "Where residents of Hong Kong, Macao and Taiwan are printed apart, they make the total with the others.",
        sum_off(
            _of("border_inspections") & (_GROUP == "_T"),
            _of("border_inspections") & _GROUP.is_in(["MAINLAND", "HKG", "MAC", "TWN", "FOR"]),
            5,
            "group",
        ),
        needs=("direction", "group", "value"),
    ),
    Identity(
        "border_residents_make_foreigners",
        "error",
        "Foreigners with border residents are foreign citizens and foreign border residents.",
        sum_off(
            _of("border_inspections") & (_GROUP == "FOR_WITH_BR"),
            _of("border_inspections") & _GROUP.is_in(["FOR_CIT", "FOR_BR"]),
            2,
            "group",
        ),
        needs=("direction", "group", "value"),
    ),
    Identity(
        "changes_agree_with_levels",
        "warning",
        "A printed change on the year before is that of the printed levels within rounding, unless the year before was "
        "revised since or is counted otherwise: then the series has a break that is not flagged.",
        changes_off_levels,
        needs=("obs_status", "value"),
        tables=("border_crossing", "internal_migration", "student_mobility"),
    ),
    Identity(
        "little_unread",
        "error",
        "A document with hundreds of sentences that no statement reads is not the one that the statements were "
        "declared for.",
        too_much_unread,
        tables=("unread_sentence",),
    ),
    Identity(
        "something_read",
        "warning",
        "A document of which no figure is read is worded anew, or is about something else.",
        nothing_read,
        tables=("unread_sentence",),
    ),
)
