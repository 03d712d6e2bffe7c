"""Tables with several values in a row, from any container: the role of each column, and the cells.

A table is a frame of text with a column ``row`` (1-based) and columns named by their 1-based position: "1", "2" ….
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from sources.cells import CORE, pack
from sources.errors import FormatError
from sources.formats.values import filled, number

# The dimensions and the time that the header of a value column gives to its cells.
Header = Mapping[str, str | None]
# The role of a column: a dimension, ``time`` or ``flag`` of the row, or what the header of a value column gives.
Role = str | Header
IGNORED = ""


class Layout(NamedTuple):
    """The roles of the columns of a table, by 1-based position.

    ``keys`` maps a dimension, ``time`` or ``flag`` to the column that holds it; ``values`` maps each value column to
    what its header gives.
    """

    keys: dict[str, int]
    values: dict[int, Header]


def layout(
    names: Sequence[str], role: Callable[[str], Role | None], needed: Collection[str] = (), noun: str = "column"
) -> Layout:
    """The layout of a table with these column names.

    ``role`` returns the role of a name: a key, the header of a value column, ``IGNORED``, or None for an unknown name.
    An unknown name, a role that two columns have, or a ``needed`` key without a column is a ``FormatError``.
    """
    found = Layout({}, {})
    first: dict[str, int] = {}
    for position, name in enumerate(names, 1):
        given = role(name)
        if given is None:
            raise FormatError(f"{noun} {position} is unknown: {name!r}")
        if given == IGNORED:
            continue
        shown = given if isinstance(given, str) else ", ".join(filter(None, given.values())) or "the value"
        if (other := first.setdefault(shown, position)) != position:
            raise FormatError(f"{noun}s {other} ({names[other - 1]!r}) and {position} ({name!r}) are both {shown}")
        if isinstance(given, str):
            found.keys[given] = position
        else:
            found.values[position] = given
    refuse_missing(needed, found.keys, names, noun)
    return found


def refuse_missing(needed: Collection[str], keys: Collection[str], names: Sequence[str], noun: str = "column") -> None:
    """Raise ``FormatError`` where one of the ``needed`` is not among the keys that columns with these names give."""
    if missing := [key for key in needed if key not in keys]:
        raise FormatError(f"there is no {noun} for {missing[0]} among {', '.join(names)[:200]!r}")


def cells(
    table: pl.DataFrame,
    layout: Layout,
    dimensions: Sequence[str],
    *,
    keep_blanks: bool = False,
    dtype: pl.DataType = CORE["time"],
) -> pl.LazyFrame:
    """The cells of a wide table: one for each row and value column.

    A column of ``CORE`` or a dimension that the layout does not give is null. A blank field gives no cell, or with
    ``keep_blanks`` a cell without value. ``dtype`` is that of the dimensions: text or ``CODE``. A table without value
    columns is a ``FormatError``.
    """
    if not layout.values:
        raise FormatError(f"no column holds values, only {sorted(layout.keys)}")
    text, column, value = pl.col("@text"), pl.col("@column"), pl.col("value")
    dtypes = {name: CORE.get(name, dtype) for name in (*dimensions, *CORE)}
    long = (
        table.lazy()
        .select(
            pl.col("row").cast(pl.Int64).alias("@row"),
            *(filled(pl.col(str(at))).cast(dtypes[name]).alias(name) for name, at in layout.keys.items()),
            *map(str, layout.values),
        )
        .unpivot(
            list(map(str, layout.values)), index=["@row", *layout.keys], variable_name="@column", value_name="@text"
        )
        .with_columns(filled(text), number(text).alias("value"))
    )
    if not keep_blanks:
        long = long.filter(text.is_not_null())
    from_headers = dict.fromkeys(name for header in layout.values.values() for name in header)
    given = {
        "value": value,
        "raw": pl.when(value.is_null()).then(text),
        "locator": pl.col("@row") * pack(1, 0) + column.cast(pl.Int64),
        **{name: pl.col(name) for name in layout.keys},
        **{name: _from_header(layout.values, name) for name in from_headers},
    }
    return long.select(given.get(name, pl.lit(None)).cast(dtypes[name]).alias(name) for name in dtypes)


def labels(table: pl.DataFrame | pl.LazyFrame, code: int, label: int) -> dict[str, str]:
    """Code to label, from the columns at these positions; a row without one of the two is left out."""
    pairs = table.lazy().select(filled(pl.col(str(code))), filled(pl.col(str(label)))).drop_nulls().unique(str(code))
    return dict(pairs.collect(engine="streaming").iter_rows())


def _from_header(values: Mapping[int, Header], name: str) -> pl.Expr:
    given = {str(position): header.get(name) for position, header in values.items()}
    return pl.col("@column").replace_strict(list(given), list(given.values()), return_dtype=pl.String)
