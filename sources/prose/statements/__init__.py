"""Statements: the recurring sentences in which publishers of prose give their figures, one YAML a publisher.

A statement is declared once: which words it is recognised by, which indicator it gives, in which unit, by which rule
of counting, what it leaves out, and texts with the figures that must be read from them.
"""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from sources.errors import CatalogueError
from sources.prose.numerals import FIGURE
from sources.yaml_text import declared

# The fields of a statement's figures beside the core: each that is not declared is _T for what is counted in total.
FIELDS = (
    *("indicator", "reporter", "partner", "partner_role", "sex", "age", "direction", "group", "document", "scope"),
    *("education_level", "exploitation", "purpose", "stay", "unit", "definition"),
)
# {province} in a pattern: one of the 31, and not the place of a telegram (北京4月19日电).
_PROVINCE = (
    r"(?:北京|天津|河北|山西|内蒙古|辽宁|吉林|黑龙江|上海|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|广西|海南"
    r"|重庆|四川|贵州|云南|西藏|陕西|甘肃|青海|宁夏|新疆)(?![\d一二三四五六七八九十]{1,3}月)"
)
# {alone} in a pattern: what may stand right before what is counted and narrows it to nothing smaller.
_ALONE = (
    r"(?:^|[\s,。;:、()“—-]|(?<!三非)”|(?:[\d今去当同本全]|[上下]半)年(?:度|份)?|季度|月份?|末|底|全国|我国|中国|大陆|各类|全部"
    r"|其中|共有?|共计|累计|目前|有)"
)
# What stands between what is counted and how many: 总数达到, 共计, 首次突破 (which belongs to the figure), 降至.
_BETWEEN = (
    r"(?:总人数|总数|总量|人数|数量|规模)?(?:首次)?"
    r"(?:一?共计?有?|总计|合计|达到了?|达|为|是|(?:增加|上升|增长|提高|扩大|减少|下降|[增升降])[到至])?\s?"
)
_DEFAULTS = {
    **dict.fromkeys(FIELDS, "_T"),
    "reporter": "CHN",
    "partner": "_Z",
    "partner_role": "_Z",
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Example(_Part):
    """A text and the figure that must be read from it."""

    text: str
    published: str | None = Field(default=None, description="day of publication, where the text does not say the year")
    value: float
    period: str
    fields: dict[str, str] = {}


class Context(_Part):
    """Where a statement is at home: what the document or its day of publication must say. One of the two is enough."""

    text: str | None = Field(default=None, description="pattern in the title or the text of the document")
    published: str | None = Field(default=None, description="pattern at the beginning of the day of publication")

    def holds(self, text: str, day: date | None) -> bool:
        """Whether a document with this title and text, published on this day, is such a one."""
        dated = self.published and day and re.match(self.published, day.isoformat())
        return bool(dated or (self.text and re.search(self.text, text)))


class Coded(_Part):
    """A field that is read from a group of the pattern."""

    group: str
    codes: dict[str, str]


class Statement(_Part):
    """One sentence that a publisher says again and again, and what its figure means."""

    reads: str = Field(description="the statement in English, without its figure")
    zh: str = Field(description="the statement in Chinese, {} where its figure stands")
    table: str | None = Field(default=None, description="table that the figures enter; none: read, in no table")
    indicator: str
    unit: str
    definition: str
    fields: dict[str, str | Coded] = {}
    pattern: list[str] = Field(
        description="patterns with {value} for the figure and the words that lead to it, or {figure} for it alone, and "
        "a group unit for what is counted"
    )
    unless_after: str | None = Field(
        default=None, description="pattern that must not stand right before, in its paragraph"
    )
    only_after: str | None = Field(
        default=None,
        description="pattern that must stand right before; {alone} for words that narrow nothing, as 全国 or a year",
    )
    unless: str | None = Field(default=None, description="pattern that must not stand in the same sentence")
    within: str | None = Field(default=None, description="pattern that must stand in the same sentence")
    context: Context | None = None
    period: str | None = Field(
        default=None, description="the period where it is always the same, or published, previous_month, end, rule"
    )
    periods: str | None = Field(default=None, description="pattern of the periods that it speaks of")
    stock: bool = Field(default=False, description="counted at a moment: of a longer period its end")
    power: int = Field(
        default=0, description="the figure is given in units of ten to this power, as 4 in a table in 万"
    )
    growth: str | None = Field(default=None, description="indicator of the change on the year that may follow")
    breaks: dict[str, str] = Field(default={}, description="period from which the series is another, and why")
    flag: str | None = Field(default=None, description="status flag of its figures, as P for provisional")
    excludes: str | None = None
    examples: list[Example]

    @field_validator("pattern", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if unknown := sorted(set(self.fields) - set(FIELDS)):
            raise ValueError(f"no field of a statement: {', '.join(unknown)}")
        for pattern in self.pattern:
            if "{value}" not in pattern and "{figure}" not in pattern:
                raise ValueError(f"the pattern has no {{value}}: {pattern}")
        if not self.examples:
            raise ValueError("a statement needs an example")
        return self

    @cached_property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """The compiled patterns."""
        figure = rf"(?<![\d.])(?P<value>{FIGURE})(?<!\s)\s?"
        spelled = (_spelled(pattern.replace("{value}", _BETWEEN + "{figure}")) for pattern in self.pattern)
        return tuple(re.compile(pattern.replace("{figure}", figure)) for pattern in spelled)

    @cached_property
    def lead(self) -> re.Pattern[str] | None:
        """The compiled ``only_after``, for the text before a match."""
        return re.compile(f"(?:{_spelled(self.only_after)})$", re.MULTILINE) if self.only_after else None

    def fields_of(self, groups: Mapping[str, str | None]) -> dict[str, str] | None:
        """The fields of a figure by the groups of its match; None where a group holds a word that has no code."""
        found = self.fixed
        for name, source in self.fields.items():
            if isinstance(source, Coded):
                code = source.codes.get(groups.get(source.group) or "")
                if code is None:
                    return None
                found[name] = code
        return found

    @property
    def fixed(self) -> dict[str, str]:
        """The fields that are the same for all its figures, and what stands for those that are not."""
        said = {name: source for name, source in self.fields.items() if isinstance(source, str)}
        return _DEFAULTS | {"indicator": self.indicator, "unit": self.unit, "definition": self.definition} | said


class Rule(Context):
    """Which period a document speaks of that names none."""

    period: str = Field(description="previous_year, year, Q1 to Q4, S1, or one that is always the same")


class Sum(_Part):
    """A statement whose figure is the sum of those of others, wherever a document gives all of them for one period."""

    whole: str
    parts: list[str]


class Statements(_Part):
    """The statements of a publisher."""

    publisher: str
    issuers: list[str] = Field(description="names by which a page says that it is the publisher's")
    rules: list[Rule] = []
    bulletins: str | None = Field(
        default=None, description="pattern of texts about other times than the rules speak of"
    )
    unless: str | None = Field(
        default=None,
        description="pattern of titles and sentences that speak of something smaller than the nation; what follows in "
        "the paragraph does too, until the nation is named",
    )
    sums: list[Sum] = Field(default=[], description="a document that breaks one is refused: recycled or counterfeit")
    statements: dict[str, Statement]

    @cached_property
    def smaller(self) -> re.Pattern[str] | None:
        """The compiled ``unless``."""
        return re.compile(_spelled(self.unless)) if self.unless else None

    @model_validator(mode="after")
    def _declared(self) -> Self:
        named = {name for one in self.sums for name in (one.whole, *one.parts)}
        if unknown := sorted(named - set(self.statements)):
            raise ValueError(f"sums of statements that are not declared: {', '.join(unknown)}")
        return self


def _spelled(pattern: str) -> str:
    return pattern.replace("{province}", _PROVINCE).replace("{alone}", _ALONE)


def load(text: str, name: str) -> Statements:
    """Statements from their YAML; ``CatalogueError`` names the file and the field."""
    try:
        loaded: Any = declared(text)
        found = Statements.model_validate(loaded)
        for statement in found.statements.values():
            statement.patterns, statement.lead  # noqa: B018 - compile
        found.smaller  # noqa: B018
    except (yaml.YAMLError, re.error) as error:
        raise CatalogueError(f"the statements {name} are not right: {error}") from error
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        raise CatalogueError(f"the statements {name} are not right: {places}") from error
    return found


@cache
def statements() -> dict[str, Statements]:
    """The statements of every publisher of prose, by the publisher."""
    found = {}
    for item in sorted(files(__package__).iterdir(), key=lambda entry: entry.name):
        if item.name.endswith(".yaml"):
            loaded = load(item.read_text(encoding="utf-8"), item.name)
            if f"{loaded.publisher}.yaml" != item.name:
                raise CatalogueError(f"the statements {item.name} call their publisher {loaded.publisher}")
            found[loaded.publisher] = loaded
    return found
