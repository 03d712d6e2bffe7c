"""``corridor ui`` with its web server and its daemon, on an empty data folder.

The first run is only a release, which fails because there is nothing to release. Then two runs are started at once,
and the tests look at their results: the job that requests every dataset, after which a sensor starts the rebuild; and
the same job, started by its schedule.
"""

import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import orjson
import pytest
import yaml

from assets.definitions import check_specs
from assets.explore.report import PAGES, SHOWN_ON
from assets.tables import release_tables
from pipelines.instance import dagster_home
from tests.conftest import corridor
from tests.support.dagster_server import SCHEDULE, TICKS, Server, corridor_ui, descendants, miss_a_night, wait_until
from warehouse import releases
from warehouse.contracts import contracts
from warehouse.storage.local import LocalPlace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="looks at processes as Linux shows them"),
]

FRESHNESS = """
query ($asset: AssetKeyInput!) {
  assetNodeOrError(assetKey: $asset) {
    ... on AssetNode { freshnessStatusInfo { freshnessStatus } internalFreshnessPolicy { __typename } }
  }
}"""

INSTANCE = """{
  instance {
    info
    runQueueConfig { maxConcurrentRuns }
    daemonHealth { allDaemonStatuses { daemonType required healthy lastHeartbeatErrors { message } } }
  }
}"""


@dataclass(frozen=True)
class Night:
    """The server, and the runs that were asked for."""

    server: Server
    refused: str
    received: str

    def at_work(self) -> bool | None:
        """True while a run is at work: the job that was asked for, or the one that the schedule started before it."""
        with dg.DagsterInstance.from_config(str(dagster_home(self.server.data))) as instance:
            return bool(instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))) or None

    def rebuild(self) -> str:
        """The run that the sensor started after the first request of every dataset."""
        self.server.wait_for_end(self.received, within=300)
        return wait_until(lambda: self._rebuilds() or None, 120, "the rebuild")[-1]

    def _rebuilds(self) -> list[str]:
        """Newest first: a second request may end before the first rebuild, and then starts another one."""
        with dg.DagsterInstance.from_config(str(dagster_home(self.server.data))) as instance:
            runs = instance.get_runs(dg.RunsFilter(job_name="rebuild", tags={"dagster/sensor_name": "rebuild_changed"}))
            return [run.run_id for run in runs]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    data = tmp_path_factory.mktemp("night")
    with miss_a_night(data, "--no-pages") as server:
        refused = server.launch("rebuild", "release")
        server.wait_for_end(refused, within=180)
    with corridor_ui(data) as server:
        received = server.launch("receive")
        yield Night(server, refused, received)


def test_a_command_does_not_disturb_a_run(night: Night) -> None:
    wait_until(night.at_work, 120, "the start of a run")
    done = corridor("build", "--data", str(night.server.data))
    assert done.returncode == 1
    assert "another build is at work" in done.stderr


def test_a_release_without_payloads_fails_and_the_failed_run_is_an_alert(night: Night) -> None:
    run = night.server.wait_for_end(night.refused, within=60)
    assert run["status"] == "FAILURE"
    alerts = night.server.data / "alerts.jsonl"

    def alert_of_run() -> dict[str, str] | None:
        lines = [orjson.loads(line) for line in alerts.read_bytes().splitlines()] if alerts.exists() else []
        return next((line for line in lines if line["run"] == night.refused), None)

    alert = wait_until(alert_of_run, 60, "an alert")
    assert alert["job"] == "rebuild"
    assert "there is nothing to release" in alert["message"]


def test_nothing_listens_but_on_the_loopback(night: Night) -> None:
    addresses = listeners(night.server.process.pid)
    assert addresses == {("127.0.0.1", night.server.port), ("127.0.0.1", SHOWN_ON)}


def test_the_rebuild_makes_a_release_and_records_every_check(night: Night) -> None:
    rebuild = night.rebuild()
    run = night.server.wait_for_end(rebuild, within=300)
    assert run["status"] == "SUCCESS"
    (made,) = releases.index(LocalPlace(night.server.data / "releases"))
    assert set(made.tables) == set(contracts())
    recorded = checks(night.server.data, rebuild)
    with dg.DagsterInstance.from_config(str(dagster_home(night.server.data))):
        declared = {(f"table/{table}", spec.name) for table in release_tables() for spec in check_specs(table)}
    assert {(check.asset_key.to_user_string(), check.check_name) for check in recorded} >= declared
    assert [c.check_name for c in recorded if not c.passed and c.severity == dg.AssetCheckSeverity.ERROR] == []


def test_the_ui_links_to_the_pages_of_the_release(night: Night) -> None:
    night.server.wait_for_end(night.rebuild(), within=300)
    with dg.DagsterInstance.from_config(str(dagster_home(night.server.data))) as instance:
        made = instance.get_latest_materialization_event(dg.AssetKey("release"))
    assert made is not None
    assert made.asset_materialization is not None
    metadata = made.asset_materialization.metadata
    folder = Path(str(metadata["path"].value))
    for name, page in [*PAGES.items(), ("explorer", "explorer.html")]:
        with urllib.request.urlopen(str(metadata[name].value), timeout=10) as response:
            assert response.read() == (folder / page).read_bytes()


def test_the_steps_log_what_they_did(night: Night) -> None:
    """A payload is read once, by the first run that needs it: a second request of the datasets or the rebuild."""
    night.server.wait_for_end(night.rebuild(), within=300)
    with dg.DagsterInstance.from_config(str(dagster_home(night.server.data))) as instance:
        entries = [entry for run in instance.get_runs() for entry in instance.all_logs(run.run_id)]
    messages = [entry.user_message for entry in entries if not entry.is_dagster_event]
    assert any(message.startswith("read ") and message.endswith(" rows") for message in messages)
    assert any(message.startswith("checks of asylum: ") for message in messages)
    assert any(message.startswith("release ") for message in messages)


def checks(data: Path, run: str) -> list[dg.AssetCheckEvaluation]:
    with dg.DagsterInstance.from_config(str(dagster_home(data))) as instance:
        entries = instance.all_logs(run, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    events = [entry.dagster_event for entry in entries]
    return [event.asset_check_evaluation_data for event in events if event is not None]


def test_the_daemon_runs_what_is_scheduled_and_finds_nothing_new(night: Night) -> None:
    def ticked() -> dict[str, Any] | None:
        schedule = night.server.query(TICKS, schedule=SCHEDULE)["scheduleOrError"]
        return next((tick for tick in schedule["scheduleState"]["ticks"] if tick["status"] != "STARTED"), None)

    tick = wait_until(ticked, 90, "a tick of the schedule")
    assert tick["status"] == "SUCCESS", tick["error"]
    (run_id,) = tick["runIds"]
    run = night.server.wait_for_end(run_id, within=180)
    assert run["status"] == "SUCCESS"
    assert {"key": "dagster/schedule_name", "value": "nightly"} in run["tags"]
    first, second = sorted(
        [run, night.server.wait_for_end(night.received, within=180)], key=lambda one: one["startTime"]
    )
    assert second["startTime"] >= first["endTime"], "one run at a time"
    night.server.wait_for_end(night.rebuild(), within=300)
    assert len(releases.index(LocalPlace(night.server.data / "releases"))) == 1


def test_freshness_is_judged(night: Night) -> None:
    night.server.wait_for_end(night.received, within=180)

    def judged() -> dict[str, Any] | None:
        path = ["payload", "worldbank", "SM.POP.NETM"]
        node = night.server.query(FRESHNESS, asset={"path": path})["assetNodeOrError"]
        return node if node["freshnessStatusInfo"]["freshnessStatus"] == "HEALTHY" else None

    wait_until(judged, 60, "fresh payloads")


def test_the_instance_is_healthy_and_sends_no_telemetry(night: Night) -> None:
    instance = night.server.query(INSTANCE)["instance"]
    assert yaml.safe_load(instance["info"])["telemetry"] == {"enabled": False}
    assert instance["runQueueConfig"]["maxConcurrentRuns"] == 1
    daemons = instance["daemonHealth"]["allDaemonStatuses"]
    assert {daemon["daemonType"] for daemon in daemons} >= {"SCHEDULER", "SENSOR", "QUEUED_RUN_COORDINATOR"}
    assert [daemon for daemon in daemons if daemon["required"] and not daemon["healthy"]] == []
    assert [daemon["lastHeartbeatErrors"] for daemon in daemons if daemon["lastHeartbeatErrors"]] == []


def test_the_log_holds_no_complaint(night: Night) -> None:
    lines = night.server.log.read_text().splitlines()
    words = ("WARNING", "Warning:", "deprecated", "migrate")
    # The daemon before was stopped while a sensor was at work.
    lines = [line for line in lines if "Moving dangling STARTED tick" not in line]
    complaints = [line for line in lines if any(word in line for word in words)]
    assert complaints == []


def listeners(pid: int) -> set[tuple[str, int]]:
    """Addresses and ports of TCP on which a process and those that it started listen."""
    sockets = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A":
                sockets[f"socket:[{inode}]"] = address(local)
    members = [pid, *(child for child, _ in descendants(pid))]
    open_files = [link for member in members for link in links(Path(f"/proc/{member}/fd"))]
    return {sockets[link] for link in open_files if link in sockets}


def address(local: str) -> tuple[str, int]:
    host, port = local.split(":")
    dotted = ".".join(str(byte) for byte in reversed(bytes.fromhex(host)))
    return dotted if len(host) == 8 else host, int(port, 16)


def links(folder: Path) -> Iterator[str]:
    for link in folder.iterdir():
        try:
            yield str(link.readlink())
        except FileNotFoundError:
            continue
