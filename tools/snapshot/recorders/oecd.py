"""Recorder of the OECD: inflows of foreigners of all countries together into the member states."""

from collections.abc import Iterator
from pathlib import Path

from sources.catalogue import publishers
from sources.protocols.requests import requests_for
from tools.snapshot import wire_formats
from tools.snapshot.corpus import read_csv
from tools.snapshot.new_payload import JURISDICTIONS, NewPayload, utc

_FILE = "intl/oecd/OECD.ELS.IMD_DSD_MIG@DF_MIG_csvfilewithlabels.csv"
_EDITION = (
    "OECD International Migration Database of an unknown day, with values for 2022 and so of late 2024 or later, "
    "through a public copy (github.com/melanie-vera/International-migration)"
)


def build_payloads(corpus: Path) -> Iterator[NewPayload]:
    """Yield the response to the first request for inflows, the one by country of destination."""
    publisher = publishers()["oecd"]
    rows = [row for row in read_csv(corpus / _FILE) if row["REF_AREA"] in JURISDICTIONS]
    yield NewPayload(
        request=requests_for(publisher, "imd_inflows")[0],
        body=wire_formats.plain_csv(sorted(rows, key=lambda row: (row["REF_AREA"], row["TIME_PERIOD"]))),
        media_type="application/vnd.sdmx.data+csv",
        edition=_EDITION,
        as_of=utc(2024, 11, 14),
    )
