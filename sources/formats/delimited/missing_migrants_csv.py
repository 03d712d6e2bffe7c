"""CSV of IOM's Missing Migrants: the file of all data, and the dated export of the site.

The export does not end its last line, so that a cut shows only where the last record lacks its last field.
"""

from collections.abc import Callable
from pathlib import Path

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import grid, missing_migrants
from sources.formats.delimited import text

NAME = "missing_migrants_csv"


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the first line has the id of an incident and the number of its missing."""
    return missing_migrants.is_header(text.first_fields(head))


def read(path: Path) -> Cells:
    """The cells: ``incident``, where, from where, ``route``, ``cause``, and ``measure`` (``dead``, ``missing`` …)."""
    head = grid.header_of(path, missing_migrants.is_header)
    table = grid.body(path, head, ends=False)
    if table.height and table[str(len(head.names))][-1] is None:
        raise FormatError(f"the payload is cut off: record {table['row'][-1]} lacks its last field")
    return missing_migrants.cells(NAME, head.names, table)


def finder(path: Path) -> Callable[[int], str]:
    """From locator (record and column) to the field that stands there."""
    return text.csv_finder(path, encoding="utf-8-sig")
