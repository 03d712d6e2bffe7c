"""CSV of the World Bank: downloads of indicators, and exports of DataBank.

A header has pairs of a name and a code (``Country Name``, ``Country Code``) and then a column for each period. A
download has a preamble above the header, and a blank field is not a value. In an export a period is ``2011Q1
[YR2011Q1]``, a missing value is ``..``, and two lines below the table state its database and the date of the last
update.
"""

from datetime import datetime
from pathlib import Path

from sources.cells import Cells
from sources.errors import FormatError
from sources.formats import wide_table, worldbank
from sources.formats.delimited import records
from sources.formats.values import timestamp

NAME = "worldbank_csv"

finder = records.finder

_DATABASE = "Data from database: "
_UPDATED = "Last Updated: "


def recognises(head: bytes, _path: Path) -> bool:
    """Whether the text has a header of names, codes and periods, after any preamble."""
    return records.find_header(head, worldbank.is_header) is not None


def read(path: Path) -> Cells:
    """The cells of a download or an export. The dimensions are the terms with a code: ``country``, ``indicator`` ….

    A locator is record and field, both 1-based.
    """
    header = records.header_of(path, worldbank.is_header)
    titles = header.names[:-1] if not header.names[-1] else header.names  # each line of a download ends in a comma
    names, layout = worldbank.layout(titles)
    stated = {record[0]: record[1] for record in header.preamble if len(record) > 1}
    dataset, updated = stated.get("Data Source"), timestamp(stated.get("Last Updated Date", ""), "%Y-%m-%d")
    footer, end = records.footer_of(path, header, (_DATABASE, _UPDATED))
    if any(" [YR" in name for name in header.names):
        dataset, updated = _stated_below(footer)
    table = records.records(path, header, records.EXPORT, end=end).collect()
    if not header.names[-1] and (table[str(len(header.names))] != "").any():
        raise FormatError("the last column has values but no name")
    dimensions = tuple(layout.keys)
    return Cells(
        format=NAME,
        frame=wide_table.cells(table, layout, dimensions),
        dimensions=dimensions,
        dataset=dataset,
        updated=updated,
        labels={name: wide_table.labels(table, layout.keys[name], at) for name, at in names.items()},
    )


def _stated_below(footer: list[str]) -> tuple[str, datetime | None]:
    """The database of an export and the date of its last update; without them it was cut off: ``FormatError``."""
    if len(footer) != 2:
        raise FormatError("the payload is cut off: the lines with its database and last update are not at its end")
    return footer[0].removeprefix(_DATABASE), timestamp(footer[1].removeprefix(_UPDATED), "%m/%d/%Y")
