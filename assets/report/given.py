"""What every section of the page is made of: the tables, the figures of the comparison, and how one of them is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from assets.comparison import COMPUTED, PUBLISHED, STATE, jurisdictions
from assets.law_in_numbers import CHINA
from assets.report.sources import Item, Row, figure
from assets.report.words import Tables, Words, rate
from warehouse.package import About


@dataclass(frozen=True)
class Given:
    """What every section is made of."""

    tables: Tables
    about: About
    words: Words

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
    def ranked(self) -> Mapping[tuple[object, object], int]:
        """How many are ranked, by measure and year."""
        found = self.figures.group_by("measure", "year").agg(pl.col("rank").count())
        return {(measure, year): count for measure, year, count in found.iter_rows()}

    @cached_property
    def states(self) -> list[str]:
        """The member states by their names."""
        return sorted(
            (area for area in jurisdictions() if area != CHINA), key=lambda area: self.words.name("area", area)
        )

    def latest(self, measure: str, place: str) -> Row | None:
        """The newest figure; of the Union rather what its members add up to than what is published."""
        found = self.figures.filter(
            pl.col("measure") == measure, pl.col("jurisdiction") == place, pl.col("value").is_not_null()
        ).sort("year", pl.col("aggregation") == COMPUTED)
        return found.row(-1, named=True) if found.height else None

    def around(self, rows: pl.DataFrame) -> Mapping[tuple[object, ...], Row]:
        """The figures of states in the years of some rows, the years before and the years after, by key."""
        keys = ["measure", "jurisdiction", "year"]
        wanted = pl.concat([rows.select(*keys[:2], pl.col("year") + step) for step in (-1, 0, 1)])
        found = self.figures.filter(pl.col("aggregation") == STATE).join(wanted, on=keys, how="semi")
        return {tuple(row[key] for key in keys): row for row in found.iter_rows(named=True)}

    def absent(self, measure: str, place: str) -> Row:
        """Why there is no figure in any year: the newest reason."""
        found = self.figures.filter(pl.col("measure") == measure, pl.col("jurisdiction") == place)
        return found.sort("year", pl.col("aggregation") == PUBLISHED).row(-1, named=True)


def cells(row: Row, given: Given) -> Item:
    """A figure with all that is said of it."""
    words, of = given.words, given.ranked[row["measure"], row["year"]]
    return {
        "figure": figure(row, words),
        "place": words.name("area", row["jurisdiction"]),
        "year": row["year"],
        "rate": "" if row["rate"] is None else rate(row["rate"]),
        "rank": f"{row['rank']}/{of}" if row["rank"] and of > 1 else "",
        "definition": words.name("definition", row["definition"]),
        "grade": row["grade"],
        "grade_name": words.name("grade", row["grade"]),
        "reasons": words.listed("attribute", row["grade_reasons"]),
        "flags": words.listed("flag", row["flags"]),
        "aggregation": None if row["aggregation"] == STATE else words.name("aggregation", row["aggregation"]),
        "missing": row["value"] is None,
    }
