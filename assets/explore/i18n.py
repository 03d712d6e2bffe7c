"""Translation of the page: fixed sentences from ``texts.yaml`` and names from the tables replace the placeholders."""

import re
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Literal

import polars as pl

from assets.explore.elements import BETWEEN, PLACEHOLDER, SENTENCE
from warehouse.codes import UNION, chinese
from warehouse.rows import Tables
from warehouse.yaml_text import parse_yaml

Language = Literal["en", "zh"]
# The word for each code list and code.
Words = Mapping[tuple[str, str], str]

# The code lists whose names are in a table of their own, and the field of that table with the code.
NAMED = {
    "area": ("jurisdiction", "jurisdiction"),
    "measure": ("measure", "measure"),
    "instrument": ("legal_instrument", "instrument"),
}


def words(tables: Tables, language: Language) -> Words:
    """The words of a language."""
    names: dict[tuple[str, str], str] = {}
    column = f"name_{language}"
    rows = tables["code"].select("code_list", "code", column).collect()
    names |= {(code_list, code): name for code_list, code, name in rows.iter_rows() if name}
    for code_list, (table, key) in NAMED.items():
        found = tables[table].select(key, pl.coalesce(column, "name_en")).collect()
        names |= {(code_list, code): name for code, name in found.iter_rows() if name}
    names |= {
        ("dataset", code): title for code, title in tables["dataset"].select("dataset", "title").collect().iter_rows()
    }
    if language == "zh":
        names |= {("dataset", code): title for code, title in chinese.texts("datasets").items()}
    sentences = texts()[language]
    names[("area", UNION)] = sentences["union"]
    return names | {(SENTENCE, key): text for key, text in sentences.items()}


def translate(page: str, vocabulary: Words) -> str:
    """The page with each placeholder replaced by its word. A code without a name is shown as it is."""

    def replace(placeholder: re.Match[str]) -> str:
        code_list, code, *values = placeholder[1].split(BETWEEN)
        text = escape(vocabulary.get((code_list, code), code))
        return text.format_map(dict(item.split("=", 1) for item in values)) if values else text

    return PLACEHOLDER.sub(replace, page)


@cache
def texts() -> dict[Language, dict[str, str]]:
    """The fixed sentences of each language."""
    text = files(__package__).joinpath("texts.yaml").read_text(encoding="utf-8")
    return dict(parse_yaml(text))
