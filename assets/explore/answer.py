"""The paragraph that answers how many Chinese live in the Union, from the figures of a release.

Three counts answer the question, and each has its own sentence: a figure of the Union if there is one, otherwise the
number of member states with a figure and their sum.
"""

from dataclasses import dataclass

import polars as pl

from assets.explore.elements import number

# The newest year is used that has this share of the states that any year has.
ENOUGH = 0.9
COUNTS = ("chinese_born", "chinese_citizens", "valid_permits_chinese")


@dataclass(frozen=True)
class Statement:
    """A fixed sentence of ``texts.yaml`` and the values in it."""

    key: str
    values: dict[str, str | int]


def chinese_in_the_union(figures: pl.DataFrame) -> list[Statement]:
    """A statement for each count, and how the counts differ. ``figures``: rows of ``comparison``."""
    counted = [_of_count(figures.filter(measure=name), name) for name in COUNTS]
    return [*counted, Statement("answer_differs", {})]


def _of_count(rows: pl.DataFrame, name: str) -> Statement:
    known = rows.filter(pl.col("value").is_not_null())
    union = known.filter(scope="union").sort("year")
    if union.height:
        newest = union.row(-1, named=True)
        return Statement(f"answer_{name}", _values(newest["year"], newest["value"], known.filter(year=newest["year"])))
    states = known.filter(scope="member")
    if states.is_empty():
        return Statement(f"answer_{name}_none", {})
    counts = states.group_by("year").len().filter(pl.col("len") >= ENOUGH * pl.col("len").max())
    year = int(str(counts["year"].max()))
    of_year = states.filter(year=year)
    values = _values(year, float(of_year["value"].sum()), of_year)
    return Statement(f"answer_{name}_part", {"states": of_year.height, **values})


def _values(year: int, value: float, rows: pl.DataFrame) -> dict[str, str | int]:
    return {"year": year, "value": number(value), "dataset": ", ".join(sorted(set(rows["dataset"].drop_nulls())))}
