"""What an engineer does with a workspace over years: a backup is restored, and PostgreSQL has Dagster's records."""

import shutil
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from assets.core.workspace import Workspace
from pipelines import build
from pipelines.inventory import verified
from pipelines.operations.backup import BackupError, backup
from pipelines.operations.status import status
from tests.conftest import ROOT
from tests.support.postgres_server import postgres_server, sql
from tests.support.publisher_double import Double, displaced
from tests.support.small_workspace import BUILD_TIME, small_workspace
from warehouse import releases

pytestmark = pytest.mark.slow

EARLIER = ROOT / "tests" / "support" / "workspace_of_an_earlier_version.tar.gz"
EVENING = datetime(2026, 11, 24, 20, tzinfo=UTC)
LATER = datetime(2026, 11, 25, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def publishers() -> Iterator[Double]:
    with small_workspace() as running:
        yield running


def publish(publishers: Double, workspace: Workspace, refugees: int) -> build.Outcome:
    publishers.unhcr["population"] = [
        displaced("CHN", asylum, year, refugees) for asylum in ("AUT", "DEU") for year in range(2010, 2022)
    ]
    return build.run(workspace, None, lambda *_: None)


def test_a_backup_is_restored_with_its_releases_and_a_build_continues(publishers: Double, tmp_path: Path) -> None:
    workspace, backups = Workspace(tmp_path / "data", "live", build_time=BUILD_TIME), tmp_path / "backups"
    first = publish(publishers, workspace, 100)
    whole = backup(workspace.data, backups, EVENING)
    assert publish(publishers, workspace, 101).new
    second = backup(workspace.data, backups, LATER)
    ledger, payloads = Path("archive", "ledger.jsonl"), sorted((whole / "archive").rglob("*"))
    assert (whole / ledger).read_bytes() != (second / ledger).read_bytes()
    kept = [path for path in payloads if path.is_file() and path.stat().st_nlink > 1]
    assert kept  # payloads of the first backup take no space in the second
    assert not (second / "stage_cache").exists()
    before = releases.index(workspace.releases)
    shutil.rmtree(workspace.data)
    shutil.copytree(second, workspace.data)
    assert releases.index(workspace.releases) == before
    assert verified(workspace, lambda *_: None)[1] == []
    again = publish(publishers, workspace, 101)
    assert (again.new, again.held_back, again.release) == (False, None, before[-1].name)
    shutil.rmtree(workspace.data)
    shutil.copytree(whole, workspace.data)
    assert [release.name for release in releases.index(workspace.releases)] == [first.release]
    with pytest.raises(BackupError, match="lies in the data folder"):
        backup(workspace.data, workspace.data / "backups", LATER)


def test_a_workspace_of_an_earlier_version_is_read_verified_and_continued(publishers: Double, tmp_path: Path) -> None:
    """The archive was made before lines of the ledger had a version, with a storage of Dagster that is gone."""
    workspace = Workspace(tmp_path / "data", "live", build_time=BUILD_TIME)
    with tarfile.open(EARLIER) as archive:
        archive.extractall(workspace.data, filter="data")
    ledger = workspace.archive.ledger.read_bytes()
    assert b'"version"' not in ledger
    (old,) = releases.index(workspace.releases)
    tables = {path: path.read_bytes() for path in (workspace.data / "releases" / old.name).rglob("*.parquet")}
    figures = pl.read_parquet(next(path for path in tables if path.stem == "displacement"))
    assert verified(workspace, lambda *_: None)[1] == []

    outcome = publish(publishers, workspace, 100)
    assert outcome.new
    assert workspace.archive.ledger.read_bytes().startswith(ledger)
    assert {path: path.read_bytes() for path in tables} == tables
    built = pl.read_parquet(workspace.data / "releases" / str(outcome.release) / "tables" / "displacement.parquet")
    years = built.filter(pl.col("year").is_between(2019, 2021))
    assert years["value"].sum() == figures["value"].sum()
    assert verified(workspace, lambda *_: None)[1] == []
    assert "pipelines.event_log" not in (workspace.data / "dagster" / "dagster.yaml").read_text()


def test_dagster_keeps_its_records_in_postgresql_and_they_are_restored(
    publishers: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("dagster_postgres", reason="install requirements-postgres.lock")
    workspace, backups = Workspace(tmp_path / "data", "live", build_time=BUILD_TIME), tmp_path / "backups"
    config = workspace.data / "dagster" / "dagster.yaml"
    config.parent.mkdir(parents=True)
    shutil.copy(ROOT / "deploy" / "dagster.yaml", config)
    with postgres_server() as address:
        monkeypatch.setenv("DAGSTER_POSTGRES_URL", address.replace("postgresql:", "postgresql+psycopg2:"))
        assert publish(publishers, workspace, 100).new
        night = status(workspace, datetime.now(UTC)).night
        assert night is not None
        assert night.result == "complete"
        assert not list(workspace.data.rglob("dagster/**/*.db"))
        count = sql(address, "select count(*) from runs")
        assert int(count) == len(night.runs) == 2
        made = backup(workspace.data, backups, EVENING)
        assert not publish(publishers, workspace, 100).new
        sql(address, "drop schema public cascade", "create schema public")
        shutil.rmtree(workspace.data)
        shutil.copytree(made, workspace.data)
        sql(address, file=workspace.data / "dagster.sql")
        assert sql(address, "select count(*) from runs") == count
        assert status(workspace, datetime.now(UTC)).night == night
        assert not publish(publishers, workspace, 100).new
        records = (made / "dagster.sql").read_bytes()
        backup(workspace.data, backups, LATER)
        assert (made / "dagster.sql").read_bytes() == records
