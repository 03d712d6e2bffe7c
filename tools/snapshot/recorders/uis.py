"""Recorder of the UNESCO Institute for Statistics: inbound and outbound mobile students, rates, and the net flow."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from sources.catalogue import publishers
from sources.protocols.requests import closed_editions, requests_for
from sources.request import Request
from tools.snapshot import wire_formats
from tools.snapshot.corpus import read_csv
from tools.snapshot.new_payload import JURISDICTIONS, NewPayload, only_request, utc

_FILE = "finds/uis/lisawls__uis_data.csv"
_EDITION = "UIS release of February 2026, through a public copy of an export (github.com/lisawls/missionJE)"
_RELEASED = (2026, 2, 9)
_FILE_BEFORE = "intl/uis/uis_api_export_26637_and_others_RAW_inbound_and_outbound_data.csv"
_EDITION_BEFORE = (
    "UIS data of 2025, with inbound students to 2023 and net flow to 2022, "
    "through a public copy of an export (github.com/nemuulen/INFOSCI301_Final_Project)"
)
_RELEASED_BEFORE = (2025, 3, 1)

Rows = Sequence[dict[str, str]]


def build_payloads(corpus: Path) -> Iterator[NewPayload]:
    """Yield the indicators of the two exports that the corpus contains."""
    publisher = publishers()["uis"]
    rows = read_csv(corpus / _FILE)
    for name in ("26637", "OE.5T8.40510", "MOR.5T8.40510", "MSEP.5T8"):
        yield _payload(only_request(requests_for(publisher, name)), rows, _EDITION, _RELEASED)
    before = read_csv(corpus / _FILE_BEFORE)
    (edition,) = closed_editions(publisher, "26637")
    yield _payload(edition, before, _EDITION_BEFORE, _RELEASED_BEFORE)
    yield _payload(only_request(requests_for(publisher, "MENF.5T8")), before, _EDITION_BEFORE, _RELEASED_BEFORE)


def _payload(request: Request, rows: Rows, edition: str, released: tuple[int, int, int]) -> NewPayload:
    records = [
        {
            "indicatorId": request.dataset,
            "geoUnit": row["geoUnit"],
            "year": int(row["year"]),
            "value": wire_formats.plain(float(row["value"])),
            "magnitude": row["magnitude"] or None,
            "qualifier": row["qualifier"] or None,
        }
        for row in sorted(rows, key=lambda row: (row["geoUnit"], row["year"]))
        if row["indicatorId"] == request.dataset and row["geoUnit"] in JURISDICTIONS
    ]
    return NewPayload(
        request=request,
        body=wire_formats.uis_json(records),
        media_type="application/json",
        edition=edition,
        as_of=utc(*released),
    )
