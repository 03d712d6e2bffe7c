"""Workbook of IOM's Missing Migrants: the file of all data, one incident in each row of its first sheet."""

from pathlib import Path

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import missing_migrants
from sources.formats.workbook import sheets

NAME = "missing_migrants_xlsx"

finder = sheets.finder


def recognises(head: bytes, path: Path) -> bool:
    """Whether the first row of the first sheet has the id of an incident and the number of its missing."""
    _, rows = sheets.beginning(head, path)
    return bool(rows) and missing_migrants.is_header(sheets.texts(rows[0]))


def read(path: Path) -> Cells:
    """The cells, with the dimensions of ``missing_migrants.cells``."""
    rows = sheets.rows_of(sheets.workbook(path), 0)
    if not rows:
        raise FormatError("the first sheet is empty")
    return missing_migrants.cells(NAME, sheets.texts(rows[0]), sheets.table(rows, 1))
