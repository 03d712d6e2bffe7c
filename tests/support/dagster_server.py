"""``corridor ui`` as an engineer starts it: its own processes, a free port, and GraphQL to talk to it."""

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

T = TypeVar("T")

JOB = {"repositoryLocationName": "corridor", "repositoryName": "__repository__"}

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

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """What GraphQL answers; an error of the query fails the test."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql", body, {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            said = json.load(answer)
        assert "errors" not in said, said["errors"]
        return dict(said["data"])

    def launch(self, job: str, *assets: str) -> str:
        """The id of a run of a job, or of a part of it that consists of these assets, without their checks."""
        selector: dict[str, object] = {**JOB, "jobName": job}
        if assets:
            selector["assetSelection"] = [{"path": asset.split("/")} for asset in assets]
            selector["assetCheckSelection"] = []
        launched = self.ask(LAUNCH, parameters={"selector": selector, "runConfigData": {}})["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return str(launched["run"]["runId"])

    def status(self, run: str) -> str:
        """The status of a run."""
        return str(self.ask(RUN, run=run)["runOrError"]["status"])

    def ended(self, run: str, within: float) -> dict[str, Any]:
        """The run when it has ended."""

        def end() -> dict[str, Any] | None:
            seen: dict[str, Any] = self.ask(RUN, run=run)["runOrError"]
            return seen if seen["status"] in ("SUCCESS", "FAILURE", "CANCELED") else None

        return until(end, within, f"the end of run {run}")


def until(look: Callable[[], T | None], within: float, what: str) -> T:
    """The first thing that is seen, if it is within so many seconds."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        seen = look()
        if seen is not None:
            return seen
        time.sleep(0.25)
    raise AssertionError(f"{what} was not seen within {within:g} s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def corridor_ui(data: Path) -> Iterator[Server]:
    """``corridor ui`` on a data folder, ready to answer; on leaving, all that it started is gone."""
    data.mkdir(parents=True, exist_ok=True)
    port, log = free_port(), data / "ui.log"
    command = [str(Path(sys.executable).with_name("corridor")), "ui", "--port", str(port), "--data", str(data)]
    with log.open("wb") as lines:
        process = subprocess.Popen(command, stdout=lines, stderr=subprocess.STDOUT, start_new_session=True)
    server = Server(port, data, log, process)
    try:
        until(lambda: loaded(server), 90, "an answer of the web server")
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def loaded(server: Server) -> bool | None:
    """True if the server has loaded our definitions; None if it does not answer yet."""
    assert server.process.poll() is None, server.log.read_text()
    try:
        said = server.ask("{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } } }")
    except OSError:
        return None
    entries = said["workspaceOrError"]["locationEntries"]
    return True if entries and all(entry["loadStatus"] == "LOADED" for entry in entries) else None
