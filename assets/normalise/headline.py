"""Table ``headline``: for each indicator, jurisdiction, partner and year the one figure to use.

``warehouse/headline.yaml`` declares the sources. A figure is a sum of observations only where this is declared, and
only of a complete set. The figures of the partners of a jurisdiction may be added up: totals and groups of partners are
not rows next to them, and what is not attributed to a listed partner is a row of its own.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod

import polars as pl

from assets.normalise import tables as rows_of
from assets.normalise.headline_gaps import COUNTS, completed, union_members
from assets.normalise.receptions import Receptions
from sources.catalogue import datasets, redistributable
from warehouse import codes
from warehouse.codes import CHINA, UNION
from warehouse.codes.concepts import indicators_with
from warehouse.codes.union import compositions
from warehouse.contracts import Contract, contract
from warehouse.headline import REST, HeadlineIndicator, HeadlineSource, headline_indicators, tolerance
from warehouse.measures import STATUS_FLAGS, TOTAL, UNITS
from warehouse.rows import compact, in_parts, plain

ANY = ["*"]
# The total over all partners, in place of the code for a figure that has no partner.
ALL_PARTNERS, NO_PARTNER = "_T", "_Z"
# The jurisdiction's own citizens or natives, in place of its own code.
NATIONALS = "NAT"
# A set of fewer partners without a total is an extract.
FEW = 10
# Groups of persons that no country contains, so that they may be added to countries.
BETWEEN_COUNTRIES = ("STLS", "RNC", "_U", "OTH", "MIXED", "TIB", "NRP", "CHI_ISL", "WB_ONO", "WB_OSO")
PERIODS = {"A": 1, "D": 1, "Q": 4, "M": 12}

_SERIES = ("indicator", "jurisdiction", "partner")
_FIGURE = (*_SERIES, "year")
# The key of a total over partners, and that of a figure of the Union.
_OF_ALL = ["indicator", "jurisdiction", "year"]
_OF_UNION = ["indicator", "partner", "year"]


@dataclass(frozen=True)
class _Choice:
    """A source of a headline indicator, and its place in the order of the sources."""

    name: str
    entry: HeadlineIndicator
    source: HeadlineSource
    order: int


def headline(figures: Iterable[pl.LazyFrame], receptions: Receptions | None = None) -> Iterator[pl.DataFrame]:
    """Table ``headline`` from the figures of each table of statistics, in parts in the order of its contract.

    The reason of a figure that a member state does not have follows from what was received of its datasets.
    """
    declared, received = contract("headline"), receptions or Receptions()
    listed = pl.concat([compact(completed(each.collect(), received).lazy()) for each in figures])
    for part in in_parts(listed.lazy(), declared.key):
        yield _with_names(_with_flags(part)).select(declared.field_names).cast(declared.polars_schema)


def figures_of_table(rows: pl.LazyFrame, declared: Contract) -> pl.DataFrame:
    """The figures of ``headline`` that a table of statistics has, without flags and the names of codes.

    The sources of an indicator are in one table, so the figures of each table are computed separately.
    """
    figures = _with_unions(_with_totals(_figures(rows, declared).collect(engine="streaming")))
    listed = _all_listed(figures)
    can_be_added = pl.col("unit").is_in(COUNTS)
    by_partner = listed.filter(can_be_added, ~pl.col("partner").is_in(TOTAL))["indicator"].unique()
    only_total = can_be_added & pl.col("partner").is_in(TOTAL) & pl.col("indicator").is_in(by_partner.implode())
    rest = pl.when(only_total).then(pl.lit(REST)).otherwise("partner")
    return listed.with_columns(partner=rest, scope=_scope())


def rows_in_parts(observations: pl.LazyFrame, declared: Contract) -> Iterator[pl.DataFrame]:
    """A table of statistics or of law in the columns and order of its contract, in parts. Statistics are marked."""
    for part in rows_of.rows_in_parts(observations, declared):
        yield marked(part, declared) if declared.kind == "statistics" else part


def marked(rows: pl.DataFrame, declared: Contract) -> pl.DataFrame:
    """The rows of a table with the field ``headline``: whether a row of the table ``headline`` is made from the row.

    For each indicator, jurisdiction, partner and year, one row is marked, or all rows that are added to one figure. A
    total over all partners is marked only if no single partner is marked. So the marked rows of a jurisdiction can be
    added up.
    """
    numbered = rows.lazy().with_row_index("__row")
    own = {name: entry for name, entry in _indicators_of(declared.table).items() if entry.of is None}
    selected, figures = _selected(numbered, declared, own)
    made = figures.collect(engine="streaming").filter(_scope() != "none")
    listed = _all_listed(made).filter(pl.col("made") != "rest")
    used = selected.join(listed.lazy(), on=[*_FIGURE, "order"], how="semi").select("__row").unique().collect()
    return rows.with_columns(headline=pl.int_range(pl.len(), dtype=pl.UInt32).is_in(used["__row"].implode()))


def _indicators_of(table: str) -> dict[str, HeadlineIndicator]:
    """The headline indicators whose observations are in a table."""
    return {
        name: entry
        for name, entry in headline_indicators().items()
        if any(datasets()[source.dataset][1].table == table for source in entry.sources if source.dataset in datasets())
    }


def _figures(rows: pl.LazyFrame, declared: Contract) -> pl.LazyFrame:
    """The figure of the first source with a value, for each headline indicator, jurisdiction, partner and year."""
    # Numbers of rows are not needed here, and with them Polars could not push the filters down to the Parquet files.
    unnumbered = rows.with_columns(__row=pl.lit(0, pl.UInt32))
    return _selected(unnumbered, declared, _indicators_of(declared.table))[1]


def _selected(
    rows: pl.LazyFrame, declared: Contract, indicators: Mapping[str, HeadlineIndicator]
) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """The observations that the sources select, and the figure of the first source that has one."""
    selected, figures = [pl.LazyFrame(schema=_SELECTED).select("__row", *_FIGURE, "order")], [_none()]
    for name, entry in indicators.items():
        made = []
        for order, source in enumerate(entry.sources, 1):
            if source.dataset not in redistributable():
                continue
            rows_of_source = _of_source(rows, declared, _Choice(name, entry, source, order * 100))
            selected.append(rows_of_source.select("__row", *_FIGURE, "order"))
            made.append(
                _of_one_row(rows_of_source, source) if _is_one_row(source) else _of_several_rows(rows_of_source, source)
            )
        single = len(made) == 1 and not entry.group and not entry.nationals
        figures += made if single else [_first(pl.concat([_none(), *made]))]
    return pl.concat(selected), pl.concat(figures)


def _first(figures: pl.LazyFrame) -> pl.LazyFrame:
    known = pl.col("value").is_not_null()
    return figures.sort(~known, "order").unique(_FIGURE, keep="first", maintain_order=True)


_SELECTED: dict[str, pl.DataType] = {
    "__row": pl.UInt32(),
    "indicator": pl.String(),
    "jurisdiction": pl.String(),
    "partner": pl.String(),
    "year": pl.Int64(),
    "order": pl.Int32(),
}


def _none() -> pl.LazyFrame:
    """No figure, with the columns of figures."""
    texts = dict.fromkeys((*_COMMON, "made", "because", "source_table"), pl.String())
    values = dict.fromkeys(("value", "value_min", "value_max"), pl.Float64())
    own: dict[str, pl.DataType] = {name: kind for name, kind in _SELECTED.items() if name != "__row"}
    more: dict[str, pl.DataType] = {"locator": pl.Int64(), "parts": pl.Int64(), "known_from": pl.Datetime("us", "UTC")}
    flags = dict.fromkeys((*STATUS_FLAGS, "partial", "complete"), pl.Boolean())
    return pl.LazyFrame(schema={**own, **values, **texts, **more, **flags}).select(_columns())


_COMMON = ("unit", "definition", "dataset", "payload", "missing_reason")


def _columns() -> list[str]:
    return [
        *(*_FIGURE, "order", "value", "value_min", "value_max", *_COMMON, "made", "because", "source_table"),
        *("locator", "parts", "known_from", *STATUS_FLAGS, "partial", "complete"),
    ]


def _of_source(rows: pl.LazyFrame, declared: Contract, choice: _Choice) -> pl.LazyFrame:
    """The observations that a source selects, with ``__part``: whether the row is a part of a total, not the total.

    If the total is published, its parts are left out.
    """
    entry, source = choice.entry, choice.source
    conditions = [
        pl.col("dataset") == source.dataset,
        pl.col("indicator") == (entry.of or choice.name),
        pl.col("freq") == source.freq,
        ~pl.col("jurisdiction").cast(pl.String).str.starts_with(f"{CHINA}-"),
    ]
    for field in (*declared.dimensions, *(field for field in source.where if field not in declared.dimensions)):
        total = source.where.get(field, ANY if field in source.add else list(TOTAL))
        others = [*source.parts.get(field, []), *([source.rest[field]] if field in source.rest else [])]
        if total != ANY:
            conditions.append(pl.col(field).is_in([*total, *others]))
    if entry.group:
        conditions.append(pl.col("partner").is_in(entry.group))
    if source.whom:
        conditions.append(pl.col("jurisdiction").is_in(source.whom))
    place = pl.col("partner").replace_strict({code: at for at, code in enumerate(entry.group)}, default=0)
    own = pl.lit(value=entry.nationals) & (pl.col("partner") == pl.col("jurisdiction"))
    partner = pl.when(own).then(pl.lit(NATIONALS)).otherwise(pl.col("partner").replace(NO_PARTNER, ALL_PARTNERS))
    found = plain(rows.filter(*conditions)).with_columns(
        indicator=pl.lit(choice.name),
        order=(choice.order + place + own.cast(pl.Int32)).cast(pl.Int32),
        partner=pl.lit(ALL_PARTNERS) if entry.group else partner,
        source_table=pl.lit(declared.table),
        __part=pl.any_horizontal(
            pl.lit(value=False),
            *(
                pl.col(field).is_in([*codes_, *([source.rest[field]] if field in source.rest else [])])
                for field, codes_ in source.parts.items()
            ),
        ),
        __rest=pl.any_horizontal(pl.lit(value=False), *(pl.col(field) == code for field, code in source.rest.items())),
    )
    return _without_parts(_periods(found, source), source)


def _periods(found: pl.LazyFrame, source: HeadlineSource) -> pl.LazyFrame:
    """The rows of the periods that the figure of a year is made from."""
    if source.year != "last" or source.freq == "A":
        return found
    if source.freq == "D":
        return found.filter(pl.col("period") == pl.col("period").max().over(*_FIGURE, "order"))
    return found.filter(pl.col("period").dt.month() == (12 if source.freq == "M" else 10))


def _without_parts(found: pl.LazyFrame, source: HeadlineSource) -> pl.LazyFrame:
    if not source.parts:
        return found
    published = (~pl.col("__part") & pl.col("value").is_not_null()).any().over(*_FIGURE, "order")
    return found.filter(pl.col("__part") != published)


def _is_one_row(source: HeadlineSource) -> bool:
    """Whether a source selects a single row for each figure: it adds up nothing and names one value a dimension."""
    one_period = source.freq == "A" or source.year == "last"
    several = any(len(values) > 1 or values == ANY for values in source.where.values())
    return one_period and not (source.add or source.parts or source.rest or several)


def _of_one_row(found: pl.LazyFrame, source: HeadlineSource) -> pl.LazyFrame:
    """The figure of each row."""
    known = pl.col("value").is_not_null()
    return found.with_columns(
        missing_reason=pl.when(~known).then(pl.col("missing_reason").fill_null("not_published")),
        value_min=pl.when(known).then(
            pl.coalesce("value_min", pl.when(pl.col("value_max").is_not_null()).then("value"))
        ),
        value_max=pl.when(known).then(
            pl.coalesce("value_max", pl.when(pl.col("value_min").is_not_null()).then("value"))
        ),
        made=pl.lit("published"),
        because=pl.lit(source.because),
        parts=pl.lit(1, pl.Int64),
        partial=pl.lit(source.partial),
        complete=pl.lit(source.complete),
        **{name: pl.col("obs_status").str.contains(letter, literal=True) for name, letter in STATUS_FLAGS.items()},
    ).select(_columns())


def _of_several_rows(rows: pl.LazyFrame, source: HeadlineSource) -> pl.LazyFrame:
    """The figure of each key: the value of its only row, or the sum of a complete set of rows."""
    periods = PERIODS[source.freq] if source.year == "sum" else 1
    required, value = ~pl.col("__rest"), pl.col("value")
    grouped = rows.group_by(*_FIGURE, "order").agg(
        only=value.first(),
        sum=_exact_sum(value),
        value_min=_exact_sum(pl.coalesce("value_min", "value")),
        value_max=_exact_sum(pl.coalesce("value_max", "value")),
        rounded=(pl.col("value_min").is_not_null() | pl.col("value_max").is_not_null()).any(),
        unknown_rows=(value.is_null() & required).sum(),
        known_rows=(value.is_not_null() & required).sum(),
        has_part=pl.col("__part").any(),
        periods=pl.col("period").n_unique(),
        parts=pl.len().cast(pl.Int64),
        known_from=pl.col("known_from").max(),
        locator=pl.col("locator").min(),
        source_table=pl.col("source_table").min(),
        **{name: pl.col(name).min() for name in _COMMON},
        **{f"last_{name}": pl.col(name).max() for name in _COMMON},
        **{
            name: pl.col("obs_status").str.contains(letter, literal=True).any() for name, letter in STATUS_FLAGS.items()
        },
    )
    single, has_part = pl.col("parts") == 1, pl.col("has_part")
    known = _is_complete(source, periods) & (pl.col("known_rows") > 0)
    made = "periods" if source.freq != "A" and source.year != "last" else "parts"
    return grouped.with_columns(
        value=pl.when(known).then(pl.when(single).then("only").otherwise("sum")),
        value_min=pl.when(known & pl.col("rounded")).then("value_min"),
        value_max=pl.when(known & pl.col("rounded")).then("value_max"),
        missing_reason=pl.when(~known).then(pl.col("missing_reason").fill_null("not_published")),
        made=pl.when(single & ~has_part).then(pl.lit("published")).otherwise(pl.lit(made)),
        because=pl.lit(source.because),
        locator=pl.when(single).then("locator"),
        definition=_common("definition"),
        payload=_common("payload"),
        partial=pl.lit(source.partial),
        complete=pl.lit(source.complete),
    ).select(_columns())


def _is_complete(source: HeadlineSource, periods: int) -> pl.Expr:
    """Whether no row of a figure is unknown, and all parts and periods are there that its sum needs."""
    needed = prod(len(codes_) for codes_ in source.parts.values()) * periods
    enough = pl.lit(value=True) if source.omits_zero else pl.col("known_rows") >= needed
    complete = (pl.col("unknown_rows") == 0) & (~pl.col("has_part") | enough)
    return complete & (pl.col("periods") == periods) if source.year == "sum" else complete


def _exact_sum(value: pl.Expr) -> pl.Expr:
    """The sum of values, which does not depend on their order."""
    return (value * UNITS).round().cast(pl.Int64).sum() / UNITS


def _of_parts(names: Iterable[str]) -> list[pl.Expr]:
    """The columns of a sum, from those of its parts in any order: a sum is known when its last part is known."""
    last = ("known_from", "partial")
    return [pl.col(name).max() if name in last else pl.col(name).min() for name in names]


# What a figure that is computed from others does not have.
_BLANK = {
    **dict.fromkeys(("value_min", "value_max"), pl.lit(None, pl.Float64)),
    **dict.fromkeys(("missing_reason", "payload"), pl.lit(None, pl.String)),
    "locator": pl.lit(None, pl.Int64),
}


def _common(name: str) -> pl.Expr:
    return pl.when(pl.col(name) == pl.col(f"last_{name}")).then(pl.col(name))


# Totals over partners and the Union


def _with_totals(figures: pl.DataFrame) -> pl.DataFrame:
    """The figures, and the total over all partners where each partner has a figure or 0 and no total is published."""
    have = figures.filter(pl.col("partner").is_in(TOTAL), pl.col("value").is_not_null())
    within = _scope().is_in(("china", "member"))
    sums = (
        figures.filter("complete", _is_single(), within)
        .join(have, on=_OF_ALL, how="anti")
        .group_by(_OF_ALL)
        .agg(
            *_of_parts(name for name in figures.columns if name not in (*_OF_ALL, "value", "parts", *STATUS_FLAGS)),
            *(pl.col(name).any() for name in STATUS_FLAGS),
            value=pl.col("value").sum(),
            unknown=pl.col("value").null_count(),
            parts=pl.col("parts").sum(),
        )
        .filter(pl.col("unknown") == 0, _is_collected(figures))
        .with_columns(**_BLANK, partner=pl.lit("_T"), made=pl.lit("partners"))
        .select(figures.columns)
    )
    return pl.concat([figures.join(sums, on=list(_FIGURE), how="anti"), sums])


def _is_collected(figures: pl.DataFrame) -> pl.Expr:
    """Whether the year is not before the first in which any jurisdiction has a figure other than 0 of the indicator.

    A publisher may state 0 for the years before it collected an indicator.
    """
    first = figures.filter(pl.col("value") != 0).group_by("indicator").agg(pl.col("year").min())
    since = pl.col("indicator").replace_strict(first["indicator"], first["year"], default=None, return_dtype=pl.Int64)
    return (pl.col("year") >= since).fill_null(value=False)


def _with_unions(figures: pl.DataFrame) -> pl.DataFrame:
    """The figures of single states and of the Union, without other groups of states.

    A figure of the Union has the same source as those of its members, or is their sum.
    """
    composed = {name: members for name, members in compositions(codes.areas()).items() if name in UNIONS}
    singles = figures.filter(~_scope().is_in(("union", "former_union", "none")))
    parts, jurisdictions = [singles], figures["jurisdiction"].unique()
    for union, members in composed.items():
        if union != UNION and union not in jurisdictions:
            continue
        of_members = figures.filter(pl.col("jurisdiction").is_in(list(members)))
        known = of_members.filter(pl.col("value").is_not_null())
        sources = known.group_by(_OF_UNION).agg(source=pl.col("dataset").min(), last=pl.col("dataset").max())
        published = figures.filter(pl.col("jurisdiction") == union, pl.col("value").is_not_null()).join(
            sources, on=_OF_UNION, how="left"
        )
        same = (pl.col("source") == pl.col("dataset")) & (pl.col("last") == pl.col("dataset"))
        published = published.filter(same | pl.col("source").is_null()).select(figures.columns)
        parts.append(published)
        if union == UNION:
            parts.append(_summed(of_members, members).join(published, on=_OF_UNION, how="anti").select(figures.columns))
    return pl.concat(parts)


# The compositions of the Union that publishers give as one figure.
UNIONS = ("EU27_2007", "EU28", UNION)


def _summed(own: pl.DataFrame, members: frozenset[str]) -> pl.DataFrame:
    """The sums over all members, for indicators that each member counts for itself."""
    base = {name: entry.of or name for name, entry in headline_indicators().items()}
    adding = [name for name, of in base.items() if of in indicators_with("sums_to_union")]
    rows = own.filter(pl.col("indicator").is_in(adding))
    sums = (
        rows.join(_complete_keys(rows, members), on=_OF_UNION, how="semi")
        .group_by(_OF_UNION)
        .agg(
            *_of_parts(name for name in own.columns if name not in (*_OF_UNION, "value", "parts", *STATUS_FLAGS)),
            *(pl.col(name).any() for name in STATUS_FLAGS),
            sources=pl.col("dataset").unique().sort().str.join(", "),
            rules=pl.col("definition").n_unique(),
            largest=pl.col("definition").sort_by("value", "jurisdiction").last(),
            value=_exact_sum(pl.col("value")),
            parts=pl.len().cast(pl.Int64),
        )
    )
    return sums.with_columns(
        **_BLANK,
        jurisdiction=pl.lit(UNION),
        definition="largest",
        definition_differs=pl.col("definition_differs") | (pl.col("rules") > 1),
        dataset=pl.when(~pl.col("sources").str.contains(",", literal=True)).then("sources"),
        made=pl.lit("members"),
        because=pl.format(
            "Sum of the figures of the member states: {} of {} ({}).", "parts", _needed(members), "sources"
        ),
    )


def _complete_keys(rows: pl.DataFrame, members: frozenset[str]) -> pl.DataFrame:
    """Each indicator, partner and year for which no member lacks a figure.

    In a complete set a member without a row for a partner has 0, if all members have a total over partners.
    """
    totals = rows.filter(pl.col("partner").is_in(TOTAL), pl.col("value").is_not_null())
    states = totals.group_by("indicator", "year").agg(states=pl.len())
    counted = rows.group_by(_OF_UNION).agg(
        known=pl.col("value").count(), unknown=pl.col("value").null_count(), complete=pl.col("complete").min()
    )
    needed = _needed(members)
    omits_zero = pl.col("complete") & (pl.col("unknown") == 0) & (pl.col("states") == needed)
    return counted.join(states, on=["indicator", "year"], how="left").filter((pl.col("known") == needed) | omits_zero)


def _needed(members: frozenset[str]) -> pl.Expr:
    """The number of members to which an indicator applies."""
    applies = {name: len(members - {*entry.outside}) for name, entry in headline_indicators().items()}
    return pl.col("indicator").replace_strict(applies, default=len(members))


# Partners


def _all_listed(figures: pl.DataFrame) -> pl.DataFrame:
    """The rows of the table, without the figures of a few partners that are newer than the figures of all partners.

    A person who selects the newest year would take their sum for the total of that year.
    """
    can_be_added = pl.col("unit").is_in(COUNTS)
    blank = {"all_partners": pl.lit(None, pl.Float64), "total_of_other_dataset": pl.lit(value=False)}
    others = figures.filter(~can_be_added).with_columns(**blank)
    listed = pl.concat([_listed(figures.filter(can_be_added)), others])
    series = ["indicator", "jurisdiction"]
    whole = listed.filter(~pl.col("partial"), pl.col("value").is_not_null())
    last = whole.group_by(series).agg(last=pl.col("year").max())
    sets = listed.filter("partial").group_by(*series, "year").agg(partners=pl.len())
    extracts = sets.join(last, on=series).filter(pl.col("partners") < FEW, pl.col("year") > pl.col("last"))
    return listed.join(extracts, on=[*series, "year"], how="anti")


def _listed(figures: pl.DataFrame) -> pl.DataFrame:
    """The rows of figures that can be added up, with ``all_partners``: no total is next to its partners.

    The total over all partners decides which rows a jurisdiction and year has:

    - no partner has a figure, or the total of a complete set is 0: the total only;
    - it is smaller than the sum of the partners, beyond rounding: only the newer of both editions;
    - it is the sum or greater: the partners, and what is not attributed to a partner as the rest, which may be 0;
    - it is missing, and all partners have 0: no row;
    - there is no total: the partners, as a part of an unknown whole.
    """
    totals = figures.filter(pl.col("partner").is_in(TOTAL)).sort("partner").unique(_OF_ALL, keep="first")
    partners = figures.filter(_is_single())
    sums = partners.group_by(_OF_ALL).agg(
        listed=_exact_sum(pl.col("value")),
        counted=(pl.col("value") != 0).sum(),
        latest=pl.col("known_from").max(),
        first_dataset=pl.col("dataset").min(),
        last_dataset=pl.col("dataset").max(),
    )
    excess = pl.col("listed") - pl.col("value")
    contradicts = (excess > tolerance(pl.col("counted"), pl.col("value"))).fill_null(value=False)
    compared = totals.join(sums, on=_OF_ALL, how="left").with_columns(
        contradicts=contradicts, replaces_partners=contradicts & (pl.col("known_from") > pl.col("latest"))
    )
    other = (pl.col("first_dataset") != pl.col("dataset")) | (pl.col("last_dataset") != pl.col("dataset"))
    used = compared.filter(~pl.col("contradicts") | pl.col("replaces_partners")).with_columns(
        all_partners="value",
        total_of_other_dataset=(other & ~pl.col("replaces_partners")).fill_null(value=False),
    )
    uncounted = compared.filter(pl.col("value").is_null() & (pl.col("counted") == 0))
    replaced = pl.concat([used.filter("replaces_partners").select(_OF_ALL), uncounted.select(_OF_ALL)])
    rows = [_without_partners(used), _rests(used), _partners(partners.join(replaced, on=_OF_ALL, how="anti"), used)]
    columns = (*figures.columns, "all_partners", "total_of_other_dataset")
    return pl.concat([each.select(columns) for each in rows])


def _is_zero_of_complete_set() -> pl.Expr:
    return pl.col("complete") & (pl.col("value") == 0)


def _without_partners(totals: pl.DataFrame) -> pl.DataFrame:
    """The totals that are rows, because none of their partners is one."""
    return totals.filter(pl.col("counted").is_null() | _is_zero_of_complete_set() | pl.col("replaces_partners"))


def _rests(totals: pl.DataFrame) -> pl.DataFrame:
    """What is not attributed to a listed partner, of each known total with partners."""
    rest = (((pl.col("value") - pl.col("listed")) * UNITS).round() / UNITS).clip(lower_bound=0)
    with_partners = pl.col("counted").is_not_null() & pl.col("value").is_not_null() & ~_is_zero_of_complete_set()
    return totals.filter(with_partners, ~pl.col("replaces_partners")).with_columns(
        **_BLANK, value=rest, partner=pl.lit(REST), made=pl.lit("rest")
    )


def _partners(partners: pl.DataFrame, totals: pl.DataFrame) -> pl.DataFrame:
    """The figures of single partners with the total over all of them. Without a total they are ``partial``."""
    counted = partners.filter(~_is_zero_of_complete_set().fill_null(value=False))
    of_all = totals.select(*_OF_ALL, "all_partners", total_dataset="dataset")
    joined = counted.join(of_all, on=_OF_ALL, how="left")
    return joined.with_columns(
        partial=pl.col("partial") | pl.col("all_partners").is_null(),
        total_of_other_dataset=(pl.col("dataset") != pl.col("total_dataset")).fill_null(value=False),
    )


def _is_single() -> pl.Expr:
    """Whether the partner is a single one, so that the figures of all such partners may be added up."""
    single = pl.col("partner").is_in([*_states(), *BETWEEN_COUNTRIES])
    for name, entry in headline_indicators().items():
        if entry.partners:
            single = (
                pl.when(pl.col("indicator") == name).then(pl.col("partner").is_in(entry.partners)).otherwise(single)
            )
        elif entry.nationals:
            single = single | ((pl.col("indicator") == name) & (pl.col("partner") == NATIONALS))
    return single


def _states() -> list[str]:
    """The areas that may be the jurisdiction or the partner of a figure by themselves."""
    return codes.areas().filter(pl.col("kind").is_in(("state", "territory", "historic")))["area"].to_list()


# Columns for people


def _scope() -> pl.Expr:
    """The scope of the jurisdiction; ``none`` for groups of states that are not the Union."""
    return (
        pl.when(pl.col("jurisdiction") == CHINA)
        .then(pl.lit("china"))
        .when(pl.col("jurisdiction").is_in(union_members()))
        .then(pl.lit("member"))
        .when(pl.col("jurisdiction") == UNION)
        .then(pl.lit("union"))
        .when(pl.col("jurisdiction").is_in(UNIONS))
        .then(pl.lit("former_union"))
        .when(pl.col("jurisdiction").is_in(_states()))
        .then(pl.lit("other"))
        .otherwise(pl.lit("none"))
    )


def _with_flags(figures: pl.DataFrame) -> pl.DataFrame:
    """Figures in the order of their series and years, with ``flags``."""
    numbered = figures.with_row_index("__row")
    known = numbered.filter(pl.col("value").is_not_null())
    continued = pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in _SERIES)
    known = known.with_columns(
        source_changed=continued & (pl.col("dataset") != pl.col("dataset").shift()),
        definition_changed=continued & (pl.col("definition") != pl.col("definition").shift()),
    )
    flags = [*STATUS_FLAGS, "partial", "few_members", "total_of_other_dataset", "source_changed", "definition_changed"]
    texts = [pl.when(pl.col(name)).then(pl.lit(name)) for name in flags]
    flagged = known.select("__row", flags=pl.concat_str(texts, separator=";", ignore_nulls=True).replace("", None))
    return numbered.join(flagged, on="__row", how="left", maintain_order="left")


def _with_names(figures: pl.DataFrame) -> pl.DataFrame:
    """The figures with the theme and the names of their codes in English and Chinese."""
    areas = codes.areas().select("area", "name_en", "name_zh")
    named = codes.named_indicators().select("indicator", "theme", "name_en", "name_zh")
    lists = (
        (named, "indicator"),
        (areas.rename({"area": "jurisdiction"}), "jurisdiction"),
        (areas.rename({"area": "partner"}), "partner"),
    )
    found = plain(figures)
    for names, field in lists:
        renamed = names.rename({"name_en": f"{field}_en", "name_zh": f"{field}_zh"})
        found = found.join(renamed, on=field, maintain_order="left")
    return found
