"""Plausibility of the figures of prose: which of them are held back before they are published, and why.

Figures are judged in the order of publication, each document as a whole, by what was published before: by the declared
range of the indicator, by the figures of the same series within five years, and by the sums that they belong to.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property, reduce
from itertools import groupby
from typing import Any

import polars as pl

from sources.prose.language.quantities import Figure
from sources.prose.plausibility import CHANGE, plausible
from sources.prose.statements import FIELDS, Coded, Statements
from warehouse.contracts import Contract

# Figures of a series that are further away in time are not compared.
YEARS = 5

Row = Mapping[str, Any]
Series = tuple[object, ...]


def name_of(payload: str, locator: int) -> str:
    """The name of a figure: the beginning of its payload's sha256, and its locator."""
    return f"{payload[:12]}:{locator}"


def judge(found: pl.DataFrame, declared: Contract, known: Statements, accepted: frozenset[str]) -> dict[str, str]:
    """Figure → why it is held back, also for figures that a person ``accepted``.

    ``found`` has the figures of all documents of a dataset in the fields of its table, and ``why``: the reason if the
    reader holds a figure back itself.
    """
    judging = _Judging(declared, known)
    rows = found.sort("known_from", "payload", "locator").to_dicts()
    for _, document in groupby(rows, key=lambda row: (row["known_from"], row["payload"])):
        judging.judge(list(document), accepted)
    return judging.held


class _Judging:
    """The figures that are known so far, and those that are held back."""

    def __init__(self, declared: Contract, known: Statements) -> None:
        self.known = known
        self.identity = [name for name in (*declared.key, "definition") if name != "period"]
        self.fields = [name for name in FIELDS if name in declared.field_names]
        self.series: dict[Series, dict[Any, Row]] = defaultdict(dict)
        self.held: dict[str, str] = {}

    def judge(self, document: list[Row], accepted: frozenset[str]) -> None:
        """Judge the figures of a document, and keep those that are plausible or accepted for the next ones."""
        kept = []
        for row in document:
            name = name_of(row["payload"], row["locator"])
            why = "" if self._is_repeated(row) else self._why(row)
            if why:
                self.held[name] = why
            if not why or name in accepted:
                kept.append(row)
        doubtful = self._broken_sums(kept, accepted)
        for row in kept:
            if row["locator"] not in doubtful:
                self.series[self._series(row)][row["period"]] = row

    def _series(self, row: Row) -> Series:
        return tuple(row[name] for name in self.identity)

    def _is_repeated(self, row: Row) -> bool:
        """Whether the same figure of the same period was published before."""
        other = self.series.get(self._series(row), {}).get(row["period"])
        return other is not None and _figure(row).repeats(_figure(other))

    def _why(self, row: Row) -> str:
        """Why a figure cannot be true by itself or within its series; "" if it can."""
        if row["why"] or row["value"] is None:
            return str(row["why"] or "")
        value, unit = row["value"], row["unit"]
        allowed = CHANGE if unit == "percent_change" else plausible().get(row["indicator"])
        if allowed is None:
            return f"no plausible range is declared for {row['indicator']}"
        if not allowed.least <= value <= allowed.most:
            return f"{value:.10g} {unit} is not between {allowed.least:.10g} and {allowed.most:.10g}"
        near = [other["value"] for other in self._neighbours(row)]
        if unit == "percent_change" or not near or min(near) <= 0:
            return ""
        if not min(near) / allowed.factor <= value <= max(near) * allowed.factor:
            shown = " to ".join(f"{each:.10g}" for each in sorted({min(near), max(near)}))
            return f"{value:.10g} {unit} is more than {allowed.factor:g} times away from its series, {shown}"
        return ""

    def _neighbours(self, row: Row) -> Iterator[Row]:
        """Yield the known figures of the same series within five years."""
        for period, other in self.series.get(self._series(row), {}).items():
            if abs(period.year - row["period"].year) <= YEARS and other["value"] is not None:
                yield other

    def _broken_sums(self, document: list[Row], accepted: frozenset[str]) -> set[int]:
        """Hold the figures of a document that break a sum with those published before; return their locators."""
        broken = set()
        now = {(self._series(row), row["period"]): row for row in document}
        for sum_ in self._sums:
            for row in document:
                members = [self._member(name, row, now) for name in sum_]
                if row not in members or not all(members):
                    continue
                whole, *parts = [_figure(member) for member in members if member]
                together = reduce(Figure.plus, parts)
                name = name_of(row["payload"], row["locator"])
                if whole.agrees(together):
                    continue
                self.held[name] = (
                    f"{sum_[0]} is {whole.value:.10g}, and {' and '.join(sum_[1:])} are together {together.value:.10g}"
                )
                if name not in accepted:
                    broken.add(row["locator"])
        return broken

    @cached_property
    def _sums(self) -> list[tuple[str, ...]]:
        """The declared sums of statements that fix all their fields, each as the whole and its parts."""
        sums = [(each.whole, *each.parts) for each in self.known.sums]
        coded = {
            name
            for name, one in self.known.statements.items()
            if not one.table or any(isinstance(source, Coded) for source in one.fields.values())
        }
        return [each for each in sums if coded.isdisjoint(each)]

    def _member(self, statement: str, row: Row, now: Mapping[tuple[Series, Any], Row]) -> Row | None:
        """The figure of a statement for the period of a row, of the same document or of one before it."""
        fixed = self.known.statements[statement].fixed
        fields = {**row, **{name: fixed[name] for name in self.fields}}
        series = self._series(fields)
        return now.get((series, row["period"])) or self.series.get(series, {}).get(row["period"])


def _figure(row: Row) -> Figure:
    return Figure(row["value"], row["value_min"], row["value_max"])
