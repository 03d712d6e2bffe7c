"""The spreadsheet of Eurostat's Data Browser: one table a sheet, with labels.

A sheet ``Sheet 1`` or ``Data`` begins with ``Data extracted on``, names the dataset, then each dimension that is the
same in the whole sheet with its position; the header is the dimension over the columns and below it those of the rows
(``TIME``, then ``GEO (Labels)``). The flags stand in the column right of the values; ``:`` is not available.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from sources.cells import CORE, Cells, pack
from sources.errors import FormatError
from sources.formats.grid import filled, number
from sources.formats.workbook import sheets

NAME = "eurostat_xlsx"

_SHEET = re.compile(r"Sheet \d+|Data")
_HEADED = re.compile(r"(.+) \((Labels|Codes)\)")
_BRUSSELS = ZoneInfo("Europe/Brussels")


class _Table(NamedTuple):
    """A sheet: what is the same everywhere, and in which row and columns (1-based) the header stands."""

    fixed: dict[str, str]
    header: int
    axis: str
    rows: dict[str, int]
    columns: dict[int, str]


def recognises(head: bytes, path: Path) -> bool:
    """Whether a workbook has a sheet ``Sheet 1`` or ``Data`` that begins with ``Data extracted on``."""
    if not head.startswith(b"PK\x03\x04"):
        return False
    try:
        book = sheets.workbook(path)
        return any(_begins(sheets.rows_of(book, at, 1)) for at in _sheets(book.sheet_names))
    except FormatError:
        return False


def read(path: Path) -> Cells:
    """The cells of the publisher's sheets; others are left out. A blank cell without flag is no cell."""
    book = sheets.workbook(path)
    fields: list[pl.DataFrame] = []
    dimensions: tuple[str, ...] = ()
    first: list[list[Any]] = []
    for at in _sheets(book.sheet_names):
        rows = sheets.rows_of(book, at)
        if not _begins(rows):
            continue
        sheet = book.sheet_names[at]
        table = _table(rows, sheet)
        names = tuple(name for name in (*table.fixed, *table.rows, table.axis) if name != "time")
        dimensions, first = dimensions or names, first or rows
        if set(names) != set(dimensions):
            raise FormatError(f"sheet {sheet!r} has the dimensions {names}, the first has {dimensions}")
        fields.append(_long(rows, table, at).select(*dimensions, "time", "text", "flag", "locator"))
    if not fields:
        raise FormatError("no sheet of the workbook begins with 'Data extracted on'")
    return Cells(
        format=NAME,
        frame=_cells(pl.concat(fields).lazy(), dimensions),
        dimensions=dimensions,
        coded=False,
        dataset=_dataset(first),
        updated=_updated(first),
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the text of the cell; a number as it is shown without format."""
    return sheets.finder(path)


def _sheets(names: Sequence[str]) -> list[int]:
    return [at for at, name in enumerate(names) if _SHEET.fullmatch(name)]


def _begins(rows: Sequence[Sequence[Any]]) -> bool:
    return bool(rows and rows[0]) and str(rows[0][0]).startswith("Data extracted on")


def _table(rows: Sequence[Sequence[Any]], sheet: str) -> _Table:
    """Where what stands: the header is the row above the first one that says ``(Labels)`` or ``(Codes)``."""
    headed = next((at for at, row in enumerate(rows) if _HEADED.fullmatch(sheets.text(row[0]))), 0)
    if not headed:
        raise FormatError(f"sheet {sheet!r} has no header like 'GEO (Labels)'")
    over, below = [sheets.text(one) for one in rows[headed - 1]], [sheets.text(one) for one in rows[headed]]
    places = {at: found[1].lower() for at, name in enumerate(below, 1) if (found := _HEADED.fullmatch(name))}
    rows_at = {name: at for at, name in places.items()}
    axis = re.sub(r" \((Labels|Codes)\)$", "", over[0]).lower()
    columns = {at: name for at, name in enumerate(over, 1) if name and at > max(places)}
    fixed = _fixed(rows[: headed - 1])
    names = [*fixed, *places.values(), axis]
    if wrong := [name for name in names if names.count(name) > 1 or (name in CORE and name != "time")]:
        raise FormatError(f"sheet {sheet!r} names the dimension {wrong[0]!r} twice, or its name is taken")
    if "time" not in names or not columns or len(set(columns.values())) < len(columns):
        raise FormatError(f"sheet {sheet!r}, row {headed}: the header is not that of a table over time")
    return _Table(fixed, headed, axis, rows_at, columns)


def _fixed(rows: Sequence[Sequence[Any]]) -> dict[str, str]:
    """The dimensions between the first blank row and the header: name in the first column, position in the third."""
    named = {sheets.text(row[0]).lower(): row[1:] for row in rows[_blank(rows) :] if row[0]}
    return {name: next(filter(None, map(sheets.text, said)), "") for name, said in named.items() if name}


def _blank(rows: Sequence[Sequence[Any]]) -> int:
    """How many rows stand above the first blank one."""
    return next((at for at, row in enumerate(rows) if not any(map(sheets.text, row))), len(rows))


def _long(rows: Sequence[Sequence[Any]], place: _Table, sheet: int) -> pl.DataFrame:
    """A row for each field of the columns of values: its dimensions and time, its text, its flag and its locator."""
    first, width = place.header + 1, len(rows[0])
    # The table ends at a blank row; below it stand the special values and the flags.
    body = rows[first : first + _blank(rows[first:])]
    fields = pl.lit(pl.Series(list(chain.from_iterable(body)), dtype=pl.String, strict=False))
    flags = [at + 1 if at < width and at + 1 not in place.columns else None for at in place.columns]
    columns = pl.DataFrame({"@column": list(place.columns), place.axis: list(place.columns.values()), "@flag": flags})
    named = sheets.table([[row[at - 1] for at in place.rows.values()] for row in rows[: first + len(body)]], first)
    start = (pl.col("row").cast(pl.Int64) - first - 1) * width - 1
    return columns.join(named, how="cross").select(
        *(pl.col(str(at)).str.strip_chars().alias(name) for at, name in enumerate(place.rows, 1)),
        *(pl.lit(text).alias(name) for name, text in place.fixed.items()),
        place.axis,
        fields.gather(start + pl.col("@column")).alias("text"),
        fields.gather(start + pl.col("@flag")).alias("flag"),
        (pl.col("row").cast(pl.Int64) * pack(1, 0) + pl.col("@column") + pack(0, 0, sheet)).alias("locator"),
    )


def _cells(long: pl.LazyFrame, dimensions: Sequence[str]) -> pl.LazyFrame:
    """The fields of all sheets as cells; a blank one without flag is none."""
    text = pl.col("text").str.strip_chars()
    value = number(text)
    cells = long.select(
        *dimensions,
        "time",
        value.alias("value"),
        pl.when(value.is_null()).then(filled(text)).alias("raw"),
        filled(pl.col("flag").str.strip_chars()).alias("flag"),
        pl.lit(None, pl.String).alias("conf"),
        "locator",
    )
    return cells.filter(pl.any_horizontal(pl.col("value", "raw", "flag").is_not_null()))


def _dataset(rows: Sequence[Sequence[Any]]) -> str | None:
    """``DEMO_PJANGROUP`` of a title that ends in ``[DEMO_PJANGROUP__custom_202367]``."""
    found = re.search(r"\[(\w+?)(?:__custom_\d+)?\]\s*$", _said(rows, "Dataset:"))
    return found[1] if found else None


def _updated(rows: Sequence[Sequence[Any]]) -> datetime | None:
    """``03/07/2020 23:00``: day, month and year, in the local time of Brussels."""
    text = _said(rows, "Last updated:")
    if not text:
        return None
    try:
        return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=_BRUSSELS)
    except ValueError as error:
        raise FormatError(f"'Last updated:' is not dd/mm/yyyy HH:MM: {text!r}") from error


def _said(rows: Sequence[Sequence[Any]], name: str) -> str:
    found = next((row for row in rows[:9] if sheets.text(row[0]) == name), [])
    return next((text for one in found[1:] if (text := sheets.text(one))), "")
