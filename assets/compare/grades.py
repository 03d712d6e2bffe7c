"""Grades of comparability, computed from how two figures are counted. No grade is entered by hand.

The counting rule of a figure follows from its indicator (``concepts.csv``: phenomenon, concept, stock or flow) and its
definition (``counting.csv``: threshold of stay, reference day, basis, residence, inclusions and exclusions). It is
compared with the counting rule of the measure. If the two rules differ in several attributes, the gravest difference
decides the grade. Frames are narwhals lazy frames.
"""

from collections.abc import Iterable, Mapping

import narwhals as nw
import polars as pl
from narwhals.typing import LazyFrameT

from warehouse import codes
from warehouse.measures import Grade, Measure

# The grade of two figures that differ in an attribute. An attribute that only one of the two rules states is different.
ATTRIBUTES: dict[str, Grade] = {
    "phenomenon": "D",
    "concept": "C",
    "time": "C",
    "threshold_months": "B",
    "reference": "B",
    "basis": "B",
    "residence": "B",
    "includes": "B",
    "excludes": "B",
}
DIFFERENCES = tuple(f"differs_{name}" for name in ATTRIBUTES)

BEST: Grade = "A"
NOT_COMPARABLE: Grade = "D"
SEPARATOR = ";"


def counting_rules() -> pl.DataFrame:
    """Every attribute as text for each indicator and definition; null where no code list states it."""
    return (
        codes.read("concepts")
        .join(codes.read("counting"), how="cross", suffix="_counted")
        .with_columns(
            concept=pl.coalesce("concept_counted", "concept"),
            # A flow is counted over its year; the reference day of a definition applies to stocks only.
            reference=pl.when(pl.col("time") != "flow").then("reference"),
        )
        .select("indicator", "definition", *ATTRIBUTES)
    )


def rules_of_measures(measures: Mapping[str, Measure]) -> pl.DataFrame:
    """The counting rule of each measure with sources, in columns ``like_…``: that of its first source."""
    first = pl.DataFrame(
        [(name, entry.sources[0].indicator, entry.like) for name, entry in measures.items() if entry.sources],
        schema={"measure": pl.String, "indicator": pl.String, "definition": pl.String},
        orient="row",
    )
    joined = first.join(counting_rules(), on=["indicator", "definition"], how="left")
    return joined.select("measure", *(pl.col(name).alias(f"like_{name}") for name in ATTRIBUTES))


def differences(left: str = "", right: str = "like_") -> dict[str, nw.Expr]:
    """For each attribute, 1 if two rules differ in it and 0 if not, in columns ``differs_…``.

    ``left`` and ``right`` are the prefixes of the columns with the two rules.
    """
    return {
        f"differs_{name}": (nw.col(left + name).fill_null("") != nw.col(right + name).fill_null("")).cast(nw.Int64)
        for name in ATTRIBUTES
    }


def with_grades(frame: LazyFrameT) -> LazyFrameT:
    """The frame with ``grade`` and ``grade_reasons`` in place of its columns ``differs_…``."""
    grade = nw.lit(BEST)
    for worse in ("B", "C", "D"):
        columns = [f"differs_{name}" for name, of_attribute in ATTRIBUTES.items() if of_attribute == worse]
        differs = nw.any_horizontal(*(nw.col(column) == 1 for column in columns), ignore_nulls=True)
        grade = nw.when(differs).then(nw.lit(worse)).otherwise(grade)
    reasons = {f"differs_{name}": nw.when(nw.col(f"differs_{name}") == 1).then(nw.lit(name)) for name in ATTRIBUTES}
    return (
        frame.with_columns(grade=grade)
        .with_columns(**reasons)
        .with_columns(grade_reasons=join_texts(reasons))
        .drop(*reasons)
    )


def join_texts(columns: Iterable[str]) -> nw.Expr:
    """The texts of several columns in one, separated by semicolons; null if all are null."""
    names = list(columns)
    any_text = nw.any_horizontal(*(~nw.col(name).is_null() for name in names), ignore_nulls=True)
    return nw.when(any_text).then(nw.concat_str(*names, separator=SEPARATOR, ignore_nulls=True))
