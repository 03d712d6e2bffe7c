"""What the recorder of each publisher shares: a payload to be written, and reading the public copies of the corpus."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import polars as pl
import pycountry
from pycountry.db import Country

from sources.request import Request

# China and the members of the European Union.
JURISDICTIONS = (
    *("CHN", "AUT", "BEL", "BGR", "CYP", "CZE", "DEU", "DNK", "ESP", "EST", "FIN", "FRA", "GRC", "HRV", "HUN", "IRL"),
    *("ITA", "LTU", "LUX", "LVA", "MLT", "NLD", "POL", "PRT", "ROU", "SVK", "SVN", "SWE"),
)


@dataclass(frozen=True)
class Recorded:
    """A payload for the snapshot. ``edition`` says who published what when, and through which copy it came."""

    request: Request
    body: bytes
    media_type: str
    edition: str
    as_of: datetime


class UnequalFiguresError(Exception):
    """Two public copies of one figure differ, so that neither may be recorded."""


def utc(year: int, month: int, day: int, hour: int = 0) -> datetime:
    """A moment in UTC."""
    return datetime(year, month, day, hour, tzinfo=UTC)


@cache
def rda(path: Path) -> pl.DataFrame:
    """The data frame of an R file."""
    import pyreadr

    (frame,) = pyreadr.read_r(str(path)).values()
    copy: pl.DataFrame = pl.from_pandas(frame, nan_to_null=True)
    return copy


def table(path: Path, encoding: str = "utf-8-sig", skip: int = 0, delimiter: str = ",") -> list[dict[str, str]]:
    """The records of a CSV file after its first ``skip`` lines, by the names of its header."""
    with path.open(encoding=encoding, newline="") as file:
        for _ in range(skip):
            next(file)
        return list(csv.DictReader(file, delimiter=delimiter))


def country(area: str) -> Country:
    """A country by its code of three letters."""
    found = pycountry.countries.get(alpha_3=area)
    if found is None:
        raise LookupError(f"ISO 3166-1 has no {area}")
    return found


def only(names: Sequence[Request]) -> Request:
    """The only request of a dataset."""
    (request,) = names
    return request
