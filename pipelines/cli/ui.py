"""``corridor ui``: the Dagster UI with its daemon, and a server for the pages of the releases.

All processes that this command starts load our modules, even if the current folder holds modules of the same name:
Python leaves the current folder out of its search path, our checkout comes first in it, and the working directory is
that checkout.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

commands = typer.Typer()


@commands.command(rich_help_panel="Run the pipeline")
def ui(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the UI on 127.0.0.1.")] = 3000,
    live: BuildMode = None,
    data: Data = None,
) -> None:
    """Start the Dagster UI on 127.0.0.1, the daemon for schedules and sensors, and a server for release pages."""
    from assets.explore import SHOWN_ON
    from pipelines.instance import dagster_home

    workspace = build_workspace(data, live)
    _require_free(port)
    home = dagster_home(workspace.data)
    environment = child_environment(os.environ, workspace, home)
    print_line(f"Dagster UI: http://{HOST}:{port} (mode {workspace.mode}, data in {workspace.data}). Ctrl-C stops it.")
    if folder := workspace.releases.path:
        server = [*PYTHON, "-m", "pipelines.static_server", str(folder), str(SHOWN_ON), str(os.getpid())]
        subprocess.Popen(server, cwd=ROOT, env=environment)  # noqa: S603 - a module of ours
    dagster = [*PYTHON, "-m", "dagster", "dev", "-h", HOST, "-p", str(port), "-w", str(_code_location(home))]
    os.chdir(ROOT)
    os.execve(sys.executable, dagster, environment)  # noqa: S606 - replaces this process, so its exit status is ours


def _require_free(port: int) -> None:
    """Fail with a sentence if no server can listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            fail(f"port {port} of {HOST} cannot be used ({error.strerror}); choose another with --port")


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
