"""Recorder of the UNESCO Institute for Statistics: inbound mobile students and the net flow of students."""

from collections.abc import Iterator
from pathlib import Path

from sources.catalogue import publishers
from sources.protocols.requests import requests_for
from tools.snapshot import wire_formats
from tools.snapshot.corpus import read_csv
from tools.snapshot.new_payload import JURISDICTIONS, NewPayload, only_request, utc

_FILE = "intl/uis/uis_api_export_26637_and_others_RAW_inbound_and_outbound_data.csv"
_EDITION = (
    "UIS data of 2025, with inbound students to 2023 and net flow to 2022, "
    "through a public copy of an export (github.com/nemuulen/INFOSCI301_Final_Project)"
)


def build_payloads(corpus: Path) -> Iterator[NewPayload]:
    """Yield the two indicators that the corpus contains."""
    publisher = publishers()["uis"]
    rows = [row for row in read_csv(corpus / _FILE) if row["geoUnit"] in JURISDICTIONS]
    for name in ("26637", "MENF.5T8"):
        records = [
            {
                "indicatorId": name,
                "geoUnit": row["geoUnit"],
                "year": int(row["year"]),
                "value": wire_formats.plain(float(row["value"])),
                "magnitude": row["magnitude"] or None,
                "qualifier": row["qualifier"] or None,
            }
            for row in sorted(rows, key=lambda row: (row["geoUnit"], row["year"]))
            if row["indicatorId"] == name
        ]
        yield NewPayload(
            request=only_request(requests_for(publisher, name)),
            body=wire_formats.uis_json(records),
            media_type="application/json",
            edition=_EDITION,
            as_of=utc(2025, 3, 1),
        )
