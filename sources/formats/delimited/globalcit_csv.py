"""GLOBALCIT Citizenship Law Dataset, country-year file: a row for a country and year, a column for each coded item.

An item is a mode of acquisition (A) or loss (L) of citizenship, as ``_bin`` (whether there is a provision) or ``_cat``
(of which kind). ``NA`` means that nothing was coded; it never means that the law has no such provision, which is 0.
"""

from pathlib import Path

import polars as pl

from sources.cells import CORE, Cells
from sources.errors import FormatError
from sources.formats import wide_table
from sources.formats.delimited import records

NAME = "globalcit_csv"

finder = records.finder

_FIRST_COLUMNS = ("iso2", "iso3", "country", "region", "year")
_ISO3, _COUNTRY, _YEAR = 2, 3, 5
_MISSING = "NA"


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the first line is the header."""
    return _is_header(records.first_fields(head))


def _is_header(names: list[str]) -> bool:
    return tuple(names[:5]) == _FIRST_COLUMNS and any(name.endswith("_bin") for name in names[5:])


def read(path: Path) -> Cells:
    """A cell for each country, year and item; dimensions iso3, item, coding, missing.

    ``coding`` is the code as published, and ``missing`` is NA where there is none. A year in which an item is coded for
    no country gives no cells of that item. A locator is record and field, both 1-based.
    """
    header = records.header_of(path, _is_header)
    table = records.records(path, header, records.EXPORT).collect()
    items = dict(enumerate(header.names[len(_FIRST_COLUMNS) :], len(_FIRST_COLUMNS) + 1))
    layout = wide_table.Layout({"iso3": _ISO3, "time": _YEAR}, {at: {"item": name} for at, name in items.items()})
    cells = wide_table.cells(table, layout, ("iso3", "item")).collect()
    text = pl.coalesce("raw", pl.col("value").cast(pl.Int64).cast(pl.String))
    cells = cells.with_columns(coding=text.replace(_MISSING, None), missing=pl.when(text == _MISSING).then(text))
    if not cells["time"].fill_null("").str.contains(r"^\d{4}$").all():
        raise FormatError("a year is not a number of four digits")
    coded = pl.col("coding").is_not_null().any().over("item", "time")
    dimensions = ("iso3", "item", "coding", "missing")
    return Cells(
        format=NAME,
        frame=cells.filter(coded).select(*dimensions, *CORE).lazy(),
        dimensions=dimensions,
        labels={"iso3": wide_table.labels(table, _ISO3, _COUNTRY)},
    )
