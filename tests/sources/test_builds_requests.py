"""Entries of the catalogue are validated, and each dataset gives its requests."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.catalogue import load, publishers
from sources.catalogue.model import Publisher
from sources.errors import CatalogueError, FetchError
from sources.protocols.paging import next_page, request_of_page
from sources.protocols.requests import closed_editions, requests_for
from sources.request import Request

HEAD = """
publisher: example
name: {en: Example}
homepage: https://example.org
licence: {id: CC-BY-4.0, url: https://example.org, redistribution: allowed, attribution: Example, basis: it says so}
hosts: [example.org]
cadence: yearly
fresh_days: 400
territory: none
endpoints:
  query: {url: "https://example.org/data/{code}", params: {format: csv}, filter: "c[{dim}]", accept: csv}
  path: {url: "https://example.org/{COUNTRY}/{code}", join: ";", accept: json}
  repeated: {url: "https://example.org/{code}", filter: "{dim}", join: "&", accept: json, headers: {Accept: text/csv}}
  paged: {url: "https://example.org/{code}", accept: json, paging: {parameter: page, pages: /0/pages}}
datasets:
  stock:
    title: Stock
    table: population
    observe: {indicator: population, jurisdiction: geo, unit: persons, definition: rule}
"""


def publisher(rest: str) -> Publisher:
    return load(HEAD + "".join(f"    {line}\n" for line in rest.strip().splitlines()), "example")


def of(rest: str) -> list[Request]:
    return requests_for(publisher(rest), "stock")


def test_a_dataset_without_filters_is_one_request_without_a_slice() -> None:
    (request,) = of("endpoint: query")
    assert (request.name, request.full_url) == ("example/stock", "https://example.org/data/stock?format=csv")


def test_the_address_contains_the_publishers_own_code() -> None:
    (request,) = of("endpoint: query\ncode: SM.POP")
    assert (request.dataset, request.url) == ("stock", "https://example.org/data/SM.POP")


def test_filters_are_encoded_once() -> None:
    (request,) = of("endpoint: query\nfilters: {geo: [AT, BE], note: ['a b&c']}")
    assert parse_qs(urlsplit(request.full_url).query) == {"format": ["csv"], "c[geo]": ["AT,BE"], "c[note]": ["a b&c"]}


def test_a_filter_with_a_place_in_the_address_is_not_a_parameter() -> None:
    (request,) = of("endpoint: path\nfilters: {country: [AUT, BEL]}")
    assert request.full_url == "https://example.org/AUT;BEL/stock"


def test_a_parameter_may_be_repeated_for_each_code() -> None:
    (request,) = of("endpoint: repeated\nfilters: {geo: [AT, BE]}")
    assert (request.full_url, request.headers) == ("https://example.org/stock?geo=AT&geo=BE", (("Accept", "text/csv"),))


def test_a_long_filter_is_split_and_slices_name_the_first_and_last_code() -> None:
    requests = of("endpoint: query\nfilters: {geo: [AT, BE, CY, DE, EE], age: [TOTAL]}\nsplit: {geo: 2}")
    assert [request.slice for request in requests] == ["geo=AT..BE", "geo=CY..DE", "geo=EE"]
    assert [dict(request.params)["c[age]"] for request in requests] == ["TOTAL"] * 3


def test_two_split_filters_give_a_request_for_each_combination() -> None:
    requests = of("endpoint: query\nfilters: {geo: [AT, BE], sex: [M, F]}\nsplit: {geo: 1, sex: 1}")
    assert len({request.full_url for request in requests}) == len({request.slice for request in requests}) == 4


def test_each_alternative_is_a_request() -> None:
    requests = of(
        "endpoint: query\nalternatives: [{coa: [AT, BE], coo_all: ['true']}, {coo: [AT, BE], coa_all: ['true']}]"
    )
    assert [request.slice for request in requests] == ["coa=AT..BE coo_all=true", "coo=AT..BE coa_all=true"]
    assert [sorted(dict(request.params)) for request in requests] == [
        ["c[coa]", "c[coo_all]", "format"],
        ["c[coa_all]", "c[coo]", "format"],
    ]


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        ("endpoint: nowhere", "endpoint that does not exist: nowhere"),
        ("endpoint: path", "no filter for COUNTRY"),
        ("endpoint: paged\nfilters: {geo: [AT]}", "no place for the filter geo"),
        ("endpoint: query\nsplit: {geo: 2}", "split by geo, which it does not filter"),
    ],
)
def test_a_contradictory_entry_is_an_error_that_names_the_place(rest: str, reason: str) -> None:
    with pytest.raises(CatalogueError, match=reason):
        of(rest)


def test_the_slice_of_a_closed_edition_is_its_id() -> None:
    entry = publisher(
        "endpoint: query\neditions: [{id: '2020', url: 'https://example.org/2020.csv', accept: csv, note: n}]"
    )
    (request,) = closed_editions(entry, "stock")
    assert (request.name, request.full_url) == ("example/stock[2020]", "https://example.org/2020.csv")


def response(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "body"
    path.write_text(body, encoding="utf-8")
    return path


def test_next_page_returns_each_page_until_the_last(tmp_path: Path) -> None:
    entry = publisher("endpoint: paged")
    endpoint, (request,) = entry.endpoints["paged"], requests_for(entry, "stock")
    body = response(tmp_path, '[{"pages": "3"}, []]')
    second = next_page(endpoint, request, body)
    assert second is not None
    third = next_page(endpoint, second, body)
    assert third is not None
    assert [second.slice, third.slice] == ["page 2", "page 3"]
    assert [second.params, third.params] == [(("page", "2"),), (("page", "3"),)]
    assert next_page(endpoint, third, body) is None


def test_an_empty_response_and_an_endpoint_without_pages_have_no_next_page(tmp_path: Path) -> None:
    entry = publisher("endpoint: paged")
    (request,) = requests_for(entry, "stock")
    assert next_page(entry.endpoints["paged"], request, response(tmp_path, '[{"pages": 0}, null]')) is None
    assert next_page(entry.endpoints["query"], request, response(tmp_path, "[]")) is None


@pytest.mark.parametrize("body", ["{}", "[]", "not json", '[{"pages": null}]', '[{"pages": "many"}]', "[3]"])
def test_a_response_without_a_number_of_pages_is_an_error(tmp_path: Path, body: str) -> None:
    entry = publisher("endpoint: paged")
    (request,) = requests_for(entry, "stock")
    with pytest.raises(FetchError, match="page 1 has no number of pages"):
        next_page(entry.endpoints["paged"], request, response(tmp_path, body))


@given(slice_=st.text("abc=. ", max_size=9).map(str.strip), numbers=st.lists(st.integers(1, 30), min_size=1))
def test_the_request_of_a_page_is_the_same_from_every_other_page(slice_: str, numbers: list[int]) -> None:
    paging = publisher("endpoint: paged").endpoints["paged"].paging
    assert paging is not None
    first = Request("example", "stock", slice_, "https://example.org", (("a", "b"),), "json")
    reached = first
    for number in numbers:
        reached = request_of_page(paging, reached, number)
    assert reached == request_of_page(paging, first, numbers[-1])
    assert request_of_page(paging, reached, 1) == first


def test_every_request_of_the_catalogue_has_a_unique_address_and_name_and_an_allowed_host() -> None:
    for entry in publishers().values():
        for name in entry.datasets:
            requests = [*requests_for(entry, name), *closed_editions(entry, name)]
            assert len({request.slice for request in requests}) == len(requests), name
            assert len({request.full_url for request in requests}) == len(requests), name
            for request in requests:
                parts = urlsplit(request.full_url)
                assert (parts.scheme, parts.hostname in entry.hosts) == ("https", True), request.name


def test_every_code_is_requested_exactly_once() -> None:
    entry = publishers()["eurostat"]
    for name, dataset in entry.datasets.items():
        filtered = [pair for request in requests_for(entry, name) for pair in request.params]
        requested = [code for key, value in filtered if key in ("c[geo]", "geo") for code in value.split(",")]
        assert requested == dataset.filters["geo"] * len(dataset.alternatives or [{}])


def test_a_json_stat_request_to_eurostat_has_a_parameter_for_each_code() -> None:
    (request,) = requests_for(publishers()["eurostat"], "tps00177")
    assert request.accept == "json"
    assert request.url.endswith("/statistics/1.0/data/tps00177")
    assert [value for name, value in request.params if name == "geo"][:2] == ["BE", "BG"]


def test_a_tsv_request_to_eurostat_has_a_key_with_a_position_for_each_dimension() -> None:
    eurostat = publishers()["eurostat"]
    entry = eurostat.datasets["demo_pjan"]
    changed = entry.model_copy(update={"endpoint": "sdmx21", "filters": {"key": ["A.NR.TOTAL.T.AT+BE"]}})
    (request,) = requests_for(eurostat.model_copy(update={"datasets": {"demo_pjan": changed}}), "demo_pjan")
    assert request.accept == "tsv"
    assert request.url.endswith("/sdmx/2.1/data/demo_pjan/A.NR.TOTAL.T.AT+BE")
