"""JSON of the API of the UNESCO Institute for Statistics: ``{hints, records: [{indicatorId, geoUnit, year, …}]}``.

A record has ``value``, ``magnitude`` and ``qualifier``, null where there is none; ``hints`` are remarks on
the request.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from sources.cells import Cells, line, pack
from sources.errors import FormatError
from sources.formats import uis
from sources.formats.grid import number
from sources.formats.json import parsing

NAME = "uis_json"

# The fields of a record as the API orders them; footnotes come where they were asked for.
_FIELDS = ("indicatorId", "geoUnit", "year", "value", "magnitude", "qualifier")
_FOOTNOTES = "footnotes"


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the text begins as an object with records of the institute."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:4000]
    return start.startswith(b"{") and b'"records"' in start and (b'"hints"' in start or b'"geoUnit"' in start)


def read(path: Path) -> Cells:
    """The cells: ``indicator_id``, ``geo_unit``, and ``geo_unit_type`` (``NATIONAL`` or ``REGIONAL``).

    A locator is a record and a field of it, in the API's order.
    """
    records = _records(parsing.parsed(path))
    try:
        table = pl.DataFrame(records, dict.fromkeys(_FIELDS, pl.String()), strict=False).with_row_index("row", 1)
    except pl.exceptions.PolarsError as error:
        raise FormatError(f"a record is not as the API gives it: {str(error).splitlines()[0]}") from error
    uis.check(table)
    row = pl.col("row").cast(pl.Int64) * pack(1, 0)
    frame = uis.cells(table.lazy(), number(pl.col("value")), lambda field: row + _FIELDS.index(field) + 1)
    return Cells(NAME, frame, uis.DIMENSIONS)


def finder(path: Path) -> Callable[[int], str]:
    """From locator (record and field) to the number or text that stands there."""
    records = _records(parsing.literal(path))

    def find(locator: int) -> str:
        record, place = line(locator)
        if not 0 < record <= len(records) or not 0 < place <= len(_FIELDS):
            raise FormatError(f"there is no field {place} of record {record}")
        value = records[record - 1][_FIELDS[place - 1]]
        return "null" if value is None else str(value)

    return find


def _records(answer: object) -> list[dict[str, Any]]:
    records = answer.get("records") if isinstance(answer, dict) else None
    if not isinstance(records, list):
        raise FormatError("the payload is no answer of the institute's API: it has no list of records")
    for number_, record in enumerate(records, 1):
        if not isinstance(record, dict) or set(record) - {_FOOTNOTES} != set(_FIELDS):
            raise FormatError(f"record {number_} has other fields than {list(_FIELDS)}: {parsing.shown(record)}")
    return [{name: record[name] for name in _FIELDS} for record in records]
