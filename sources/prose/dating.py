"""The period of a figure, from the time expressions of its sentence, its paragraph and its title, and from rules."""

import re
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from sources.prose.document import Document
from sources.prose.language.time_expressions import AVERAGE, TimeExpression, ends, last_day, named_times
from sources.prose.statements import Statement

_DAYS = re.compile(r"\d{4}-\d\d-\d\d/")
_UNDATED = "it counts since a time that it does not name"


@dataclass(frozen=True)
class TimesAround:
    """The time expressions around a figure: in its clause, in its sentence, its paragraph and the title."""

    clause: tuple[TimeExpression, ...]
    sentence: tuple[TimeExpression, ...]
    paragraph: tuple[TimeExpression, ...]
    title: tuple[TimeExpression, ...]


def times_of_title(document: Document) -> tuple[TimeExpression, ...]:
    """Return the time expressions of the title, or the day of the census that it names."""
    page, known, day = document
    for rule in known.rules:
        if rule.period[:1].isdigit() and rule.text and re.search(rule.text, page.title):
            return (TimeExpression(0, len(page.title), int(rule.period[:4]), rule.period[4:]),)
    return tuple(named_times(page.title, day))


def period_of(declared: Statement, document: Document, around: TimesAround) -> tuple[str | None, str]:
    """Return the period of a figure, or None and the reason why it is not known."""
    fixed, day = declared.period, document.day
    own = (*around.sentence, *around.clause)
    if fixed == "published":
        return (day.isoformat() if day else None), "the day of publication is not known"
    if fixed == "previous_month" and not own and day:
        return f"{day.year - (day.month == 1)}-{(day.month - 2) % 12 + 1:02}", ""
    if fixed and fixed not in ("previous_month", "end"):
        period, why = _ruled(document) if fixed == "rule" else (fixed, "")
        other = period and next((time for time in own if not _fits(time, period)), None)
        return (None, "it names another time than its own") if other else (period, why)
    if declared.until and not any(time.kind == "until" or time.to_end for time in own):
        return None, _UNDATED
    period, why = _nearest(declared, around, day)
    if fixed == "end":
        ended = period or (None if why else _ruled(document)[0])
        return (last_day(ended) if ended else day.isoformat() if day and not why else None), why
    if period is None and not why:
        period, why = _ruled(document)
    return (ends(period) if period and declared.kind == "stock" and len(period) > len("2018/2022") else period), why


def _fits(time: TimeExpression, period: str) -> bool:
    """Return whether a time expression does not contradict a fixed period."""
    if time.why or time.year is None:
        return True
    years = [int(part[:4]) for part in period.split("/")]
    return years[0] <= time.year <= years[-1]


def _nearest(  # noqa: PLR0911 - one return for each rule
    declared: Statement, around: TimesAround, day: date | None
) -> tuple[str | None, str]:
    """Return the nearest period of the sentence, or the only one of the paragraph, or the only one of the title."""
    own = (*around.sentence, *around.clause)
    if why := _ambiguous(around.clause):
        return None, why
    if own:
        period, why = _nearest_of(own, around, day)
        return _of_kind(declared, own[-1], period, around) if period else (None, why)
    for times in (around.paragraph, around.title):
        if times and times[-1].why:
            return None, times[-1].why
        usable = [time for time in times if not time.why]
        periods = list(dict.fromkeys(time.of(_year(time, around, day)) for time in usable))
        if len(periods) > 1:
            return None, f"it could be of {' or '.join(str(period) for period in periods)}"
        if usable:
            if periods[0] is None:
                return None, "the year is not known"
            return _of_kind(declared, usable[-1], periods[0], around)
    return None, ""


def _ambiguous(times: tuple[TimeExpression, ...]) -> str:
    """Return the reason if a clause names two times, of which the second is no part of the first.

    An average over the days of a time is not the figure of that time.
    """
    if any(time.why == AVERAGE for time in times):
        return AVERAGE
    named = [time for time in times if not time.why]
    for first, second in pairwise(named):
        if second.year is not None and (first.year, first.part) != (second.year, second.part):
            return "it names two times"
        if second.year is None and first.part and second.part:
            return "it names two times"
    return ""


def _nearest_of(own: tuple[TimeExpression, ...], around: TimesAround, day: date | None) -> tuple[str | None, str]:
    """Return the period of the last time expression of a sentence, or the reason why it names none."""
    if not own:
        return None, ""
    last = own[-1]
    if last.why:
        return None, last.why
    before = [time for time in own[:-1] if time.why]
    if last.year is None and before and not any(time.year for time in own[own.index(before[-1]) :]):
        return None, before[-1].why
    period = last.of(_year(last, around, day))
    return period, "" if period else "the year is not known"


def _of_kind(  # noqa: PLR0911 - one return for each rule
    declared: Statement, time: TimeExpression, period: str, around: TimesAround
) -> tuple[str | None, str]:
    """Return the period if what is counted has a figure over it or at its end, or the reason why it has none."""
    if declared.kind == "stock" or declared.period == "end":
        if "/" in period and len(period) == len("2018/2022"):
            if time.to_end:
                return ends(period), ""
            return None, "it names several years for what is counted at one time"
        if len({part[:4] for part in period.split("/")}) > 1 and not time.to_end:
            return None, "it names several years for what is counted at one time"
        if _DAYS.match(period) and not time.to_end:
            return None, "it names several days for what is counted at one time"
        return period, ""
    if time.kind == "until":
        if any(other.why for other in (*around.paragraph, *around.sentence, *around.clause)):
            return None, _UNDATED
        if period[:4] not in declared.from_january:
            return None, _UNDATED
        months = {f"{period[:4]}-01/{period}": period, f"{period[:4]}-01/{period[:4]}-06": f"{period[:4]}-S1"}
        return (period if len(period) == len("2025") else months.get(period, f"{period[:4]}-01/{period}")), ""
    if time.kind == "at" and (time.part or time in around.clause):
        return None, "it names a moment for what is counted over a period"
    return period, ""


def _year(time: TimeExpression, around: TimesAround, day: date | None) -> int | None:
    """Return the year of a part of a year: the nearest year before it, the title's, or the last that it ended in."""
    before = [known for known in (*around.paragraph, *around.sentence, *around.clause) if known is not time]
    years = [known.year for known in (*reversed(before), *around.title) if known.year is not None]
    if years or day is None:
        return years[0] if years else None
    over = time.of(day.year)
    return day.year if over and last_day(over) <= day.isoformat() else day.year - 1


def _ruled(document: Document) -> tuple[str | None, str]:
    """Return the period of a document that names none, by the rules of its publisher."""
    known, day, text = document.known, document.day, document.whole
    rule = next((rule for rule in known.rules if rule.holds(text, day)), None)
    if rule is not None and rule.period[:1].isdigit():
        return rule.period, ""
    if day is None:
        return None, "neither the text nor a day of publication states the period"
    if known.bulletins and re.search(known.bulletins, text):
        return None, "it names a time that is not a calendar period"
    if rule is None:
        return None, f"no rule states the period of a text of {day}"
    periods = {"previous_year": str(day.year - 1), "year": str(day.year)}
    return periods.get(rule.period, f"{day.year}-{rule.period}"), ""
