"""The model of a statement: a kind of sentence in which a publisher of prose states a figure.

A statement declares what is counted (its subject), the verbs and units that go with it, the periods that it is counted
over, its indicator and fields, and examples: texts with the figures that must be read from them.
"""

import re
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sources.prose.language.vocabulary import PROVINCES, Lexer, Words, roles, vocabulary
from sources.prose.statements.phrases import compiled, pattern

# The fields that a statement may declare. A field that is not declared is _T, the total.
FIELDS = (
    *(
        "indicator",
        "jurisdiction",
        "partner",
        "partner_role",
        "sex",
        "age",
        "direction",
        "person_group",
        "document",
        "move",
    ),
    *("education_level", "exploitation", "purpose", "stay", "unit", "definition"),
)
_DEFAULTS = {
    **dict.fromkeys(FIELDS, "_T"),
    "jurisdiction": "CHN",
    "partner": "_Z",
    "partner_role": "_Z",
}
# {province} in a pattern of a scope: one of the 31, except as the place of a telegram (北京4月19日电).
_PROVINCE = rf"(?:{'|'.join(PROVINCES)})(?![\d一二三四五六七八九十]{{1,3}}月)"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Example(_Part):
    """A text and the figure that must be read from it."""

    text: str
    published: str | None = Field(default=None, description="day of publication, if the text does not state the year")
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
    """A field whose code is given by a word of the phrase."""

    group: str
    codes: dict[str, str]


class Row(_Part):
    """A line of a table: a label and numbers, one of which is the figure."""

    label: str = Field(description="phrase at the beginning of the line")
    column: int = Field(description="number of the column of the figure, from 1")
    columns: int = Field(description="how many numbers the line has at least")
    first_is_sum: bool = Field(
        default=False, description="whether the first number is the sum of the others: other tables have other rows"
    )


class Form(_Part):
    """One way in which a publisher words a statement."""

    subject: list[str] = Field(default=[], description="phrases of what is counted, before the figure")
    after: list[str] = Field(default=[], description="phrases of what is counted, directly after the figure")
    verb: list[str] = Field(default=[], description="classes of verbs that the clause may have")
    units: list[str] = Field(
        default=[], description="words of the unit; blank if an English subject is itself what is counted"
    )
    of: list[str] = Field(
        default=[], description="statements whose figure it is a part of, where its subject does not state the whole"
    )
    within: list[str] = Field(
        default=[], description="totals of another definition that 其中 may make it a part of; its subject is complete"
    )
    alone: bool = Field(
        default=True, description="whether it is read without its whole, at the beginning of a paragraph"
    )
    adjacent: bool = Field(default=False, description="whether the figure follows that of its whole without a word")
    directly: bool = Field(default=False, description="whether its whole is the figure directly before, and no other")
    counted: bool = Field(default=False, description="whether the words of the unit are themselves the subject")
    topics: list[str] = Field(
        default=[], description="phrases that may name its whole, before its part of the sentence"
    )
    note: str | None = Field(default=None, description="phrase that may follow the figure in brackets or after a comma")
    needs_note: bool = Field(default=False, description="whether the note must follow")

    @field_validator("subject", "after", "verb", "units", "of", "within", "topics", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value


class Worded(NamedTuple):
    """The compiled phrases of a form."""

    form: Form
    subject: tuple[re.Pattern[str], ...]
    after: tuple[re.Pattern[str], ...]
    note: re.Pattern[str] | None
    topics: tuple[re.Pattern[str], ...]


class Statement(Form):
    """A kind of sentence of a publisher, and the meaning of its figure."""

    reads: str = Field(description="the statement in English, without its figure")
    zh: str = Field(description="the statement in Chinese, with {} in place of its figure")
    table: str | None = Field(default=None, description="table that the figures enter; without it they enter no table")
    indicator: str
    unit: str
    definition: str
    fields: dict[str, str | Coded] = {}
    also: list[Form] = Field(default=[], description="other forms with the same meaning; what is blank is as above")
    row: Row | None = Field(default=None, description="the line of a table that gives the figure")
    context: Context | None = None
    period: str | None = Field(
        default=None, description="the period if it is always the same, or published, previous_month, end, rule"
    )
    periods: str | None = Field(default=None, description="pattern of the periods that it applies to")
    kind: Literal["flow", "stock"] = Field(
        default="flow", description="counted over a period, or at its end: a flow needs the beginning of its period"
    )
    from_january: dict[str, str] = Field(
        default={}, description="year in which a count up to a month begins in January, and the reason"
    )
    until: bool = Field(default=False, description="whether it is counted up to a time that the text names with 截至")
    power: int = Field(
        default=0, description="the figure is given in units of ten to this power, for example 4 in a table in 万"
    )
    growth: str | None = Field(
        default=None, description="indicator of the change on the year before that may follow the figure"
    )
    breaks: dict[str, str] = Field(
        default={}, description="period from which the series is a different one, and the reason"
    )
    flag: str | None = Field(default=None, description="status flag of its figures, for example P for provisional")
    excludes: str | None = None
    examples: list[Example]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if unknown := sorted(set(self.fields) - set(FIELDS)):
            raise ValueError(f"no field of a statement: {', '.join(unknown)}")
        for form in self.all_forms:
            if not (form.subject or form.after or form.adjacent or form.counted or self.row):
                raise ValueError("a statement needs a subject, words after its figure, or a row of a table")
            if not form.units and not self.row:
                raise ValueError("a statement needs the words of its unit")
            if unknown := sorted(set(form.verb) - set(vocabulary().verbs)):
                raise ValueError(f"no class of verbs: {', '.join(unknown)}")
        if not self.examples:
            raise ValueError("a statement needs an example")
        self.worded, self.row_pattern  # noqa: B018 - compile
        return self

    @property
    def all_forms(self) -> tuple[Form, ...]:
        """The forms of the statement; a form in ``also`` has the verbs and units of the first if it has none."""
        inherited = [
            form.model_copy(update={"verb": form.verb or self.verb, "units": form.units or self.units})
            for form in self.also
        ]
        return (self, *inherited)

    @cached_property
    def worded(self) -> tuple[Worded, ...]:
        """The forms with their compiled phrases."""
        groups = self._groups
        return tuple(
            Worded(
                form,
                compiled(form.subject, groups),
                compiled(form.after, groups),
                compiled([form.note], {})[0] if form.note else None,
                compiled(form.topics, {}),
            )
            for form in self.all_forms
        )

    @property
    def _groups(self) -> dict[str, list[str]]:
        return {source.group: list(source.codes) for source in self.fields.values() if isinstance(source, Coded)}

    @cached_property
    def row_pattern(self) -> re.Pattern[str] | None:
        """The compiled line of a table, with the figure in the group ``value``."""
        if self.row is None:
            return None
        numbers = [r"[\d,.]+"] * self.row.columns
        numbers = [f"(?P<n{number}>{written})" for number, written in enumerate(numbers)]
        numbers[self.row.column - 1] = r"(?P<value>\d[\d,]*)"
        line = r"\s".join(numbers)
        return re.compile(
            rf"(?:表\d+\s?)?{pattern(self.row.label, self._groups)}\s?{line}(?![\d,.]|\s?[\u4e00-\u9fff])"
        )

    def fields_of(
        self, groups: Mapping[str, str | None], inherited: Mapping[str, str] | None = None
    ) -> dict[str, str] | None:
        """Return the fields of a figure from the groups of its match; None if a group has a word without a code.

        A group that the phrase does not have is ``inherited`` from the figure of the same statement before it.
        """
        found = self.fixed
        for name, source in self.fields.items():
            if isinstance(source, Coded):
                missing = source.group not in groups and inherited is not None
                code = inherited[name] if missing and inherited else source.codes.get(groups.get(source.group) or "")
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
    narrowing: list[str] = Field(
        default=[], description="words of the vocabulary that narrow what is counted in this publisher's texts"
    )
    neutral: list[Words] = Field(default=[], description="words of this publisher that do not narrow what is counted")
    verbs_needed: bool = Field(
        default=False, description="whether a sentence without a verb is unread: several verbs have one subject"
    )
    unless: str | None = Field(
        default=None,
        description="pattern of titles and sentences about a part of the nation; it applies to the rest of the "
        "paragraph until the nation is named",
    )
    sums: list[Sum] = Field(default=[], description="a document that breaks one is refused as recycled or counterfeit")
    statements: dict[str, Statement]

    @cached_property
    def lexer(self) -> Lexer:
        """The lexer of the vocabulary with the words and topics of this publisher."""
        extra = {word: "neutral" for entry in self.neutral for word in entry.words} | {"分别": "list"}
        words = {word: found for word, found in roles(extra).items() if word not in self.narrowing}
        words |= {name: words.get(name, frozenset()) | {"reporting"} for name in self.issuers}
        topics = (topic for one in self.statements.values() for worded in one.worded for topic in worded.topics)
        subjects = (phrase for one in self.statements.values() for worded in one.worded for phrase in worded.subject)
        return Lexer(words, {"topic": tuple(topics), "subject": tuple(subjects)})

    @cached_property
    def unit_pattern(self) -> re.Pattern[str]:
        """The compiled units of the vocabulary and of the statements, the longest first."""
        units = {unit for one in self.statements.values() for form in one.all_forms for unit in form.units}
        written = sorted((units | set(vocabulary().units)) - {""}, key=len, reverse=True)
        edged = (re.escape(u) + (r"(?![A-Za-z])" if u[-1].isascii() and u[-1].isalpha() else "") for u in written)
        return re.compile(rf"\s?(?P<unit>{'|'.join(edged)})", re.IGNORECASE)

    @cached_property
    def smaller(self) -> re.Pattern[str] | None:
        """The compiled ``unless``."""
        return re.compile(self.unless.replace("{province}", _PROVINCE)) if self.unless else None

    @model_validator(mode="after")
    def _declared(self) -> Self:
        named = {name for one in self.sums for name in (one.whole, *one.parts)}
        forms = [form for statement in self.statements.values() for form in statement.all_forms]
        named |= {whole for form in forms for whole in (*form.of, *form.within)}
        if unknown := sorted(named - set(self.statements)):
            raise ValueError(f"sums or parts of statements that are not declared: {', '.join(unknown)}")
        return self
