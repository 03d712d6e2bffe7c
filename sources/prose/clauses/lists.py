"""Lists of as many subjects or times as figures: A、B分别为x、y; 2024年、2025年分别签发x、y."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, product

from sources.prose.clauses.matching import Found
from sources.prose.clauses.state import State
from sources.prose.language.quantities import Quantity
from sources.prose.language.time_expressions import times_in

_SEPARATORS = re.compile(r",? and $|[、,]?(?:和|及|以及|与)?$|、(?:和|及)?$")
_SPLIT = re.compile(r"、|以及|和|及|与|,")
# Words whose end is another word: 内地居民、港澳台居民出入境 does not share 入境.
_UNDIVIDED = ("出入境", "入出境")
_LONGEST_LIST = 12


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
    results = {
        tuple((one.name, tuple(one.fields.items())) for one in every): every
        for texts in items
        if (every := _statements_of(state, texts, quantities)) is not None
    }
    if len(results) != 1:
        return 0
    before = tuple(state.out.times)
    for one, quantity in zip(next(iter(results.values())), quantities, strict=True):
        state.keep(one, quantity)
        state.date_last(one.times, before)
    state.at = quantities[-1].unit_end
    return len(quantities)


def _with_shared_unit(quantities: list[Quantity], left: str) -> list[Quantity]:
    """Return the quantities of a list with the unit that only the last has, or the 人次 that its subject ends with."""
    last = quantities[-1]
    if left.endswith("人次") and not last.unit and all(one.scaled for one in quantities):
        return [replace(one, unit="人次") for one in quantities]
    return [replace(one, unit=one.unit or (last.unit if one.scaled or not last.scaled else "")) for one in quantities]


def _statements_of(state: State, texts: tuple[str, ...], quantities: list[Quantity]) -> tuple[Found, ...] | None:
    """Return the statements of the items of a list, if each is one and no two are the same of the same time."""
    chosen: list[Found] = []
    for text, quantity in zip(texts, quantities, strict=True):
        readable = quantity.unit and not quantity.is_range
        possible = state.choose(text, quantity) if readable else []
        if not possible:
            return None
        chosen.append(possible[0])
    keys = {(one.name, tuple(one.fields.items()), tuple((t.year, t.part) for t in one.times[-1:])) for one in chosen}
    return tuple(chosen) if len(keys) == len(chosen) else None


def _by_time(state: State, left: str, right: str, count: int) -> Iterator[tuple[str, ...]]:
    """Yield the clauses of a list of times, if there are as many times as figures."""
    times = [time for time in times_in(left, state.grammar.published) if not time.why]
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
