"""JSON of UNHCR's population API: ``{page, short-url, maxPages, total, items: [{year, coo_name, …, refugees, …}]}``.

A value is a number, or the text ``"0"`` for none, or ``"-"`` for not reported, all in one field. ``total`` is a list,
an object or missing, by endpoint. A year that is not yet published is answered with no items and ``maxPages`` 0: that
is no error of the payload, and the caller decides.
"""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from sources.cells import CODE, Cells
from sources.errors import FormatError
from sources.formats import grid
from sources.formats.json import parsing, records
from sources.formats.unhcr import DIMENSIONS, MEASURES, fields

NAME = "unhcr_json"

_EMPTY = ("coo_name", "coo", "coo_iso", "coa_name", "coa", "coa_iso")


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the text begins as an object with the envelope's ``page`` and ``maxPages`` or ``items``."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:2000]
    return start.startswith(b"{") and b'"page"' in start and (b'"maxPages"' in start or b'"items"' in start)


def read(path: Path) -> Cells:
    """The cells of a page. Dimensions are the API's, then ``measure``. A locator is item and field, both 1-based."""
    items = _items(parsing.parsed(path))
    if not items:
        dimensions: tuple[str, ...] = (*_EMPTY, "measure")
        frame = grid.cells(
            pl.DataFrame(schema={"row": pl.Int64(), "1": pl.String()}), dimensions, {}, {1: {}}, kind=CODE
        )
        return Cells(format=NAME, frame=frame, dimensions=dimensions)
    names = list(items[0])
    at = fields(names)
    if "year" not in at:
        raise FormatError(f"the items have no year, only {names}")
    rows = {name: place for name, place in at.items() if name in DIMENSIONS} | {"time": at["year"]}
    columns: dict[int, dict[str, str | None]] = {at[name]: {"measure": name} for name in at if name in MEASURES}
    dimensions = (*(name for name in at if name in DIMENSIONS), "measure")
    frame = grid.cells(_table(items, names), dimensions, rows, columns, blanks=True, kind=CODE)
    return Cells(format=NAME, frame=frame, dimensions=dimensions)


def finder(path: Path) -> Callable[[int], str]:
    """From locator (item and field) to the number or text that stands there."""
    return records.finder(_items(parsing.literal(path)), "item")


def _items(envelope: object) -> records.Records:
    return records.listed(envelope, "items", "no page of UNHCR's API", "item")


def _table(items: records.Records, names: list[str]) -> pl.DataFrame:
    try:
        table = pl.DataFrame(items, dict.fromkeys(names, pl.String()), strict=False)
    except pl.exceptions.PolarsError as error:
        raise FormatError(f"an item holds what is neither number nor text: {str(error).splitlines()[0]}") from error
    return table.rename({name: str(at) for at, name in enumerate(names, 1)}).with_row_index("row", 1)
