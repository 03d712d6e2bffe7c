"""Recorder of GLOBALCIT: the coded citizenship law of China and the member states, year by year."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from sources.catalogue import publishers
from sources.protocols.requests import closed_editions
from tools.snapshot.new_payload import JURISDICTIONS, NewPayload, only_request, utc

_EDITION = (
    "GLOBALCIT Citizenship Law Dataset, version 3.1 of 2025, country-year, through a public copy "
    "(github.com/maarten-vink/globalcit-L05-europe)"
)


def build_payloads(corpus: Path) -> Iterator[NewPayload]:
    """Yield the codings of the 28 jurisdictions for every year of the dataset."""
    with (corpus / "legal/globalcit/globalcit_data_v3.1_country-year.csv").open(encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    place = names.index("iso3")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(row for row in rows if row[place] in JURISDICTIONS)
    yield NewPayload(
        only_request(closed_editions(publishers()["globalcit"], "citizenship_law")),
        text.getvalue().encode(),
        "text/csv",
        _EDITION,
        utc(2025, 12, 31),
    )
