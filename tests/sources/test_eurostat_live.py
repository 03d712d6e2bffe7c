"""Eurostat, live: which requests are sent, in which order, and what follows a response that is not data."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from math import prod
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets import stages
from assets.core.workspace import Workspace
from assets.ingest import fetch
from assets.ingest.fetch import Reception, receive
from assets.ingest.responses import responses
from sources import catalogue
from sources.catalogue.model import Endpoint, Publisher
from sources.errors import CatalogueError, FetchError
from sources.protocols.contents import is_unchanged_since, last_updates
from sources.protocols.requests import endpoint_of, requests_for
from sources.protocols.split import halves
from sources.request import Request
from tests.support import publisher_double
from tests.support.loopback import Script, reply
from tests.support.publisher_double import (
    ASYNC_ID,
    TOO_LARGE,
    Double,
    asynchronous_response,
    contents,
    filled_double,
    permit,
    status,
)

COUNTRIES = ["AT", "BE", "BG", "DE"]
FRESH = [permit("CN", geo, 2022, 20) for geo in COUNTRIES]
EVERY_EUROSTAT_DATASET = list(catalogue.publishers()["eurostat"].datasets)


@pytest.fixture
def eurostats(monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    """First permits of four countries, which are one request of the catalogue."""
    with publisher_double.run_double(filled_double()) as running:
        running.eurostat["migr_resfirst"] = [permit("CN", geo, year, 10) for geo in COUNTRIES for year in (2020, 2021)]
        entries = publisher_double.publishers_at(running)
        publish(monkeypatch, with_dataset(entries["eurostat"], filters={"geo": COUNTRIES}, split={}, sizes={}))
        yield running


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "data", "live")


def publish(monkeypatch: pytest.MonkeyPatch, publisher: Publisher) -> None:
    monkeypatch.setattr(catalogue, "publishers", lambda: {"eurostat": publisher})


def with_dataset(publisher: Publisher, **changes: object) -> Publisher:
    changed = publisher.datasets["migr_resfirst"].model_copy(update=changes)
    return publisher.model_copy(update={"datasets": publisher.datasets | {"migr_resfirst": changed}})


def permits(workspace: Workspace) -> Reception:
    return receive(workspace, catalogue.publishers()["eurostat"], "migr_resfirst")


def slices(workspace: Workspace) -> dict[str, int]:
    """The slices that are used for the dataset, with the bytes of the newest response to each."""
    found = responses(workspace, catalogue.publishers()["eurostat"], "migr_resfirst")
    return {slice_: sum(page.bytes for page in newest[-1]) for slice_, newest in found.items()}


def countries(addresses: list[str]) -> list[str]:
    """The countries of each request for data, in the order of the requests."""
    return [found[1] for address in addresses if (found := re.search(r"c\[geo\]=([\w,]+)", address))]


# Before a request is sent


@pytest.mark.parametrize("name", EVERY_EUROSTAT_DATASET)
def test_no_request_exceeds_the_cells_of_a_response_of_eurostat(name: str) -> None:
    publisher = catalogue.publishers()["eurostat"]
    entry, endpoint = publisher.datasets[name], endpoint_of(publisher, name)
    assert endpoint.cells == 500_000
    requested: list[str] = []
    for request in requests_for(publisher, name):
        filters: dict[str, list[str]] = {}
        for key, value in request.params:  # c[geo]=AT,BE or, from the other endpoint, geo=AT&geo=BE
            dimension = key.removeprefix("c[").removesuffix("]")
            if dimension in entry.filters or dimension in entry.sizes:
                filters.setdefault(dimension, []).extend(value.split(","))
        sizes = [size for dimension, size in entry.sizes.items() if dimension not in filters]
        assert prod(map(len, filters.values())) * prod(sizes) <= endpoint.cells
        requested += filters["geo"]
    assert requested == entry.filters["geo"] * len(entry.alternatives or [{}])


def test_a_dimension_is_filtered_or_has_a_size_but_not_both() -> None:
    for name, entry in catalogue.publishers()["eurostat"].datasets.items():
        assert not entry.filters.keys() & entry.sizes.keys(), name


def test_a_request_larger_than_the_limit_is_split_before_it_is_sent(
    eurostats: Double, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = with_dataset(catalogue.publishers()["eurostat"], sizes={"citizen": 10, "time": 2})
    publish(monkeypatch, limited(publisher, cells=60))
    assert permits(workspace) == Reception(received=2)
    assert countries(eurostats.requested_addresses()) == ["AT,BE", "BG,DE"]
    assert list(slices(workspace)) == ["geo=AT..BE", "geo=BG..DE"]


def test_the_longest_filters_are_split_until_a_part_fits(eurostats: Double) -> None:
    publisher = with_dataset(
        catalogue.publishers()["eurostat"],
        filters={"geo": COUNTRIES, "citizen": ["CN", "US"], "unit": ["PER"]},
        sizes={"time": 10},
    )
    parts = [request.slice for request in requests_for(limited(publisher, cells=20), "migr_resfirst")]
    assert parts == [f"geo={geo}" for geo in COUNTRIES]
    parts = [request.slice for request in requests_for(limited(publisher, cells=10), "migr_resfirst")]
    assert parts == [f"geo={geo} citizen={citizen}" for geo in COUNTRIES for citizen in ("CN", "US")]
    with pytest.raises(CatalogueError, match="one code of each filter has 10 cells"):
        requests_for(limited(publisher, cells=9), "migr_resfirst")


@given(st.integers(1, 40), st.integers(1, 5), st.integers(1, 50), st.integers(50, 2000))
def test_a_split_contains_each_combination_of_codes_once(geos: int, sexes: int, size: int, cells: int) -> None:
    filters = {"geo": [f"G{at}" for at in range(geos)], "sex": [f"S{at}" for at in range(sexes)]}
    publisher = with_dataset(catalogue.publishers()["eurostat"], filters=filters, sizes={"time": size})
    requested = []
    for request in requests_for(limited(publisher, cells=cells), "migr_resfirst"):
        codes = {key[2:-1]: value.split(",") for key, value in request.params if key.startswith("c[")}
        assert len(codes["geo"]) * len(codes["sex"]) * size <= cells
        requested += [(geo, sex) for geo in codes["geo"] for sex in codes["sex"]]
    assert sorted(requested) == sorted((geo, sex) for geo in filters["geo"] for sex in filters["sex"])


def limited(publisher: Publisher, cells: int) -> Publisher:
    data = publisher.endpoints["data"].model_copy(update={"cells": cells})
    return publisher.model_copy(update={"endpoints": publisher.endpoints | {"data": data}})


# Refused for its size


@pytest.mark.parametrize("way", TOO_LARGE)
def test_a_request_refused_for_its_size_is_sent_in_halves(eurostats: Double, workspace: Workspace, way: str) -> None:
    eurostats.instead["c[geo]=AT,BE,BG,DE"] = [TOO_LARGE[way]]
    assert permits(workspace) == Reception(received=2)
    assert countries(eurostats.requested_addresses()) == ["AT,BE,BG,DE", "AT,BE", "BG,DE"]
    assert list(slices(workspace)) == ["geo=AT..BE", "geo=BG..DE"]


def test_a_half_that_is_still_too_large_is_halved_again(eurostats: Double, workspace: Workspace) -> None:
    eurostats.instead |= {"=AT,BE,BG,DE": [TOO_LARGE["a warning on 200"]], "=BG,DE": [TOO_LARGE["a footer on 200"]]}
    assert permits(workspace) == Reception(received=3)
    assert countries(eurostats.requested_addresses()) == ["AT,BE,BG,DE", "AT,BE", "BG,DE", "BG", "DE"]
    assert list(slices(workspace)) == ["geo=AT..BE", "geo=BG", "geo=DE"]


def test_a_request_refused_for_its_size_is_not_sent_again(eurostats: Double, workspace: Workspace) -> None:
    eurostats.instead["c[geo]=AT,BE,BG,DE"] = [TOO_LARGE["413 and a SOAP fault"]]
    permits(workspace)
    eurostats.requested_addresses()
    assert permits(workspace) == Reception(unchanged=2)
    assert countries(eurostats.requested_addresses()) == ["AT,BE", "BG,DE"]


def test_a_country_that_is_too_large_fails_and_the_others_are_received(eurostats: Double, workspace: Workspace) -> None:
    eurostats.instead |= {key: [TOO_LARGE["413 and a SOAP fault"]] for key in ("=AT,BE,BG,DE", "=BG,DE", "=DE")}
    result = permits(workspace)
    assert result.received == 2
    (failure,) = result.failures
    assert failure.startswith("eurostat/migr_resfirst[geo=DE]")
    assert "status 413" in failure
    assert "EXTRACTION_TOO_BIG" in failure
    assert list(slices(workspace)) == ["geo=AT..BE", "geo=BG"]


def test_the_last_whole_response_is_used_until_every_half_is_received(eurostats: Double, workspace: Workspace) -> None:
    permits(workspace)
    assert list(slices(workspace)) == [""]
    eurostats.instead |= {"=AT,BE,BG,DE": [TOO_LARGE["a warning on 200"]], "=BG,DE": [reply(b"no", 404)]}
    assert len(permits(workspace).failures) == 1
    assert list(slices(workspace)) == [""]
    del eurostats.instead["=BG,DE"]
    permits(workspace)
    assert list(slices(workspace)) == ["geo=AT..BE", "geo=BG..DE"]


def test_a_refusal_for_another_reason_is_not_split(eurostats: Double, workspace: Workspace) -> None:
    eurostats.instead["migr_resfirst"] = [reply(b"<S:Fault><faultcode>150</faultcode></S:Fault>", 400)]
    assert len(permits(workspace).failures) == 1
    assert countries(eurostats.requested_addresses()) == ["AT,BE,BG,DE"]


def test_the_slices_of_halves_name_their_first_and_last_code() -> None:
    endpoint = Endpoint(url="https://x/{code}", filter="c[{dim}]", accept="csv")
    params = (("format", "csv"), ("c[geo]", "AT,BE,BG"), ("c[sex]", "T"))
    request = Request("eurostat", "d", "geo=AT..BG sex=T", "https://x/d", params, "csv")
    first, second = halves(endpoint, request)
    assert (first.slice, dict(first.params)) == (
        "sex=T geo=AT..BE",
        {"format": "csv", "c[geo]": "AT,BE", "c[sex]": "T"},
    )
    assert (second.slice, dict(second.params)["c[geo]"]) == ("sex=T geo=BG", "BG")
    assert halves(endpoint, second) == []
    assert halves(Endpoint(url="https://x/{code}", accept="csv"), request) == []


# Queued by the publisher


def test_a_queued_response_is_waited_for(eurostats: Double, workspace: Workspace) -> None:
    body = publisher_double.sdmx_csv("migr_resfirst", eurostats.eurostat["migr_resfirst"])
    eurostats.instead |= {
        "dataflow/ESTAT/migr_resfirst": [asynchronous_response()],
        "async/status": [status("SUBMITTED"), status("PROCESSING"), status("AVAILABLE")],
        "async/data": [reply(body, Content_Type="text/csv")],
    }
    assert permits(workspace) == Reception(received=1)
    paths = [
        re.sub(r".*/(data/dataflow|1\.0/async)/", "", address.partition("?")[0])
        for address in eurostats.requested_addresses()
    ]
    assert paths == ["ESTAT/migr_resfirst/1.0", *[f"status/{ASYNC_ID}"] * 3, f"data/{ASYNC_ID}"]
    assert slices(workspace) == {"": len(body)}
    assert (
        workspace.archive.fetches()[-1].url
        == requests_for(catalogue.publishers()["eurostat"], "migr_resfirst")[0].full_url
    )


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (status("EXPIRED"), f"the queued response {ASYNC_ID} has the status EXPIRED"),
        (status("UNKNOWN_REQUEST"), "has the status UNKNOWN_REQUEST"),
        (status("PROCESSING"), "was not ready after"),
        (reply(b"<html><head><title>Maintenance</title></head></html>"), "has the status unknown"),
        (reply(b"gone", 410), "status 410"),
    ],
)
def test_a_queued_response_that_never_comes_fails_with_the_reason(
    eurostats: Double, workspace: Workspace, state: Script, why: str
) -> None:
    permits(workspace)
    before = slices(workspace)
    eurostats.instead |= {"dataflow/ESTAT/migr_resfirst": [asynchronous_response()], "async/status": [state]}
    (failure,) = permits(workspace).failures
    assert why in failure
    assert slices(workspace) == before
    assert 1 <= sum("async/status" in address for address in eurostats.requested_addresses()) <= 5


def test_a_queued_response_that_is_too_large_is_requested_in_halves(eurostats: Double, workspace: Workspace) -> None:
    eurostats.instead |= {
        "=AT,BE,BG,DE": [asynchronous_response()],
        "async/status": [status("AVAILABLE")],
        "async/data": [TOO_LARGE["a SOAP fault on 200"]],
    }
    assert permits(workspace) == Reception(received=2)
    assert list(slices(workspace)) == ["geo=AT..BE", "geo=BG..DE"]


# Changed or not


@pytest.fixture
def listed(eurostats: Double, monkeypatch: pytest.MonkeyPatch) -> Double:
    """With a table of contents. The stamp of the double's data is 9 July 2026, 23:00."""
    publish(monkeypatch, catalogue.publishers()["eurostat"].model_copy(update={"contents": "contents"}))
    eurostats.instead["toc/txt"] = [contents(migr_resfirst="09.07.2026", demo_pjan="09.07.2026")]
    return eurostats


def test_an_unchanged_dataset_is_not_downloaded(listed: Double, workspace: Workspace) -> None:
    assert permits(workspace) == Reception(received=1)
    before = slices(workspace)
    listed.requested_addresses()
    assert permits(workspace) == Reception(unchanged=1)
    assert listed.requested_addresses() == []
    assert slices(workspace) == before


def test_the_table_of_contents_is_requested_once_a_build(
    listed: Double, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        for name in catalogue.publishers()["eurostat"].datasets:
            receive(workspace, catalogue.publishers()["eurostat"], name)
    addresses = listed.requested_addresses()
    assert [address.partition("toc/")[2] for address in addresses if "toc/" in address] == ["txt?lang=en"]
    assert len(addresses) == 3
    monkeypatch.setattr(fetch, "CONTENTS_VALID_FOR", fetch.CONTENTS_VALID_FOR * 0)
    permits(workspace)
    assert [re.search(r"\w+/txt", address) is not None for address in listed.requested_addresses()] == [True]


def test_a_dataset_with_a_later_update_is_requested(
    listed: Double, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "CONTENTS_VALID_FOR", fetch.CONTENTS_VALID_FOR * 0)
    permits(workspace)
    listed.instead["toc/txt"] = [contents(MIGR_RESFIRST="10.07.2026")]
    listed.eurostat["migr_resfirst"] = [permit("CN", "AT", 2020, 11)]
    assert permits(workspace) == Reception(received=1)


@pytest.mark.parametrize(
    "table",
    [
        contents(demo_pjan="09.07.2026"),
        contents(migr_resfirst="yesterday"),
        reply(b"no", 404),
        reply(b"<html><head><title>Maintenance</title></head></html>"),
        reply(b"something\telse\n"),
    ],
    ids=["not listed", "no day", "404", "maintenance", "other columns"],
)
def test_a_dataset_without_a_day_in_the_contents_is_requested(
    listed: Double, workspace: Workspace, table: Script
) -> None:
    listed.instead["toc/txt"] = [table]
    assert permits(workspace) == Reception(received=1)
    assert permits(workspace) == Reception(unchanged=1)
    assert len(countries(listed.requested_addresses())) == 2


def test_only_slices_that_the_archive_lacks_are_requested(listed: Double, workspace: Workspace) -> None:
    listed.instead |= {"=AT,BE,BG,DE": [TOO_LARGE["a footer on 200"]], "=BG,DE": [reply(b"no", 404)]}
    permits(workspace)
    del listed.instead["=BG,DE"]
    listed.requested_addresses()
    assert permits(workspace) == Reception(received=1, unchanged=1)
    assert countries(listed.requested_addresses()) == ["BG,DE"]


def test_a_failed_request_is_sent_again_without_an_update(
    listed: Double, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "CONTENTS_VALID_FOR", fetch.CONTENTS_VALID_FOR * 0)
    permits(workspace)
    usual = dict(listed.instead)
    listed.instead = {"dissemination": [reply(b"down", 404)]}
    assert len(permits(workspace).failures) == 1
    listed.instead = usual
    listed.requested_addresses()
    assert permits(workspace) == Reception(unchanged=1)
    assert len(countries(listed.requested_addresses())) == 1
    assert permits(workspace) == Reception(unchanged=1)
    assert countries(listed.requested_addresses()) == []


@pytest.mark.parametrize(
    ("updated", "stamp", "received", "unchanged"),
    [
        # The update of 23:00 is the last of its day.
        (date(2026, 7, 9), datetime(2026, 7, 9, 21, tzinfo=UTC), datetime(2026, 7, 9, 21, 30, tzinfo=UTC), True),
        # The update of 11:00 is not, unless it was still the newest on the next day.
        (date(2026, 7, 9), datetime(2026, 7, 9, 9, tzinfo=UTC), datetime(2026, 7, 9, 12, tzinfo=UTC), False),
        (date(2026, 7, 9), datetime(2026, 7, 9, 9, tzinfo=UTC), datetime(2026, 7, 10, 12, tzinfo=UTC), True),
        (date(2026, 7, 10), datetime(2026, 7, 9, 21, tzinfo=UTC), datetime(2026, 7, 11, tzinfo=UTC), False),
        (date(2026, 7, 9), datetime(2026, 7, 10, 9, tzinfo=UTC), datetime(2026, 7, 10, 12, tzinfo=UTC), True),
        # In winter 23:00 in Brussels is 22:00 UTC.
        (date(2026, 1, 9), datetime(2026, 1, 9, 22, tzinfo=UTC), datetime(2026, 1, 9, 22, 30, tzinfo=UTC), True),
        (None, datetime(2026, 7, 9, 21, tzinfo=UTC), datetime(2026, 7, 11, tzinfo=UTC), False),
        (date(2026, 7, 9), None, datetime(2026, 7, 11, tzinfo=UTC), False),
    ],
)
def test_a_payload_is_unchanged_if_no_update_can_have_followed_it(
    updated: date | None, stamp: datetime | None, received: datetime, unchanged: bool
) -> None:
    assert is_unchanged_since(updated, stamp, received) is unchanged


def test_folders_indents_and_repeated_datasets_of_the_table_of_contents_are_handled(tmp_path: Path) -> None:
    lines = [
        [
            "title",
            "code",
            "type",
            "last update of data",
            "last table structure change",
            "data start",
            "data end",
            "values",
        ],
        ["Population", "popul", "folder", " ", " ", " ", " "],
        ['    Immigration, "total"'.replace('"', '""'), "MIGR_IMM8", "dataset", "29.05.2026", " ", "1990", "2024", "7"],
        ["        First permits", "migr_resfirst", "dataset", "11.09.2026", "11.09.2026", "2008", "2025", "2013621"],
        ["        First permits", "migr_resfirst", "dataset", "09.07.2026", "11.09.2026", "2008", "2025", "2013621"],
    ]
    path = tmp_path / "toc.txt"
    path.write_text("".join("\t".join(f'"{field}"' for field in line) + "\r\n" for line in lines), encoding="utf-8-sig")
    assert last_updates(path) == {"migr_imm8": date(2026, 5, 29), "migr_resfirst": date(2026, 9, 11)}
    path.write_text("title\tcode\n", encoding="utf-8")
    with pytest.raises(FetchError, match="no columns of code and last update: title, code"):
        last_updates(path)


# Changed structures and empty responses


def test_a_changed_structure_fails_only_its_dataset(eurostats: Double, workspace: Workspace) -> None:
    publisher = catalogue.publishers()["eurostat"]
    for name in ("migr_resfirst", "demo_pjan"):
        receive(workspace, publisher, name)
    before = stages.observations(workspace, "eurostat/migr_resfirst").frame.collect()
    renamed = [{"purpose" if key == "reason" else key: value for key, value in row.items()} for row in FRESH]
    eurostats.eurostat |= {"migr_resfirst": renamed, "demo_pjan": [publisher_double.inhabitants("AT", 2022, 9_100_000)]}
    for name in ("migr_resfirst", "demo_pjan"):
        assert receive(workspace, publisher, name) == Reception(received=1)
    (failure,) = stages.observations(workspace, "eurostat/migr_resfirst").failures
    assert "it lacks reason and has purpose" in failure
    assert "its dimensions are freq, purpose, citizen, duration, unit, geo, those of the entry" in failure
    assert stages.observations(workspace, "eurostat/migr_resfirst").frame.collect().equals(before)
    people = stages.observations(workspace, "eurostat/demo_pjan")
    assert people.failures == []
    assert 9_100_000.0 in people.frame.collect()["value"]


def test_an_empty_200_keeps_the_previous_observations(eurostats: Double, workspace: Workspace) -> None:
    permits(workspace)
    before = stages.observations(workspace, "eurostat/migr_resfirst").frame.collect()
    eurostats.eurostat["migr_resfirst"] = []
    assert permits(workspace) == Reception(received=1)
    result = stages.observations(workspace, "eurostat/migr_resfirst")
    assert result.frame.collect().equals(before)
    (failure,) = result.failures
    assert "it is empty where 8 observations were before" in failure


def test_halves_give_the_observations_of_the_whole(eurostats: Double, workspace: Workspace, tmp_path: Path) -> None:
    permits(workspace)
    whole = stages.observations(workspace, "eurostat/migr_resfirst").frame.collect()
    eurostats.instead["=AT,BE,BG,DE"] = [TOO_LARGE["a footer on 200"]]
    other = Workspace(tmp_path / "other", "live")
    permits(other)
    halves = stages.observations(other, "eurostat/migr_resfirst").frame.collect()
    fields = ["jurisdiction", "partner", "period", "value"]
    assert halves.select(fields).sort(fields).equals(whole.select(fields).sort(fields))
