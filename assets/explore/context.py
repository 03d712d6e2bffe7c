"""What every section of the page is made of: the tables, the figures of the comparison, and how one of them is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from assets.compare.question import COMPUTED, PUBLISHED, STATE, jurisdictions
from assets.explore.i18n import Tables, rate, several, word
from assets.explore.sources import Item, Row, figure
from warehouse.codes import CHINA, UNION
from warehouse.exports.about import About

# The two that are set side by side.
SIDES = (CHINA, UNION)


@dataclass(frozen=True)
class Given:
    """What every section is made of."""

    tables: Tables
    about: About

    @cached_property
    def figures(self) -> pl.DataFrame:
        """Rows of ``comparison``."""
        return self.tables["comparison"].collect()

    @cached_property
    def years(self) -> tuple[int, int]:
        """The first and the last year that are compared."""
        found = self.figures["year"]
        return int(str(found.min())), int(str(found.max()))

    @property
    def every_year(self) -> pl.DataFrame:
        """Every year that is compared, so that a year without a figure is a gap in a line."""
        return pl.DataFrame({"year": range(self.years[0], self.years[1] + 1)}, schema={"year": pl.Int64})

    @cached_property
    def states(self) -> list[str]:
        """The member states, in the order of their English names."""
        members = [area for area in jurisdictions() if area != CHINA]
        return (
            self.tables["jurisdiction"]
            .filter(pl.col("area").is_in(members))
            .sort("name_en")
            .collect()["area"]
            .to_list()
        )

    def latest(self, measure: str, side: str) -> Row | None:
        """The newest figure; of the Union rather what its members add up to than what is published."""
        return self._latest.get((measure, side))

    def absent(self, measure: str, side: str) -> Row:
        """Why there is no figure in any year: the newest reason."""
        return self._absent[measure, side]

    @cached_property
    def _latest(self) -> Mapping[tuple[str, str], Row]:
        return _last(self.figures.filter(pl.col("value").is_not_null()), COMPUTED)

    @cached_property
    def _absent(self) -> Mapping[tuple[str, str], Row]:
        return _last(self.figures, PUBLISHED)

    def around(self, rows: pl.DataFrame) -> Mapping[tuple[object, ...], Row]:
        """The figures of states in the years of some rows, the years before and the years after, by key."""
        keys = ["measure", "jurisdiction", "year"]
        wanted = pl.concat([rows.select(*keys[:2], pl.col("year") + step) for step in (-1, 0, 1)])
        found = self.figures.filter(pl.col("aggregation") == STATE).join(wanted, on=keys, how="semi")
        return {tuple(row[key] for key in keys): row for row in found.iter_rows(named=True)}


def _last(rows: pl.DataFrame, preferred: str) -> Mapping[tuple[str, str], Row]:
    """By measure and side the row of the newest year; of two of one year that of the preferred aggregation."""
    sides = rows.filter(pl.col("jurisdiction").is_in(SIDES)).sort("year", pl.col("aggregation") == preferred)
    found = sides.unique(["measure", "jurisdiction"], keep="last")
    return {(row["measure"], row["jurisdiction"]): row for row in found.iter_rows(named=True)}


def cells(row: Row) -> Item:
    """A figure with all that is said of it."""
    return {
        "figure": figure(row),
        "place": word("area", row["jurisdiction"]),
        "year": row["year"],
        "rate": "" if row["rate"] is None else rate(row["rate"]),
        "rank": f"{row['rank']}/{row['ranked']}" if row["rank"] else "",
        "definition": word("definition", row["definition"]),
        "grade": row["grade"],
        "grade_name": word("grade", row["grade"]),
        "reasons": several("attribute", row["grade_reasons"]),
        "flags": several("flag", row["flags"]),
        "aggregation": None if row["aggregation"] == STATE else word("aggregation", row["aggregation"]),
        "missing": row["value"] is None,
    }
