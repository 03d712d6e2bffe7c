"""JSON of UNHCR's population API: ``{page, short-url, maxPages, total, items: [{year, coo_name, …, refugees, …}]}``.

A value is a number, the text ``"0"`` for none, or ``"-"`` for not reported; one field may have all three. ``total`` is
a list, an object or missing, depending on the endpoint. For a year that is not yet published the API returns no items
and ``maxPages`` 0: the payload is valid, and the caller decides what that means.
"""

from collections.abc import Callable
from pathlib import Path

from sources.cells import CODE, Cells
from sources.formats import unhcr, wide_table
from sources.formats.json import parsing, record_list

NAME = "unhcr_json"

# The fields of a page without items, which names none itself.
_EMPTY = ("year", "coo_name", "coo", "coo_iso", "coa_name", "coa", "coa_iso", "refugees")


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the text begins as an object with ``page``, and ``maxPages`` or ``items``."""
    start = parsing.beginning(head, 2000)
    return start.startswith(b"{") and b'"page"' in start and (b'"maxPages"' in start or b'"items"' in start)


def read(path: Path) -> Cells:
    """The cells of a page. Dimensions are the API's, then ``measure``. A locator is item and field, both 1-based."""
    items = _items(parsing.parsed(path))
    names = list(items[0]) if items else list(_EMPTY)
    layout = unhcr.layout(names, noun="field")
    dimensions = (*(name for name in layout.keys if name in unhcr.DIMENSIONS), "measure")
    table = record_list.table(items, names, "item")
    frame = wide_table.cells(table, layout, dimensions, keep_blanks=True, dtype=CODE)
    return Cells(format=NAME, frame=frame, dimensions=dimensions)


def finder(path: Path) -> Callable[[int], str]:
    """From locator (item and field) to the number or text of that field."""
    return record_list.finder(_items(parsing.literal(path)), noun="item")


def _items(page: object) -> record_list.Records:
    return record_list.listed(page, "items", "a page of UNHCR's API", "item")
