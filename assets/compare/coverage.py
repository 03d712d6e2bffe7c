"""Tables ``coverage_score`` and ``coverage_gap``: what the comparison lacks, and which gaps affect it most."""

import narwhals as nw

from assets.compare.engines import Frame
from assets.compare.grades import NOT_COMPARABLE
from assets.compare.question import NOT_APPLICABLE, STATE


def coverage_score(figures: Frame, themes: Frame) -> Frame:
    """Table ``coverage_score``, from rows of ``comparison``; ``themes`` has measure and theme."""
    possible = figures.filter(
        nw.col("aggregation") == STATE,
        ~nw.col("value").is_null() | (nw.col("missing_reason") != NOT_APPLICABLE),
    )
    counted = (
        possible.join(themes, on="measure")
        .with_columns(known=(~nw.col("value").is_null()).cast(nw.Int64))
        .group_by("theme", "jurisdiction")
        .agg(cells_expected=nw.len().cast(nw.Int64), cells_known=nw.col("known").sum())
    )
    return counted.with_columns(score=nw.col("cells_known") / nw.col("cells_expected") * 100)


def coverage_gap(figures: Frame) -> Frame:
    """Table ``coverage_gap``, from rows of ``comparison``: missing figures and how many comparisons each prevents.

    A missing figure prevents one comparison with each comparable figure of another state in the same year.
    """
    states = figures.filter(nw.col("aggregation") == STATE)
    comparable = (
        states.filter(~nw.col("value").is_null(), nw.col("grade") != NOT_COMPARABLE)
        .group_by("measure", "year")
        .agg(others=nw.len().cast(nw.Int64))
    )
    gaps = states.filter(nw.col("value").is_null(), nw.col("missing_reason") != NOT_APPLICABLE)
    return (
        gaps.join(comparable, on=["measure", "year"], how="left")
        .with_columns(others=nw.col("others").fill_null(0))
        .group_by("measure", "jurisdiction", "missing_reason")
        .agg(
            nw.col("because").max(),
            years_missing=nw.len().cast(nw.Int64),
            first_missing=nw.col("year").min(),
            last_missing=nw.col("year").max(),
            blocked=nw.col("others").sum(),
        )
    )
