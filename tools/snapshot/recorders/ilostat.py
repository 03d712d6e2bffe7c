"""Recorder of ILOSTAT: population of working age by citizenship, for the member states that the copy contains."""

from collections.abc import Iterator
from pathlib import Path

from sources.catalogue import publishers
from sources.protocols.requests import requests_for
from tools.snapshot import wire_formats
from tools.snapshot.corpus import read_csv
from tools.snapshot.new_payload import JURISDICTIONS, NewPayload, find_country, only_request, utc

_FILE = "intl/ilo/MST_XWAP_SEX_AGE_CCT_NB_A-filtered-2025-10-31.csv"
_EDITION = (
    "ILOSTAT, export of the data explorer of 2025-10-31, year 2024 only, "
    "through a public copy (github.com/marc7666/PAC2-VD)"
)


def build_payloads(corpus: Path) -> Iterator[NewPayload]:
    """Yield the indicator that the corpus contains."""
    publisher = publishers()["ilostat"]
    ours = {find_country(code).name for code in JURISDICTIONS}
    without = dict.fromkeys(("note_classif.label", "note_indicator.label", "note_source.label"), "")
    rows = [row | without for row in read_csv(corpus / _FILE) if row["ref_area.label"] in ours]
    yield NewPayload(
        request=only_request(requests_for(publisher, "MST_XWAP_SEX_AGE_CCT_NB_A")),
        body=wire_formats.ilostat_csv(rows),
        media_type="text/csv",
        edition=_EDITION,
        as_of=utc(2025, 10, 31),
    )
