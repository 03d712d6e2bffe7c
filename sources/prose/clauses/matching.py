"""Matching of one clause with the declared statements.

A clause is the text from the end of the figure before it, or from the beginning of its sentence, to its own figure and
unit. Every word of it must be a word of the statement or of the vocabulary, in a role that its place allows.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from sources.prose.clauses.endings import OF_THEM, TIME_AFTER, end_of_note, ends_statement
from sources.prose.language.quantities import Quantity
from sources.prose.language.time_expressions import TimeExpression, time_at
from sources.prose.language.vocabulary import Lexer, Token, reporters, vocabulary
from sources.prose.statements import Form, Statement, Statements, Sum, Worded

_BEFORE = frozenset({"neutral", "reporting", "policy", "time", "verb", "link", "topic", "compare", "list"})
_BETWEEN = frozenset({"between", "time", "verb", "compare", "list"})
# Words by which a part of the sentence is a report of the publication.
_REPORTS = re.compile(
    r"发布|公布|通报|介绍|表示|指出|透露|获悉|消息|电|讯|举行|召开|报道|了解到|称|说|公告|通告|报告|公报|统计|显示|表明"
)
# Words for the day of a report.
_DAYS = ("当天", "当日", "日前", "近日")
# The day before such a part, as in 10月20日,国家移民管理局举行新闻发布会, is the day of the report.
_HOLDS = re.compile(r"举行|召开")
# in 2024 and 2025 combined: the figure is of two years.
_ANOTHER_YEAR = re.compile(r"\s?(?:,|and|or|to|through|[-–—])\s?(?:19|20)\d\d(?!\d)", re.IGNORECASE)


class Shape(NamedTuple):
    """A clause cut at its subject: the words before it, those between it and the figure, its match, and its end."""

    before: str
    between: str
    match: re.Match[str]
    end: int


@dataclass(frozen=True)
class Found:
    """A statement that a clause matches, with the tokens of the clause."""

    name: str
    declared: Statement
    form: Form
    fields: dict[str, str]
    unit: str
    tokens: tuple[Token, ...]
    size: int
    end: int
    topic: bool
    verbs: frozenset[str]
    so_far: bool
    subject_first: bool

    @property
    def times(self) -> tuple[TimeExpression, ...]:
        """The time expressions of the clause."""
        return tuple(token.time for token in self.tokens if token.time is not None)

    @property
    def roles(self) -> frozenset[str]:
        """The roles of all words of the clause."""
        return frozenset().union(*(token.roles for token in self.tokens))


class Candidate(NamedTuple):
    """A statement in one of its wordings. ``inherited`` are the fields of a figure of it directly before."""

    name: str
    declared: Statement
    worded: Worded
    inherited: Mapping[str, str] | None


@dataclass(frozen=True)
class Grammar:
    """The statements that apply to a document, with the lexer of their publisher."""

    statements: Mapping[str, Statement]
    lexer: Lexer
    units: re.Pattern[str]
    published: date | None
    numbered: tuple[re.Pattern[str], ...]
    verbs_needed: bool = False
    sums: tuple[Sum, ...] = ()
    reporters: re.Pattern[str] | None = None

    def matches(self, region: str, quantity: Quantity, sentence: str, last: Found | None = None) -> Iterator[Found]:
        """Yield every statement that a clause matches; ``last`` is the statement of the figure before it."""
        for candidate in self._candidates(quantity, last):
            for shape in _shapes(candidate.worded, region, quantity, sentence):
                found = self._found(candidate, shape, quantity)
                whole = self._to_its_end(found, candidate.worded, sentence) if found else None
                if whole:
                    yield whole

    def _candidates(self, quantity: Quantity, last: Found | None) -> Iterator[Candidate]:
        """Yield the statements, in all their wordings, that are counted in the unit of a quantity."""
        for name, declared in self.statements.items():
            inherited = last.fields if last and last.name == name else None
            for worded in declared.worded if declared.row is None else ():
                if not quantity.unit or quantity.unit.lower() in (unit.lower() for unit in worded.form.units):
                    yield Candidate(name, declared, worded, inherited)

    def _to_its_end(self, found: Found, worded: Worded, sentence: str) -> Found | None:
        """Return a statement with its note and the time after it, or None if other words follow."""
        if of_them := OF_THEM.match(sentence, found.end) if not found.unit else None:
            found = replace(found, end=of_them.end())
        if not worded.form.needs_note:
            found = replace(found, end=end_of_note(worded, sentence, found.end))
        found = self._with_time_after(found, sentence)
        if not ends_statement(worded, sentence[found.end :], subject_first=found.subject_first):
            return None
        return replace(found, end=end_of_note(worded, sentence, found.end))

    def _with_time_after(self, found: Found, sentence: str) -> Found:
        """Return a statement with the time that English states after its figure: 68.5 percent at the end of 2031."""
        opening = TIME_AFTER.match(sentence, found.end)
        time = time_at(sentence, opening.end(), self.published) if opening else None
        if time is None or _ANOTHER_YEAR.match(sentence, time.end):
            return found
        token = Token(time.start, time.end, frozenset({"time"}), time)
        return replace(found, tokens=(*found.tokens, token), end=time.end)

    def stopped_at(self, region: str) -> str:
        """Return the word of a clause that is not understood, for the list of unread sentences."""
        allowed = _with_verbs(_BEFORE | _BETWEEN | {"subject"})
        lexed = self.lexer.lex(region, allowed, self.published)
        return self.lexer.unknown_at(region, lexed, allowed) if lexed.stopped else ""

    def _found(self, candidate: Candidate, shape: Shape, quantity: Quantity) -> Found | None:
        """Return the statement that a clause matches, or None if a word of it is unknown or of another statement."""
        worded = candidate.worded
        before = self._words_before(shape.before)
        between = self._words_between(shape.between)
        if before is None or between is None:
            return None
        topics = [word for word in before if any(pattern.fullmatch(word.text) for pattern in worded.topics)]
        cut = max(shape.before.rfind(","), shape.before.rfind(":"))
        if _is_of_another(worded, before, between, topics, cut):
            return None
        unit = quantity.unit or _unit_before(shape.match.group(), shape.between, worded.form)
        fields = candidate.declared.fields_of(shape.match.groupdict(), candidate.inherited)
        if unit is None or fields is None:
            return None
        words = (*before, *between)
        size = len(shape.match.group())
        return Found(
            candidate.name,
            candidate.declared,
            worded.form,
            fields,
            unit,
            tuple(word.token for word in words),
            size,
            shape.end,
            topic=bool(topics),
            verbs=frozenset().union(*(_verbs(word.token) for word in words)) & set(worded.form.verb),
            so_far=any(word.text.startswith(("已", "累计")) for word in words),
            subject_first=bool(size and shape.end == quantity.unit_end),
        )

    def _words_before(self, text: str) -> "list[_Word] | None":
        """Return the words before what is counted, or None if one is unknown or not in its place."""
        lexed = self.lexer.lex(text, _with_verbs(_BEFORE), self.published)
        kept = None if lexed.stopped else _in_place(lexed.tokens, text)
        return None if kept is None else [_Word(text[token.start : token.end], token) for token in kept]

    def _words_between(self, text: str) -> "list[_Word] | None":
        """Return the words between what is counted and its figure, or None if they do not state its number."""
        lexed = self.lexer.lex(text, _with_verbs(_BETWEEN), self.published)
        if lexed.stopped or not _states_number(lexed.tokens, text):
            return None
        return [_Word(text[token.start : token.end], token) for token in lexed.tokens]


class _Word(NamedTuple):
    """A word of a clause with its token."""

    text: str
    token: Token

    @property
    def roles(self) -> frozenset[str]:
        return self.token.roles


def _with_verbs(roles: frozenset[str]) -> frozenset[str]:
    return roles | {f"verb:{name}" for name in vocabulary().verbs}


def _is_of_another(worded: Worded, before: list[_Word], between: list[_Word], topics: list[_Word], cut: int) -> bool:
    """Return whether the words of a clause make it another statement: a list, another verb or another topic.

    Words of policy before ``cut``, the last comma, do not count.
    """
    if any("list" in word.roles for word in (*before, *between)):
        return True
    introducing = [word for word in before if word.token.end <= cut and "policy" in word.roles]
    for word in (*before, *between):
        other_verb = _is_verb(word.roles) and not _verbs(word.token) & set(worded.form.verb)
        if other_verb and word not in introducing:
            return True
    neutral = (*topics, *introducing)
    return any("topic" in word.roles and word not in neutral and "neutral" not in word.roles for word in before)


def _is_verb(roles: frozenset[str]) -> bool:
    """Return whether a word is a verb, and nothing else but a word of policy."""
    return roles != {"policy"} and all(role.startswith("verb:") or role == "policy" for role in roles) and bool(roles)


def grammar_of(known: Statements, applicable: Mapping[str, Statement], published: date | None, text: str) -> Grammar:
    """Return the grammar of a publisher's statements that apply to a document with a text."""
    phrases = [p for one in applicable.values() for each in one.worded for p in (*each.subject, *each.topics)]
    return Grammar(
        statements=applicable,
        lexer=known.lexer,
        units=known.unit_pattern,
        published=published,
        numbered=tuple(p for p in phrases if re.search(r"\\d|\d", p.pattern)),
        verbs_needed=known.verbs_needed,
        sums=tuple(known.sums),
        reporters=reporters(text),
    )


def _shapes(worded: Worded, region: str, quantity: Quantity, sentence: str) -> Iterator[Shape]:
    """Yield the words before and after what is counted, its match, and the end of the clause."""
    for pattern in worded.subject:
        for match in pattern.finditer(region):
            yield Shape(region[: match.start()], region[match.end() :], match, quantity.unit_end)
    nothing = re.compile("").match(region)
    if nothing and ((worded.form.adjacent and not region) or (worded.form.counted and quantity.unit)):
        yield Shape(region, "", nothing, quantity.unit_end)
    if quantity.unit or "" in worded.form.units:
        for pattern in worded.after:
            blank = re.compile(r"\s?的?").match(sentence, quantity.unit_end)
            if after := pattern.match(sentence, blank.end() if blank else quantity.unit_end):
                yield Shape(region, "", after, after.end())


def _in_place(tokens: tuple[Token, ...], text: str) -> tuple[Token, ...] | None:
    """Return the tokens without days of a report, or None if a word of policy or of a report is not in its place.

    Words of reports are in a part of the sentence that names a report; words of policy are in no last part.
    """
    parts = _parts(tokens, text)
    kept: list[Token] = []
    for part, following in pairwise([*parts, []]):
        last = part is parts[-1]
        reports = not last and _is_report(part, following, text)
        if any(_is_out_of_place(token, last=last, reports=reports) for token in part):
            return None
        kept += [token for token in part if not (reports and _is_day(token, text))]
    return tuple(kept)


def _parts(tokens: tuple[Token, ...], text: str) -> list[list[Token]]:
    """Return the tokens between commas and colons."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if text[token.start : token.end] in (",", ":"):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _is_report(part: list[Token], following: list[Token], text: str) -> bool:
    """Return whether a part of a sentence reports the publication, or is the day of the meeting that follows."""
    if part and all(token.time is not None and token.time.day for token in part):
        return bool(following and _HOLDS.search(text[following[0].start : following[-1].end]))
    return bool(part and _REPORTS.search(text[part[0].start : part[-1].end]))


def _is_out_of_place(token: Token, *, last: bool, reports: bool) -> bool:
    """Return whether a word of a report is in a part that is none, or a word of policy is in the last part."""
    return (token.roles <= {"reporting"} and not reports) or (token.roles <= {"policy", "reporting"} and last)


def _is_day(token: Token, text: str) -> bool:
    return token.time is not None and (token.time.day or text[token.start : token.end] in _DAYS)


def _states_number(tokens: tuple[Token, ...], text: str) -> bool:
    """Return whether the words between what is counted and the figure state its number, and no change of it."""
    trends = vocabulary().trends
    words = [text[token.start : token.end] for token in tokens]
    for number, word in enumerate(words):
        if word in trends and (number + 1 >= len(words) or "," not in words[number + 1 :]):
            return False
        if word in ("由", "却由", "从") and not any(token.time for token in tokens[number + 1 : number + 2]):
            return False
    if words and words[-1] == "的" and not any(token.time for token in tokens[-2:-1]):
        return False  # 农民工的6700万人 is a part of them
    last = next((token for token in reversed(tokens) if text[token.start : token.end] not in ("的", "了")), None)
    return last is None or "compare" not in last.roles or "between" in last.roles


def _verbs(token: Token) -> set[str]:
    return {role.partition(":")[2] for role in token.roles if role.startswith("verb:")}


def _unit_before(subject: str, between: str, form: Form) -> str | None:
    """Return the unit that the subject or the words after it state, "" for an English noun that is counted itself."""
    for noun, unit in (("人次", "人次"), ("人数", "人")):
        if (noun in between or subject.endswith(noun)) and unit in form.units:
            return unit
    return "" if subject.isascii() and "" in form.units else None
