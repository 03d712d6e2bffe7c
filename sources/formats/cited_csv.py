"""Dated statements as CSV: visa rules, programmes of cooperation, each with the publication that states it.

For what stands in announcements and reports without a form of their own. The columns are the table's; the last three
are always source, source_url and confidence, and one says the day. A row without a source is a ``FormatError``, and so
is one whose source is memory.
"""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from sources.cells import CORE, Cells, pack
from sources.errors import FormatError
from sources.formats import _grid, _text

NAME = "cited_csv"

_SOURCE = ["source", "source_url", "confidence"]
# The column that is the day of the statement.
_DAYS = ("date", "valid_from")
_MEMORY = "(?i)general (?:legal )?knowledge|from memory|not seen in a stored text"


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the first line is such a header."""
    return _is_header(_text.first_fields(head))


def _is_header(names: list[str]) -> bool:
    return names[-3:] == _SOURCE and len(set(names)) == len(names) and sum(name in _DAYS for name in names) == 1


def read(path: Path) -> Cells:
    """A cell for each statement. A locator is record and field of the day, both 1-based, the header being record 1."""
    head = _grid.header_of(path, _is_header)
    table = _grid.body(path, head)
    frame = table.rename({str(place): name for place, name in enumerate(head.names, 1)})
    frame = frame.with_columns(pl.col(head.names).str.strip_chars().replace("", None))
    _refuse_unsourced(frame)
    (day,) = (name for name in head.names if name in _DAYS)
    dimensions = tuple(name for name in head.names if name != day)
    frame = frame.with_columns(
        time=pl.col(day),
        raw=pl.col(day),
        value=pl.lit(None, pl.Float64),
        flag=pl.lit(None, pl.String),
        conf=pl.lit(None, pl.String),
        locator=pl.col("row").cast(pl.Int64) * pack(1, 0) + (head.names.index(day) + 1),
    )
    return Cells(format=NAME, frame=frame.lazy().select(*dimensions, *CORE), dimensions=dimensions)


def _refuse_unsourced(frame: pl.DataFrame) -> None:
    source = pl.col("source")
    for row in frame.filter(source.is_null() | source.str.contains(_MEMORY)).head(1).iter_rows(named=True):
        why = "rests on memory, which is no source" if row["source"] else "has no source"
        raise FormatError(f"record {row['row']} {why}")


def finder(path: Path) -> Callable[[int], str]:
    """From locator (record and field) to the text of the field."""
    return _text.csv_finder(path, encoding="utf-8-sig")
