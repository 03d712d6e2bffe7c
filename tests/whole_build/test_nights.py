"""Whole nights on the double of all publishers: what is released, with which reasons, status and alert, and how fast.

A night takes about a minute, so all of these tests are slow. A perfect first night is built once; each bad night works
on a copy of it, or on an empty folder.
"""

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from assets.core.workspace import Workspace
from pipelines import build
from pipelines.build import Outcome
from sources import catalogue
from tests.support.live_catalogue import use
from tests.support.publishers.server import (
    changed,
    cut,
    hang,
    maintenance,
    replaced,
    spoiled,
    too_many,
    without_rows,
)
from tests.support.publishers.world import Publishers, world
from warehouse import releases

pytestmark = pytest.mark.slow

# Seconds that a night may take more than the perfect one because publishers fail, on a machine with other work.
PATIENCE = 300


@dataclass
class Night:
    """A data folder after a build, the outcome of the build, and its seconds."""

    workspace: Workspace
    outcome: Outcome
    seconds: float

    @property
    def failing(self) -> set[str]:
        """The datasets that the end of the build names."""
        return {line.partition("[")[0].partition(":")[0] for line in self.outcome.failures}

    @property
    def changelog(self) -> str:
        return (self.workspace.data / "releases" / str(self.outcome.release) / "CHANGELOG.md").read_text()

    @property
    def alerts(self) -> list[str]:
        path = self.workspace.data / "alerts.jsonl"
        return [json.loads(line)["message"] for line in path.read_text().splitlines()] if path.exists() else []

    def table(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(
            self.workspace.data / "releases" / str(self.outcome.release) / "tables" / f"{name}.parquet"
        )


def night(folder: Path) -> Night:
    """Build the folder."""
    workspace, start = Workspace(folder, "live"), time.monotonic()
    return Night(workspace, build.run(workspace, None, lambda *_: None), time.monotonic() - start)


@pytest.fixture(scope="module")
def publishers() -> Iterator[Publishers]:
    with world() as running, pytest.MonkeyPatch.context() as patch:
        use(running, patch)
        yield running


@pytest.fixture(scope="module")
def perfect(publishers: Publishers, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The first night, in which every publisher answers as well as it does."""
    return night(tmp_path_factory.mktemp("perfect") / "data")


@pytest.fixture
def next_night(perfect: Night, publishers: Publishers, tmp_path: Path) -> Iterator[Path]:
    """A copy of the folder of the perfect night, whose lists and tables of contents are one day older.

    The times of payloads stay: rows are known from these times, and would otherwise change.
    """
    shutil.copytree(perfect.workspace.data, tmp_path / "data")
    age(tmp_path / "data", days=1, only_lists=True)
    (tmp_path / "data" / "alerts.jsonl").unlink(missing_ok=True)
    yield tmp_path / "data"
    publishers.world.recover()


def age(folder: Path, days: int, *, only_lists: bool = False) -> None:
    """Move all times of the ledger into the past, or only those of lists and tables of contents."""
    ledger = folder / "archive" / "ledger.jsonl"
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    for line in lines:
        if only_lists and f"{line['publisher']}/{line['dataset']}" in catalogue.datasets():
            continue
        line["at"] = (datetime.fromisoformat(line["at"]) - timedelta(days=days)).isoformat()
    temporary = ledger.with_suffix(".temporary")  # a reader must see another file

    temporary.write_text("".join(json.dumps(line) + "\n" for line in lines))
    temporary.replace(ledger)


def test_a_perfect_night_is_released_and_no_dataset_fails(perfect: Night) -> None:
    outcome = perfect.outcome
    assert (outcome.held_back, outcome.new) == (None, True)
    assert perfect.failing == frozenset()
    assert outcome.status == 0
    facts = perfect.table("dataset")
    assert facts.filter(pl.col("dataset").str.starts_with("citations/"))["mode"].unique().to_list() == ["snapshot"]
    law = perfect.table("comparison").filter(measure="treaties_in_force", aggregation="state")
    assert law.filter(value=0.0).is_empty()


def test_the_second_night_changes_nothing(next_night: Path, perfect: Night) -> None:
    second = night(next_night)
    assert (second.outcome.held_back, second.outcome.new) == (None, False)
    assert second.outcome.release == perfect.outcome.release
    assert second.seconds < perfect.seconds


def test_a_publisher_that_is_down_keeps_its_figures_and_is_named(
    next_night: Path, perfect: Night, publishers: Publishers
) -> None:
    publishers.world.take_down("api.unhcr.org")
    second = night(next_night)
    of_unhcr = {name for name in catalogue.datasets() if name.startswith("unhcr/")}
    assert second.failing == perfect.failing | of_unhcr
    assert (second.outcome.held_back, second.outcome.release) == (None, perfect.outcome.release)
    assert second.outcome.status == build.INCOMPLETE
    (alert,) = second.alerts
    assert "unhcr/population: " in alert.replace("[", ": ", 1) or "unhcr/population" in alert


def test_a_publisher_that_is_down_in_the_first_night_is_fetch_failed_and_never_not_published(
    publishers: Publishers, perfect: Night, tmp_path: Path
) -> None:
    publishers.world.take_down("api.unhcr.org", "treaties.un.org")
    try:
        first = night(tmp_path / "data")
    finally:
        publishers.world.recover()
    assert (first.outcome.held_back, first.outcome.new) == (None, True)
    coverage = first.table("coverage").filter(indicator="refugees")
    assert "not_published" not in coverage["coverage"].to_list()
    assert "fetch_failed" in coverage["coverage"].to_list()
    compared = first.table("comparison").filter(pl.col("aggregation") == "state")
    law = compared.filter(measure="treaties_in_force")
    assert law["value"].null_count() == law.height
    assert set(law["missing_reason"]) == {"fetch_failed"}
    assert all("untc/status" in because for because in law["because"])
    assert "unhcr/population" in first.changelog
    assert "never received in full" in first.changelog


@pytest.mark.parametrize("how", ["hangs", "demands a pause", "sends a web page", "sends no rows", "is cut"])
def test_a_publisher_that_fails_delays_nothing_and_replaces_nothing(
    how: str, next_night: Path, perfect: Night, publishers: Publishers
) -> None:
    failure = {
        "hangs": hang,
        "demands a pause": too_many(200),
        "sends a web page": maintenance,
        "sends no rows": changed(without_rows),
        "is cut": cut,
    }[how]
    publishers.world.fail("ec.europa.eu", failure)
    publishers.world.received.clear()
    second = night(next_night)
    assert (second.outcome.held_back, second.outcome.release) == (None, perfect.outcome.release)
    assert {name for name in catalogue.datasets() if name.startswith("eurostat/")} <= second.failing
    assert second.seconds < perfect.seconds + PATIENCE
    if how in ("hangs", "demands a pause"):
        assert len(publishers.world.requests_to("ec.europa.eu")) <= 3


def test_a_recoded_dataset_keeps_its_figures_and_the_others_go_on(
    next_night: Path, perfect: Night, publishers: Publishers
) -> None:
    before = perfect.table("residence_permit").filter(dataset="eurostat/migr_resfirst")
    publishers.world.fail("ec.europa.eu", maintenance, "toc/txt")  # so that every dataset is requested
    publishers.eurostat.recode("migr_resfirst", "reason", {"EDUC": "EDU"})
    try:
        second = night(next_night)
    finally:
        publishers.eurostat.recode("migr_resfirst", "reason", {"EDU": "EDUC"})
    assert second.outcome.held_back is None
    assert second.failing == perfect.failing | {"eurostat/migr_resfirst"}
    assert second.table("residence_permit").filter(dataset="eurostat/migr_resfirst").equals(before)
    assert "reason 'EDU'" in second.changelog
    assert "eurostat/migr_resfirst" in second.alerts[-1]


def test_a_restructured_dataset_keeps_its_figures_and_the_others_go_on(
    next_night: Path, perfect: Night, publishers: Publishers
) -> None:
    before = perfect.table("residence_permit").filter(dataset="eurostat/migr_resfirst")
    publishers.world.fail("ec.europa.eu", maintenance, "toc/txt")  # so that every dataset is requested
    publishers.world.fail("ec.europa.eu", replaced((",reason,", ",motive,")), "/migr_resfirst/")
    second = night(next_night)
    assert second.outcome.held_back is None
    assert second.failing == perfect.failing | {"eurostat/migr_resfirst"}
    assert second.table("residence_permit").filter(dataset="eurostat/migr_resfirst").equals(before)
    assert "eurostat/migr_resfirst" in second.alerts[-1]


def test_a_night_in_which_every_answer_is_spoiled_replaces_nothing_and_the_next_night_heals(
    next_night: Path, perfect: Night, publishers: Publishers
) -> None:
    for host in publishers.world.ports:
        publishers.world.fail(host, changed(spoiled))
    second = night(next_night)
    assert (second.outcome.held_back, second.outcome.release) == (None, perfect.outcome.release)
    assert second.outcome.status == build.INCOMPLETE
    assert {name.partition("/")[0] for name in second.failing} >= {"unhcr", "worldbank", "oecd", "untc", "ilo"}
    assert len(second.failing) > 40
    assert all(name in second.alerts[-1] for name in ("unhcr/", "oecd/", "untc/"))
    publishers.world.recover()
    third = night(next_night)
    assert third.outcome.held_back is None
    assert third.failing == perfect.failing
    figures = ["indicator", "jurisdiction", "partner", "year", "value", "dataset", "because"]
    assert third.table("headline").select(figures).equals(perfect.table("headline").select(figures))


def test_a_publisher_that_does_not_answer_for_a_week_is_stale_until_it_answers(
    next_night: Path, publishers: Publishers
) -> None:
    last = datetime.now(UTC).date()
    publishers.world.take_down("api.unhcr.org")
    for _ in range(3):
        age(next_night, days=2)
        last -= timedelta(days=2)
        failing_night = night(next_night)
        assert failing_night.outcome.held_back is None
    assert f"unhcr/population is stale: last received {last}" in failing_night.outcome.warnings
    assert f"- unhcr/population: last received {last}" in failing_night.changelog
    publishers.world.recover()
    healed = night(next_night)
    assert healed.outcome.status == 0
    assert not [line for line in healed.outcome.warnings if "is stale" in line]


def test_without_a_network_a_first_night_releases_nothing_within_seconds(
    publishers: Publishers, tmp_path: Path
) -> None:
    publishers.world.take_down()
    try:
        first = night(tmp_path / "data")
    finally:
        publishers.world.recover()
    assert first.outcome.status == build.HELD_BACK
    assert first.outcome.held_back == "No publisher answered, so nothing new could be released"
    assert releases.index(first.workspace.releases) == []
    assert first.seconds < PATIENCE
