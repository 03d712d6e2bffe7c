"""Reading of a sentence, clause by clause: figures of statements, their changes, lists, and the word that stops it.

A sentence is read from its beginning. The first clause that is not understood stops it: its figure and all later ones
of the sentence are unread, because its words may narrow them too.
"""

import re

from sources.prose.clauses.changes import (
    changed,
    changed_in_english,
    changed_to,
    changed_to_in_english,
    changed_without_figure,
    differed_in_english,
    shared,
)
from sources.prose.clauses.endings import ends_clause
from sources.prose.clauses.lists import listed, listed_in_english
from sources.prose.clauses.matching import Grammar
from sources.prose.clauses.repeated import PART_OF_TIME, continued, earlier, mean, part_of_time, passed, summed
from sources.prose.clauses.state import State
from sources.prose.clauses.thread import Outcome, Thread
from sources.prose.language.quantities import Quantity, quantities
from sources.prose.language.sentences import Compact
from sources.prose.language.time_expressions import time_at, times_in

_AMONG = "中,"
# The number of a paragraph: 二、按国别排序, (三)证件方面, 1.出入境人员.
_NUMBERED = re.compile(
    r"(?:[一二三四五六七八九十]{1,3}、(?![一二三四五六七八九十]|季|线|级|类|月|年|等)|\([一二三四五六七八九十\d]{1,3}\)|\d{1,2}[.、](?!\d)|[①-⑩])"
)


def read_sentence(grammar: Grammar, sentence: Compact, thread: Thread) -> Outcome:
    """Return the figures of a sentence, and the quantities that were not read with the word that stopped each."""
    text = sentence.text
    state = State(grammar, text, thread, _beginning(grammar, text))
    found = _quantities(state)
    while found:
        used = _clause(state, found)
        if not used:
            reason = _reason(state, found[0])
            state.out.unread += [(one, reason) for one in found if not _is_plain_number(text, one)]
            thread.unread()
            break
        found = [one for one in found[used:] if one.start >= state.at]
    return state.out


def _beginning(grammar: Grammar, text: str) -> int:
    """Return where the words of a sentence begin: after the number of its paragraph and the person who reports."""
    numbered = _NUMBERED.match(text)
    at = numbered.end() if numbered else 0
    reporter = grammar.reporters.match(text, at) if grammar.reporters else None
    return reporter.end() if reporter else at


def _quantities(state: State) -> list[Quantity]:
    """Return the quantities of a sentence: numbers that are no part of a time, a word or a subject."""
    grammar, text = state.grammar, state.text
    skipped = [(time.start, time.end) for time in times_in(text, grammar.published)]
    skipped += [(0, state.at), *grammar.lexer.spans_of_numbers(text)]
    skipped += [match.span() for pattern in grammar.numbered for match in pattern.finditer(text)]
    return list(quantities(text, grammar.units, skipped))


def _clause(state: State, found: list[Quantity]) -> int:
    """Read the clause of the first quantity, or a list; return how many quantities it has, 0 if not understood."""
    region = state.region(found[0])
    state.leave_bracket(found[0])
    if found[0].is_range:
        return 0
    if state.text.startswith(_AMONG, found[0].unit_end):
        return _among(state, region, found[0])
    _drop_undated_whole(state, region)
    return next((used for form in _FORMS if (used := form(state, region, found))), 0)


def _statement(state: State, region: str, found: list[Quantity]) -> int:
    """Read the figure of a statement."""
    return state.read_statement(region, found[0])


# The forms of a clause, in the order in which they are tried.
_FORMS = (
    mean,
    earlier,
    passed,
    listed,
    listed_in_english,
    continued,
    part_of_time,
    _statement,
    summed,
    changed_to,
    changed_to_in_english,
    changed,
    changed_in_english,
    differed_in_english,
    shared,
    changed_without_figure,
)


def _among(state: State, region: str, quantity: Quantity) -> int:
    """Read a total that the sentence goes on to divide: 在外出农民工17641万人中,跨省流动6758万人."""
    used = state.read_statement(re.sub(r"(?:(?<=[,;:])|^)在", "", region), quantity)
    state.at += used * len(_AMONG.rstrip(","))
    return used


def _drop_undated_whole(state: State, region: str) -> None:
    """Drop the figures before 其中2025年: they count more than a year, and their own time is not stated."""
    opening, out = PART_OF_TIME.match(region), state.out
    if opening and time_at(region, opening.end(), state.grammar.published) and not out.times:
        out.unread += [(one.quantity, "its time is not stated") for one in out.readings]
        out.readings, state.run, out.changes = [], [], []


def _reason(state: State, quantity: Quantity) -> str:
    """Return why a quantity is not read."""
    region, rest = state.region(quantity), state.text[quantity.unit_end :]
    if quantity.is_range:
        return "it is a range or no plain number"
    if not quantity.unit:
        return f"no unit is known in “{_next_word(state.text[quantity.end :]) or quantity.text}”"
    stopped = state.grammar.stopped_at(region)
    understood = any(state.grammar.matches(region, quantity, state.text[: quantity.unit_end]))
    if stopped and not understood:
        return f"no statement has the word “{stopped}” before it"
    if not ends_clause(rest):
        return f"no statement has the word “{_next_word(rest)}” after it"
    return "it is a part of a figure that is not read" if understood else "its words with its unit are no statement"


def _next_word(text: str) -> str:
    following = re.match(r"[^,、;:。()\d]{1,12}", text)
    return following.group() if following else ""


def _is_plain_number(text: str, quantity: Quantity) -> bool:
    """Return whether a number counts nothing: an ordinal, an hour, a clause of a law, a share of points."""
    return bool(re.match(r"(?:日|时|届|号|条|章|点|个百分点|五)", text[quantity.end :])) and not quantity.unit
