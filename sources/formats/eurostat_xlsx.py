"""The spreadsheet of Eurostat's Data Browser: one table a sheet, with labels.

A sheet ``Sheet 1`` or ``Data`` begins with ``Data extracted on``, names the dataset, then each dimension that is the
same in the whole sheet with its position; the header is the dimension over the columns and below it those of the rows
(``TIME``, then ``GEO (Labels)``). The flags stand in the column right of the values; ``:`` is not available.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from sources.cells import CORE, Cells, pack
from sources.errors import FormatError
from sources.formats import _workbook
from sources.formats._grid import filled, number

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
        book = _workbook.workbook(path)
        return any(_begins(_workbook.rows_of(book, at, 1)) for at in _sheets(book.sheet_names))
    except FormatError:
        return False


def read(path: Path) -> Cells:
    """The cells of the publisher's sheets; others are left out. A blank cell without flag is no cell."""
    book = _workbook.workbook(path)
    frames: list[pl.LazyFrame] = []
    dimensions: tuple[str, ...] = ()
    first: list[list[Any]] = []
    for at in _sheets(book.sheet_names):
        rows = _workbook.rows_of(book, at)
        if not _begins(rows):
            continue
        sheet = book.sheet_names[at]
        table = _table(rows, sheet)
        names = tuple(name for name in (*table.fixed, *table.rows, table.axis) if name != "time")
        dimensions, first = dimensions or names, first or rows
        if set(names) != set(dimensions):
            raise FormatError(f"sheet {sheet!r} has the dimensions {names}, the first has {dimensions}")
        frames.append(_frame(_workbook.table(rows, table.header + 1), table, at).select(*dimensions, *CORE))
    if not frames:
        raise FormatError("no sheet of the workbook begins with 'Data extracted on'")
    return Cells(
        format=NAME,
        frame=pl.concat(frames),
        dimensions=dimensions,
        coded=False,
        dataset=_dataset(first),
        updated=_updated(first),
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the text of the cell; a number as it is shown without format."""
    return _workbook.finder(path)


def _sheets(names: Sequence[str]) -> list[int]:
    return [at for at, name in enumerate(names) if _SHEET.fullmatch(name)]


def _begins(rows: Sequence[Sequence[Any]]) -> bool:
    return bool(rows and rows[0]) and str(rows[0][0]).startswith("Data extracted on")


def _table(rows: Sequence[Sequence[Any]], sheet: str) -> _Table:
    """Where what stands: the header is the row above the first one that says ``(Labels)`` or ``(Codes)``."""
    headed = next((at for at, row in enumerate(rows) if _HEADED.fullmatch(_workbook.text(row[0]))), 0)
    if not headed:
        raise FormatError(f"sheet {sheet!r} has no header like 'GEO (Labels)'")
    over, below = [_workbook.text(one) for one in rows[headed - 1]], [_workbook.text(one) for one in rows[headed]]
    places = {at: found[1].lower() for at, name in enumerate(below, 1) if (found := _HEADED.fullmatch(name))}
    rows_at = {name: at for at, name in places.items()}
    axis = re.sub(r" \((Labels|Codes)\)$", "", over[0]).lower()
    columns = {at: name for at, name in enumerate(over, 1) if name and at > max(places)}
    fixed = _fixed(rows[: headed - 1])
    names = [*fixed, *places.values(), axis]
    if wrong := [name for name in names if names.count(name) > 1 or (name in CORE and name != "time")]:
        raise FormatError(f"sheet {sheet!r} names the dimension {wrong[0]!r} twice, or its name is taken")
    if "time" not in names or len(set(columns.values())) < len(columns):
        raise FormatError(f"sheet {sheet!r}, row {headed}: the header is not that of a table over time")
    return _Table(fixed, headed, axis, rows_at, columns)


def _fixed(rows: Sequence[Sequence[Any]]) -> dict[str, str]:
    """The dimensions between the first blank row and the header: name in the first column, position in the third."""
    blank = next((at for at, row in enumerate(rows) if not any(map(_workbook.text, row))), len(rows))
    named = [[_workbook.text(one) for one in row] for row in rows[blank:]]
    return {row[0].lower(): next((one for one in row[1:] if one), "") for row in named if row[0]}


def _frame(table: pl.DataFrame, place: _Table, sheet: int) -> pl.LazyFrame:
    blank = table.select(pl.all_horizontal(pl.exclude("row") == "")).to_series()
    # The table ends at a blank row; below it stand the special values and the flags.
    body = table.head(blank.arg_max() or 0 if blank.any() else table.height).lazy()
    return pl.concat(
        body.select(
            *(pl.col(str(at)).str.strip_chars().alias(name) for name, at in place.rows.items()),
            *(pl.lit(text).alias(name) for name, text in {**place.fixed, place.axis: name}.items()),
            *_value(at, flagged=at + 1 not in place.columns and at < table.width - 1),
            (pl.col("row").cast(pl.Int64) * pack(1, 0) + pack(0, at, sheet)).alias("locator"),
        ).filter(pl.any_horizontal(pl.col("value", "raw", "flag").is_not_null()))
        for at, name in place.columns.items()
    )


def _value(at: int, *, flagged: bool) -> list[pl.Expr]:
    text = pl.col(str(at)).str.strip_chars()
    value = number(text)
    nothing = pl.lit(None, pl.String)
    return [
        value.alias("value"),
        pl.when(value.is_null()).then(filled(text)).alias("raw"),
        (filled(pl.col(str(at + 1)).str.strip_chars()) if flagged else nothing).alias("flag"),
        nothing.alias("conf"),
    ]


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
    found = next((row for row in rows[:9] if _workbook.text(row[0]) == name), [])
    return next((text for one in found[1:] if (text := _workbook.text(one))), "")
