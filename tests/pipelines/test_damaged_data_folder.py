"""Commands on a data folder that is damaged, cannot be written, or was left by a killed process."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from sqlalchemy.exc import DatabaseError

from assets.core.errors import AssetError
from assets.core.workspace import Workspace
from pipelines.instance import open_instance
from tests.conftest import ROOT, Run
from tests.support.small_release import publish_release
from warehouse.archive import Fetch
from warehouse.contracts import contract
from warehouse.difference import differences
from warehouse.releases import find, is_intact, table_file
from warehouse.storage.local import LocalPlace

EVENT = {
    "measure": "asylum_applicants_chinese",
    "jurisdiction": "DEU",
    "happened": "signature",
    "subject": "IV-13",
    "happened_on": date(1990, 1, 1),
    "year": 1990,
    "value_before": 1.0,
    "value": 2.0,
    "value_after": 3.0,
    "unit": "applications",
}


def timeline(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=contract("policy_timeline").polars_schema)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with two releases, whose only table has a field ``value`` and a field ``value_before``."""
    other = {**EVENT, "subject": "IV-14"}
    publish_release(tmp_path / "releases", "2026-11-29.1", {"policy_timeline": timeline(EVENT, other)})
    changed = {**EVENT, "value": 4.0, "value_before": 0.5}
    publish_release(tmp_path / "releases", "2026-11-30.1", {"policy_timeline": timeline(changed)})
    archive = Workspace(tmp_path, "snapshot").archive
    payload = archive.store(stored_table(tmp_path))
    archive.append(Fetch(datetime.now(UTC), "snapshot", "unhcr", "population", "", "", {}, 200, {}, 0.0, 0, payload))
    return tmp_path


def stored_table(data: Path) -> Path:
    root = LocalPlace(data / "releases")
    return Path(table_file(root, find(root), "policy_timeline"))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def overwrite(path: Path) -> None:
    path.write_bytes(b"x" * path.stat().st_size)


def test_a_table_with_a_field_named_like_an_older_value_is_compared(data: Path) -> None:
    root = LocalPlace(data / "releases")
    (found,) = differences(root, find(root, "2026-11-29.1"), find(root, "2026-11-30.1"))
    assert (found.added, found.removed, found.changed) == (0, 1, 1)
    assert found.examples[0]["before"] == {"value_before": 1.0, "value": 2.0}
    assert found.examples[0]["after"] == {"value_before": 0.5, "value": 4.0}


@pytest.mark.parametrize("damage", [cut, overwrite, Path.unlink])
@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", "policy_timeline", "jurisdiction=DEU"),
        ("export", "policy_timeline", "{folder}", "--excel"),
        ("diff", "2026-11-29.1"),
    ],
)
def test_a_damaged_table_is_named_with_its_release_and_the_remedy(
    run_here: Run, data: Path, arguments: tuple[str, ...], damage: Callable[[Path], None]
) -> None:
    damage(stored_table(data))
    done = run_here(*(each.format(folder=data / "out") for each in arguments), "--data", str(data))
    assert done.returncode == 1
    assert done.stderr.startswith(
        "error: the table policy_timeline of the release 2026-11-30.1 is damaged or missing; `corridor verify` names"
    )


@pytest.mark.parametrize("damage", [cut, overwrite, Path.unlink])
def test_a_damaged_release_is_not_current_so_that_the_next_build_replaces_it(
    data: Path, damage: Callable[[Path], None]
) -> None:
    root = LocalPlace(data / "releases")
    assert is_intact(root, find(root))
    damage(stored_table(data))
    assert not is_intact(root, find(root))


def test_status_is_critical_if_a_table_of_the_latest_release_is_damaged(run_here: Run, data: Path) -> None:
    assert run_here("status", "--data", str(data)).returncode == 0
    cut(stored_table(data))
    done = run_here("status", "--data", str(data))
    assert (done.returncode, "have another size: policy_timeline" in done.stderr) == (4, True), done


def test_status_is_critical_after_a_killed_build_that_recorded_no_run(run_here: Run, data: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (data / "build.pid").write_text(f"{ended.pid}\n")
    done = run_here("status", "--data", str(data))
    assert (done.returncode, "was killed; `corridor build` continues" in done.stderr) == (4, True), done


@pytest.mark.parametrize(
    ("reason", "may_be_removed"),
    [
        ("attempt to write a readonly database", False),
        ("database is locked", False),
        ("unable to open database file", False),
        ("disk I/O error", False),
        ("database disk image is malformed", True),
        ("file is not a database", True),
    ],
)
def test_only_damaged_records_may_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str, may_be_removed: bool
) -> None:
    def refused() -> None:
        raise DatabaseError("insert", {}, sqlite3.OperationalError(reason))

    monkeypatch.setattr(dg.DagsterInstance, "get", refused)
    with pytest.raises(AssetError, match=reason) as error, open_instance(tmp_path):
        pass
    assert ("remove that folder" in str(error.value)) == may_be_removed


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(("explain", "policy_timeline", "--limit", "99999999999999999999"), 2), (("as-of", "9999-12-31", "asylum"), 0)],
)
def test_the_greatest_number_and_the_last_day_give_no_traceback(
    run_here: Run, data: Path, arguments: tuple[str, ...], status: int
) -> None:
    done = run_here(*arguments, "--data", str(data))
    assert (done.returncode, done.stderr.startswith("error: ")) == (status, status > 0), done


@pytest.mark.parametrize(
    "arguments", [("as-of", "2026-11-30", "asylum"), ("diff", "2026-11-29.1"), ("read", "a/b", "{data}/build.lock")]
)
def test_a_file_in_a_folder_that_does_not_exist_is_refused_with_the_folder(
    run_here: Run, data: Path, arguments: tuple[str, ...]
) -> None:
    (data / "build.lock").write_text("")
    target = data / "none" / "x"
    arguments = tuple(each.format(data=data) for each in arguments)
    done = run_here(*(() if arguments[0] == "read" else ("--data", str(data))), *arguments, "-o", str(target))
    assert (done.returncode, f"there is no folder {target.parent}" in done.stderr) == (1, True), done


def test_an_alert_about_a_folder_that_does_not_exist_fails_and_makes_none(run_here: Run, tmp_path: Path) -> None:
    done = run_here("alert", "--data", str(tmp_path / "wrong"))
    assert (done.returncode, "there is no data folder" in done.stderr) == (1, True), done
    assert not (tmp_path / "wrong").exists()


def test_an_alert_about_a_folder_of_something_else_fails_and_writes_nothing(run_here: Run, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    done = run_here("alert", "--data", str(tmp_path))
    assert (done.returncode, "has no data of Corridor" in done.stderr) == (1, True), done
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("address", ["", "nonsense", "postgresql+psycopg2://corridor:secret@127.0.0.1:9/corridor"])
def test_records_in_a_database_that_cannot_be_used_are_one_sentence(
    run_here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    config = tmp_path / "dagster" / "dagster.yaml"
    config.parent.mkdir()
    shutil.copy(ROOT / "deploy" / "dagster.yaml", config)
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", address)
    done = run_here("doctor", "--data", str(tmp_path))
    assert (done.returncode, "puts Dagster's records into PostgreSQL" in done.stdout) == (1, True), done
    assert "secret" not in done.stdout + done.stderr


def test_doctor_names_the_damaged_table(run_here: Run, data: Path) -> None:
    cut(stored_table(data))
    assert "another size: policy_timeline of 2026-11-30.1" in run_here("doctor", "--data", str(data)).stdout


def test_the_catalog_is_not_built_again_from_a_damaged_table(run_here: Run, data: Path) -> None:
    cut(stored_table(data))
    done = run_here("register", "--rebuild", "--data", str(data))
    assert (done.returncode, "2026-11-30.1: policy_timeline.parquet is damaged" in done.stderr) == (1, True), done
    assert "--rebuild" not in done.stderr
