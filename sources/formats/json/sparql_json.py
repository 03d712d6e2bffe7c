"""SPARQL 1.1 query results in JSON: ``{"head": {"vars": […]}, "results": {"bindings": [{var: {type, value}}]}}``.

A variable that a row does not bind is a missing key. Integers and booleans are text. A response without rows may be
right or wrong: a query with a wrong predicate also returns one, with status 200. For this reason the queries of this
project bind a variable ``probe`` in a row of its own, from a fact that is known to exist, and a response without that
row is refused.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from sources.cells import CORE, Cells, line, pack
from sources.errors import FormatError
from sources.formats.json import parsing
from sources.formats.values import NULL

NAME = "sparql_json"
PROBE = "probe"

_ACT = re.compile(r"3\d{4}[A-Z]{1,2}\d{4}")


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the text begins as an object with ``head`` and ``vars``."""
    start = parsing.beginning(head, 4000)
    return start.startswith(b"{") and b'"head"' in start and b'"vars"' in start


def read(path: Path) -> Cells:
    """A cell for each row. Dimensions are the variables except ``date``, which is ``time`` and ``raw``.

    IRIs are shortened to their last part. A locator is row and variable, both 1-based: ``date``, or the first variable.
    ``FormatError`` where the query has the variable ``probe`` and no row binds it.
    """
    names, bindings = _variables_and_bindings(parsing.parsed(path))
    is_data = [PROBE not in row for row in bindings]
    if PROBE in names and all(is_data):
        raise FormatError(
            "the response has no row for the probe: the query did not find a fact that is known to exist, so that its "
            "other results cannot be used"
        )
    bindings = [row if data else {} for row, data in zip(bindings, is_data, strict=True)]
    _refuse_other_numbers(bindings)
    has_date = "date" in names
    variable = names.index("date") + 1 if has_date else 1
    columns: dict[str, list[Any]] = {name: [_value(row, name) for row in bindings] for name in names}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String())).with_columns(
        time=pl.col("date") if has_date else NULL,
        raw=pl.col("date") if has_date else NULL,
        value=pl.lit(None, pl.Float64),
        flag=NULL,
        conf=NULL,
        locator=pl.int_range(1, pl.len() + 1, dtype=pl.Int64) * pack(1, 0) + variable,
    )
    dimensions = tuple(name for name in names if name not in ("date", PROBE))
    rows = frame.filter(pl.Series([bool(row) for row in bindings], dtype=pl.Boolean))
    return Cells(format=NAME, frame=rows.lazy().select(*dimensions, *CORE), dimensions=dimensions)


def finder(path: Path) -> Callable[[int], str]:
    """From locator (row and variable) to the value of that variable."""
    names, bindings = _variables_and_bindings(parsing.literal(path))

    def find(locator: int) -> str:
        row, variable = line(locator)
        try:
            return str(bindings[row - 1][names[variable - 1]]["value"])
        except (IndexError, KeyError):
            raise FormatError(f"row {row} binds no variable {variable}") from None

    return find


def _refuse_other_numbers(bindings: Sequence[Mapping[str, Mapping[str, str]]]) -> None:
    """Raise ``FormatError`` where ``celex`` is not an act, or ``measure`` is not a measure that transposes this act."""
    for row, bound in enumerate(bindings, 1):
        act, measure = _value(bound, "celex"), _value(bound, "measure")
        if act is not None and not _ACT.fullmatch(act):
            raise FormatError(f"row {row}: {act} is the number of a corrigendum or another document, not of an act")
        if act is not None and measure is not None and not re.match(f"7{act[1:]}[A-Z]{{3}}_", measure):
            raise FormatError(f"row {row}: {measure} is a measure of another directive than {act}")


def _variables_and_bindings(response: object) -> tuple[list[str], list[dict[str, Any]]]:
    match response:
        case {"head": {"vars": list() as names}, "results": {"bindings": list() as bindings}}:
            return [str(name) for name in names], bindings
    raise FormatError(f"the payload is not the result of a SPARQL query: {parsing.shown(response)}")


def _value(row: Mapping[str, Mapping[str, str]], name: str) -> str | None:
    bound = row.get(name)
    if bound is None:
        return None
    value = str(bound["value"])
    return value.rstrip("/").rpartition("/")[2].rpartition("#")[2] if bound.get("type") == "uri" else value
