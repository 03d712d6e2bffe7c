"""Every dataset of the international publishers, requested from the double as its entry declares, to the last slice.

The requests that the double receives are those of the catalogue, each once and in its order. The responses become
observations of every requested jurisdiction, without a failure and without an unknown code.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote

import pytest

from assets import stages
from assets.core.workspace import Workspace
from assets.ingest.fetch import receive
from sources import catalogue
from sources.catalogue.model import Dim, Publisher
from sources.protocols.requests import requests_for
from tests.support import publisher_double
from tests.support.publisher_double import (
    Double,
    Row,
    bilateral,
    book,
    filled_double,
    indicator,
    inflow,
    projection,
    run_double,
    students,
    worker,
)
from warehouse import codes

REAL = catalogue.publishers
PUBLISHERS = ("eurostat", "ilostat", "oecd", "uis", "undesa", "unhcr", "worldbank")
# Pages and single files are requested in test_intl_live; datasets that refuse programs are imported.
ELSEWHERE = ("undesa/wpp_net_migration", "worldbank/remittance_prices")
NAMES = [
    f"{name}/{dataset}"
    for name in PUBLISHERS
    for dataset in REAL()[name].datasets
    if f"{name}/{dataset}" not in ELSEWHERE
]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def publishers() -> Iterator[Double]:
    with run_double(filled_double()) as started:
        yield started


@pytest.mark.parametrize("name", NAMES)
def test_every_slice_of_a_dataset_is_requested_and_read(
    publishers: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    publisher, _, dataset = name.partition("/")
    monkeypatch.setattr(catalogue, "publishers", REAL)
    monkeypatch.setenv("UN_DATA_PORTAL_TOKEN", "a-token")
    entry = publisher_double.publisher_at(publishers, publisher, {dataset: {}})
    monkeypatch.setattr(catalogue, "publishers", lambda: {publisher: entry})
    publishers.reset()
    jurisdictions = STOCK[publisher](publishers, entry, dataset)
    workspace = Workspace(tmp_path / "data", "live")
    reception = receive(workspace, entry, dataset)
    requested = [re.sub(r"&(page|skip|pageNumber)=\d+", "", address) for address in publishers.requested_addresses()]
    expected = [unquote(r.full_url).removeprefix(publishers.url) for r in requests_for(entry, dataset)]
    assert list(dict.fromkeys(requested)) == expected
    assert (reception.failures, reception.absent) == ((), ())
    made = stages.observations(workspace, name)
    assert made.failures == []
    assert made.unmatched.collect().rows() == []
    assert set(made.frame.collect()["jurisdiction"]) == set(jurisdictions)


# The data of each publisher: one figure a jurisdiction


def _eurostat(shop: Double, publisher: Publisher, name: str) -> Sequence[str]:
    entry = publisher.datasets[name]
    assert entry.observe is not None
    sources = [entry.observe.indicator, entry.observe.partner, entry.observe.jurisdiction]
    dims = [dim for dim in (*sources, *entry.observe.dimensions.values()) if isinstance(dim, Dim)]
    cell = {found.names[0]: _code(publisher, found) for found in dims}
    cell |= {dim: known[0] for dim, known in (entry.observe.expect | entry.filters).items() if dim != "indic_mg"}
    geos = entry.filters["geo"]
    period = {"M": "2023-05", "Q": "2023-Q2"}.get(cell["freq"], 2023)
    shop.eurostat[entry.code or name] = [
        {**cell, "geo": geo, "TIME_PERIOD": period, "OBS_VALUE": 100 + 5 * at} for at, geo in enumerate(geos)
    ]
    areas = dict(codes.area_codes().filter(scheme="eurostat").select("code", "area").iter_rows())
    return [areas[geo] for geo in geos]


def _code(publisher: Publisher, dim: Dim) -> str:
    """A code that a dimension may have: China where it is an area, else the first of its map."""
    known = dim.codes if isinstance(dim.codes, dict) else publisher.codes.get(str(dim.codes), {"CN": "CHN"})
    return next(iter(known))


def _ilostat(shop: Double, publisher: Publisher, name: str) -> Sequence[str]:
    entry = publisher.datasets[name]
    label = {"CHN": "China", "DEU": "Germany"}
    by = "Citizenship: Foreign citizens" if "_CCT_" in name else "Place of birth: Foreign-born"
    assert entry.observe is not None
    named = {"id": name, "indicator.label": entry.observe.expect["indicator"][-1], "classif2.label": by}
    shop.tables["ilostat"] = [worker(area, label[area], 12.5) | named for area in label]
    return list(label)


def _oecd(shop: Double, publisher: Publisher, name: str) -> Sequence[str]:
    entry = publisher.datasets[name]
    (code,) = entry.filters["measure"]
    labels = {"B11": "Inflows of foreign population", "B12": "Outflows of foreign population"}
    labels |= {"B14": "Stock of foreign-born population", "B15": "Stock of foreign population"}
    measure = (code, (labels | {"B16": "Acquisition of nationality"})[code])
    rows = [inflow("CHN", area, 2022, 7, measure) for area in ("DEU", "FRA")]
    born = {"CITIZENSHIP": "_Z", "BIRTH_PLACE": "CHN"} if code == "B14" else {}
    shop.tables["oecd"] = [row | born for row in rows]
    return ("DEU", "FRA")


def _uis(shop: Double, publisher: Publisher, name: str) -> Sequence[str]:
    units = publisher.datasets[name].filters["geoUnit"]
    shop.tables["uis"] = [students(name, unit, 2022, 5 + at) for at, unit in enumerate(units)]
    return units


def _undesa(shop: Double, publisher: Publisher, name: str) -> Sequence[str]:
    if name == "total_net_migration":
        shop.tables["portal"] = [projection(at, 2022, -500 * at) for at in (156, 276)]
        return ("CHN", "DEU")
    if name == "ims_destination":
        return ("CHN",)
    area = "Region, development group, country or area of"
    names = ["Index", f"{area} destination", "Notes of destination", "Location code of destination"]
    names += ["Type of data of destination", f"{area} origin", "Location code of origin"]
    years = [1990, 1995, 2000, 2005, 2010, 2015, 2020, 2024]
    blocks = [f"International migrant stock at mid-year, {sex}" for sex in ("both sexes combined", "males", "females")]
    over = [text for block in blocks for text in (block, *[""] * (len(years) - 1))]
    row = [1, "Germany", "", 276, "B", "China", 156, *range(24)]
    table: list[list[object]] = [
        [],
        [],
        [],
        [],
        [],
        [],
        [],
        [*[""] * len(names), *over],
        [],
        [],
        [*names, *years * 3],
        row,
    ]
    contents: list[list[object]] = [[], ["", "International Migrant Stock 2024: Destination and origin"]]
    shop.workbooks[publisher.datasets[name].code or name] = book({"Contents": contents, "Table 1": table})
    return ("DEU",)


def _unhcr(shop: Double, publisher: Publisher, name: str) -> Sequence[str]:
    of = {"procedure_type": "G", "dec_level": "FI"}
    figures: dict[str, Row] = {
        "population": {"refugees": 50, "asylum_seekers": "0"},
        "asylum-applications": of | {"app_type": "N", "app_pc": "P", "applied": 7},
        "asylum-decisions": {
            "procedure_type": "G",
            "dec_level": "FI",
            "dec_pc": "P",
            "dec_recognized": 5,
            "dec_total": 9,
        },
        "solutions": {"resettlement": 5, "naturalisation": "0"},
        "demographics": {"pop_type": "REF", "f_total": 6, "m_total": 5, "total": 11},
    }
    sides = [("CHN", "DEU"), ("CHN", "ITA"), ("SYR", "CHN")]
    shop.unhcr[name] = [_sides(*pair) | figures[name] for pair in sides]
    return ("DEU", "ITA", "CHN")


def _sides(origin: str, asylum: str) -> Row:
    return {
        "year": 2024,
        **{f"{side}_{kind}": code for side, code in (("coo", origin), ("coa", asylum)) for kind in ("iso", "name")},
        "coo_id": 1,
        "coa_id": 2,
        "coo": origin,
        "coa": asylum,
    }


def _worldbank(shop: Double, publisher: Publisher, name: str) -> Sequence[str]:
    if name.startswith("knomad"):
        (code,) = publisher.datasets[name].filters["INDICATOR"]
        shop.tables["data360"] = [bilateral(code, "CHN", "DEU", 5), bilateral(code, "POL", "DEU", 6)]
        return ("DEU",)
    countries = (("CN", "CHN"), ("DE", "DEU"))
    shop.worldbank[name] = [indicator(name, country, 2024, 12) for country in countries]
    return ("WLD",) if name == "SM.POP.RHCR.EO" else ("CHN", "DEU")


STOCK: dict[str, Callable[[Double, Publisher, str], Sequence[str]]] = {
    "eurostat": _eurostat,
    "ilostat": _ilostat,
    "oecd": _oecd,
    "uis": _uis,
    "undesa": _undesa,
    "unhcr": _unhcr,
    "worldbank": _worldbank,
}
