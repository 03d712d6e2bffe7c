"""Whether two figures may be compared, worked out from how each is counted. No grade is typed in by hand.

How a figure is counted follows from its indicator (``concepts.csv``: the phenomenon, what is counted, stock or flow)
and its definition (``counting.csv``: threshold of stay, reference day, basis, residence, who is in and who is out). A
figure is held against the counting rule of its measure, and the gravest attribute in which the two differ makes the
grade.
Functions take and give narwhals lazy frames.
"""

from collections.abc import Iterable

import narwhals as nw
import polars as pl

from assets.compare.engines import Frame
from warehouse import codes
from warehouse.measures import Grade, Measure

# The grade that is left when two figures differ in an attribute. One that only one of them states counts as different.
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

BEST: Grade = "A"
SEPARATOR = ";"


def counting_rules() -> pl.DataFrame:
    """For each indicator and definition: both, and every attribute as text; what no list says is null."""
    return (
        codes.read("concepts")
        .join(codes.read("counting"), how="cross", suffix="_counted")
        .with_columns(
            concept=pl.coalesce("concept_counted", "concept"),
            # A flow is counted over its year, whatever day its stock would be counted on.
            reference=pl.when(pl.col("time") != "flow").then("reference"),
        )
        .select("indicator", "definition", *ATTRIBUTES)
    )


def held_against(measures: dict[str, Measure]) -> pl.DataFrame:
    """For each measure with sources: its counting rule, as columns ``like_…``; that of its first source."""
    first = pl.DataFrame(
        [(name, entry.sources[0].indicator, entry.like) for name, entry in measures.items() if entry.sources],
        schema={"measure": pl.String, "indicator": pl.String, "definition": pl.String},
        orient="row",
    )
    joined = first.join(counting_rules(), on=["indicator", "definition"], how="left")
    return joined.select("measure", *(pl.col(name).alias(f"like_{name}") for name in ATTRIBUTES))


def differences(left: str = "", right: str = "like_") -> dict[str, nw.Expr]:
    """By attribute, whether two rules differ in it: 1 or 0, in columns ``differs_…``."""
    return {
        f"differs_{name}": (nw.col(left + name).fill_null("") != nw.col(right + name).fill_null("")).cast(nw.Int64)
        for name in ATTRIBUTES
    }


def graded(frame: Frame) -> Frame:
    """The frame with ``grade`` and ``grade_reasons``, from its columns ``differs_…``, which go."""
    grade = nw.lit(BEST)
    for worse in ("B", "C", "D"):
        grade = (
            nw.when(_any(name for name, left in ATTRIBUTES.items() if left == worse))
            .then(nw.lit(worse))
            .otherwise(grade)
        )
    named = {f"differs_{name}": nw.when(nw.col(f"differs_{name}") == 1).then(nw.lit(name)) for name in ATTRIBUTES}
    return (
        frame.with_columns(grade=grade).with_columns(**named).with_columns(grade_reasons=joined_up(named)).drop(*named)
    )


def joined_up(columns: Iterable[str]) -> nw.Expr:
    """The texts of several columns in one, separated by semicolons; null where all are."""
    names = list(columns)
    present = nw.any_horizontal(*(~nw.col(name).is_null() for name in names), ignore_nulls=True)
    return nw.when(present).then(nw.concat_str(*names, separator=SEPARATOR, ignore_nulls=True))


def _any(names: Iterable[str]) -> nw.Expr:
    return nw.any_horizontal(*(nw.col(f"differs_{name}") == 1 for name in names), ignore_nulls=True)
