"""A payload that a recorder has made and that is not written yet, and what the recorders need to make it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pycountry
from pycountry.db import Country

from sources.request import Request

# China and the members of the European Union.
JURISDICTIONS = (
    *("CHN", "AUT", "BEL", "BGR", "CYP", "CZE", "DEU", "DNK", "ESP", "EST", "FIN", "FRA", "GRC", "HRV", "HUN", "IRL"),
    *("ITA", "LTU", "LUX", "LVA", "MLT", "NLD", "POL", "PRT", "ROU", "SVK", "SVN", "SWE"),
)


@dataclass(frozen=True)
class NewPayload:
    """A payload for the snapshot, with the request that it answers.

    ``edition`` states who published the figures and when, and the public copy through which they came.
    """

    request: Request
    body: bytes
    media_type: str
    edition: str
    as_of: datetime


class UnequalFiguresError(Exception):
    """Two public copies of one figure differ, so neither may be recorded."""


def utc(year: int, month: int, day: int, hour: int = 0) -> datetime:
    """Return a moment in UTC."""
    return datetime(year, month, day, hour, tzinfo=UTC)


def find_country(area: str) -> Country:
    """Return the country with this code of three letters; raises ``LookupError`` if ISO 3166-1 has none."""
    found = pycountry.countries.get(alpha_3=area)
    if found is None:
        raise LookupError(f"ISO 3166-1 has no {area}")
    return found


def only_request(requests: Sequence[Request]) -> Request:
    """Return the request of a dataset that has one; raises ``ValueError`` if it has more or none."""
    (request,) = requests
    return request
