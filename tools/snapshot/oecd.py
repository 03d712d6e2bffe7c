"""OECD: inflows of foreigners from all countries together into the member states that the database has."""

from collections.abc import Iterator
from pathlib import Path

from sources.catalogue import publishers
from sources.protocols.requests import requests_for
from tools.snapshot import wire
from tools.snapshot.sources import JURISDICTIONS, Recorded, table, utc

_FILE = "intl/oecd/OECD.ELS.IMD_DSD_MIG@DF_MIG_csvfilewithlabels.csv"
_EDITION = (
    "OECD International Migration Database of an unknown day, with values for 2022 and so of late 2024 or later, "
    "through a public copy (github.com/melanie-vera/International-migration)"
)


def recorded(corpus: Path) -> Iterator[Recorded]:
    """The first of the requests for inflows, that by country of destination."""
    publisher = publishers()["oecd"]
    rows = [row for row in table(corpus / _FILE) if row["REF_AREA"] in JURISDICTIONS]
    yield Recorded(
        request=requests_for(publisher, "imd_inflows")[0],
        body=wire.plain_csv(sorted(rows, key=lambda row: (row["REF_AREA"], row["TIME_PERIOD"]))),
        media_type="application/vnd.sdmx.data+csv",
        edition=_EDITION,
        as_of=utc(2024, 11, 14),
    )
