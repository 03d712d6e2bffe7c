"""Chinese texts next to the English ones of the declarations: indicators, titles of datasets, and reasons.

``chinese.yaml`` declares them. Codes in a reason are replaced by names in either language.
"""

import re
from functools import cache
from importlib.resources import files
from typing import Literal

from warehouse.codes import areas
from warehouse.measures import measures
from warehouse.yaml_text import parse_yaml

# Reasons that the comparison and the receptions make, with codes after them: the sentence in both languages.
_MADE = {
    "No figure for ": ("No figure for {}.", "缺少数字：{}。"),
    "A figure is missing in the formula ": ("A figure is missing in the formula {}.", "计算式中缺少数字：{}。"),
    "Not received: ": ("Not received: {}.", "未收到：{}。"),
    "Sum of the figures of the states: ": ("Sum of the figures of the states: {}.", "各国数字之和：{}。"),
    "Sum of the figures of the member states: ": (
        "Sum of the figures of the member states: {}.",
        "成员国数字之和：{}。",
    ),
}
Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


@cache
def texts(kind: str) -> dict[str, str]:
    """The Chinese texts of a kind: ``indicators`` and ``datasets`` by code, ``reasons`` by English text."""
    return dict(parse_yaml(files(__package__).joinpath("chinese.yaml").read_text(encoding="utf-8"))[kind])


def reason(english: str) -> list[str] | None:
    """A reason in English and Chinese. None if it has no Chinese text."""
    for beginning, sentences in _MADE.items():
        if english.startswith(beginning):
            rest = english.removeprefix(beginning).removesuffix(".")
            return [
                sentence.format(_named(rest, language)) for sentence, language in zip(sentences, LANGUAGES, strict=True)
            ]
    chinese = texts("reasons").get(english)
    return [english, chinese] if chinese else None


def _named(codes: str, language: Language) -> str:
    """A list or formula of codes with the name of each area and measure. Names of datasets stay."""
    if "/" in codes:
        return codes
    named = re.sub(r"\w+", lambda code: _names(language).get(code[0], code[0]), codes)
    return named.replace(";", "、" if language == "zh" else ", ")


@cache
def _names(language: Language) -> dict[str, str]:
    """The names of areas and measures by code."""
    listed = dict(areas().select("area", f"name_{language}").iter_rows())
    return {code: name for code, name in listed.items() if name} | {
        code: entry.name[language] for code, entry in measures().items()
    }
