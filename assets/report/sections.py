"""What the page says, section by section: from the tables of a release to rows of words, numbers and anchors."""

from collections.abc import Mapping, Sequence

import polars as pl

from assets.comparison import COMPUTED, STATE, UNION
from assets.law_in_numbers import CHINA
from assets.report import charts
from assets.report.corridor import differing
from assets.report.given import Given, cells
from assets.report.sources import Item, Row, anchor, figure, trace
from assets.report.words import Words, number, rate
from assets.timeline import BINDS, VISA
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
# How many rows an excerpt shows, and the least value of a jump that is shown.
EXCERPT, JUMP_LEAST = 20, 1000


def glance(given: Given) -> list[Item]:
    """The figures that stand first."""
    cards = []
    for measure, place in GLANCE:
        row = given.latest(measure, place) or given.absent(measure, place)
        cards.append({"name": given.words.name("measure", measure), **cells(row, given)})
    return cards


def headline(given: Given) -> list[Item]:
    """By theme each measure: China, the Union, and the span of the members in the year that most of them have."""
    themes: dict[str, list[Item]] = {}
    for name, entry in measures().items():
        themes.setdefault(entry.theme, []).append(_measure(given, name))
    return [{"theme": given.words.name("theme", theme), "id": theme, "rows": rows} for theme, rows in themes.items()]


def _measure(given: Given, name: str) -> Item:
    places = {place: given.latest(name, place) for place in (CHINA, UNION)}
    members = given.figures.filter(
        pl.col("measure") == name, pl.col("jurisdiction").is_in(given.states), pl.col("value").is_not_null()
    )
    span: list[Item] = []
    if members.height:
        year = members.group_by("year").len().sort("len", "year").row(-1)[0]
        of_year = members.filter(pl.col("year") == year).sort(pl.coalesce("rate", "value"), "jurisdiction")
        ends = [of_year.row(number, named=True) for number in ((0, -1) if of_year.height > 1 else (0,))]
        span = [cells(row, given) | {"of": of_year.height} for row in ends]
    return {
        "measure": name,
        "name": given.words.name("measure", name),
        "unit": given.words.name("unit", measures()[name].unit),
        "places": [cells(row or given.absent(name, place), given) for place, row in places.items()],
        "span": span,
        "traces": [
            trace(row, given.words, given.words.name("area", place)) if row else _hole(given, name, place)
            for place, row in places.items()
        ],
    }


def _hole(given: Given, name: str, place: str) -> Item:
    """Why there is no figure of a measure."""
    row = given.absent(name, place)
    reason = given.words.name("missing_reason", row["missing_reason"])
    return {"label": given.words.name("area", place), "missing": reason, "because": row["because"]}


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
                "name": given.words.name("measure", name),
                "unit": given.words.name("unit", said[name]["unit"]),
                "theme": given.words.name("theme", said[name]["theme"]),
                "rule": given.words.name("definition", said[name]["definition"]),
                "rows": [cells(row, given) | {"locator": row["locator"], "dataset": row["dataset"]} for row in rows],
            }
        )
    return found


def themes(given: Given) -> list[Item]:
    """Of each theme the series of its measures: China, the Union, and from the least to the most of the members."""
    found = []
    places = [CHINA, UNION]
    values = given.figures.filter(pl.col("value").is_not_null()).with_columns(
        shown=pl.when(pl.col("measure").is_in([n for n, e in measures().items() if e.per_population]))
        .then("rate")
        .otherwise("value")
    )
    values = values.filter(pl.col("shown").is_not_null(), pl.col("grade") != "D")
    for theme in dict.fromkeys(entry.theme for entry in measures().values()):
        blocks = [
            block
            for name, entry in measures().items()
            if entry.theme == theme
            and (block := _series(given, values.filter(pl.col("measure") == name), name, places))
        ]
        if blocks:
            frame = pl.concat([block["frame"] for block in blocks])
            chart = charts.small_multiples([block["name"] for block in blocks], given.years)
            found.append(
                {
                    "theme": given.words.name("theme", theme),
                    "id": f"theme-{theme}",
                    "svg": charts.svg(chart, frame, theme),
                    "blocks": blocks,
                }
            )
    return found


def _series(given: Given, rows: pl.DataFrame, name: str, places: Sequence[str]) -> Item | None:
    """A measure as a panel and as the table behind it; nothing where no side has a line."""
    states = rows.filter(pl.col("jurisdiction").is_in(given.states)).sort("shown", "jurisdiction")
    by_year = states.group_by("year", maintain_order=True)
    ends = [by_year.first(), by_year.last()]
    lines = [
        rows.filter(pl.col("jurisdiction") == place)
        .sort("year", pl.col("aggregation") == COMPUTED)
        .group_by("year", maintain_order=True)
        .last()
        for place in places
    ]
    if max(frame.height for frame in (*lines, ends[0])) < LEAST_YEARS:
        return None
    words, entry = given.words, measures()[name]
    title = words.name("measure", name)
    years = given.every_year
    shown = [
        years.join(line.select("year", value="shown"), on="year", how="left").with_columns(series=pl.lit(place))
        for place, line in zip(places, lines, strict=True)
    ]
    low, high = (
        end.select("year", pl.col("shown").alias(name)) for end, name in zip(ends, ("low", "high"), strict=True)
    )
    frame = pl.concat([*shown, low.join(high, on="year")], how="diagonal").with_columns(place=pl.lit(title))
    labels = [*(words.name("area", place) for place in places), words.texts["least"], words.texts["most"]]
    table = []
    for label, part in zip(labels, (*lines, *ends), strict=True):
        cells = {row["year"]: row for row in part.iter_rows(named=True)}
        table.append(
            {
                "label": label,
                "figures": [_shown(cells.get(year), words, label in labels[2:]) for year in years["year"]],
            }
        )
    unit = words.texts["per_1000"] if entry.per_population else words.name("unit", entry.unit)
    return {"name": title, "unit": unit, "frame": frame, "table": table, "years": years["year"].to_list()}


def _shown(row: Row | None, words: Words, named: bool) -> Item | None:
    if row is None:
        return None
    shown = row["shown"]
    text = rate(shown) if row["rate"] == row["shown"] else number(shown, row["unit"])
    return {"text": text, "href": anchor(row), "place": words.name("area", row["jurisdiction"]) if named else None}


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
    reason = given.absent("internal_mobility", UNION)
    grade = movers.row(-1, named=True) if movers.height else None
    return {
        "china": [cells(row, given) | {"traces": [trace(row, given.words)]} for row in china.iter_rows(named=True)],
        "movers": [cells(row, given) | {"traces": [trace(row, given.words)]} for row in newest.iter_rows(named=True)],
        "union": cells(union or reason, given),
        "grade": cells(grade, given) if grade else None,
        "differs": differing(given, *((source.dataset, source.indicator) for source in (sources[0], sources[-1]))),
        "biggest": given.words.name("area", biggest),
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
        theme=pl.col("theme").map_elements(lambda t: given.words.name("theme", t), pl.String),
        score="score",
    )
    names = [given.words.name("theme", theme) for theme in known]
    cells = {(row["theme"], row["jurisdiction"]): row for row in scores.iter_rows(named=True)}
    holes = given.tables["coverage_gap"].sort("blocked", "measure", "jurisdiction", descending=[True, False, False])
    return {
        "svg": charts.svg(charts.heat_map(places, names), frame, "coverage"),
        "places": [(place, given.words.name("area", place)) for place in places],
        "rows": [
            {"theme": name, "cells": [cells.get((theme, place)) for place in places]}
            for theme, name in zip(known, names, strict=True)
        ],
        "holes": [
            row
            | {
                "name": given.words.name("measure", row["measure"]),
                "place": given.words.name("area", row["jurisdiction"]),
                "reason": given.words.name("missing_reason", row["missing_reason"]),
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
        .with_columns(of_visas=pl.col("happened") == VISA, china=pl.col("jurisdiction") == CHINA)
    )
    same = ["measure", "jurisdiction", "subject", "happened_on"]
    rows = rows.filter((pl.col("happened") != BINDS) | (pl.len().over(same) == 1))
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
    return [_event(given, row, values) for row in picked.iter_rows(named=True)]


def _event(given: Given, row: Row, values: Mapping[tuple[object, ...], Row]) -> Item:
    words, year = given.words, row["year"]
    key = (row["measure"], row["jurisdiction"])
    found = [values.get((*key, each)) for each in (year - 1, year, year + 1)]
    subjects = row["subjects"]
    assert isinstance(subjects, list)
    kind = "area" if row["of_visas"] else "instrument"
    return {
        "on": row["happened_on"],
        "place": words.name("area", row["jurisdiction"]),
        "others": row["places"] - 1,
        "event": words.texts.get(row["happened"]) or words.name("event", row["happened"]),
        "subject": words.texts["comma"].join(words.name(kind, str(each)) for each in subjects),
        "name": words.name("measure", row["measure"]),
        "unit": words.name("unit", row["unit"]),
        "figures": [figure(each, words) for each in found],
        "href": "t-visa_rule" if row["of_visas"] else "t-legal_binding",
        "traces": [trace(each, words, str(each["year"])) for each in found if each and each["value"] is not None],
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
                **cells(row, given),
                "name": given.words.name("measure", row["measure"]),
                "before": figure(earlier, given.words),
                "factor": _factor(row["value"] / row["before"]),
                "flags": given.words.listed("flag", flags),
                "acts": [given.words.name("instrument", act) for act in acts],
                "traces": [trace(each, given.words, str(each["year"])) for each in (earlier, row)],
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
        "revisions": [_revision(given, row) for row in top.head(EXCERPT // 2).collect().iter_rows(named=True)],
    }


def _revision(given: Given, row: Row) -> Item:
    words = given.words
    sides = [
        {"dataset": row["dataset"], "payload": row[f"{age}_payload"], "value": row[f"{age}_value"], "unit": row["unit"]}
        for age in ("old", "new")
    ]
    return {
        "indicator": words.name("indicator", row["indicator"]),
        "place": words.name("area", row["reporter"]),
        "partner": "" if row["partner"] in TOTAL else words.name("area", row["partner"]),
        "year": str(row["period"])[:4],
        "known": f"{row['known_from']:%Y-%m-%d}",
        "old": figure(sides[0], words),
        "new": figure(sides[1], words),
        "command": f"corridor explain revision indicator={row['indicator']} reporter={row['reporter']} "
        f"partner={row['partner']} period={str(row['period'])[:10]}",
        "dataset": row["dataset"],
    }
