"""What the comparison asks: which measures, jurisdictions, aggregates and years, and which figures cannot exist."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from warehouse import codes
from warehouse.codes import CHINA, UNION
from warehouse.codes.union import compositions
from warehouse.measures import Measure

# The first compared year: the Beijing project from which the dataset descends began in 2008.
FIRST_YEAR = 2008
# A figure describes a single state, or it is published for the Union, or computed from the member states.
STATE, PUBLISHED, COMPUTED = "state", "published", "computed"
# The key of table ``comparison``.
KEY = ("measure", "jurisdiction", "aggregation", "year")
NOT_APPLICABLE = "not_applicable"
# The scope of a figure of the Union that is next to the figure to use.
ALTERNATIVE = "alternative"


@dataclass(frozen=True)
class Question:
    """The measures and years to compare, and the known reasons for missing figures.

    ``absences`` has measure, jurisdiction, aggregation, missing_reason and because. ``defaults`` has measure,
    jurisdiction, default_reason and default_because: the reason for every other missing figure.
    """

    measures: Mapping[str, Measure]
    years: Sequence[int]
    absences: pl.DataFrame
    defaults: pl.DataFrame


def jurisdictions() -> list[str]:
    """China and the 27 member states, in alphabetical order."""
    areas = codes.areas()
    return areas.filter(pl.col("in_scope") & (pl.col("kind") != "aggregate"))["area"].sort().to_list()


def member_states() -> list[str]:
    """The 27 member states, in alphabetical order."""
    return [area for area in jurisdictions() if area != CHINA]


def unions() -> dict[str, tuple[frozenset[str], int, int]]:
    """The compared compositions of the Union: members, first and last year.

    The Union of 27 is compared in every year. Years before 2020 also have the Union in its composition at that time.
    """
    composed = compositions(codes.areas())
    return {
        "EU27_2007": (composed["EU27_2007"], FIRST_YEAR, 2012),
        "EU28": (composed["EU28"], 2013, 2019),
        UNION: (composed[UNION], FIRST_YEAR, 9999),
    }


# Jurisdiction, aggregation, missing_reason and explanation of a figure that does not exist.
_Absence = tuple[str, str, str, str]


def absences(measures: Mapping[str, Measure]) -> pl.DataFrame:
    """The figures that are known not to exist: measure, jurisdiction, aggregation, missing_reason, because."""
    rows: dict[tuple[str, str, str], tuple[str, str]] = {}
    for name, entry in measures.items():
        # A later reason for the same figure is more specific and replaces an earlier one.
        for known in (_absent_for_unions(entry), _not_published(entry), _declared_absences(entry)):
            for jurisdiction, aggregation, reason, because in known:
                rows[name, jurisdiction, aggregation] = (reason, because)
    columns = ("measure", "jurisdiction", "aggregation", "missing_reason", "because")
    flat = [(*key, *why) for key, why in rows.items()]
    return pl.DataFrame(flat, schema=dict.fromkeys(columns, pl.String), orient="row")


def _absent_for_unions(entry: Measure) -> Iterator[_Absence]:
    for union in unions():
        if entry.computed or not (entry.additive or entry.formula):
            because = "The figures of the member states cannot be combined into a figure for the Union."
            yield union, COMPUTED, NOT_APPLICABLE, because
        if entry.computed:
            yield (
                union,
                PUBLISHED,
                NOT_APPLICABLE,
                "The measure describes the law of single states; the acts of the Union set no common rule.",
            )


def _not_published(entry: Measure) -> Iterator[_Absence]:
    """The states that are known not to publish the indicator of the first source."""
    if not entry.sources:
        return
    of_states = pl.col("jurisdiction").is_in(jurisdictions())
    known = codes.not_published().filter(of_states, pl.col("indicator") == entry.sources[0].indicator)
    for state, because in known.select("jurisdiction", "absence_source").iter_rows():
        yield state, STATE, "not_published", because


def _declared_absences(entry: Measure) -> Iterator[_Absence]:
    """The absences that the measure itself declares; ``EU27`` means all member states and the Union."""
    for area, absence in entry.absent.items():
        states = sorted(unions()[UNION][0]) if area in ("EU27", "members") else [area]
        for state in states:
            yield state, STATE, absence.reason, absence.because
        for union in unions() if area == "EU27" else ():
            for aggregation in (PUBLISHED, COMPUTED):
                yield union, aggregation, absence.reason, absence.because
