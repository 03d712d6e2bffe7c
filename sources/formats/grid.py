"""What wide tables share, in delimited text, JSON or a workbook: each value column of a row becomes a cell of its own.

A table here is a frame of text with a column ``row`` (1-based) and columns named by their 1-based position: "1", "2" ….
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from sources.cells import CORE, pack
from sources.errors import FormatError

_WITHIN = 65_536


@dataclass(frozen=True)
class Header:
    """The header of a delimited text: names, records before it, its record and the line it ends on (1-based)."""

    names: list[str]
    preamble: list[list[str]]
    record: int
    line: int


def cells(  # noqa: PLR0913 - so much describes a table
    table: pl.DataFrame,
    dimensions: Sequence[str],
    rows: Mapping[str, int],
    columns: Mapping[int, Mapping[str, str | None]],
    *,
    blanks: bool = False,
    kind: pl.DataType = CORE["time"],
) -> pl.LazyFrame:
    """The cells of a wide table.

    ``rows`` says in which position a row carries a dimension, ``time`` or ``flag``; ``columns`` what a value column
    stands for. What neither names is null. A blank field is no cell, or with ``blanks`` a cell without value. Of which
    ``kind`` dimensions are, text or ``CODE``, the format says. A table without value columns is a ``FormatError``.
    """
    if not columns:
        raise FormatError(f"no column holds values, only {sorted(rows)}")
    text, column, value = pl.col("@text"), pl.col("@column"), pl.col("value")
    kinds = {name: CORE.get(name, kind) for name in (*dimensions, *CORE)}
    long = (
        table.lazy()
        .select(
            pl.col("row").cast(pl.Int64).alias("@row"),
            *(filled(pl.col(str(at))).cast(kinds[name]).alias(name) for name, at in rows.items()),
            *map(str, columns),
        )
        .unpivot([str(at) for at in columns], index=["@row", *rows], variable_name="@column", value_name="@text")
        .with_columns(filled(text), number(text).alias("value"))
    )
    if not blanks:
        long = long.filter(text.is_not_null())
    named = {
        "value": value,
        "raw": pl.when(value.is_null()).then(text),
        "locator": pl.col("@row") * pack(1, 0) + column.cast(pl.Int64),
        **{name: pl.col(name) for name in rows},
        **{name: _said(columns, name) for name in dict.fromkeys(name for said in columns.values() for name in said)},
    }
    return long.select(named.get(name, pl.lit(None)).cast(kinds[name]).alias(name) for name in kinds)


def number(text: pl.Expr) -> pl.Expr:
    """The finite number that a text is, else null."""
    parsed = text.cast(pl.Float64, strict=False)
    return pl.when(parsed.is_finite()).then(parsed)


def filled(text: pl.Expr) -> pl.Expr:
    """A text, or null where it is blank."""
    return pl.when(text.str.strip_chars() != "").then(text)


def header(head: bytes, is_header: Callable[[list[str]], bool], encoding: str = "utf-8-sig") -> Header | None:
    """The first record that ``is_header`` among the first bytes of a text; None where there is none."""
    reader = csv.reader(io.StringIO(head.decode(encoding, "replace"), newline=""))
    preamble: list[list[str]] = []
    try:
        for names in reader:
            if is_header(names):
                return Header(names, preamble, len(preamble) + 1, reader.line_num)
            preamble.append(names)
    except csv.Error:
        pass
    return None


def header_of(path: Path, is_header: Callable[[list[str]], bool], encoding: str = "utf-8-sig") -> Header:
    """``header`` of a payload; ``FormatError`` where there is none."""
    with path.open("rb") as file:
        found = header(file.read(_WITHIN), is_header, encoding)
    if found is None:
        raise FormatError(f"no header of this format stands in the first {_WITHIN:,} bytes")
    return found


def body(path: Path, head: Header, encoding: str = "utf8", *, ends: bool = True) -> pl.DataFrame:
    """The table below the header of a delimited text; ``row`` is the record. Blank records are left out.

    An export ends its last line, so that one which does not was cut off: ``FormatError``; unless ``ends`` is false.
    """
    with path.open("rb") as file:
        file.seek(-1, io.SEEK_END)
        if ends and file.read() != b"\n":
            raise FormatError("the payload is cut off: its last line has no end")
    try:
        table = pl.read_csv(
            path,
            has_header=False,
            skip_lines=head.line,
            schema={str(at): pl.String() for at in range(1, len(head.names) + 1)},
            row_index_name="row",
            row_index_offset=head.record + 1,
            encoding=encoding,
        )
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise FormatError(f"below its header the payload is no table: {str(error).splitlines()[0]}") from error
    return table.filter(~pl.all_horizontal(pl.exclude("row").is_null()))


def stamp(text: str, *forms: str) -> datetime | None:
    """The time that a text says in the first of the forms that fits it, in UTC unless it says otherwise; else None."""
    for form in forms:
        try:
            time = datetime.strptime(text, form)  # noqa: DTZ007 - made aware below
        except ValueError:
            continue
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    return None


def _said(columns: Mapping[int, Mapping[str, str | None]], name: str) -> pl.Expr:
    said = {str(at): said.get(name) for at, said in columns.items()}
    return pl.col("@column").replace_strict(list(said), list(said.values()), return_dtype=pl.String)
