"""The words of the page: fixed sentences from ``texts.yaml``, names from the tables, and how numbers are written.

The page is made once. Where a word of it depends on the language, a mark stands for it until the page is spoken.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from html import escape
from importlib.resources import files
from typing import Literal

import polars as pl
import yaml

from assets.compare.grades import SEPARATOR
from warehouse.codes import UNION

Language = Literal["en", "zh"]
Tables = Mapping[str, pl.LazyFrame]
# What each word is, by code list and code.
Words = Mapping[tuple[str, str], str]

# Which tables give the names of which codes, and the field that holds the code.
NAMED = {
    "area": ("jurisdiction", "area"),
    "measure": ("measure", "measure"),
    "instrument": ("legal_instrument", "instrument"),
}
SENTENCE = "sentence"
# Characters for private use, which are in no text: a mark is code list, code, and what a sentence is filled with.
BEGIN, BETWEEN, END = "\ue000", "\ue001", "\ue002"
MARK = re.compile(f"{BEGIN}([^{END}]*){END}")


def word(code_list: str, code: str | None) -> str:
    """The mark of the name of a code; nothing of none."""
    return f"{BEGIN}{code_list}{BETWEEN}{code}{END}" if code else ""


def named(code_list: str, column: str) -> pl.Expr:
    """The marks of the names of the codes in a column."""
    return pl.format("{}{}{}", pl.lit(f"{BEGIN}{code_list}{BETWEEN}"), pl.col(column), pl.lit(END))


def several(code_list: str, codes: str | None) -> str:
    """The marks of the names of several codes that one text holds."""
    return sentence("comma").join(word(code_list, code) for code in (codes or "").split(SEPARATOR) if code)


def sentence(key: str, **filled: object) -> str:
    """The mark of a fixed sentence, and what it is filled with."""
    return word(SENTENCE, BETWEEN.join((key, *(f"{name}={value}" for name, value in filled.items()))))


def words(tables: Tables, language: Language) -> Words:
    """The words of a language."""
    names: dict[tuple[str, str], str] = {}
    chosen = f"name_{language}"
    rows = tables["code"].select("code_list", "code", chosen).collect()
    names |= {(code_list, code): name for code_list, code, name in rows.iter_rows() if name}
    for code_list, (table, key) in NAMED.items():
        found = tables[table].select(key, pl.coalesce(chosen, "name_en")).collect()
        names |= {(code_list, code): name for code, name in found.iter_rows() if name}
    said = texts()[language]
    return names | {("area", UNION): said["union"]} | {(SENTENCE, key): text for key, text in said.items()}


def spoken(page: str, said: Words) -> str:
    """The page in a language. A code without a name stands for itself."""

    def fill(mark: re.Match[str]) -> str:
        code_list, code, *filled = mark[1].split(BETWEEN)
        text = escape(said.get((code_list, code), code))
        return text.format_map(dict(item.split("=", 1) for item in filled)) if filled else text

    return MARK.sub(fill, page)


@cache
def texts() -> dict[Language, dict[str, str]]:
    """The fixed sentences of each language."""
    text = files(__package__).joinpath("texts.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def number(value: float, unit: str = "") -> str:
    """A value as it is read: whole where it is a count, one decimal where it is a share."""
    decimals = 1 if unit in ("percent", "percentage_points") else 0 if value.is_integer() or abs(value) >= 1000 else 2
    return _minus(f"{value:,.{decimals}f}")


def rate(value: float) -> str:
    """A rate, with as many decimals as tell it from nothing."""
    return _minus(f"{value:,.2f}" if abs(value) >= 1 or not value else f"{Decimal(f'{value:.2g}'):f}")


def _minus(text: str) -> str:
    return text.replace("-", "−", 1) if text.startswith("-") else text
