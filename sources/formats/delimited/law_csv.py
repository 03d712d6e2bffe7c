"""Statements of law as CSV: one statement in each row, with its source.

The format is for facts from prose, from lists without a format of their own, or from pages that machines may not read:
events, reservations, visa rules, programmes of cooperation. The columns are the fields of the table to which the rows
belong. One of them is the day, and there are always a source and a confidence. A row without a source, or with memory
as its source, is a ``FormatError``.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from sources.cells import CORE, Cells
from sources.errors import FormatError
from sources.formats.delimited import records
from sources.formats.values import NULL

NAME = "law_csv"

finder = records.finder

# The columns of events, and of reservations and declarations.
EVENTS = (
    *("instrument", "jurisdiction", "event", "date", "date_precision", "territorial_scope", "provision", "basis"),
    *("related", "source", "source_url", "confidence"),
)
STATEMENTS = (
    *("instrument", "jurisdiction", "statement", "date", "date_precision", "territorial_scope", "provision", "text"),
    *("source", "source_url", "confidence"),
)

_NEEDED = frozenset({"source", "source_url", "confidence"})
# The columns that may hold the day.
_DAYS = ("date", "valid_from")
_MEMORY = "(?i)general (?:legal )?knowledge|from memory|not seen in a stored text"


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the first line has the columns of a statement of law."""
    return _is_header(records.first_fields(head))


def _is_header(names: Sequence[str]) -> bool:
    return set(names) >= _NEEDED and len(set(names)) == len(names) and sum(name in _DAYS for name in names) == 1


def read(path: Path) -> Cells:
    """A cell for each row. Dimensions are the columns except the day, which is ``time`` and ``raw``; a blank is null.

    A locator is record and field of the day, both 1-based; the header is record 1.
    """
    header = records.header_of(path, _is_header)
    names = header.names
    text = records.records(path, header, records.EXPORT)
    table = text.rename({str(at): name for at, name in enumerate(names, 1)}).collect()
    frame = table.with_columns(pl.col(names).str.strip_chars().replace("", None))
    _refuse_unsourced(frame)
    (day,) = (name for name in names if name in _DAYS)
    dimensions = tuple(name for name in names if name != day)
    frame = frame.with_columns(
        time=pl.col(day),
        raw=pl.col(day).fill_null(""),
        value=pl.lit(None, pl.Float64),
        flag=NULL,
        conf=NULL,
        locator=records.locator(names.index(day) + 1),
    )
    return Cells(format=NAME, frame=frame.lazy().select(*dimensions, *CORE), dimensions=dimensions)


def _refuse_unsourced(frame: pl.DataFrame) -> None:
    source = pl.col("source")
    for row in frame.filter(source.is_null() | source.str.contains(_MEMORY)).head(1).iter_rows(named=True):
        why = "gives memory as its source, which is not a source" if row["source"] else "has no source"
        about = ", ".join(str(row[name]) for name in ("instrument", "nationality", "jurisdiction") if row.get(name))
        raise FormatError(f"record {row['row']} ({about}) {why}" if about else f"record {row['row']} {why}")
