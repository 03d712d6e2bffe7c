"""The model of a statement: a kind of sentence in which a publisher of prose states a figure.

A statement declares the words that identify it, its indicator, unit and definition, what it excludes, and examples:
texts with the figures that must be read from them.
"""

import re
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sources.prose.quantities import FIGURE

# The fields that a statement may declare. A field that is not declared is _T, the total.
FIELDS = (
    *("indicator", "reporter", "partner", "partner_role", "sex", "age", "direction", "group", "document", "scope"),
    *("education_level", "exploitation", "purpose", "stay", "unit", "definition"),
)
# {province} in a pattern: one of the 31, except as the place of a telegram (北京4月19日电).
_PROVINCE = (
    r"(?:北京|天津|河北|山西|内蒙古|辽宁|吉林|黑龙江|上海|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|广西|海南"
    r"|重庆|四川|贵州|云南|西藏|陕西|甘肃|青海|宁夏|新疆)(?![\d一二三四五六七八九十]{1,3}月)"
)
# {alone} in a pattern: words directly before the subject that do not narrow it.
_ALONE = (
    r"(?:^|[\s,。;:、()“—-]|(?<!三非)”|(?:[\d今去当同本全]|[上下]半)年(?:度|份)?|季度|月份?|末|底|全国|我国|中国|大陆|各类|全部"
    r"|其中|共有?|共计|累计|目前|有)"
)
# Words between the subject and its figure: 总数达到, 共计, 降至. Words of a bound (突破) are part of the figure.
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
    """The documents that a statement applies to: one match, of the text or of the day of publication, is enough."""

    text: str | None = Field(default=None, description="pattern in the title or the text of the document")
    published: str | None = Field(default=None, description="pattern at the beginning of the day of publication")

    def holds(self, text: str, day: date | None) -> bool:
        """Return whether a document with this title and text, published on this day, is one of them."""
        dated = self.published and day and re.match(self.published, day.isoformat())
        return bool(dated or (self.text and re.search(self.text, text)))


class Coded(_Part):
    """A field whose code is given by a group of the pattern."""

    group: str
    codes: dict[str, str]


class Statement(_Part):
    """A kind of sentence of a publisher, and the meaning of its figure."""

    reads: str = Field(description="the statement in English, without its figure")
    zh: str = Field(description="the statement in Chinese, with {} in place of its figure")
    table: str | None = Field(default=None, description="table that the figures enter; without it they enter no table")
    indicator: str
    unit: str
    definition: str
    fields: dict[str, str | Coded] = {}
    pattern: list[str] = Field(
        description="patterns with {value} for the figure and the words that lead to it, or {figure} for it alone, and "
        "a group unit for what is counted"
    )
    unless_after: str | None = Field(
        default=None, description="pattern that must not match directly before, in the paragraph"
    )
    only_after: str | None = Field(
        default=None,
        description="pattern that must match directly before; {alone} for words that do not narrow it, as 全国",
    )
    unless: str | None = Field(default=None, description="pattern that must not match in the same sentence")
    within: str | None = Field(default=None, description="pattern that must match in the same sentence")
    context: Context | None = None
    period: str | None = Field(
        default=None, description="the period if it is always the same, or published, previous_month, end, rule"
    )
    periods: str | None = Field(default=None, description="pattern of the periods that it applies to")
    stock: bool = Field(default=False, description="counted at a moment: the end of a longer period")
    power: int = Field(
        default=0, description="the figure is given in units of ten to this power, for example 4 in a table in 万"
    )
    growth: str | None = Field(
        default=None, description="indicator of the change on the year before, which may follow the figure"
    )
    breaks: dict[str, str] = Field(
        default={}, description="period from which the series is a different one, and the reason"
    )
    flag: str | None = Field(default=None, description="status flag of its figures, for example P for provisional")
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
        """The compiled ``only_after``, for the text directly before a match."""
        return re.compile(f"(?:{_spelled(self.only_after)})$", re.MULTILINE) if self.only_after else None

    def fields_of(self, groups: Mapping[str, str | None]) -> dict[str, str] | None:
        """Return the fields of a figure from the groups of its match; None if a group has a word without a code."""
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
        """The fields that are the same for all figures, and defaults for those that are not."""
        constant = {name: source for name, source in self.fields.items() if isinstance(source, str)}
        return _DEFAULTS | {"indicator": self.indicator, "unit": self.unit, "definition": self.definition} | constant


class Rule(Context):
    """The period of a document that names none."""

    period: str = Field(description="previous_year, year, Q1 to Q4, S1, or a fixed period")


class Sum(_Part):
    """A statement whose figure is the sum of others, if a document states all of them for one period."""

    whole: str
    parts: list[str]


class Statements(_Part):
    """The statements of a publisher."""

    publisher: str
    issuers: list[str] = Field(description="names of the publisher in a page")
    rules: list[Rule] = []
    bulletins: str | None = Field(default=None, description="pattern of texts that the rules do not apply to")
    unless: str | None = Field(
        default=None,
        description="pattern of titles and sentences about a part of the nation; it applies to the rest of the "
        "paragraph until the nation is named",
    )
    sums: list[Sum] = Field(default=[], description="a document that breaks one is refused as recycled or counterfeit")
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
