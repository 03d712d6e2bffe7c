"""Time expressions of Chinese and English prose, read by a closed grammar.

An expression is a run of parts without a gap: 2024年 + 上半年, 截至 + 2025年 + 8月底, 过去五年. It is resolved to a
period with its kind, or to no period and the reason. A period is written as in cells (``2024``, ``2024-S1``,
``2024-Q3``, ``2024-05``, ``2020-11-01``). A period that is not a calendar period is
written as two of one kind with a stroke (``2024-01/2024-11``).
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sources.prose.language.date_spans import span_at
from sources.prose.language.quantities import small

_HAN_NUMBER = r"(?:[一二两三四五六七八九十]{1,3}|\d{1,2})"
_YEAR = r"(?<!\d)(?:19|20)\d{2}"
_DASH = r"(?:[-~—–]{1,2}|至|到)"
# 连续两年的下降趋势 describes a trend and names no time.
_TREND = (
    rf"(?:结束了)?连续第?{_HAN_NUMBER}(?:年|个月|个?季度)的?(?:下降|增长|上升|减少|增加|回落|回升|保持|稳居|位居|居)"
)
_HOLIDAY = (
    r"(?:春节|元旦|清明节?|五一|劳动节|端午节?|中秋节?|国庆节?|“五一”|“十一”|“双节”|双节|春运|黄金周|小长假|暑假|寒假|暑运)"
    r"(?:、?(?:中秋|国庆|清明|端午|元旦|春节)节?)*"
)
# The parts of a time expression, the longest first. The group's name is the kind of the part.
_PARTS = re.compile(
    rf"(?P<masked>(?<!\d)(?:19|20)年(?!来|间|期|前|后|以|的时间)|(?<!\d)\d{{2}}[xX×*○〇]{{2}}年?|[xX×*○〇]{{2,4}}年)"
    rf"|(?P<range>(?P<from>{_YEAR})年?(?:度|底|末|初)?{_DASH}(?P<to>(?:19|20)\d{{2}})年(?:度|间|底|末)?)"
    rf"|(?P<year>(?P<four>{_YEAR})年(?:度|份)?)"
    r"|(?P<this>今年|本年度?)|(?P<last>去年|上年度?(?!末|同期))"
    r"|(?P<daterange>\d{1,2}月\d{1,2}日(?:\d{1,2}时)?(?:[-~—–]{1,2}|至|到)(?:\d{1,2}月)?\d{1,2}日(?:\d{1,2}时)?)"
    r"|(?P<day>(?P<daymonth>\d{1,2})月(?P<dayday>\d{1,2})日(?P<hour>零时|0时)?)"
    r"|(?P<firstmonths>(?:前|头)(?P<count>[一二两三四五六七八九十]{1,2}|\d{1,2})个?月)"
    r"|(?P<threequarters>[前头][三3]个?季度)|(?P<otherquarters>[前头][一二两12]个?季度)"
    r"|(?P<quarter>第?(?P<q>[一二三四1-4])季度(?P<quarterend>末)?)|(?P<half>(?P<h>[上下])半年)"
    rf"|(?P<summer>暑期(?:\(?[7七]月?{_DASH}[8八]月\)?)?)"
    rf"|(?P<months>(?P<m1>\d{{1,2}})(?:月?(?:份)?{_DASH}|(?P<both>、))(?P<m2>\d{{1,2}})月(?:份)?(?P<mend>底|末)?)"
    r"|(?P<month>(?P<m>(?<![\d.])\d{1,2})月(?:份)?(?:当月)?(?P<monthend>底|末)?)"
    r"|(?P<yearend>年末|年底|(?<=年)(?:末|底)|岁末)|(?P<whole>全年度?|年内|同年|当年)"
    r"|(?P<average>(?:平均)?[每日月周年]?均每?[天日月周年](?!收入|消费|龄)|[日周月年]均(?!收入|消费|龄|工资)|平均每[天日月周年]"
    r"|每[天日周月年]|单日(?:最高)?|当日|日(?:最)?高峰|高峰日|最高峰?日|首[日月年]|末日)"
    rf"|(?P<holiday>{_HOLIDAY}(?:假期|期间|长假)?|假期|期间)"
    rf"|(?P<span>(?!{_TREND})(?:过去|近|最近|前|后|这|此后|今后|未来|连续|历时|一连)的?{_HAN_NUMBER}(?:多|余)?个?(?:年度?|月份?|天|周|季度|届)(?:多|半)?(?:来|间|里|内|以来)?"
    rf"|{_HAN_NUMBER}(?:多|余)?(?:年|个月|周|天|个季度)(?:多|半)?(?:来|间|里|内|以来|共|累计)"
    r"|[“\"]?(?:十[一二三四五六]|[一二三四五六七八九])五[”\"](?:规划|计划)?(?:时期|期间|以来|开局之年|收官之年|前\w年)?|十[一二三四五六]五(?:规划|计划)?(?:时期|期间|以来)"
    r"|近年来?|近几年来?|多年来|历年来?|往年|数年来?|一段时间(?:以来)?|近期|近日|日前|目前|现在|如今|迄今(?:为止)?|至今|同期|当月|当天|上周|本周|上月|本月|上个月|这个月"
    r"|本届(?:政府|任期)?(?:以来)?|任期(?:内|以来)?|有史以来|一直以来|长期以来|新时代以来)"
    r"|(?P<upto>到(?=(?:19|20)\d{2}年(?:年?[末底])))"
    r"|(?P<until>截至|截止到?|截到|直至)"
    r"|(?P<since>(?<!来)[自从](?=\d|去年|今年|上年|上半年|本年|改革|党的|国家|建局|新中国|第))"
    r"|(?P<sincetail>以来|之后|以后|以前|之前|起(?!诉|草|到)|开始(?=[,至到]))"
    r"|(?P<inside>初(?!步|次|审|中|级|一)|上旬|中旬|下旬|中期|凌晨|上午|下午|晚间|晚上)"
)
_WHOLE_NAMES = re.compile(
    r"(?:党的|中共)?十[六七八九]大以来|(?:党的)?二十大以来|改革开放(?:\w{1,3}年)?以来|新中国成立以来|建国以来|世纪以来|疫情(?:发生)?以来"
    r"|(?:(?![自从]\d)\w){1,14}(?:成立|组建|实施|启动|开展|部署|运行|施行|挂牌|出台|上线|改革|发布|实行|开通|启用)(?:\w年)?以来"
)
# What joins two parts of one expression.
_JOINED = re.compile(r"的|,(?=截[至止])")
# 截至9月30日,今年…… counts from the beginning of the year that follows.
_OF_YEAR = re.compile(r",(?=今年(?!以来)|(?:19|20)\d{2}年(?![度份末底\d]))")
_OF_ONE = ("inside", "yearend", "whole")
# 同期 at the beginning of a part is the time that was named before; it is a neutral word of the vocabulary.
_SAME_TIME = re.compile(r"同期(?!相比|比|水平|增|下|上|减)")
_NAMES = "january|february|march|april|may|june|july|august|september|october|november|december"
_MONTHS = _NAMES.split("|")
_SHORT = "(?:jan|feb|mar|apr|aug|sept?|oct|nov|dec)"
_ORDINALS = {name: number for number, name in enumerate(["first", "second", "third", "fourth"], 1)}
_COUNTS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven"
_NUMBERS = {name: number for number, name in enumerate(_COUNTS.split("|"), 1)}
_ENGLISH = re.compile(
    rf"(?P<m1>{_NAMES})\s?(?:to|through|-|–)\s?(?P<m2>{_NAMES})(?:,? (?:of )?(?P<range_year>\d{{4}}))?"
    rf"|first (?P<months>{_COUNTS}) months(?: of (?:(?P<months_year>\d{{4}})|this year))?"
    rf"|(?P<ordinal>first|second|third|fourth)[ -](?P<part>quarter|half)(?:\s?\([QH][1-4]\))?"
    rf"(?:\s?(?:of )?(?:(?P<part_year>\d{{4}})|this year))?"
    rf"|first three quarters(?: of (?:(?P<three_year>\d{{4}})|this year))?"
    rf"|(?<![A-Za-z\d])(?P<short>[QH][1-4])(?![A-Za-z\d])(?: (?:of )?(?P<short_year>(?:19|20)\d{{2}}))?"
    rf"|end of (?P<month>{_NAMES})(?:,? (?P<month_year>\d{{4}}))?"
    rf"|(?P<span>(?:from |since |between )(?:19|20)\d{{2}}(?: (?:to|and|until) (?:19|20)\d{{2}})?"
    r"|(?:past|last|next) (?:\w+) (?:years|months|weeks)|since \w+"
    rf"|(?:19|20)\d{{2}}[-–—](?:(?:19|20)\d{{2}}|\d{{2}})(?!\d)"
    r"|holiday|festival)"
    r"|(?P<average>(?:daily|monthly|weekly|annual) average|average (?:daily|monthly)|on average|per (?:day|month)"
    r"|(?:a|each|every) (?:day|month))"
    r"|(?<![a-z])(?P<before>last year)(?![a-z'’])"
    rf"|(?<![a-z])(?P<single>(?:{_NAMES})(?: \d{{1,2}})?(?:,? (?:19|20)\d{{2}})?|{_SHORT}\.? \d{{1,2}})(?![a-z\d])"
    r"|(?<![\d,.\u4e00-\u9fff”\"—–-])(?P<year>(?:19|20)\d{2})(?![\d,.]\d|\d| ?percent|-\d|\s?[\u4e00-\u9fff])",
    re.IGNORECASE,
)
_CALENDAR = {
    **{f"-{3 * quarter - 2:02}/-{3 * quarter:02}": f"-Q{quarter}" for quarter in range(1, 5)},
    "-01/-06": "-S1",
    "-07/-12": "-S2",
    "-01/-12": "",
}

AVERAGE = "it is an average over a time"
_NOT_CALENDAR = "it names a time that is not a calendar period"
_UNDATED_SPAN = "it counts over a span that it does not date"


@dataclass(frozen=True)
class TimeExpression:
    """A time expression with its span and the period that it names.

    ``year`` is None if the text does not state it. ``part`` is the end of the period's text: "" for the whole year.
    ``why`` is the reason if the expression names no period. ``kind`` is "over" a period, "at" its end, or "until" its
    end from a beginning that is not stated. ``to_end`` marks several years whose last end is named: 从1978年到2018年底.
    """

    start: int
    end: int
    year: int | None = None
    part: str = ""
    kind: str = "over"
    why: str = ""
    day: bool = False
    to_end: bool = False

    def of(self, year: int | None) -> str | None:
        """Return the period, with ``year`` if the text does not state one."""
        known = self.year if self.year is not None else year
        if self.part[:1].isdigit():
            return self.part
        if known is None:
            return None
        return "/".join(f"{known}{half}" for half in self.part.split("/")) if self.part else str(known)


def time_at(text: str, start: int, published: date | None) -> TimeExpression | None:
    """Return the longest time expression that begins at a position of a text, or None."""
    if span := span_at(text, start, published):
        within = _CALENDAR.get(span.part, span.part)
        return TimeExpression(start, span.end, span.year, within, why=span.why, to_end=span.until)
    if named := _WHOLE_NAMES.match(text, start):
        return TimeExpression(start, named.end(), why="it counts since a time that it does not name")
    if _SAME_TIME.match(text, start) and (start == 0 or text[start - 1] in ",:;("):
        return None
    parts: list[re.Match[str]] = []
    at = start
    while part := _PARTS.match(text, at):
        kind = part.lastgroup
        if not parts and kind in ("inside", "sincetail"):
            break
        if kind in ("year", "range") and any(one.lastgroup in ("year", "range") for one in parts):
            break
        parts.append(part)
        at = part.end()
        first_only = parts[0].lastgroup == "until" and not any(one.lastgroup in _YEARS for one in parts)
        if joined := _JOINED.match(text, at) or (_OF_YEAR.match(text, at) if first_only else None):
            following = _PARTS.match(text, joined.end())
            at = joined.end() if following and following.lastgroup not in _OF_ONE else at
    if len(parts) > 1 and text.startswith("从", start) and text.startswith("的", at) and parts[0].lastgroup == "since":
        parts = parts[1:]  # 从2012年的X起下降至2023年的Y起 names two years, and no span
    if not parts:
        return _english_at(text, start, published)
    return _resolved(start, parts, published)


def times_in(text: str, published: date | None) -> Iterator[TimeExpression]:
    """Yield the time expressions of a text in order."""
    at = 0
    while at < len(text):
        found = time_at(text, at, published)
        if found is not None:
            yield found
            at = found.end
        else:
            at += 1


_COMPARED_BEFORE = re.compile(
    r"(?:比|较|超过|than|compared with|compared to|that of|over that (?:at|in|of)(?: the)?(?: end of)?"
    r"|(?:than|over|from|of|with|to)(?: that)?(?: in| at| of| for)?(?: the)? (?:same period|end|figure|number|level)"
    r"(?: of| in| for)?"
    r"|same period(?: of| in)?|(?:than|over|from) (?:in|at|that in|that of))\s?$",
    re.IGNORECASE,
)
_COMPARED_TO = re.compile(r"(?:与|和|同|达到|恢复至|恢复到|相当于|回升至)\s?$")
_COMPARED_AFTER = re.compile(r"(?:末|底)?(?:同期|相比|水平)")


def named_times(text: str, published: date | None) -> Iterator[TimeExpression]:
    """Yield the time expressions of a text that figures may be of: neither days nor times of a comparison."""
    for time in times_in(text, published):
        before, written = text[: time.start], text[time.start : time.end]
        compared = _COMPARED_AFTER.match(text, time.end)
        compared = _COMPARED_BEFORE.search(before) or (_COMPARED_TO.search(before) and compared)
        if not (time.day or "同期" in written or compared):
            yield time


_YEARS = ("year", "this", "last")
_WITHIN_YEAR = ("firstmonths", "threequarters", "quarter", "half", "summer", "months", "month", "day")
_WHOLE_YEAR = ("whole", "yearend")
# The reasons why an expression with a part of these kinds names no period; the first one counts.
_NO_PERIOD = {
    "masked": "the year is masked",
    "span": _UNDATED_SPAN,
    **dict.fromkeys(("average", "holiday", "daterange", "otherquarters", "inside"), _NOT_CALENDAR),
}


def _resolved(start: int, parts: list[re.Match[str]], published: date | None) -> TimeExpression:
    """Return the period of the parts of one expression, or the reason why it names none."""
    end, by_kind = parts[-1].end(), [(str(part.lastgroup), part) for part in parts]
    kinds = [kind for kind, _ in by_kind]
    why = _why_no_period(kinds) or _why_no_year(by_kind, published)
    if not why and "range" in kinds:
        found = parts[kinds.index("range")]
        to_end = found.group().endswith(("底", "末"))
        return TimeExpression(start, end, part=f"{found['from']}/{found['to']}", to_end=to_end)
    until = "until" in kinds
    dated = next((_part(part, kind, until=until) for kind, part in by_kind if kind in _WITHIN_YEAR), ("", False))
    if why or dated is None:
        return TimeExpression(start, end, why=why or _NOT_CALENDAR, day="day" in kinds)
    part, at_end = dated
    year = next((_year_of(part, published) for kind, part in by_kind if kind in _YEARS), None)
    over = "at" if at_end or "yearend" in kinds else "over"
    if until and kinds[-1] in _YEARS and re.fullmatch(r"-\d\d", part):
        return TimeExpression(start, end, year, _CALENDAR.get(f"-01/{part}", f"-01/{part}"))
    within = _CALENDAR.get(part, part)
    return TimeExpression(start, end, year, within, "until" if until else over, day="day" in kinds and not until)


def _why_no_period(kinds: list[str]) -> str:
    """Return the reason why parts of these kinds name no period together, "" if they may name one."""
    for kind, why in _NO_PERIOD.items():
        if kind in kinds:
            return why
    if "range" in kinds:
        return "" if set(kinds) <= {"range", "since", "whole"} else _UNDATED_SPAN
    if "since" in kinds or "sincetail" in kinds:
        return "it counts since a time that it does not name"
    if sum(kind in _YEARS for kind in kinds) > 1:
        return "it names two years"
    named = any(kind in (*_YEARS, *_WITHIN_YEAR, *_WHOLE_YEAR) for kind in kinds)
    return "" if named and sum(kind in _WITHIN_YEAR for kind in kinds) <= 1 else _NOT_CALENDAR


def _why_no_year(by_kind: list[tuple[str, re.Match[str]]], published: date | None) -> str:
    """Return the reason why the year of an expression is not known, or its range is none."""
    for kind, part in by_kind:
        if kind == "range" and int(part["from"]) >= int(part["to"]):
            return _UNDATED_SPAN
        if kind in _YEARS and _year_of(part, published) is None:
            return "the year is not known"
    return ""


def _year_of(part: re.Match[str], published: date | None) -> int | None:
    if part["four"]:
        return int(part["four"])
    if published is None:
        return None
    return published.year if part["this"] else published.year - 1


def _part(found: re.Match[str], kind: str, *, until: bool) -> tuple[str, bool] | None:  # noqa: PLR0911
    """Return a part of the year as the end of a period's text and whether it is its end; None if it is no period."""
    try:
        if kind == "day":
            month, day = int(found["daymonth"]), int(found["dayday"])
            if not 1 <= month <= 12:
                return None
            if found["hour"]:
                return f"-{month:02}-{day:02}", True
            return (f"-{month:02}" if month < 12 else "", True) if until and day >= monthrange(2001, month)[1] else None
        if kind == "firstmonths":
            count = small(found["count"])
            return (f"-01/-{count:02}" if 1 < count <= 12 else "-01", False) if 1 <= count <= 12 else None
        if kind == "months":
            first, last = int(found["m1"]), int(found["m2"])
            named = first + 1 == last if found["both"] else first < last  # 5、6月份, but not 5、8月份
            return (f"-{first:02}/-{last:02}", bool(found["mend"])) if named and first >= 1 and last <= 12 else None
        if kind == "month":
            month = int(found["m"])
            return (f"-{month:02}", bool(found["monthend"])) if 1 <= month <= 12 else None
        if kind == "quarter":
            return f"-Q{small(found['q'])}", bool(found["quarterend"])
    except ValueError:
        return None
    return {"threequarters": "-01/-09", "half": "-S1" if found["h"] == "上" else "-S2", "summer": "-07/-08"}[
        kind
    ], False


def _english_at(text: str, start: int, published: date | None) -> TimeExpression | None:
    match = _ENGLISH.match(text, start)
    if match is None:
        return None
    found = {name: value.lower() for name, value in match.groupdict().items() if value}
    if "span" in found or "average" in found:
        return TimeExpression(match.start(), match.end(), why=_UNDATED_SPAN if "span" in found else AVERAGE)
    if "single" in found:
        return TimeExpression(match.start(), match.end(), why=_NOT_CALENDAR, day=True)
    if "before" in found:
        return TimeExpression(match.start(), match.end(), published.year - 1) if published else None
    year = next((int(found[name]) for name in found if name.endswith("year")), None)
    kind = "over"
    if "m1" in found:
        part = f"-{_MONTHS.index(found['m1']) + 1:02}/-{_MONTHS.index(found['m2']) + 1:02}"
    elif "months" in found:
        part = f"-01/-{_NUMBERS[found['months']]:02}"
    elif "short" in found:
        part = f"-{found['short'].upper().replace('H', 'S')}"
        if part in ("-S3", "-S4"):
            return TimeExpression(match.start(), match.end(), why=_NOT_CALENDAR)
    elif match.group().lower().startswith("first three quarters"):
        part = "-01/-09"
    elif "ordinal" in found:
        part = f"-{'S' if found['part'] == 'half' else 'Q'}{_ORDINALS[found['ordinal']]}"
    else:
        part = f"-{_MONTHS.index(found['month']) + 1:02}" if "month" in found else ""
        kind = "at" if "month" in found else "over"
    return TimeExpression(match.start(), match.end(), year, _CALENDAR.get(part, part), kind)


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
