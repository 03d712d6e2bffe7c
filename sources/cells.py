"""Cells: the values of a payload in the publisher's own codes, and where in the payload each stands.

A cells frame has one column for each of the publisher's dimensions (lower case, in the payload's order, strings, or
``CODE`` where a format of large payloads writes each code once for many cells) and then the columns of ``CORE``:

- ``time``     the period as published: ``2019``, ``2008-01``, ``2008M01``, ``2008-Q1``, ``2025-S2``
- ``value``    float64; null where the publisher gives no number
- ``raw``      what stands there when it is not a plain number (``:``, ``-``, ``*``, ``<5``, ``..``); else null
- ``flag``     the publisher's status flag, as given, also composite (``bep``); null where there is none
- ``conf``     the publisher's confidentiality status; null where there is none
- ``locator``  int64, where the value stands (see ``pack``)

Where the format itself knows what true values a figure allows, two more columns say so: ``least`` and ``most``. Where
a payload holds what was published at several times, ``said`` is the aware UTC time of each figure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

CORE: dict[str, pl.DataType] = {
    "time": pl.String(),
    "value": pl.Float64(),
    "raw": pl.String(),
    "flag": pl.String(),
    "conf": pl.String(),
    "locator": pl.Int64(),
}

CODE = pl.Categorical()

_COLUMN_BITS = 16
_ROW_BITS = 24


@dataclass(frozen=True)
class Cells:
    """What a payload holds.

    ``frame`` is lazy: dimensions, then ``CORE``. ``coded`` is false when dimensions hold labels ("Austria"), not codes
    ("AT"). ``dataset`` and ``updated`` (aware) are what the payload says of itself, where it does. ``labels`` maps a
    dimension to code → label where the payload carries them. Of prose, ``unread`` has the sentences with figures that
    were not read: ``locator``, ``sentence``, ``why``.
    """

    format: str
    frame: pl.LazyFrame
    dimensions: tuple[str, ...]
    coded: bool = True
    dataset: str | None = None
    updated: datetime | None = None
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unread: pl.DataFrame | None = None


def pack(row: int, column: int, sheet: int = 0) -> int:
    """One integer for a place in a table: 1-based row (or line, or item), 1-based column, 0-based sheet.

    JSON-stat does not use it: its locator is the flat index itself.
    """
    return sheet << (_ROW_BITS + _COLUMN_BITS) | row << _COLUMN_BITS | column


def unpack(locator: int) -> tuple[int, int, int]:
    """``(row, column, sheet)`` of a packed locator. Text formats have no sheet, and rows beyond 2**24 carry into it."""
    row = locator >> _COLUMN_BITS & (1 << _ROW_BITS) - 1
    return row, locator & (1 << _COLUMN_BITS) - 1, locator >> (_ROW_BITS + _COLUMN_BITS)


def line(locator: int) -> tuple[int, int]:
    """``(line, column)`` of a locator into a text without sheets, of any length."""
    return locator >> _COLUMN_BITS, locator & (1 << _COLUMN_BITS) - 1
