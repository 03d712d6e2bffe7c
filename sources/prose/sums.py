"""The sums that a publisher prints: a document that breaks one is refused as recycled or counterfeit."""

from functools import reduce
from typing import Any

from sources.errors import FormatError
from sources.prose.quantities import Figure
from sources.prose.statements import Statements


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
