"""IOM: incidents of Missing Migrants that happened in, or whose dead and missing came from, one of the 28.

Ids, places by country, numbers, routes and causes are taken over; descriptions of places and sources are not.
"""

from collections.abc import Iterator
from pathlib import Path

from python_calamine import CalamineWorkbook

from sources.catalogue import publishers
from sources.protocols.requests import requests_for
from tools.snapshot import wire
from tools.snapshot.sources import JURISDICTIONS, Recorded, country, only, utc

_FILE = "intl/iom/Missing_Migrants_Global_Figures_allData_2025.xlsx"
_TEXTS = ("Location of Incident", "Coordinates", "Information Source", "URL", "Source Quality")
_EDITION = (
    "IOM Missing Migrants, all data of an unknown day in early 2025, "
    "through a public copy of the workbook (github.com/joaopedromarcondes/Trabalho-IA)"
)


def recorded(corpus: Path) -> Iterator[Recorded]:
    """The workbook of all data."""
    header, *rows = CalamineWorkbook.from_path(corpus / _FILE).get_sheet_by_index(0).to_python(skip_empty_area=False)
    names = [str(name) for name in header]
    ours = {country(code).name for code in JURISDICTIONS}
    sides = [names.index("Country of Origin"), names.index("Country of Incident")]
    blank = [names.index(name) for name in _TEXTS]
    kept = [row for row in rows if any(ours & set(str(row[side]).split(",")) for side in sides)]
    table: list[list[wire.Cell]] = [
        [None if at in blank or value == "" else _cell(value) for at, value in enumerate(row)] for row in kept
    ]
    yield Recorded(
        request=only(requests_for(publishers()["iom"], "missing_migrants")),
        body=wire.workbook({"Worksheet": [list(names), *sorted(table, key=lambda row: str(row[1]))]}),
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        edition=_EDITION,
        as_of=utc(2025, 4, 30),
    )


def _cell(value: object) -> wire.Cell:
    return value if isinstance(value, int | float) else str(value)
