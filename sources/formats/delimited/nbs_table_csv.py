"""CSV of a table of China's National Bureau of Statistics, in UTF-8 or GB 18030."""

import csv
from collections.abc import Callable
from pathlib import Path

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import nbs_table
from sources.formats.delimited import records

NAME = "nbs_table_csv"

_CHINESE = "gb18030"
# The tables have some hundred lines; they are read as a whole.
_MOST_BYTES = 32 << 20


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the first line names the database."""
    first = head.split(b"\n", 1)[0]
    return any(
        nbs_table.begins(first.decode(encoding, "replace").strip('" \r')) for encoding in (records.UTF8, _CHINESE)
    )


def read(path: Path) -> Cells:
    """The cells, with the dimensions of ``nbs_table.cells``. A locator is record and field, both 1-based."""
    if path.stat().st_size > _MOST_BYTES:
        raise FormatError(f"the table has more than {_MOST_BYTES:,} bytes")
    try:
        with path.open(encoding=_encoding(path), newline="") as file:
            rows = list(csv.reader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"the table is not delimited text: {error}") from error
    return nbs_table.cells(NAME, rows)


def finder(path: Path) -> Callable[[int], str]:
    """From locator to the text of a field."""
    return records.finder(path, records.CSV._replace(encoding=_encoding(path)))


def _encoding(path: Path) -> str:
    return records.encoding_of(path, otherwise=_CHINESE)
