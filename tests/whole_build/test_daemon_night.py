"""One night that the schedule of a real Dagster daemon starts, on the double of all publishers."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import corridor
from tests.support.dagster_server import SCHEDULE, TICKS, Server, corridor_ui, miss_a_night, wait_until
from tests.support.paths import ROOT
from tests.support.publishers.world import Publishers, world

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="looks at processes as Linux shows them"),
]

SITE = ROOT / "tests" / "support" / "double_site"

RUNS = """{ runsOrError { ... on Runs { results { runId jobName status tags { key value } } } } }"""

CHECKS = """
query ($asset: AssetKeyInput!) {
  assetNodeOrError(assetKey: $asset) {
    ... on AssetNode { assetChecksOrError { ... on AssetChecks { checks {
      name executionForLatestMaterialization { status evaluation { success } } } } } }
  }
}"""


@pytest.fixture(scope="module")
def publishers() -> Iterator[Publishers]:
    with world() as running:
        running.world.take_down("api.unhcr.org")
        yield running


@pytest.fixture(scope="module")
def server(publishers: Publishers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    path = os.pathsep.join([str(SITE), str(ROOT)])
    variables = {"PYTHONPATH": path, "DOUBLE_PORTS": json.dumps(publishers.world.ports)}
    data, options = tmp_path_factory.mktemp("night") / "data", ("--live", "--no-pages")
    with miss_a_night(data, *options, **variables):
        pass
    with corridor_ui(data, *options, **variables) as running:
        yield running


def run_of(server: Server, job: str) -> dict[str, Any] | None:
    """Return the run of a job that has ended."""
    runs = server.query(RUNS)["runsOrError"]["results"]
    ended = [run for run in runs if run["jobName"] == job and run["status"] in ("SUCCESS", "FAILURE")]
    return ended[0] if ended else None


def test_the_tick_of_the_schedule_starts_a_night_and_alert_releases_and_ui_agree_in_the_morning(
    server: Server,
) -> None:
    def ticked() -> dict[str, Any] | None:
        schedule = server.query(TICKS, schedule=SCHEDULE)["scheduleOrError"]
        return next((tick for tick in schedule["scheduleState"]["ticks"] if tick["status"] != "STARTED"), None)

    tick = wait_until(ticked, 120, "a tick of the schedule")
    assert tick["status"] == "SUCCESS", tick["error"]
    received = wait_until(lambda: run_of(server, "receive"), 300, "the end of job receive")
    assert (received["status"], received["runId"]) == ("SUCCESS", tick["runIds"][0])
    rebuilt = wait_until(lambda: run_of(server, "rebuild"), 400, "the end of job rebuild")
    assert rebuilt["status"] == "SUCCESS"

    listed = json.loads(corridor("releases", "--json", "--data", str(server.data)).stdout)
    assert [release["mode"] for release in listed] == ["live"]
    changelog = (Path(listed[0]["path"]) / "CHANGELOG.md").read_text()
    assert "unhcr/population" in changelog

    def alerted() -> list[dict[str, str]] | None:
        path = server.data / "alerts.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [line for line in lines if line["run"] == received["runId"]] or None

    (alert,) = wait_until(alerted, 90, "the alert of the night")
    assert "datasets failed" in alert["message"]
    assert "unhcr/population" in alert["message"]

    node = server.query(CHECKS, asset={"path": ["payload", "unhcr", "population"]})["assetNodeOrError"]
    (check,) = node["assetChecksOrError"]["checks"]
    assert check["name"] == "received"
    assert check["executionForLatestMaterialization"]["evaluation"]["success"] is False
