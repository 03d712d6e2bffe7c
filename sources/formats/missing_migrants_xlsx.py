"""Workbook of IOM's Missing Migrants: the file of all data, one incident a row of its first sheet."""

from collections.abc import Callable
from pathlib import Path

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import _missing_migrants, _workbook

NAME = "missing_migrants_xlsx"

finder: Callable[[Path], Callable[[int], str]] = _workbook.finder


def recognises(head: bytes, path: Path) -> bool:
    """Whether the first row of the first sheet has the id of an incident and the number of its missing."""
    if not head.startswith(b"PK"):
        return False
    try:
        _, rows = _workbook.beginning(path)
    except FormatError:
        return False
    return bool(rows) and _missing_migrants.is_header([_workbook.text(name) for name in rows[0]])


def read(path: Path) -> Cells:
    """The cells: ``incident``, where, from where, ``route``, ``cause``, and ``measure`` (``dead``, ``missing`` …)."""
    rows = _workbook.rows_of(_workbook.workbook(path), 0)
    if not rows:
        raise FormatError("the first sheet is empty")
    names = [_workbook.text(name) for name in rows[0]]
    return _missing_migrants.cells(NAME, names, _workbook.table(rows, 1))
