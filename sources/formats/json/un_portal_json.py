"""JSON of the UN Population Division's Data Portal: ``{pageNumber, pageSize, pages, total, data: [{…}]}``.

A record has the name and the number of everything: location, indicator, source, revision, variant, time, category,
estimate, sex, age. ``timeLabel`` is the year; ``locationId`` is the M49 code, or a code of the division's own.
"""

from collections.abc import Callable
from pathlib import Path

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import wide_table
from sources.formats.json import parsing, record_list

NAME = "un_portal_json"

_DIMENSIONS = {
    "locationId": "location",
    "indicatorId": "indicator",
    "sourceId": "source",
    "revision": "revision",
    "variantLabel": "variant",
    "categoryId": "category",
    "sexId": "sex",
    "ageLabel": "age",
}
# The dimensions whose label is in a field of the same name.
_LABELLED = ("location", "indicator", "source", "sex", "category")
_NEEDED = ("locationId", "indicatorId", "timeLabel", "value")
_MEMBER, _WHAT = "data", "a page of the portal"


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the text begins as an object with a page of the portal."""
    start = parsing.beginning(head, 2000)
    return start.startswith(b"{") and b'"pageNumber"' in start and b'"data"' in start


def read(path: Path) -> Cells:
    """The cells of a page, by the portal's numbers of location, indicator, source, category and sex.

    ``revision``, ``variant`` and ``age`` are labels. A locator is record and field, both 1-based.
    """
    records = record_list.listed(parsing.parsed(path), _MEMBER, _WHAT)
    names = list(records[0]) if records else [*_NEEDED, *(name for name in _DIMENSIONS if name not in _NEEDED)]
    if missing := [name for name in _NEEDED if name not in names]:
        raise FormatError(f"the records have no field {missing[0]}, only {names}")
    positions = {name: at for at, name in enumerate(names, 1)}
    table = record_list.table(records, names)
    keys = {dimension: positions[name] for name, dimension in _DIMENSIONS.items() if name in positions}
    layout = wide_table.Layout(keys | {"time": positions["timeLabel"]}, {positions["value"]: {}})
    return Cells(
        format=NAME,
        frame=wide_table.cells(table, layout, tuple(keys), keep_blanks=True),
        dimensions=tuple(keys),
        labels={
            name: wide_table.labels(table, keys[name], positions[name])
            for name in _LABELLED
            if name in keys and name in positions
        },
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator (record and field) to the number or text of that field."""
    return record_list.finder(record_list.listed(parsing.literal(path), _MEMBER, _WHAT))
