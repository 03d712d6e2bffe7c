"""Recorder of IOM's Missing Migrants: all incidents.

The recorder takes over ids, countries, numbers, routes and causes. It leaves out descriptions of places and sources.
"""

from collections.abc import Iterator
from pathlib import Path

from python_calamine import CalamineWorkbook

from sources.catalogue import publishers
from sources.protocols.requests import requests_for
from tools.snapshot import wire_formats
from tools.snapshot.new_payload import NewPayload, only_request, utc

_FILE = "intl/iom/Missing_Migrants_Global_Figures_allData_2025.xlsx"
_TEXTS = ("Location of Incident", "Coordinates", "Information Source", "URL", "Source Quality")
_EDITION = (
    "IOM Missing Migrants, all data of an unknown day in early 2025, "
    "through a public copy of the workbook (github.com/joaopedromarcondes/Trabalho-IA)"
)


def build_payloads(corpus: Path) -> Iterator[NewPayload]:
    """Yield the workbook with all data."""
    header, *rows = CalamineWorkbook.from_path(corpus / _FILE).get_sheet_by_index(0).to_python(skip_empty_area=False)
    names = [str(name) for name in header]
    blank = [names.index(name) for name in _TEXTS]
    table: list[list[wire_formats.Cell]] = [
        [None if at in blank or value == "" else _cell(value) for at, value in enumerate(row)] for row in rows
    ]
    yield NewPayload(
        request=only_request(requests_for(publishers()["iom"], "missing_migrants")),
        body=wire_formats.workbook({"Worksheet": [list(names), *sorted(table, key=lambda row: str(row[1]))]}),
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        edition=_EDITION,
        as_of=utc(2025, 4, 30),
    )


def _cell(value: object) -> wire_formats.Cell:
    return value if isinstance(value, int | float) else str(value)
