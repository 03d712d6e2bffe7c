"""Sections with the figures of the comparison: at a glance, all measures, themes over the years, internal mobility."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import polars as pl

from assets.compare.question import COMPUTED, STATE
from assets.explore.context import SIDES, ReportContext
from assets.explore.elements import (
    Cell,
    Item,
    Plot,
    Row,
    Trace,
    cell,
    number,
    rate,
    rule_differences,
    sentence,
    source_id,
    trace,
    word,
)
from warehouse.codes import CHINA, UNION
from warehouse.measures import measures

# The measures and jurisdictions at the top of the page.
GLANCE = (
    ("chinese_born", UNION),
    ("foreign_born", CHINA),
    ("asylum_applicants_chinese", UNION),
    ("internal_mobility", CHINA),
)
# A series with fewer years than this is not drawn.
LEAST_YEARS = 3
# The lines for the lowest and the highest figure of the member states, and the row of a sorted frame that holds it.
ENDS: dict[str, Literal["first", "last"]] = {"least": "first", "most": "last"}
LINES = (*SIDES, *ENDS)

# Measure, line and year.
Key = tuple[str, str, int]


@dataclass(frozen=True)
class Card:
    """A measure and its figure at the top of the page."""

    name: str
    cell: Cell


def glance(context: ReportContext) -> list[Card]:
    """The figures at the top of the page."""
    rows = [(name, context.latest(name, place) or context.absent(name, place)) for name, place in GLANCE]
    return [Card(word("measure", name), cell(row)) for name, row in rows]


def headline(context: ReportContext) -> list[Item]:
    """The measures of each theme: the figures of China and the Union, and the range of the member states."""
    themes: dict[str, list[Item]] = {}
    states = context.figures.filter(pl.col("jurisdiction").is_in(context.states), pl.col("value").is_not_null())
    members = states.partition_by("measure", as_dict=True)
    for name, entry in measures().items():
        themes.setdefault(entry.theme, []).append(_measure(context, name, members.get((name,), states.clear())))
    return [{"theme": word("theme", theme), "id": theme, "rows": rows} for theme, rows in themes.items()]


def _measure(context: ReportContext, name: str, members: pl.DataFrame) -> Item:
    """The figures of a measure for both sides, and the range of the member states."""
    places = {place: context.latest(name, place) for place in SIDES}
    lowest_to_highest, same = _range(members) if members.height else ([], False)
    return {
        "measure": name,
        "name": word("measure", name),
        "unit": word("unit", measures()[name].unit),
        "places": [cell(row or context.absent(name, place)) for place, row in places.items()],
        "range": lowest_to_highest,
        "same": same,
        "traces": [
            trace(row, word("area", place)) if row else _missing(context, name, place) for place, row in places.items()
        ],
    }


def _range(members: pl.DataFrame) -> tuple[list[Cell], bool]:
    """Lowest and highest figure in the year in which most member states have one, and whether both are equal."""
    year = members.group_by("year").len().sort("len", "year").row(-1)[0]
    of_year = members.filter(pl.col("year") == year).sort(pl.coalesce("rate", "value"), "jurisdiction")
    ends = [of_year.row(at, named=True) for at in ((0, -1) if of_year.height > 1 else (0,))]
    same = len(ends) > 1 and ends[0]["value"] == ends[1]["value"]
    return [cell(row, states=of_year.height) for row in (ends[:1] if same else ends)], same


def _missing(context: ReportContext, name: str, place: str) -> Trace:
    """Why there is no figure of a measure."""
    row = context.absent(name, place)
    return Trace(
        label=word("area", place), missing=word("missing_reason", row["missing_reason"]), because=row["because"]
    )


def appendix(context: ReportContext) -> list[Item]:
    """Every measure: its meaning, formula and sources, and the newest figure of each jurisdiction."""
    declared = {row["measure"]: row for row in context.tables["measure"].collect().iter_rows(named=True)}
    newest = context.figures.filter(pl.col("aggregation") == STATE, pl.col("value").is_not_null()).sort("year")
    newest = newest.group_by("measure", "jurisdiction", maintain_order=True).last()
    by_measure = newest.sort(pl.coalesce("rate", "value"), descending=True).partition_by("measure", as_dict=True)
    found = []
    for name in measures():
        rows = by_measure.get((name,), newest.clear()).iter_rows(named=True)
        found.append(
            {
                **declared[name],
                "id": f"m-{name}",
                "name": word("measure", name),
                "unit": word("unit", declared[name]["unit"]),
                "theme": word("theme", declared[name]["theme"]),
                "rule": word("definition", declared[name]["definition"]),
                "rows": [{"cell": cell(row), "locator": row["locator"], "dataset": row["dataset"]} for row in rows],
            }
        )
    return found


def themes(context: ReportContext) -> list[Item]:
    """The series of each theme's measures: China, the Union, and the lowest and highest of the member states."""
    drawn = _drawn(context)
    long_enough = set(drawn.group_by("measure", "line").len().filter(pl.col("len") >= LEAST_YEARS)["measure"])
    rows = {(row["measure"], row["line"], row["year"]): row for row in drawn.iter_rows(named=True)}
    years = context.every_year["year"].to_list()
    by_theme: dict[str, list[str]] = {}
    for name in (name for name in measures() if name in long_enough):
        by_theme.setdefault(measures()[name].theme, []).append(name)
    return [
        {
            "theme": word("theme", theme),
            "id": f"theme-{theme}",
            "plot": _panels(theme, names, years, rows),
            "blocks": [_block(name, years, rows) for name in names],
        }
        for theme, names in by_theme.items()
    ]


def _drawn(context: ReportContext) -> pl.DataFrame:
    """The figures of each line, with ``shown``: the rate if the measure has rates, else the value."""
    rated = [name for name, entry in measures().items() if entry.per_population]
    shown = pl.when(pl.col("measure").is_in(rated)).then("rate").otherwise("value")
    rows = context.figures.with_columns(shown=shown).filter(pl.col("shown").is_not_null(), pl.col("grade") != "D")
    sides = rows.filter(pl.col("jurisdiction").is_in(SIDES)).sort("year", pl.col("aggregation") == COMPUTED)
    states = rows.filter(pl.col("jurisdiction").is_in(context.states)).sort("shown", "jurisdiction")
    return pl.concat(
        [
            sides.unique(["measure", "jurisdiction", "year"], keep="last").with_columns(line="jurisdiction"),
            *(
                states.unique(["measure", "year"], keep=end, maintain_order=True).with_columns(line=pl.lit(line))
                for line, end in ENDS.items()
            ),
        ]
    )


def _panels(theme: str, names: Sequence[str], years: Sequence[int], rows: Mapping[Key, Row]) -> Plot:
    """The plot of a theme, with a panel for each measure."""
    points = []
    for name, year in product(names, years):
        shown = {line: rows[name, line, year]["shown"] for line in LINES if (name, line, year) in rows}
        at = {"place": word("measure", name), "year": year}
        points += [at | {"series": side, "value": shown.get(side)} for side in SIDES]
        if "least" in shown:
            points.append(at | {"low": shown["least"], "high": shown["most"]})
    frame = pl.DataFrame(points, infer_schema_length=None)
    return Plot("small_multiples", theme, frame, (years[0], years[-1]), [word("measure", name) for name in names])


def _block(name: str, years: Sequence[int], rows: Mapping[Key, Row]) -> Item:
    """The table with the numbers of a panel."""
    entry = measures()[name]
    return {
        "name": word("measure", name),
        "unit": sentence("per_1000") if entry.per_population else word("unit", entry.unit),
        "years": years,
        "table": [
            {
                "label": sentence(line) if line in ENDS else word("area", line),
                "figures": [_shown(rows.get((name, line, year)), with_place=line in ENDS) for year in years],
            }
            for line in LINES
        ],
    }


def _shown(row: Row | None, *, with_place: bool) -> Item | None:
    if row is None:
        return None
    shown = row["shown"]
    text = rate(shown) if row["rate"] == shown else number(shown, row["unit"])
    return {"text": text, "href": source_id(row), "place": word("area", row["jurisdiction"]) if with_place else None}


def internal(context: ReportContext) -> Item:
    """China's floating population and citizens of other member states in the Union, with the reasons for grade D."""
    rows = context.figures.filter(
        pl.col("measure") == "internal_mobility", pl.col("value").is_not_null(), pl.col("aggregation") == STATE
    ).sort("year")
    china = rows.filter(pl.col("jurisdiction") == CHINA)
    movers = rows.filter(pl.col("jurisdiction") != CHINA)
    sources = measures()["internal_mobility"].sources
    newest = movers.group_by("jurisdiction", maintain_order=True).last().sort("value", descending=True)
    biggest = newest["jurisdiction"][0] if newest.height else None
    series = movers.filter(pl.col("jurisdiction").eq_missing(pl.lit(biggest)))
    union = context.latest("internal_mobility", UNION)
    first, last = ((source.dataset, source.indicator) for source in (sources[0], sources[-1]))
    return {
        "china": [cell(row, trace(row)) for row in china.iter_rows(named=True)],
        "movers": [cell(row, trace(row)) for row in newest.iter_rows(named=True)],
        "union": cell(union, trace(union)) if union else cell(context.absent("internal_mobility", UNION)),
        "grade": cell(movers.row(-1, named=True)) if movers.height else None,
        "differs": rule_differences(context.counting_rules, first, last),
        "biggest": word("area", biggest),
        "china_plot": Plot("china_line", "floating", _with_gaps(context, china), context.years),
        "movers_plot": Plot("union_line", "movers", _with_gaps(context, series), context.years),
    }


def _with_gaps(context: ReportContext, rows: pl.DataFrame) -> pl.DataFrame:
    """Year and value of one series with a row for every compared year; empty if the series is."""
    series = rows.select("year", "value")
    return series if rows.is_empty() else context.every_year.join(series, on="year", how="left")
