r"""Eurostat's TSV: one series in each line, the codes of its dimensions joined by commas in the first field.

The first field of the header ends in the dimension of the columns: ``freq,unit,geo\TIME_PERIOD``, in old bulk files
also ``sex,age,unit,time\geo``. A field is a value, one space, then a flag and after ``@`` a confidentiality status, of
which both may be absent: ``6275 ``, ``39847 u``, ``: bu``, ``: @C``.
https://wikis.ec.europa.eu/display/EUROSTATHELP/API+-+FAQ+-+TSV+data+format
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl

from sources.cells import CODE, CORE, Cells, pack
from sources.errors import FormatError
from sources.formats.delimited import records
from sources.formats.values import number, refuse_wrong_dimensions, repeated

NAME = "eurostat_tsv"

_FIRST = re.compile(rb"(?:\xef\xbb\xbf)?\w+(?:,\w+)*\\\w+ *(?:[\t\r\n]|$)")
_TIME = ("time", "time_period")


def recognises(head: bytes, _path: Path) -> bool:
    r"""Whether the text begins with names joined by commas and ``\``."""
    return _FIRST.match(head) is not None


def read(path: Path) -> Cells:
    """The cells, lazily and in no guaranteed order. An empty field is not a cell; ``:`` is a cell without value."""
    header = records.header_of(path, dialect=records.TSV)
    keys, axis = _axes(header.names[0])
    columns = [name.strip() for name in header.names[1:]]
    if twice := repeated(columns):
        raise FormatError(f"the header names the column {twice[0]!r} twice")
    dimensions = tuple(name for name in (*keys, axis) if name != "time")
    schema = pl.Schema({**dict.fromkeys(dimensions, CODE), **CORE})

    def frames() -> Iterator[pl.DataFrame]:
        for first, fields in records.tabbed(path, header):
            yield _cells(fields, first, keys, pl.Series(axis, columns, pl.String)).select(*schema).cast(schema)

    return Cells(format=NAME, frame=records.lazily(frames, schema), dimensions=dimensions)


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the field without the spaces at its end: ``39847 u``."""
    find = records.finder(path, records.TSV)
    return lambda locator: find(locator).rstrip()


def _axes(first: str) -> tuple[list[str], str]:
    """The dimensions of the lines and that of the columns; the dimension of time is called ``time``."""
    joined, _, axis = first.strip().lower().rpartition("\\")
    names = ["time" if name in _TIME else name for name in (*joined.split(","), axis)]
    refuse_wrong_dimensions(names, "the header")
    if "time" not in names:
        raise FormatError(f"the header has no dimension of time: {first!r}")
    return names[:-1], names[-1]


def _cells(fields: pl.Series, first: int, keys: Sequence[str], columns: pl.Series) -> pl.DataFrame:
    """The cells of complete records, of which the first has the number ``first``.

    Most fields are plain numbers. Each different text of the others is parsed once.
    """
    text, value, index = pl.col("@text"), pl.col("value"), pl.int_range(pl.len())
    width = len(columns) + 1
    table = fields.to_frame("@text").select(text, number(text).alias("value"), index.alias("@index"))
    table = table.filter(pl.col("@index") % width != 0)
    others = table.filter(value.is_null() & (text != "")).drop("value")
    cells = pl.concat([table.filter(value.is_not_null()), others.join(_parsed(others), "@text")], how="diagonal")
    record, column = cells["@index"] // width, cells["@index"] % width
    codes = _codes(fields.gather_every(width), first, keys)[record]
    return codes.with_columns(
        cells["value"],
        cells["raw"],
        cells["flag"],
        cells["conf"],
        columns[column - 1],
        ((record + first) * pack(1, 0) + column + 1).alias("locator"),
    )


def _codes(joined: pl.Series, first: int, keys: Sequence[str]) -> pl.DataFrame:
    """The codes of each record; ``FormatError`` where a record has more or fewer codes than there are ``keys``."""
    wrong = joined.str.count_matches(",", literal=True) != len(keys) - 1
    if wrong.any():
        at = wrong.arg_max() or 0
        raise FormatError(
            f"record {first + at} has {joined[at].count(',') + 1} codes for {len(keys)} dimensions: {joined[at]!r}"
        )
    codes = joined.str.split_exact(",", len(keys) - 1).struct.rename_fields(keys).struct.unnest()
    return codes.select(pl.all().str.strip_chars().cast(CODE))


def _parsed(others: pl.DataFrame) -> pl.DataFrame:
    """For each text that is not a plain number: value, other text in its place, flag and confidentiality.

    A flag has no digits: ``12 345 b`` is not a value 12.
    """
    parts, value = pl.col("@text").str.splitn(" ", 2).struct, pl.col("value")
    split = ~parts.field("field_1").str.contains(r"\d").fill_null(value=False)
    shown = pl.when(split).then(parts.field("field_0")).otherwise("@text")
    status = pl.when(split).then(parts.field("field_1"))
    return (
        others.select(pl.col("@text").unique())
        .with_columns(number(shown).alias("value"))
        .with_columns(
            pl.when(value.is_null()).then(shown).alias("raw"),
            status.str.extract(r"^\s*([^@]*[^@\s])").alias("flag"),
            status.str.extract(r"@\s*(.*\S)").alias("conf"),
        )
    )
