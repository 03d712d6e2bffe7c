"""Builds of three million generated observations: their memory, and their release after kills.

A table that is collected whole fails the first test. Both builds read the same payloads, so their tables have equal
bytes, although the second build is killed several times.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import live_world, nights
from warehouse import releases
from warehouse.archive import Archive
from warehouse.storage.local import LocalPlace

# GiB of all processes of the build together, with the two that read payloads.
MEMORY = 3.0
# Seconds after which a build is killed: it reads, makes tables, checks them.
KILLED_AFTER = (12, 20, 30)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """The data folder of an uninterrupted build, and what was measured."""
    data = tmp_path_factory.mktemp("measured")
    assert live_world.fill(Archive(data / "archive"), share=0.1) > 2_900_000
    return data, nights.measured(night(data), data)


def night(data: Path) -> list[str]:
    return [sys.executable, "-c", nights.NIGHT, str(data)]


def tables(data: Path) -> dict[str, str]:
    """Table → sha256 of its file in the last release, without the list of releases, which has their times."""
    last = releases.latest(LocalPlace(data / "releases"))
    return {name: facts.sha256 for name, facts in last.tables.items() if name != "release"} if last else {}


def killed(data: Path, seconds: int) -> bool:
    """Start a build and kill all its processes after some seconds; whether it was still running."""
    with subprocess.Popen(
        night(data), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return True
        return False


def test_a_build_of_three_million_observations_needs_little_memory(measured: tuple[Path, dict[str, object]]) -> None:
    found = measured[1]
    assert "held back" not in str(found["release"])
    assert 0 < float(str(found["memory, GiB"])) < MEMORY


def test_killed_builds_end_in_the_release_of_an_uninterrupted_one(
    measured: tuple[Path, dict[str, object]], tmp_path: Path
) -> None:
    shutil.copytree(measured[0] / "archive", tmp_path / "archive")
    kills = [killed(tmp_path, seconds) for seconds in KILLED_AFTER]
    assert any(kills)
    assert tables(tmp_path) == {}, "a killed build has no release"
    subprocess.run(night(tmp_path), check=True, stdout=subprocess.DEVNULL, timeout=600)
    assert tables(tmp_path) == tables(measured[0])
