"""What the doubles of the organisations share: the 28 states, and answers as JSON, CSV and workbooks."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO

import xlsxwriter

from tests.support.publishers.server import THIS_YEAR, Answer

JSON, CSV = "application/json", "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORBIDDEN = Answer(b"<html><head><title>403 Forbidden</title></head></html>", status=403)

# ISO code, ISO code of two letters, M49 code, name in English; China and the members of the Union.
STATES = {
    "CHN": ("CN", 156, "China"),
    "AUT": ("AT", 40, "Austria"),
    "BEL": ("BE", 56, "Belgium"),
    "BGR": ("BG", 100, "Bulgaria"),
    "HRV": ("HR", 191, "Croatia"),
    "CYP": ("CY", 196, "Cyprus"),
    "CZE": ("CZ", 203, "Czechia"),
    "DNK": ("DK", 208, "Denmark"),
    "EST": ("EE", 233, "Estonia"),
    "FIN": ("FI", 246, "Finland"),
    "FRA": ("FR", 250, "France"),
    "DEU": ("DE", 276, "Germany"),
    "GRC": ("GR", 300, "Greece"),
    "HUN": ("HU", 348, "Hungary"),
    "IRL": ("IE", 372, "Ireland"),
    "ITA": ("IT", 380, "Italy"),
    "LVA": ("LV", 428, "Latvia"),
    "LTU": ("LT", 440, "Lithuania"),
    "LUX": ("LU", 442, "Luxembourg"),
    "MLT": ("MT", 470, "Malta"),
    "NLD": ("NL", 528, "Netherlands"),
    "POL": ("PL", 616, "Poland"),
    "PRT": ("PT", 620, "Portugal"),
    "ROU": ("RO", 642, "Romania"),
    "SVK": ("SK", 703, "Slovakia"),
    "SVN": ("SI", 705, "Slovenia"),
    "ESP": ("ES", 724, "Spain"),
    "SWE": ("SE", 752, "Sweden"),
}
SIZE = {iso: 10 + at for at, iso in enumerate(STATES)}
YEARS = (THIS_YEAR - 4, THIS_YEAR - 3, THIS_YEAR - 2)


def json_answer(document: object, status: int = 200) -> Answer:
    return Answer(json.dumps(document, ensure_ascii=False).encode(), JSON, status)


def csv_answer(lines: Sequence[Sequence[object]], mark: bytes = b"", quoted: bool = False) -> Answer:
    def field(value: object) -> str:
        text = str(value)
        return f'"{text}"' if "," in text or (quoted and isinstance(value, str) and text) else text

    body = "".join(",".join(map(field, line)) + "\n" for line in lines)
    return Answer(mark + body.encode(), CSV)


def workbook(sheets: Mapping[str, Sequence[Sequence[object]]]) -> Answer:
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.set_properties({"created": datetime(2026, 1, 1, tzinfo=UTC)})  # the same bytes at every request
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return Answer(buffer.getvalue(), XLSX)
