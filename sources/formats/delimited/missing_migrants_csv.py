"""CSV of IOM's Missing Migrants: the file of all data, and the dated export of the site.

The export has no line end after its last record, so that a cut is only noticed where that record has too few fields, or
an empty last field.
"""

from pathlib import Path

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import missing_migrants
from sources.formats.delimited import records

NAME = "missing_migrants_csv"

finder = records.finder


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the first line has the id of an incident and the number of its missing."""
    return missing_migrants.is_header(records.first_fields(head))


def read(path: Path) -> Cells:
    """The cells, with the dimensions of ``missing_migrants.cells``. A locator is record and field, both 1-based."""
    header = records.header_of(path, missing_migrants.is_header)
    table = records.records(path, header, records.OPEN_EXPORT).collect()
    if table.height and not table[str(len(header.names))][-1]:
        raise FormatError(f"the payload is cut off: the last field of record {table['row'][-1]} is empty")
    return missing_migrants.cells(NAME, header.names, table)
