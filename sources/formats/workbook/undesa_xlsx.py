"""Workbooks of the UN DESA International Migrant Stock: by destination, by origin, by both; revisions 2019, 2020, 2024.

A sheet is a table where one of its first rows has years, or periods between years, in blocks: the same years again
for both sexes, men and women. A block's title stands over its first column. The text columns before the years name
and code the areas. Rows and columns differ from revision to revision and are found by what they hold. Up to 2019 the
table by destination and origin has its years in a column instead, and across its origins, by name alone. A sheet
without such a header (contents, notes, and the tables of regions by regions of one year, which table 1 holds too) is
not read.

``..`` is not available, ``~`` protected, ``—`` less than half the unit; a blank field is no cell.
"""

import re
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl

from sources.cells import CORE, Cells, pack
from sources.errors import FormatError
from sources.formats import grid
from sources.formats.workbook import sheets
from sources.formats.workbook.sheets import text as _text

NAME = "undesa_xlsx"

finder: Callable[[Path], Callable[[int], str]] = sheets.finder

_HEADER_WITHIN = 30
_TITLES_ABOVE = 3
_FEWEST_PERIODS = 5
_PERIOD = re.compile(r"(?:19|20)\d\d(?:[-–](?:19|20)\d\d)?")
_REVISION = re.compile(r"POP/DB/MIG/Stock/Rev\.\d{4}")
_SEX = re.compile(r"(?:^|[,(]) ?(both sexes|males?|females?)(?: combined)? ?(?:$|[,()])", re.IGNORECASE)
# A table by origin says in its title of whom it is: "Table 2. Female migrant stock at mid-year by origin ...".
_SEX_OF_TABLE = re.compile(r"\b(total|both|male|female)\b", re.IGNORECASE)
_SIDES = ("destination", "origin")
_WORLD = "900"
_SEXES = {"b": "T", "t": "T", "m": "M", "f": "F"}
# What a text column is, told by the first of these that its title holds.
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


def recognises(head: bytes, path: Path) -> bool:
    """Whether a workbook has a table 1 and its first sheet, the contents, names the International Migrant Stock."""
    if not head.startswith(b"PK"):
        return False
    try:
        names, first = sheets.beginning(path)
    except FormatError:
        return False
    contents = " ".join(map(_text, chain.from_iterable(first[:_HEADER_WITHIN])))
    return "Table 1" in names and "international migrant stock" in contents.lower()


def read(path: Path) -> Cells:
    """The cells of all tables.

    ``table`` is the name of the sheet (``labels`` has its title), ``series`` the title of the block as published, and
    ``sex`` the T, M or F that this title ends in, or null. ``destination`` and ``origin`` are UN M49 codes or the
    division's own; names are without their indent and the ``*`` that points to ``notes``. ``time`` is a year or a
    period (``1990-1995``). What a table does not have is null.
    """
    book = sheets.workbook(path)
    tables: list[pl.LazyFrame] = []
    titles: dict[str, str] = {}
    found: set[str] = {"table", "series", "sex"}
    revision = None
    for sheet, name in enumerate(book.sheet_names):
        rows = sheets.rows_of(book, sheet)
        years, origins = _header(rows), _header_of_origins(rows)
        top = origins if years is None else years
        if top is None:
            continue
        above = [text for row in rows[:top] for value in row if (text := _text(value))]
        titles[name] = next((text for text in above if re.match(r"table \d", text, re.IGNORECASE)), name)
        revision = revision or next(iter(_REVISION.findall(" ".join(above))), None)
        try:
            if years is None:
                carried, frame = _matrix(rows, top, titles[name], name)
            else:
                carried, frame = _table(rows, top, " ".join((titles[name], *above)), name)
        except FormatError as error:
            raise FormatError(f"sheet {name!r}: {error}") from error
        found |= carried
        tables.append(frame.with_columns(pl.col("locator") + pack(0, 0, sheet)))
    if not tables:
        raise FormatError(f"no sheet has a header of years, among {book.sheet_names}")
    dimensions = tuple(name for name in _DIMENSIONS if name in found)
    return Cells(
        format=NAME,
        frame=pl.concat(tables).select(*dimensions, *CORE),
        dimensions=dimensions,
        dataset=revision,
        labels={"table": titles},
    )


def _table(rows: list[list[Any]], top: int, above: str, name: str) -> tuple[set[str], pl.LazyFrame]:
    """The dimensions that a sheet has, and its cells. ``top`` is the index of the row of years."""
    periods = _periods(rows[top])
    first = min(periods)
    blocks = {at: _title(rows, top, range(at, first - 1, -1)) for at in periods}
    if len({(blocks[at], periods[at]) for at in periods}) < len(periods):
        raise FormatError(f"a block has a year twice, or its title is missing, among {sorted(set(blocks.values()))}")
    if strange := [text for at in range(first, len(rows[top])) if at not in periods and (text := _text(rows[top][at]))]:
        raise FormatError(f"these stand among the years: {strange}")
    carried = _text_columns([_title(rows, top, [at]) for at in range(first)], above)
    table = _cleaned(sheets.table(rows, top + 1), carried, [at + 1 for at in periods])
    columns: dict[int, dict[str, str | None]] = {
        at + 1: {"table": name, "series": blocks[at], "sex": _sex(blocks[at]), "time": periods[at]} for at in periods
    }
    return set(carried), grid.cells(table, _DIMENSIONS, carried, columns)


def _matrix(rows: list[list[Any]], top: int, title: str, name: str) -> tuple[set[str], pl.LazyFrame]:
    """The dimensions and cells of a table with origins across. ``top`` is the index of the row of their names.

    An origin has the code that its name has among the destinations; all origins together have that of the world. One
    that is no destination (``Other North``) has none.
    """
    origins = {at: text for at, value in enumerate(rows[top]) if (text := _text(value))}
    first = min(origins)
    carried = _text_columns([_title(rows, top, [at]) for at in range(1, first)], "", start=2) | {"time": 1}
    table = _cleaned(sheets.table(rows, top + 1), carried, [at + 1 for at in origins])
    named = dict(table.select(str(carried["destination_name"]), str(carried["destination"])).rows())
    columns: dict[int, dict[str, str | None]] = {
        at + 1: {
            "table": name,
            "series": title,
            "sex": _sex_of_table(title),
            "origin": _WORLD if text == "Total" else named.get(text.strip(" *")),
            "origin_name": text,
        }
        for at, text in origins.items()
    }
    return {*carried, "origin", "origin_name"} - {"time"}, grid.cells(table, _DIMENSIONS, carried, columns)


def _header(rows: list[list[Any]]) -> int | None:
    """The index of the first row that has years, with the title of a column of areas in or above it."""
    for at, row in enumerate(rows[:_HEADER_WITHIN]):
        if len(_periods(row)) >= _FEWEST_PERIODS:
            titles = chain.from_iterable(rows[max(0, at - _TITLES_ABOVE) : at + 1])
            return at if any("country or area" in _text(title).lower() for title in titles) else None
    return None


def _header_of_origins(rows: list[list[Any]]) -> int | None:
    """The index of the row with the names of origins: the one below a row that begins with Year and ends in origin."""
    for at, row in enumerate(rows[:_HEADER_WITHIN]):
        titles = [text for value in row if (text := _text(value))]
        if len(titles) > 1 and titles[0] == "Year" and titles[-1].lower().endswith("of origin"):
            return at + 1 if at + 1 < len(rows) and any(map(_text, rows[at + 1])) else None
    return None


def _periods(row: list[Any]) -> dict[int, str]:
    return {at: text for at, value in enumerate(row) if _PERIOD.fullmatch(text := _text(value))}


def _title(rows: list[list[Any]], top: int, columns: Iterable[int]) -> str:
    """The nearest text in or above the header in the first of these columns that has one; periods are no titles."""
    for at in columns:
        for row in range(top, max(-1, top - _TITLES_ABOVE - 1), -1):
            if (text := _text(rows[row][at])) and not _PERIOD.fullmatch(text):
                return text
    return ""


def _text_columns(titles: list[str], above: str, *, start: int = 1) -> dict[str, int]:
    """Where each dimension that a row carries stands (1-based), of titles the first of which is in column ``start``.

    A column belongs to the side, destination or origin, that its title names, else to that of the areas named left of
    it; areas whose title names no side belong to the one that the titles of the table name.
    """
    found: dict[str, int] = {}
    side = ""
    for at, title in enumerate(titles, start):
        kind = next((kind for word, kind in _KINDS.items() if word in title.lower()), None) if title else ""
        if kind is None:
            raise FormatError(f"column {at} is unknown: {title!r}")
        if kind == "name":
            side = _side(title) or _side(above)
        own = _side(title) or side
        dimension = {"name": f"{own}_name", "code": own}.get(kind, kind)
        if kind and (not own or dimension in found):
            raise FormatError(f"column {at} names no side, or is there twice: {title!r}")
        if kind:
            found[dimension] = at
    if not any(side in found and f"{side}_name" in found for side in _SIDES):
        raise FormatError(f"no area has a code and a name, among {titles}")
    return found


def _side(title: str) -> str:
    """The one side that a title names; blank where it names none or both."""
    named = [side for side in _SIDES if side in title.lower()]
    return named[0] if len(named) == 1 else ""


def _cleaned(table: pl.DataFrame, carried: dict[str, int], values: list[int]) -> pl.DataFrame:
    """The rows that have codes, with names as they are read. A row of values without a code is a ``FormatError``."""
    codes = [pl.col(str(carried[side])) for side in _SIDES if side in carried]
    coded = pl.all_horizontal(code.str.contains(r"^\d+$").fill_null(False) for code in codes)
    lost = table.filter(~coded & pl.any_horizontal(grid.filled(pl.col(str(at))).is_not_null() for at in values))
    if lost.height:
        raise FormatError(f"row {lost['row'][0]} has values but no code of an area")
    text = [pl.col(str(at)).str.strip_chars() for name, at in carried.items() if not name.endswith("_name")]
    names = [pl.col(str(at)).str.strip_chars(" *") for name, at in carried.items() if name.endswith("_name")]
    return table.filter(coded).with_columns(*text, *names)


def _sex(title: str) -> str | None:
    said = _SEX.search(title)
    return _SEXES[said[1][0].lower()] if said else None


def _sex_of_table(title: str) -> str | None:
    said = _SEX_OF_TABLE.search(title)
    return _SEXES[said[1][0].lower()] if said else None
