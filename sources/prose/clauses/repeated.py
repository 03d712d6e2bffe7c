"""Figures next to the figure of a statement: means, peaks, other years, sums, and the same figure more exactly.

Each function reads the beginning of ``found``, the quantities of a sentence that are left, and returns how many it
used: 0 if the clause has another form. ``region`` is the text before the first of them.
"""

import re
from dataclasses import replace
from functools import reduce

from sources.prose.clauses.state import State
from sources.prose.clauses.thread import Reading
from sources.prose.language.quantities import Figure, Quantity, figure
from sources.prose.language.time_expressions import time_at

CONTINUES = re.compile(
    r"[,、]?(?:则|并)?(?:达到了?|达|为|增加到|增加至|增至|增长到|增长至|上升到|上升至|升至|提高到|提高至|扩大到|扩大至|下降到|下降至|降至|降到"
    r"|减少到|减少至|回升至|恢复至)"
)
# The words after a mean in English: averaging 1.9 million per day.
_PER_DAY = re.compile(r" (?:per|a|each|every) (?:day|month)")
# A mean over days or a peak, after the figure that it belongs to: 查验1067.1万人次,日均213.4万人次.
_MEAN = re.compile(
    r"[,、;]\s?(?:其中,?)?(?:平均每[天日月年周]|每[天日月年周]平均|[日月年周]均"
    r"|单日[^,;\d]{0,12}(?:最?高峰|最高|峰值|纪录)[^,;\d]{0,4}(?:\d{1,2}月)?(?:\d{1,2}日)?(?:\([^()]*\))?,?)"
    r"(?:出入境|通关|查验|客流)?(?:人员|人数|客流|旅客)?(?:约|近|超过?)?(?:为|达到?|高达)?$"
    r"|, (?:averaging|or an average of|an average of|with an average of|or|with a daily average of) $"
)
_SUM = re.compile(r"[,、](?:以上)?(?:合计|共计|总计)(?:为|达)?")
# A round number that the figure after it passes: 首次突破3亿,达30119万人.
_PASSED = re.compile(r"突破|超|逾|接近|逼近|近|站上|迈上|跨")
_PASSED_TO = re.compile(r"(?:大关|关口)?,?(?:达到?了?|为|至)")
PART_OF_TIME = re.compile(r"[,、;]?\s?其中,?(?:仅)?")
_NEXT_PART_OF_TIME = re.compile(r"[,、;]\s?")
_OF_PART = re.compile(r"当?季?(?:为|达到?|约为)?")
# The figure of an earlier year, in the words of the figure before it: 25.8万人(去年同期为32.3万人).
_EARLIER = re.compile(
    r"[,(](?P<year>上年|去年|上一年|(?:19|20)\d{2}年)(?:同期|末|底|年底|年末)?(?:则)?(?:为|是|仅为|约为)$"
)


def mean(state: State, region: str, found: list[Quantity]) -> int:
    """Skip a mean over days or a peak after its total; the changes that follow are changes of the mean."""
    quantity, out = found[0], state.out
    if out.readings:
        follows = quantity.unit == out.readings[-1].quantity.unit and bool(_MEAN.fullmatch(region))
    else:  # a sentence of its own: 查验2亿人次;单日最高峰出现在5月1日,达218.4万人次
        known = bool(state.thread.last and quantity.unit) and not state.thread.broken
        follows = known and bool(_MEAN.fullmatch(f",{region}"))
    if not follows:
        return 0
    state.skip_aside([quantity], "it is a mean or a peak")
    state.mean, state.run = quantity, []
    if per_day := _PER_DAY.match(state.text, state.at):
        state.at = per_day.end()
    return 1


def earlier(state: State, region: str, found: list[Quantity]) -> int:
    """Read the figure of an earlier year next to that of the year: 25.8万人(去年同期为32.3万人)."""
    quantity, stated = found[0], _EARLIER.fullmatch(region)
    if stated is None or not state.run or quantity.unit != state.run[-1].quantity.unit:
        return 0
    if not state.is_last_of_clause(quantity):
        return 0
    last = state.run[-1]
    state.out.readings.append(replace(last, quantity=quantity, like=last, year=stated["year"]))
    state.run = []
    state.go_aside(quantity.unit_end)
    state.at += state.text.startswith(")", state.at)
    return 1


def passed(state: State, region: str, found: list[Quantity]) -> int:
    """Read a figure after the round number that it passes: 首次逼近7亿,达6.96亿人次."""
    if len(found) < 2 or found[0].unit or not _PASSED.match(found[0].text) or found[1].is_range:
        return 0
    if not _PASSED_TO.fullmatch(state.text[found[0].end : found[1].start]):
        return 0
    return 2 * state.read_statement(region, found[1])


def continued(state: State, region: str, found: list[Quantity]) -> int:
    """Read a second figure of the same statement: 超过9千万人次,达9100.5万人次; 由2023年的X人增加到2024年的Y人."""
    quantity, match = found[0], CONTINUES.match(region)
    if not state.run or match is None:
        return 0
    last = state.run[-1]
    time = time_at(region, match.end(), state.grammar.published)
    rest = region[time.end if time else match.end() :]
    bounded = re.search(r"超|突破|余|多|近|约", last.quantity.text)
    if rest not in ("", "的") or not (time or bounded):
        return 0
    if quantity.unit != last.quantity.unit or not state.is_last_of_clause(quantity):
        return 0
    own = (time,) if time else last.own
    reading = replace(last, quantity=quantity, own=own, earlier=tuple(state.out.times) if time else last.earlier)
    state.out.readings.append(reading)
    state.out.times += (time,) if time else ()
    state.run.append(reading)
    state.at = quantity.unit_end
    return 1


def part_of_time(state: State, region: str, found: list[Quantity]) -> int:
    """Read a part of the last total in its time: 一季度签发507.4万本,其中1月128.3万本、2月176.5万本."""
    quantity, last = found[0], state.thread.found
    follows = bool(state.run) and state.run[-1].part_of_time
    opening = _NEXT_PART_OF_TIME.match(region) if follows else PART_OF_TIME.match(region)
    time = time_at(region, opening.end(), state.grammar.published) if opening else None
    if last is None or time is None or not time.part or state.mean or state.thread.last != state.thread.head:
        return 0
    if quantity.unit != last.unit or not _OF_PART.fullmatch(region[time.end :]):
        return 0
    if not state.is_last_of_clause(quantity):
        return 0
    times = tuple(state.out.times)
    reading = Reading(last, quantity, (time,), times[:-1] if follows else times, part_of_time=True)
    state.out.readings.append(reading)
    state.run = [reading]
    if not follows:  # the figures after it may be of either time
        state.out.times.append(replace(time, why="it could be of two times"))
    state.go_aside(quantity.unit_end)
    return 1


def summed(state: State, region: str, found: list[Quantity]) -> int:
    """Read the declared sum of the figures before: 内地居民X,港澳台居民Y,外国人Z,合计6.07亿人次."""
    quantity = found[0]
    if not _SUM.fullmatch(region) or not state.is_last_of_clause(quantity):
        return 0
    for declared in state.grammar.sums:
        parts = state.run[-len(declared.parts) :]
        named = sorted(part.found.name for part in parts) == sorted(declared.parts)
        if not named or any(part.quantity.unit != quantity.unit for part in parts):
            continue
        if reduce(Figure.plus, (figure(part.quantity.text) for part in parts)).agrees(figure(quantity.text)):
            first, whole = parts[0], state.grammar.statements[declared.whole]
            total = replace(first.found, name=declared.whole, declared=whole, form=whole, fields=whole.fixed)
            state.keep(replace(total, end=quantity.unit_end), quantity)
            state.date_last(first.own, first.earlier)
            return 1
    return 0
