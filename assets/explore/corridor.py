"""The corridor between China and each member state: who lives, asks for asylum and may enter, by every side's count."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import zip_longest

import polars as pl

from assets.compare.grades import ATTRIBUTES
from assets.compare.question import STATE
from assets.explore import charts
from assets.explore.context import Given
from assets.explore.i18n import named, several, word
from assets.explore.sources import Item, Row, anchor, figure, trace
from assets.law.visas import rule_on, rules_on
from warehouse.codes import CHINA
from warehouse.measures import measures, mirrors

# The years in which residents born in China are set side by side.
BORN = (2020, 2024)
SPOKEN = (
    *("measure", "jurisdiction", "year", "value", "unit", "grade", "grade_reasons"),
    *("source_table", "dataset", "definition", "payload", "locator"),
)
_WAIVED = pl.col("waiver").is_in(["unilateral", "mutual"])
# An applicant more or less says nothing of small numbers: panels and ratios begin here.
MANY = 20


def born(given: Given) -> Item:
    """Residents born in China by state, as every publisher has them in the years that are set side by side."""
    spoken = given.figures.filter(pl.col("aggregation") == STATE).select(*SPOKEN)
    others = given.tables["comparison_alternative"].select(*SPOKEN).collect()
    found = pl.concat([spoken, others]).filter(pl.col("measure") == "chinese_born", pl.col("value").is_not_null())
    model = _modelled(given)
    one, other, *_ = measures()["chinese_born"].sources
    rows_of = [*found.iter_rows(named=True), *model.iter_rows(named=True)]
    cells = {(row["jurisdiction"], row["dataset"], row["year"]): row for row in rows_of}
    heads = [(source.dataset, year) for year in BORN for source in (one, other)]
    heads += sorted(set(model.select("dataset", "year").iter_rows()))
    silence = _coverage(given, "population_by_birth")
    rows = []
    for state in given.states:
        present = [cells.get((state, *head)) for head in heads]
        figures = [
            figure(row or {"missing_reason": silence.get((state, year))})
            for row, (_, year) in zip(present, heads, strict=True)
        ]
        rows.append(
            {
                "place": word("area", state),
                "figures": figures,
                "grades": [
                    (row["grade"], several("attribute", row["grade_reasons"]))
                    for row in present
                    if row and "grade" in row
                ],
                "traces": [trace(row, row["year"], command=row.get("command")) for row in present if row],
            }
        )
    first = found.filter(pl.col("dataset") == one.dataset, pl.col("year").is_in(BORN)).with_columns(
        place=named("area", "jurisdiction")
    )
    ranked = first.filter(pl.col("year") == BORN[-1]).sort("value", descending=True)["place"].to_list()
    differs = differing(given, (one.dataset, one.indicator), (other.dataset, other.indicator))
    svg = charts.svg(charts.dumbbell(ranked, BORN), first.select("place", "year", "value"), "born")
    return {"heads": heads, "rows": rows, "svg": svg, "years": BORN, "differs": differs}


def _modelled(given: Given) -> pl.DataFrame:
    """Migrants from China by state as a model has them, which no measure takes: a row each, and how to follow it."""
    name = "counted_and_modelled"
    where = pl.format(
        "corridor explain mirror_flow mirror={} destination={} year={}", pl.lit(name), "destination", "year"
    )
    fields = {field: f"second_{field}" for field in ("value", "dataset", "definition", "payload", "locator")}
    rows = _mirror(given, name).drop_nulls("second_value")
    return rows.select("year", "unit", jurisdiction="destination", command=where, **fields)


def _coverage(given: Given, indicator: str) -> Mapping[tuple[str, int], str]:
    """Why there is no figure of an indicator, by reporter and year."""
    rows = given.tables["coverage"].filter(pl.col("indicator") == indicator, pl.col("coverage") != "value")
    return {
        (reporter, year): why
        for reporter, year, why in rows.select("reporter", "year", "coverage").collect().iter_rows()
    }


def asylum(given: Given) -> Item:
    """Asylum applicants from China by state and year as two publishers count them, and how their counts differ."""
    sides = mirrors()["asylum_applicants"].sides
    rows = _mirror(given, "asylum_applicants").sort("year")
    years = given.every_year["year"].to_list()
    by_state = {state: list(frame.iter_rows(named=True)) for (state,), frame in rows.group_by("destination")}
    table = []
    for state in given.states:
        found = {row["year"]: row for row in by_state.get(state, [])}
        lines = [
            {
                "dataset": side.dataset,
                "figures": [figure(found.get(year), prefix + "_") for year in years],
                "known": any(row[f"{prefix}_value"] is not None for row in found.values()),
            }
            for prefix, side in zip(("first", "second"), sides, strict=True)
        ]
        command = f"corridor explain mirror_flow mirror=asylum_applicants destination={state} --limit 20"
        newest = [row for row in found.values() if row["first_value"] is not None or row["second_value"] is not None][
            -1:
        ]
        traces = [
            trace(row, row["year"], f"{prefix}_", command)
            for row in newest
            for prefix in ("first", "second")
            if row[f"{prefix}_value"] is not None
        ]
        table.append({"place": word("area", state), "lines": lines, "traces": traces, "known": bool(found)})
    both = rows.filter(pl.col("ratio").is_not_null(), pl.min_horizontal("first_value", "second_value") >= MANY)
    far = both.sort((pl.col("ratio").log().abs()), descending=True).head(5)
    return {
        "years": years,
        "rows": table,
        "sides": [side.dataset for side in sides],
        "svg": _asylum_plot(given, rows, [side.dataset for side in sides]),
        "both": both.height,
        "near": both.filter(pl.col("ratio").is_between(0.95, 1.05)).height,
        "far": [_both_sides(row) for row in far.iter_rows(named=True)],
        "differs": differing(given, *((side.dataset, side.indicator) for side in sides)),
    }


def _asylum_plot(given: Given, rows: pl.DataFrame, datasets: Sequence[str]) -> str:
    long = pl.concat(
        [
            rows.select("destination", "year", source=pl.lit(f"{order} {dataset}"), value=f"{side}_value")
            for order, (side, dataset) in enumerate(zip(("first", "second"), datasets, strict=True))
        ]
    ).drop_nulls("value")
    sums = long.group_by("destination").agg(pl.col("value").max()).filter(pl.col("value") >= MANY)
    order = sums.sort("value", descending=True)["destination"].to_list()
    lines = long.select("destination", "source").unique().filter(pl.col("destination").is_in(order))
    shown = lines.join(given.every_year, how="cross").join(long, on=["destination", "source", "year"], how="left")
    drawn = shown.select("source", "year", "value", place=named("area", "destination"))
    chart = charts.two_sources([word("area", state) for state in order], given.years)
    return charts.svg(chart, drawn.sort("place", "source", "year"), "asylum")


def _mirror(given: Given, name: str) -> pl.DataFrame:
    return given.tables["mirror_flow"].filter(pl.col("mirror") == name).collect()


def _both_sides(row: Row) -> Item:
    """One row of a mirror."""
    name = row["mirror"]
    state = row["destination"] if row["origin"] == CHINA else row["origin"]
    where = f"mirror={name} origin={row['origin']} destination={row['destination']} year={row['year']}"
    return {
        "mirror": word("mirror", name),
        "place": word("area", str(state)),
        "to_china": row["destination"] == CHINA,
        "year": row["year"],
        "first": _side(row, "first_"),
        "second": _side(row, "second_"),
        "ratio": "" if row["ratio"] is None else f"{row['ratio']:.2f}",
        "grade": row["grade"],
        "reasons": several("attribute", row["grade_reasons"]),
        "flags": several("flag", row["flags"]),
        "unit": word("unit", row["unit"]),
        "traces": [
            trace({**row, "measure": name}, "", side, f"corridor explain mirror_flow {where}")
            for side in ("first_", "second_")
            if row[f"{side}value"] is not None
        ],
    }


def _side(row: Row, side: str) -> Item:
    """A number of a mirror; days without a visa have no dataset but the table of visa rules."""
    law = {} if row[f"{side}dataset"] or row["mirror"] in mirrors() else {"source_table": "visa_rule"}
    return figure({**row, **law}, side)


def differing(given: Given, left: tuple[str, str], right: tuple[str, str]) -> list[Item]:
    """The attributes in which two datasets count differently, from the registry of counting rules."""
    rules = given.tables["counting_rule"].rename({"counting_basis": "basis"}).collect()
    sides = [rules.filter(pl.col("dataset") == dataset, pl.col("indicator") == name) for dataset, name in (left, right)]
    if any(side.is_empty() for side in sides):
        return []
    one, other = (side.row(0, named=True) for side in sides)
    rows = [
        (word("attribute", name), *(several("counting", side[name]) for side in (one, other)))
        for name in ATTRIBUTES
        if one[name] != other[name]
    ]
    heads = [word("definition", side["definition"]) for side in (one, other)]
    return [{"attribute": name, "left": a, "right": b, "rules": heads} for name, a, b in rows]


def visas(given: Given) -> Item:
    """Since when and for how long China admits nationals of each state without a visa, and what the state does."""
    today = given.about.created.date()
    rules = given.tables["visa_rule"].filter(pl.col("travel_document") == "ORDINARY").sort("valid_from").collect()
    asked = rules.filter(~pl.col("waiver").str.starts_with("transit"))
    rows, bars = [], []
    for state in given.states:
        china = asked.filter(pl.col("jurisdiction") == CHINA, pl.col("nationality") == state)
        back = asked.filter(pl.col("jurisdiction") == state, pl.col("nationality") == CHINA)
        place, spans = word("area", state), _spans(china)
        began, current = _unbroken(spans, today)
        theirs = rule_on(back, CHINA, state, today)
        bars += [
            {
                "place": place,
                "since": f"{span['since']}T00:00:00Z",
                "until": f"{span['until'] or today}T00:00:00Z",
                "days": span["stay_days"],
            }
            for span in spans
        ]
        rows.append(
            {
                "place": place,
                "since": _dated(began, "since"),
                "days": _dated(current, "stay_days"),
                "until": _dated(current, "announced_to"),
                "back": word("waiver", str(theirs["waiver"])) if theirs else "",
                "back_since": _dated(back.row(0, named=True) if back.height else None, "valid_from"),
                "rules": [
                    rule
                    | {
                        "href": anchor(rule),
                        "direction": f"{rule['nationality']} → {rule['jurisdiction']}",
                        "waiver": word("waiver", rule["waiver"]),
                    }
                    for rule in pl.concat([china.filter(_WAIVED), back]).iter_rows(named=True)
                ],
                "command": f"corridor explain visa_rule jurisdiction={CHINA} nationality={state} --on {today}\n"
                f"corridor explain visa_rule jurisdiction={state} nationality={CHINA} --on {today}",
            }
        )
    order = list(dict.fromkeys(bar["place"] for bar in sorted(bars, key=lambda bar: bar["since"])))
    frame = pl.DataFrame(bars, schema={"place": pl.String, "since": pl.String, "until": pl.String, "days": pl.Int64})
    return {
        "rows": rows,
        "admitted": sum(bool(row["since"]) for row in rows),
        "svg": charts.svg(charts.waivers(order), frame, "visas"),
    }


def _dated(rule: Row | None, field: str) -> Item | None:
    return None if rule is None or rule[field] is None else {"text": str(rule[field]), "href": anchor(rule)}


def _spans(rules: pl.DataFrame) -> list[Row]:
    """The waivers of one state as they follow each other: the rule that decides ``since`` a day and ``until`` another.

    ``until`` is the day after the last; None where no end is announced.
    """
    days = sorted({*rules["valid_from"], *rules["announced_to"].drop_nulls().dt.offset_by("1d")})
    deciding = {row["day"]: row for row in rules_on(rules, days).filter(_WAIVED).iter_rows(named=True)}
    spans = zip_longest(days, days[1:])
    return [deciding[since] | {"since": since, "until": until} for since, until in spans if since in deciding]


def _unbroken(spans: Sequence[Row], today: date) -> tuple[Row | None, Row | None]:
    """The span with which the waiver of today began, and that of today."""
    began: Row | None = None
    before: Row | None = None
    for span in spans:
        if before is None or before["until"] != span["since"]:
            began = span
        before = span
        if span["since"] <= today and (span["until"] is None or today < span["until"]):
            return began, span
    return None, None


def corridors(given: Given) -> list[Item]:
    """For each member state every mirror, in the newest year that both sides have, or else one of them."""
    rows = (
        given.tables["mirror_flow"]
        .collect()
        .with_columns(
            state=pl.when(pl.col("origin") == CHINA).then("destination").otherwise("origin"),
            both=pl.col("first_value").is_not_null() & pl.col("second_value").is_not_null(),
        )
    )
    newest = rows.sort("both", "year").group_by("mirror", "origin", "destination", maintain_order=True).last()
    order = {name: number for number, name in enumerate([*mirrors(), "visa_free_days"])}
    by_state = newest.sort(pl.col("mirror").replace_strict(order), "origin").partition_by("state", as_dict=True)
    return [
        {
            "place": word("area", state),
            "id": f"c-{state}",
            "rows": [_both_sides(row) for row in by_state[state,].iter_rows(named=True)],
        }
        for state in given.states
        if (state,) in by_state
    ]
