"""How ``corridor ui`` starts: it loads our modules in any folder, and a port in use is an error with a sentence."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from assets.core.workspace import Workspace
from pipelines.cli.ui import ROOT, child_environment, supervise
from tests.support.dagster_server import Server, corridor_ui, descendants, free_port, loaded, stop, wait_until

HOSTILE = ("pipelines/__init__.py", "gql.py", "dagster.py", "yaml.py", "assets.py", "sources.py", "warehouse.py")


def test_a_port_in_use_is_an_error_with_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "pipelines.cli",
            "ui",
            "--no-pages",
            "--port",
            str(port),
            "--data",
            str(tmp_path / "data"),
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: port {port} of 127.0.0.1 cannot be used (Address already in use)")
    assert done.stderr.strip().count("\n") == 0
    assert not (tmp_path / "data").exists()


def test_the_search_path_of_a_child_begins_with_our_checkout_and_has_no_relative_entry(tmp_path: Path) -> None:
    inherited = {"PYTHONPATH": os.pathsep.join(["", ".", "lib", str(tmp_path)]), "HOME": "/home/user"}
    environment = child_environment(inherited, Workspace(tmp_path, "live"), tmp_path / "dagster")
    assert environment == {
        "HOME": "/home/user",
        "PYTHONSAFEPATH": "1",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}",
        "DAGSTER_HOME": str(tmp_path / "dagster"),
        "CORRIDOR_DATA": str(tmp_path),
        "CORRIDOR_MODE": "live",
    }


@pytest.mark.parametrize("code", ["import sys; sys.exit(0)", "import sys; sys.exit(7)"])
def test_a_server_that_ends_by_itself_ends_the_others_with_status_1(
    code: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "pid"
    lasting = f"import os, pathlib, time; pathlib.Path({str(own)!r}).write_text(str(os.getpid())); time.sleep(60)"
    short = f"import pathlib, time\nwhile not pathlib.Path({str(own)!r}).exists(): time.sleep(0.05)\n{code}"
    with pytest.raises(SystemExit) as end:
        supervise({"the lasting one": ["-c", lasting], "the short one": ["-c", short]}, os.environ)
    assert end.value.code == 1
    assert f"the short one has ended by itself (exit status {code[-2]})" in " ".join(capfd.readouterr().err.split())
    with pytest.raises(ProcessLookupError):
        os.kill(int(own.read_text()), 0)


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["dagster_webserver", "dagster._daemon"])
def test_the_ui_ends_with_status_1_if_a_server_is_killed(victim: str, tmp_path: Path) -> None:
    with corridor_ui(tmp_path / "data", "--no-pages") as server:
        (pid,) = [pid for pid, arguments in descendants(server.process.pid) if victim in arguments]
        os.kill(pid, signal.SIGKILL)
        assert server.process.wait(60) == 1
        assert "has ended by itself" in server.log.read_text()
        assert not descendants(server.process.pid)


@pytest.mark.slow
def test_modules_of_the_current_folder_are_not_loaded(tmp_path: Path) -> None:
    hostile, marker = tmp_path / "hostile", tmp_path / "marker"
    (hostile / "pipelines").mkdir(parents=True)
    for module in HOSTILE:
        code = f"open({str(marker)!r}, 'a').write(__file__ + chr(10)); raise SystemExit('SHADOWED')\n"
        (hostile / module).write_text(code)
    (hostile / ".env").write_text("CORRIDOR_MODE=nonsense\n")
    port = free_port()
    server = Server(port, tmp_path / "data", tmp_path / "log", start(hostile, port, tmp_path))
    try:
        wait_until(lambda: loaded(server), 120, "the loaded code location")
        assert not marker.exists(), marker.read_text()
        assert "SHADOWED" not in server.log.read_text()
    finally:
        stop(server.process)


def start(cwd: Path, port: int, folder: Path) -> "subprocess.Popen[bytes]":
    """``corridor ui`` as the installed script starts it, in a folder with modules of our names."""
    script = "import sys; from pipelines.cli import main; sys.exit(main())"
    command = [
        sys.executable,
        "-P",
        "-c",
        script,
        "ui",
        "--no-pages",
        "--port",
        str(port),
        "--data",
        str(folder / "data"),
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command, cwd=cwd, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
