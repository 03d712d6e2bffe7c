"""A build of three million generated observations stays within its memory, so that a table collected whole fails."""

import sys
from pathlib import Path

import pytest

from benchmarks import live_world, nights
from warehouse.archive import Archive

# GiB of all processes of the build together, with the two that read payloads.
MEMORY = 3.0


@pytest.mark.slow
def test_a_build_of_three_million_observations_needs_little_memory(tmp_path: Path) -> None:
    count = live_world.fill(Archive(tmp_path / "archive"), share=0.1)
    found = nights.measured([sys.executable, "-c", nights.NIGHT, str(tmp_path)], tmp_path)
    assert count > 2_900_000
    assert "held back" not in str(found["release"])
    assert 0 < float(str(found["memory, GiB"])) < MEMORY
