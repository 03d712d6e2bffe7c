"""Sections with the figures of the comparison: at a glance, and the measures with a figure of both sides."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from assets.explore.context import SIDES, ReportContext
from assets.explore.elements import EXPLORER, Cell, Item, cell, word
from warehouse.codes import CHINA, UNION
from warehouse.measures import measures

# The measures and jurisdictions at the top of the page.
GLANCE = (
    ("chinese_born", UNION),
    ("foreign_born", CHINA),
    ("asylum_applicants_chinese", UNION),
    ("internal_mobility", CHINA),
)


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
    """The measures of each theme with a figure of China and of the Union or a member state, in any year."""
    themes: dict[str, list[Item]] = {}
    members = _members(context)
    for name, entry in measures().items():
        if _has_both_sides(context, name, members):
            themes.setdefault(entry.theme, []).append(_measure(context, name, members.get((name,))))
    return [{"theme": word("theme", theme), "id": theme, "rows": rows} for theme, rows in themes.items()]


def one_sided(context: ReportContext) -> list[Item]:
    """The other measures: name, and address in the explorer."""
    members = _members(context)
    names = [name for name in measures() if not _has_both_sides(context, name, members)]
    return [{"name": word("measure", name), "href": f"{EXPLORER}#compare?m={name}&v=table"} for name in names]


def _members(context: ReportContext) -> Mapping[tuple[object, ...], pl.DataFrame]:
    """The figures of the member states by measure."""
    states = context.figures.filter(pl.col("jurisdiction").is_in(context.states), pl.col("value").is_not_null())
    return states.partition_by("measure", as_dict=True)


def _has_both_sides(context: ReportContext, name: str, members: Mapping[tuple[object, ...], pl.DataFrame]) -> bool:
    return context.latest(name, CHINA) is not None and (context.latest(name, UNION) is not None or (name,) in members)


def _measure(context: ReportContext, name: str, members: pl.DataFrame | None) -> Item:
    """The figures of a measure for both sides, and the range of the member states."""
    places = {place: context.latest(name, place) for place in SIDES}
    lowest_to_highest, same = _range(members) if members is not None else ([], False)
    return {
        "measure": name,
        "name": word("measure", name),
        "unit": word("unit", measures()[name].unit),
        "places": [cell(row or context.absent(name, place)) for place, row in places.items()],
        "range": lowest_to_highest,
        "same": same,
    }


def _range(members: pl.DataFrame) -> tuple[list[Cell], bool]:
    """Lowest and highest figure in the year in which most member states have one, and whether both are equal."""
    year = members.group_by("year").len().sort("len", "year").row(-1)[0]
    of_year = members.filter(pl.col("year") == year).sort(pl.coalesce("rate", "value"), "jurisdiction")
    ends = [of_year.row(at, named=True) for at in ((0, -1) if of_year.height > 1 else (0,))]
    same = len(ends) > 1 and ends[0]["value"] == ends[1]["value"]
    return [cell(row, states=of_year.height) for row in (ends[:1] if same else ends)], same
