"""Text of the UN Population Division's package of World Population Prospects: one area a line, one year a column.

``country_code``, the M49 code or one of the division's own, the name of the area, and where a table is by age ``age``;
then a column for each year (``2023``) or five of them (``2020-2025``). Counts are in thousands. The text does not say
what it counts: its file is named for that.
"""

import re
from collections.abc import Callable
from pathlib import Path

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import grid
from sources.formats.delimited.text import TSV, csv_finder, header, records

NAME = "wpp_tsv"

_CODE = "country_code"
_NAMES = ("country", "name")
_LEFT_OUT = ("last.observed",)
_YEAR = re.compile(r"\d{4}(-\d{4})?")


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the first line has, divided by tabs, the code of a country, its name and years."""
    names = head.split(b"\n", 1)[0].decode("utf-8-sig", "replace").rstrip("\r").replace('"', "").split("\t")
    return _CODE in names and any(map(_YEAR.fullmatch, names))


def read(path: Path) -> Cells:
    """The cells: ``country_code``, and ``age`` where the table has it. A blank field is no cell."""
    names = [name.strip('"') for name in header(path, dialect=TSV)]
    columns: dict[int, dict[str, str | None]] = {}
    places: dict[str, int] = {}
    label = None
    for at, name in enumerate(names, 1):
        if _YEAR.fullmatch(name):
            columns[at] = {"time": name}
        elif name in (_CODE, "age"):
            places[name] = at
        elif name in _NAMES:
            label = at
        elif name not in _LEFT_OUT:
            raise FormatError(f"column {at} is unknown: {name!r}")
    if _CODE not in places or len({said["time"] for said in columns.values()}) < len(columns):
        raise FormatError("the header has no code of a country, or a year twice")
    table = records(path, len(names), dialect=TSV).collect()
    pairs = table.select(str(places[_CODE]), str(label)).unique(str(places[_CODE])) if label else None
    return Cells(
        format=NAME,
        frame=grid.cells(table, tuple(places), places, columns),
        dimensions=tuple(places),
        labels={_CODE: dict(pairs.iter_rows())} if pairs is not None else {},
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator (line and column) to the field that stands there."""
    return csv_finder(path, delimiter="\t", quote=None)
