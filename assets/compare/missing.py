"""The reasons for missing figures that follow from what was received of the sources of their measures."""

from collections.abc import Iterator, Mapping

import polars as pl

from assets.compare.question import jurisdictions, unions
from assets.law.origins import INPUTS, INPUTS_OF_LIMITS
from assets.normalise.receptions import Reason, Receptions, Source
from warehouse.codes import CHINA
from warehouse.measures import Measure


def defaults(measures: Mapping[str, Measure], receptions: Receptions) -> pl.DataFrame:
    """The reason for a missing figure that follows from what was received of the sources of its measure."""
    rows = []
    for name, entry in measures.items():
        for jurisdiction in [*jurisdictions(), *unions()]:
            reason = reason_without_sources(entry, receptions) or receptions.reason(_sources(entry, jurisdiction))
            rows.append((name, jurisdiction, reason.code, reason.because))
    columns = ("measure", "jurisdiction", "default_reason", "default_because")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def reason_without_sources(entry: Measure, receptions: Receptions) -> Reason | None:
    """The reason of a measure that is computed from law: a dataset is lacking. None for any other measure."""
    return receptions.reason_of_inputs(INPUTS.get(entry.computed, INPUTS_OF_LIMITS)) if entry.computed else None


def _sources(entry: Measure, jurisdiction: str) -> Iterator[Source]:
    """The sources that may have the figure of a jurisdiction."""
    for source in entry.sources:
        if source.whom != "all" and (source.whom == "china") != (jurisdiction == CHINA):
            continue
        others = () if "partner" in source.total else tuple(source.partner)
        sides = ((jurisdiction,), others) if source.side == "jurisdiction" else ((), (jurisdiction,))
        yield source.dataset, source.indicator, *sides
