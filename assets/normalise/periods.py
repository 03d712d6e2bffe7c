"""Parsing of published periods into a first day and a frequency."""

import re
from datetime import date

from sources.errors import StructureError

_PATTERN = re.compile(
    r"(?P<year>\d{4})"
    r"(?:-?(?:Q(?P<quarter>[1-4])|S(?P<half>[12])|M(?P<month>\d\d?))|-(?P<number>\d\d)(?:-(?P<day>\d\d))?)?"
)


def period(text: str) -> tuple[date, str]:
    """First day and frequency (A, S, Q, M, D) of ``2019``, ``2008-01``, ``2008M01``, ``2008-Q1``, ``2025-S2`` …

    Raises ``StructureError`` for any other text.
    """
    match = _PATTERN.fullmatch(text.strip())
    if match is None:
        raise StructureError(f"{text!r} is not a period in a known form")
    year, part = int(match["year"]), match.groupdict()
    try:
        if part["quarter"]:
            return date(year, int(part["quarter"]) * 3 - 2, 1), "Q"
        if part["half"]:
            return date(year, int(part["half"]) * 6 - 5, 1), "S"
        if part["day"]:
            return date(year, int(part["number"]), int(part["day"])), "D"
        if part["month"] or part["number"]:
            return date(year, int(part["month"] or part["number"]), 1), "M"
        return date(year, 1, 1), "A"
    except ValueError as error:
        raise StructureError(f"{text!r} is not a period: {error}") from error
