"""The period of a figure, from the periods that its sentence, its paragraph and its title name, and from rules."""

import re
from datetime import date
from typing import NamedTuple

from sources.prose.document import Document
from sources.prose.statements import Statement
from sources.prose.time_expressions import NamedPeriod, ends, last_day, named_periods


class NamedAround(NamedTuple):
    """The periods that are named before a figure in its sentence, earlier in its paragraph, and in the title."""

    sentence: list[NamedPeriod]
    paragraph: list[NamedPeriod]
    title: list[NamedPeriod]


def period_of(declared: Statement, document: Document, around: NamedAround) -> tuple[str | None, str]:
    """Return the period of a figure, or None and the reason why it is not known."""
    fixed, day = declared.period, document.day
    if fixed == "published":
        return (day.isoformat() if day else None), "the day of publication is not known"
    if fixed == "previous_month" and not around.sentence and day:
        return f"{day.year - (day.month == 1)}-{(day.month - 2) % 12 + 1:02}", ""
    if fixed == "rule":
        return _ruled(document)
    if fixed and fixed not in ("previous_month", "end"):
        return fixed, ""
    period, why = _nearest(around, day)
    if period is None and not why:
        period, why = _ruled(document)
    if fixed == "end":
        return (last_day(period) if period else day.isoformat() if day else None), why
    return (ends(period) if period and declared.stock else period), why


def periods_of_title(document: Document) -> list[NamedPeriod]:
    """Return the periods that the title names, or the day of the census that it names."""
    page, known, day = document
    for rule in known.rules:
        if rule.period[:1].isdigit() and rule.text and re.search(rule.text, page.title):
            return [NamedPeriod(0, len(page.title), int(rule.period[:4]), rule.period[4:])]
    return list(named_periods(page.title, day))


def _nearest(around: NamedAround, day: date | None) -> tuple[str | None, str]:
    """Return the nearest period of the sentence, or the only one of the paragraph, or the only one of the title.

    A time without a calendar name, for example a holiday, applies until a period is named.
    """
    if any(name.until for name in around.sentence[-1:]) and any(name.unnamed for name in around.paragraph):
        return None, "it counts since a time that it does not name"
    for names in (around.sentence[-1:], around.paragraph, around.title):
        if names and names[-1].unnamed:
            return None, "it speaks of a time that it does not name"
        periods = list(dict.fromkeys(name.of(_year(name, around, day)) for name in names if not name.unnamed))
        if len(periods) > 1:
            return None, f"it could be of {' or '.join(str(period) for period in periods)}"
        if periods:
            return periods[0], "" if periods[0] else "the year is not known"
    return None, ""


def _year(name: NamedPeriod, around: NamedAround, day: date | None) -> int | None:
    """Return the year of a part of a year: the nearest year before it, the title's, or the last that it ended in."""
    before = [known.year for known in (*around.paragraph, *around.sentence) if known.start < name.start]
    years = [year for year in (*reversed(before), *(known.year for known in around.title)) if year is not None]
    if years or day is None:
        return years[0] if years else None
    over = name.of(day.year)
    return day.year if over and last_day(over) <= day.isoformat() else day.year - 1


def _ruled(document: Document) -> tuple[str | None, str]:
    """Return the period of a document that names none, by the rules of its publisher."""
    known, day, text = document.known, document.day, document.whole
    rule = next((rule for rule in known.rules if rule.holds(text, day)), None)
    if rule is not None and rule.period[:1].isdigit():
        return rule.period, ""
    if day is None:
        return None, "neither the text nor a day of publication says the period"
    if known.bulletins and re.search(known.bulletins, text):
        return None, "it speaks of a time that it does not name"
    if rule is None:
        return None, f"no rule says of which period a text of {day} speaks"
    periods = {"previous_year": str(day.year - 1), "year": str(day.year)}
    return periods.get(rule.period, f"{day.year}-{rule.period}"), ""
