"""Cells: the values of a payload in the publisher's own codes, each with its place in the payload.

A frame of cells has one column for each of the publisher's dimensions (lower case, in the payload's order; text, or
``CODE`` in formats of large payloads, which repeat each code many times) and then the columns of ``CORE``:

- ``time``     the period as published: ``2019``, ``2008-01``, ``2008M01``, ``2008-Q1``, ``2025-S2``
- ``value``    float64; null where the publisher gives no number
- ``raw``      the published text where it is not a plain number (``:``, ``-``, ``*``, ``<5``, ``..``); else null
- ``flag``     the publisher's status flag as published, also composite (``bep``); null where there is none
- ``conf``     the publisher's confidentiality status; null where there is none
- ``locator``  int64, the place of the value in the payload (see ``pack``)

A format that can give bounds for the true value adds two columns, ``least`` and ``most``. A format whose payloads hold
figures published at several times adds ``published_at``, the aware UTC time of publication of each figure.
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
    """The content of a payload.

    ``frame`` is lazy: dimensions, then ``CORE``. ``coded`` is false when dimensions hold labels ("Austria"), not codes
    ("AT"). ``dataset`` and ``updated`` (aware) are the dataset and the time of its last update that the payload itself
    states, or None. ``labels`` maps a dimension to code → label where the payload contains them. ``unread`` is used for
    prose: the sentences with figures that were not read, with ``locator``, ``sentence``, ``why`` and ``stopped_by``.
    ``held`` is used for prose too: figures whose values cannot be true, in the columns of ``frame`` and ``why``;
    ``frame`` lacks them. ``refused`` maps a code of dimension ``table`` to the reason why this table of the payload
    cannot be read; the frame lacks its cells.
    """

    format: str
    frame: pl.LazyFrame
    dimensions: tuple[str, ...]
    coded: bool = True
    dataset: str | None = None
    updated: datetime | None = None
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unread: pl.DataFrame | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    held: pl.DataFrame | None = None


def pack(row: int, column: int, sheet: int = 0) -> int:
    """One integer for a place in a table: 1-based row (or line, or item), 1-based column, 0-based sheet.

    JSON-stat does not use it: its locator is the flat index itself.
    """
    return sheet << (_ROW_BITS + _COLUMN_BITS) | row << _COLUMN_BITS | column


def unpack(locator: int) -> tuple[int, int, int]:
    """``(row, column, sheet)`` of a packed locator of a workbook.

    Text formats have no sheet: their rows may be larger than 2**24 and then use the bits of the sheet (see ``line``).
    """
    row = locator >> _COLUMN_BITS & (1 << _ROW_BITS) - 1
    return row, locator & (1 << _COLUMN_BITS) - 1, locator >> (_ROW_BITS + _COLUMN_BITS)


def line(locator: int) -> tuple[int, int]:
    """``(line, column)`` of a packed locator of a text, which has no sheets and may have any number of lines."""
    return locator >> _COLUMN_BITS, locator & (1 << _COLUMN_BITS) - 1
