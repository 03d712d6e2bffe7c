"""JSON of the World Bank's Data360: ``{count, value: [{OBS_VALUE, TIME_PERIOD, REF_AREA, INDICATOR, …}]}``.

``count`` is the number of records of the whole answer, of which ``value`` holds those from ``skip`` on. A record has
the components of one structure for all databases: what a database does not use is ``_T`` or ``_Z``, and what it adds
stands in ``COMP_BREAKDOWN_1`` to ``3``.
"""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import grid
from sources.formats.json import parsing
from sources.formats.json import records as _records

NAME = "data360_json"

_DIMENSIONS = (
    *("DATABASE_ID", "INDICATOR", "REF_AREA", "SEX", "AGE", "URBANISATION"),
    *("COMP_BREAKDOWN_1", "COMP_BREAKDOWN_2", "COMP_BREAKDOWN_3", "FREQ", "UNIT_MEASURE", "UNIT_MULT"),
)
_OTHERS = {"TIME_PERIOD": "time", "OBS_STATUS": "flag", "OBS_CONF": "conf"}
_VALUE = "OBS_VALUE"
_PUBLIC = "PU"
_LEFT_OUT = (
    *("TIME_FORMAT", "COMMENT_OBS", "COMMENT_TS", "AGG_METHOD", "DECIMALS", "DATA_SOURCE", "LATEST_DATA"),
    *("UNIT_TYPE",),
)


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the text begins as an object with a count and records of Data360."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:8000]
    known = b'"OBS_VALUE"' in start or b"".join(start.split()).endswith(b'"value":[]}')
    return start.startswith(b"{") and b'"count"' in start and b'"value"' in start and known


def read(path: Path) -> Cells:
    """The cells: the structure's dimensions in lower case. A locator is record and field, both 1-based."""
    records = _records.listed(parsing.parsed(path), "value", "no answer of Data360")
    names = list(records[0]) if records else [*_DIMENSIONS, *_OTHERS, _VALUE]
    if unknown := [name for name in names if name not in (*_DIMENSIONS, *_OTHERS, *_LEFT_OUT, _VALUE)]:
        raise FormatError(f"the records have an unknown field {unknown[0]!r}")
    if missing := [name for name in ("INDICATOR", "REF_AREA", "TIME_PERIOD", _VALUE) if name not in names]:
        raise FormatError(f"the records have no field {missing[0]}, only {names}")
    at = {name: place for place, name in enumerate(names, 1)}
    table = _records.table(records, names)
    if "OBS_CONF" in at:
        confidential = pl.col("OBS_CONF")
        table = table.with_columns(pl.when(confidential != _PUBLIC).then(confidential).alias("OBS_CONF"))
    table = table.rename({name: str(place) for name, place in at.items()}).with_row_index("row", 1)
    places = {name.lower(): at[name] for name in _DIMENSIONS if name in at}
    others = {core: at[name] for name, core in _OTHERS.items() if name in at}
    return Cells(
        format=NAME,
        frame=grid.cells(table, tuple(places), places | others, {at[_VALUE]: {}}, blanks=True),
        dimensions=tuple(places),
        dataset=str(records[0].get("DATABASE_ID")) if records and records[0].get("DATABASE_ID") else None,
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator (record and field) to the number or text that stands there."""
    return _records.finder(_records.listed(parsing.literal(path), "value", "no answer of Data360"))
