"""CSV of ILOSTAT: one observation in each record, with codes, with labels instead of codes, or with both.

A column of codes is ``ref_area``, that of its labels ``ref_area.label``. A download of the data explorer has labels
only, begins with a byte order mark and quotes every text. The unit is part of the label of the indicator: counts are
in thousands, shares and rates in per cent.
"""

from pathlib import Path

import polars as pl

from sources.cells import Cells
from sources.formats import values, wide_table
from sources.formats.delimited import records

NAME = "ilostat_csv"

finder = records.finder

_LABEL = ".label"
_DIMENSIONS = ("ref_area", "source", "indicator", "sex", "classif1", "classif2", "classif3")
_OTHERS = ("time", "obs_value", "obs_status", "note_classif", "note_indicator", "note_source")
_NEEDED = ("ref_area", "indicator", "time", "obs_value")


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the header begins with the area and has ILOSTAT's names for the period and the value."""
    names = records.first_fields(head)
    return bool(names) and names[0].removesuffix(_LABEL) == "ref_area" and {"time", "obs_value"} <= set(names)


def read(path: Path) -> Cells:
    """The cells, lazily: ``ref_area``, ``source``, ``indicator``, ``sex``, ``classif1`` …; notes are left out.

    ``coded`` is false where there are labels only. An empty ``obs_value`` is a cell without value.
    """
    header = records.header_of(path)
    names = header.names
    columns = wide_table.layout(names, _role).keys
    # A column of labels is used in place of one of codes that is not there.
    keys = {name: at for name in (*_DIMENSIONS, *_OTHERS) if (at := columns.get(name) or columns.get(name + _LABEL))}
    wide_table.refuse_missing(_NEEDED, keys, names)
    dimensions = tuple(name for name in _DIMENSIONS if name in keys)
    text = records.records(path, header)
    core = values.core(
        pl.col(str(keys["obs_value"])),
        records.locator(keys["obs_value"]),
        time=pl.col(str(keys["time"])),
        flag=values.filled(pl.col(str(keys["obs_status"]))) if "obs_status" in keys else values.NULL,
    )
    both = [name for name in dimensions if name in columns and name + _LABEL in columns]
    return Cells(
        format=NAME,
        frame=text.select(*(pl.col(str(keys[name])).alias(name) for name in dimensions), *core),
        dimensions=dimensions,
        coded="ref_area" in columns,
        labels={name: wide_table.labels(text, columns[name], columns[name + _LABEL]) for name in both},
    )


def _role(name: str) -> str | None:
    return name if name.removesuffix(_LABEL) in (*_DIMENSIONS, *_OTHERS) else None
