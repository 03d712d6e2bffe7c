"""GLOBALCIT: how the law of citizenship of each of the 28 is coded, year by year."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from sources.catalogue import publishers
from sources.protocols.requests import closed_editions
from tools.snapshot.sources import JURISDICTIONS, Recorded, only, utc

_EDITION = (
    "GLOBALCIT Citizenship Law Dataset, version 3.1 of 2025, country-year, through a public copy "
    "(github.com/maarten-vink/globalcit-L05-europe)"
)


def recorded(corpus: Path) -> Iterator[Recorded]:
    """The codings of the 28 for every year of the dataset."""
    with (corpus / "legal/globalcit/globalcit_data_v3.1_country-year.csv").open(encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    place = names.index("iso3")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(row for row in rows if row[place] in JURISDICTIONS)
    yield Recorded(
        only(closed_editions(publishers()["globalcit"], "citizenship_law")),
        text.getvalue().encode(),
        "text/csv",
        _EDITION,
        utc(2025, 12, 31),
    )
