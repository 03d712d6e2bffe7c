"""Statements of law as CSV: a row each, with the source that makes it.

For what stands in prose, in lists without a form of their own, or on pages that no machine may read: events,
reservations, visa rules, programmes of cooperation. The columns are the fields of the table that the rows are for; one
of them says the day, and there are always source and confidence. A row without a source is a ``FormatError``, and so is
one whose source is memory.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from sources.cells import CORE, Cells, pack
from sources.errors import FormatError
from sources.formats import grid
from sources.formats.delimited import text

NAME = "law_csv"

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
# The columns that may say the day.
_DAYS = ("date", "valid_from")
_MEMORY = "(?i)general (?:legal )?knowledge|from memory|not seen in a stored text"


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the first line has the columns of a statement of law."""
    return _is_header(text.first_fields(head))


def _is_header(names: Sequence[str]) -> bool:
    return set(names) >= _NEEDED and len(set(names)) == len(names) and sum(name in _DAYS for name in names) == 1


def read(path: Path) -> Cells:
    """A cell for each row. Dimensions are the columns but the day, which is ``time`` and ``raw``; a blank is null.

    A locator is record and field of the day, both 1-based, the header being record 1.
    """
    head = grid.header_of(path, _is_header)
    table = grid.body(path, head).rename({str(place): name for place, name in enumerate(head.names, 1)})
    frame = table.with_columns(pl.col(head.names).str.strip_chars().replace("", None))
    _refuse_unsourced(frame)
    (day,) = (name for name in head.names if name in _DAYS)
    dimensions = tuple(name for name in head.names if name != day)
    frame = frame.with_columns(
        time=pl.col(day),
        raw=pl.col(day).fill_null(""),
        value=pl.lit(None, pl.Float64),
        flag=pl.lit(None, pl.String),
        conf=pl.lit(None, pl.String),
        locator=pl.col("row").cast(pl.Int64) * pack(1, 0) + (head.names.index(day) + 1),
    )
    return Cells(format=NAME, frame=frame.lazy().select(*dimensions, *CORE), dimensions=dimensions)


def finder(path: Path) -> Callable[[int], str]:
    """From locator (record and field) to the text of the field."""
    return text.csv_finder(path, encoding="utf-8-sig")


def _refuse_unsourced(frame: pl.DataFrame) -> None:
    source = pl.col("source")
    for row in frame.filter(source.is_null() | source.str.contains(_MEMORY)).head(1).iter_rows(named=True):
        why = "rests on memory, which is no source" if row["source"] else "has no source"
        about = ", ".join(str(row[name]) for name in ("instrument", "nationality", "jurisdiction") if row.get(name))
        raise FormatError(f"record {row['row']} ({about}) {why}" if about else f"record {row['row']} {why}")
