"""Rows of ``headline`` that show what is missing among the member states, and totals of other groups of states.

A sum over the member states leaves out a member without a row, and nobody sees it. So for China and for all partners
together each member has a row, and the Union has one, with the reason where there is no figure. Where China has figures
of members as its partners, it has a row for each of them. Figures that few members have are flagged for each partner.
"""

from collections.abc import Iterator

import polars as pl

from assets.normalise.receptions import Receptions, Source
from warehouse import codes
from warehouse.codes import CHINA, UNION
from warehouse.codes.concepts import indicators_with
from warehouse.codes.union import compositions
from warehouse.headline import REST, HeadlineIndicator, headline_indicators
from warehouse.measures import STATUS_FLAGS, TOTAL

# Figures that less than this share of the members have, or of the most members of any year, are those of few members.
LEAST_OF_ALL, LEAST_OF_MOST = 0.5, 0.75
# The partners for which each member has a row: China, and the row that has the total over all partners.
ASKED = (CHINA, REST, "_T")
# Units of figures that can be added up. Shares, rates, means and numbers of countries cannot.
COUNTS = (
    *("persons", "permits", "applications", "decisions", "cases", "crossings", "documents", "offences", "gangs"),
    *("vehicles", "USD", "EUR"),
)

_SET = ["indicator", "partner", "year"]
_OF_ALL = ["indicator", "jurisdiction", "year"]
_NOT_ADDED = "The figures of the member states cannot be combined into a figure for the Union."
_NO_PART_MISSING = "No figure of the Union is published, and a member state without a row may have 0."


def completed(figures: pl.DataFrame, receptions: Receptions) -> pl.DataFrame:
    """The figures with ``few_members``, and a row for what is missing of China and of all partners."""
    members = _of_members(figures)
    sets = _sets(figures, members)
    asked = sets.filter(pl.col("partner").is_in(ASKED), pl.col("known") > 0)
    absent = _absent(members, asked)
    without_row = absent.filter(pl.col("has_row").is_null()).drop("has_row").with_columns(scope=pl.lit("member"))
    missing = _with_reasons(pl.concat([without_row, _absent_partners(figures)], how="diagonal_relaxed"), receptions)
    flagged = figures.with_columns(few_members=_is_of_few(figures, sets))
    return pl.concat([flagged, missing, _unions(asked, absent), _groups(figures)], how="diagonal_relaxed")


def _of_members(figures: pl.DataFrame) -> pl.DataFrame:
    """The keys and totals of the rows of members, and whether each has its figure, which is ``known``.

    The figure of the row of the rest is the total over all partners.
    """
    has_value, has_total = pl.col("value").is_not_null(), pl.col("all_partners").is_not_null()
    is_rest = pl.col("partner") == REST
    return (
        figures.lazy()
        .filter(pl.col("scope") == "member")
        .select(
            *(*_SET, "jurisdiction", "unit", "all_partners"),
            known=(is_rest & has_total) | (~is_rest & has_value),
            listed=has_value & ~pl.col("partner").is_in((REST, "_T")),
        )
        .collect()
    )


def _sets(figures: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Each indicator, partner and year with the number of members whose figure is ``known``.

    ``union`` is whether the Union has a figure, and ``few`` whether it has none and few members have one.
    """
    states = _complete_states(members).group_by("indicator", "year").agg(states=pl.len())
    of_union = figures.lazy().filter(pl.col("jurisdiction") == UNION, pl.col("value").is_not_null())
    union = of_union.select(*_SET, union=pl.lit(value=True)).collect()
    every = len(union_members())
    applies = {name: every - len(entry.outside) for name, entry in headline_indicators().items()}
    half = LEAST_OF_ALL * pl.col("indicator").replace_strict(applies, default=every)
    counted = (
        members.group_by(_SET)
        .agg(pl.col("known").sum(), pl.col("unit").first())
        .join(states, on=["indicator", "year"], how="left")
        .join(union, on=_SET, how="left")
        .with_columns(pl.col("union").fill_null(value=False), counted=pl.max_horizontal("known", "states"))
    )
    most = counted.group_by("indicator", "partner").agg(most=LEAST_OF_MOST * pl.col("counted").max())
    few = ~pl.col("union") & ((pl.col("counted") < half) | (pl.col("counted") < pl.col("most")))
    return counted.join(most, on=["indicator", "partner"]).with_columns(few=few)


def _is_of_few(figures: pl.DataFrame, sets: pl.DataFrame) -> pl.Series:
    """Whether each row is the figure of a member that few members have."""
    few = sets.filter("few").select(*_SET, few=pl.lit(value=True))
    marked = figures.select(*_SET, "scope").join(few, on=_SET, how="left", maintain_order="left")
    return marked.select((pl.col("few") & (pl.col("scope") == "member")).fill_null(value=False)).to_series()


def _omits_zero() -> pl.Expr:
    """Whether an indicator has a source in which a partner without a row has the figure 0."""
    omitting = [
        name for name, entry in headline_indicators().items() if any(s.complete or s.omits_zero for s in entry.sources)
    ]
    return pl.col("indicator").is_in(omitting)


def _complete_states(members: pl.DataFrame) -> pl.DataFrame:
    """Each indicator, member and year in which a partner without a row has 0."""
    known = members.filter(_omits_zero(), pl.col("all_partners").is_not_null())
    totals = known.group_by(_OF_ALL).agg(pl.col("all_partners").first(), pl.col("listed").any())
    return totals.filter(pl.col("listed") | (pl.col("all_partners") == 0)).select(_OF_ALL)


def _absent(members: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """Each member without a figure of the sets: their keys, ``unit``, ``all_partners`` and ``has_row``."""
    rows = members.select(*_SET, "jurisdiction", has_row="known")
    grid = asked.select(*_SET, "unit").join(pl.DataFrame({"jurisdiction": union_members()}), how="cross")
    found = grid.join(rows, on=[*_SET, "jurisdiction"], how="left").filter(~pl.col("has_row").fill_null(value=False))
    totals = members.filter(pl.col("all_partners").is_not_null()).select(*_OF_ALL, "all_partners").unique(_OF_ALL)
    complete = _complete_states(members).with_columns(complete=pl.lit(value=True))
    with_total = found.join(totals, on=_OF_ALL, how="left")
    is_zero = pl.col("has_row").is_null() & pl.col("complete").fill_null(value=False)
    return with_total.join(complete, on=_OF_ALL, how="left").filter(~is_zero).drop("complete")


def _absent_partners(figures: pl.DataFrame) -> pl.DataFrame:
    """Each member as the partner of China without a row, in the years in which other members have a figure."""
    of_china = figures.filter(pl.col("scope") == "china").filter(~_omits_zero())
    members = pl.Series(union_members())
    listed = of_china.filter(pl.col("partner").is_in(members.implode()), pl.col("value").is_not_null())
    years = listed.group_by(_OF_ALL).agg(pl.col("unit", "all_partners").first())
    grid = years.join(pl.DataFrame({"partner": members}), how="cross")
    return grid.join(of_china, on=[*_SET, "jurisdiction"], how="anti").with_columns(scope=pl.lit("china"))


def _with_reasons(rows: pl.DataFrame, receptions: Receptions) -> pl.DataFrame:
    """The rows without a figure, with the reason why each has none."""
    missing = rows.select("indicator", "jurisdiction", "partner").unique(maintain_order=True)
    entries = headline_indicators()
    reasons = [
        _reason(name, entries[name], jurisdiction, partner, receptions)
        for name, jurisdiction, partner in missing.iter_rows()
    ]
    reason = missing.with_columns(
        missing_reason=pl.Series([code for code, _ in reasons], dtype=pl.String),
        because=pl.Series([because for _, because in reasons], dtype=pl.String),
    )
    return rows.join(reason, on=["indicator", "jurisdiction", "partner"])


def _reason(
    name: str, entry: HeadlineIndicator, jurisdiction: str, partner: str, receptions: Receptions
) -> tuple[str, str | None]:
    """Why there is no row, and the datasets that were not received."""
    if jurisdiction in entry.outside:
        return "not_applicable", None
    found = receptions.reason(_sources(name, entry, jurisdiction, partner))
    return found.code, found.because


def _sources(name: str, entry: HeadlineIndicator, jurisdiction: str, partner: str) -> Iterator[Source]:
    partners = tuple(entry.group or TOTAL) if partner in (REST, "_T") else (partner,)
    for source in entry.sources:
        yield source.dataset, entry.of or name, (jurisdiction,), partners


def _unions(asked: pl.DataFrame, absent: pl.DataFrame) -> pl.DataFrame:
    """A row of the Union for each set without a figure of it: which members have none, or that none can be made."""
    outside = [(name, state) for name, entry in headline_indicators().items() for state in entry.outside]
    without = pl.DataFrame(outside, schema={"indicator": pl.String, "jurisdiction": pl.String}, orient="row")
    missing = (
        absent.join(without, on=["indicator", "jurisdiction"], how="anti")
        .group_by(_SET)
        .agg(missing_members=pl.col("jurisdiction").sort().str.join(";"))
    )
    entries = headline_indicators().items()
    adding = [name for name, entry in entries if (entry.of or name) in indicators_with("sums_to_union")]
    added, named = pl.col("indicator").is_in(adding), pl.col("missing_members").is_not_null()
    because = (
        pl.when(~added)
        .then(pl.lit(_NOT_ADDED))
        .when(named)
        .then(pl.format("No figure for {}.", "missing_members"))
        .otherwise(pl.lit(_NO_PART_MISSING))
    )
    return (
        asked.filter(~pl.col("union"), pl.col("unit").is_in(COUNTS))
        .join(missing, on=_SET, how="left")
        .select(
            *(*_SET, "unit"),
            jurisdiction=pl.lit(UNION),
            scope=pl.lit("union"),
            missing_reason=pl.when(added).then(pl.lit("incomplete")).otherwise(pl.lit("not_applicable")),
            missing_members=pl.when(added).then("missing_members"),
            because=because,
        )
    )


def _groups(figures: pl.DataFrame) -> pl.DataFrame:
    """The sums over the states of other groups, as ``of_states`` declares them.

    States outside the Union are held with China and the members as the partner only, so there are no other sums.
    """
    partners = codes.areas().filter(pl.col("in_scope"), pl.col("kind") == "state")["area"]
    known = figures.filter(
        pl.col("scope").is_in(("member", "other")),
        pl.col("value").is_not_null(),
        pl.col("partner").is_in(partners.implode()),
    )
    found = [figures.head(0)]
    for name, entry in headline_indicators().items():
        for group, definition in entry.of_states.items():
            states = known.filter(pl.col("indicator") == name, pl.col("definition") == definition)
            sums = states.group_by(*_SET, "unit", "definition", "dataset", "source_table").agg(
                *(pl.col(flag).any() for flag in STATUS_FLAGS),
                pl.col("value").sum(),
                pl.col("known_from").max(),
                parts=pl.len().cast(pl.Int64),
            )
            found.append(
                sums.with_columns(
                    jurisdiction=pl.lit(group),
                    scope=pl.lit(group.lower()),
                    made=pl.lit("states"),
                    because=pl.format("Sum of the figures of the states: {} ({}).", "parts", "dataset"),
                )
            )
    return pl.concat(found, how="diagonal_relaxed")


def union_members() -> list[str]:
    """The member states of the Union, in the order of their codes."""
    return sorted(compositions(codes.areas())[UNION])
