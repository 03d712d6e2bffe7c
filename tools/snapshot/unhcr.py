"""UNHCR: its R package ``refugees`` holds the whole API; the snapshot takes what concerns one of the 28.

Demographics are by place there, and are summed to the country of asylum as the API gives them. The sums are checked
against the population, and what is known by sex or age in part only is left out: parts that are not known read 0.
"""

from collections.abc import Iterator
from math import ceil, isnan
from pathlib import Path

import polars as pl

from sources.catalogue import publishers
from sources.protocols.paging import request_of_page
from sources.protocols.requests import requests_for
from tools.snapshot import wire
from tools.snapshot.sources import JURISDICTIONS, Recorded, UnequalFiguresError, rda, utc

_EDITION = (
    "UNHCR Refugee Population Statistics Database up to the end of 2025, published in mid-2026, "
    "through UNHCR's R package refugees 2025.12.1 (github.com/PopulationStatistics/refugees)"
)
_AS_OF = utc(2026, 6, 30)
_PAGE = 10_000
_TEXT = ("coo_name", "coo", "coo_iso", "coa_name", "coa", "coa_iso", "procedure_type", "app_type", "dec_level")
_TEXTS = (*_TEXT, "app_pc", "dec_pc", "pop_type")
_PLACE = ("location", "loc_type", "acc_type")
# Categories of demographics whose sums the population holds too.
_CHECKED = {"REF": "refugees", "ASY": "asylum_seekers"}


def recorded(corpus: Path) -> Iterator[Recorded]:
    """Every page of both requests (by asylum, by origin) of the four datasets."""
    publisher = publishers()["unhcr"]
    paging = publisher.endpoints["api"].paging
    assert paging is not None  # the API of UNHCR has pages
    for name in ("population", "asylum-applications", "asylum-decisions", "solutions"):
        figures = rda(corpus / "intl/unhcr/refugees_R_package" / f"{name.replace('-', '_')}.rda")
        for request, side in zip(requests_for(publisher, name), ("coa_iso", "coo_iso"), strict=True):
            items = _items(figures.filter(pl.col(side).is_in(JURISDICTIONS)))
            pages = ceil(len(items) / _PAGE)
            for number in range(1, pages + 1):
                yield Recorded(
                    request=request_of_page(paging, request, number),
                    body=wire.unhcr_json(number, pages, items[(number - 1) * _PAGE : number * _PAGE]),
                    media_type="application/json",
                    edition=_EDITION,
                    as_of=_AS_OF,
                )

    first = requests_for(publisher, "demographics")[0]
    yield Recorded(first, wire.unhcr_json(1, 1, _items(_demographics(corpus))), "application/json", _EDITION, _AS_OF)


def _demographics(corpus: Path) -> pl.DataFrame:
    """Persons by category, origin, country of asylum among the 28, sex and age; ``UnequalFiguresError`` if unlike."""
    folder = corpus / "intl/unhcr/refugees_R_package"
    by_place = rda(folder / "demographics.rda").filter(pl.col("coa_iso").is_in(JURISDICTIONS)).drop(_PLACE)
    keys = [name for name in by_place.columns if name == "year" or name in _TEXTS]
    summed = by_place.group_by(keys).agg(pl.all().sum())
    whole = summed.filter(pl.col("f_total") + pl.col("m_total") == pl.col("total"))
    population = rda(folder / "population.rda")
    for category, field in _CHECKED.items():
        both = whole.filter(pop_type=category).join(population, on=["year", "coo", "coa"])
        if (wrong := both.filter(pl.col("total") != pl.col(field))).height or both.is_empty():
            raise UnequalFiguresError(f"{wrong.height} sums of {category} are not those of the population")
    return whole


def _items(figures: pl.DataFrame) -> list[dict[str, wire.Cell]]:
    """The rows as the API writes them: a number if there are any, "0" for none, "-" where it is not reported."""
    texts = [name for name in figures.columns if name in _TEXTS]
    ordered = figures.with_columns(pl.col("year").cast(pl.Int64)).sort("year", *texts)
    return [{name: _field(name, value) for name, value in row.items()} for row in ordered.iter_rows(named=True)]


def _field(name: str, value: str | float | None) -> wire.Cell:
    if name == "year" or isinstance(value, str):
        return value
    if value is None or isnan(value):
        return "-"
    return int(value) if value > 0 else "0"
