"""The words of the page: fixed sentences from ``texts.yaml``, names from the tables, and how numbers are written."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import polars as pl
import yaml

from assets.comparability import SEPARATOR
from assets.comparison import UNION
from warehouse.measures import mirrors

Language = Literal["en", "zh"]
Tables = Mapping[str, pl.LazyFrame]

# Which tables give the names of which codes, and the field that holds the code.
NAMED = {
    "area": ("jurisdiction", "area"),
    "measure": ("measure", "measure"),
    "instrument": ("legal_instrument", "instrument"),
}


@dataclass(frozen=True)
class Words:
    """One language: its sentences, and the names of codes by code list."""

    language: Language
    texts: Mapping[str, str]
    names: Mapping[tuple[str, str], str]

    def name(self, code_list: str, code: str | None) -> str:
        """The name of a code; the code itself where it has none."""
        return "" if code is None else self.names.get((code_list, code), code)

    def listed(self, code_list: str, codes: str | None) -> str:
        """The names of several codes that one text holds."""
        found = [self.name(code_list, code) for code in (codes or "").split(SEPARATOR) if code]
        return self.texts["comma"].join(found)


def words(tables: Tables, language: Language) -> Words:
    """The words of a language."""
    names: dict[tuple[str, str], str] = {}
    chosen = f"name_{language}"
    rows = tables["code"].select("code_list", "code", chosen).collect()
    names |= {(code_list, code): name for code_list, code, name in rows.iter_rows() if name}
    for code_list, (table, key) in NAMED.items():
        found = tables[table].select(key, pl.coalesce(chosen, "name_en")).collect()
        names |= {(code_list, code): name for code, name in found.iter_rows() if name}
    names |= {("mirror", name): entry.name[language] for name, entry in mirrors().items()}
    said = texts()[language]
    return Words(language, said, names | {("area", UNION): said["union"]})


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
    size = abs(value)
    decimals = ",.2f" if size >= 1 or not value else ".2g" if size >= 1e-4 else ".1e"
    return _minus(f"{value:{decimals}}")


def _minus(text: str) -> str:
    return text.replace("-", "−", 1) if text.startswith("-") else text
