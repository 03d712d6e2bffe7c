"""The spreadsheet of Eurostat's Data Browser: one table in each sheet, with labels.

A sheet ``Sheet 1`` or ``Data`` begins with ``Data extracted on`` and names the dataset. Then it lists each dimension
that is the same in the whole sheet, with its position. The header is the dimension of the columns, and below it the
dimensions of the rows: ``TIME`` above ``GEO (Labels)``, or any other arrangement that the browser offers, with time in
the rows or in the columns. A dimension with labels and codes has two columns (``GEO (Codes)``, ``GEO (Labels)``); its
codes are read. The flags are in the column to the right of the values; ``:`` is not available.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from sources.cells import Cells, pack
from sources.errors import FormatError
from sources.formats.values import core, filled, refuse_wrong_dimensions
from sources.formats.workbook import sheets

NAME = "eurostat_xlsx"

finder = sheets.finder

_SHEET = re.compile(r"Sheet \d+|Data")
_NAME = re.compile(r"(.+) \((Labels|Codes)\)|(TIME)")
_EXTRACTED = "Data extracted on"
_BRUSSELS = ZoneInfo("Europe/Brussels")
# Eurostat's code of a dimension by its label, where the two differ. Other labels are used as they are.
_CODES = {
    "time frequency": "freq",
    "unit of measure": "unit",
    "age class": "age",
    "age definition": "agedef",
    "applicant type": "applicant",
    "country of citizenship": "citizen",
    "country of birth": "c_birth",
    "country/region of birth": "c_birth",
    "geopolitical entity (reporting)": "geo",
    "geopolitical entity (partner)": "partner",
    "international standard classification of education (isced 2011)": "isced11",
    "labour force and employment status": "wstatus",
    "legal framework": "leg_fram",
    "place of apprehension": "apprehen",
}


class _Layout(NamedTuple):
    """The layout of a sheet, by 1-based rows and columns.

    ``fixed`` are the dimensions with one position in the whole sheet; ``header`` is the row of the header, ``axis`` the
    dimension of its columns; ``keys`` maps each dimension of the rows to its column, ``columns`` each column of values
    to its position in ``axis``.
    """

    fixed: dict[str, str]
    header: int
    axis: str
    keys: dict[str, int]
    columns: dict[int, str]


def recognises(head: bytes, path: Path) -> bool:
    """Whether a sheet begins with ``Data extracted on``, or with the same in another language."""
    if not head.startswith(sheets.MAGIC):
        return False
    try:
        book = sheets.workbook(path)
        starts = [sheets.rows_of(book, at, 1) for at in range(len(book.sheet_names))]
        named = _sheet_indices(book.sheet_names)
        return any(_is_table(starts[at]) for at in named) or any(map(_is_in_another_language, starts))
    except FormatError:
        return False


def read(path: Path) -> Cells:
    """The cells of the publisher's sheets; others are left out. A blank cell without flag is not a cell."""
    book = sheets.workbook(path)
    fields: list[pl.DataFrame] = []
    dimensions: tuple[str, ...] = ()
    first: sheets.Rows = []
    for index in _sheet_indices(book.sheet_names):
        rows = sheets.rows_of(book, index)
        if not _is_table(rows):
            continue
        name = book.sheet_names[index]
        layout = _layout(rows, name)
        names = tuple(key for key in (*layout.fixed, *layout.keys, layout.axis) if key != "time")
        dimensions, first = dimensions or names, first or rows
        if set(names) != set(dimensions):
            raise FormatError(f"sheet {name!r} has the dimensions {names}, the first has {dimensions}")
        fields.append(_long(rows, layout, index).select(*dimensions, "time", "text", "flag", "locator"))
    if not fields:
        if any(_is_in_another_language(sheets.rows_of(book, at, 1)) for at in range(len(book.sheet_names))):
            raise FormatError("the spreadsheet is not in English; take the English one, or a file with codes")
        raise FormatError(f"no sheet of the workbook begins with {_EXTRACTED!r}")
    return Cells(
        format=NAME,
        frame=_cells(pl.concat(fields).lazy(), dimensions),
        dimensions=dimensions,
        coded=False,
        dataset=_dataset(first),
        updated=_updated(first),
    )


def _sheet_indices(names: Sequence[str]) -> list[int]:
    return [index for index, name in enumerate(names) if _SHEET.fullmatch(name)]


def _is_table(rows: sheets.Rows) -> bool:
    return bool(rows and rows[0]) and str(rows[0][0]).startswith(_EXTRACTED)


def _is_in_another_language(rows: sheets.Rows) -> bool:
    return bool(rows and rows[0]) and not _is_table(rows) and "[ESTAT]" in str(rows[0][0])


def _layout(rows: sheets.Rows, sheet: str) -> _Layout:
    """The layout of a sheet: the header is the first row of names of dimensions with another one directly below it."""
    header = next((at for at in range(1, len(rows)) if _is_header(rows[at - 1], rows[at])), 0)
    if not header:
        raise FormatError(f"sheet {sheet!r} has no header like 'TIME' above 'GEO (Labels)'")
    upper, lower = sheets.texts(rows[header - 1]), sheets.texts(rows[header])
    names = {at: _dimension(name) for at, name in enumerate(lower, 1) if name}
    coded = {name for at, name in names.items() if lower[at - 1].endswith("(Codes)")}
    keys = {name: at for at, name in names.items() if not (name in coded and lower[at - 1].endswith("(Labels)"))}
    axis = _dimension(upper[0])
    columns = {at: name for at, name in enumerate(upper, 1) if name and at > max(names)}
    fixed = _fixed(rows[: header - 1])
    unlabelled = [name for at, name in names.items() if at in keys.values() or name not in coded]
    found = [*fixed, *unlabelled, axis]
    refuse_wrong_dimensions(found, f"sheet {sheet!r}")
    if "time" not in found or not columns or len(set(columns.values())) < len(columns):
        raise FormatError(f"sheet {sheet!r}, row {header}: the header is not that of a table over time")
    return _Layout(fixed, header, axis, keys, columns)


def _is_header(upper: list[Any], lower: list[Any]) -> bool:
    """Whether two rows are the names of the columns' dimension and, with nothing else, of the rows' dimensions."""
    names = [text for text in sheets.texts(lower) if text]
    begins = bool(_NAME.fullmatch(sheets.text(upper[0])) and sheets.text(lower[0]))
    return begins and all(_NAME.fullmatch(name) for name in names)


def _dimension(name: str) -> str:
    """The dimension of a header or of a label: ``geo`` of ``GEO (Labels)``, ``citizen`` of its label."""
    found = _NAME.fullmatch(name)
    label = (found[1] or found[3] if found else name).lower()
    return _CODES.get(label, label)


def _fixed(rows: sheets.Rows) -> dict[str, str]:
    """The dimensions between the first blank row and the header: name in the first column, position in the third."""
    listed = {_dimension(sheets.text(row[0])): row[1:] for row in rows[_rows_until_blank(rows) :] if row[0]}
    return {name: next(filter(None, sheets.texts(row)), "") for name, row in listed.items() if name}


def _rows_until_blank(rows: sheets.Rows) -> int:
    """The number of rows above the first blank row."""
    return next((at for at, row in enumerate(rows) if not any(sheets.texts(row))), len(rows))


def _long(rows: sheets.Rows, layout: _Layout, sheet: int) -> pl.DataFrame:
    """A row for each field of the columns of values: its dimensions and time, its text, its flag and its locator."""
    first, width = layout.header + 1, len(rows[0])
    # The table ends at a blank row; below it are the explanations of special values and flags.
    body = rows[first : first + _rows_until_blank(rows[first:])]
    fields = pl.lit(pl.Series(list(chain.from_iterable(body)), dtype=pl.String, strict=False))
    flags = [at + 1 if at < width and at + 1 not in layout.columns else None for at in layout.columns]
    columns = pl.DataFrame(
        {"@column": list(layout.columns), layout.axis: list(layout.columns.values()), "@flag": flags}
    )
    keys = [[row[at - 1] for at in layout.keys.values()] for row in rows[: first + len(body)]]
    start = (pl.col("row").cast(pl.Int64) - first - 1) * width - 1
    return columns.join(sheets.table(keys, first), how="cross").select(
        *(pl.col(str(at)).str.strip_chars().alias(name) for at, name in enumerate(layout.keys, 1)),
        *(pl.lit(text).alias(name) for name, text in layout.fixed.items()),
        layout.axis,
        fields.gather(start + pl.col("@column")).alias("text"),
        fields.gather(start + pl.col("@flag")).alias("flag"),
        (pl.col("row").cast(pl.Int64) * pack(1, 0) + pl.col("@column") + pack(0, 0, sheet)).alias("locator"),
    )


def _cells(long: pl.LazyFrame, dimensions: Sequence[str]) -> pl.LazyFrame:
    """The fields of all sheets as cells; a blank field without flag is not a cell."""
    text, flag = pl.col("text").str.strip_chars(), filled(pl.col("flag").str.strip_chars())
    cells = long.select(*dimensions, *core(text, pl.col("locator"), time=pl.col("time"), flag=flag))
    return cells.filter(pl.any_horizontal(pl.col("value", "raw", "flag").is_not_null()))


def _dataset(rows: sheets.Rows) -> str | None:
    """``DEMO_PJANGROUP`` of a title that ends in ``[DEMO_PJANGROUP__custom_202367]``."""
    found = re.search(r"\[(\w+?)(?:__custom_\d+)?\]\s*$", _text_after(rows, "Dataset:"))
    return found[1] if found else None


def _updated(rows: sheets.Rows) -> datetime | None:
    """``03/07/2020 23:00``: day, month and year, in the local time of Brussels."""
    text = _text_after(rows, "Last updated:")
    if not text:
        return None
    try:
        return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=_BRUSSELS)
    except ValueError as error:
        raise FormatError(f"'Last updated:' is not dd/mm/yyyy HH:MM: {text!r}") from error


def _text_after(rows: Sequence[Sequence[Any]], name: str) -> str:
    """The first text to the right of a name in the first column of the title."""
    row = next((row for row in rows[:9] if sheets.text(row[0]) == name), [])
    return next((text for value in row[1:] if (text := sheets.text(value))), "")
