"""CSV of the World Bank: indicator downloads, and exports of DataBank.

A header has pairs of a name and a code (``Country Name``, ``Country Code``) and then a column for each period. In a
download, a preamble stands before it and a blank field is no value. In an export a period is ``2011Q1 [YR2011Q1]``, a
missing value is ``..``, and two lines after the table say where it is from and when that was updated.
"""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import polars as pl

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import grid
from sources.formats.delimited import text

NAME = "worldbank_csv"

_PERIOD = re.compile(r"(\d{4}(?:[QM]\d{1,2})?)( \[YR\w+\])?")
_TERM = re.compile(r"(.+?)\s+(Name|Code)")
_DATABASE = "Data from database: "
_UPDATED = "Last Updated: "


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the text has a header of names, codes and periods, after any preamble."""
    return grid.header(head, _is_header) is not None


def read(path: Path) -> Cells:
    """The cells of a download or an export. A dimension is what has a code: ``country``, ``indicator`` …."""
    head = grid.header_of(path, _is_header)
    names, codes, periods = _columns(head.names)
    table = grid.body(path, head)
    if not head.names[-1] and table[str(len(head.names))].count():
        raise FormatError("values stand in the last column, which has no name")
    said = {record[0]: record[1] for record in head.preamble if len(record) > 1}
    dataset, updated = said.get("Data Source"), grid.stamp(said.get("Last Updated Date", ""), "%Y-%m-%d")
    if any(" [YR" in name for name in head.names):
        table, dataset, updated = _without_trailer(table)
    dimensions = tuple(codes)
    return Cells(
        format=NAME,
        frame=grid.cells(table, dimensions, codes, {at: {"time": period} for at, period in periods.items()}),
        dimensions=dimensions,
        dataset=dataset,
        updated=updated,
        labels={name: _labels(table, codes[name], at) for name, at in names.items()},
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator (record and column) to the field that stands there."""
    return text.csv_finder(path, encoding="utf-8-sig")


def _is_header(names: list[str]) -> bool:
    return len(names) > 2 and all(map(_TERM.fullmatch, names[:2])) and any(map(_PERIOD.fullmatch, names))


def _columns(header: list[str]) -> tuple[dict[str, int], dict[str, int], dict[int, str]]:
    """Where the names and the codes stand, by dimension, and which period each other column is."""
    terms: dict[str, dict[str, int]] = {"Name": {}, "Code": {}}
    periods: dict[int, str] = {}
    for at, title in enumerate(header, 1):
        if term := _TERM.fullmatch(title):
            terms[term[2]]["_".join(term[1].lower().split())] = at
        elif period := _PERIOD.fullmatch(title):
            periods[at] = period[1]
        elif title or at < len(header):  # every line of a download ends in a comma
            raise FormatError(f"column {at} is unknown: {title!r}")
    if unpaired := sorted(terms["Name"].keys() ^ terms["Code"].keys()):
        raise FormatError(f"these have a name or a code, not both: {unpaired}")
    if len(set(periods.values())) < len(periods):
        raise FormatError("a period has two columns")
    return terms["Name"], terms["Code"], periods


def _labels(table: pl.DataFrame, code: int, name: int) -> dict[str, str]:
    return dict(table.select(str(code), str(name)).drop_nulls().unique(str(code)).iter_rows())


def _without_trailer(table: pl.DataFrame) -> tuple[pl.DataFrame, str, datetime | None]:
    """The table of an export, its database and its date; an export without them was cut off: ``FormatError``."""
    first = pl.col("1").fill_null("")
    trailer = first.str.starts_with(_DATABASE) | first.str.starts_with(_UPDATED)
    said = table.filter(trailer)["1"].to_list()
    if len(said) != 2:
        raise FormatError("the payload is cut off: the lines of its database and of its last update are not at its end")
    updated = grid.stamp(said[1].removeprefix(_UPDATED), "%m/%d/%Y")
    return table.filter(~trailer), said[0].removeprefix(_DATABASE), updated
