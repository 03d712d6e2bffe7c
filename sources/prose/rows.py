"""Rows of cells for the figures of a statement, as the prose reader and the table of recorded figures produce them."""

from typing import NamedTuple

import polars as pl

from sources.prose.language.quantities import Figure
from sources.prose.statements import FIELDS, Statement

DIMENSIONS = ("statement", "table", *FIELDS, "counted", "reads", "phrase")
GROWTH = {"unit": "percent_change", "definition": "change_on_year_before"}
BOUNDS = {"least": pl.Float64(), "most": pl.Float64()}


class StatedFigure(NamedTuple):
    """A figure as a text states it: its period, its value, the unit word counted, the phrase and the locator."""

    period: str
    figure: Figure
    counted: str
    phrase: str
    locator: int


def row(declared: Statement, stated: StatedFigure) -> dict[str, object]:
    """Return a figure of a statement as a row of cells. A period that is not a calendar period enters no table."""
    flags = {*(declared.flag or ""), *("B" if stated.period in declared.breaks else "")}
    return {
        **declared.fixed,
        "table": (declared.table or "") if "/" not in stated.period else "",
        "counted": stated.counted,
        "reads": declared.reads,
        "phrase": stated.phrase,
        "time": stated.period,
        "value": stated.figure.value,
        "flag": "".join(sorted(flags)) or None,
        "locator": stated.locator,
        "least": stated.figure.least,
        "most": stated.figure.most,
    }
