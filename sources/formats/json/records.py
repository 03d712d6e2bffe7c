"""What APIs share whose answer is an object with a list of records, all of the same fields."""

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from sources.cells import line
from sources.errors import FormatError
from sources.formats.json import parsing

Records = list[dict[str, Any]]


def listed(answer: object, member: str, what: str, noun: str = "record") -> Records:
    """The records in ``member`` of an answer; ``FormatError`` where it is ``what`` or their fields differ.

    ``noun`` is what the publisher calls one of them.
    """
    records = answer.get(member) if isinstance(answer, dict) else None
    if not isinstance(records, list):
        raise FormatError(f"the payload is {what}: it has no list of {member}")
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict) or record.keys() != records[0].keys():
            raise FormatError(f"{noun} {number} has other fields than the first: {parsing.shown(record)}")
    return records


def table(records: Records, names: Sequence[str]) -> pl.DataFrame:
    """The records as text, a column a field."""
    try:
        return pl.DataFrame(records, dict.fromkeys(names, pl.String()), strict=False)
    except pl.exceptions.PolarsError as error:
        raise FormatError(f"a record is not as the API gives it: {str(error).splitlines()[0]}") from error


def finder(records: Records, noun: str = "record") -> Callable[[int], str]:
    """From locator (record and field) to the number or text that stands there."""

    def find(locator: int) -> str:
        record, place = line(locator)
        try:
            if record < 1 or place < 1:
                raise IndexError
            value = records[record - 1][list(records[0])[place - 1]]
        except IndexError:
            raise FormatError(f"there is no field {place} of {noun} {record}") from None
        return "null" if value is None else str(value)

    return find
