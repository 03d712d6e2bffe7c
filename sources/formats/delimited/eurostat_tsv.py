r"""Eurostat's TSV: one series a line, the codes of its dimensions joined by commas in the first field.

The header's first field ends in the dimension that runs over the columns: ``freq,unit,geo\TIME_PERIOD``, in old bulk
files also ``sex,age,unit,time\geo``. A field is a value, one space, then a flag and after ``@`` a confidentiality
status, of which both may be absent: ``6275 ``, ``39847 u``, ``: bu``, ``: @C``.
https://wikis.ec.europa.eu/display/EUROSTATHELP/API+-+FAQ+-+TSV+data+format
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl

from sources.cells import CODE, CORE, Cells, pack
from sources.errors import FormatError
from sources.formats.delimited.text import TSV, csv_finder, header, lazily, tabbed
from sources.formats.grid import number

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
    columns = [name.strip() for name in names[1:]]
    _all_different(columns, "column")
    dimensions = tuple(name for name in (*keys, axis) if name != "time")
    schema = pl.Schema({**dict.fromkeys(dimensions, CODE), **CORE})

    def frames() -> Iterator[pl.DataFrame]:
        for first, fields in tabbed(path, len(names)):
            yield _cells(fields, first, keys, pl.Series(axis, columns, pl.String)).select(*schema).cast(schema)

    return Cells(format=NAME, frame=lazily(frames, schema), dimensions=dimensions)


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


def _cells(fields: pl.Series, first: int, keys: Sequence[str], columns: pl.Series) -> pl.DataFrame:
    """The cells of whole records, of which the first is number ``first``.

    Most fields are bare numbers; of the others, each text is taken apart once.
    """
    text, value, at = pl.col("@text"), pl.col("value"), pl.int_range(pl.len())
    width = len(columns) + 1
    table = fields.to_frame("@text").select(text, number(text).alias("value"), at.alias("@at"))
    table = table.filter(pl.col("@at") % width != 0)
    others = table.filter(value.is_null() & (text != "")).drop("value")
    cells = pl.concat([table.filter(value.is_not_null()), others.join(_split(others), "@text")], how="diagonal")
    record, column = cells["@at"] // width, cells["@at"] % width
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
    """The codes of each record; ``FormatError`` where it has more or fewer than there are ``keys``."""
    wrong = joined.str.count_matches(",", literal=True) != len(keys) - 1
    if wrong.any():
        at = wrong.arg_max() or 0
        raise FormatError(
            f"line {first + at} has {joined[at].count(',') + 1} codes for {len(keys)} dimensions: {joined[at]!r}"
        )
    codes = joined.str.split_exact(",", len(keys) - 1).struct.rename_fields(keys).struct.unnest()
    return codes.select(pl.all().str.strip_chars().cast(CODE))


def _split(others: pl.DataFrame) -> pl.DataFrame:
    """Of each text that is no bare number: value, what stands in its place, flag and confidentiality."""
    parts, value = pl.col("@text").str.splitn(" ", 2).struct, pl.col("value")
    shown, status = parts.field("field_0"), parts.field("field_1")
    return (
        others.select(pl.col("@text").unique())
        .with_columns(number(shown).alias("value"))
        .with_columns(
            pl.when(value.is_null()).then(shown).alias("raw"),
            status.str.extract(r"^\s*([^@]*[^@\s])").alias("flag"),
            status.str.extract(r"@\s*(.*\S)").alias("conf"),
        )
    )
