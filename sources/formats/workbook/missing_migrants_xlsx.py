"""Workbook of IOM's Missing Migrants: the file of all data, one incident a row of its first sheet."""

from collections.abc import Callable
from pathlib import Path

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import missing_migrants
from sources.formats.workbook import sheets

NAME = "missing_migrants_xlsx"

finder: Callable[[Path], Callable[[int], str]] = sheets.finder


def recognises(head: bytes, path: Path) -> bool:
    """Whether the first row of the first sheet has the id of an incident and the number of its missing."""
    if not head.startswith(b"PK"):
        return False
    try:
        _, rows = sheets.beginning(path)
    except FormatError:
        return False
    return bool(rows) and missing_migrants.is_header([sheets.text(name) for name in rows[0]])


def read(path: Path) -> Cells:
    """The cells: ``incident``, where, from where, ``route``, ``cause``, and ``measure`` (``dead``, ``missing`` …)."""
    rows = sheets.rows_of(sheets.workbook(path), 0)
    if not rows:
        raise FormatError("the first sheet is empty")
    names = [sheets.text(name) for name in rows[0]]
    return missing_migrants.cells(NAME, names, sheets.table(rows, 1))
