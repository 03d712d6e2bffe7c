"""Recorder of the Commission's visa statistics: short-stay visas by consulate, and all visas at border crossing points.

The workbooks are written again with the sheets, titles and rows of the publisher, without the columns that follow from
others (rates, shares, sums), and by consulate without airport transit visas and visas of limited validity.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook

from sources.catalogue import publishers
from sources.protocols.requests import closed_editions
from tools.snapshot import wire_formats
from tools.snapshot.new_payload import NewPayload, utc

_FOLDER = "finds/dg_home_schengen_visas"
# Year → file, and the day on which the publisher last saved it. The files of 2010 and 2011 were saved again in 2017.
_CONSULATES = {
    2009: ("statistiques2009.xls", (2010, 11, 8)),
    2010: ("synthese_2010_with_filters_en.xls", (2017, 3, 27)),
    2011: ("synthese_2011_with_filters_en.xls", (2017, 3, 27)),
    2012: ("synthese_2012_with_filters_en.xlsx", (2013, 5, 7)),
    2013: ("synthese_2013_with_filters_en.xls", (2014, 5, 20)),
    2014: ("2014_global_schengen_visa_stats_compilation_consulates_-_final_en.xlsx", (2015, 4, 22)),
    2015: ("2015_consulates_schengen_visa_stats_en.xlsx", (2016, 3, 11)),
    2016: ("2016_consulates_schengen_visa_stats_en.xlsx", (2017, 5, 8)),
    2017: ("2017-consulates-schengen-visa-stats.xlsx", (2018, 4, 5)),
    2018: ("2018-consulates-schengen-visa-stats.xlsx", (2019, 6, 6)),
    2019: ("2019-consulates-schengen-visa-stats.xlsx", (2020, 4, 30)),
    2020: ("visa_statistics_for_consulates_2020.xlsx", (2021, 5, 11)),
    2021: ("Visa_statistics_for_consulates_2021_0.xlsx", (2022, 6, 1)),
    2022: ("Visa_statistics_for_consulates_in_2022_en.xlsx", (2023, 5, 3)),
    2023: ("2023-schengen-visa-statistics-consulates_en.xlsx", (2024, 4, 29)),
    2024: ("2024-schengen-visa-statistics-consulates_en.xlsx", (2025, 5, 14)),
}
_BORDER = {
    2013: ("compilation_visas_bcps_2013_for_publication_en.xls", (2014, 8, 5)),
    2014: ("2014_compilation_visas_bcps_final_en.xlsx", (2015, 4, 1)),
    2015: ("2015_bcps_schengen_visa_stats_en.xlsx", (2016, 4, 1)),
    2016: ("2016_bcps_schengen_visa_stats_en.xlsx", (2017, 5, 8)),
    2017: ("2017-bcps-schengen-visa-stats.xlsx", (2018, 4, 5)),
    2019: ("2019-bcps-schengen-visa-stats.xlsx", (2020, 4, 30)),
    2020: ("visa_statistics_issued_in_2020_at_external_border_crossing_points.xlsx", (2021, 5, 6)),
}
# The sheets to write: of places, and of totals by state. The publisher's further sheets repeat them.
_SHEETS = re.compile(
    r"Data for consulates|Complete data|Sheet1|(?:NON )?SCHENGEN|Visa Statistics 2009|[A-Z]{2}(?:, [A-Z]{2})+|Full data"
    r"|Totals (?:-|by) Schengen State|Schengen totals - applications"
)
_KEYS = (
    r"schengen state\W*|member state.*|ue / schengen country|schengen|country.*|third country|consulate|city|town"
    r"|location of consulate|bcp"
)
_SHORT_STAY = (
    r"(?:sum of )?(?:total )?(?:multiple entry )?(?:uniform|short-stay|c uniform|c) visas.*|multiple c visas issued"
    r"|total a,b,c visas (?:applied for|not issued)"
)
_AT_BORDER = r"(?:atvs|a visas|uniform visas|c visas|ltvs).*"
_LABEL = re.compile(r"total|selection sub ?total|grand total", re.IGNORECASE)
_ERROR = 1e-6


def build_payloads(corpus: Path) -> Iterator[NewPayload]:
    """Yield a workbook for each year with consulates, and for each with border crossing points."""
    for name, files, counts in (
        ("consulate_visas", _CONSULATES, _SHORT_STAY),
        ("border_visas", _BORDER, _AT_BORDER),
    ):
        requests = {request.slice: request for request in closed_editions(publishers()["dghome"], name)}
        for year, (file, saved) in files.items():
            day = utc(*saved)
            yield NewPayload(
                request=requests[str(year)],
                body=_workbook(corpus / _FOLDER / file, counts),
                media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                edition=f"The Commission's workbook of {year}, last saved {day:%Y-%m-%d}, without derived columns, "
                f"through a public copy of the file {file} (github.com/mogenshobolth/eu-visa-policy)",
                as_of=day,
            )


def _workbook(path: Path, counts: str) -> bytes:
    """Return the workbook with the columns whose titles are keys or ``counts``."""
    book = CalamineWorkbook.from_path(path)
    found: dict[str, Sequence[Sequence[wire_formats.Cell]]] = {}
    for name in book.sheet_names:
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        if _SHEETS.fullmatch(name.strip()) and rows and (table := _sheet(rows, counts)):
            found[name] = table
    return wire_formats.workbook(found)


def _sheet(rows: list[list[Any]], counts: str) -> list[list[wire_formats.Cell]]:
    """Return the rows of places and of totals, and what is above them; no rows if the states have no title (2023)."""
    header = next(at for at, row in enumerate(rows) if sum(_is(value, counts) for value in row) > 1)
    titles = rows[header]
    keys = [at for at, title in enumerate(titles) if _is(title, _KEYS)]
    # The tables of border crossing points name the states in a column without title.
    keys = keys if len(keys) > 1 or not _is(titles[1], "bcp") else [0, *keys]
    if not keys:
        return []
    columns = keys + [at for at, title in enumerate(titles) if _is(title, counts)]
    kept: list[list[wire_formats.Cell]] = [[_cell(value) for value in row] for row in rows[:header]]
    for row in rows[header:]:
        is_total = any(isinstance(row[at], str) and _LABEL.match(row[at].strip()) for at in keys)
        if row is titles or is_total or str(row[keys[0]]).strip():
            kept.append([_cell(row[at]) for at in columns])
    return kept


def _is(title: object, pattern: str) -> bool:
    return re.fullmatch(pattern, " ".join(str(title).split()).lower()) is not None


def _cell(value: Any) -> wire_formats.Cell:  # noqa: ANN401 - a cell of a workbook
    if isinstance(value, float) and abs(value - round(value)) < _ERROR:
        return round(value)
    return value if isinstance(value, int | float) else (str(value) or None)
