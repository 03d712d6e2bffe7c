"""Matches of declared statements in a document, each with its figure, its fields and its period."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from sources.errors import FormatError
from sources.prose.dating import NamedAround, period_of, periods_of_title
from sources.prose.document import Document
from sources.prose.quantities import FIGURE, figure
from sources.prose.rows import GROWTH
from sources.prose.sentences import Sentence, sentences
from sources.prose.statements import Statement, Statements
from sources.prose.time_expressions import last_day, masked, named_periods

_LONGEST = 4_000  # characters: longer runs of text are not sentences
_DIGIT = re.compile(r"\d")
_GROWTH = re.compile(
    r"^[,、]?\s?(?:(?:同比|[比较](?:上年|去年)(?:同期|末)?)[,、]?)?(?:[增减][加少][\d.]+[万亿]?人(?:次)?[,、])?"
    r"(?P<way>增长|上升|下降)(?P<growth>\d+(?:\.\d+)?)%"
)
# The changes of several figures in a row, in the same order: 同比分别上升15.4%、11.2%.
_GROWTHS = re.compile(
    rf"^(?P<others>(?:[、,和][^,。;、\d]{{0,12}}(?:{FIGURE})人次)*)[,、]?(?:同比|[比较](?:上年|去年)(?:同期)?)分别"
    r"(?P<way>增长|上升|下降)(?P<growths>\d+(?:\.\d+)?%(?:[、和及]\d+(?:\.\d+)?%)+)"
)

_EXPECTED = re.compile(r"预计|预测|力争|争取|有望|目标|规划(?:提出|到|纲要)|计划(?!》)|将(?:达|超|突破|增|提高)")
# The nation as the scope of a sentence, and not as what a part of it is compared with.
_NATION = re.compile(r"(?<![占居列在])(?:全国|我国)(?!第|前|首|平均|最)")


@dataclass(frozen=True)
class Match:
    """A figure that a statement matches. ``why`` is the reason why its period is not known."""

    statement: str
    declared: Statement
    sentence: tuple[int, int]
    start: int
    text: str
    unit: str
    fields: dict[str, str]
    period: str | None
    why: str = ""
    times: int = 1


def matches_in(document: Document) -> list[Match]:
    """Return every match of a statement in a document. Each figure belongs to one statement."""
    page, known, day = document
    found: list[Match] = []
    applicable = {
        name: declared
        for name, declared in known.statements.items()
        if declared.context is None or declared.context.holds(document.whole, day)
    }
    local = _names_a_part(known, page.title)
    paragraph, smaller = 0, local
    for place in sentences(page.text):
        sentence = page.text[place.start : place.end]
        if len(sentence) > _LONGEST:
            continue
        smaller = _names_a_part(known, sentence, before=smaller if place.paragraph == paragraph else local)
        paragraph = place.paragraph
        if smaller or not _DIGIT.search(sentence):
            continue
        for name, declared in applicable.items():
            if _applies(declared, sentence):
                found += _matches(document, name, declared, place)
    return _claimed(found, page.text)


def _names_a_part(known: Statements, text: str, *, before: bool = False) -> bool:
    """Return whether a title or sentence is about a part of the nation; ``before`` is the answer for the one before."""
    if known.smaller and known.smaller.search(text):
        return True
    return before and not _NATION.search(text)


def _applies(declared: Statement, sentence: str) -> bool:
    """Return whether a sentence has the words that the statement requires, and none that it excludes."""
    if declared.within and not re.search(declared.within, sentence):
        return False
    return not (declared.unless and re.search(declared.unless, sentence))


def _matches(document: Document, name: str, declared: Statement, at: Sentence) -> Iterator[Match]:
    text, day = document.page.text, document.day
    sentence = text[at.start : at.end]
    for pattern in declared.patterns:
        for match in pattern.finditer(text, at.start, at.end):
            if declared.unless_after and re.search(f"(?:{declared.unless_after})$", text[at.paragraph : match.start()]):
                continue
            if declared.lead and not declared.lead.search(text[at.paragraph : match.start()]):
                continue
            groups = match.groupdict()
            fields = declared.fields_of(groups)
            if fields is None:
                continue
            around = NamedAround(
                [one for one in named_periods(sentence, day) if at.start + one.start < match.start("value")],
                list(named_periods(text[at.paragraph : at.start], day)),
                periods_of_title(document),
            )
            period, why = period_of(declared, document, around)
            if masked(sentence) or (not around.sentence and not around.paragraph and masked(document.page.title)):
                period, why = None, "the year is masked"
            if _EXPECTED.search(text[at.start : match.start()]) or _is_future(declared, period, day):
                period, why = None, "it speaks of a time to come"
            if declared.periods and not re.match(declared.periods, period or ""):
                continue
            match_ = Match(
                statement=name,
                declared=declared,
                sentence=(at.start, at.end),
                start=match.start("value"),
                text=match["value"].rstrip(),
                unit=(groups.get("unit") or "").strip(),
                fields=fields,
                period=period,
                why="" if period else why,
                times=10**declared.power,
            )
            yield match_
            yield from _growth(text, match_, match.end(), at.end)


def _is_future(declared: Statement, period: str | None, day: date | None) -> bool:
    """Return whether a period was not over in the month in which the text was published."""
    counted = period and day and declared.period in (None, "rule", "previous_month")
    return bool(counted and last_day(str(period))[:7] > str(day)[:7])


def _growth(text: str, match_: Match, at: int, end: int) -> Iterator[Match]:
    """Yield the change on the year before, if the statement declares an indicator for it and it follows directly."""
    indicator = match_.declared.growth
    change = _change(text[at:end]) if indicator else None
    if not indicator or change is None:
        return
    start, printed, falls = change
    fields = match_.fields | {"indicator": indicator, **GROWTH}
    yield Match(
        statement=f"{match_.statement}.growth",
        declared=match_.declared,
        sentence=match_.sentence,
        start=at + start,
        text=printed,
        unit="%",
        times=-1 if falls else 1,
        fields=fields,
        period=match_.period,
        why=match_.why,
    )


def _change(after: str) -> tuple[int, str, bool] | None:
    """Return the position of a figure's change in the text after it, its number, and whether it is a fall."""
    if change := _GROWTH.match(after):
        return change.start("growth"), change["growth"], change["way"] == "下降"
    if change := _GROWTHS.match(after):
        growths = list(re.finditer(r"[\d.]+", change["growths"]))
        number = len(growths) - 1 - len(re.findall("人次", change["others"]))
        if number >= 0:
            start = change.start("growths") + growths[number].start()
            return start, growths[number].group(), change["way"] == "下降"
    return None


def _claimed(found: list[Match], text: str) -> list[Match]:
    """Return the matches with each figure once; a match whose period is not known gives way to one that is.

    ``FormatError`` if two statements read different things from one figure.
    """
    by_span: dict[tuple[int, int], Match] = {}
    for match_ in sorted(found, key=lambda one: (one.start, -len(one.text), bool(one.why))):
        other = by_span.setdefault((match_.start, len(match_.text)), match_)
        if not match_.why and (other.statement, other.fields) != (match_.statement, match_.fields):
            raise FormatError(
                f"two statements claim {match_.text!r} at character {match_.start}: {other.statement} and "
                f"{match_.statement}, in {text[slice(*match_.sentence)][:80]!r}"
            )
    return list(by_span.values())


def without_contradictions(found: list[Match]) -> Iterator[Match]:
    """Yield the most precise of the matches that agree. Those that contradict each other are not read."""
    groups: dict[tuple[object, ...], list[Match]] = defaultdict(list)
    for match_ in found:
        groups[(match_.statement, match_.period, *match_.fields.values(), bool(match_.why))].append(match_)
    for group in groups.values():
        figures = [figure(match_.text).times(match_.times) for match_ in group]
        if group[0].why or all(one.repeats(figures[0]) for one in figures):
            yield from (
                group if group[0].why else [min(zip(figures, group, strict=True), key=lambda pair: pair[0].width)[1]]
            )
        else:
            shown = " and ".join(f"{value:.10g}" for value in sorted({one.value for one in figures}))
            yield from (replace(match_, why=f"{match_.statement} is given as {shown}") for match_ in group)
