"""Prose: communiqués, reports and press releases, as pages or plain texts, read by the declared statements.

A figure is read where the pattern of a statement matches, and its period is named: in its sentence, in one before it
in the paragraph, in the title, or by the publisher's rule for the day of publication. Nothing is guessed. What is not
certain is not read: two figures for one statement and period, a masked year, an unknown period. Sentences with figures
that were not read are in ``Cells.unread``. Two statements that claim one figure are a ``FormatError``.

A locator is the span of the figure in the normalised text, ``start << 24 | length``. Where a table gives its figures in
units of a power of ten, that power stands between: ``start << 24 | power << 16 | length``.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from sources.cells import CORE, Cells
from sources.errors import FormatError
from sources.prose.article import Article, article, beginning
from sources.prose.numerals import FIGURE, Figure, figure
from sources.prose.periods import Named, ends, last_day, masked, named
from sources.prose.statements import FIELDS, Statement, Statements, statements

NAME = "prose"
CHINA = timezone(timedelta(hours=8))
DIMENSIONS = ("statement", "table", *FIELDS, "counted", "reads", "phrase")
GROWTH = {"unit": "percent_change", "definition": "change_on_year_before"}
BOUNDS = {"least": pl.Float64(), "most": pl.Float64()}
UNREAD = {"locator": pl.Int64(), "sentence": pl.String(), "why": pl.String()}

_LENGTH_BITS = 24
_POWER_BITS = 16
_LONGEST = 4_000  # characters: what goes on for longer is no sentence
_DIGIT = re.compile(r"\d")
_SENTENCE = re.compile(r"[^。!?\n;]+[。!?;]?")
_FIGURE = re.compile(
    rf"(?<![\d.])(?:{FIGURE})(?=\s?[\u4e00-\u9fff%‰《【]|\s(?:per ?cent|people|persons|visas|foreign))"
)
# Numbers that count nothing: years, days, ordinals, and changes, which follow the figure that changed.
_NO_FIGURE = re.compile(r"^-?\d+(?:\.\d+)?\s?(?:年|月|日|时|届|号|条|章|点|个百分点|五)")
_CHANGE = re.compile(r"(?:上升|下降|增长|增加|减少|提高|降低|增幅|降幅|增|降|持平)(?:了|达|为|到|约)?$")
_GROWTH = re.compile(
    r"^[,、]?\s?(?:(?:同比|[比较](?:上年|去年)(?:同期|末)?)[,、]?)?(?:[增减][加少][\d.]+[万亿]?人(?:次)?[,、])?"
    r"(?P<way>增长|上升|下降)(?P<growth>\d+(?:\.\d+)?)%"
)
# Of several figures one after another: 同比分别上升15.4%、11.2%, in their order.
_GROWTHS = re.compile(
    rf"^(?P<others>(?:[、,和][^,。;、\d]{{0,12}}(?:{FIGURE})人次)*)[,、]?(?:同比|[比较](?:上年|去年)(?:同期)?)分别"
    r"(?P<way>增长|上升|下降)(?P<growths>\d+(?:\.\d+)?%(?:[、和及]\d+(?:\.\d+)?%)+)"
)

_EXPECTED = re.compile(r"预计|预测|力争|争取|有望|目标|规划(?:提出|到|纲要)|计划(?!》)|将(?:达|超|突破|增|提高)")
# The nation as what is spoken of, and not as what a part of it is compared with.
_NATION = re.compile(r"(?<![占居列在])(?:全国|我国)(?!第|前|首|平均|最)")


@dataclass(frozen=True)
class Read:
    """A figure that a statement was found for."""

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


class Place(NamedTuple):
    """Where a sentence stands: its first character and the one after its last, and the first of its paragraph."""

    start: int
    end: int
    paragraph: int


class Said(NamedTuple):
    """What a text says of a statement: of which period, how many, counted as what, in which words, and where."""

    period: str
    stated: Figure
    counted: str
    phrase: str
    locator: int


class Document(NamedTuple):
    """An article, the statements to read it by, and the day of its publication."""

    page: Article
    known: Statements
    day: date | None


class Spoken(NamedTuple):
    """The periods that are named before a figure in its sentence, earlier in its paragraph, and in the title."""

    sentence: list[Named]
    paragraph: list[Named]
    title: list[Named]


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the payload is a text or page that names one of the publishers of prose."""
    text = beginning(head)
    return any(name in text for known in statements().values() for name in known.issuers)


def read(path: Path) -> Cells:
    """The figures of a page that says by whom it is; ``FormatError`` where it does not."""
    return read_statements(path)


def read_statements(path: Path, publisher: str | None = None, published: date | None = None) -> Cells:
    """The figures of a page or text of ``publisher``, ``published`` on a day, as cells.

    Both may be left out where the page says them. Dimensions are ``statement``, the ``table`` of ours it belongs to
    (blank if none), the shared fields that it declares, ``counted`` (人次, 本, 证次), ``reads``, the English
    reading, and ``phrase``, the sentence. Rows also have ``least`` and ``most``, the bounds that the wording leaves.
    ``FormatError`` where the publisher has no statements, or two of them claim one figure.
    """
    page = article(path)
    known = statements().get(publisher) if publisher else _issuer(page)
    if known is None:
        raise FormatError(
            f"{publisher} has no statements to read prose by; those have {', '.join(statements())}"
            if publisher
            else f"the text does not say by which publisher it is; read it as one of {', '.join(statements())}"
        )
    day = published or page.published
    matched = _found(Document(page, known, day))
    told = sorted(_contradictions(matched), key=lambda read_: read_.start)
    rows = [_row(page.text, read_) for read_ in told if not read_.why]
    _refuse_broken_sums(rows, known)
    schema = dict.fromkeys(DIMENSIONS, pl.String()) | CORE | BOUNDS
    return Cells(
        format=NAME,
        frame=pl.LazyFrame(rows, schema=schema),
        dimensions=DIMENSIONS,
        dataset=page.title or None,
        updated=datetime.combine(day, time(), CHINA) if day else None,
        unread=_unread(page.text, matched, told),
    )


def figures(cells: Cells) -> pl.DataFrame:
    """The figures of prose for a reader: ``span`` is first character and the one after the last."""
    at = pl.col("locator").map_elements(lambda locator: "{}-{}".format(*span(locator)), return_dtype=pl.String)
    return (
        cells.frame.rename({"time": "period"})
        .with_columns(at.alias("span"))
        .select("statement", *FIELDS, "period", "value", "least", "most", "counted", "flag", "reads", "phrase", "span")
        .collect()
    )


def _refuse_broken_sums(rows: list[dict[str, Any]], known: Statements) -> None:
    """Raises ``FormatError`` where a whole and all its parts are given for one period and do not add up."""
    figures_: dict[tuple[str, str], Figure] = {}
    for one in rows:
        figures_[one["statement"], one["time"]] = Figure(one["value"], one["least"], one["most"])
    for sum_ in known.sums:
        for (name, period), whole in figures_.items():
            parts = [figures_[part, period] for part in sum_.parts if (part, period) in figures_]
            if name != sum_.whole or len(parts) < len(sum_.parts):
                continue
            together = reduce(Figure.plus, parts)
            if not whole.agrees(together):
                raise FormatError(
                    f"the figures of {period} contradict each other: {name} is {whole.value:.10g}, and "
                    f"{' and '.join(sum_.parts)} are together {together.value:.10g}"
                )


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the number that stands there and its sentence, with the figure in brackets 【】."""
    text = article(path).text

    def find(locator: int) -> str:
        start, end = span(locator)
        if not text[start:end].strip():
            raise FormatError(f"there is no text at {start} to {end}")
        before, after = _sentence_around(text, start, end)
        power = locator >> _POWER_BITS & (1 << _LENGTH_BITS - _POWER_BITS) - 1
        number = figure(text[start:end]).times(10**power).value
        return f"{number:.10g} {text[before:start]}【{text[start:end]}】{text[end:after]}"

    return find


def locate(start: int, length: int, power: int = 0) -> int:
    """The locator of a span, and of which power of ten its figure is in units."""
    return start << _LENGTH_BITS | power << _POWER_BITS | length


def span(locator: int) -> tuple[int, int]:
    """First character and the one after the last of a locator, both 0-based, in the normalised text."""
    start = locator >> _LENGTH_BITS
    return start, start + (locator & (1 << _POWER_BITS) - 1)


def _issuer(page: Article) -> Statements | None:
    """The publisher that the page names: its site first, then its title, then its text, if it is one only."""
    for said in (page.site, page.title, page.text):
        found = [known for known in statements().values() if any(name in said for name in known.issuers)]
        if len(found) == 1:
            return found[0]
    return None


def _found(document: Document) -> list[Read]:
    """Every match of a statement, with its period or why it has none; one figure is claimed by one statement."""
    page, known, day = document
    found: list[Read] = []
    whole = f"{page.title}\n{page.text}"
    at_home = {
        name: declared
        for name, declared in known.statements.items()
        if declared.context is None or declared.context.holds(whole, day)
    }
    local = _of_a_part(known, page.title)
    paragraph, smaller = 0, local
    for place in _sentences(page.text):
        sentence = page.text[place.start : place.end]
        if len(sentence) > _LONGEST:
            continue
        smaller = _of_a_part(known, sentence, before=smaller if place.paragraph == paragraph else local)
        paragraph = place.paragraph
        if smaller or not _DIGIT.search(sentence):
            continue
        for name, declared in at_home.items():
            if _speaks(declared, sentence):
                found += _matches(document, name, declared, place)
    return _claimed(found, page.text)


def _of_a_part(known: Statements, said: str, *, before: bool = False) -> bool:
    """Whether a title or sentence speaks of something smaller than the nation, as what stands before it did or not."""
    if known.smaller and known.smaller.search(said):
        return True
    return before and not _NATION.search(said)


def _sentences(text: str) -> Iterator[Place]:
    for match in _SENTENCE.finditer(text):
        yield Place(match.start(), match.end(), text.rfind("\n", 0, match.start()) + 1)


def _speaks(declared: Statement, sentence: str) -> bool:
    """Whether a sentence has the words that the statement needs in it, and none that it rules out."""
    if declared.within and not re.search(declared.within, sentence):
        return False
    return not (declared.unless and re.search(declared.unless, sentence))


def _matches(document: Document, name: str, declared: Statement, at: Place) -> Iterator[Read]:
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
            spoken = Spoken(
                [one for one in named(sentence, day) if at.start + one.start < match.start("value")],
                list(named(text[at.paragraph : at.start], day)),
                _titled(document),
            )
            period, why = _period(declared, document, spoken)
            if masked(sentence) or (not spoken.sentence and not spoken.paragraph and masked(document.page.title)):
                period, why = None, "the year is masked"
            if _EXPECTED.search(text[at.start : match.start()]) or _to_come(declared, period, day):
                period, why = None, "it speaks of a time to come"
            if declared.periods and not re.match(declared.periods, period or ""):
                continue
            read_ = Read(
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
            yield read_
            yield from _growth(text, read_, match.end(), at.end)


def _to_come(declared: Statement, period: str | None, day: date | None) -> bool:
    """Whether a period was not over in the month in which the text was published."""
    counted = period and day and declared.period in (None, "rule", "previous_month")
    return bool(counted and last_day(str(period))[:7] > str(day)[:7])


def _growth(text: str, read_: Read, at: int, end: int) -> Iterator[Read]:
    """The change on the year before, where the statement declares an indicator for it and it follows at once."""
    indicator = read_.declared.growth
    change = _change(text[at:end]) if indicator else None
    if not indicator or change is None:
        return
    start, printed, falls = change
    fields = read_.fields | {"indicator": indicator, **GROWTH}
    yield Read(
        statement=f"{read_.statement}.growth",
        declared=read_.declared,
        sentence=read_.sentence,
        start=at + start,
        text=printed,
        unit="%",
        times=-1 if falls else 1,
        fields=fields,
        period=read_.period,
        why=read_.why,
    )


def _change(after: str) -> tuple[int, str, bool] | None:
    """Where the change of a figure stands in what follows it, what it is, and whether it is a fall."""
    if change := _GROWTH.match(after):
        return change.start("growth"), change["growth"], change["way"] == "下降"
    if change := _GROWTHS.match(after):
        growths = list(re.finditer(r"[\d.]+", change["growths"]))
        number = len(growths) - 1 - len(re.findall("人次", change["others"]))
        if number >= 0:
            start = change.start("growths") + growths[number].start()
            return start, growths[number].group(), change["way"] == "下降"
    return None


def _period(declared: Statement, document: Document, spoken: Spoken) -> tuple[str | None, str]:
    """The period of a figure, or None and why nothing says it."""
    fixed, day = declared.period, document.day
    if fixed == "published":
        return (day.isoformat() if day else None), "the day of publication is not known"
    if fixed == "previous_month" and not spoken.sentence and day:
        return f"{day.year - (day.month == 1)}-{(day.month - 2) % 12 + 1:02}", ""
    if fixed == "rule":
        return _ruled(document)
    if fixed and fixed not in ("previous_month", "end"):
        return fixed, ""
    period, why = _spoken_of(spoken, day)
    if period is None and not why:
        period, why = _ruled(document)
    if fixed == "end":
        return (last_day(period) if period else day.isoformat() if day else None), why
    return (ends(period) if period and declared.stock else period), why


def _titled(document: Document) -> list[Named]:
    """The periods that the title names, or the moment of the census that it names."""
    page, known, day = document
    for rule in known.rules:
        if rule.period[:1].isdigit() and rule.text and re.search(rule.text, page.title):
            return [Named(0, len(page.title), int(rule.period[:4]), rule.period[4:])]
    return list(named(page.title, day))


def _spoken_of(spoken: Spoken, day: date | None) -> tuple[str | None, str]:
    """The period that the text speaks of: nearest in the sentence, one in the paragraph, one in the title.

    A time without name, as a holiday, is spoken of until a period is named.
    """
    if any(name.until for name in spoken.sentence[-1:]) and any(name.unnamed for name in spoken.paragraph):
        return None, "it counts since a time that it does not name"
    for names in (spoken.sentence[-1:], spoken.paragraph, spoken.title):
        if names and names[-1].unnamed:
            return None, "it speaks of a time that it does not name"
        periods = list(dict.fromkeys(name.of(_year(name, spoken, day)) for name in names if not name.unnamed))
        if len(periods) > 1:
            return None, f"it could be of {' or '.join(str(period) for period in periods)}"
        if periods:
            return periods[0], "" if periods[0] else "the year is not known"
    return None, ""


def _year(name: Named, spoken: Spoken, day: date | None) -> int | None:
    """The year of a part of one: of the nearest year before it, of the title, or the last in which it was over."""
    before = [known.year for known in (*spoken.paragraph, *spoken.sentence) if known.start < name.start]
    given = [year for year in (*reversed(before), *(known.year for known in spoken.title)) if year is not None]
    if given or day is None:
        return given[0] if given else None
    over = name.of(day.year)
    return day.year if over and last_day(over) <= day.isoformat() else day.year - 1


def _ruled(document: Document) -> tuple[str | None, str]:
    """The period of a document that names none, by the publisher's rules."""
    page, known, day = document
    text = f"{page.title}\n{page.text}"
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


def _claimed(found: list[Read], text: str) -> list[Read]:
    """The matches, each figure once; ``FormatError`` where two statements read different things from one figure.

    A match whose period is not known claims nothing.
    """
    by_span: dict[tuple[int, int], Read] = {}
    for read_ in sorted(found, key=lambda one: (one.start, -len(one.text), bool(one.why))):
        other = by_span.setdefault((read_.start, len(read_.text)), read_)
        if not read_.why and (other.statement, other.fields) != (read_.statement, read_.fields):
            raise FormatError(
                f"two statements claim {read_.text!r} at character {read_.start}: {other.statement} and "
                f"{read_.statement}, in {text[slice(*read_.sentence)][:80]!r}"
            )
    return list(by_span.values())


def _contradictions(found: list[Read]) -> Iterator[Read]:
    """The matches: of several that say the same the most precise; none is certain where they say different things."""
    groups: dict[tuple[object, ...], list[Read]] = defaultdict(list)
    for read_ in found:
        groups[(read_.statement, read_.period, *read_.fields.values(), bool(read_.why))].append(read_)
    for group in groups.values():
        figures = [figure(read_.text).times(read_.times) for read_ in group]
        if group[0].why or all(one.repeats(figures[0]) for one in figures):
            yield from (
                group if group[0].why else [min(zip(figures, group, strict=True), key=lambda pair: pair[0].width)[1]]
            )
        else:
            shown = " and ".join(f"{value:.10g}" for value in sorted({one.value for one in figures}))
            yield from (replace(read_, why=f"{read_.statement} is given as {shown}") for read_ in group)


def _row(text: str, read_: Read) -> dict[str, object]:
    said = Said(
        period=str(read_.period),
        stated=figure(read_.text).times(read_.times),
        counted=read_.unit,
        phrase=text[slice(*read_.sentence)].strip(),
        locator=locate(read_.start, len(read_.text), read_.declared.power),
    )
    return row(read_.declared, said) | read_.fields | {"statement": read_.statement}


def row(declared: Statement, said: Said) -> dict[str, object]:
    """A figure of a statement as a row of cells. A period that is none of the calendar is in no table."""
    flags = {*(declared.flag or ""), *("B" if said.period in declared.breaks else "")}
    return {
        **declared.fixed,
        "table": (declared.table or "") if "/" not in said.period else "",
        "counted": said.counted,
        "reads": declared.reads,
        "phrase": said.phrase,
        "time": said.period,
        "value": said.stated.value,
        "flag": "".join(sorted(flags)) or None,
        "locator": said.locator,
        "least": said.stated.least,
        "most": said.stated.most,
    }


def _unread(text: str, matched: list[Read], told: list[Read]) -> pl.DataFrame:
    """Sentences with figures that were not read, and why."""
    read_in, told_in = (_by_sentence(reads) for reads in (matched, told))
    rows = []
    for start, end, _ in _sentences(text):
        spans = [(read_.start, read_.start + len(read_.text)) for read_ in read_in[start]]
        left = [
            match.group().strip()
            for match in _FIGURE.finditer(text, start, end)
            if not any(first < match.end() and match.start() < last for first, last in spans)
            and not _NO_FIGURE.match(text[match.start() : match.end() + 4])
            and not _CHANGE.search(text[start : match.start()])
        ]
        whys = list(dict.fromkeys(read_.why for read_ in told_in[start] if read_.why))
        whys += [f"no statement reads {', '.join(left)}"] if left else []
        if whys:
            sentence = text[start:end].strip()
            rows.append({"locator": locate(start, end - start), "sentence": sentence, "why": "; ".join(whys)})
    return pl.DataFrame(rows, schema=UNREAD)


def _by_sentence(reads: Iterable[Read]) -> dict[int, list[Read]]:
    """The reads of each sentence, by its first character."""
    found: dict[int, list[Read]] = defaultdict(list)
    for read_ in reads:
        found[read_.sentence[0]].append(read_)
    return found


def _sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    return next(((first, last) for first, last, _ in _sentences(text) if first <= start and end <= last), (start, end))
