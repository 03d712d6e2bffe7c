"""JSON of the World Bank's Data360: ``{count, value: [{OBS_VALUE, TIME_PERIOD, REF_AREA, INDICATOR, …}]}``.

``count`` is the number of records of the whole answer; ``value`` holds a part of them, from ``skip`` on. All databases
use the components of one structure: a component that a database does not use is ``_T`` or ``_Z``, and its additional
dimensions are in ``COMP_BREAKDOWN_1`` to ``3``.
"""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from sources.cells import Cells
from sources.formats import wide_table
from sources.formats.json import parsing, record_list
from sources.formats.wide_table import IGNORED, Role

NAME = "data360_json"

_DIMENSIONS = (
    *("DATABASE_ID", "INDICATOR", "REF_AREA", "SEX", "AGE", "URBANISATION"),
    *("COMP_BREAKDOWN_1", "COMP_BREAKDOWN_2", "COMP_BREAKDOWN_3", "FREQ", "UNIT_MEASURE", "UNIT_MULT"),
)
_PUBLIC = "PU"
_LEFT_OUT = (
    *("TIME_FORMAT", "COMMENT_OBS", "COMMENT_TS", "AGG_METHOD", "DECIMALS", "DATA_SOURCE", "LATEST_DATA"),
    *("UNIT_TYPE",),
)
_ROLES: dict[str, Role] = {
    **{name: name.lower() for name in _DIMENSIONS},
    "TIME_PERIOD": "time",
    "OBS_STATUS": "flag",
    "OBS_CONF": "conf",
    "OBS_VALUE": {},
    **dict.fromkeys(_LEFT_OUT, IGNORED),
}
_MEMBER, _WHAT = "value", "a response of Data360"


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the text begins as an object with a count and records of Data360."""
    start = parsing.beginning(head, 8000)
    has_records = b'"OBS_VALUE"' in start or b"".join(start.split()).endswith(b'"value":[]}')
    return start.startswith(b"{") and b'"count"' in start and b'"value"' in start and has_records


def read(path: Path) -> Cells:
    """The cells: the structure's dimensions in lower case. A locator is record and field, both 1-based."""
    records = record_list.listed(parsing.parsed(path), _MEMBER, _WHAT)
    names = list(records[0]) if records else list(_ROLES)
    layout = wide_table.layout(names, _ROLES.get, needed=("indicator", "ref_area", "time"), noun="field")
    table = record_list.table(records, names)
    if "conf" in layout.keys:
        conf = pl.col(str(layout.keys["conf"]))
        table = table.with_columns(pl.when(conf != _PUBLIC).then(conf).alias(conf.meta.output_name()))
    dimensions = tuple(name.lower() for name in _DIMENSIONS if name.lower() in layout.keys)
    return Cells(
        format=NAME,
        frame=wide_table.cells(table, layout, dimensions, keep_blanks=True),
        dimensions=dimensions,
        dataset=str(records[0].get("DATABASE_ID")) if records and records[0].get("DATABASE_ID") else None,
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator (record and field) to the number or text of that field."""
    return record_list.finder(record_list.listed(parsing.literal(path), _MEMBER, _WHAT))
