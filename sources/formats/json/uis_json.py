"""JSON of the API of the UNESCO Institute for Statistics: ``{hints, records: [{indicatorId, geoUnit, year, …}]}``.

A record has ``value``, ``magnitude`` and ``qualifier``, null where there is none; ``hints`` are remarks on
the request.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from sources.cells import Cells, pack
from sources.errors import FormatError
from sources.formats import uis
from sources.formats.json import parsing, record_list

NAME = "uis_json"

# The fields of a record in the API's order; footnotes are there where they were requested.
_FIELDS = ("indicatorId", "geoUnit", "year", "value", "magnitude", "qualifier")
_FOOTNOTES = "footnotes"


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the text begins as an object with records of the institute."""
    start = parsing.beginning(head, 4000)
    return start.startswith(b"{") and b'"records"' in start and (b'"hints"' in start or b'"geoUnit"' in start)


def read(path: Path) -> Cells:
    """The cells: ``indicator_id``, ``geo_unit``, and ``geo_unit_type`` (``NATIONAL`` or ``REGIONAL``).

    A locator is a record and a field of it, in the API's order.
    """
    table = record_list.table(_records(parsing.parsed(path)), _FIELDS)
    table = table.rename({str(at): name for at, name in enumerate(_FIELDS, 1)})
    uis.check(table)
    row = pl.col("row").cast(pl.Int64) * pack(1, 0)
    return Cells(NAME, uis.cells(table.lazy(), lambda field: row + _FIELDS.index(field) + 1), uis.DIMENSIONS)


def finder(path: Path) -> Callable[[int], str]:
    """From locator (record and field) to the number or text of that field."""
    return record_list.finder(_records(parsing.literal(path)), _FIELDS)


def _records(response: object) -> list[dict[str, Any]]:
    records = response.get("records") if isinstance(response, dict) else None
    if not isinstance(records, list):
        raise FormatError("the payload is not a response of the institute's API: it has no list of records")
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict) or set(record) - {_FOOTNOTES} != set(_FIELDS):
            raise FormatError(f"record {number} has other fields than {list(_FIELDS)}: {parsing.shown(record)}")
    return [{name: record[name] for name in _FIELDS} for record in records]
