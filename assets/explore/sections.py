"""What the page says, section by section: from the tables of a release to rows of words, numbers and anchors."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Literal

import polars as pl

from assets.compare.question import COMPUTED, STATE
from assets.compare.timeline import BOUND_FROM, VISA_RULE
from assets.explore import charts
from assets.explore.context import SIDES, Given, cells
from assets.explore.corridor import differing
from assets.explore.i18n import named, number, rate, sentence, several, word
from assets.explore.sources import Item, Row, anchor, figure, trace
from warehouse.codes import CHINA, UNION
from warehouse.measures import TOTAL, measures

# The measures that stand first on the page.
GLANCE = (
    ("chinese_born", UNION),
    ("foreign_born", CHINA),
    ("asylum_applicants_chinese", UNION),
    ("internal_mobility", CHINA),
)
# A series of fewer years is no line.
LEAST_YEARS = 3
# What a plot shows of the member states, and which end of their span it is; and all that it shows.
ENDS: dict[str, Literal["first", "last"]] = {"least": "first", "most": "last"}
LINES = (*SIDES, *ENDS)
# How many rows an excerpt shows, and the least value of a jump that is shown.
EXCERPT, JUMP_LEAST = 20, 1000

# Measure, line and year.
Key = tuple[str, str, int]


def glance(given: Given) -> list[Item]:
    """The figures that stand first."""
    cards = []
    for measure, place in GLANCE:
        row = given.latest(measure, place) or given.absent(measure, place)
        cards.append({"name": word("measure", measure), **cells(row)})
    return cards


def headline(given: Given) -> list[Item]:
    """By theme each measure: China, the Union, and the span of the members in the year that most of them have."""
    themes: dict[str, list[Item]] = {}
    states = given.figures.filter(pl.col("jurisdiction").is_in(given.states), pl.col("value").is_not_null())
    members = states.partition_by("measure", as_dict=True)
    for name, entry in measures().items():
        themes.setdefault(entry.theme, []).append(_measure(given, name, members.get((name,), states.clear())))
    return [{"theme": word("theme", theme), "id": theme, "rows": rows} for theme, rows in themes.items()]


def _measure(given: Given, name: str, members: pl.DataFrame) -> Item:
    """A measure of both sides, and of the span of the members."""
    places = {place: given.latest(name, place) for place in SIDES}
    span, same = [], False
    if members.height:
        year = members.group_by("year").len().sort("len", "year").row(-1)[0]
        of_year = members.filter(pl.col("year") == year).sort(pl.coalesce("rate", "value"), "jurisdiction")
        ends = [of_year.row(number, named=True) for number in ((0, -1) if of_year.height > 1 else (0,))]
        same = len(ends) > 1 and ends[0]["value"] == ends[1]["value"]
        span = [cells(row) | {"of": of_year.height} for row in (ends[:1] if same else ends)]
    return {
        "measure": name,
        "name": word("measure", name),
        "unit": word("unit", measures()[name].unit),
        "places": [cells(row or given.absent(name, place)) for place, row in places.items()],
        "span": span,
        "same": same,
        "traces": [
            trace(row, word("area", place)) if row else _hole(given, name, place) for place, row in places.items()
        ],
    }


def _hole(given: Given, name: str, place: str) -> Item:
    """Why there is no figure of a measure."""
    row = given.absent(name, place)
    reason = word("missing_reason", row["missing_reason"])
    return {"label": word("area", place), "missing": reason, "because": row["because"]}


def appendix(given: Given) -> list[Item]:
    """Every measure: what it means, how it is worked out, from where, and the newest figure of each of the 28."""
    said = {row["measure"]: row for row in given.tables["measure"].collect().iter_rows(named=True)}
    newest = given.figures.filter(pl.col("aggregation") == STATE, pl.col("value").is_not_null()).sort("year")
    newest = newest.group_by("measure", "jurisdiction", maintain_order=True).last()
    by_measure = newest.sort(pl.coalesce("rate", "value"), descending=True).partition_by("measure", as_dict=True)
    found = []
    for name in measures():
        rows = by_measure.get((name,), newest.clear()).iter_rows(named=True)
        found.append(
            {
                **said[name],
                "id": f"m-{name}",
                "name": word("measure", name),
                "unit": word("unit", said[name]["unit"]),
                "theme": word("theme", said[name]["theme"]),
                "rule": word("definition", said[name]["definition"]),
                "rows": [cells(row) | {"locator": row["locator"], "dataset": row["dataset"]} for row in rows],
            }
        )
    return found


def themes(given: Given) -> list[Item]:
    """Of each theme the series of its measures: China, the Union, and from the least to the most of the members."""
    drawn = _drawn(given)
    lasting = set(drawn.group_by("measure", "line").len().filter(pl.col("len") >= LEAST_YEARS)["measure"])
    cells = {(row["measure"], row["line"], row["year"]): row for row in drawn.iter_rows(named=True)}
    years = given.every_year["year"].to_list()
    by_theme: dict[str, list[str]] = {}
    for name in (name for name in measures() if name in lasting):
        by_theme.setdefault(measures()[name].theme, []).append(name)
    return [
        {
            "theme": word("theme", theme),
            "id": f"theme-{theme}",
            "svg": _panels(theme, names, years, cells),
            "blocks": [_block(name, years, cells) for name in names],
        }
        for theme, names in by_theme.items()
    ]


def _drawn(given: Given) -> pl.DataFrame:
    """What a line or a bar may show: ``shown`` is the rate where residents matter, else the value."""
    rated = [name for name, entry in measures().items() if entry.per_population]
    shown = pl.when(pl.col("measure").is_in(rated)).then("rate").otherwise("value")
    rows = given.figures.with_columns(shown=shown).filter(pl.col("shown").is_not_null(), pl.col("grade") != "D")
    sides = rows.filter(pl.col("jurisdiction").is_in(SIDES)).sort("year", pl.col("aggregation") == COMPUTED)
    states = rows.filter(pl.col("jurisdiction").is_in(given.states)).sort("shown", "jurisdiction")
    return pl.concat(
        [
            sides.unique(["measure", "jurisdiction", "year"], keep="last").with_columns(line="jurisdiction"),
            *(
                states.unique(["measure", "year"], keep=end, maintain_order=True).with_columns(line=pl.lit(line))
                for line, end in ENDS.items()
            ),
        ]
    )


def _panels(theme: str, names: Sequence[str], years: Sequence[int], cells: Mapping[Key, Row]) -> str:
    """The plot of a theme, of a panel for each measure."""
    rows = []
    for name, year in product(names, years):
        shown = {line: cells[name, line, year]["shown"] for line in LINES if (name, line, year) in cells}
        at = {"place": word("measure", name), "year": year}
        rows += [at | {"series": side, "value": shown.get(side)} for side in SIDES]
        if "least" in shown:
            rows.append(at | {"low": shown["least"], "high": shown["most"]})
    chart = charts.small_multiples([word("measure", name) for name in names], (years[0], years[-1]))
    return charts.svg(chart, pl.DataFrame(rows, infer_schema_length=None), theme)


def _block(name: str, years: Sequence[int], cells: Mapping[Key, Row]) -> Item:
    """The table behind a panel."""
    entry = measures()[name]
    return {
        "name": word("measure", name),
        "unit": sentence("per_1000") if entry.per_population else word("unit", entry.unit),
        "years": years,
        "table": [
            {
                "label": sentence(line) if line in ENDS else word("area", line),
                "figures": [_shown(cells.get((name, line, year)), named=line in ENDS) for year in years],
            }
            for line in LINES
        ],
    }


def _shown(row: Row | None, *, named: bool) -> Item | None:
    if row is None:
        return None
    shown = row["shown"]
    text = rate(shown) if row["rate"] == shown else number(shown, row["unit"])
    return {"text": text, "href": anchor(row), "place": word("area", row["jurisdiction"]) if named else None}


def internal(given: Given) -> Item:
    """China's floating population beside citizens of other member states in the Union, and what makes them grade D."""
    rows = given.figures.filter(
        pl.col("measure") == "internal_mobility", pl.col("value").is_not_null(), pl.col("aggregation") == STATE
    ).sort("year")
    china = rows.filter(pl.col("jurisdiction") == CHINA)
    movers = rows.filter(pl.col("jurisdiction") != CHINA)
    sources = measures()["internal_mobility"].sources
    newest = movers.group_by("jurisdiction", maintain_order=True).last().sort("value", descending=True)
    biggest = newest["jurisdiction"][0] if newest.height else None
    series = movers.filter(pl.col("jurisdiction").eq_missing(pl.lit(biggest)))
    union = given.latest("internal_mobility", UNION)
    grade = movers.row(-1, named=True) if movers.height else None
    return {
        "china": [cells(row) | {"traces": [trace(row)]} for row in china.iter_rows(named=True)],
        "movers": [cells(row) | {"traces": [trace(row)]} for row in newest.iter_rows(named=True)],
        "union": cells(union or given.absent("internal_mobility", UNION)) | {"traces": [trace(union)] if union else []},
        "grade": cells(grade) if grade else None,
        "differs": differing(given, *((source.dataset, source.indicator) for source in (sources[0], sources[-1]))),
        "biggest": word("area", biggest),
        "svg_china": _alone(given, china, charts.CHINA_COLOUR, "floating"),
        "svg_movers": _alone(given, series, charts.UNION_COLOUR, "movers"),
    }


def _alone(given: Given, rows: pl.DataFrame, colour: str, name: str) -> str:
    """The plot of one series; none of no rows."""
    line = rows if rows.is_empty() else given.every_year.join(rows.select("year", "value"), on="year", how="left")
    return charts.svg(charts.apart(colour, given.years), line, name)


def coverage(given: Given) -> Item:
    """How much of the comparison there is by theme and jurisdiction, and the holes that block most comparisons."""
    scores = given.tables["coverage_score"].collect()
    known = list(dict.fromkeys(entry.theme for entry in measures().values()))
    places = [CHINA, *given.states]
    frame = scores.select(
        place="jurisdiction",
        theme=named("theme", "theme"),
        score="score",
    )
    names = [word("theme", theme) for theme in known]
    cells = {(row["theme"], row["jurisdiction"]): row for row in scores.iter_rows(named=True)}
    holes = given.tables["coverage_gap"].sort("blocked", "measure", "jurisdiction", descending=[True, False, False])
    return {
        "svg": charts.svg(charts.heat_map(places, names), frame, "coverage"),
        "places": [(place, word("area", place)) for place in places],
        "rows": [
            {"theme": name, "cells": [cells.get((theme, place)) for place in places]}
            for theme, name in zip(known, names, strict=True)
        ],
        "holes": [
            row
            | {
                "name": word("measure", row["measure"]),
                "place": word("area", row["jurisdiction"]),
                "reason": word("missing_reason", row["missing_reason"]),
                "command": f"corridor explain comparison measure={row['measure']} jurisdiction={row['jurisdiction']} "
                f"missing_reason={row['missing_reason']} --limit 18",
            }
            for row in holes.head(EXCERPT).collect().iter_rows(named=True)
        ],
    }


def timeline(given: Given) -> list[Item]:
    """The newest legal events beside the series that they matter to, of China and of the states."""
    rows = (
        given.tables["policy_timeline"]
        .collect()
        .drop_nulls(["value_before", "value"])
        .with_columns(of_visas=pl.col("happened") == VISA_RULE, china=pl.col("jurisdiction") == CHINA)
    )
    same = ["measure", "jurisdiction", "subject", "happened_on"]
    rows = rows.filter((pl.col("happened") != BOUND_FROM) | (pl.len().over(same) == 1))
    keys = [
        "measure",
        "happened",
        "happened_on",
        "china",
        "of_visas",
        pl.when("of_visas").then(pl.lit("")).otherwise("subject").alias("what"),
    ]
    grouped = (
        rows.sort("value", "jurisdiction", "subject")
        .group_by(keys, maintain_order=True)
        .agg(
            pl.all().exclude("measure", "happened", "happened_on", "china", "of_visas").last(),
            subjects=pl.col("subject").unique().sort(),
            places=pl.col("jurisdiction").n_unique(),
        )
        .sort("happened_on", "measure", "happened", descending=[True, False, False])
    )
    picked = pl.concat([grouped.filter("china").head(EXCERPT // 2), grouped.filter(~pl.col("china")).head(EXCERPT)])
    values = given.around(picked)
    return [_event(row, values) for row in picked.iter_rows(named=True)]


def _event(row: Row, values: Mapping[tuple[object, ...], Row]) -> Item:
    year = row["year"]
    key = (row["measure"], row["jurisdiction"])
    found = [values.get((*key, each)) for each in (year - 1, year, year + 1)]
    subjects = row["subjects"]
    assert isinstance(subjects, list)
    kind = "area" if row["of_visas"] else "instrument"
    return {
        "on": row["happened_on"],
        "place": word("area", row["jurisdiction"]),
        "others": row["places"] - 1,
        "event": sentence(row["happened"])
        if row["happened"] in (BOUND_FROM, VISA_RULE)
        else word("event", row["happened"]),
        "subject": sentence("comma").join(word(kind, str(each)) for each in subjects),
        "name": word("measure", row["measure"]),
        "unit": word("unit", row["unit"]),
        "figures": [figure(each) for each in found],
        "href": "t-visa_rule" if row["of_visas"] else "t-legal_binding",
        "traces": [trace(each, str(each["year"])) for each in found if each and each["value"] is not None],
        "command": f"corridor explain policy_timeline measure={row['measure']} jurisdiction={row['jurisdiction']} "
        f"happened={row['happened']} happened_on={row['happened_on']} --limit 30",
    }


def jumps(given: Given) -> Item:
    """Figures far from those of the year before, the farthest first, with what the publishers and the law say of it."""
    rows = given.figures.filter(
        pl.col("flags").str.contains(r"\bjump\b"), pl.col("aggregation") == STATE, pl.col("grade") != "D"
    ).with_columns(before=pl.col("value") - pl.col("step"))
    counted = rows.filter(
        pl.col("unit") != "percent",
        pl.min_horizontal("value", "before") > 0,
        pl.max_horizontal("value", "before") >= JUMP_LEAST,
    )
    far = counted.sort(
        (pl.col("value") / pl.col("before")).log().abs(),
        "measure",
        "jurisdiction",
        "year",
        descending=[True, False, False, False],
    ).head(EXCERPT)
    events = given.tables["policy_timeline"].select("measure", "jurisdiction", "year", "subject", "happened").collect()
    known = dict(iter(events.group_by("measure", "jurisdiction", "year")))
    before = given.around(far)
    shown = []
    for row in far.iter_rows(named=True):
        key = (row["measure"], row["jurisdiction"], row["year"])
        earlier = before[row["measure"], row["jurisdiction"], row["year"] - 1]
        flags = ";".join(flag for flag in row["flags"].split(";") if flag != "jump")
        acts = known[key]["subject"].unique().sort().to_list() if key in known else []
        shown.append(
            {
                **cells(row),
                "name": word("measure", row["measure"]),
                "before": figure(earlier),
                "factor": _factor(row["value"] / row["before"]),
                "flags": several("flag", flags),
                "acts": [word("instrument", act) for act in acts],
                "traces": [trace(each, str(each["year"])) for each in (earlier, row)],
            }
        )
    return {"rows": shown, "total": f"{rows.height:,}"}


def _factor(ratio: float) -> str:
    times = max(ratio, 1 / ratio)
    return f"{'×' if ratio > 1 else '÷'} {times:,.0f}"


def changes(given: Given) -> Item:
    """What is in this release and was not in the one before: rows by table, and the greatest revisions."""
    ledger = given.tables["release"].collect()
    names = sorted(
        ledger["release"].unique().to_list(), key=lambda name: (name.partition(".")[0], int(name.partition(".")[2]))
    )
    last = names[names.index(given.about.name) - 1] if given.about.name in names[1:] else None
    now = {row["table"]: row for row in ledger.filter(pl.col("release") == given.about.name).iter_rows(named=True)}
    then = {row["table"]: row for row in ledger.filter(pl.col("release") == (last or "")).iter_rows(named=True)}
    rows = [
        {"table": name, "rows": row["rows"], "before": then[name]["rows"] if name in then else None}
        for name, row in now.items()
        if name not in then or then[name]["sha256"] != row["sha256"]
    ]
    revised = given.tables["revision"].filter(pl.col("change") == "value").drop_nulls(["old_value", "new_value"])
    top = revised.sort(
        pl.col("difference").abs(),
        "indicator",
        "reporter",
        "period",
        "dimensions",
        descending=[True, False, False, False, False],
    )
    return {
        "last": last,
        "rows": rows,
        "revised": revised.select(pl.len()).collect().item(),
        "revisions": [_revision(row) for row in top.head(EXCERPT // 2).collect().iter_rows(named=True)],
    }


def _revision(row: Row) -> Item:
    sides = [
        {"dataset": row["dataset"], "payload": row[f"{age}_payload"], "value": row[f"{age}_value"], "unit": row["unit"]}
        for age in ("old", "new")
    ]
    return {
        "indicator": word("indicator", row["indicator"]),
        "place": word("area", row["reporter"]),
        "partner": "" if row["partner"] in TOTAL else word("area", row["partner"]),
        "year": str(row["period"])[:4],
        "known": f"{row['known_from']:%Y-%m-%d}",
        "old": figure(sides[0]),
        "new": figure(sides[1]),
        "command": f"corridor explain revision indicator={row['indicator']} reporter={row['reporter']} "
        f"partner={row['partner']} period={str(row['period'])[:10]}",
        "dataset": row["dataset"],
    }
