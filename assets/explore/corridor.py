"""Section "corridor": residents, asylum applicants, visa rules and mirror figures for China and each member state."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import zip_longest

import polars as pl

from assets.compare.figures import FIGURE_FIELDS
from assets.compare.question import STATE
from assets.explore.context import ReportContext
from assets.explore.elements import (
    Item,
    Plot,
    Row,
    Trace,
    figure,
    rule_differences,
    source_id,
    trace,
    word,
    word_list,
    words_of,
)
from assets.law.visas import rule_on, rules_on
from warehouse.codes import CHINA
from warehouse.measures import Side, measures, mirrors

# The years for which residents born in China are shown.
BORN_YEARS = (2020, 2024)
# Columns that the tables ``comparison`` and ``comparison_alternative`` share.
SHARED = (
    *("measure", "jurisdiction", "year", "value", "unit", "grade", "grade_reasons"),
    *("source_table", "dataset", "definition", "payload", "locator"),
)
# Panels and ratios need at least so many applicants, because small numbers vary by chance.
MANY = 20

_WAIVED = pl.col("waiver").is_in(["unilateral", "mutual"])


def born(context: ReportContext) -> Item:
    """Residents born in China by member state, as counted by every publisher."""
    first = context.figures.filter(pl.col("aggregation") == STATE).select(*SHARED)
    others = context.tables["comparison_alternative"].select(*SHARED).collect()
    found = pl.concat([first, others]).filter(pl.col("measure") == "chinese_born", pl.col("value").is_not_null())
    model = _modelled(context)
    one, other, *_ = measures()["chinese_born"].sources
    heads = [(source.dataset, year) for year in BORN_YEARS for source in (one, other)]
    heads += sorted(set(model.select("dataset", "year").iter_rows()))
    rows = [*found.iter_rows(named=True), *model.iter_rows(named=True)]
    by_column = {(row["jurisdiction"], row["dataset"], row["year"]): row for row in rows}
    reasons = _missing_reasons(context, "population_by_birth")
    return {
        "heads": heads,
        "rows": [_born_row(state, heads, by_column, reasons) for state in context.states],
        "plot": _born_plot(found.filter(pl.col("dataset") == one.dataset, pl.col("year").is_in(BORN_YEARS))),
        "years": BORN_YEARS,
        "differs": rule_differences(
            context.counting_rules, (one.dataset, one.indicator), (other.dataset, other.indicator)
        ),
    }


def _born_row(
    state: str,
    heads: Sequence[tuple[str, int]],
    by_column: Mapping[tuple[str, str, int], Row],
    reasons: Mapping[tuple[str, int], str],
) -> Item:
    """The figures of a member state, one for each dataset and year in ``heads``."""
    found = [by_column.get((state, *head)) for head in heads]
    return {
        "place": word("area", state),
        "figures": [
            figure(row or {"missing_reason": reasons.get((state, year))})
            for row, (_, year) in zip(found, heads, strict=True)
        ],
        "grades": [
            (row["grade"], word_list("attribute", row["grade_reasons"])) for row in found if row and "grade" in row
        ],
        "traces": [trace(row, row["year"], command=row.get("command")) for row in found if row],
    }


def _born_plot(rows: pl.DataFrame) -> Plot:
    """The figures of two years by member state, the highest first."""
    rows = rows.with_columns(place=words_of("area", "jurisdiction"))
    ranked = rows.filter(pl.col("year") == BORN_YEARS[-1]).sort("value", descending=True)["place"].to_list()
    return Plot("dumbbell", "born", rows.select("place", "year", "value"), BORN_YEARS, ranked)


def _modelled(context: ReportContext) -> pl.DataFrame:
    """Migrants from China by state as modelled, which no measure uses, each with the command that traces it."""
    name = "counted_and_modelled"
    command = pl.format(
        "corridor explain mirror_flow mirror={} jurisdiction={} year={}", pl.lit(name), "jurisdiction", "year"
    )
    fields = {field: f"second_{field}" for field in FIGURE_FIELDS}
    rows = _mirror(context, name).drop_nulls("second_value")
    return rows.select("year", "unit", "jurisdiction", command=command, **fields)


def _missing_reasons(context: ReportContext, indicator: str) -> Mapping[tuple[str, int], str]:
    """Why there is no figure of an indicator, by jurisdiction and year."""
    rows = context.tables["coverage"].filter(pl.col("indicator") == indicator, pl.col("coverage") != "value")
    return {
        (jurisdiction, year): reason
        for jurisdiction, year, reason in rows.select("jurisdiction", "year", "coverage").collect().iter_rows()
    }


def asylum(context: ReportContext) -> Item:
    """Asylum applicants from China by state and year, as two publishers count them."""
    sides = mirrors()["asylum_applicants"].sides
    rows = _mirror(context, "asylum_applicants").sort("year")
    years = context.every_year["year"].to_list()
    by_state = {state: list(frame.iter_rows(named=True)) for (state,), frame in rows.group_by("jurisdiction")}
    compared = rows.filter(pl.col("ratio").is_not_null(), pl.min_horizontal("first_value", "second_value") >= MANY)
    largest = compared.sort((pl.col("ratio").log().abs()), descending=True).head(5)
    first, second = ((side.dataset, side.indicator) for side in sides)
    return {
        "years": years,
        "rows": [_asylum_row(state, by_state.get(state, []), sides, years) for state in context.states],
        "sides": [side.dataset for side in sides],
        "plot": _asylum_plot(context, rows, [side.dataset for side in sides]),
        "both": compared.height,
        "near": compared.filter(pl.col("ratio").is_between(0.95, 1.05)).height,
        "far": [_mirror_row(row) for row in largest.iter_rows(named=True)],
        "differs": rule_differences(context.counting_rules, first, second),
    }


def _asylum_row(state: str, rows: Sequence[Row], sides: Sequence[Side], years: Sequence[int]) -> Item:
    """The figures of a member state: a line for each publisher."""
    by_year = {row["year"]: row for row in rows}
    lines = [
        {"dataset": side.dataset, "figures": [figure(by_year.get(year), prefix) for year in years]}
        for prefix, side in zip(("first_", "second_"), sides, strict=True)
    ]
    command = f"corridor explain mirror_flow mirror=asylum_applicants jurisdiction={state} --limit 20"
    return {"place": word("area", state), "lines": lines, "traces": list(_newest_traces(rows, command))}


def _newest_traces(rows: Sequence[Row], command: str) -> Iterator[Trace]:
    """The traces of both sides in the newest year with a figure."""
    known = [row for row in rows if row["first_value"] is not None or row["second_value"] is not None]
    for row in known[-1:]:
        for side in ("first_", "second_"):
            if row[f"{side}value"] is not None:
                yield trace(row, row["year"], side, command)


def _asylum_plot(context: ReportContext, rows: pl.DataFrame, datasets: Sequence[str]) -> Plot:
    """The series of both publishers, with a panel for each state that has many applicants in some year."""
    long = pl.concat(
        [
            rows.select("jurisdiction", "year", source=pl.lit(f"{order} {dataset}"), value=f"{side}_value")
            for order, (side, dataset) in enumerate(zip(("first", "second"), datasets, strict=True))
        ]
    ).drop_nulls("value")
    maxima = long.group_by("jurisdiction").agg(pl.col("value").max()).filter(pl.col("value") >= MANY)
    order = maxima.sort("value", descending=True)["jurisdiction"].to_list()
    lines = long.select("jurisdiction", "source").unique().filter(pl.col("jurisdiction").is_in(order))
    shown = lines.join(context.every_year, how="cross").join(long, on=["jurisdiction", "source", "year"], how="left")
    frame = shown.select("source", "year", "value", place=words_of("area", "jurisdiction"))
    places = [word("area", state) for state in order]
    return Plot("two_sources", "asylum", frame.sort("place", "source", "year"), context.years, places)


def _mirror(context: ReportContext, name: str) -> pl.DataFrame:
    return context.tables["mirror_flow"].filter(pl.col("mirror") == name).collect()


def _mirror_row(row: Row) -> Item:
    """A row of a mirror with the figures of both sides."""
    name = row["mirror"]
    state = row["jurisdiction"] if row["partner"] == CHINA else row["partner"]
    where = f"mirror={name} jurisdiction={row['jurisdiction']} partner={row['partner']} year={row['year']}"
    return {
        "mirror": word("mirror", name),
        "place": word("area", str(state)),
        "to_china": row["jurisdiction"] == CHINA,
        "year": row["year"],
        "first": figure(_with_source(row, "first_"), "first_"),
        "second": figure(_with_source(row, "second_"), "second_"),
        "ratio": "" if row["ratio"] is None else f"{row['ratio']:.2f}",
        "grade": row["grade"],
        "reasons": word_list("attribute", row["grade_reasons"]),
        "flags": word_list("flag", row["flags"]),
        "unit": word("unit", row["unit"]),
        "traces": [
            trace({**row, "measure": name}, "", side, f"corridor explain mirror_flow {where}")
            for side in ("first_", "second_")
            if row[f"{side}value"] is not None
        ],
    }


def _with_source(row: Row, side: str) -> Row:
    """The row with the table of visa rules as its source if it counts days without a visa, which have no dataset."""
    is_statistics = row[f"{side}dataset"] or row["mirror"] in mirrors()
    return row if is_statistics else {**row, "source_table": "visa_rule"}


def visas(context: ReportContext) -> Item:
    """Since when and for how long China admits nationals of each state without a visa, and the state's own rule."""
    today = context.about.created.date()
    rules = context.tables["visa_rule"].filter(pl.col("travel_document") == "ORDINARY").sort("valid_from").collect()
    entry = rules.filter(~pl.col("waiver").str.starts_with("transit"))
    rows, bars = [], []
    for state in context.states:
        china = entry.filter(pl.col("jurisdiction") == CHINA, pl.col("partner") == state)
        back = entry.filter(pl.col("jurisdiction") == state, pl.col("partner") == CHINA)
        spans = _waiver_spans(china)
        bars += [_bar(state, span, today) for span in spans]
        rows.append(_visa_row(state, china, back, spans, today))
    order = list(dict.fromkeys(bar["place"] for bar in sorted(bars, key=lambda bar: bar["since"])))
    frame = pl.DataFrame(bars, schema={"place": pl.String, "since": pl.String, "until": pl.String, "days": pl.Int64})
    return {
        "rows": rows,
        "admitted": sum(bool(row["since"]) for row in rows),
        "plot": Plot("waivers", "visas", frame, places=order),
    }


def _bar(state: str, span: Row, today: date) -> Item:
    """The bar of a waiver in the plot; one without an announced end reaches to today."""
    return {
        "place": word("area", state),
        "since": f"{span['since']}T00:00:00Z",
        "until": f"{span['until'] or today}T00:00:00Z",
        "days": span["stay_days"],
    }


def _visa_row(state: str, china: pl.DataFrame, back: pl.DataFrame, spans: Sequence[Row], today: date) -> Item:
    """A member state: the rules of China for its nationals, and its own for citizens of China (``back``)."""
    began, current = _current_series(spans, today)
    own = rule_on(back, CHINA, state, today)
    return {
        "place": word("area", state),
        "since": _linked(began, "since"),
        "days": _linked(current, "stay_days"),
        "until": _linked(current, "announced_to"),
        "back": word("waiver", str(own["waiver"])) if own else "",
        "back_since": _linked(back.row(0, named=True) if back.height else None, "valid_from"),
        "rules": [
            rule
            | {
                "href": source_id(rule),
                "direction": f"{rule['partner']} → {rule['jurisdiction']}",
                "waiver": word("waiver", rule["waiver"]),
            }
            for rule in pl.concat([china.filter(_WAIVED), back]).iter_rows(named=True)
        ],
        "command": f"corridor explain visa_rule jurisdiction={CHINA} partner={state} --on {today}\n"
        f"corridor explain visa_rule jurisdiction={state} partner={CHINA} --on {today}",
    }


def _linked(rule: Row | None, field: str) -> Item | None:
    """A field of a rule with a link to its source; None if the rule or the field is empty."""
    return None if rule is None or rule[field] is None else {"text": str(rule[field]), "href": source_id(rule)}


def _waiver_spans(rules: pl.DataFrame) -> list[Row]:
    """The successive waivers for one state: each deciding rule with its first day ``since`` and the day ``until``.

    ``until`` is the day after the last day; None if no end is announced.
    """
    days = sorted({*rules["valid_from"], *rules["announced_to"].drop_nulls().dt.offset_by("1d")})
    deciding = {row["day"]: row for row in rules_on(rules, days).filter(_WAIVED).iter_rows(named=True)}
    spans = zip_longest(days, days[1:])
    return [deciding[since] | {"since": since, "until": until} for since, until in spans if since in deciding]


def _current_series(spans: Sequence[Row], today: date) -> tuple[Row | None, Row | None]:
    """The first span of the unbroken series of waivers that holds today, and the span that holds today."""
    began: Row | None = None
    before: Row | None = None
    for span in spans:
        if before is None or before["until"] != span["since"]:
            began = span
        before = span
        if span["since"] <= today and (span["until"] is None or today < span["until"]):
            return began, span
    return None, None


def corridors(context: ReportContext) -> list[Item]:
    """The mirrors of each member state, in the newest year that both sides have, or else one of them."""
    rows = (
        context.tables["mirror_flow"]
        .collect()
        .with_columns(
            state=pl.when(pl.col("partner") == CHINA).then("jurisdiction").otherwise("partner"),
            both=pl.col("first_value").is_not_null() & pl.col("second_value").is_not_null(),
        )
    )
    newest = rows.sort("both", "year").group_by("mirror", "partner", "jurisdiction", maintain_order=True).last()
    order = {name: number for number, name in enumerate([*mirrors(), "visa_free_days"])}
    by_state = newest.sort(pl.col("mirror").replace_strict(order), "partner").partition_by("state", as_dict=True)
    return [
        {
            "place": word("area", state),
            "id": f"c-{state}",
            "rows": [_mirror_row(row) for row in by_state[state,].iter_rows(named=True)],
        }
        for state in context.states
        if (state,) in by_state
    ]
