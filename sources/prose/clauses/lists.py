"""Lists of as many subjects or times as figures: A、B分别为x、y; 2024年、2025年分别签发x、y.

In English, respectively follows the list: A and B made x and y trips, respectively.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, pairwise, product

from sources.prose.clauses.matching import Found
from sources.prose.clauses.state import State
from sources.prose.language.quantities import Quantity
from sources.prose.language.time_expressions import TimeExpression, times_in

_SEPARATORS = re.compile(r",? and $|, $|[、,]?(?:和|及|以及|与)?$|、(?:和|及)?$")
_SPLIT = re.compile(r"、|以及|和|及|与|,")
# Words whose end is another word: 内地居民、港澳台居民出入境 does not share 入境.
_UNDIVIDED = ("出入境", "入出境")
_LONGEST_LIST = 12
# The end of a list in English, with the subjects if they follow their figures: were made by A and B, respectively.
_RESPECTIVELY = re.compile(r"(?P<after>[^;()\d]{0,160}?),? respectively(?=[,.;:]|$)", re.IGNORECASE)
_ENGLISH_SPLIT = re.compile(r",? and |, ")
_LONGEST_ENGLISH_LIST = 5


def run_of(state: State, found: list[Quantity]) -> list[Quantity]:
    """Return the quantities after the first that are separated from each other by a mark or a word for and only."""
    run: list[Quantity] = []
    for before, after in pairwise(found):
        if not _SEPARATORS.fullmatch(state.text[before.unit_end : after.start]):
            break
        run.append(after)
    return run


def listed(state: State, region: str, found: list[Quantity]) -> int:
    """Read a list of as many subjects or times as figures; return how many, or 0 if there is more than one reading."""
    left, respectively, right = region.partition("分别")
    if not respectively:
        return 0
    quantities = _with_shared_unit([found[0], *run_of(state, found)], left)
    items = [*_by_time(state, left, right, len(quantities))] or _by_subject(left, right, len(quantities))
    results = [_statements_of(state, texts, quantities) for texts in items]
    return _keep_only_result(state, quantities, results, quantities[-1].unit_end)


def _keep_only_result(
    state: State, quantities: list[Quantity], results: list[tuple[Found, ...] | None], end: int
) -> int:
    """Keep the figures of a list if all its readings are one; return how many it has, or 0."""
    different = {tuple((one.name, tuple(one.fields.items())) for one in every): every for every in results if every}
    if len(different) != 1:
        return 0
    for one, quantity in zip(next(iter(different.values())), quantities, strict=True):
        state.keep(one, quantity)
    state.at = end
    return len(quantities)


def listed_in_english(state: State, region: str, found: list[Quantity]) -> int:
    """Read a list in English; its subjects may follow: x and y trips were made by A and B, respectively."""
    quantities = _with_shared_unit([found[0], *run_of(state, found)], region)
    closing = _RESPECTIVELY.match(state.text, quantities[-1].unit_end)
    if closing is None or not 2 <= len(quantities) <= _LONGEST_ENGLISH_LIST:
        return 0
    after = closing["after"]
    clauses = [tuple((one, after) for one in items) for items in _english_items(region, len(quantities))]
    clauses += [tuple((region, one) for one in items) for items in _english_items(after, len(quantities))]
    known: dict[tuple[str, str, int], list[Found]] = {}
    return _keep_only_result(
        state, quantities, [_written(state, every, quantities, known) for every in clauses], closing.end()
    )


def _with_shared_unit(quantities: list[Quantity], left: str) -> list[Quantity]:
    """Return the quantities of a list with the unit that only the last has, or the 人次 that its subject ends with."""
    last = quantities[-1]
    if left.endswith("人次") and not last.unit and all(one.scaled for one in quantities):
        return [replace(one, unit="人次") for one in quantities]
    return [replace(one, unit=one.unit or (last.unit if one.scaled or not last.scaled else "")) for one in quantities]


def _statements_of(state: State, texts: tuple[str, ...], quantities: list[Quantity]) -> tuple[Found, ...] | None:
    """Return the statements of the items of a list, if each is one and no two are the same of the same time."""
    chosen: list[list[Found]] = []
    for text, quantity in zip(texts, quantities, strict=True):
        readable = quantity.unit and not quantity.is_range
        chosen.append(state.choose(text, quantity) if readable else [])
        if not chosen[-1]:
            return None
    return _if_different(chosen)


def _if_different(chosen: list[list[Found]]) -> tuple[Found, ...] | None:
    """Return the statements of the items of a list, if each is one and no two are the same of the same time."""
    first = tuple(one[0] for one in chosen if one)
    keys = {(one.name, tuple(one.fields.items()), tuple((t.year, t.part) for t in one.times[-1:])) for one in first}
    return first if len(keys) == len(chosen) else None


def _written(
    state: State,
    clauses: tuple[tuple[str, str], ...],
    quantities: list[Quantity],
    known: dict[tuple[str, str, int], list[Found]],
) -> tuple[Found, ...] | None:
    """Return the statements of the items of a list, each written as a sentence of its own; ``known`` keeps them."""
    chosen: list[list[Found]] = []
    for (before, after), quantity in zip(clauses, quantities, strict=True):
        key = (before, after, quantity.start)
        if key not in known:
            known[key] = _chosen_in_sentence(state, before, quantity, after)
        chosen.append(known[key])
        if not chosen[-1]:
            return None
    return _if_different(chosen)


def _chosen_in_sentence(state: State, before: str, quantity: Quantity, after: str) -> list[Found]:
    """Return the statements of a figure between two texts."""
    if quantity.is_range:
        return []
    end = len(before) + len(quantity.text)
    unit = f" {quantity.unit}" if quantity.unit else ""
    single = replace(quantity, start=len(before), end=end, unit_end=end + len(unit))
    return state.choose(before, single, f"{before}{quantity.text}{unit}{after}")


def _english_items(text: str, count: int) -> Iterator[tuple[str, ...]]:
    """Yield the items of a list in English with the words that they share at their beginning or end."""
    marks = list(_ENGLISH_SPLIT.finditer(text))
    for chosen in combinations(marks, count - 1) if len(marks) <= 2 * _LONGEST_ENGLISH_LIST else ():
        edges = [0, *(at for mark in chosen for at in mark.span()), len(text)]
        first, *middle, last = (text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))
        heads = [first[:at] for at in (0, *(blank.end() for blank in re.finditer(" ", first)))]
        tails = [last[at:] for at in (*(blank.start() for blank in re.finditer(" ", last)), len(last))]
        for head, tail in product(heads, tails):
            yield (f"{first}{tail}", *(f"{head}{item}{tail}" for item in middle), f"{head}{last}")


def _by_time(state: State, left: str, right: str, count: int) -> Iterator[tuple[str, ...]]:
    """Yield the clauses of a list of times, if there are as many times as figures."""
    times = [time for time in times_in(left, state.grammar.published) if not time.why]
    if len(times) == 1 and (years := _years_of(times[0])) and len(years) == count:
        end = "年末" if times[0].to_end else "年"
        before, after = left[: times[0].start], left[times[0].end :]
        yield tuple(f"{before}{year}{end}{after}{right}" for year in years)
        return
    if count < 2 or len(times) != count or times[0].year is None:
        return
    gaps = [left[a.end : b.start] for a, b in pairwise(times)]
    if all(gap in ("、", "和", "及", "与") for gap in gaps):
        before, after = left[: times[0].start], left[times[-1].end :]
        stated = ["" if time.year else f"{times[0].year}年" for time in times]
        yield tuple(
            f"{before}{year}{left[time.start : time.end]}{after}{right}"
            for year, time in zip(stated, times, strict=True)
        )


def _years_of(time: TimeExpression) -> tuple[int, ...]:
    """Return the years of a range of years: 2013—2017年末,流动人口分别为……"""
    years = re.fullmatch(r"(\d{4})/(\d{4})", time.part)
    return tuple(range(int(years[1]), int(years[2]) + 1)) if years else ()


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
