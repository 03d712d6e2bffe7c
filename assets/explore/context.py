"""The release that a report page describes: its tables, and the selections that several sections need."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from assets.compare.question import member_states
from warehouse.codes import CHINA, UNION
from warehouse.exports.about import About
from warehouse.rows import Tables

Row = Mapping[str, Any]

# The two sides of the comparison.
SIDES = (CHINA, UNION)


@dataclass(frozen=True)
class ReportContext:
    """The tables of a release by name, and its description."""

    tables: Tables
    about: About

    @cached_property
    def figures(self) -> pl.DataFrame:
        """Rows of ``comparison``."""
        return self.tables["comparison"].collect()

    @cached_property
    def states(self) -> list[str]:
        """The member states, in the order of their English names."""
        rows = self.tables["jurisdiction"].filter(pl.col("jurisdiction").is_in(member_states())).sort("name_en")
        return rows.collect()["jurisdiction"].to_list()

    def latest(self, measure: str, side: str) -> Row | None:
        """The newest figure of China or the Union."""
        return self._latest.get((measure, side))

    def absent(self, measure: str, side: str) -> Row:
        """The newest row of a measure that has no figure in any year; it holds the reason."""
        return self._absent[measure, side]

    @cached_property
    def _latest(self) -> Mapping[tuple[str, str], Row]:
        return _newest(self.figures.filter(pl.col("value").is_not_null()))

    @cached_property
    def _absent(self) -> Mapping[tuple[str, str], Row]:
        return _newest(self.figures)


def _newest(rows: pl.DataFrame) -> Mapping[tuple[str, str], Row]:
    """The row of the newest year for each measure and side."""
    sides = rows.filter(pl.col("scope").is_in(("china", "union"))).sort("year")
    found = sides.unique(["measure", "jurisdiction"], keep="last")
    return {(row["measure"], row["jurisdiction"]): row for row in found.iter_rows(named=True)}
