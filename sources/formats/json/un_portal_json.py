"""JSON of the UN Population Division's Data Portal: ``{pageNumber, pageSize, pages, total, data: [{…}]}``.

A record names and numbers everything: location, indicator, source, revision, variant, time, category, estimate, sex,
age. ``timeLabel`` is the year; ``locationId`` the M49 code, or a code of the division's own.
"""

from collections.abc import Callable
from pathlib import Path

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import grid
from sources.formats.json import parsing
from sources.formats.json import records as _records

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
_LABELS = {"location": "location", "indicator": "indicator", "source": "source", "sex": "sex", "category": "category"}
_NEEDED = ("locationId", "indicatorId", "timeLabel", "value")


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the text begins as an object with a page of the portal."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:2000]
    return start.startswith(b"{") and b'"pageNumber"' in start and b'"data"' in start


def read(path: Path) -> Cells:
    """The cells of a page, by the portal's numbers of location, indicator, source, category and sex.

    ``revision``, ``variant`` and ``age`` are as labelled. A locator is record and field, both 1-based.
    """
    records = _records.listed(parsing.parsed(path), "data", "no page of the portal")
    names = list(records[0]) if records else [*_NEEDED, *(name for name in _DIMENSIONS if name not in _NEEDED)]
    if missing := [name for name in _NEEDED if name not in names]:
        raise FormatError(f"the records have no field {missing[0]}, only {names}")
    at = {name: place for place, name in enumerate(names, 1)}
    table = _records.table(records, names)
    table = table.rename({name: str(place) for name, place in at.items()}).with_row_index("row", 1)
    places = {dim: at[name] for name, dim in _DIMENSIONS.items() if name in at}
    coded = {dim: at[name] for dim, name in _LABELS.items() if name in at and dim in places}
    return Cells(
        format=NAME,
        frame=grid.cells(table, tuple(places), places | {"time": at["timeLabel"]}, {at["value"]: {}}, blanks=True),
        dimensions=tuple(places),
        labels={
            dim: dict(table.select(str(places[dim]), str(label)).drop_nulls().unique(str(places[dim])).iter_rows())
            for dim, label in coded.items()
        },
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator (record and field) to the number or text that stands there."""
    return _records.finder(_records.listed(parsing.literal(path), "data", "no page of the portal"))
