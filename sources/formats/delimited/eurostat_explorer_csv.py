"""The CSV of Eurostat's old Data Explorer (``*_1_Data.csv``, until 2021): labels, thousands commas, ``:`` for missing.

The header is ``TIME,GEO``, other dimensions in capitals, ``Value`` and usually ``Flag and Footnotes``. With codes and
labels, ``GEO`` has the code and ``GEO_LABEL`` the label. The text is ISO-8859-1 where it is not UTF-8.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import values, wide_table
from sources.formats.delimited import records

NAME = "eurostat_explorer_csv"


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the header is that of the Data Explorer."""
    names = records.first_fields(head)
    at = _value_index(names)
    return at > 0 and "TIME" in names[:at] and all(re.fullmatch(r"[A-Z][A-Z0-9_]*", name) for name in names[:at])


def read(path: Path) -> Cells:
    """The cells, lazily. Dimensions hold labels."""
    dialect = _dialect(path)
    header = records.header_of(path, dialect=dialect)
    names = header.names
    width = _value_index(names)
    if width < 1 or "TIME" not in names[:width]:
        raise FormatError(f"the header is not TIME, dimensions, Value[, Flag and Footnotes]: {','.join(names)[:200]!r}")
    lower = [name.lower() for name in names[:width]]
    values.refuse_wrong_dimensions(lower, "the header")
    positions = {name: position for position, name in enumerate(lower, 1)}
    keys = {name: at for name, at in positions.items() if name.removesuffix("_label") not in positions.keys() - {name}}
    labels = {name: positions[f"{name}_label"] for name in keys if f"{name}_label" in positions}
    dimensions = tuple(name for name in keys if name != "time")
    core = values.core(
        values.without_thousands_commas(pl.col(str(width + 1))),
        records.locator(width + 1),
        time=pl.col(str(keys["time"])),
        flag=values.filled(pl.col(str(len(names)))) if len(names) > width + 1 else values.NULL,
    )
    frame = records.records(path, header, dialect)
    return Cells(
        format=NAME,
        frame=frame.select(*(pl.col(str(keys[name])).alias(name) for name in dimensions), *core),
        dimensions=dimensions,
        coded=False,
        labels={name: wide_table.labels(frame, keys[name], at) for name, at in labels.items()},
    )


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the text of ``Value``: ``10,020``."""
    return records.finder(path, _dialect(path))


def _value_index(names: Sequence[str]) -> int:
    """The 0-based index of ``Value``, which only the flags may follow; -1 where it is not there."""
    last = names[:-1] if names[-1:] == ["Flag and Footnotes"] else names
    return len(last) - 1 if last[-1:] == ["Value"] else -1


def _dialect(path: Path) -> records.Dialect:
    encoding = records.encoding_of(path)
    if encoding != records.UTF8:
        with path.open("rb") as file:
            for number, text in enumerate(file, 1):
                if found := re.search(rb"[\x80-\x9f]", text):
                    raise FormatError(f"line {number} is neither UTF-8 nor ISO-8859-1 (byte {found[0][0]:#04x})")
    return records.CSV._replace(encoding=encoding)
