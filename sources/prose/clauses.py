"""Reading of a sentence, clause by clause: figures of statements, their changes, lists, and the word that stops it.

A sentence is read from its beginning. The first clause that is not understood stops it: its figure and all later ones
of the sentence are unread, because its words may narrow them too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import pairwise, product

from sources.prose.language.quantities import Figure, Quantity, figure, quantities
from sources.prose.language.sentences import Compact
from sources.prose.language.time_expressions import TimeExpression, time_at, times_in
from sources.prose.language.vocabulary import Token, vocabulary
from sources.prose.matching import Found, Grammar, ends_clause
from sources.prose.statements import Statement

_SHARE = re.compile(r"[,、]?(?:其中)?(?:约|大约|均)?(?:占比|占)[^,。;]*$")
_CONTINUES = re.compile(
    r"[,、]?(?:则|并)?(?:达到了?|达|为|增加到|增加至|增至|增长到|增长至|上升到|上升至|升至|提高到|提高至|扩大到|扩大至|下降到|下降至|降至|降到"
    r"|减少到|减少至|回升至|恢复至)"
)
_LEVELS_OF = re.compile(
    r"[,、]?(?P<each>分别)?(?:规模|总量|人数|约|已)?(?:达到|恢复到|恢复至|回升至|相当于|为|是|约为)"
    r"(?:.{2,12}(?:同期|年)|上年|去年)(?:水平)?的?(?:约)?"
)
# The words after a mean in English: averaging 1.9 million per day.
_PER_DAY = re.compile(r" (?:per|a|each|every) (?:day|month)")
_SEPARATORS = re.compile(r",? and $|[、,]?(?:和|及|以及|与)?$|、(?:和|及)?$")
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
# The figure of an earlier year, in the words of the figure before it: 25.8万人(去年同期为32.3万人).
_EARLIER = re.compile(
    r"[,(](?P<year>上年|去年|上一年|(?:19|20)\d{2}年)(?:同期|末|底|年底|年末)?(?:则)?(?:为|是|仅为|约为)$"
)
_PART_OF_TIME = re.compile(r"[,、;]?\s?其中,?(?:仅)?")
_AMONG = "中,"
_SPLIT = re.compile(r"、|以及|和|及|与|,")
_PERCENT = ("%", "percent", "per cent", "-percent", "个百分点")
# Words whose end is another word: 内地居民、港澳台居民出入境 does not share 入境.
_UNDIVIDED = ("出入境", "入出境")
_LONGEST_LIST = 12
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
# Comparisons with another time than the year before.
_NOT_YEAR_BEFORE = re.compile(r"环比|季度|年初|\d{4}年|月")


@dataclass(frozen=True)
class Reading:
    """A figure of a sentence as it is read, with its statement, its clause and its times.

    The period of a figure in brackets is that of the figure before it, ``like``, in another ``year``.
    """

    found: Found
    quantity: Quantity
    own: tuple[TimeExpression, ...]
    earlier: tuple[TimeExpression, ...]
    like: "Reading | None" = None
    year: str = ""


@dataclass(frozen=True)
class Change:
    """The printed change of a figure on the year before, in percent."""

    reading: Reading
    quantity: Quantity
    falls: bool


@dataclass
class Thread:
    """What a paragraph is about: the last statement that was read, the last total, and whether a figure was unread."""

    last: str | None = None
    head: str | None = None
    broken: bool = False
    begun: bool = False

    def note(self, found: Found, *, part: bool) -> None:
        """Keep a statement as the last one, and as the last total if it is no part of another."""
        self.begun, self.broken, self.last = True, False, found.name
        if not found.form.of and not part:
            self.head = found.name
        elif self.head is None and found.form.of:
            self.head = found.form.of[0]

    def unread(self) -> None:
        """Keep that a figure was not understood: what is a part of it is not understood either."""
        self.begun, self.broken, self.last, self.head = True, True, None, None


@dataclass
class Outcome:
    """The figures of a sentence, their changes, the quantities that are unread with the reason, and the times.

    ``aside`` are the spans of means, peaks and comparisons: their times are valid for no other figure.
    """

    readings: list[Reading] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    unread: list[tuple[Quantity, str]] = field(default_factory=list)
    times: list[TimeExpression] = field(default_factory=list)
    aside: list[tuple[int, int]] = field(default_factory=list)


# The number of a paragraph: 二、按国别排序, (三)证件方面, 1.出入境人员.
_NUMBERED = re.compile(
    r"(?:[一二三四五六七八九十]{1,3}、(?![一二三四五六七八九十]|季|线|级|类|月|年|等)|\([一二三四五六七八九十\d]{1,3}\)|\d{1,2}[.、](?!\d)|[①-⑩])"
)


def read_sentence(grammar: Grammar, sentence: Compact, thread: Thread) -> Outcome:
    """Return the figures of a sentence, and the quantities that were not read with the word that stopped each."""
    return _Sentence(grammar, sentence.text, thread).read()


class _Sentence:
    """The state of reading one sentence."""

    def __init__(self, grammar: Grammar, text: str, thread: Thread) -> None:
        self.grammar, self.text, self.thread = grammar, text, thread
        numbered = _NUMBERED.match(text)
        self.at = numbered.end() if numbered else 0
        if grammar.reporters and (reporter := grammar.reporters.match(text, self.at)):
            self.at = reporter.end()
        self.verbs: frozenset[str] = frozenset()
        self.run: list[Reading] = []
        self.mean: Quantity | None = None
        self.before_bracket: list[TimeExpression] | None = None
        self.out = Outcome()

    def read(self) -> Outcome:
        """Read the quantities from left to right until one is not understood."""
        found = self._quantities()
        while found:
            used = self._clause(found)
            if not used:
                reason = self._reason(found[0])
                self.out.unread += [(one, reason) for one in found if not _is_plain_number(self.text, one)]
                self.thread.unread()
                break
            found = [one for one in found[used:] if one.start >= self.at]
        return self.out

    def _quantities(self) -> list[Quantity]:
        """Return the quantities of the sentence: numbers that are no part of a time, a word or a subject."""
        skipped = [(time.start, time.end) for time in times_in(self.text, self.grammar.published)]
        skipped += [(0, self.at), *self.grammar.lexer.spans_of_numbers(self.text)]
        skipped += [match.span() for pattern in self.grammar.numbered for match in pattern.finditer(self.text)]
        return list(quantities(self.text, self.grammar.units, skipped))

    def _drop_undated_whole(self, region: str) -> None:
        """Drop the figures before 其中2025年: they count more than a year, and their own time is not stated."""
        opening = _PART_OF_TIME.match(region)
        if opening and time_at(region, opening.end(), self.grammar.published) and not self.out.times:
            self.out.unread += [(one.quantity, "its time is not stated") for one in self.out.readings]
            self.out.readings, self.run, self.out.changes = [], [], []

    def _clause(self, found: list[Quantity]) -> int:
        """Read the clause of the first quantity, or a list; return how many quantities it has, 0 if not understood."""
        quantity = found[0]
        region = self.text[self.at : quantity.start]
        self._leave_bracket(quantity)
        if quantity.is_range:
            return 0
        if self.text.startswith(_AMONG, quantity.unit_end):
            return self._among(region, quantity)
        self._drop_undated_whole(region)
        return (
            self._mean(region, quantity)
            or self._earlier(region, quantity)
            or self._passed(region, found)
            or self._listed(region, found)
            or self._continued(region, quantity)
            or self._statement(region, quantity)
            or self._summed(region, quantity)
            or self._changed_to(region, found)
            or self._changed_to_in_english(region, found)
            or self._changed(region, found)
            or self._changed_in_english(region, quantity)
            or self._shared(region, found)
            or self._changed_without_figure(region, quantity)
        )

    def _leave_bracket(self, quantity: Quantity) -> None:
        """Keep the times of a part in brackets inside of it: 占63.9%(2020年为45.4%),居住在乡村的人口为5.1亿人."""
        inside = is_in_brackets(self.text, quantity.start)
        if inside and self.before_bracket is None:
            self.before_bracket = list(self.out.times)
        elif not inside and self.before_bracket is not None:
            self.out.times, self.before_bracket = self.before_bracket, None

    def _among(self, region: str, quantity: Quantity) -> int:
        """Read a total that the sentence goes on to divide: 在外出农民工17641万人中,跨省流动6758万人."""
        used = self._statement(re.sub(r"(?:(?<=[,;:])|^)在", "", region), quantity)
        self.at += used * len(_AMONG.rstrip(","))
        return used

    def _statement(self, region: str, quantity: Quantity) -> int:
        chosen = self._choose(region, quantity)
        if not chosen or any(self._of_mean(one, quantity) for one in chosen):
            return 0
        earlier = tuple(self.out.times)
        self.out.readings += [Reading(one, quantity, one.times, earlier) for one in chosen[1:]]
        self._keep(chosen[0], quantity)
        return 1

    def _of_mean(self, found: Found, quantity: Quantity) -> bool:
        """Return whether a part may be one of the mean or peak before it: it is not larger than that."""
        part = bool(found.form.of) or any("link" in token.roles for token in found.tokens)
        if self.mean is None or not part or quantity.unit != self.mean.unit:
            return False
        return figure(quantity.text).value <= figure(self.mean.text).value

    def _choose(self, region: str, quantity: Quantity) -> list[Found]:
        """Return the statements of a clause with the longest subject, if their whole is the right one."""
        elided = self._with_elided_unit(region, quantity)
        last = self.run[-1].found if self.run else None
        possible = [one for one in self.grammar.matches(region, elided, self.text, last) if self._bound(one)]
        longest = max((one.size for one in possible), default=0)
        chosen = [one for one in possible if one.size == longest]
        nearest = [one for one in chosen if self.thread.last in one.form.of]
        return list({one.name: one for one in nearest or chosen}.values())

    def _with_elided_unit(self, region: str, quantity: Quantity) -> Quantity:
        """Return the quantity with the unit of the last total, if it is a part of it and has a multiplier only."""
        if quantity.unit or not quantity.scaled or "其中" not in region or not self.run:
            return quantity
        return replace(quantity, unit=self.run[-1].quantity.unit)

    def _bound(self, found: Found) -> bool:  # noqa: PLR0911 - one return for each rule
        """Return whether the whole that a clause is a part of is the right one."""
        declared, thread = found.form, self.thread
        roles = {role for token in found.tokens for role in token.roles}
        if "link" in roles and thread.begun and not self._is_part(found):
            return False
        free = not self.verbs and not self.grammar.verbs_needed
        inherited = not declared.verb or found.verbs or free or self.verbs & set(declared.verb)
        if not inherited and not (declared.of and {thread.last, thread.head} & set(declared.of)):
            return False
        if declared.adjacent or declared.directly:
            return thread.last in declared.of
        if not declared.of or found.topic:
            return True
        if declared.alone and found.verbs and "link" not in roles:
            return True
        if {thread.last, thread.head} & set(declared.of) or thread.last == found.name:
            return True
        return declared.alone and not thread.begun

    def _is_part(self, found: Found) -> bool:
        """Return whether a clause with 其中 is a part of the last total, which it names or which is counted alike."""
        head = self.thread.head
        if self.thread.broken or head is None:
            return False
        if {self.thread.last, head} & {*found.form.of, *found.form.within}:
            return True
        whole = self.grammar.statements.get(head)
        return whole is not None and not found.form.of and _covers(whole, found)

    def _keep(self, found: Found, quantity: Quantity) -> None:
        roles = {role for token in found.tokens for role in token.roles}
        part = "link" in roles
        if part:
            self.run = []
        reading = Reading(found, quantity, found.times, tuple(self.out.times))
        self.out.readings.append(reading)
        self.out.times += found.times
        self.run.append(reading)
        if found.verbs:
            self.verbs = found.verbs
        self.thread.note(found, part=part)
        self.at = found.end

    def _continued(self, region: str, quantity: Quantity) -> int:
        """Read a second figure of the same statement: 超过9千万人次,达9100.5万人次; 由2023年的X人增加到2024年的Y人."""
        if not self.run or (match := _CONTINUES.match(region)) is None:
            return 0
        last = self.run[-1]
        time = time_at(region, match.end(), self.grammar.published)
        rest = region[time.end if time else match.end() :]
        if (
            rest not in ("", "的")
            or quantity.unit != last.quantity.unit
            or not ends_clause(self.text[quantity.unit_end :])
        ):
            return 0
        bounded = re.search(r"超|突破|余|多|近|约", last.quantity.text)
        if not (time or bounded):
            return 0
        own = (time,) if time else last.own
        reading = replace(last, quantity=quantity, own=own, earlier=last.earlier if not time else tuple(self.out.times))
        self.out.readings.append(reading)
        self.out.times += (time,) if time else ()
        self.run.append(reading)
        self.at = quantity.unit_end
        return 1

    def _mean(self, region: str, quantity: Quantity) -> int:
        """Skip a mean over days or a peak after its total; the changes that follow are changes of the mean."""
        if self.out.readings:
            follows = quantity.unit == self.out.readings[-1].quantity.unit and bool(_MEAN.fullmatch(region))
        else:  # a sentence of its own: 查验2亿人次;单日最高峰出现在5月1日,达218.4万人次
            known = bool(self.thread.last and quantity.unit) and not self.thread.broken
            follows = known and bool(_MEAN.fullmatch(f",{region}"))
        if not follows:
            return 0
        self.mean = quantity
        self.out.unread.append((quantity, "it is a mean or a peak"))
        self.out.aside.append((self.at, quantity.unit_end))
        self.run = []
        self.at = quantity.unit_end
        if per_day := _PER_DAY.match(self.text, self.at):
            self.at = per_day.end()
        return 1

    def _passed(self, region: str, found: list[Quantity]) -> int:
        """Read a figure after the round number that it passes: 首次逼近7亿,达6.96亿人次."""
        if len(found) < 2 or found[0].unit or not _PASSED.match(found[0].text) or found[1].is_range:
            return 0
        if not _PASSED_TO.fullmatch(self.text[found[0].end : found[1].start]):
            return 0
        return 2 * self._statement(region, found[1])

    def _earlier(self, region: str, quantity: Quantity) -> int:
        """Read the figure of an earlier year next to that of the year: 25.8万人(去年同期为32.3万人)."""
        earlier = _EARLIER.fullmatch(region)
        if earlier is None or not self.run or quantity.unit != self.run[-1].quantity.unit:
            return 0
        if not ends_clause(self.text[quantity.unit_end :]):
            return 0
        last = self.run[-1]
        self.out.readings.append(replace(last, quantity=quantity, like=last, year=earlier["year"]))
        self.run = []
        self.out.aside.append((self.at, quantity.unit_end))
        self.at = quantity.unit_end + self.text.startswith(")", quantity.unit_end)
        return 1

    def _summed(self, region: str, quantity: Quantity) -> int:
        """Read the declared sum of the figures before: 内地居民X,港澳台居民Y,外国人Z,合计6.07亿人次."""
        if not _SUM.fullmatch(region) or not ends_clause(self.text[quantity.unit_end :]):
            return 0
        for declared in self.grammar.sums:
            parts = self.run[-len(declared.parts) :]
            named = sorted(part.found.name for part in parts) == sorted(declared.parts)
            if not named or any(part.quantity.unit != quantity.unit for part in parts):
                continue
            if reduce(Figure.plus, (figure(part.quantity.text) for part in parts)).agrees(figure(quantity.text)):
                whole = self.grammar.statements[declared.whole]
                found = replace(parts[0].found, name=declared.whole, declared=whole, form=whole, fields=whole.fixed)
                self._keep(replace(found, end=quantity.unit_end), quantity)
                self.out.readings[-1] = replace(self.out.readings[-1], own=parts[0].own, earlier=parts[0].earlier)
                return 1
        return 0

    def _changed_to(self, region: str, found: list[Quantity]) -> int:
        """Read a change and the figure after it: 农民工总量比上年增加220万人,达到29973万人."""
        change = _CHANGE_OF.search(region) or _LEVEL_OF.search(region)
        if change is None or len(found) < 2 or found[1].is_range:
            return 0
        if not _CONTINUES.fullmatch(self.text[found[0].unit_end : found[1].start]):
            return 0
        chosen = self._choose(region[: change.start()], found[1])
        if not chosen:
            return 0
        self._keep(chosen[0], found[1])
        named = change.groupdict()
        year_before = named.get("compared") and not _NOT_YEAR_BEFORE.search(change.group())
        if found[0].unit in _PERCENT[:-1] and year_before and chosen[0].declared.growth:
            falls = change["way"] in vocabulary().changes.fall
            self.out.changes.append(Change(self.run[-1], found[0], falls))
        return 2

    def _changed_to_in_english(self, region: str, found: list[Quantity]) -> int:
        """Read a change and the figure after it: visa-free entries rose 52.1 percent year on year to 15.89 million."""
        change = _ENGLISH_CHANGE_OF.search(region)
        if change is None or len(found) < 2 or found[1].is_range or found[0].unit not in _PERCENT:
            return 0
        between = _ENGLISH_TO.fullmatch(self.text[found[0].unit_end : found[1].start])
        chosen = self._choose(region[: change.start()], found[1]) if between else []
        if not chosen or not between:
            return 0
        self._keep(chosen[0], found[1])
        if between["compared"] and chosen[0].declared.growth:
            falls = change["way"].lower().startswith(_ENGLISH_FALLS)
            self.out.changes.append(Change(self.run[-1], found[0], falls))
        return 2

    def _changed(self, region: str, found: list[Quantity]) -> int:
        """Read changes on another time: 比上年增加220万人,增长0.7%; 同比分别上升15.4%、11.2%."""
        quantity = found[0]
        run = self._run_of(found)
        # 同比增长15.1%、10.1%、26.4% lists the changes of as many figures without 分别.
        respectively = "分别" in region or any(one.unit in _PERCENT[:-1] for one in run)
        lexed = self.grammar.lexer.lex(region, _CHANGE_ROLES, self.grammar.published)
        if lexed.stopped or not lexed.tokens or "change" not in _last_roles(lexed.tokens, region):
            return 0
        if not ends_clause(self.text[quantity.unit_end :]):
            return 0
        listed = [quantity, *(run if respectively else ())]
        if quantity.unit in _PERCENT[:-1] and not _NOT_YEAR_BEFORE.search(region):
            words = {region[token.start : token.end] for token in lexed.tokens if "change" in token.roles}
            falls = not words.isdisjoint(vocabulary().changes.fall)
            changed = zip(self._changed_figures(region, len(listed), respectively=respectively), listed, strict=False)
            self.out.changes += [
                Change(reading, one, falls) for reading, one in changed if reading.found.declared.growth
            ]
        if respectively:
            self.run = []
        self.at = listed[-1].unit_end
        return len(listed)

    def _changed_in_english(self, region: str, quantity: Quantity) -> int:
        """Read a change whose noun follows it: a 14.2 percent increase from the previous year."""
        noun = _CHANGE_NOUN.match(self.text, quantity.unit_end)
        if quantity.unit not in _PERCENT or not noun or not _ENGLISH_CHANGE.fullmatch(region):
            return 0
        if self.run and self.run[-1].found.declared.growth:
            falls = noun["way"].lower() in ("drop", "decrease", "decline", "fall")
            self.out.changes.append(Change(self.run[-1], quantity, falls))
        self.at = noun.end()
        return 1

    def _changed_without_figure(self, region: str, quantity: Quantity) -> int:
        """Skip the change of something whose figure is not stated: 拐卖妇女儿童案件立案数同比下降20.6%."""
        lexed = self.grammar.lexer.lex(region, _CHANGE_ROLES | _LEVEL_ROLES, self.grammar.published)
        if quantity.unit not in _PERCENT or lexed.stopped or not ends_clause(self.text[quantity.unit_end :]):
            return 0
        if "change" not in _last_roles(lexed.tokens, region) or not any("compare" in t.roles for t in lexed.tokens):
            return 0
        self.out.times += tuple(token.time for token in lexed.tokens if token.time is not None)
        self.out.unread.append((quantity, "its change is given without a figure"))
        self.thread.unread()
        self.run = []
        self.at = quantity.unit_end
        return 1

    def _changed_figures(self, region: str, count: int, *, respectively: bool) -> list[Reading]:
        """Return the figures that changes are of: as many as there are changes, or the one directly before."""
        if respectively:
            return self.run if len(self.run) == count else []
        return self.run[-1:] if self._direct(region) else []

    def _direct(self, region: str) -> bool:
        """Return whether a change follows its figure without another part of the sentence between."""
        return not re.search(r",[^,]+,", region.replace("同比,", "同比")) and bool(self.run)

    def _run_of(self, found: list[Quantity]) -> list[Quantity]:
        """Return the quantities after the first that are separated from each other by a mark or a word for and only."""
        run: list[Quantity] = []
        for before, after in pairwise(found):
            if not _SEPARATORS.fullmatch(self.text[before.unit_end : after.start]):
                break
            run.append(after)
        return run

    def _shared(self, region: str, found: list[Quantity]) -> int:
        """Skip shares of the figures before: 占全国人口的34.9%; 分别恢复至2019年同期的63.2%和63.1%."""
        compared = _LEVELS_OF.fullmatch(region)
        listed = [found[0], *(self._run_of(found) if compared and compared["each"] else ())]
        if not (_SHARE.match(region) or compared) or not self.out.readings:
            return 0
        if any(one.unit not in (*_PERCENT, *(("倍",) if compared else ())) for one in listed):
            return 0
        self.out.aside.append((self.at, listed[-1].unit_end))
        self.at = listed[-1].unit_end
        self.out.unread += [(one, "") for one in listed]
        return len(listed)

    def _listed(self, region: str, found: list[Quantity]) -> int:
        """Read a list of as many subjects or times as figures: A、B分别为x、y; 2024年、2025年分别签发x、y."""
        at = region.find("分别")
        if at < 0:
            return 0
        listed = [found[0], *self._run_of(found)]
        unit = listed[-1].unit
        listed = [
            replace(one, unit=one.unit or (unit if one.scaled or not listed[-1].scaled else "")) for one in listed
        ]
        left, right = region[:at], region[at + 2 :]
        if left.endswith("人次") and not unit and all(one.scaled for one in listed):
            listed = [replace(one, unit="人次") for one in listed]
        items = list(self._by_time(left, right, len(listed))) or _by_subject(left, right, len(listed))
        results = {
            tuple((one.name, tuple(one.fields.items())) for one in every): every
            for texts in items
            if (every := self._all(texts, listed)) is not None
        }
        if len(results) != 1:
            return 0
        earlier = tuple(self.out.times)
        for one, quantity in zip(next(iter(results.values())), listed, strict=True):
            self._keep(one, quantity)
            self.out.readings[-1] = replace(self.out.readings[-1], earlier=earlier)
            self.run[-1] = self.out.readings[-1]
        self.at = listed[-1].unit_end
        return len(listed)

    def _all(self, texts: tuple[str, ...], listed: list[Quantity]) -> tuple[Found, ...] | None:
        """Return the statements of the items of a list, if each is one and no two are the same of the same time."""
        chosen: list[Found] = []
        for text, quantity in zip(texts, listed, strict=True):
            if quantity.is_range or not quantity.unit:
                return None
            possible = self._choose(text, quantity)
            if not possible:
                return None
            chosen.append(possible[0])
        keys = {
            (one.name, tuple(one.fields.items()), tuple((t.year, t.part) for t in one.times[-1:])) for one in chosen
        }
        return tuple(chosen) if len(keys) == len(chosen) else None

    def _by_time(self, left: str, right: str, count: int) -> Iterator[tuple[str, ...]]:
        """Yield the clauses of a list of times, if there are as many times as figures."""
        times = [time for time in times_in(left, self.grammar.published) if not time.why]
        if count < 2 or len(times) != count or times[0].year is None:
            return
        gaps = [left[a.end : b.start] for a, b in pairwise(times)]
        if all(gap in ("、", "和", "及", "与") for gap in gaps):
            before, after = left[: times[0].start], left[times[-1].end :]
            years = ["" if time.year else f"{times[0].year}年" for time in times]
            yield tuple(
                f"{before}{year}{left[time.start : time.end]}{after}{right}"
                for year, time in zip(years, times, strict=True)
            )

    def _reason(self, quantity: Quantity) -> str:
        """Return why a quantity is not read."""
        region = self.text[self.at : quantity.start]
        if quantity.is_range:
            return "it is a range or no plain number"
        stopped = self.grammar.stopped_at(region)
        understood = any(self.grammar.matches(region, quantity, self.text[: quantity.unit_end]))
        if not quantity.unit:
            following = re.match(r"[^,、;:。()\d]{1,12}", self.text[quantity.end :])
            return f"no unit is known in “{following.group() if following else quantity.text}”"
        if stopped and not understood:
            return f"no statement has the word “{stopped}” before it"
        if not ends_clause(self.text[quantity.unit_end :]):
            following = re.match(r"[^,、;:。()\d]{1,12}", self.text[quantity.unit_end :])
            return f"no statement has the word “{following.group() if following else ''}” after it"
        return "it is a part of a figure that is not read" if understood else "its words with its unit are no statement"


def _by_subject(left: str, right: str, count: int) -> Iterator[tuple[str, ...]]:
    """Yield the clauses of a list of subjects that share their first or their last characters."""
    if not 2 <= count <= _LONGEST_LIST:
        return
    start = left.rfind(",") + 1 if "," in left else 0
    marks = list(_SPLIT.finditer(left, start))
    if len(marks) < count - 1:
        return
    marks = marks[-(count - 1) :]
    edges = [(a.end(), b.start()) for a, b in zip(marks, [*marks[1:], None], strict=True) if b is not None]
    first, last = left[: marks[0].start()], left[marks[-1].end() :]
    middle = [left[a:b] for a, b in edges]
    for prefix, suffix in product(range(len(first) + 1), range(len(last) + 1)):
        head, tail = first[:prefix], last[len(last) - suffix :] if suffix else ""
        divided = any(
            (word in last and tail == word[1:]) or (head[-1:] == word[0] and last.startswith(word[1:]))
            for word in _UNDIVIDED
        )
        if divided or suffix == len(last) or head[-1:].isdigit() or last[len(last) - suffix :][:1].isdigit():
            continue
        items = [f"{first}{tail}", *(f"{head}{item}{tail}" for item in middle), f"{head}{last}"]
        yield tuple(f"{item}{right}" for item in items)


def is_in_brackets(text: str, at: int) -> bool:
    """Return whether a position of a text is in brackets that are still open there."""
    return text.count("(", 0, at) > text.count(")", 0, at)


def _covers(whole: Statement, part: Found) -> bool:
    """Return whether a total counts a part by the same definition, and nothing that the part is not."""
    fixed = whole.fixed
    kept = all(fixed[name] in ("_T", "_Z", part.fields[name]) for name in whole.fields if name != "partner_role")
    partial = any(form.of or form.within for form in whole.all_forms)
    return kept and whole.definition == part.declared.definition and not partial


def _last_roles(tokens: tuple[Token, ...], region: str) -> frozenset[str]:
    """Return the roles of the last word before a figure, without particles."""
    words = ((region[token.start : token.end], token.roles) for token in reversed(tokens))
    return next((roles for word, roles in words if word not in _PARTICLES), frozenset())


def _is_plain_number(text: str, quantity: Quantity) -> bool:
    """Return whether a number counts nothing: an ordinal, an hour, a clause of a law, a share of points."""
    return bool(re.match(r"(?:日|时|届|号|条|章|点|个百分点|五)", text[quantity.end :])) and not quantity.unit
