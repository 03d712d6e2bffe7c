"""Expressions and frames that formats of all containers share: numbers, blank texts, and the core columns of cells."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import polars as pl

from sources.cells import CORE
from sources.errors import FormatError

NULL = pl.lit(None, pl.String)

_THOUSANDS = r"^-?\d{1,3}(,\d{3})+(\.\d+)?$"


def number(text: pl.Expr) -> pl.Expr:
    """The finite number that a text holds, else null."""
    parsed = text.cast(pl.Float64, strict=False)
    return pl.when(parsed.is_finite()).then(parsed)


def filled(text: pl.Expr) -> pl.Expr:
    """A text, or null where it is blank."""
    return pl.when(text.str.strip_chars() != "").then(text)


def without_thousands_commas(text: pl.Expr) -> pl.Expr:
    """A text without the commas of a correctly grouped number (``1,234.5``); every other text unchanged."""
    return pl.when(text.str.contains(_THOUSANDS)).then(text.str.replace_all(",", "", literal=True)).otherwise(text)


def timestamp(text: str, *patterns: str) -> datetime | None:
    """The time in a text, by the first ``strptime`` pattern that fits, else None. UTC where the text has no offset."""
    for pattern in patterns:
        try:
            time = datetime.strptime(text, pattern)  # noqa: DTZ007 - made aware below
        except ValueError:
            continue
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    return None


def core(
    text: pl.Expr, locator: pl.Expr, *, time: pl.Expr = NULL, flag: pl.Expr = NULL, conf: pl.Expr = NULL
) -> list[pl.Expr]:
    """The columns of ``CORE`` for values published as ``text``: ``value`` is its number, ``raw`` any other text."""
    value = number(text)
    return [
        time.alias("time"),
        value.alias("value"),
        pl.when(value.is_null()).then(filled(text)).alias("raw"),
        flag.alias("flag"),
        conf.alias("conf"),
        locator.alias("locator"),
    ]


def repeated(names: Iterable[str]) -> list[str]:
    """The names that occur more than once, in alphabetical order."""
    return sorted(name for name, number in Counter(names).items() if number > 1)


def refuse_wrong_dimensions(names: Sequence[str], where: str) -> None:
    """Raise ``FormatError`` where a dimension is named twice or has the name of another column of cells."""
    if wrong := [*repeated(names), *(name for name in names if name in CORE and name != "time")]:
        raise FormatError(f"{where} names the dimension {wrong[0]!r} twice, or its name is reserved")


def frame_of_rows(rows: Iterable[Sequence[object]], columns: Sequence[str], dimensions: Sequence[str]) -> pl.LazyFrame:
    """A frame of cells from Python rows that hold ``columns``; the other columns of ``CORE`` are null."""
    schema = {name: CORE.get(name, pl.String()) for name in columns}
    missing = {name: pl.lit(None, dtype) for name, dtype in CORE.items() if name not in columns}
    return pl.LazyFrame(list(rows), schema=schema, orient="row").with_columns(**missing).select(*dimensions, *CORE)
