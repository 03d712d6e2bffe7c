"""Recorder of the OECD: flows and stocks of foreigners, permanent-type inflows by category, rates of participation."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from python_calamine import CalamineWorkbook

from sources.catalogue import publishers
from sources.protocols.requests import closed_editions, requests_for
from sources.request import Request
from tools.snapshot import wire_formats
from tools.snapshot.corpus import read_csv
from tools.snapshot.new_payload import JURISDICTIONS, NewPayload, only_request, utc

_COPY = "of an unknown day before 2025-11-21, through a public copy (github.com/vedhjaishankar/oecd-migration-analysis)"
_FOLDER = "finds/oecd/vedhjaishankar__"
_AS_OF = (2025, 11, 20)
_FILE_BEFORE = "intl/oecd/OECD.ELS.IMD_DSD_MIG@DF_MIG_csvfilewithlabels.csv"
_EDITION_BEFORE = (
    "OECD International Migration Database of an unknown day, with values for 2022 and so of late 2024 or later, "
    "through a public copy (github.com/melanie-vera/International-migration)"
)
# The tables of the statistical annex: dataset, number of the table, and file.
_ANNEX = (
    ("imd_inflows", "A.1", "inflows_of_foreign_population"),
    ("imd_outflows", "A.2", "Outflows_of_foreign_population"),
    ("imd_foreign_stock", "A.5", "Stocks_of_foreign_population"),
    ("imd_acquisitions", "A.6", "Acquisition_of_nationality"),
)
# The members of the Union, and the Union itself.
_AREAS = {*JURISDICTIONS, "EU27_2020"}


def build_payloads(corpus: Path) -> Iterator[NewPayload]:
    """Yield the first request for inflows, by country of destination, in two editions, and two further dataflows."""
    publisher = publishers()["oecd"]
    inflows = requests_for(publisher, "imd_inflows")[0]
    before = next(each for each in closed_editions(publisher, "imd_inflows") if each.accept == "csv")
    file = f"{_FOLDER}international_migration_database.csv"
    yield _payload(inflows, corpus / file, f"OECD International Migration Database {_COPY}", _AS_OF)
    yield _payload(before, corpus / _FILE_BEFORE, _EDITION_BEFORE, (2024, 11, 14))
    for name, rest in (
        ("imd_permanent_inflows", "standardised_inflows_of_permanent-type_migrants.csv"),
        ("labour_outcomes", "labour_market_outcomes_of_immigrants.csv"),
    ):
        request = only_request(requests_for(publisher, name))
        title = publisher.datasets[name].title
        yield _payload(request, corpus / f"{_FOLDER}{rest}", f"OECD, {title}, {_COPY}", _AS_OF)
    for name, number, rest in _ANNEX:
        request = next(each for each in closed_editions(publisher, name) if each.slice == "2023-10-23")
        yield _annex(request, number, corpus / f"finds/oecd/ReyhanHRZ__{rest}.xlsx")


def _annex(request: Request, number: str, file: Path) -> NewPayload:
    """Return a table of the annex with the rows of the countries and without those of percentages."""
    rows = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
    header = next(at for at, row in enumerate(rows) if row[1])
    names = [" ".join(str(row[0]).split()) for row in rows]
    counted = [at for at in range(header + 1, len(rows)) if rows[at][1] != "" and "population" not in names[at]]
    years, table = _cells(rows[header][1:]), [[names[at], *_cells(rows[at][1:])] for at in counted]
    unit = "Thousands" if str(rows[1][0]).startswith("Thousands") else "Numbers"
    title = f"Table {number}. {request.dataset}"
    about = "Version 1 - Last updated: 23-Oct-2023"
    sheets: dict[str, Sequence[Sequence[wire_formats.Cell]]] = {
        f"{number.replace('.', '')}_EN_2023": [[title], [unit], [None, *years], *table],
        "About this file": [[about]],
    }
    return NewPayload(
        request=request,
        body=wire_formats.workbook(sheets),
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        edition=f"OECD, International Migration Outlook 2023, statistical annex, table {number}, version of 23 October "
        "2023, through github.com/ReyhanHRZ/international-migration-analysis",
        as_of=utc(2023, 10, 23),
    )


def _cells(row: Sequence[object]) -> list[wire_formats.Cell]:
    return [value if isinstance(value, int | float) else str(value) for value in row]


def _payload(request: Request, file: Path, edition: str, as_of: tuple[int, int, int]) -> NewPayload:
    """Return the rows of the member states and the Union."""
    rows = [row for row in read_csv(file) if row["REF_AREA"] in _AREAS]
    return NewPayload(
        request=request,
        body=wire_formats.plain_csv(sorted(rows, key=lambda row: (row["REF_AREA"], row["TIME_PERIOD"]))),
        media_type="application/vnd.sdmx.data+csv",
        edition=edition,
        as_of=utc(*as_of),
    )
