"""CSV of the UNESCO Institute for Statistics: exports of the data browser, and the bulk files of before 2021.

``indicatorId,geoUnit,year,value,qualifier,magnitude``; in the older bulk files the same fields under other names and
in another order. A value may be negative: it is a net flow.
"""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import uis
from sources.formats.delimited.text import csv_finder, first_fields, header, locator, records
from sources.formats.grid import number

NAME = "uis_csv"

_BULK = {"INDICATOR_ID": "indicatorId", "COUNTRY_ID": "geoUnit"} | {
    name.upper(): name for name in ("year", "value", "qualifier", "magnitude")
}


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the header has the six fields, under the one or the other names."""
    return _named(first_fields(head)) is not None


def read(path: Path) -> Cells:
    """The cells, lazily: ``indicator_id``, ``geo_unit``, and ``geo_unit_type`` (``NATIONAL`` or ``REGIONAL``)."""
    names = header(path)
    fields = _named(names)
    if fields is None:
        raise FormatError(f"the fields are {names}, not {list(uis.FIELDS)}")
    at = {name: str(place) for place, name in enumerate(fields, 1)}
    text = records(path, len(names), check=lambda batch: uis.check(_renamed(batch.lazy(), at).collect()))
    frame = uis.cells(_renamed(text, at), number(pl.col("value")), lambda field: locator(int(at[field])))
    return Cells(NAME, frame, uis.DIMENSIONS)


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the text of the value, or of the magnitude that stands for it."""
    return csv_finder(path)


def _named(names: list[str]) -> list[str] | None:
    """The fields in the order of the header, or nothing where it is another header."""
    fields = [_BULK.get(name, name) for name in names]
    return fields if sorted(fields) == sorted(uis.FIELDS) else None


def _renamed(text: pl.LazyFrame, at: dict[str, str]) -> pl.LazyFrame:
    return text.select("row", *(pl.col(place).alias(name) for name, place in at.items()))
