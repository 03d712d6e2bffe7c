"""Builds are killed at each step that changes stored data, and at random moments with a fixed seed."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.killing import STEPS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc/self/fd of Linux"),
]

KILLS = 200
SEED = 20081124


@pytest.fixture(scope="module")
def kills() -> list[dict[str, object]]:
    command = [sys.executable, "-m", "tests.support.killing", str(KILLS), str(SEED)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found, done.stderr
    assert done.returncode == any(kill["problems"] for kill in found), done.stderr
    return found


def test_after_a_kill_releases_are_intact_and_the_next_build_publishes_the_same_release(
    kills: list[dict[str, object]],
) -> None:
    assert [kill for kill in kills if kill["problems"]] == []


def test_a_build_was_killed_at_every_step_that_changes_stored_data(kills: list[dict[str, object]]) -> None:
    assert {kill["at"] for kill in kills if not kill["late"]} >= set(STEPS)


def test_the_random_kills_hit_all_parts_of_a_build(kills: list[dict[str, object]]) -> None:
    """Count the last finished step of the builds that had not ended before the kill."""
    met = [str(kill["done"]) for kill in kills if isinstance(kill["at"], float) and not kill["late"]]
    assert len(met) == KILLS
    parts = Counter(done.partition("/")[0].partition("_")[0] for done in met)
    assert set(parts) >= {"nothing", "payload", "observations", "table"}, parts
    assert max(parts.values()) < 0.7 * KILLS, parts
