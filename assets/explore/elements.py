"""Elements of the report page: placeholders for words, numbers, figures with their links, traces, and plots.

The page is made once for all languages. A placeholder marks each word that depends on the language, and
``assets.explore.i18n`` replaces it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import polars as pl

from assets.compare.figures import figure_of
from assets.compare.grades import ATTRIBUTES, SEPARATOR
from assets.compare.question import COMPUTED, STATE
from warehouse.measures import TOTAL, measures

Row = Mapping[str, Any]
Item = dict[str, Any]

SENTENCE = "sentence"
# Private-use characters, which occur in no text. A placeholder is a code list, a code, and the values of a sentence.
BEGIN, BETWEEN, END = "\ue000", "\ue001", "\ue002"
PLACEHOLDER = re.compile(f"{BEGIN}([^{END}]*){END}")

# Tables of law from which figures of the comparison are counted.
LAW = ("legal_binding", "visa_rule", "policy_coding")


@dataclass(frozen=True)
class Figure:
    """A number with the id of its source on the page, or a reason for its absence."""

    text: str
    href: str | None = None
    because: str | None = None


@dataclass(frozen=True)
class Trace:
    """How to trace a figure to its payload, or why there is none."""

    label: str = ""
    href: str | None = None
    dataset: str | None = None
    table: str | None = None
    definition: str = ""
    payload: str | None = None
    locator: int | None = None
    parts: int | None = None
    command: str = ""
    missing: str | None = None
    because: str | None = None


@dataclass(frozen=True)
class Cell:
    """A figure of the comparison with its grade, rank, flags and traces. ``states`` have a figure in that year."""

    figure: Figure
    place: str
    year: int
    rate: str
    rank: str
    definition: str
    grade: str | None
    grade_name: str
    reasons: str
    flags: str
    aggregation: str | None
    missing: bool
    traces: tuple[Trace, ...] = ()
    states: int = 0


@dataclass(frozen=True)
class RuleDifferences:
    """The attributes in which two counting rules differ: the names of the rules, and a row for each attribute."""

    rules: tuple[str, str]
    rows: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Plot:
    """What a plot shows; ``assets.explore.charts`` draws it.

    ``frame`` has the rows. ``places`` and ``themes`` are the order of rows, panels or columns. ``years`` are the first
    and the last year of the axis. ``name`` is the prefix of all ids in the plot.
    """

    kind: Literal["dumbbell", "two_sources", "small_multiples", "waivers", "china_line", "union_line", "heat_map"]
    name: str
    frame: pl.DataFrame
    years: tuple[int, int] = (0, 0)
    places: Sequence[str] = ()
    themes: Sequence[str] = ()


def word(code_list: str, code: str | None) -> str:
    """The placeholder for the name of a code; empty if there is no code."""
    return f"{BEGIN}{code_list}{BETWEEN}{code}{END}" if code else ""


def words_of(code_list: str, column: str) -> pl.Expr:
    """The placeholders for the names of the codes in a column."""
    return pl.format("{}{}{}", pl.lit(f"{BEGIN}{code_list}{BETWEEN}"), pl.col(column), pl.lit(END))


def word_list(code_list: str, codes: str | None) -> str:
    """The placeholders for the names of several codes in a text that separates them with semicolons."""
    return sentence("comma").join(word(code_list, code) for code in (codes or "").split(SEPARATOR) if code)


def sentence(key: str, **values: object) -> str:
    """The placeholder for a fixed sentence, with the values that it takes."""
    return word(SENTENCE, BETWEEN.join((key, *(f"{name}={value}" for name, value in values.items()))))


def number(value: float, unit: str = "") -> str:
    """A value as text: shares with one decimal, counts without decimals, other values with two."""
    decimals = 1 if unit in ("percent", "percentage_points") else 0 if value.is_integer() or abs(value) >= 1000 else 2
    return _with_minus_sign(f"{value:,.{decimals}f}")


def rate(value: float) -> str:
    """A rate as text with two decimals, or with two significant digits if it is below one."""
    return _with_minus_sign(f"{value:,.2f}" if abs(value) >= 1 or not value else f"{Decimal(f'{value:.2g}'):f}")


def _with_minus_sign(text: str) -> str:
    return text.replace("-", "−", 1) if text.startswith("-") else text


def source_id(row: Row, side: str = "") -> str | None:
    """The id of a figure's source on the page: its payload; for sums its dataset or table; else the measure's formula.

    ``side`` is the prefix of the columns of a mirror.
    """
    found, table = figure_of(row, side), row.get("source_table")
    if found["payload"]:
        return f"p-{str(found['payload'])[:12]}"
    if found["dataset"]:
        return dataset_id(str(found["dataset"]))
    if table == "comparison":
        return f"m-{row['measure']}"
    return f"t-{table}" if table else None


def dataset_id(dataset: str) -> str:
    """The id of a dataset in the list of sources."""
    return f"d-{dataset.replace('/', '-')}"


def figure(row: Row | None, side: str = "") -> Figure:
    """The value of a row with the id of its source, or the reason why it has none."""
    value = None if row is None else row.get(side + "value")
    if row is None:
        return Figure("–")
    if value is None:
        reason = row.get("missing_reason")
        return Figure(word("missing_reason", str(reason)) if reason else "–", because=row.get("because"))
    return Figure(number(float(str(value)), str(row.get("unit", ""))), source_id(row, side))


def cell(row: Row, *traces: Trace, states: int = 0) -> Cell:
    """A row of ``comparison`` as the page shows it."""
    return Cell(
        figure=figure(row),
        place=word("area", row["jurisdiction"]),
        year=row["year"],
        rate="" if row["rate"] is None else rate(row["rate"]),
        rank=f"{row['rank']}/{row['ranked']}" if row["rank"] else "",
        definition=word("definition", row["definition"]),
        grade=row["grade"],
        grade_name=word("grade", row["grade"]),
        reasons=word_list("attribute", row["grade_reasons"]),
        flags=word_list("flag", row["flags"]),
        aggregation=None if row["aggregation"] == STATE else word("aggregation", row["aggregation"]),
        missing=row["value"] is None,
        traces=traces,
        states=states,
    )


def trace(row: Row, label: str = "", side: str = "", command: str | None = None) -> Trace:
    """How to trace a figure: dataset, counting rule, payload, locator, and the command to run."""
    found = figure_of(row, side)
    return Trace(
        label=label,
        href=source_id(row, side),
        dataset=found["dataset"],
        table=row.get("source_table"),
        definition=word("definition", found["definition"]),
        payload=found["payload"],
        locator=found["locator"],
        parts=row.get("parts"),
        command=command or comparison_command(row),
    )


def comparison_command(row: Row) -> str:
    """The command that traces a figure of the comparison: to its payload, its rows, or the figures of its formula."""
    measure, place, year = row["measure"], row["jurisdiction"], row["year"]
    formula = measures()[str(measure)].formula
    if formula:
        names = (formula.first, formula.second)
        parts = [f"corridor explain comparison measure={name} jurisdiction={place} year={year}" for name in names]
        return "\n".join(parts)
    if row.get("aggregation") == COMPUTED:
        return f"corridor explain comparison measure={measure} aggregation={STATE} year={year} --limit 28"
    table, dataset = row.get("source_table"), row.get("dataset")
    if table in LAW:
        return f"corridor explain {table} jurisdiction={place} --limit 50"
    if row.get("locator") is None and dataset:
        source = next(entry for entry in measures()[str(measure)].sources if entry.dataset == dataset)
        selected = f"dataset={dataset} indicator={row['indicator']} {source.side}={place} period={year}"
        return f"corridor explain {table} {selected} --limit 50"
    return f"corridor explain comparison measure={measure} jurisdiction={place} year={year}"


def rule_differences(rules: pl.DataFrame, left: tuple[str, str], right: tuple[str, str]) -> RuleDifferences | None:
    """How the counting rules of two datasets and indicators differ; None if they do not or if one is unknown."""
    sides = [rules.filter(dataset=dataset, indicator=indicator) for dataset, indicator in (left, right)]
    if any(side.is_empty() for side in sides):
        return None
    one, other = (side.row(0, named=True) for side in sides)
    rows = [
        (word("attribute", name), word_list("counting", one[name]), word_list("counting", other[name]))
        for name in ATTRIBUTES
        if one[name] != other[name]
    ]
    names = (word("definition", one["definition"]), word("definition", other["definition"]))
    return RuleDifferences(names, rows) if rows else None


def partner_name(code: str) -> str:
    """The placeholder for the name of a partner; empty for a total."""
    return "" if code in TOTAL else word("area", code)
