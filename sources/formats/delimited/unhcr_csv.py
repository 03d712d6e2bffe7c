"""CSV of UNHCR: exports of the Refugee Data Finder and of the site before it, and the exchange files on HDX.

Fields have the names of UNHCR's API under every name that an export uses, so that an export and the API give the same
cells; ``measure`` is the API's name of the value. The text of a value distinguishes: not reported (``-``), one to four
persons (``*``, a rule of the older site), none (``0``), and blank, which is a cell without value and without ``raw``.
"""

import re
from datetime import datetime
from pathlib import Path

import polars as pl

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import unhcr, values, wide_table
from sources.formats.delimited import records

NAME = "unhcr_csv"

finder = records.finder

_COUNTRIES = {"coo_name", "coo_iso", "coa_name", "coa_iso"}
_STAMPS = ("%d %B %Y", "%d/%m/%Y %H:%M UTC", "%Y-%m-%d %H:%M:%S %z")


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the text, after any preamble, has a header of ``Year`` and a country of origin or asylum."""
    return records.find_header(head, lambda names: _is_header(names) or _is_other_export(names)) is not None


def read(path: Path) -> Cells:
    """The cells of an export. Dimensions are those of the file's columns, then ``measure``; ``time`` is the year.

    A locator is record and field, both 1-based.
    """
    header = records.header_of(path, lambda names: _is_header(names) or _is_other_export(names))
    if _is_other_export(header.names):
        raise FormatError(f"this export of UNHCR's older site is not used here; its columns are {header.names[:8]}")
    layout = unhcr.layout(header.names, _aliases(header.names))
    table = records.records(path, header, records.EXPORT).collect()
    if "measure" in layout.keys:
        table = _with_measures(table, layout.keys["measure"])
    dimensions = (*(name for name in layout.keys if name in unhcr.DIMENSIONS), "measure")
    stated = {unhcr.words(record[0]): record[1] for record in header.preamble if len(record) > 1}
    return Cells(
        format=NAME,
        frame=wide_table.cells(table, layout, dimensions, keep_blanks=True),
        dimensions=dimensions,
        coded=not {"coo_iso", "coa_iso"}.isdisjoint(dimensions),
        dataset=stated.get("data table contains the following") or None,
        updated=_updated(header.preamble),
    )


def _is_header(names: list[str]) -> bool:
    words = list(map(unhcr.words, names))
    return words[:1] == ["year"] and not _COUNTRIES.isdisjoint(unhcr.ALIASES.get(name, "") for name in words)


def _is_other_export(names: list[str]) -> bool:
    """Whether these are the columns of an export by month, of resettlement, or of places, from the site before."""
    found = set(map(unhcr.words, names))
    if "country territory of asylum residence" not in found or "year" not in found:
        return False
    return bool(found & {"month", "location name"}) or unhcr.words(names[0]) != "year"


def _aliases(names: list[str]) -> dict[str, str]:
    """The fields of this export's names: "Cases / Persons" and "Population type" depend on the other columns."""
    words = set(map(unhcr.words, names))
    if {"population type", "value"} <= words:
        return unhcr.ALIASES | {"population type": "measure", "value": unhcr.VALUE}
    return unhcr.ALIASES | {"cases persons": "app_pc" if "applied" in words else "dec_pc"}


def _with_measures(table: pl.DataFrame, column: int) -> pl.DataFrame:
    """The table with the API's measure for each population type; an unknown type is a ``FormatError``."""
    types = table[str(column)].unique().to_list()
    measures = [unhcr.ALIASES.get(unhcr.words(name), "") for name in types]
    if unknown := sorted(name for name, measure in zip(types, measures, strict=True) if measure not in unhcr.MEASURES):
        raise FormatError(f"population types are unknown: {unknown}")
    return table.with_columns(pl.col(str(column)).replace_strict(types, measures, return_dtype=pl.String))


def _updated(preamble: list[list[str]]) -> datetime | None:
    """The time of the last update that the preamble states, else the time of the extraction."""
    lines = [" ".join(record).strip() for record in preamble]
    for key in ("Last updated", "Date extracted"):
        for text in lines:
            if found := re.fullmatch(rf"{key}:?\s*(.+)", text):
                return values.timestamp(found[1], *_STAMPS)
    return None
