"""Member states of the European Union in each composition for which Eurostat publishes an aggregate."""

from datetime import date

import polars as pl

# Eurostat's aggregates have a fixed composition, also for the years before it came about: the members on the day when
# the treaties of accession of 1994, 2003, 2005 and 2011 entered into force, and on the day after the withdrawal of the
# United Kingdom.
REFERENCE_DAYS = {
    "EU15": date(1995, 1, 1),
    "EU25": date(2004, 5, 1),
    "EU27_2007": date(2007, 1, 1),
    "EU28": date(2013, 7, 1),
    "EU27_2020": date(2020, 2, 1),
}


def compositions(areas: pl.DataFrame) -> dict[str, frozenset[str]]:
    """Aggregate → its member states, from ``area``, ``eu_from`` and ``eu_to`` of the list of areas."""
    return {
        aggregate: frozenset(
            areas.filter(pl.col("eu_from") <= day, pl.col("eu_to").is_null() | (pl.col("eu_to") > day))["area"]
        )
        for aggregate, day in REFERENCE_DAYS.items()
    }
