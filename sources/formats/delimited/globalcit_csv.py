"""GLOBALCIT Citizenship Law Dataset, country-year file: a row for a country and year, a column for each coded item.

An item is a mode of acquisition (A) or loss (L) of citizenship, as ``_bin`` (whether there is a provision) or ``_cat``
(of which kind). ``NA`` is no coding; it never means that the law has no such provision, which is 0.
"""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import grid
from sources.formats.delimited import text as _text

NAME = "globalcit_csv"

_WHO = ("iso2", "iso3", "country", "region", "year")
_MISSING = "NA"


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the first line is the header."""
    return _is_header(_text.first_fields(head))


def _is_header(names: list[str]) -> bool:
    return tuple(names[:5]) == _WHO and any(name.endswith("_bin") for name in names[5:])


def read(path: Path) -> Cells:
    """A cell for each country, year and item; dimensions iso3, item, coding, missing.

    ``coding`` is the code as published and ``missing`` is NA where there is none. The years that the file codes for no
    country at all are not part of an item. A locator is record and field, both 1-based.
    """
    head = grid.header_of(path, _is_header)
    table = grid.body(path, head)
    items = {place: {"item": name} for place, name in enumerate(head.names, 1) if place > len(_WHO)}
    cells = grid.cells(table, ("iso3", "item"), {"iso3": 2, "time": 5}, items).collect()
    text = pl.coalesce("raw", pl.col("value").cast(pl.Int64).cast(pl.String))
    cells = cells.with_columns(coding=text.replace(_MISSING, None), missing=pl.when(text == _MISSING).then(text))
    if not cells["time"].fill_null("").str.contains(r"^\d{4}$").all():
        raise FormatError("a year is no number of four digits")
    coded = pl.col("coding").is_not_null().any().over("item", "time")
    countries = {row[1]: row[2] for row in table.select("row", "2", "3").iter_rows()}
    ordered = ["iso3", "item", "coding", "missing", "time", "value", "raw", "flag", "conf", "locator"]
    return Cells(
        format=NAME,
        frame=cells.filter(coded).select(ordered).lazy(),
        dimensions=("iso3", "item", "coding", "missing"),
        labels={"iso3": countries},
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator (record and field) to the text of the field."""
    return _text.csv_finder(path, encoding="utf-8-sig")
