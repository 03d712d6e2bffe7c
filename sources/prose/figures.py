"""The figures of a document: every statement that its sentences and table rows match, with its period."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from sources.prose.article import Article
from sources.prose.clauses.matching import Grammar, grammar_of
from sources.prose.clauses.sentence import read_sentence
from sources.prose.clauses.thread import Change, Outcome, Reading, Thread
from sources.prose.dating import TimesAround, period_of, times_of_title
from sources.prose.document import Document
from sources.prose.language.quantities import Quantity
from sources.prose.language.sentences import Compact, Sentence, compact, is_in_brackets, sentences
from sources.prose.language.time_expressions import TimeExpression, last_day, named_times
from sources.prose.language.vocabulary import vocabulary
from sources.prose.rows import GROWTH
from sources.prose.statements import Coded, Statement, Statements

_LONGEST = 4_000  # characters: longer runs of text are not sentences
_DIGIT = re.compile(r"\d")
# The nation as the scope of a sentence, and not as what a part of it is compared with.
_NATION = re.compile(r"(?<![占居列在])(?:全国|我国)(?!第|前|首|平均|最)|全部农民工")
_REPORT = re.compile(r"发布会|举行|召开|获悉|\d日电|\d日讯")
_HEADING = 30  # characters
_STOPS = "。!?;,:…"
_TITLE_ROLES = frozenset({"neutral", "reporting", "policy", "time"})
_UNANCHORED = "neither its title nor the sentence names the nation or what is counted"
_PART = "it is about a part of the nation"
# A sentence that states a figure and what replaces it.
_CORRECTED = re.compile(
    r"(?:修订|修正|更正|订正|核定|调整|校正|改)(?:后)?(?:为|成)|更正|勘误|有误|误为|应为"
    r"|revised (?:to|down|up)|corrected to"
)
_CORRECTS = "its sentence corrects a figure"


@dataclass(frozen=True)
class Match:
    """A figure that a statement matches. ``why`` is the reason why it is not read."""

    statement: str
    declared: Statement
    sentence: tuple[int, int]
    start: int
    text: str
    unit: str
    fields: dict[str, str]
    period: str | None
    why: str = ""
    times: int = 1


@dataclass(frozen=True)
class Unread:
    """A figure that no statement reads: its sentence, its text and the reason."""

    sentence: tuple[int, int]
    text: str
    why: str


@dataclass
class Figures:
    """The matches of a document and its unread figures."""

    matches: list[Match] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)


def figures_of(document: Document) -> Figures:
    """Return every figure of a document that a statement matches, and every one that none does."""
    page, known, day = document
    applicable = {
        name: declared
        for name, declared in known.statements.items()
        if declared.context is None or declared.context.holds(document.whole, day)
    }
    reading = _Reading(document, applicable, grammar_of(known, applicable, day, document.whole))
    for place in sentences(page.text):
        reading.add(place)
    return reading.found


class _Reading:
    """The state of reading a document: its figures so far, its scope, and the thread and times of its paragraph."""

    def __init__(self, document: Document, applicable: dict[str, Statement], grammar: Grammar) -> None:
        self.document, self.applicable, self.grammar = document, applicable, grammar
        self.found = Figures()
        self.scope = _Scope(document.known, document.page)
        self.title = times_of_title(document)
        self.paragraph, self.thread, self.times = -1, Thread(), _Times()

    def add(self, place: Sentence) -> None:
        """Add the figures of a sentence, or of a line of a table."""
        page = self.document.page
        written = page.text[place.start : place.end]
        if place.paragraph != self.paragraph:
            self.paragraph, self.thread, self.times = place.paragraph, Thread(), _Times()
            self.scope.begin(page.text, place)
        smaller = self.scope.enters(written)
        before = self.times.before(page.text, place)
        aside: list[tuple[int, int]] = []
        if len(written) > _LONGEST or not _DIGIT.search(written):
            self.scope.leaves(written, understood=False)
        elif not smaller and (rows := list(_rows(self.document, self.applicable, place, self.title))):
            self.found.matches += rows
        else:
            aside = self._sentence(place, smaller, before)
        self.times.add(page.text, place, self.document.day, aside)

    def _sentence(self, place: Sentence, smaller: str, before: tuple[TimeExpression, ...]) -> list[tuple[int, int]]:
        """Add the figures of a sentence, and return the spans whose times are valid for no other figure."""
        page = self.document.page
        written = page.text[place.start : place.end]
        text = compact(page.text, place)
        outcome = read_sentence(self.grammar, text, self.thread)
        understood = bool(outcome.readings) and not any(why for _, why in outcome.unread)
        self.scope.leaves(written, understood=understood)
        if smaller == "region":
            _keep_regions(outcome)
        elif smaller:
            self._leave(outcome, _PART)
            self.thread.unread()
            outcome.unread = [(one, _PART) for one, _ in outcome.unread]
        elif _CORRECTED.search(written):
            self._leave(outcome, _CORRECTS)
            self.thread.unread()
        if not self.scope.anchored(written):
            self._leave(outcome, _UNANCHORED)
        _collect(self.document, self.found, (place, text), outcome, (before, self.title))
        return [(text.start(start), text.end(end)) for start, end in outcome.aside]

    @staticmethod
    def _leave(outcome: Outcome, why: str) -> None:
        """Leave the figures of a sentence unread for a reason."""
        outcome.unread = [(one.quantity, why) for one in outcome.readings] + outcome.unread
        outcome.readings, outcome.changes = [], []


def _keep_regions(outcome: Outcome) -> None:
    """Keep the figures of a sentence after one about a region if they name their own region; the others are unread."""
    own = [one for one in outcome.readings if any(isinstance(s, Coded) for s in one.found.declared.fields.values())]
    outcome.unread += [(one.quantity, _PART) for one in outcome.readings if one not in own]
    outcome.readings = own
    outcome.changes = [change for change in outcome.changes if change.reading in own]


@dataclass
class _Times:
    """The time expressions of a paragraph so far. Those in brackets are valid until the bracket closes."""

    outside: list[TimeExpression] = field(default_factory=list)
    in_brackets: list[TimeExpression] = field(default_factory=list)

    def before(self, text: str, place: Sentence) -> tuple[TimeExpression, ...]:
        """Return the time expressions that are valid at the beginning of a sentence."""
        if not is_in_brackets(text[place.paragraph : place.start], len(text)):
            self.in_brackets.clear()
        return (*self.outside, *self.in_brackets)

    def add(self, text: str, place: Sentence, day: date | None, aside: list[tuple[int, int]]) -> None:
        """Add the time expressions of a sentence outside the spans that are ``aside``."""
        for time in named_times(text[place.start : place.end], day):
            start = place.start + time.start
            if any(first <= start < last for first, last in aside):
                continue
            inside = is_in_brackets(text[place.paragraph : place.end], place.start - place.paragraph + time.start)
            (self.in_brackets if inside else self.outside).append(time)


def _collect(
    document: Document,
    found: Figures,
    at: tuple[Sentence, Compact],
    outcome: Outcome,
    times: tuple[tuple[TimeExpression, ...], tuple[TimeExpression, ...]],
) -> None:
    """Add the matches and the unread figures of a sentence; ``times`` are those before it and those of the title."""
    place, text = at
    periods: dict[int, tuple[str | None, str]] = {}
    for reading in outcome.readings:
        around = TimesAround(reading.own, reading.earlier, *times)
        known = _in_year(periods.get(id(reading.like)), reading.year) if reading.like else None
        match = _match(document, at, reading, around, known)
        if match is not None:
            periods[id(reading)] = (match.period, match.why)
            found.matches.append(match)
    for change in outcome.changes:
        if id(change.reading) in periods:
            found.matches.append(_growth(document, at, change, *periods[id(change.reading)]))
    found.unread += [_unread(document.page.text, place, text, one, why) for one, why in outcome.unread]


def _in_year(period: tuple[str | None, str] | None, year: str) -> tuple[str | None, str]:
    """Return the same period of another year: 2023-S1 for 2024-S1 and 去年; None for spans of days and of years."""
    parts = ((period and period[0]) or "").split("/")
    if not parts[0] or len({part[:4] for part in parts}) > 1 or len(parts[-1]) > len("2024-12"):
        return None, "it is of another year than a figure that is not read"
    stated = int(year[:4]) if year[:4].isdigit() else int(parts[0][:4]) - 1
    return "/".join(f"{stated}{part[4:]}" for part in parts), ""


def _match(
    document: Document,
    at: tuple[Sentence, Compact],
    reading: Reading,
    around: TimesAround,
    known: tuple[str | None, str] | None,
) -> Match | None:
    """Return the match of a reading, or None if its statement does not apply to its period.

    ``known`` is its period if it is that of another figure in another year.
    """
    declared = reading.found.declared
    period, why = known or period_of(declared, document, around)
    dated = around.clause or around.sentence or around.paragraph or around.title or declared.period
    if period and reading.found.so_far and not dated:
        period, why = None, "it counts up to now from a beginning that is not stated"
    if period and _is_future(declared, period, document.day):
        period, why = None, "it names a time to come"
    if declared.periods and not re.match(declared.periods, period or ""):
        return None
    place, text = at
    start, end = _span(text, reading.quantity)
    return Match(
        statement=reading.found.name,
        declared=declared,
        sentence=(place.start, place.end),
        start=start,
        text=document.page.text[start:end],
        unit=reading.found.unit,
        fields=reading.found.fields,
        period=period,
        why="" if period else why,
        times=10**declared.power,
    )


def _growth(document: Document, at: tuple[Sentence, Compact], change: Change, period: str | None, why: str) -> Match:
    """Return the change on the year before as a match of its own indicator."""
    declared = change.reading.found.declared
    place, text = at
    start, end = _span(text, change.quantity)
    return Match(
        statement=f"{change.reading.found.name}.growth",
        declared=declared,
        sentence=(place.start, place.end),
        start=start,
        text=document.page.text[start:end],
        unit="%",
        fields=change.reading.found.fields | {"indicator": str(declared.growth), **GROWTH},
        period=period,
        why=why,
        times=-1 if change.falls else 1,
    )


def _rows(
    document: Document, applicable: dict[str, Statement], place: Sentence, title: tuple[TimeExpression, ...]
) -> Iterator[Match]:
    """Yield the figures of a line of a table."""
    written = document.page.text[place.start : place.end]
    for name, declared in applicable.items():
        match = declared.row_pattern.match(written) if declared.row_pattern else None
        fields = declared.fields_of(match.groupdict()) if match else None
        if match is None or fields is None or not _adds_up(declared, match):
            continue
        period, why = period_of(declared, document, TimesAround((), (), (), title))
        yield Match(
            statement=name,
            declared=declared,
            sentence=(place.start, place.end),
            start=place.start + match.start("value"),
            text=match["value"],
            unit="",
            fields=fields,
            period=period,
            why="" if period else why,
            times=10**declared.power,
        )


def _adds_up(declared: Statement, match: re.Match[str]) -> bool:
    """Return whether the first number of a row is the sum of the others, if its statement declares that it is."""
    if declared.row is None or not declared.row.first_is_sum:
        return True
    named = {**match.groupdict(), f"n{declared.row.column - 1}": match["value"]}
    first, *others = (float(named[f"n{number}"].replace(",", "")) for number in range(declared.row.columns))
    return abs(first - sum(others)) <= len(others)


def _span(text: Compact, quantity: Quantity) -> tuple[int, int]:
    return text.start(quantity.start), text.end(quantity.end)


def _unread(whole: str, place: Sentence, text: Compact, quantity: Quantity, why: str) -> Unread:
    start, end = _span(text, quantity)
    return Unread((place.start, place.end), whole[start:end].strip(), why)


class _Scope:
    """Whether the text is about the whole nation or a part of it, from its title, its headings and its sentences."""

    def __init__(self, known: Statements, page: Article) -> None:
        self.known = known
        self.title = page.title.strip()
        self.document = self._is_part(page.title) or bool(_part(page.title) and not _NATION.search(page.title))
        words = (*known.issuers, *vocabulary().titles, "全国", "我国", "中国", "China", "NIA", "NBS")
        words += ("nationwide", "across the country", "of the national population")
        words += tuple(word for entry in known.neutral for word in entry.words)
        self.nation = re.compile("|".join(re.escape(word) for word in words))
        self.heading = self.part = self.region = self.document_region = False
        self.first = True

    def begin(self, text: str, place: Sentence) -> None:
        """Begin a paragraph. A line without an end of a sentence and without a figure is a heading."""
        end = text.find("\n", place.paragraph)
        line = text[place.paragraph : end if end >= 0 else len(text)].strip()
        if len(line) <= _HEADING and line[-1:] not in _STOPS and not _DIGIT.search(line) and line != self.title:
            self.heading = bool(_part(line))
        self.part, self.region = self.document or self.heading, self.document_region

    def enters(self, sentence: str) -> Literal["", "part", "region"]:
        """Return "part" for a sentence about a part of the nation, "region" for one that follows a region, or ""."""
        if self._is_part(sentence):
            self.part = True
        elif _NATION.search(sentence):
            self.part = self.region = False
        if self.part:
            return "part"
        return "region" if self.region else ""

    def anchored(self, sentence: str) -> bool:
        """Return whether the title or the sentence names the nation, its authorities, or what is counted.

        A title of times and words that name no topic needs none.
        """
        if not self.title or self.nation.search(self.title) or self.nation.search(sentence):
            return True
        if any(subject.search(self.title) for subject in self._subjects()):
            return True
        return not self.known.lexer.lex(self.title, _TITLE_ROLES).stopped

    def leaves(self, sentence: str, *, understood: bool) -> None:
        """Keep that the sentences after one that names a place and is not understood are about that place."""
        if sentence.strip() == self.title:
            return
        if not understood and _place(sentence) and not _NATION.search(sentence) and not _REPORT.search(sentence):
            if vocabulary().of_regions(sentence):
                self.region = True
                self.document_region = self.document_region or self.first
            else:
                self.part = True
                self.document = self.document or self.first
        self.first = False

    def _subjects(self) -> Iterator[re.Pattern[str]]:
        """Yield the subjects of the publisher's statements, which a title may name."""
        for declared in self.known.statements.values():
            for worded in declared.worded:
                yield from worded.subject

    def _is_part(self, text: str) -> bool:
        return bool(self.known.smaller and self.known.smaller.search(text))


def _part(title: str) -> bool:
    return vocabulary().part.search(title) is not None


def _place(text: str) -> bool:
    return vocabulary().place.search(text) is not None


def _is_future(declared: Statement, period: str | None, day: date | None) -> bool:
    """Return whether a period was not over in the month in which the text was published."""
    counted = period and day and declared.period in (None, "rule", "previous_month")
    return bool(counted and last_day(str(period))[:7] > str(day)[:7])
