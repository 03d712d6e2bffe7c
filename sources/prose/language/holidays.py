"""Public holidays of China and the travel season 春运 in prose, with the days that ``holidays.yaml`` declares."""

import re
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from sources.prose.language.quantities import small
from warehouse.yaml_text import parse_yaml

_ONE = r"[“\"]?(?:春节|元旦|清明|五一|劳动|端午|中秋|国庆|双节)[”\"]?节?"
_HOLIDAY = re.compile(
    rf"(?:(?P<year>(?:19|20)\d{{2}})年|(?P<relative>今年|去年|上年))?的?(?:(?P<season>春运)|(?P<names>{_ONE}(?:[、和]?{_ONE})*)"
    r"(?:小长假|长假|假期))(?:期间)?+(?P<count>[一二三四五六七八九十]|四十|\d{1,2})?(?(count)天)(?!前|后|首|第|的?最|末|最后|倒数|以来|结束|至|到|及|和|、|之|起|\()"
)
# In English: the eight-day Spring Festival holiday; the National Day and Mid-Autumn Festival holiday of 2025.
_ENGLISH_ONE = (
    r"(?:Chinese (?:Lunar )?New Year|Lunar New Year|Spring Festival|New Year(?:'s Day)?|Qingming(?: Festival)?"
    r"|Tomb-[Ss]weeping(?: Day)?|May Day|Labou?r Day|Dragon Boat Festival|Mid-Autumn(?: Festival)?|National Day)"
)
_ENGLISH = re.compile(
    rf"(?:(?P<count>[a-z]+)-day )?(?:(?P<year>20\d{{2}}) )?(?P<names>{_ENGLISH_ONE}(?: and {_ENGLISH_ONE})?)"
    r" holidays?(?: (?:of|in) (?P<after>20\d{2}))?(?! (?:travel|rush|season|eve|and)|['’\w-])"
)
# By the end of the holiday or before it is another time.
_ENGLISH_DURING = re.compile(r"(?:^|(?:during|over|in|throughout)(?: the)? )$", re.IGNORECASE)
_ENGLISH_NAMES = {
    "Spring": "春节",
    "Lunar": "春节",
    "New Year": "元旦",
    "Qingming": "清明节",
    "Tomb": "清明节",
    "May Day": "劳动节",
    "Labo": "劳动节",
    "Dragon": "端午节",
    "Mid-Autumn": "中秋节",
    "National": "国庆节",
}
_ENGLISH_COUNTS = {
    name: count for count, name in enumerate(("three", "four", "five", "six", "seven", "eight", "nine"), 3)
}
# A second holiday of a list: 五一假期、国庆假期 have no days in common.
_SECOND = re.compile(r"(?:节|春运|假期|长假|期间|[”\"])(?:、|和|及|与|以及|,)$")
_NAMES = {"五一": "劳动节", "劳动": "劳动节", "清明": "清明节", "端午": "端午节", "中秋": "中秋节", "国庆": "国庆节"}


class Holiday(NamedTuple):
    """A holiday in a text: its end in the text, and its first and last day."""

    end: int
    first: date
    last: date


def holiday_at(text: str, start: int, published: date | None) -> Holiday | None:
    """Return the holiday whose name begins at a position of a text, or None if its days are not declared.

    A name without a year is the last such holiday that was over, or had begun, on the day of publication.
    """
    if (english := _ENGLISH.match(text, start)) and _ENGLISH_DURING.search(text[:start]):
        return _english_holiday(english, published)
    found = _HOLIDAY.match(text, start)
    if found is None or _SECOND.search(text[:start]):
        return None
    names, count = _named(found["season"] or found["names"]), found["count"]
    years = _years(found["year"], found["relative"], published)
    return _holiday(found, names, years, published, small(count) if count else None)


def _english_holiday(found: re.Match[str], published: date | None) -> Holiday | None:
    """Return the holiday of a match in English, or None if its days are not declared or not as many."""
    names = {
        next(chinese for english, chinese in _ENGLISH_NAMES.items() if english in name)
        for name in found["names"].split(" and ")
    }
    years, count = _years(found["year"] or found["after"], None, published), found["count"]
    return _holiday(found, frozenset(names), years, published, _ENGLISH_COUNTS.get(count, 0) if count else None)


def _holiday(
    found: re.Match[str], names: frozenset[str], years: tuple[int, ...], published: date | None, count: int | None
) -> Holiday | None:
    """Return the holiday of a match, or None if its days are not declared, or are not ``count`` days."""
    days = next((days for year in years if (days := _days(names, year, published))), None)
    if days is None or count not in (None, (days[1] - days[0]).days + 1):
        return None
    return Holiday(found.end(), *days)


def _years(stated: str | None, relative: str | None, published: date | None) -> tuple[int, ...]:
    if stated:
        return (int(stated),)
    if published is None:
        return ()
    if relative:
        return (published.year - (relative != "今年"),)
    return (published.year,)


def _named(names: str) -> frozenset[str]:
    """Return the holidays of a name as the notices write them: 国庆中秋 are two, and 双节 are the same two."""
    if "双节" in names:
        return frozenset({"国庆节", "中秋节"})
    return frozenset(
        _NAMES.get(name, name) for name in re.findall("春运|春节|元旦|清明|五一|劳动|端午|中秋|国庆", names)
    )


def _days(names: frozenset[str], year: int, published: date | None) -> tuple[date, date] | None:
    """Return the days of a holiday that is over. National Day and Mid-Autumn may be one holiday with either name."""
    for listed, days in _declared().get(year, {}).items():
        if names == listed or (names < listed and "国庆节" in names):
            return days if published is None or days[1] <= published else None
    return None


@cache
def _declared() -> dict[int, dict[frozenset[str], tuple[date, date]]]:
    loaded: Any = parse_yaml((files(__package__) / "holidays.yaml").read_text(encoding="utf-8"))
    return {
        notice["year"]: {
            frozenset(names.split("、")): (date.fromisoformat(days[:10]), date.fromisoformat(days[11:]))
            for names, days in notice["days"].items()
        }
        for notice in loaded["notices"]
    }
