r"""Eurostat's TSV: one series a line, the codes of its dimensions joined by commas in the first field.

The header's first field ends in the dimension that runs over the columns: ``freq,unit,geo\TIME_PERIOD``, in old bulk
files also ``sex,age,unit,time\geo``. A field is a value, one space, then a flag and after ``@`` a confidentiality
status, of which both may be absent: ``6275 ``, ``39847 u``, ``: bu``, ``: @C``.
https://wikis.ec.europa.eu/display/EUROSTATHELP/API+-+FAQ+-+TSV+data+format
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl

from sources.cells import CORE, Cells
from sources.errors import FormatError
from sources.formats._grid import number
from sources.formats._text import TSV, csv_finder, header, locator, records

NAME = "eurostat_tsv"

_FIRST = re.compile(rb"(?:\xef\xbb\xbf)?\w+(?:,\w+)*\\\w+ *(?:[\t\r\n]|$)")
_TIME = ("time", "time_period")


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    r"""Whether the text begins with names joined by commas and ``\``."""
    return _FIRST.match(head) is not None


def read(path: Path) -> Cells:
    """The cells, lazily and in no promised order. A wholly empty field is no cell; ``:`` is one without value."""
    names = header(path, dialect=TSV)
    keys, axis = _axes(names[0])
    columns = {str(at): name.strip() for at, name in enumerate(names[1:], 2)}
    _all_different(list(columns.values()), "column")
    text = records(path, len(names), dialect=TSV, check=_check(len(keys)))
    dimensions = tuple(name for name in (*keys, axis) if name != "time")
    return Cells(format=NAME, frame=_frame(text, keys, axis, columns).select(*dimensions, *CORE), dimensions=dimensions)


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the field without the spaces at its end: ``39847 u``."""
    find = csv_finder(path, delimiter="\t", quote=None)
    return lambda locator: find(locator).rstrip()


def _axes(first: str) -> tuple[list[str], str]:
    """The dimensions of the lines and the one of the columns; the dimension of time is called ``time``."""
    joined, _, axis = first.strip().lower().rpartition("\\")
    names = ["time" if name in _TIME else name for name in (*joined.split(","), axis)]
    _all_different(names, "dimension")
    if "time" not in names:
        raise FormatError(f"the header names no dimension of time: {first!r}")
    if taken := sorted(set(names) & set(CORE) - {"time"}):
        raise FormatError(f"{taken[0]!r} cannot be the name of a dimension: it is taken")
    return names[:-1], names[-1]


def _all_different(names: Sequence[str], what: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FormatError(f"the header names the {what} {twice[0]!r} twice")


def _frame(text: pl.LazyFrame, keys: Sequence[str], axis: str, columns: Mapping[str, str]) -> pl.LazyFrame:
    field, shown, status, value = pl.col("@field"), pl.col("@shown"), pl.col("@status"), pl.col("value")
    schema = {"row": pl.UInt32(), **dict.fromkeys((*keys, "@column", "@field", axis), pl.String())}
    return (
        text.with_columns(pl.col("1").str.splitn(",", len(keys)).struct.rename_fields(keys))
        .unnest("1")
        .with_columns(pl.col(keys).str.strip_chars())
        .map_batches(lambda series: _long(series, axis, columns), schema=schema, streamable=True)
        .with_columns(field.str.strip_chars())
        .filter(field != "")
        .with_columns(field.str.splitn(" ", 2).struct.rename_fields(["@shown", "@status"]))
        .unnest("@field")
        .with_columns(number(shown).alias("value"))
        .select(
            *keys,
            axis,
            "value",
            pl.when(value.is_null()).then(shown).alias("raw"),
            status.str.extract(r"^\s*([^@]*[^@\s])").alias("flag"),
            status.str.extract(r"@\s*(.*\S)").alias("conf"),
            locator(pl.col("@column").cast(pl.Int64)).alias("locator"),
        )
    )


def _long(series: pl.DataFrame, axis: str, columns: Mapping[str, str]) -> pl.DataFrame:
    """One row a field. Done by the batch, because in a lazy frame these two would hold the whole table in memory."""
    keys = [name for name in series.columns if name not in columns]
    long = series.unpivot(on=list(columns), index=keys, variable_name="@column", value_name="@field")
    period = pl.col("@column").replace_strict(columns, return_dtype=pl.String()).alias(axis)
    return long.with_columns(pl.col("@field").cast(pl.String()), period)  # where there is no column, its type is null


def _check(expected: int) -> Callable[[pl.DataFrame], None]:
    def check(batch: pl.DataFrame) -> None:
        wrong = batch.filter(pl.col("1").str.count_matches(",", literal=True) != expected - 1)
        if wrong.height:
            row, key = wrong.select("row", "1").row(0)
            raise FormatError(f"line {row} has {key.count(',') + 1} codes for {expected} dimensions: {key!r}")

    return check
