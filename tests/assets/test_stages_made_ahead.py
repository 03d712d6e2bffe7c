"""What the graph will ask for is made in processes beside it, on which nothing rests."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assets.core import prefetch
from tests.conftest import ROOT


def made(path: Path) -> int:
    """A stage: it is made once, and tells by which process."""
    if not path.exists():
        path.write_text(str(os.getpid()))
    return int(path.read_text())


def made_here_alone(path: Path, here: int) -> int:
    if os.getpid() != here:
        os.kill(os.getpid(), signal.SIGKILL)
    return made(path)


def refused(path: Path) -> int:
    raise ValueError(f"{path.name} cannot be made")


def test_what_was_begun_is_made_by_another_process(tmp_path: Path) -> None:
    with prefetch.beside():
        prefetch.begin(made, tmp_path / "begun")
        assert prefetch.done(made, tmp_path / "begun") != os.getpid()
        assert prefetch.done(made, tmp_path / "not begun") == os.getpid()


def test_without_processes_a_step_makes_it_itself(tmp_path: Path) -> None:
    prefetch.begin(made, tmp_path / "one")
    assert prefetch.done(made, tmp_path / "one") == os.getpid()


def test_what_fails_beside_fails_where_it_is_asked_for(tmp_path: Path) -> None:
    with prefetch.beside():
        prefetch.begin(refused, tmp_path / "one")
        with pytest.raises(ValueError, match="one cannot be made"):
            prefetch.done(refused, tmp_path / "one")


def test_a_process_that_is_killed_costs_nothing(tmp_path: Path) -> None:
    with prefetch.beside():
        prefetch.begin(made_here_alone, tmp_path / "one", os.getpid())
        assert prefetch.done(made_here_alone, tmp_path / "one", os.getpid()) == os.getpid()
        prefetch.begin(made, tmp_path / "two")
        assert prefetch.done(made, tmp_path / "two") == os.getpid()


def endless(path: Path) -> None:
    made(path)
    time.sleep(600)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at processes as Linux shows them")
def test_no_process_outlives_a_build_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys; from tests.assets.test_stages_made_ahead import *\n"
        "with prefetch.beside(): prefetch.begin(endless, Path(sys.argv[1])); time.sleep(600)"
    )
    path = tmp_path / "pid"
    with subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT, stderr=subprocess.DEVNULL) as build:
        child = Path("/proc") / _told(path)
        build.kill()
    deadline = time.monotonic() + 30
    while child.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not child.exists()


def _told(path: Path) -> str:
    deadline = time.monotonic() + 60
    while not path.exists() or not path.read_text():
        assert time.monotonic() < deadline, "no process began"
        time.sleep(0.05)
    return path.read_text()
