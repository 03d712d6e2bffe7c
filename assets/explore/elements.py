"""Elements of the report page: placeholders for words, numbers, and figures with the address of their source.

The page is made once for all languages. A placeholder marks each word that depends on the language, and
``assets.explore.i18n`` replaces it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from assets.compare.grades import SEPARATOR
from assets.compare.question import STATE
from warehouse.measures import TOTAL

Row = Mapping[str, Any]
Item = dict[str, Any]

SENTENCE = "sentence"
# Private-use characters, which occur in no text. A placeholder is a code list, a code, and the values of a sentence.
BEGIN, BETWEEN, END = "\ue000", "\ue001", "\ue002"
PLACEHOLDER = re.compile(f"{BEGIN}([^{END}]*){END}")

EXPLORER = "explorer.html"


@dataclass(frozen=True)
class Figure:
    """A number with the address of its source in the explorer, or a reason for its absence."""

    text: str
    href: str | None = None
    because: str | None = None


@dataclass(frozen=True)
class Cell:
    """A figure of the comparison with its grade, rank and flags. ``states`` have a figure in that year."""

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
    states: int = 0


def word(code_list: str, code: str | None) -> str:
    """The placeholder for the name of a code; empty if there is no code."""
    return f"{BEGIN}{code_list}{BETWEEN}{code}{END}" if code else ""


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


def explorer_link(row: Row) -> str:
    """The address of the explorer that opens the source of a figure of the comparison."""
    place, year = row["jurisdiction"], row["year"]
    return f"{EXPLORER}#compare?m={row['measure']}&j={place}&y={year}-{year}&v=table&f={year}"


def figure(row: Row) -> Figure:
    """The value of a row of the comparison with the address of its source, or the reason why it has none."""
    if row["value"] is None:
        reason = row["missing_reason"]
        return Figure(word("missing_reason", reason) if reason else "–", because=row["because"])
    return Figure(number(row["value"], row["unit"]), explorer_link(row))


def cell(row: Row, states: int = 0) -> Cell:
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
        states=states,
    )


def partner_name(code: str) -> str:
    """The placeholder for the name of a partner; empty for a total."""
    return "" if code in TOTAL else word("area", code)
