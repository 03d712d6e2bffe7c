"""JSON of the World Bank's API, version 2: ``[{page, pages, per_page, total, sourceid, lastupdated}, [rows] or null]``.

An error comes with status 200 as ``[{"message": [{"id", "key", "value"}]}]``. The text may begin with a byte order
mark. A value that is null is a cell: the API answers for every country and period asked for.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from sources.cells import Cells, line
from sources.errors import FormatError
from sources.formats import grid
from sources.formats.json import parsing

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
_ROWS = {"indicator": 1, "country": 2, "countryiso3code": 3, "time": 4, "flag": 7}
_VALUE = 5
# A text that an answer to footnote=y has in every row.
_BESIDE = "footnote"


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the text begins as an array with the page or the message of the API."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:300]
    return start.startswith(b"[") and ((b'"page"' in start and b'"pages"' in start) or b'"message"' in start)


def read(path: Path) -> Cells:
    """The cells of a page: ``indicator``, ``country`` (its two-letter id), ``countryiso3code``, which may be blank.

    A locator is a row's number and the position of ``value`` in the API's own order, both 1-based. ``decimal``, how
    many places the bank displays, is left out. So is ``unit``, which is blank in every row known: one that is not is
    a ``FormatError``, because a value without its unit would mislead. ``obs_status`` is the flag; a footnote is left
    out.
    """
    page, rows = _page(parsing.parsed(path))
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or row.keys() - {_BESIDE} != _FIELDS.keys():
            raise FormatError(f"row {number} has other fields than {list(_FIELDS)}: {parsing.shown(row)}")
    try:
        table = pl.DataFrame([{name: row[name] for name in _FIELDS} for row in rows], _FIELDS, strict=False)
    except pl.exceptions.PolarsError as error:
        raise FormatError(f"a row is not as the API gives it: {str(error).splitlines()[0]}") from error
    if units := table.filter(pl.col("unit") != "")["unit"].unique().to_list():
        raise FormatError(f"the values have units, which this format leaves out: {units}")
    flat = table.with_columns(pl.col(name).struct.field("id").alias(name) for name in _TERMS)
    flat = flat.rename({name: str(at) for at, name in enumerate(_FIELDS, 1)}).with_row_index("row", 1)
    dimensions = ("indicator", "country", "countryiso3code")
    return Cells(
        format=NAME,
        frame=grid.cells(flat, dimensions, _ROWS, {_VALUE: {}}, blanks=True),
        dimensions=dimensions,
        dataset=str(page["sourceid"]) if page.get("sourceid") else None,
        updated=grid.stamp(str(page.get("lastupdated")), "%Y-%m-%d"),
        labels={name: _labels(table[name]) for name in _TERMS},
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator (row and field) to the number or text that stands there."""
    _, rows = _page(parsing.literal(path))

    def find(locator: int) -> str:
        row, place = line(locator)
        if not 0 < row <= len(rows) or place != _VALUE:
            raise FormatError(f"there is no value in field {place} of row {row}")
        value = rows[row - 1]["value"]
        return "null" if value is None else str(value)

    return find


def _page(answer: object) -> tuple[dict[str, Any], list[Any]]:
    match answer:
        case [{"message": [dict(message), *_]}]:
            said = " ".join(f"{key} {message.get(key)!r}" for key in ("id", "key", "value"))
            raise FormatError(f"the World Bank answers with an error: {said}")
        case [dict(page), list() | None as rows] if {"page", "pages", "total"} <= page.keys():
            return page, rows or []
    raise FormatError(f"the payload is no page of the World Bank's API; it begins with {str(answer)[:120]}")


def _labels(terms: pl.Series) -> dict[str, str]:
    return dict(terms.struct.unnest().drop_nulls().unique("id").iter_rows())
