"""Workbook of a table of China's National Bureau of Statistics, on its first sheet."""

from pathlib import Path

from sources.cells import Cells
from sources.formats import nbs_table
from sources.formats.workbook import sheets

NAME = "nbs_table_xlsx"

finder = sheets.finder


def recognises(head: bytes, path: Path) -> bool:
    """Whether the first row of the first sheet names the database."""
    _, rows = sheets.beginning(head, path)
    return bool(rows and rows[0]) and nbs_table.begins(str(rows[0][0]))


def read(path: Path) -> Cells:
    """The cells, with the dimensions of ``nbs_table.cells``."""
    rows = sheets.rows_of(sheets.workbook(path), 0)
    return nbs_table.cells(NAME, [sheets.texts(row) for row in rows])
