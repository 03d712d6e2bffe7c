"""The files of tables in releases: an unchanged table is one file on the disk, and a damaged one is not published."""

from pathlib import Path

import pytest

from assets.core.workspace import Workspace
from assets.ingest.stored import StageResult
from assets.publish.release import put_table
from tests.support.frames import rows
from warehouse.files import sha256

TABLE = "population"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "data", "live")


def result(folder: Path, value: float) -> StageResult:
    """The result of the stage of a table with one row."""
    folder.mkdir(parents=True)
    rows(TABLE, {"value": value}).write_parquet(folder / "rows.parquet")
    return StageResult(folder, str(value))


def put(workspace: Workspace, item: StageResult, release: str) -> Path:
    """The file of the table in a new release."""
    folder = workspace.data / release
    folder.mkdir(parents=True)
    facts, _ = put_table(workspace, TABLE, item, folder)
    path = folder / f"{TABLE}.parquet"
    assert (facts.rows, facts.sha256) == (1, sha256(path))
    return path


def test_releases_share_the_file_of_an_unchanged_table(workspace: Workspace) -> None:
    first, other = result(workspace.data / "a", 1.0), result(workspace.data / "b", 2.0)
    shared = put(workspace, first, "1")
    assert shared.samefile(put(workspace, first, "2"))
    assert not shared.samefile(put(workspace, other, "3"))
    assert not shared.stat().st_mode & 0o222, "a change of it would change all releases"


def test_a_damaged_stored_file_is_not_published(workspace: Workspace) -> None:
    item = result(workspace.data / "a", 1.0)
    good = put(workspace, item, "1").read_bytes()
    (stored,) = workspace.stage_cache.root.glob(f"released/{TABLE}/*/{TABLE}.parquet")
    damaged = bytearray(good)
    damaged[len(damaged) // 2] ^= 1
    stored.unlink()
    stored.write_bytes(damaged)
    assert put(workspace, item, "2").read_bytes() == good
