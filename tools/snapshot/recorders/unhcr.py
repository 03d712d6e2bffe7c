"""Recorder of UNHCR, from its R package ``refugees``, which contains the whole API; only the rows of the 28 are kept.

The package has demographics by place. The recorder sums them to the country of asylum, as the API has them, and
compares the sums with the population. It leaves out rows that have sex or age for a part of the persons only, because
the package has 0 for unknown parts.
"""

from collections.abc import Iterator
from math import ceil, isnan
from pathlib import Path

import polars as pl

from sources.catalogue import publishers
from sources.protocols.paging import request_of_page
from sources.protocols.requests import requests_for
from tools.snapshot import wire_formats
from tools.snapshot.corpus import read_r_file
from tools.snapshot.new_payload import JURISDICTIONS, NewPayload, UnequalFiguresError, utc

_EDITION = (
    "UNHCR Refugee Population Statistics Database up to the end of 2025, published in mid-2026, "
    "through UNHCR's R package refugees 2025.12.1 (github.com/PopulationStatistics/refugees)"
)
_AS_OF = utc(2026, 6, 30)
_PAGE = 10_000
_TEXT = ("coo_name", "coo", "coo_iso", "coa_name", "coa", "coa_iso", "procedure_type", "app_type", "dec_level")
_TEXTS = (*_TEXT, "app_pc", "dec_pc", "pop_type")
_PLACE = ("location", "loc_type", "acc_type")
# Categories of demographics whose sums the table of the population contains too.
_CHECKED = {"REF": "refugees", "ASY": "asylum_seekers"}


def build_payloads(corpus: Path) -> Iterator[NewPayload]:
    """Yield every page of both requests (by asylum, by origin) of four datasets, and the demographics."""
    publisher = publishers()["unhcr"]
    paging = publisher.endpoints["api"].paging
    assert paging is not None  # the API of UNHCR has pages
    for name in ("population", "asylum-applications", "asylum-decisions", "solutions"):
        figures = read_r_file(corpus / "intl/unhcr/refugees_R_package" / f"{name.replace('-', '_')}.rda")
        for request, side in zip(requests_for(publisher, name), ("coa_iso", "coo_iso"), strict=True):
            items = _items(figures.filter(pl.col(side).is_in(JURISDICTIONS)))
            pages = ceil(len(items) / _PAGE)
            for number in range(1, pages + 1):
                yield NewPayload(
                    request=request_of_page(paging, request, number),
                    body=wire_formats.unhcr_json(number, pages, items[(number - 1) * _PAGE : number * _PAGE]),
                    media_type="application/json",
                    edition=_EDITION,
                    as_of=_AS_OF,
                )

    first = requests_for(publisher, "demographics")[0]
    yield NewPayload(
        first, wire_formats.unhcr_json(1, 1, _items(_demographics(corpus))), "application/json", _EDITION, _AS_OF
    )


def _demographics(corpus: Path) -> pl.DataFrame:
    """Return persons by category, origin, country of asylum among the 28, sex and age.

    Raises ``UnequalFiguresError`` if a sum differs from the population.
    """
    folder = corpus / "intl/unhcr/refugees_R_package"
    by_place = read_r_file(folder / "demographics.rda").filter(pl.col("coa_iso").is_in(JURISDICTIONS)).drop(_PLACE)
    keys = [name for name in by_place.columns if name == "year" or name in _TEXTS]
    summed = by_place.group_by(keys).agg(pl.all().sum())
    whole = summed.filter(pl.col("f_total") + pl.col("m_total") == pl.col("total"))
    population = read_r_file(folder / "population.rda")
    for category, field in _CHECKED.items():
        both = whole.filter(pop_type=category).join(population, on=["year", "coo", "coa"])
        if (wrong := both.filter(pl.col("total") != pl.col(field))).height or both.is_empty():
            raise UnequalFiguresError(f"{wrong.height} sums of {category} are not those of the population")
    return whole


def _items(figures: pl.DataFrame) -> list[dict[str, wire_formats.Cell]]:
    """Return the rows as the API writes them: a number above 0, the text "0", or "-" where nothing is reported."""
    texts = [name for name in figures.columns if name in _TEXTS]
    ordered = figures.with_columns(pl.col("year").cast(pl.Int64)).sort("year", *texts)
    return [{name: _field(name, value) for name, value in row.items()} for row in ordered.iter_rows(named=True)]


def _field(name: str, value: str | float | None) -> wire_formats.Cell:
    if name == "year" or isinstance(value, str):
        return value
    if value is None or isnan(value):
        return "-"
    return int(value) if value > 0 else "0"
