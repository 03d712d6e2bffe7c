"""Recorder of the OECD: inflows of foreigners, permanent-type inflows by category, and rates of participation."""

from collections.abc import Iterator
from pathlib import Path

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
# The members of the Union, and the Union itself.
_AREAS = {*JURISDICTIONS, "EU27_2020"}


def build_payloads(corpus: Path) -> Iterator[NewPayload]:
    """Yield the first request for inflows, by country of destination, in two editions, and two further dataflows."""
    publisher = publishers()["oecd"]
    inflows = requests_for(publisher, "imd_inflows")[0]
    (before,) = closed_editions(publisher, "imd_inflows")
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
