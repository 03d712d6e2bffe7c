"""SPARQL 1.1 query results in JSON: ``{"head": {"vars": […]}, "results": {"bindings": [{var: {type, value}}]}}``.

A variable that a row does not bind is a missing key. Integers and booleans arrive as text. Whether an answer without
rows is right nobody can tell from the answer: a wrong predicate gives one, with status 200. So the queries of this
project bind a variable ``probe`` in a row of its own, from a fact that is known to be there, and an answer without it
is refused.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from sources.cells import CORE, Cells, line, pack
from sources.errors import FormatError
from sources.formats.json import parsing

NAME = "sparql_json"
PROBE = "probe"

_ACT = re.compile(r"3\d{4}[A-Z]{1,2}\d{4}")


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the text begins as an object with ``head`` and ``vars``."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:4000]
    return start.startswith(b"{") and b'"head"' in start and b'"vars"' in start


def read(path: Path) -> Cells:
    """A cell for each row. Dimensions are the variables but ``date``, which is ``time`` and ``raw``.

    IRIs are shortened to their last part. A locator is row and variable, both 1-based: ``date``, or the first one.
    ``FormatError`` where ``probe`` is asked for and no row binds it.
    """
    names, bindings = _parts(parsing.parsed(path))
    if PROBE in names:
        if not any(PROBE in row for row in bindings):
            raise FormatError(
                "the answer has no row for the probe: the query found not even what is known to be there, so that its "
                "silence about the rest means nothing"
            )
        bindings = [{} if PROBE in row else row for row in bindings]
    _refuse_other_numbers(bindings)
    at = names.index("date") + 1 if "date" in names else 1
    dimensions = tuple(name for name in names if name not in ("date", PROBE))
    columns: dict[str, list[Any]] = {name: [_value(row, name) for row in bindings] for name in names}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String())).with_columns(
        time=pl.col("date") if "date" in names else pl.lit(None, pl.String),
        raw=pl.col("date") if "date" in names else pl.lit(None, pl.String),
        value=pl.lit(None, pl.Float64),
        flag=pl.lit(None, pl.String),
        conf=pl.lit(None, pl.String),
        locator=pl.int_range(1, pl.len() + 1, dtype=pl.Int64) * pack(1, 0) + at,
    )
    said = frame.filter(pl.Series([bool(row) for row in bindings], dtype=pl.Boolean))
    return Cells(format=NAME, frame=said.lazy().select(*dimensions, *CORE), dimensions=dimensions)


def finder(path: Path) -> Callable[[int], str]:
    """From locator (row and variable) to the value that stands there."""
    names, bindings = _parts(parsing.literal(path))

    def find(locator: int) -> str:
        row, place = line(locator)
        try:
            return str(bindings[row - 1][names[place - 1]]["value"])
        except (IndexError, KeyError):
            raise FormatError(f"row {row} binds no variable {place}") from None

    return find


def _refuse_other_numbers(bindings: Sequence[Mapping[str, Mapping[str, str]]]) -> None:
    """``celex`` is an act, ``measure`` a national measure that transposes this act and no other."""
    for row, bound in enumerate(bindings, 1):
        act, measure = _value(bound, "celex"), _value(bound, "measure")
        if act is not None and not _ACT.fullmatch(act):
            raise FormatError(f"row {row}: {act} is the number of a corrigendum or another document, and of no act")
        if act is not None and measure is not None and not re.match(f"7{act[1:]}[A-Z]{{3}}_", measure):
            raise FormatError(f"row {row}: {measure} is a measure of another directive than {act}")


def _parts(answer: object) -> tuple[list[str], list[dict[str, Any]]]:
    match answer:
        case {"head": {"vars": list() as names}, "results": {"bindings": list() as bindings}}:
            return [str(name) for name in names], bindings
    raise FormatError(f"the payload is no result of a SPARQL query: {parsing.shown(answer)}")


def _value(row: Mapping[str, Mapping[str, str]], name: str) -> str | None:
    bound = row.get(name)
    if bound is None:
        return None
    value = str(bound["value"])
    return value.rstrip("/").rpartition("/")[2].rpartition("#")[2] if bound.get("type") == "uri" else value
