"""Spans of time whose first and last day, month or year a text states: 2月10日至17日; 自2024年1月1日以来,截至6月底.

A span that is a year, half, quarter, month or several months is written as that period.
"""

import re
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from sources.prose.language.holidays import holiday_at

_FIRST = r"(?:(?P<y1>(?:19|20)\d{2})年|(?P<r1>今年|去年|上年))?"
_NAMED = r"(?:(?P<y0>(?:19|20)\d{2})年|(?P<r0>今年|去年|上年))?"
_LAST = r"(?:(?P<y2>(?:19|20)\d{2})年|(?P<r2>今年|去年|上年))?"
_HOUR = r"(?:\d{1,2}时|零时)?"
_DASH = r"(?:[-~—–]{1,2}|至|到)"
_PLAN = r"[“\"]?(?P<plan>十[一二三四五])五[”\"]?(?:规划|计划)?(?:时期|期间)?"
# A holiday whose days follow in brackets: 今年春节假期(2月10日至17日).
_HOLIDAY = (
    r"[“\"]?(?:春节|元旦|清明|五一|劳动节|端午|中秋|国庆|双节|春运)[”\"]?节?(?:、?[“\"]?(?:中秋|国庆|清明|端午|元旦|春节|五一)[”\"]?节?)*"
    r"(?:假期|期间|长假)?(?:\d{1,2}天|[一二三四五六七八九十]天)?"
)
_DAYS = re.compile(
    rf"(?:{_NAMED}的?{_HOLIDAY}\((?P<closed>))?{_FIRST}(?P<m1>\d{{1,2}})月(?P<d1>\d{{1,2}})日{_HOUR}{_DASH}{_LAST}(?:(?P<m2>\d{{1,2}})月)?(?P<d2>\d{{1,2}})日{_HOUR}(?:期间)?(?(closed),?(?:共|为期)?(?:\d{{1,2}}|[一二三四五六七八九十])?天?\)(?:(?:圆满|顺利|正式)?结束(?=,))?|(?:的?{_HOLIDAY})?)"
)
# The words between the first day and 以来 name what began on it: 自2024年12月17日过境免签政策全面放宽优化以来.
_SINCE = re.compile(
    rf"(?:(?:[自从]{_FIRST}(?:(?P<m1>\d{{1,2}})月(?:(?P<d1>\d{{1,2}})日)?)?(?:(?!\d{{1,4}}[年月])[^,。;]){{0,30}}?(?:以来|之日起|起|开始))|{_PLAN}以来)"
    rf",?截(?:至|止到?){_LAST}(?:(?P<m2>\d{{1,2}})月(?:(?P<d2>\d{{1,2}})日|底|末)?|(?P<yearend>年?[底末]))"
)
# 2018年4月至2021年3月. Months of one year are an expression of the year and its months.
_MONTHS = re.compile(
    rf"(?P<y1>(?:19|20)\d{{2}})年(?P<m1>\d{{1,2}})月份?{_DASH}(?:(?P<y2>(?:19|20)\d{{2}})年|(?P<r2>今年|去年|上年))(?P<m2>\d{{1,2}})月(?:份|底|末)?(?!\d)"
)
_PLANNED = re.compile(rf"(?:在)?{_PLAN}(?<=[时期]期|期间)(?!以来|(?:开局|收官)之年|前|末|中期|初|后|及|和|、|至|到)")
# The first year of each five-year plan (五年规划) of the National People's Congress.
_PLANS = {"十一": 2006, "十二": 2011, "十三": 2016, "十四": 2021, "十五": 2026}


class Span(NamedTuple):
    """A span in a text: its end, its year if the text states one, its part of that year or its period, and why not.

    ``until`` marks a span whose last day is that of a count: 自2024年1月1日以来,截至6月底.
    """

    end: int
    year: int | None = None
    part: str = ""
    why: str = ""
    until: bool = False


@dataclass(frozen=True)
class _Day:
    """A day, or a month or year if the text states no day."""

    year: int | None
    month: int | None
    day: int | None

    @property
    def valid(self) -> bool:
        if self.month is None:
            return self.day is None
        return 1 <= self.month <= 12 and (self.day is None or 1 <= self.day <= monthrange(2000, self.month)[1])

    def written(self) -> str:
        parts = [f"{self.year}" if self.year else ""]
        parts += [f"{part:02}" for part in (self.month, self.day) if part is not None]
        return "-".join(parts)

    def after(self, other: "_Day") -> bool:
        return (self.month or 0, self.day or 0) > (other.month or 0, other.day or 0)


def span_at(text: str, start: int, published: date | None) -> Span | None:
    """Return the span that begins at a position of a text, or None. ``why`` is the reason if it names no period."""
    if planned := _PLANNED.match(text, start):
        year = _PLANS[planned["plan"]]
        return Span(planned.end(), part=f"{year}/{year + 4}")
    if holiday := holiday_at(text, start, published):
        first, last = (_Day(day.year, day.month, day.day) for day in (holiday.first, holiday.last))
        return Span(holiday.end, *_period(first, last))
    until = _SINCE.match(text, start)
    found = until or _DAYS.match(text, start) or _MONTHS.match(text, start)
    if found is None:
        return None
    ends = _ends(found.groupdict(), published)
    if ends is None:
        return Span(found.end(), why="the year is not known")
    if why := _impossible(*ends):
        return Span(found.end(), why=why)
    return Span(found.end(), *_period(*ends), until=bool(until))


def _impossible(first: _Day, last: _Day) -> str:
    """Return why a first and a last day are no span, or ""."""
    if not (first.valid and last.valid):
        return "it names a time that is not a calendar period"
    years = (first.year or 0) - (last.year or 0)
    return "its last day is not after its first" if years > 0 or (years == 0 and not last.after(first)) else ""


def _ends(named: dict[str, str | None], published: date | None) -> tuple[_Day, _Day] | None:
    """Return the first and the last day of a span; None if a year is needed and not known."""
    since = "plan" in named
    if published is None and any(named.get(name) for name in ("r0", "r1", "r2")):
        return None
    if plan := named.get("plan"):
        first = _Day(_PLANS[plan], None, None)
    else:
        stated, relative = named["y1"] or named.get("y0"), named.get("r1") or named.get("r0")
        first = _Day(_year(stated, relative, published), _number(named["m1"]), _number(named.get("d1")))
    month = _number(named["m2"]) or (None if named.get("yearend") else first.month)
    last = _Day(_year(named["y2"], named["r2"], published), month, _number(named.get("d2")))
    if first.year is not None and last.year is None:
        return first, replace(last, year=_following(first, last, published, since=since))
    if last.year is not None and first.year is None:
        return replace(first, year=last.year if last.after(first) else last.year - 1), last
    return None if first.year is None and since else (first, last)


def _following(first: _Day, last: _Day, published: date | None, *, since: bool) -> int:
    """Return the year of a last day without one: the year of the first day, or the last that is over."""
    year = int(first.year or 0)
    if since and published is not None:
        over = (last.month or 12, last.day or 1) <= (published.month, published.day)
        return published.year if over else published.year - 1
    return year if last.after(first) else year + 1


def _year(stated: str | None, relative: str | None, published: date | None) -> int | None:
    if stated:
        return int(stated)
    if relative and published:
        return published.year if relative == "今年" else published.year - 1
    return None


def _number(written: str | None) -> int | None:
    return int(written) if written else None


def _period(first: _Day, last: _Day) -> tuple[int | None, str]:
    """Return the year and its part, or no year and the period, of a span."""
    first, last = _whole_months(first, last)
    if first.year != last.year:
        return None, f"{first.written()}/{last.written()}"
    parts = [_Day(None, one.month, one.day).written() for one in (first, last)]
    if not any(parts):
        return first.year, ""
    parts[0] = parts[0] or "-01"
    return first.year, parts[0] if parts[0] == parts[1] and first.day is None else "/".join(parts)


def _whole_months(first: _Day, last: _Day) -> tuple[_Day, _Day]:
    """Return both ends without their days if they are the first and the last day of months."""
    if first.day == 1 and last.month and last.day == monthrange(last.year or 2001, last.month)[1]:
        return _Day(first.year, first.month, None), _Day(last.year, last.month, None)
    return first, last
