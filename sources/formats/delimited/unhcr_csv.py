"""CSV of UNHCR: exports of the Refugee Data Finder and of the site before it, and the exchange files on HDX.

Fields have the names of UNHCR's API whatever the export calls them, so that an export and the API give the same cells;
``measure`` is the API's name of the value. The value's text keeps apart what is not reported (``-``), one to four
persons (``*``, the older site's rule), none (``0``) and blank, which is a cell without value and without ``raw``.
"""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import polars as pl

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import grid
from sources.formats.delimited import text as _text
from sources.formats.unhcr import ALIASES, DIMENSIONS, MEASURES, fields, words

NAME = "unhcr_csv"

_PLACES = {"coo_name", "coo_iso", "coa_name", "coa_iso"}
_STAMPS = ("%d %B %Y", "%d/%m/%Y %H:%M UTC", "%Y-%m-%d %H:%M:%S %z")


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the text, after any preamble, has a header of ``Year`` and a country of origin or asylum."""
    return grid.header(head, _is_header) is not None


def read(path: Path) -> Cells:
    """The cells of an export. Dimensions are those of the file's columns, then ``measure``; ``time`` is the year."""
    head = grid.header_of(path, _is_header)
    table = grid.body(path, head)
    at = fields(head.names, _names(head.names))
    rows = {name: at[name] for name in DIMENSIONS if name in at} | {"time": at["year"]}
    if "measure" in at:
        table = _measured(table, at["measure"])
        rows["measure"] = at["measure"]
        columns: dict[int, dict[str, str | None]] = {at["value"]: {}}
    else:
        columns = {place: {"measure": name} for name, place in at.items() if name in MEASURES}
    dimensions = (*(name for name in at if name in DIMENSIONS), "measure")
    said = {words(record[0]): record[1] if len(record) > 1 else "" for record in head.preamble if record}
    return Cells(
        format=NAME,
        frame=grid.cells(table, dimensions, rows, columns, blanks=True),
        dimensions=dimensions,
        coded=not {"coo_iso", "coa_iso"}.isdisjoint(at),
        dataset=said.get("data table contains the following") or None,
        updated=_updated(head.preamble),
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator (record and column) to the field that stands there."""
    return _text.csv_finder(path, encoding="utf-8-sig")


def _is_header(names: list[str]) -> bool:
    given = list(map(words, names))
    return given[:1] == ["year"] and not _PLACES.isdisjoint(ALIASES.get(name, "") for name in given)


def _names(names: list[str]) -> dict[str, str]:
    """The names as this export means them: one of persons or cases, and of population type, depends on the others."""
    given = set(map(words, names))
    if {"population type", "value"} <= given:
        return ALIASES | {"population type": "measure", "value": "value"}
    return ALIASES | {"cases persons": "app_pc" if "applied" in given else "dec_pc"}


def _measured(table: pl.DataFrame, at: int) -> pl.DataFrame:
    """The table with the API's measure for each population type; an unknown type is a ``FormatError``."""
    types = table[str(at)].fill_null("").unique().to_list()
    if unknown := sorted(name for name in types if ALIASES.get(words(name)) not in MEASURES):
        raise FormatError(f"population types are unknown: {unknown}")
    measures = [ALIASES[words(name)] for name in types]
    return table.with_columns(pl.col(str(at)).replace_strict(types, measures, return_dtype=pl.String))


def _updated(preamble: list[list[str]]) -> datetime | None:
    """When the figures were last updated, as the preamble says, else when they were extracted."""
    lines = [" ".join(record) for record in preamble]
    for key in ("Last updated", "Date extracted"):
        for text in lines:
            if said := re.fullmatch(rf"{key}:?\s*(.+)", text.strip()):
                return grid.stamp(said[1], *_STAMPS)
    return None
