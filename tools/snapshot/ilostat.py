"""ILOSTAT: the population of working age by citizenship, for the member states of which a copy has figures."""

from collections.abc import Iterator
from pathlib import Path

from sources.catalogue import publishers
from sources.protocols.requests import requests_for
from tools.snapshot import wire
from tools.snapshot.sources import JURISDICTIONS, Recorded, country, only, table, utc

_FILE = "intl/ilo/MST_XWAP_SEX_AGE_CCT_NB_A-filtered-2025-10-31.csv"
_EDITION = (
    "ILOSTAT, export of the data explorer of 2025-10-31, year 2024 only, "
    "through a public copy (github.com/marc7666/PAC2-VD)"
)


def recorded(corpus: Path) -> Iterator[Recorded]:
    """The indicator of which there is a copy."""
    publisher = publishers()["ilostat"]
    ours = {country(code).name for code in JURISDICTIONS}
    without = dict.fromkeys(("note_classif.label", "note_indicator.label", "note_source.label"), "")
    rows = [row | without for row in table(corpus / _FILE) if row["ref_area.label"] in ours]
    yield Recorded(
        request=only(requests_for(publisher, "MST_XWAP_SEX_AGE_CCT_NB_A")),
        body=wire.ilostat_csv(rows),
        media_type="text/csv",
        edition=_EDITION,
        as_of=utc(2025, 10, 31),
    )
