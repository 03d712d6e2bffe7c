"""The double of the publishers refuses what the services refuse, and fails as a test orders it to."""

from collections.abc import Iterator

import pytest
import requests

from tests.support.paths import ROOT
from tests.support.publishers.server import changed, cut, maintenance, replaced, too_many, without_rows
from tests.support.publishers.world import Publishers, world

DATA = "/eurostat/api/dissemination/sdmx/3.0/data/dataflow/ESTAT/{}/1.0?format=csvdata&formatVersion=1.0"
BROWSER = {"User-Agent": "Mozilla/5.0 (compatible; a test)"}


@pytest.fixture(scope="module")
def running() -> Iterator[Publishers]:
    with world() as started:
        yield started


@pytest.fixture
def publishers(running: Publishers) -> Iterator[Publishers]:
    yield running
    running.world.recover()


def get(publishers: Publishers, host: str, address: str, **headers: str) -> requests.Response:
    return requests.get(publishers.world.url(host) + address, headers=headers, timeout=5)


def test_it_is_not_made_from_the_catalogue_or_the_code_maps() -> None:
    folder = ROOT / "tests" / "support" / "publishers"
    answers = [path.read_text(encoding="utf-8") for path in folder.glob("*.py") if path.name != "world.py"]
    assert len(answers) > 6
    for module in ("sources", "warehouse", "assets"):
        assert not any(f"from {module}" in text or f"import {module}" in text for text in answers)


def test_eurostat_refuses_a_code_that_a_dataset_does_not_have_and_names_it(publishers: Publishers) -> None:
    answer = get(publishers, "ec.europa.eu", DATA.format("migr_resfirst") + "&c[geo]=DE,XX&c[citizen]=CN")
    assert answer.status_code == 400
    assert "The following values for dimension are not allowed: GEO=XX." in answer.text
    assert get(publishers, "ec.europa.eu", DATA.format("migr_resbc1")).status_code == 404


def test_ilostat_reads_an_encoded_plus_as_a_part_of_a_value(publishers: Publishers) -> None:
    address = "/data/indicator/?id=MST_TEMP_SEX_AGE_CCT_NB_A&type=label&format=.csv&ref_area=DEU"
    literal, encoded = (get(publishers, "rplumber.ilo.org", f"{address}{plus}FRA", **BROWSER) for plus in ("+", "%2B"))
    assert len(literal.text.splitlines()) > 10
    assert len(encoded.text.splitlines()) == 1
    assert get(publishers, "rplumber.ilo.org", address).status_code == 403


def test_a_host_fails_as_ordered_and_recovers(publishers: Publishers) -> None:
    address, host = "/v2/country/CHN/indicator/SP.POP.TOTL?format=json", "api.worldbank.org"
    running = publishers.world
    running.fail(host, too_many(7))
    assert get(publishers, host, address).headers["Retry-After"] == "7"
    running.fail(host, maintenance)
    assert get(publishers, host, address).headers["Content-Type"].startswith("text/html")
    running.fail(host, replaced(("SP.POP.TOTL", "SP.POP.ALL")))
    assert get(publishers, host, address).json()[1][0]["indicator"]["id"] == "SP.POP.ALL"
    running.fail(host, cut)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(publishers, host, address)
    running.take_down(host)
    with pytest.raises(requests.ConnectionError):
        get(publishers, host, address)
    running.recover()
    assert get(publishers, host, address).json()[1][0]["countryiso3code"] == "CHN"


def test_a_header_without_rows_is_sent_when_ordered(publishers: Publishers) -> None:
    publishers.world.fail("ec.europa.eu", changed(without_rows), "migr_pop1ctz")
    answer = get(publishers, "ec.europa.eu", DATA.format("migr_pop1ctz") + "&c[geo]=DE&c[citizen]=CN")
    assert answer.text.count("\n") == 1
    assert get(publishers, "ec.europa.eu", DATA.format("migr_resfirst") + "&c[geo]=DE").text.count("\n") > 1


def test_the_network_is_cut_after_a_number_of_requests(publishers: Publishers) -> None:
    running = publishers.world
    running.cut_after = len(running.received) + 1
    assert get(publishers, "api.unhcr.org", "/population/v1/population/?limit=1&coo_all=true&coa_all=true").ok
    with pytest.raises(requests.ConnectionError):
        get(publishers, "www.frontex.europa.eu", "/")
