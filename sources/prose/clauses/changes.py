"""Changes of a figure on another time, its shares, and its level in percent of another time's.

Each function reads the beginning of ``found``, the quantities of a sentence that are left, and returns how many it
used: 0 if the clause has another form. ``region`` is the text before the first of them.
"""

import re

from sources.prose.clauses.lists import run_of
from sources.prose.clauses.repeated import CONTINUES
from sources.prose.clauses.state import State
from sources.prose.clauses.thread import Change, Reading
from sources.prose.language.quantities import FIGURE, Quantity
from sources.prose.language.vocabulary import Lexed, Token, vocabulary

_SHARE = re.compile(r"[,、]?(?:其中)?(?:约|大约|均)?(?:占比|占)[^,。;]*$")
_LEVELS_OF = re.compile(
    r"[,、]?(?P<each>分别)?(?:规模|总量|人数|约|已)?(?:达到|恢复到|恢复至|回升至|相当于|为|是|约为)"
    r"(?:.{2,12}(?:同期|年)|上年|去年)(?:水平)?的?(?:约)?"
)
_CHANGE_OF = re.compile(
    r"(?P<compared>同比|[比较](?:上年|去年|上一年|上年末|上年同期|去年同期))?(?:净)?(?P<way>增长|上升|增加|提高|增|下降|减少|降低)(?:了)?$"
)
# The same in English: visa-free entries surged 52.1 percent year on year to 15.89 million.
_ENGLISH_CHANGE_OF = re.compile(
    r" (?P<way>surged?|rose|rise|grew|grow|increased?|jumped?|climbed|fell|fall|dropped?|declined?|decreased?)"
    r"(?: by)? $",
    re.IGNORECASE,
)
_ENGLISH_TO = re.compile(
    r"(?P<compared>,? year[- ]on[- ]year,?| from a year earlier| from (?:the previous|last) year)? to ", re.IGNORECASE
)
_ENGLISH_FALLS = ("f", "d")
# A level in percent of another time's, before the figure itself: 恢复至2019年的86.3%,达4114.6万人次.
_LEVEL_OF = re.compile(r"(?:已)?(?:恢复|回升)[到至](?:19|20)\d{2}年(?:同期)?(?:水平)?的(?:约)?$")
_PERCENT = ("%", "percent", "per cent", "-percent", "个百分点")
_CHANGE_ROLES = frozenset({"compare", "change", "neutral", "policy", "list"})
_LEVEL_ROLES = frozenset({"subject", "between", "time"})
_PARTICLES = ("of", "by", "a", "an", "the", " ", "了", "约", "为", "达", "达到", "的", "、", ",", "率", "各")
# A change in English, with its noun after the figure: marking a 15.8-percent rise year on year.
_ENGLISH_CHANGE = re.compile(
    r",?\s?(?:(?:marking|indicating|representing|reflecting|showing|with) )?(?:an?|the)\s?", re.IGNORECASE
)
_CHANGE_NOUN = re.compile(
    r"\s(?:year-on-year |annual )?(?P<way>increase|rise|growth|surge|jump|drop|decrease|decline|fall)"
    r"(?: year-on-year| year on year| on the year| from (?:the previous year|a year earlier|the year before|last year)"
    r"| (?:from|over|compared with|compared to) the same period (?:last year|of last year|in \d{4}|a year earlier))?"
    r"(?=[,.;]|$)",
    re.IGNORECASE,
)
_YEAR_BEFORE = (
    r"(?:the previous year|last year|a year earlier|a year ago|the year before|the same period (?:of )?last year)"
)
# In English: an increase of 2.31 million, or 0.8 percent, from the previous year; 77,000 more than in 2022.
_ENGLISH_DIFFERENCE = re.compile(
    r",? (?:an?|representing an?|marking an?) (?:year-on-year )?(?P<way>increase|rise|growth|decrease|drop|decline) of "
    rf"{FIGURE}(?: [a-z]+)?(?:,? or (?P<percent>[\d.]+) ?(?:percent|%))?"
    rf",?(?: (?:from|over|compared with) {_YEAR_BEFORE}| year[- ]on[- ]year)?(?=[,.;]|$)"
    rf"|,? {FIGURE}(?: percentage points| [a-z]+)? (?:more|fewer|higher|lower|less) than"
    r"(?: (?:in|at|that (?:of|in|at)))?(?: the end of)? "
    rf"(?:in )?(?:{_YEAR_BEFORE}|(?:19|20)\d\d)(?=[,.;]|$)",
    re.IGNORECASE,
)
# Comparisons with another time than the year before.
_NOT_YEAR_BEFORE = re.compile(r"环比|季度|年初|\d{4}年|月")


def changed_to(state: State, region: str, found: list[Quantity]) -> int:
    """Read a change and the figure after it: 农民工总量比上年增加220万人,达到29973万人."""
    change = _CHANGE_OF.search(region) or _LEVEL_OF.search(region)
    if change is None or len(found) < 2 or found[1].is_range:
        return 0
    if not CONTINUES.fullmatch(state.text[found[0].unit_end : found[1].start]):
        return 0
    chosen = state.choose(region[: change.start()], found[1])
    if not chosen:
        return 0
    state.keep(chosen[0], found[1])
    named = change.groupdict()
    if named.get("compared") and not _NOT_YEAR_BEFORE.search(change.group()):
        _add_change(state, state.run[-1], found[0], falls=change["way"] in vocabulary().changes.fall)
    return 2


def changed_to_in_english(state: State, region: str, found: list[Quantity]) -> int:
    """Read a change and the figure after it: visa-free entries rose 52.1 percent year on year to 15.89 million."""
    change = _ENGLISH_CHANGE_OF.search(region)
    if change is None or len(found) < 2 or found[1].is_range or found[0].unit not in _PERCENT:
        return 0
    between = _ENGLISH_TO.fullmatch(state.text[found[0].unit_end : found[1].start])
    chosen = state.choose(region[: change.start()], found[1]) if between else []
    if not chosen or not between:
        return 0
    state.keep(chosen[0], found[1])
    if between["compared"]:
        _add_change(state, state.run[-1], found[0], falls=change["way"].lower().startswith(_ENGLISH_FALLS))
    return 2


def changed(state: State, region: str, found: list[Quantity]) -> int:
    """Read changes on another time: 比上年增加220万人,增长0.7%; 同比分别上升15.4%、11.2%."""
    quantity, run = found[0], run_of(state, found)
    # 同比增长15.1%、10.1%、26.4% lists the changes of as many figures without 分别.
    respectively = "分别" in region or any(one.unit in _PERCENT[:-1] for one in run)
    lexed = state.grammar.lexer.lex(region, _CHANGE_ROLES, state.grammar.published)
    if not _is_change(lexed, region) or not state.is_last_of_clause(quantity):
        return 0
    listed = [quantity, *(run if respectively else ())]
    if not _NOT_YEAR_BEFORE.search(region):
        words = {region[token.start : token.end] for token in lexed.tokens if "change" in token.roles}
        falls = not words.isdisjoint(vocabulary().changes.fall)
        figures = _changed_figures(state, region, len(listed), respectively=respectively)
        for reading, one in zip(figures, listed, strict=False):
            _add_change(state, reading, one, falls=falls)
    if respectively:
        state.run = []
    state.at = listed[-1].unit_end
    return len(listed)


def changed_in_english(state: State, region: str, found: list[Quantity]) -> int:
    """Read a change whose noun follows it: a 14.2 percent increase from the previous year."""
    noun = _CHANGE_NOUN.match(state.text, found[0].unit_end)
    if found[0].unit not in _PERCENT or not noun or not _ENGLISH_CHANGE.fullmatch(region):
        return 0
    if state.run:
        falls = noun["way"].lower() in ("drop", "decrease", "decline", "fall")
        _add_change(state, state.run[-1], found[0], falls=falls)
    state.at = noun.end()
    return 1


def differed_in_english(state: State, region: str, found: list[Quantity]) -> int:  # noqa: ARG001 - one signature
    """Skip a difference in English; its percentage is a change: an increase of 2.31 million, or 0.8 percent."""
    difference = _ENGLISH_DIFFERENCE.match(state.text, state.at)
    if difference is None or not state.run:
        return 0
    inside = [one for one in found if one.start < difference.end()]
    if difference["percent"]:
        _add_change(state, state.run[-1], inside[-1], falls=difference["way"].lower().startswith("d"))
    state.out.unread += [(one, "") for one in inside if one.unit not in _PERCENT]
    state.at = difference.end()
    return len(inside)


def changed_without_figure(state: State, region: str, found: list[Quantity]) -> int:
    """Skip the change of something whose figure is not stated: 拐卖妇女儿童案件立案数同比下降20.6%."""
    quantity = found[0]
    lexed = state.grammar.lexer.lex(region, _CHANGE_ROLES | _LEVEL_ROLES, state.grammar.published)
    if quantity.unit not in _PERCENT or not _is_change(lexed, region) or not state.is_last_of_clause(quantity):
        return 0
    if not any("compare" in token.roles for token in lexed.tokens):
        return 0
    state.out.times += tuple(token.time for token in lexed.tokens if token.time is not None)
    state.out.unread.append((quantity, "its change is given without a figure"))
    state.thread.unread()
    state.run = []
    state.at = quantity.unit_end
    return 1


def shared(state: State, region: str, found: list[Quantity]) -> int:
    """Skip shares of the figures before: 占全国人口的34.9%; 分别恢复至2019年同期的63.2%和63.1%."""
    compared = _LEVELS_OF.fullmatch(region)
    if not (_SHARE.match(region) or compared) or not state.out.readings:
        return 0
    listed = [found[0], *(run_of(state, found) if compared and compared["each"] else ())]
    if any(one.unit not in (*_PERCENT, *(("倍",) if compared else ())) for one in listed):
        return 0
    state.skip_aside(listed, "")
    return len(listed)


def _add_change(state: State, reading: Reading, quantity: Quantity, *, falls: bool) -> None:
    """Add the change of a figure in percent, if its statement declares an indicator of it."""
    if quantity.unit in _PERCENT[:-1] and reading.found.declared.growth:
        state.out.changes.append(Change(reading, quantity, falls))


def _is_change(lexed: Lexed, region: str) -> bool:
    """Return whether the words before a figure are known and the last one is a word of change."""
    return not lexed.stopped and "change" in _last_roles(lexed.tokens, region)


def _changed_figures(state: State, region: str, count: int, *, respectively: bool) -> list[Reading]:
    """Return the figures that changes are of: as many as there are changes, or the one directly before."""
    if respectively:
        return state.run if len(state.run) == count else []
    direct = not re.search(r",[^,]+,", region.replace("同比,", "同比"))
    return state.run[-1:] if direct else []


def _last_roles(tokens: tuple[Token, ...], region: str) -> frozenset[str]:
    """Return the roles of the last word before a figure, without particles."""
    words = ((region[token.start : token.end], token.roles) for token in reversed(tokens))
    return next((roles for word, roles in words if word not in _PARTICLES), frozenset())
