"""Sections on coverage, legal events, large changes, and what changed since the last release."""

from collections.abc import Mapping

import polars as pl

from assets.compare.question import STATE
from assets.compare.timeline import BOUND_FROM, VISA_RULE
from assets.explore.context import ReportContext
from assets.explore.elements import (
    Item,
    Plot,
    Row,
    cell,
    figure,
    partner_name,
    sentence,
    trace,
    word,
    word_list,
    words_of,
)
from warehouse.codes import CHINA
from warehouse.measures import measures

# The number of rows in a table that shows only the first ones.
EXCERPT = 20
# The least value of a jump that is shown.
JUMP_LEAST = 1000


def coverage(context: ReportContext) -> Item:
    """The share of available figures by theme and jurisdiction, and the gaps that prevent the most comparisons."""
    scores = context.tables["coverage_score"].collect()
    known = list(dict.fromkeys(entry.theme for entry in measures().values()))
    places = [CHINA, *context.states]
    frame = scores.select(place="jurisdiction", theme=words_of("theme", "theme"), score="score")
    names = [word("theme", theme) for theme in known]
    cells = {(row["theme"], row["jurisdiction"]): row for row in scores.iter_rows(named=True)}
    gaps = context.tables["coverage_gap"].sort("blocked", "measure", "jurisdiction", descending=[True, False, False])
    return {
        "plot": Plot("heat_map", "coverage", frame, places=places, themes=names),
        "places": [(place, word("area", place)) for place in places],
        "rows": [
            {"theme": name, "cells": [cells.get((theme, place)) for place in places]}
            for theme, name in zip(known, names, strict=True)
        ],
        "gaps": [_gap(row) for row in gaps.head(EXCERPT).collect().iter_rows(named=True)],
    }


def _gap(row: Row) -> Item:
    return {
        **row,
        "name": word("measure", row["measure"]),
        "place": word("area", row["jurisdiction"]),
        "reason": word("missing_reason", row["missing_reason"]),
        "command": f"corridor explain comparison measure={row['measure']} jurisdiction={row['jurisdiction']} "
        f"missing_reason={row['missing_reason']} --limit 18",
    }


def timeline(context: ReportContext) -> list[Item]:
    """The newest legal events of China and of the member states, with the figures that they may affect."""
    rows = (
        context.tables["policy_timeline"]
        .collect()
        .drop_nulls(["value_before", "value"])
        .with_columns(is_visa_rule=pl.col("happened") == VISA_RULE, china=pl.col("jurisdiction") == CHINA)
    )
    same = ["measure", "jurisdiction", "subject", "happened_on"]
    rows = rows.filter((pl.col("happened") != BOUND_FROM) | (pl.len().over(same) == 1))
    keys = [
        "measure",
        "happened",
        "happened_on",
        "china",
        "is_visa_rule",
        pl.when("is_visa_rule").then(pl.lit("")).otherwise("subject").alias("instrument"),
    ]
    grouped = (
        rows.sort("value", "jurisdiction", "subject")
        .group_by(keys, maintain_order=True)
        .agg(
            pl.all().exclude("measure", "happened", "happened_on", "china", "is_visa_rule").last(),
            subjects=pl.col("subject").unique().sort(),
            places=pl.col("jurisdiction").n_unique(),
        )
        .sort("happened_on", "measure", "happened", descending=[True, False, False])
    )
    shown = pl.concat([grouped.filter("china").head(EXCERPT // 2), grouped.filter(~pl.col("china")).head(EXCERPT)])
    values = context.around(shown)
    return [_event(row, values) for row in shown.iter_rows(named=True)]


def _event(row: Row, values: Mapping[tuple[object, ...], Row]) -> Item:
    year = row["year"]
    key = (row["measure"], row["jurisdiction"])
    found = [values.get((*key, each)) for each in (year - 1, year, year + 1)]
    subjects = row["subjects"]
    assert isinstance(subjects, list)
    code_list = "area" if row["is_visa_rule"] else "instrument"
    return {
        "on": row["happened_on"],
        "place": word("area", row["jurisdiction"]),
        "others": row["places"] - 1,
        "event": _event_name(row["happened"]),
        "subject": sentence("comma").join(word(code_list, str(each)) for each in subjects),
        "name": word("measure", row["measure"]),
        "unit": word("unit", row["unit"]),
        "figures": [figure(each) for each in found],
        "href": "t-visa_rule" if row["is_visa_rule"] else "t-legal_binding",
        "traces": [trace(each, str(each["year"])) for each in found if each and each["value"] is not None],
        "command": f"corridor explain policy_timeline measure={row['measure']} jurisdiction={row['jurisdiction']} "
        f"happened={row['happened']} happened_on={row['happened_on']} --limit 30",
    }


def _event_name(happened: str) -> str:
    return sentence(happened) if happened in (BOUND_FROM, VISA_RULE) else word("event", happened)


def jumps(context: ReportContext) -> Item:
    """The figures that differ most from those of the year before, with their flags and the legal events of the year."""
    rows = context.figures.filter(
        pl.col("flags").str.contains(r"\bjump\b"), pl.col("aggregation") == STATE, pl.col("grade") != "D"
    ).with_columns(before=pl.col("value") - pl.col("step"))
    counts = rows.filter(
        pl.col("unit") != "percent",
        pl.min_horizontal("value", "before") > 0,
        pl.max_horizontal("value", "before") >= JUMP_LEAST,
    )
    largest = counts.sort(
        (pl.col("value") / pl.col("before")).log().abs(),
        "measure",
        "jurisdiction",
        "year",
        descending=[True, False, False, False],
    ).head(EXCERPT)
    events = context.tables["policy_timeline"].select("measure", "jurisdiction", "year", "subject").collect()
    acts = {key: frame["subject"].unique().sort().to_list() for key, frame in _by_figure(events)}
    before = context.around(largest)
    return {
        "rows": [_jump(row, before, acts) for row in largest.iter_rows(named=True)],
        "total": f"{rows.height:,}",
    }


def _by_figure(events: pl.DataFrame) -> list[tuple[tuple[object, ...], pl.DataFrame]]:
    return list(events.group_by("measure", "jurisdiction", "year"))


def _jump(row: Row, figures: Mapping[tuple[object, ...], Row], acts: Mapping[tuple[object, ...], list[str]]) -> Item:
    key = (row["measure"], row["jurisdiction"], row["year"])
    earlier = figures[row["measure"], row["jurisdiction"], row["year"] - 1]
    return {
        "cell": cell(row),
        "name": word("measure", row["measure"]),
        "before": figure(earlier),
        "factor": _factor(row["value"] / row["before"]),
        "flags": word_list("flag", ";".join(flag for flag in row["flags"].split(";") if flag != "jump")),
        "acts": [word("instrument", act) for act in acts.get(key, [])],
        "traces": [trace(each, str(each["year"])) for each in (earlier, row)],
    }


def _factor(ratio: float) -> str:
    return f"{'×' if ratio > 1 else '÷'} {max(ratio, 1 / ratio):,.0f}"


def changes(context: ReportContext) -> Item:
    """The tables that differ from those of the last release, and the largest revisions by publishers."""
    ledger = context.tables["release"].collect()
    names = sorted(
        ledger["release"].unique().to_list(), key=lambda name: (name.partition(".")[0], int(name.partition(".")[2]))
    )
    name = context.about.name
    last = names[names.index(name) - 1] if name in names[1:] else None
    now = {row["table_name"]: row for row in ledger.filter(pl.col("release") == name).iter_rows(named=True)}
    then = {row["table_name"]: row for row in ledger.filter(pl.col("release") == (last or "")).iter_rows(named=True)}
    rows = [
        {"table": table, "rows": row["rows"], "before": then[table]["rows"] if table in then else None}
        for table, row in now.items()
        if table not in then or then[table]["sha256"] != row["sha256"]
    ]
    revised = context.tables["revision"].filter(pl.col("change") == "value").drop_nulls(["old_value", "new_value"])
    largest = revised.sort(
        pl.col("difference").abs(),
        "indicator",
        "jurisdiction",
        "period",
        "dimensions",
        descending=[True, False, False, False, False],
    ).head(EXCERPT // 2)
    return {
        "last": last,
        "rows": rows,
        "revised": revised.select(pl.len()).collect().item(),
        "revisions": [_revision(row) for row in largest.collect().iter_rows(named=True)],
    }


def _revision(row: Row) -> Item:
    old, new = (
        {"dataset": row["dataset"], "payload": row[f"{age}_payload"], "value": row[f"{age}_value"], "unit": row["unit"]}
        for age in ("old", "new")
    )
    return {
        "indicator": word("indicator", row["indicator"]),
        "place": word("area", row["jurisdiction"]),
        "partner": partner_name(row["partner"]),
        "year": str(row["period"])[:4],
        "known": f"{row['known_from']:%Y-%m-%d}",
        "old": figure(old),
        "new": figure(new),
        "command": f"corridor explain revision indicator={row['indicator']} jurisdiction={row['jurisdiction']} "
        f"partner={row['partner']} period={str(row['period'])[:10]}",
        "dataset": row["dataset"],
    }
