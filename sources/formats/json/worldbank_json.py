"""JSON of the World Bank's API, version 2: ``[{page, pages, per_page, total, sourceid, lastupdated}, [rows] or null]``.

An error has status 200 and is ``[{"message": [{"id", "key", "value"}]}]``. The text may begin with a byte order mark. A
null value is a cell: the API returns a row for every country and period that was requested.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from sources.cells import Cells, line
from sources.errors import FormatError
from sources.formats import wide_table
from sources.formats.json import parsing
from sources.formats.values import timestamp

NAME = "worldbank_json"

_TERMS = ("indicator", "country")
_TERM = pl.Struct({"id": pl.String(), "value": pl.String()})
_FIELDS: dict[str, pl.DataType] = {
    "indicator": _TERM,
    "country": _TERM,
    "countryiso3code": pl.String(),
    "date": pl.String(),
    "value": pl.String(),
    "unit": pl.String(),
    "obs_status": pl.String(),
    "decimal": pl.String(),
}
_VALUE = 5
_LAYOUT = wide_table.Layout({"indicator": 1, "country": 2, "countryiso3code": 3, "time": 4, "flag": 7}, {_VALUE: {}})
# A text that every row has where the request was made with footnote=y.
_FOOTNOTE = "footnote"


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the text begins as an array with the page or the message of the API."""
    start = parsing.beginning(head, 300)
    return start.startswith(b"[") and ((b'"page"' in start and b'"pages"' in start) or b'"message"' in start)


def read(path: Path) -> Cells:
    """The cells of a page: ``indicator``, ``country`` (its two-letter id), ``countryiso3code``, which may be blank.

    A locator is the number of a row and the position of ``value`` in the API's own order, both 1-based. ``obs_status``
    is the flag. ``decimal``, the number of places that the bank displays, and footnotes are left out. So is ``unit``,
    which is blank in every known row: one that is not blank is a ``FormatError``, because a value without its unit is
    misleading.
    """
    page, rows = _page(parsing.parsed(path))
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or row.keys() - {_FOOTNOTE} != _FIELDS.keys():
            raise FormatError(f"row {number} has other fields than {list(_FIELDS)}: {parsing.shown(row)}")
    try:
        table = pl.DataFrame([{name: row[name] for name in _FIELDS} for row in rows], _FIELDS, strict=False)
    except pl.exceptions.PolarsError as error:
        raise FormatError(f"a row does not have the API's types: {str(error).splitlines()[0]}") from error
    if units := table.filter(pl.col("unit") != "")["unit"].unique().to_list():
        raise FormatError(f"the values have units, which this format leaves out: {units}")
    flat = table.with_columns(pl.col(name).struct.field("id").alias(name) for name in _TERMS)
    flat = flat.rename({name: str(at) for at, name in enumerate(_FIELDS, 1)}).with_row_index("row", 1)
    dimensions = ("indicator", "country", "countryiso3code")
    return Cells(
        format=NAME,
        frame=wide_table.cells(flat, _LAYOUT, dimensions, keep_blanks=True),
        dimensions=dimensions,
        dataset=str(page["sourceid"]) if page.get("sourceid") else None,
        updated=timestamp(str(page.get("lastupdated")), "%Y-%m-%d"),
        labels={name: _labels(table[name]) for name in _TERMS},
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator (row and field) to the number or text of that value."""
    _, rows = _page(parsing.literal(path))

    def find(locator: int) -> str:
        row, field = line(locator)
        if not 0 < row <= len(rows) or field != _VALUE:
            raise FormatError(f"there is no value in field {field} of row {row}")
        value = rows[row - 1]["value"]
        return "null" if value is None else str(value)

    return find


def _page(response: object) -> tuple[dict[str, Any], list[Any]]:
    match response:
        case [{"message": [dict(message), *_]}]:
            text = " ".join(f"{key} {message.get(key)!r}" for key in ("id", "key", "value"))
            raise FormatError(f"the World Bank answered with an error: {text}")
        case [dict(page), list() | None as rows] if {"page", "pages", "total"} <= page.keys():
            return page, rows or []
    raise FormatError(f"the payload is not a page of the World Bank's API; it begins with {str(response)[:120]}")


def _labels(terms: pl.Series) -> dict[str, str]:
    return dict(terms.struct.unnest().drop_nulls().unique("id").iter_rows())
