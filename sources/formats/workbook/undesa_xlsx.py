"""Workbooks of the UN DESA International Migrant Stock: by destination, by origin, by both; revisions 2019, 2020, 2024.

A sheet is a table where one of its first rows has years, or periods between years, in blocks: the same years again for
both sexes, men and women. The title of a block is above its first column. The text columns before the years name and
code the areas. Rows and columns differ from revision to revision and are found by their content. Up to 2019 the table
by destination and origin has its years in a column, and its origins as columns, by name only. A sheet without such a
header (contents, notes, and the tables of regions by regions of one year, which table 1 contains too) is not read.

``..`` is not available, ``~`` protected, ``—`` less than half the unit; a blank field is not a cell. A row without code
whose fields are all ``..`` is the heading of the areas below it.

A table that cannot be read, for example table 2 of the workbooks of 2024 whose column of codes is empty, does not
refuse the others: ``Cells.refused`` names it.
"""

import re
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from sources.cells import CORE, Cells, pack
from sources.errors import FormatError
from sources.formats import wide_table
from sources.formats.values import filled
from sources.formats.wide_table import Header, Layout
from sources.formats.workbook import sheets
from sources.formats.workbook.sheets import Rows
from sources.formats.workbook.sheets import text as _text

NAME = "undesa_xlsx"

finder = sheets.finder

_HEADER_WITHIN = 30
_TITLES_ABOVE = 3
_FEWEST_PERIODS = 5
_PERIOD = re.compile(r"(?:19|20)\d\d(?:[-–](?:19|20)\d\d)?")
_REVISION = re.compile(r"POP/DB/MIG/Stock/Rev\.\d{4}")
_SEX_OF_BLOCK = re.compile(r"(?:^|[,(]) ?(both sexes|males?|females?)(?: combined)? ?(?:$|[,()])", re.IGNORECASE)
# A table by origin has its sex in its title: "Table 2. Female migrant stock at mid-year by origin ...".
_SEX_OF_TABLE = re.compile(r"\b(total|both|male|female)\b", re.IGNORECASE)
_SIDES = ("destination", "origin")
_WORLD = "900"
_NOT_AVAILABLE = ".."
_SEXES = {"b": "T", "t": "T", "m": "M", "f": "F"}
# The kind of a text column, by the first of these words in its title.
_KINDS = {
    "country or area": "name",
    "code": "code",
    "note": "notes",
    "type of data": "type_of_data",
    "data type": "type_of_data",
    "coverage": "coverage",
    "order": "",
    "index": "",
}
_DIMENSIONS = (
    *("table", "destination", "destination_name", "origin", "origin_name"),
    *("notes", "type_of_data", "coverage", "series", "sex"),
)


class _Sheet(NamedTuple):
    """A sheet with its rows, its title, all texts above its header, and the index of its header.

    ``has_years``: whether the columns of the header are years. Otherwise they are origins.
    """

    name: str
    rows: Rows
    title: str
    above: str
    header: int
    has_years: bool


def recognises(head: bytes, path: Path) -> bool:
    """Whether a workbook has a table 1 and its first sheet, the contents, names the International Migrant Stock."""
    names, first = sheets.beginning(head, path)
    contents = " ".join(map(_text, chain.from_iterable(first[:_HEADER_WITHIN])))
    return "Table 1" in names and "international migrant stock" in contents.lower()


def read(path: Path) -> Cells:
    """The cells of all tables.

    ``table`` is the name of the sheet (``labels`` has its title), ``series`` the title of the block as published, and
    ``sex`` the T, M or F in which this title ends, or null. ``destination`` and ``origin`` are UN M49 codes or the
    division's own; names are without their indent and the ``*`` that refers to ``notes``. ``time`` is a year or a
    period (``1990-1995``). A dimension that a table does not have is null. ``FormatError`` if no table can be read.
    """
    book = sheets.workbook(path)
    tables: list[pl.LazyFrame] = []
    titles: dict[str, str] = {}
    refused: dict[str, str] = {}
    present: set[str] = {"table", "series", "sex"}
    revision = None
    for index, name in enumerate(book.sheet_names):
        sheet = _sheet(name, sheets.rows_of(book, index))
        if sheet is None:
            continue
        titles[name] = sheet.title
        revision = revision or next(iter(_REVISION.findall(sheet.above)), None)
        try:
            dimensions, frame = _cells_of_years(sheet) if sheet.has_years else _cells_of_origins(sheet)
        except FormatError as error:
            refused[name] = f"sheet {name!r}: {error}"
            continue
        present |= dimensions
        tables.append(frame.with_columns(pl.col("locator") + pack(0, 0, index)))
    if not tables and refused:
        raise FormatError(next(iter(refused.values())))
    if not tables:
        raise FormatError(f"no sheet has a header of years, among {book.sheet_names}")
    all_dimensions = tuple(name for name in _DIMENSIONS if name in present)
    return Cells(
        format=NAME,
        frame=pl.concat(tables).select(*all_dimensions, *CORE),
        dimensions=all_dimensions,
        dataset=revision,
        labels={"table": titles},
        refused=refused,
    )


def _sheet(name: str, rows: Rows) -> _Sheet | None:
    """A sheet with a table. None if no row is a header of years or of origins."""
    years = _header_of_years(rows)
    header = _header_of_origins(rows) if years is None else years
    if header is None:
        return None
    above = [text for row in rows[:header] for value in row if (text := _text(value))]
    title = next((text for text in above if re.match(r"table \d", text, re.IGNORECASE)), name)
    return _Sheet(name, rows, title, " ".join(above), header, has_years=years is not None)


def _cells_of_years(sheet: _Sheet) -> tuple[set[str], pl.LazyFrame]:
    """The dimensions and cells of a sheet with years as columns."""
    rows, header = sheet.rows, sheet.header
    periods = _periods(rows[header])
    first = min(periods)
    blocks = {at: _title(rows, header, range(at, first - 1, -1)) for at in periods}
    if len({(blocks[at], periods[at]) for at in periods}) < len(periods):
        raise FormatError(f"a block has a year twice, or its title is missing, among {sorted(set(blocks.values()))}")
    if others := [
        text for at, text in enumerate(sheets.texts(rows[header])) if text and at > first and at not in periods
    ]:
        raise FormatError(f"the header of years has other texts: {others}")
    titles = [_title(rows, header, [at]) for at in range(first)]
    keys = _text_columns(titles, f"{sheet.title} {sheet.above}")
    columns: dict[int, Header] = {
        at + 1: {"table": sheet.name, "series": blocks[at], "sex": _sex_of_block(blocks[at]), "time": periods[at]}
        for at in periods
    }
    table = _coded_rows(sheets.table(rows, header + 1), keys, list(columns))
    return set(keys), wide_table.cells(table, Layout(keys, columns), _DIMENSIONS)


def _cells_of_origins(sheet: _Sheet) -> tuple[set[str], pl.LazyFrame]:
    """The dimensions and cells of a sheet with origins as columns, whose names are in the header.

    An origin has the code that its name has among the destinations; the total of all origins has that of the world. An
    origin that is not a destination (``Other North``) has none.
    """
    rows, header = sheet.rows, sheet.header
    origins = {at: text for at, value in enumerate(rows[header]) if (text := _text(value))}
    titles = [_title(rows, header, [at]) for at in range(1, min(origins))]
    keys = _text_columns(titles, "", start=2) | {"time": 1}
    table = _coded_rows(sheets.table(rows, header + 1), keys, [at + 1 for at in origins])
    codes = dict(table.select(str(keys["destination_name"]), str(keys["destination"])).rows())
    columns: dict[int, Header] = {
        at + 1: {
            "table": sheet.name,
            "series": sheet.title,
            "sex": _sex_of_table(sheet.title),
            "origin": _WORLD if text == "Total" else codes.get(text.strip(" *")),
            "origin_name": text,
        }
        for at, text in origins.items()
    }
    return {*keys, "origin", "origin_name"} - {"time"}, wide_table.cells(table, Layout(keys, columns), _DIMENSIONS)


def _header_of_years(rows: Rows) -> int | None:
    """The index of the first row that has years, with the title of a column of areas in or above it."""
    for at, row in enumerate(rows[:_HEADER_WITHIN]):
        if len(_periods(row)) >= _FEWEST_PERIODS:
            titles = chain.from_iterable(rows[max(0, at - _TITLES_ABOVE) : at + 1])
            return at if any("country or area" in _text(title).lower() for title in titles) else None
    return None


def _header_of_origins(rows: Rows) -> int | None:
    """The index of the row with the names of origins: the one below a row that begins with Year and ends in origin."""
    for at, row in enumerate(rows[:_HEADER_WITHIN]):
        titles = [text for value in row if (text := _text(value))]
        if len(titles) > 1 and titles[0] == "Year" and titles[-1].lower().endswith("of origin"):
            return at + 1 if at + 1 < len(rows) and any(map(_text, rows[at + 1])) else None
    return None


def _periods(row: list[Any]) -> dict[int, str]:
    return {at: text for at, value in enumerate(row) if _PERIOD.fullmatch(text := _text(value))}


def _title(rows: Rows, header: int, columns: Iterable[int]) -> str:
    """The nearest text in or above the header in the first of these columns that has one; periods are not titles."""
    for at in columns:
        for row in range(header, max(-1, header - _TITLES_ABOVE - 1), -1):
            if (text := _text(rows[row][at])) and not _PERIOD.fullmatch(text):
                return text
    return ""


def _text_columns(titles: list[str], above: str, *, start: int = 1) -> dict[str, int]:
    """The position (1-based) of each dimension of the rows; the first of the titles is that of column ``start``.

    A column belongs to the side, destination or origin, that its title names, else to that of the areas to its left.
    Areas whose title names no side belong to the side that the texts ``above`` the table name.
    """
    positions: dict[str, int] = {}
    side = ""
    for at, title in enumerate(titles, start):
        kind = next((kind for word, kind in _KINDS.items() if word in title.lower()), None) if title else ""
        if kind is None:
            raise FormatError(f"column {at} is unknown: {title!r}")
        if kind == "name":
            side = _side(title) or _side(above)
        if not kind:
            continue
        side_of_column = _side(title) or side
        dimension = {"name": f"{side_of_column}_name", "code": side_of_column}.get(kind, kind)
        if not side_of_column or dimension in positions:
            raise FormatError(f"column {at} has no side, or another column has the same role: {title!r}")
        positions[dimension] = at
    if not any(side in positions and f"{side}_name" in positions for side in _SIDES):
        raise FormatError(f"no area has a code and a name, among {titles}")
    return positions


def _side(title: str) -> str:
    """The one side that a title names; blank where it names none or both."""
    named = [side for side in _SIDES if side in title.lower()]
    return named[0] if len(named) == 1 else ""


def _coded_rows(table: pl.DataFrame, keys: dict[str, int], values: list[int]) -> pl.DataFrame:
    """The rows that have codes, with cleaned names. A row of values without a code is a ``FormatError``."""
    codes = [pl.col(str(keys[side])) for side in _SIDES if side in keys]
    coded = pl.all_horizontal(code.str.contains(r"^\d+$").fill_null(False) for code in codes)
    fields = [filled(pl.col(str(at)).str.strip_chars()) for at in values]
    lost = table.filter(~coded & pl.any_horizontal((field != _NOT_AVAILABLE).fill_null(False) for field in fields))
    if lost.height:
        raise FormatError(f"row {lost['row'][0]} has values but no code of an area")
    texts = [pl.col(str(at)).str.strip_chars() for name, at in keys.items() if not name.endswith("_name")]
    names = [pl.col(str(at)).str.strip_chars(" *") for name, at in keys.items() if name.endswith("_name")]
    return table.filter(coded).with_columns(*texts, *names)


def _sex_of_block(title: str) -> str | None:
    return _sex(_SEX_OF_BLOCK.search(title))


def _sex_of_table(title: str) -> str | None:
    return _sex(_SEX_OF_TABLE.search(title))


def _sex(named: re.Match[str] | None) -> str | None:
    return _SEXES[named[1][0].lower()] if named else None
