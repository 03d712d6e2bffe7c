"""CSV of ILOSTAT: one observation a record, with codes, with labels instead of them, or with both.

A column of codes is ``ref_area``, that of its labels ``ref_area.label``; a download of the data explorer has labels
only, begins with a byte order mark and quotes every text. The unit stands in the label of the indicator: counts are
in thousands, shares and rates in per cent.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats.delimited.text import csv_finder, first_fields, header, locator, records
from sources.formats.grid import filled, number

NAME = "ilostat_csv"

_LABEL = ".label"
_DIMENSIONS = ("ref_area", "source", "indicator", "sex", "classif1", "classif2", "classif3")
_NEEDED = ("ref_area", "indicator", "time", "obs_value")
_NOTES = ("note_classif", "note_indicator", "note_source")
_KNOWN = (*_DIMENSIONS, "time", "obs_value", "obs_status", *_NOTES)


def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the beginning tells
    """Whether the header begins with the area and has the names of ILOSTAT for the period and the value."""
    names = first_fields(head)
    return bool(names) and names[0].removesuffix(_LABEL) == "ref_area" and {"time", "obs_value"} <= set(names)


def read(path: Path) -> Cells:
    """The cells, lazily: ``ref_area``, ``source``, ``indicator``, ``sex``, ``classif1`` …; notes are left out.

    ``coded`` is false where there are labels only. An empty ``obs_value`` is a cell without value.
    """
    names = header(path)
    fields, labels = _fields(names)
    text = records(path, len(names))
    value = pl.col(str(fields["obs_value"]))
    parsed = number(value)
    dimensions = {name: fields[name] for name in _DIMENSIONS if name in fields}
    status = fields.get("obs_status")
    frame = text.select(
        *(pl.col(str(at)).alias(name) for name, at in dimensions.items()),
        pl.col(str(fields["time"])).alias("time"),
        parsed.alias("value"),
        pl.when(parsed.is_null()).then(filled(value)).alias("raw"),
        (filled(pl.col(str(status))) if status else pl.lit(None, pl.String)).alias("flag"),
        pl.lit(None, pl.String).alias("conf"),
        locator(fields["obs_value"]).alias("locator"),
    )
    return Cells(
        format=NAME,
        frame=frame,
        dimensions=tuple(dimensions),
        coded="ref_area" in names,
        labels={name: _pairs(text, dimensions[name], at) for name, at in labels.items() if name in dimensions},
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the text of ``obs_value``."""
    return csv_finder(path)


def _fields(names: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
    """Where each component stands, by code or else by label, and where labels stand beside codes (1-based)."""
    places = {name: at for at, name in enumerate(names, 1)}
    if len(places) < len(names):
        raise FormatError(f"the header names a column twice: {','.join(names)[:200]!r}")
    if unknown := [name for name in names if name.removesuffix(_LABEL) not in _KNOWN]:
        raise FormatError(f"column {places[unknown[0]]} is unknown: {unknown[0]!r}")
    labels = {name.removesuffix(_LABEL): at for name, at in places.items() if name.endswith(_LABEL)}
    fields = labels | {name: at for name, at in places.items() if not name.endswith(_LABEL)}
    if missing := [name for name in _NEEDED if name not in fields]:
        raise FormatError(f"the header has no column {missing[0]}: {','.join(names)[:200]!r}")
    return fields, {name: at for name, at in labels.items() if name in places}


def _pairs(text: pl.LazyFrame, code: int, label: int) -> dict[str, str]:
    return dict(text.select(str(code), str(label)).unique(str(code)).collect(engine="streaming").iter_rows())
