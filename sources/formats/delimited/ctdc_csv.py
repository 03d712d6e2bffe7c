"""CSV of the Counter-Trafficking Data Collaborative: one record a victim, and so no figures but the records themselves.

A cell is the number of records that are alike in year of registration, gender, citizenship and country of exploitation;
its locator is the first of them. Countries are codes of two letters, among them ``NA``, which is Namibia; ``00`` and
``-99`` stand for what is not known.
"""

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from sources.cells import Cells, line
from sources.errors import FormatError
from sources.formats.delimited.text import UTF8, first_fields, header, locator, records

NAME = "ctdc_csv"

_YEAR = "yearofregistration"
_DIMENSIONS = {"gender": "gender", "citizenship": "citizenship", "countryofexploitation": "country_of_exploitation"}
_SEEN = {"datasource", "agebroad", "majoritystatus"}


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the header has the year of registration, citizenship and country of exploitation of victims."""
    names = _lower(first_fields(head))
    return {_YEAR, *_DIMENSIONS} <= set(names) and bool(_SEEN & set(names))


def read(path: Path) -> Cells:
    """The cells: ``gender``, ``citizenship``, ``country_of_exploitation``; ``time`` is the year of registration."""
    names = header(path)
    at = _places(names)
    alike = {"time": at[_YEAR]} | {dimension: at[name] for name, dimension in _DIMENSIONS.items()}
    fields = [pl.col(str(place)).str.strip_chars().alias(name) for name, place in alike.items()]
    frame = (
        records(path, len(names))
        .select(*fields, locator(1).alias("at"))
        .group_by(*alike)
        .agg(pl.len().cast(pl.Float64).alias("value"), pl.col("at").min().alias("locator"))
        .filter(pl.col("time").str.contains(r"^\d{4}$"))
        .sort("locator")
    )
    nothing = pl.lit(None, pl.String)
    return Cells(
        format=NAME,
        frame=frame.select(
            *_DIMENSIONS.values(),
            "time",
            "value",
            *(nothing.alias(name) for name in ("raw", "flag", "conf")),
            "locator",
        ),
        dimensions=tuple(_DIMENSIONS.values()),
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the number of records that are like the one that stands there."""
    with path.open(encoding=UTF8, newline="") as file:
        rows = list(csv.reader(file))
    at = _places(rows[0])
    alike = [tuple(row[at[name] - 1].strip() for name in (_YEAR, *_DIMENSIONS)) for row in rows]
    counts = Counter(alike)

    def find(place: int) -> str:
        record, _ = line(place)
        if not 1 < record <= len(rows):
            raise FormatError(f"there is no record {record}")
        return str(counts[alike[record - 1]])

    return find


def _lower(names: Sequence[str]) -> list[str]:
    return [name.strip().lower() for name in names]


def _places(names: Sequence[str]) -> dict[str, int]:
    at = {name: place for place, name in enumerate(_lower(names), 1)}
    if missing := [name for name in (_YEAR, *_DIMENSIONS) if name not in at]:
        raise FormatError(f"the header has no column {missing[0]}: {','.join(names)[:200]!r}")
    return at
