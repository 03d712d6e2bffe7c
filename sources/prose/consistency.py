"""What must hold among the figures of a document: one statement a figure, no contradictions, plausible values."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from typing import Any

from sources.errors import FormatError
from sources.prose.figures import Match
from sources.prose.language.quantities import Figure, figure
from sources.prose.statements import Statements

# Units that count things: their figures are whole numbers.
_WHOLE = ("persons", "crossings", "documents", "cases", "vehicles", "countries", "gangs", "places", "calls", "services")
_LARGEST = {"percent": 100.0, "per_1000": 1_000.0, "years": 120.0}


def claimed(found: list[Match]) -> list[Match]:
    """Return the matches with each figure once; a match whose period is not known gives way to one that is.

    A figure from which two statements read different things is not read.
    """
    by_span: dict[tuple[int, int], Match] = {}
    for match in sorted(found, key=lambda one: (one.start, -len(one.text), bool(one.why))):
        other = by_span.setdefault((match.start, len(match.text)), match)
        same = (other.fields, other.period, other.times) == (match.fields, match.period, match.times)
        if not match.why and not other.why and not same:
            why = f"two statements claim it: {other.statement} and {match.statement}"
            by_span[match.start, len(match.text)] = replace(other, why=why)
    return list(by_span.values())


def without_contradictions(found: list[Match]) -> Iterator[Match]:
    """Yield the most precise of the matches that agree. Those that contradict each other are not read."""
    groups: dict[tuple[object, ...], list[Match]] = defaultdict(list)
    for match in found:
        groups[(match.statement, match.period, *match.fields.values(), bool(match.why))].append(match)
    for group in groups.values():
        if group[0].why:
            yield from group
            continue
        figures = [figure(match.text).times(match.times) for match in group]
        precise = min(zip(figures, group, strict=True), key=lambda pair: pair[0].width)
        if all(one.repeats(precise[0]) for one in figures):
            yield precise[1]
        else:
            shown = " and ".join(f"{value:.10g}" for value in sorted({one.value for one in figures}))
            yield from (replace(match, why=f"{match.statement} is given as {shown}") for match in group)


def implausible(match: Match) -> str:
    """Return why the value of a match cannot be true, or "" if it can."""
    value = figure(match.text).times(match.times).value
    unit = match.fields["unit"]
    if unit in _WHOLE and (value != int(value) or value < 0):
        return f"{value:.10g} {unit} is not a whole number"
    if unit in _LARGEST and abs(value) > _LARGEST[unit]:
        return f"{value:.10g} {unit} is more than {_LARGEST[unit]:.10g}"
    return ""


def refuse_broken_sums(rows: list[dict[str, Any]], known: Statements) -> None:
    """Raise ``FormatError`` if a whole and all its parts are given for one period and do not add up."""
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
