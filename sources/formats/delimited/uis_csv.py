"""CSV of the UNESCO Institute for Statistics: exports of the data browser, and the bulk files until 2020.

``indicatorId,geoUnit,year,value,qualifier,magnitude``; the older bulk files have the same fields under other names and
in another order. A value may be negative: it is a net flow.
"""

from pathlib import Path

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import uis
from sources.formats.delimited import records

NAME = "uis_csv"

finder = records.finder

_BULK = {"INDICATOR_ID": "indicatorId", "COUNTRY_ID": "geoUnit"} | {
    name.upper(): name for name in ("year", "value", "qualifier", "magnitude")
}


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the header has the six fields, under the names of an export or of a bulk file."""
    return _fields(records.first_fields(head)) is not None


def read(path: Path) -> Cells:
    """The cells, lazily: ``indicator_id``, ``geo_unit``, and ``geo_unit_type`` (``NATIONAL`` or ``REGIONAL``).

    A locator is record and field, both 1-based: the value, or the magnitude that replaces it.
    """
    header = records.header_of(path)
    fields = _fields(header.names)
    if fields is None:
        raise FormatError(f"the fields are {header.names}, not {list(uis.FIELDS)}")
    renamed = {str(at): name for at, name in enumerate(fields, 1)}
    text = records.records(path, header, check=lambda block: uis.check(block.rename(renamed)))
    frame = uis.cells(text.rename(renamed), lambda field: records.locator(fields.index(field) + 1))
    return Cells(NAME, frame, uis.DIMENSIONS)


def _fields(names: list[str]) -> list[str] | None:
    """The six fields in the order of the header, or None where it is another header."""
    fields = [_BULK.get(name, name) for name in names]
    return fields if sorted(fields) == sorted(uis.FIELDS) else None
