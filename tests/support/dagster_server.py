"""``corridor ui`` as an engineer starts it: its own processes, a free port, and queries in GraphQL."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorState, InstigatorType, ScheduleInstigatorData

from pipelines.instance import dagster_home

T = TypeVar("T")

DAY = 86_400

JOB = {"repositoryLocationName": "corridor", "repositoryName": "__repository__"}

SCHEDULE = {**JOB, "scheduleName": "nightly"}


TICKS = """
query ($schedule: ScheduleSelector!) {
  scheduleOrError(scheduleSelector: $schedule) {
    ... on Schedule { scheduleState { ticks { status runIds error { message } } } }
  }
}"""

LAUNCH = """
mutation ($parameters: ExecutionParams!) {
  launchRun(executionParams: $parameters) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}"""

RUN = """
query ($run: ID!) { runOrError(runId: $run) { ... on Run { runId status startTime endTime tags { key value } } } }"""


@dataclass(frozen=True)
class Server:
    """A running ``corridor ui``."""

    port: int
    data: Path
    log: Path
    process: "subprocess.Popen[bytes]"

    def query(self, query: str, **variables: object) -> dict[str, Any]:
        """Return the data of a GraphQL query; an error of the query fails the test."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql", body, {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            response = json.load(answer)
        assert "errors" not in response, response["errors"]
        return dict(response["data"])

    def launch(self, job: str, *assets: str) -> str:
        """Start a job, or only these assets of it without their checks, and return the id of the run."""
        selector: dict[str, object] = {**JOB, "jobName": job}
        if assets:
            selector["assetSelection"] = [{"path": asset.split("/")} for asset in assets]
            selector["assetCheckSelection"] = []
        launched = self.query(LAUNCH, parameters={"selector": selector, "runConfigData": {}})["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return str(launched["run"]["runId"])

    def wait_for_end(self, run: str, within: float) -> dict[str, Any]:
        """Wait until a run ends and return it."""

        def end() -> dict[str, Any] | None:
            current: dict[str, Any] = self.query(RUN, run=run)["runOrError"]
            return current if current["status"] in ("SUCCESS", "FAILURE", "CANCELED") else None

        return wait_until(end, within, f"the end of run {run}")


def wait_until(poll: Callable[[], T | None], within: float, what: str) -> T:
    """Call ``poll`` until it returns something and return that; fail after ``within`` seconds."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        result = poll()
        if result is not None:
            return result
        time.sleep(0.25)
    raise AssertionError(f"{what} did not happen within {within:g} s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def corridor_ui(data: Path, *options: str, **environment: str) -> Iterator[Server]:
    """Run ``corridor ui`` on a data folder and yield it when it is ready; at the end kill all its processes.

    ``environment`` has further variables.
    """
    data.mkdir(parents=True, exist_ok=True)
    port, log = free_port(), data / "ui.log"
    command = [
        str(Path(sys.executable).with_name("corridor")),
        "ui",
        "--port",
        str(port),
        "--data",
        str(data),
        *options,
    ]
    with log.open("wb") as lines:
        process = subprocess.Popen(
            command, stdout=lines, stderr=subprocess.STDOUT, start_new_session=True, env=os.environ | environment
        )
    server = Server(port, data, log, process)
    try:
        wait_until(lambda: loaded(server), 90, "an answer of the web server")
        yield server
    finally:
        stop(process)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Interrupt a process that leads its group, and kill the rest of the group and what the process has started."""
    started = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(45)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for pid, _ in started:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait(10)


def descendants(pid: int) -> list[tuple[int, list[str]]]:
    """The processes that a process started, and what these started: number and arguments of each."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid:
                arguments = (entry / "cmdline").read_bytes().decode().split("\0")
                found += [(int(entry.name), arguments), *descendants(int(entry.name))]
    return found


def loaded(server: Server) -> bool | None:
    """True if the server has loaded our definitions; None if it does not answer yet."""
    assert server.process.poll() is None, server.log.read_text()
    try:
        response = server.query("{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } } }")
    except OSError:
        return None
    entries = response["workspaceOrError"]["locationEntries"]
    return True if entries and all(entry["loadStatus"] == "LOADED" for entry in entries) else None


@contextmanager
def miss_a_night(data: Path, *options: str, **environment: str) -> Iterator[Server]:
    """Run ``corridor ui``, and at the end move the moment from which the nightly schedule is on to yesterday.

    The next daemon makes up for the night that it missed. So the true schedule is tested with its true hour, and
    nobody waits for the night. A daemon that runs would not read the moment again. What the block asks of this server
    is done before the missed night begins.
    """

    def noted(instance: dg.DagsterInstance) -> InstigatorState | None:
        states = instance.all_instigator_state(instigator_type=InstigatorType.SCHEDULE)
        return next((state for state in states if state.instigator_name == SCHEDULE["scheduleName"]), None)

    with dg.DagsterInstance.from_config(str(dagster_home(data))) as instance:
        with corridor_ui(data, *options, **environment) as server:
            yield server
            wait_until(lambda: noted(instance), 60, "the first look of the daemon at the schedule")
        state = noted(instance)
        assert state is not None
        since = state.instigator_data
        assert isinstance(since, ScheduleInstigatorData)
        assert since.start_timestamp is not None
        yesterday = ScheduleInstigatorData(since.cron_schedule, since.start_timestamp - DAY)
        instance.update_instigator_state(state.with_data(yesterday))
