"""``corridor ui``: the Dagster UI with its daemon, and a server for the pages of the releases.

All processes that this command starts load our modules, even if the current folder holds modules of the same name:
Python leaves the current folder out of its search path, our checkout comes first in it, and the working directory is
that checkout.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import orjson
import typer

from pipelines.cli.options import BuildMode, Data, build_workspace
from pipelines.cli.output import fail, print_line

if TYPE_CHECKING:
    from assets.core.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
# ``dagster dev`` warns that ``dg dev`` supersedes it; that command cannot be given a workspace file.
PYTHON = [sys.executable, "-P", "-W", "ignore:Function `dev_command` is superseded"]
SECONDS_TO_STOP = 30
TERMINATED = 143  # the exit status of a shell for a program that SIGTERM ended

commands = typer.Typer()


@commands.command(rich_help_panel="Run the pipeline")
def ui(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the UI on 127.0.0.1.")] = 3000,
    pages: Annotated[bool, typer.Option("--pages/--no-pages", help="Serve the pages of the releases.")] = True,
    live: BuildMode = None,
    data: Data = None,
) -> None:
    """Start the Dagster UI on 127.0.0.1, the daemon for schedules and sensors, and a server for release pages.

    The schedules are on. Ctrl-C stops the servers. If one of them ends by itself, the others are stopped and the exit
    status is 1.
    """
    from assets.explore.report import SHOWN_ON
    from pipelines.instance import dagster_home

    workspace = build_workspace(data, live)
    folder = workspace.releases.path if pages else None
    _require_free(port, "choose another with --port")
    if folder:
        _require_free(SHOWN_ON, "another `corridor ui` may serve its pages there; stop it, or use --no-pages")
    home = dagster_home(workspace.data)
    dagster = ["-m", "dagster", "dev", "-h", HOST, "-p", str(port), "-w", str(_code_location(home))]
    commands = {"the Dagster UI with its daemon": dagster}
    if folder:
        server = ["-m", "pipelines.static_server", str(folder), str(SHOWN_ON), str(os.getpid())]
        commands["the server of the release pages"] = server
    print_line(f"Dagster UI: http://{HOST}:{port} (mode {workspace.mode}, data in {workspace.data}). Ctrl-C stops it.")
    supervise(commands, child_environment(os.environ, workspace, home))


def supervise(commands: Mapping[str, list[str]], environment: Mapping[str, str]) -> NoReturn:
    """Run servers, each with the arguments of Python, until one of them or this process ends; stop all others.

    Ends with exit status 1 if a server ended by itself.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    servers: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, arguments in commands.items():
            # In a group of its own, a server gets no Ctrl-C from the terminal: it is stopped once, below.
            servers[name] = subprocess.Popen(  # noqa: S603 - our own modules and Dagster
                [*PYTHON, *arguments], cwd=ROOT, env=environment, start_new_session=True
            )
        while True:
            for name, server in servers.items():
                if server.poll() is not None:
                    fail(f"{name} has ended by itself (exit status {server.returncode}); its last lines are above")
            time.sleep(0.5)
    finally:
        _stop(list(servers.values()))


def _stop(servers: list[subprocess.Popen[bytes]]) -> None:
    """Interrupt servers, and kill those that have not ended after half a minute or at a second Ctrl-C."""
    running = [server for server in servers if server.poll() is None]
    for server in running:
        server.send_signal(signal.SIGINT)
    end = time.monotonic() + SECONDS_TO_STOP
    with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
        for server in running:
            server.wait(max(0.1, end - time.monotonic()))
    for server in servers:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)  # also what the server has started and left behind


def _require_free(port: int, remedy: str) -> None:
    """Fail with a sentence if no server can listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            fail(f"port {port} of {HOST} cannot be used ({error.strerror}); {remedy}")


def child_environment(inherited: Mapping[str, str], workspace: Workspace, home: Path) -> dict[str, str]:
    """The environment of the processes that serve a workspace. Dagster hands it on to the processes that it starts."""
    # A relative entry would name another folder in a process with another working directory.
    absolute = [entry for entry in inherited.get("PYTHONPATH", "").split(os.pathsep) if Path(entry).is_absolute()]
    environment = {
        **inherited,
        "PYTHONSAFEPATH": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *absolute]),
        "DAGSTER_HOME": str(home),
        "CORRIDOR_DATA": str(workspace.data),
        "CORRIDOR_MODE": workspace.mode,
    }
    return environment | ({"CORRIDOR_CATALOG": workspace.catalog} if workspace.catalog else {})


def _code_location(home: Path) -> Path:
    """Write Dagster's workspace file, which names the module to load; its path.

    Dagster removes the first entry of the search path while it loads the module, so the file names our checkout again.
    """
    module = {"module_name": "pipelines.definitions", "location_name": "corridor", "working_directory": str(ROOT)}
    path = home / "workspace.yaml"
    path.write_bytes(orjson.dumps({"load_from": [{"python_module": module}]}))  # JSON is YAML
    return path
