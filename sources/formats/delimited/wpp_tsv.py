"""Text of the UN Population Division's package of World Population Prospects: one area in each line, a column a year.

``country_code``, the M49 code or one of the division's own, the name of the area, and in tables by age ``age``; then a
column for each year (``2023``) or for five years (``2020-2025``). Counts are in thousands. The text does not state
what it counts: only the name of its file does.
"""

import re
from collections.abc import Callable
from pathlib import Path

from sources.cells import Cells
from sources.formats import wide_table
from sources.formats.delimited import records
from sources.formats.delimited.records import TSV
from sources.formats.wide_table import IGNORED, Role

NAME = "wpp_tsv"

_CODE = "country_code"
_LABEL = "label"
_KEYS = {_CODE: _CODE, "age": "age", "country": _LABEL, "name": _LABEL, "last.observed": IGNORED}
_YEAR = re.compile(r"\d{4}(-\d{4})?")


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the first line has, separated by tabs, the code of a country, its name and years."""
    names = head.split(b"\n", 1)[0].decode("utf-8-sig", "replace").rstrip("\r").replace('"', "").split("\t")
    return _CODE in names and any(map(_YEAR.fullmatch, names))


def read(path: Path) -> Cells:
    """The cells: ``country_code``, and ``age`` where the table has it. A blank field is not a cell.

    A locator is line and field, both 1-based.
    """
    header = records.header_of(path, dialect=TSV)
    names = [name.strip('"') for name in header.names]
    keys, values = wide_table.layout(names, _role, needed=[_CODE])
    label = keys.pop(_LABEL, None)
    table = records.records(path, header, TSV).collect()
    return Cells(
        format=NAME,
        frame=wide_table.cells(table, wide_table.Layout(keys, values), tuple(keys)),
        dimensions=tuple(keys),
        labels={_CODE: wide_table.labels(table, keys[_CODE], label)} if label else {},
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator (line and field) to the text of the field."""
    return records.finder(path, TSV)


def _role(name: str) -> Role | None:
    return {"time": name} if _YEAR.fullmatch(name) else _KEYS.get(name)
