"""Responses of APIs that are an object with a list of records, each with the same fields."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from sources.cells import line
from sources.errors import FormatError
from sources.formats.json import parsing

Records = list[dict[str, Any]]


def listed(response: object, member: str, what: str, noun: str = "record") -> Records:
    """The records in ``member`` of a response; ``FormatError`` where there is no such list, or their fields differ.

    ``what`` describes the expected response in the error, ``noun`` is the publisher's word for a record.
    """
    records = response.get(member) if isinstance(response, dict) else None
    if not isinstance(records, list):
        raise FormatError(f"the payload is not {what}: it has no list of {member}")
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict) or record.keys() != records[0].keys():
            raise FormatError(f"{noun} {number} has other fields than the first: {parsing.shown(record)}")
    return records


def table(records: Records, names: Sequence[str], noun: str = "record") -> pl.DataFrame:
    """The records as a table of text: ``row``, and a column for each of ``names``, named by its 1-based position."""
    try:
        found = pl.DataFrame(records, dict.fromkeys(names, pl.String()), strict=False)
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise FormatError(f"a field of a {noun} is neither a number nor a text: {reason}") from error
    return found.rename({name: str(at) for at, name in enumerate(names, 1)}).with_row_index("row", 1)


def finder(
    records: Sequence[Mapping[str, Any]], names: Sequence[str] | None = None, noun: str = "record"
) -> Callable[[int], str]:
    """A function from locator (record and field, both 1-based) to the number or text of that field.

    ``names`` is the order of the fields; without it, that of the first record.
    """
    order = list(names or (records[0] if records else ()))

    def find(locator: int) -> str:
        record, field = line(locator)
        if not (0 < record <= len(records) and 0 < field <= len(order)):
            raise FormatError(f"there is no field {field} of {noun} {record}")
        value = records[record - 1].get(order[field - 1])
        return "null" if value is None else str(value)

    return find
