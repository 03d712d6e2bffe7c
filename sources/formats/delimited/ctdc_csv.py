"""CSV of the Counter-Trafficking Data Collaborative: one record for each victim, without any figures.

A cell is the number of records with the same year of registration, gender, citizenship and country of exploitation; its
locator is the first of these records. Countries are codes of two letters, among them ``NA``, which is Namibia; ``00``
and ``-99`` mean unknown.
"""

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from sources.cells import CORE, Cells, line
from sources.errors import FormatError
from sources.formats.delimited import records
from sources.formats.values import NULL

NAME = "ctdc_csv"

_YEAR = "yearofregistration"
_DIMENSIONS = {"gender": "gender", "citizenship": "citizenship", "countryofexploitation": "country_of_exploitation"}
_SOME_OF = {"datasource", "agebroad", "majoritystatus"}


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the header has the year of registration, citizenship and country of exploitation of victims."""
    names = _lower(records.first_fields(head))
    return {_YEAR, *_DIMENSIONS} <= set(names) and bool(_SOME_OF & set(names))


def read(path: Path) -> Cells:
    """The cells: ``gender``, ``citizenship``, ``country_of_exploitation``; ``time`` is the year of registration."""
    header = records.header_of(path)
    positions = _positions(header.names)
    keys = {"time": positions[_YEAR]} | {dimension: positions[name] for name, dimension in _DIMENSIONS.items()}
    frame = (
        records.records(path, header)
        .select(
            *(pl.col(str(at)).str.strip_chars().alias(name) for name, at in keys.items()),
            records.locator(1).alias("locator"),
        )
        .group_by(*keys)
        .agg(pl.len().cast(pl.Float64).alias("value"), pl.col("locator").min())
        .filter(pl.col("time").str.contains(r"^\d{4}$"))
        .sort("locator")
        .with_columns(raw=NULL, flag=NULL, conf=NULL)
    )
    dimensions = tuple(_DIMENSIONS.values())
    return Cells(format=NAME, frame=frame.select(*dimensions, *CORE), dimensions=dimensions)


def finder(path: Path) -> Callable[[int], str]:
    """From the locator of a record to the number of records that are equal to it in the columns of a cell."""
    with path.open(encoding=records.UTF8, newline="") as file:
        rows = [row for row in csv.reader(file) if row]  # `read` refuses an empty record within the table
    positions = _positions(rows[0])
    keys = [tuple(row[positions[name] - 1].strip() for name in (_YEAR, *_DIMENSIONS)) for row in rows]
    counts = Counter(keys)

    def find(place: int) -> str:
        record, _ = line(place)
        if not 1 < record <= len(rows):
            raise FormatError(f"there is no record {record}")
        return str(counts[keys[record - 1]])

    return find


def _lower(names: Sequence[str]) -> list[str]:
    return [name.strip().lower() for name in names]


def _positions(names: Sequence[str]) -> dict[str, int]:
    positions = {name: at for at, name in enumerate(_lower(names), 1)}
    if missing := [name for name in (_YEAR, *_DIMENSIONS) if name not in positions]:
        raise FormatError(f"the header has no column {missing[0]}: {','.join(names)[:200]!r}")
    return positions
