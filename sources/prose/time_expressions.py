"""Periods that Chinese and English prose names: 2024年上半年, 一季度, 1月至11月, 暑期, the end of May.

A period is written as in cells (``2024``, ``2024-S1``, ``2024-Q3``, ``2024-05``, ``2020-11-01``). A period that is
not a calendar period is written as two of one kind with a stroke (``2024-01/2024-11``).
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sources.prose.quantities import small

_CHINESE = re.compile(
    r"(?P<from>(?<!\d)\d{4})年?(?:到|至|-|—)(?P<to>\d{4})年(?:底|末|度)?"
    r"|(?:(?P<year>(?<!\d)\d{4})年(?:度|份)?|(?P<this>今年|本年度?)|(?P<last>去年))?,?\s?(?:"
    r"(?P<day>\d{1,2}月\d{1,2}日)(?P<hour>零时)?"
    r"|前(?P<first>[一二三四五六七八九十]{1,2}|\d{1,2})个月|(?P<threequarters>前三季度)"
    r"|第?(?P<quarter>[一二三四1-4])季度|(?P<half>[上下])半年"
    r"|(?P<m1>\d{1,2})月?(?:份)?(?:至|到|-|—|~)(?P<m2>\d{1,2})月(?:份|底|末)?"
    r"|(?P<month>(?<![\d.])\d{1,2})月(?P<of>份|底|末)?|(?P<summer>暑期)|(?P<whole>全年|年末|年底|末|底)"
    r")?"
)
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_NAMES = "|".join(_MONTHS)
_ORDINALS = {name: number for number, name in enumerate(["first", "second", "third", "fourth"], 1)}
_NUMBERS = {
    name: number
    for number, name in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"], 1
    )
}
_ENGLISH = re.compile(
    rf"(?P<m1>{_NAMES})\s?(?:to|through|-|–)\s?(?P<m2>{_NAMES})(?:,? (?:of )?(?P<range_year>\d{{4}}))?"
    rf"|first (?P<months>{'|'.join(_NUMBERS)}) months(?: of (?P<months_year>\d{{4}}))?"
    rf"|(?P<ordinal>first|second|third|fourth)[ -](?P<part>quarter|half)(?: (?:of )?(?P<part_year>\d{{4}}))?"
    rf"|end of (?P<month>{_NAMES})(?:,? (?P<month_year>\d{{4}}))?"
    r"|(?<![\d,.\u4e00-\u9fff”\"—–-])(?P<year>(?:19|20)\d{2})(?![\d,.]\d|\d| ?percent|-\d|\s?[\u4e00-\u9fff])",
    re.IGNORECASE,
)
# Times that are not calendar periods: holidays, and spans that began on some day.
_UNNAMED = re.compile(
    r"假期|小长假|春节|春运|元旦|清明|端午|中秋|国庆|黄金周|[“\"]五一[”\"]|期间|以来|(?:[一二三四五六七八九十两]|(?<!\d)\d{1,2})年来|年间"
)
# Words after a day that make it the day of the report, and not the period of a figure.
_REPORTED = re.compile(r"电|讯|消息|获悉|发布|公布|通报|召开|介绍|表示|称|说|记者|举行|公告|起|零时")
# Words after a month that make it the month in which something began, and not the period of a figure.
_BEGUN = re.compile(r"^[^。;]{0,16}(?:部署|启动|开展|实施|印发|出台|召开|上线|成立|开通|公布|发布)")
_UNTIL = re.compile(r"截[至止]$")
_CALENDAR = {
    **{f"-{3 * quarter - 2:02}/-{3 * quarter:02}": f"-Q{quarter}" for quarter in range(1, 5)},
    "-01/-06": "-S1",
    "-07/-12": "-S2",
    "-01/-12": "",
}
# Words around a period that figures are compared with.
_COMPARED_BEFORE = re.compile(
    r"(?:比|较|与|和|同|自|从|原|达到|恢复至|than|compared with|compared to|since|that of)\s?$"
)
_COMPARED_AFTER = re.compile(r"^(?:同期|相比|以来|及?以后|及之后|以前|起(?!诉)|水平|年来)")
_MASKED = re.compile(r"(?<![\d年])(?:19|20)年(?!来|间|期|前|后|以|的时间)|(?<!\d)\d{2}[xX×*○〇]{2}年|[xX×*○〇]{2,4}年")


@dataclass(frozen=True)
class NamedPeriod:
    """A period that a text names, with its span; ``year`` is None if the text does not state it.

    ``unnamed`` marks a time that is not a calendar period, such as a holiday or a single day. ``until`` marks the day
    up to which something was counted from a beginning that is stated elsewhere.
    """

    start: int
    end: int
    year: int | None
    part: str
    unnamed: bool = False
    until: bool = False

    def of(self, year: int | None) -> str | None:
        """Return the period, with ``year`` if the text does not state one."""
        known = self.year if self.year is not None else year
        if "/" in self.part and len(self.part) == 9:
            return self.part
        if known is None:
            return None
        return "/".join(f"{known}{half}" for half in self.part.split("/")) if self.part else str(known)


def named_periods(text: str, published: date | None) -> Iterator[NamedPeriod]:
    """Yield every period that a text names, in order, without dates of telegrams and years of comparison."""
    unnamed = (NamedPeriod(match.start(), match.end(), None, "", unnamed=True) for match in _UNNAMED.finditer(text))
    yield from sorted((*_chinese(text, published), *_english(text), *unnamed), key=lambda found: found.start)


def masked(text: str) -> bool:
    """Return whether a text hides its years: 19年, 20××年."""
    return _MASKED.search(text) is not None


def _chinese(text: str, published: date | None) -> Iterator[NamedPeriod]:
    for match in _CHINESE.finditer(text):
        found = match.groupdict()
        if match.end() == match.start() or (not found["from"] and _compared(text, match)):
            continue
        if found["from"]:
            yield NamedPeriod(match.start(), match.end(), None, f"{found['from']}/{found['to']}")
            continue
        year = int(found["year"]) if found["year"] else None
        if published and found["this"]:
            year = published.year
        if published and found["last"]:
            year = published.year - 1
        until = bool(found["day"] and _UNTIL.search(text[: match.start()]))
        part = _part(found, text[: match.start()])
        if found["day"] and part is None and (until or not _REPORTED.search(text[match.end() : match.end() + 30])):
            yield NamedPeriod(match.start(), match.end(), None, "", unnamed=True)
            continue
        if found["month"] and not found["of"] and _BEGUN.search(text[match.end() : match.end() + 24]):
            yield NamedPeriod(match.start(), match.end(), None, "", unnamed=True)
            continue
        part = part if part is None else _CALENDAR.get(part, part)
        # 末 and 底 without a year, and a day that is not the end of a count, name no period.
        if part is not None and (part or year is not None or found["whole"] == "全年"):
            yield NamedPeriod(match.start(), match.end(), year, part, until=until)


def _part(found: dict[str, str | None], before: str) -> str | None:  # noqa: PLR0911 - one return for each form
    """Return the part of the year as the end of a period's text: "" for the whole year, None if it is no period."""
    try:
        if found["day"]:
            month, day = (int(number) for number in re.findall(r"\d+", found["day"]))
            if found["hour"]:
                return f"-{month:02}-{day:02}"
            whole = day >= monthrange(2001, month)[1] and _UNTIL.search(before) and not _UNNAMED.search(before)
            return f"-01/-{month:02}" if whole else None
        if found["first"]:
            return f"-01/-{small(found['first']):02}"
        if found["threequarters"]:
            return "-01/-09"
        if found["quarter"]:
            return f"-Q{small(found['quarter'])}"
        if found["half"]:
            return "-S1" if found["half"] == "上" else "-S2"
        if found["m1"] and found["m2"]:
            return f"-{int(found['m1']):02}/-{int(found['m2']):02}"
        if found["month"]:
            return f"-{int(found['month']):02}"
    except ValueError:
        return None
    return "-07/-08" if found["summer"] else ""


def _english(text: str) -> Iterator[NamedPeriod]:
    for match in _ENGLISH.finditer(text):
        if _compared(text, match):
            continue
        found = {name: value.lower() for name, value in match.groupdict().items() if value}
        year = next((int(found[name]) for name in found if name.endswith("year")), None)
        if "m1" in found:
            part = f"-{_MONTHS.index(found['m1']) + 1:02}/-{_MONTHS.index(found['m2']) + 1:02}"
        elif "months" in found:
            part = f"-01/-{_NUMBERS[found['months']]:02}"
        elif "ordinal" in found:
            part = f"-{'S' if found['part'] == 'half' else 'Q'}{_ORDINALS[found['ordinal']]}"
        else:
            part = f"-{_MONTHS.index(found['month']) + 1:02}" if "month" in found else ""
        yield NamedPeriod(match.start(), match.end(), year, part)


def _compared(text: str, match: re.Match[str]) -> bool:
    before, after = text[max(0, match.start() - 14) : match.start()], text[match.end() : match.end() + 4]
    return bool(_COMPARED_BEFORE.search(before) or _COMPARED_AFTER.match(after))


def ends(period: str) -> str:
    """Return the last part of a period of several months: ``2024-11`` for ``2024-01/2024-11``."""
    return period.rpartition("/")[2]


def last_day(period: str) -> str:
    """Return the last day of a period."""
    last = ends(period)
    if len(last) == len("2020-11-01"):
        return last
    parts = {"": 12, "-S1": 6, "-S2": 12, **{f"-Q{quarter}": 3 * quarter for quarter in range(1, 5)}}
    month = parts.get(last[4:]) or int(last[5:])
    return f"{last[:4]}-{month:02}-{monthrange(int(last[:4]), month)[1]}"
