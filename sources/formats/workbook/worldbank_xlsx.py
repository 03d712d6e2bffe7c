"""Workbook of the World Bank: downloads of indicators as .xls or .xlsx, with the table of their CSV."""

from pathlib import Path

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import wide_table, worldbank
from sources.formats.values import timestamp
from sources.formats.workbook import sheets

NAME = "worldbank_xlsx"

finder = sheets.finder

_WITHIN = 10  # rows


def recognises(head: bytes, path: Path) -> bool:
    """Whether one of the first rows of the first sheet has the names, codes and periods of a download."""
    _, rows = sheets.beginning(head, path)
    return any(worldbank.is_header(sheets.texts(row)) for row in rows[:_WITHIN])


def read(path: Path) -> Cells:
    """The cells of the first sheet. The dimensions are the terms with a code: ``country``, ``indicator`` …."""
    rows = sheets.rows_of(sheets.workbook(path), 0)
    at = next((at for at, row in enumerate(rows[:_WITHIN]) if worldbank.is_header(sheets.texts(row))), None)
    if at is None:
        raise FormatError("none of the first rows is a header of names, codes and periods")
    titles = sheets.texts(rows[at])
    while not titles[-1]:
        titles.pop()
    table = sheets.table(rows, at + 1)
    beyond = [name for name in table.columns[1 + len(titles) :] if (table[name].fill_null("") != "").any()]
    if beyond:
        raise FormatError(f"column {beyond[0]} has values but no name")
    names, layout = worldbank.layout(titles)
    stated = {sheets.text(row[0]): sheets.text(row[1]) for row in rows[:at] if len(row) > 1}
    dimensions = tuple(layout.keys)
    return Cells(
        format=NAME,
        frame=wide_table.cells(table, layout, dimensions),
        dimensions=dimensions,
        dataset=stated.get("Data Source"),
        updated=timestamp(stated.get("Last Updated Date", "")[:10], "%Y-%m-%d"),
        labels={name: wide_table.labels(table, layout.keys[name], position) for name, position in names.items()},
    )
