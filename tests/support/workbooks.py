"""Small workbooks for tests."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import xlsxwriter


def workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]]) -> Path:
    """Write a workbook with the rows of each sheet; a blank text is an empty cell."""
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for at, row in enumerate(rows):
                for column, value in enumerate(row):
                    if value != "":
                        page.write(at, column, value)
    return path
