"""A live build from the requests to the release. Only the publishers are replaced by a double."""

import json
import re
import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from assets import stages
from assets.core.workspace import Workspace
from assets.ingest.fetch import Reception, receive, receive_all
from pipelines import build
from pipelines.build import Outcome
from pipelines.cli.app import app
from pipelines.inventory import inventory
from sources import catalogue
from tests.support import publisher_double
from tests.support.live_catalogue import filled_double_in_use
from tests.support.loopback import reply, silence
from tests.support.publisher_double import Double, with_address
from warehouse import releases

REAL = catalogue.publishers


@pytest.fixture
def publishers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    with filled_double_in_use(monkeypatch) as running:
        yield running


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "data", "live")


def received(workspace: Workspace) -> dict[str, Reception]:
    return {
        name: receive(workspace, publisher, name.partition("/")[2])
        for name, (publisher, _) in catalogue.datasets().items()
    }


def payloads(workspace: Workspace) -> set[str]:
    return {path.name for path in workspace.archive.root.rglob("*") if re.fullmatch(r"[0-9a-f]{64}", path.name)}


def figures(workspace: Workspace, name: str) -> list[float]:
    return stages.observations(workspace, name).frame.sort("locator").collect()["value"].to_list()


def test_a_first_build_requests_everything_and_names_itself(publishers: Double, workspace: Workspace) -> None:
    result = received(workspace)
    assert {name: (r.received, r.unchanged, r.failures, r.absent) for name, r in result.items()} == {
        "eurostat/demo_pjan": (1, 0, (), ()),
        "eurostat/migr_resfirst": (2, 0, (), ()),
        "undesa/ims_destination": (1, 0, (), ()),
        "unhcr/population": (3, 0, (), ()),
        "worldbank/SP.POP.TOTL": (1, 0, (), ()),
    }
    for request in publishers.server.received:
        assert re.fullmatch(
            r"(Mozilla/5.0 \(compatible; corridor|corridor/\S+ \().*research dataset .*\)",
            request.headers["user-agent"],
        )
        assert "if-none-match" not in request.headers
    for name in result:
        made = stages.observations(workspace, name)
        assert made.failures == []
        assert made.frame.collect().height > 0
        assert made.unmatched.collect().is_empty()


def test_an_unchanged_payload_is_confirmed_and_not_sent_again(publishers: Double, workspace: Workspace) -> None:
    received(workspace)
    before, made = (
        payloads(workspace),
        [stages.observations(workspace, name).fingerprint for name in catalogue.datasets()],
    )
    publishers.requested_addresses()
    result = received(workspace)
    assert publishers.statuses == [304] * 8
    assert all("if-none-match" in request.headers for request in publishers.server.received)
    assert sum(r.unchanged for r in result.values()) == 8
    assert sum(r.received for r in result.values()) == 0
    assert payloads(workspace) == before
    assert [stages.observations(workspace, name).fingerprint for name in catalogue.datasets()] == made
    publishers.requested_addresses()
    received(workspace)  # the validators are kept after a 304, so a further 304 is possible
    assert publishers.statuses == [304] * 8


def test_a_publisher_without_validators_sends_everything_again_and_nothing_changes(
    publishers: Double, workspace: Workspace
) -> None:
    publishers.tagged = False
    received(workspace)
    before, made = (
        payloads(workspace),
        [stages.observations(workspace, name).fingerprint for name in catalogue.datasets()],
    )
    assert sum(r.received for r in received(workspace).values()) == 8
    assert payloads(workspace) == before
    assert [stages.observations(workspace, name).fingerprint for name in catalogue.datasets()] == made


def test_all_pages_of_a_response_are_read_as_one(publishers: Double, workspace: Workspace) -> None:
    received(workspace)
    asked = [address for address in publishers.requested_addresses() if "/population/" in address]
    assert [re.search(r"page=(\d)", address) and address[-1] for address in asked] == [None, "2", "3"]
    assert stages.observations(workspace, "unhcr/population").frame.collect().height == 12
    publishers.unhcr["population"] = publishers.unhcr["population"][:3]
    received(workspace)
    assert len([address for address in publishers.requested_addresses() if "/population/" in address]) == 2
    assert stages.observations(workspace, "unhcr/population").frame.collect().height == 6


def test_a_response_whose_last_page_fails_is_not_mixed_with_an_older_one(
    publishers: Double, workspace: Workspace
) -> None:
    received(workspace)
    rows = publishers.unhcr["population"]
    before = stages.observations(workspace, "unhcr/population").frame.collect()
    publishers.unhcr["population"] = [publisher_double.displaced("CHN", "AUT", 2019, 5), *rows]
    publishers.instead["page=4"] = [reply(b"no", 404)]
    (failure,) = receive(workspace, catalogue.publishers()["unhcr"], "population").failures
    assert "page=4" in failure
    assert stages.observations(workspace, "unhcr/population").frame.collect().equals(before)
    publishers.instead.clear()
    assert receive(workspace, catalogue.publishers()["unhcr"], "population").failures == ()
    assert stages.observations(workspace, "unhcr/population").frame.collect().height == 14


def test_a_request_to_a_busy_publisher_is_repeated(publishers: Double, workspace: Workspace) -> None:
    publishers.instead = {
        "demo_pjan": [reply(b"busy", 503), reply(b"slower", 429, Retry_After="0"), None],
        "/population/": [reply(b"slower", 429), None],
    }
    result = received(workspace)
    assert [r.failures for r in result.values()] == [()] * 5
    assert len([address for address in publishers.requested_addresses() if "demo_pjan" in address]) == 3


def test_live_and_snapshot_do_not_mix(
    publishers: Double, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    received(workspace)
    live = figures(workspace, "eurostat/demo_pjan")
    snapshot = Workspace(workspace.data, "snapshot")
    assert stages.observations(snapshot, "eurostat/demo_pjan").payloads == {}
    publishers.requested_addresses()
    with monkeypatch.context() as patch:
        patch.setattr(catalogue, "publishers", REAL)
        entry = catalogue.publishers()["eurostat"]
        assert receive(snapshot, entry, "demo_pjan").received > 0
        assert publishers.requested_addresses() == []
        kept = stages.observations(snapshot, "eurostat/demo_pjan")
        assert kept.frame.collect().height > 0
        assert not {str(sha) for sha in kept.payloads.values()} & live_payloads(workspace)
    assert figures(workspace, "eurostat/demo_pjan") == live


def live_payloads(workspace: Workspace) -> set[str]:
    return {str(fetch.payload) for fetch in workspace.archive.fetches() if fetch.transport == "live"}


# The whole job, as the command line runs it


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Double, Outcome]]:
    """Yield a workspace after its first live build, the double of the publishers, and the outcome of the build."""
    workspace = Workspace(tmp_path_factory.mktemp("built") / "data", "live")
    with pytest.MonkeyPatch.context() as patch, filled_double_in_use(patch) as running:
        yield workspace, running, build.run(workspace, None, lambda *_: None)


@pytest.fixture
def next_day(built: tuple[Workspace, Double, Outcome], tmp_path: Path) -> tuple[Workspace, Double]:
    """Return a copy of the workspace for a second build, and the double with its first rows."""
    workspace, running, _ = built
    shutil.copytree(workspace.data, tmp_path / "data")
    running.reset()
    return Workspace(tmp_path / "data", "live"), running


def test_the_whole_job_ends_in_a_release(built: tuple[Workspace, Double, Outcome]) -> None:
    workspace, _, outcome = built
    assert (outcome.failures, outcome.held_back, outcome.not_fetched, outcome.new) == ([], None, [], True)
    entry = releases.find(workspace.releases, str(outcome.release))
    assert entry.mode == "live"
    assert {name for name, facts in entry.tables.items() if facts.rows} >= {
        "population",
        "migrant_stock",
        "displacement",
    }


def test_a_build_without_changes_publishes_no_release(next_day: tuple[Workspace, Double]) -> None:
    workspace, publishers = next_day
    (first,), before, archived = releases.index(workspace.releases), released(workspace), payloads(workspace)
    outcome = build.run(workspace, None, lambda *_: None)
    assert publishers.statuses == [304] * 8
    assert all("if-none-match" in request.headers for request in publishers.server.received)
    assert (outcome.failures, outcome.held_back, outcome.new, outcome.release) == ([], None, False, first.name)
    assert released(workspace) == before
    assert payloads(workspace) == archived


def test_a_changed_figure_is_released_and_failed_datasets_keep_their_figures(
    next_day: tuple[Workspace, Double],
) -> None:
    workspace, publishers = next_day
    (first,), before = releases.index(workspace.releases), released(workspace)
    publishers.unhcr["population"][0] = publisher_double.displaced("CHN", "AUT", 2020, 777)
    publishers.eurostat["demo_pjan"] = []
    publishers.instead = {
        "migr_resfirst": [reply(b"<html><title>Down</title></html>"), None],
        "/v2/": [reply(b"gone", 404)],
    }
    outcome = build.run(workspace, None, lambda *_: None)
    assert (outcome.held_back, outcome.new, outcome.not_fetched) == (None, True, [])
    today = datetime.now(UTC).date()
    days = f" (failing since {today}; last received in full {today})"
    assert all(line.endswith(days) for line in outcome.failures)
    assert [line.removesuffix(days) for line in outcome.failures] == [
        "eurostat/demo_pjan: it is empty where 6 observations were before",
        "eurostat/migr_resfirst: 1 of 2 requests failed, first eurostat/migr_resfirst[geo=AT]: the response is HTML "
        "instead of CSV: <html><title>Down</title></html>",
        "worldbank/SP.POP.TOTL: status 404: gone",
    ]
    changelog = released_file(workspace, outcome.release, "CHANGELOG.md").read_text()
    assert all(f"- {line}" in changelog for line in outcome.failures)
    assert outcome.status == build.INCOMPLETE
    old, new = (workspace.data / "releases" / str(name) / "tables" for name in (first.name, outcome.release))
    figures = [pl.read_parquet(folder / "displacement.parquet")["value"].to_list() for folder in (old, new)]
    assert sum(a != b for a, b in zip(*figures, strict=True)) == 1
    assert 777.0 in figures[1]
    for table in ("population", "residence_permit", "migrant_stock"):
        assert (old / f"{table}.parquet").read_bytes() == (new / f"{table}.parquet").read_bytes()
    assert {name: body for name, body in released(workspace).items() if name in before and name != "index.json"} == {
        name: body for name, body in before.items() if name != "index.json"
    }


def test_a_publisher_that_hangs_delays_no_other(next_day: tuple[Workspace, Double]) -> None:
    workspace, publishers = next_day
    publishers.instead = {"/v2/": [silence(20)]}
    names = list(catalogue.datasets())
    order = []
    for name, reception in receive_all(workspace, names):
        order.append(name)
        if len(order) == len(names) - 1:
            break  # the others do not wait for the one that hangs
        assert reception.failures == ()
    assert "worldbank/SP.POP.TOTL" not in order


def test_the_time_of_a_build_ends_its_requests_and_the_next_build_goes_on(next_day: tuple[Workspace, Double]) -> None:
    workspace, publishers = next_day
    late = replace(workspace, budget=0.0)
    receptions = dict(receive_all(late, list(catalogue.datasets())))
    assert publishers.server.received == []
    assert all("are used up" in reception.failures[0] for reception in receptions.values())
    assert all(not each.failures for _, each in receive_all(workspace, list(catalogue.datasets())))


def make_a_day_older(workspace: Workspace) -> None:
    """Move all times in the ledger one day into the past."""
    lines = [json.loads(line) for line in workspace.archive.ledger.read_text().splitlines()]
    older = [line | {"at": (datetime.fromisoformat(line["at"]) - timedelta(days=1)).isoformat()} for line in lines]
    temporary = workspace.archive.ledger.with_suffix(".temporary")
    temporary.write_text("".join(json.dumps(line) + "\n" for line in older))
    temporary.replace(workspace.archive.ledger)


@pytest.mark.slow
def test_a_source_that_is_down_three_nights_is_stale_and_does_not_stop_releases(
    next_day: tuple[Workspace, Double],
) -> None:
    workspace, publishers = next_day
    (first,) = releases.index(workspace.releases)
    last = datetime.now(UTC).date()
    for night in range(1, 4):
        make_a_day_older(workspace)
        last -= timedelta(days=1)
        publishers.instead = {"/v2/": [reply(b"down", 503)], "migr_resfirst": [reply(b"down", 503), None]}
        publishers.unhcr["population"][0] = publisher_double.displaced("CHN", "AUT", 2020, 777 + night)
        outcome = build.run(workspace, None, lambda *_: None)
        assert [line.partition(": ")[0] for line in outcome.failures] == ["worldbank/SP.POP.TOTL"]
        assert (outcome.held_back, outcome.new) == (None, True)
        changelog = released_file(workspace, outcome.release, "CHANGELOG.md").read_text()
        stale = {"worldbank/SP.POP.TOTL": last.isoformat()} if night == 3 else {}
        assert ("Stale" in changelog, stale_now(workspace)) == (bool(stale), stale)
    assert f"- worldbank/SP.POP.TOTL: last received {last}" in changelog
    old, new = (released_file(workspace, name, "tables/population.parquet") for name in (first.name, outcome.release))
    assert old.read_bytes() == new.read_bytes()
    make_a_day_older(workspace)
    publishers.instead = {}
    publishers.unhcr["population"][0] = publisher_double.displaced("CHN", "AUT", 2020, 799)
    outcome = build.run(workspace, None, lambda *_: None)
    assert outcome.failures == []
    assert stale_now(workspace) == {}
    assert "Stale" not in released_file(workspace, outcome.release, "CHANGELOG.md").read_text()


def released_file(workspace: Workspace, release: str | None, name: str) -> Path:
    return workspace.data / "releases" / str(release) / name


def stale_now(workspace: Workspace) -> dict[str, object]:
    return {state.dataset: state.stale_since for state in inventory(workspace) if state.stale_since}


def released(workspace: Workspace) -> dict[str, bytes]:
    root = workspace.data / "releases"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_without_a_network_the_last_release_remains_and_the_command_reports_it(
    next_day: tuple[Workspace, Double], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, publishers = next_day
    (first,), before, here = releases.index(workspace.releases), released(workspace), catalogue.publishers()
    with socket.socket() as closed:  # bound and not listening, so every connection is refused
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
        entries = {name: with_address(entry, publishers.url, nowhere) for name, entry in here.items()}
        monkeypatch.setattr(catalogue, "publishers", lambda: entries)
        result = CliRunner().invoke(app, ["build", "--live", "--data", str(workspace.data)])
    failed = [line.removeprefix("failed: ") for line in result.stderr.splitlines() if line.startswith("failed")]
    assert [re.split(r"[ \[]", line)[0].strip(":") for line in failed] == sorted(catalogue.datasets())
    assert all("no connection can be made, refused by the host" in line for line in failed)
    assert result.exit_code == build.HELD_BACK
    assert "No publisher answered" in result.stderr
    assert f"The latest release is still {first.name}, unchanged." in result.stderr
    assert released(workspace) == before
