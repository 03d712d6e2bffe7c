"""Policy indices as delimited text: DEMIG, IMPIC, MIPEX, 3P and the Passport Index, each recognised by its columns.

The schemes and the names of their columns are in ``sources.formats.codings``.
"""

from pathlib import Path

from sources.cells import Cells
from sources.formats import codings
from sources.formats.delimited import records

NAME = "codings_csv"

finder = records.finder


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the first line has the columns of a scheme."""
    return _is_header(records.first_fields(head))


def _is_header(names: list[str]) -> bool:
    return codings.scheme_of(names) is not None


def read(path: Path) -> Cells:
    """One cell for each code, with ``codings.DIMENSIONS``. A locator is record and field, both 1-based."""
    header = records.header_of(path, _is_header)
    scheme = codings.scheme_of(header.names)
    assert scheme is not None
    table = records.records(path, header, records.OPEN_EXPORT).collect()
    return codings.found(NAME, [codings.cells(scheme, header.names, table)])
