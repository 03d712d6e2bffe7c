"""A live build, from the requests that go out to the release: everything real but the publishers."""

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from assets import stages
from assets.house import House
from assets.payloads import Reception, receive
from pipelines import building
from sources import catalogue
from tests import double
from tests.double import Double, permit, stocked
from tests.loopback import reply
from warehouse import releases

REAL = catalogue.publishers


@pytest.fixture
def publishers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    with double.running(stocked()) as running:
        entries = double.entries(running)
        monkeypatch.setattr(catalogue, "publishers", lambda: entries)
        yield running


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "data", "live")


def received(house: House) -> dict[str, Reception]:
    return {
        name: receive(house, publisher, name.partition("/")[2])
        for name, (publisher, _) in catalogue.datasets().items()
    }


def payloads(house: House) -> set[str]:
    return {path.name for path in house.archive.root.rglob("*") if re.fullmatch(r"[0-9a-f]{64}", path.name)}


def figures(house: House, name: str) -> list[float]:
    return stages.observations(house, name).frame.sort("locator").collect()["value"].to_list()


def test_a_first_build_asks_for_everything_and_says_who_asks(publishers: Double, house: House) -> None:
    result = received(house)
    assert {name: (r.received, r.unchanged, r.failures, r.absent) for name, r in result.items()} == {
        "eurostat/demo_pjan": (1, 0, (), ()),
        "eurostat/migr_resfirst": (2, 0, (), ()),
        "undesa/ims_destination": (1, 0, (), ()),
        "unhcr/population": (3, 0, (), ()),
        "worldbank/SP.POP.TOTL": (1, 0, (), ()),
    }
    for request in publishers.server.received:
        assert re.fullmatch(r"corridor/\S+ \(research dataset .*\)", request.headers["user-agent"])
        assert "if-none-match" not in request.headers
    for name in result:
        made = stages.observations(house, name)
        assert made.failures == []
        assert made.frame.collect().height > 0
        assert made.unmatched.collect().is_empty()


def test_what_is_unchanged_is_confirmed_and_not_sent_again(publishers: Double, house: House) -> None:
    received(house)
    before, made = payloads(house), [stages.observations(house, name).fingerprint for name in catalogue.datasets()]
    publishers.asked()
    result = received(house)
    assert publishers.statuses == [304] * 8
    assert all("if-none-match" in request.headers for request in publishers.server.received)
    assert sum(r.unchanged for r in result.values()) == 8
    assert sum(r.received for r in result.values()) == 0
    assert payloads(house) == before
    assert [stages.observations(house, name).fingerprint for name in catalogue.datasets()] == made
    publishers.asked()
    received(house)  # a confirmation keeps the validators, and can be confirmed again
    assert publishers.statuses == [304] * 8


def test_a_publisher_without_validators_costs_bytes_and_changes_nothing(publishers: Double, house: House) -> None:
    publishers.tagged = False
    received(house)
    before, made = payloads(house), [stages.observations(house, name).fingerprint for name in catalogue.datasets()]
    assert sum(r.received for r in received(house).values()) == 8
    assert payloads(house) == before
    assert [stages.observations(house, name).fingerprint for name in catalogue.datasets()] == made


def test_pages_are_followed_to_the_last_and_belong_together(publishers: Double, house: House) -> None:
    received(house)
    asked = [address for address in publishers.asked() if "/population/" in address]
    assert [re.search(r"page=(\d)", address) and address[-1] for address in asked] == [None, "2", "3"]
    assert stages.observations(house, "unhcr/population").frame.collect().height == 12
    publishers.unhcr["population"] = publishers.unhcr["population"][:3]
    received(house)
    assert len([address for address in publishers.asked() if "/population/" in address]) == 2
    assert stages.observations(house, "unhcr/population").frame.collect().height == 6


def test_an_answer_whose_last_page_fails_is_not_mixed_with_an_older_one(publishers: Double, house: House) -> None:
    received(house)
    rows = publishers.unhcr["population"]
    before = stages.observations(house, "unhcr/population").frame.collect()
    publishers.unhcr["population"] = [double.displaced("CHN", "AUT", 2019, 5), *rows]
    publishers.instead["page=4"] = [reply(b"no", 404)]
    (failure,) = receive(house, catalogue.publishers()["unhcr"], "population").failures
    assert "page=4" in failure
    assert stages.observations(house, "unhcr/population").frame.collect().equals(before)
    publishers.instead.clear()
    assert receive(house, catalogue.publishers()["unhcr"], "population").failures == ()
    assert stages.observations(house, "unhcr/population").frame.collect().height == 14


def test_a_busy_publisher_is_asked_until_it_answers(publishers: Double, house: House) -> None:
    publishers.instead = {
        "demo_pjan": [reply(b"busy", 503), reply(b"slower", 429, Retry_After="0"), None],
        "/population/": [reply(b"slower", 429), None],
    }
    result = received(house)
    assert [r.failures for r in result.values()] == [()] * 5
    assert len([address for address in publishers.asked() if "demo_pjan" in address]) == 3


def test_live_and_snapshot_keep_to_themselves(
    publishers: Double, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    received(house)
    live = figures(house, "eurostat/demo_pjan")
    snapshot = House(house.data, "snapshot")
    assert stages.observations(snapshot, "eurostat/demo_pjan").payloads == {}
    publishers.asked()
    with monkeypatch.context() as patch:
        patch.setattr(catalogue, "publishers", REAL)
        entry = catalogue.publishers()["eurostat"]
        assert receive(snapshot, entry, "demo_pjan").received > 0
        assert publishers.asked() == []
        kept = stages.observations(snapshot, "eurostat/demo_pjan")
        assert kept.frame.collect().height > 0
        assert not {str(sha) for sha in kept.payloads.values()} & live_payloads(house)
    assert figures(house, "eurostat/demo_pjan") == live


def live_payloads(house: House) -> set[str]:
    return {str(fetch.payload) for fetch in house.archive.fetches() if fetch.transport == "live"}


def test_the_whole_job_twice_and_with_a_changed_figure(publishers: Double, house: House) -> None:
    steps: list[str] = []
    first = building.run(house, None, lambda name, done, total: steps.append(name))
    assert (first.failures, first.held_back, first.not_fetched) == ([], None, [])
    assert first.new
    assert "release" in steps

    before = payloads(house)
    publishers.asked()
    again = building.run(house, None, lambda *_: None)
    assert publishers.statuses == [304] * 8
    assert (again.failures, again.held_back, again.new, again.release) == ([], None, False, first.release)
    assert payloads(house) == before
    assert len(releases.index(house.releases)) == 1

    publishers.eurostat["migr_resfirst"][0] = permit("CN", "AT", 2020, 777)
    third = building.run(house, None, lambda *_: None)
    assert (third.failures, third.held_back, third.new) == ([], None, True)
    assert third.release != first.release
    assert publishers.statuses.count(200) == 1
    assert len(payloads(house)) == len(before) + 1
    released = [
        pl.read_parquet(house.releases / str(name) / "tables" / "residence_permit.parquet")
        .filter(reporter="AUT", partner="CHN")
        .sort("period")["value"]
        .to_list()
        for name in (first.release, third.release)
    ]
    assert released[0][1:] == released[1][1:]
    assert (released[0][0], released[1][0]) == (104.0, 777.0)


