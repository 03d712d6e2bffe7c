"""Dagster's event log with open connections: its files are those of Dagster's own class."""

import shutil
from pathlib import Path

import dagster as dg
import pytest
import yaml

from assets.core.errors import AssetError
from pipelines.event_storage import MOST_OPEN, PooledSqliteEventLogStorage
from pipelines.instance import INSTANCE, dagster_home, open_instance


@dg.asset
def counted() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"rows": 3})


def materialise(instance: dg.DagsterInstance) -> str:
    """Run a job with one asset and return the id of the run."""
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    job = dg.Definitions(assets=[counted]).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(instance=instance, run_config=quiet).run_id


def rows(instance: dg.DagsterInstance) -> object:
    """Return the number of rows that the last materialisation has as metadata."""
    event = instance.get_latest_materialization_event(dg.AssetKey("counted"))
    assert event is not None
    assert event.asset_materialization is not None
    return event.asset_materialization.metadata["rows"].value


def test_the_class_of_dagster_reads_the_events(tmp_path: Path) -> None:
    with open_instance(tmp_path) as instance:
        assert isinstance(instance.event_log_storage, PooledSqliteEventLogStorage)
        materialise(instance)
    (dagster_home(tmp_path) / "dagster.yaml").write_text(yaml.safe_dump(INSTANCE))
    with open_instance(tmp_path) as instance:
        assert not isinstance(instance.event_log_storage, PooledSqliteEventLogStorage)
        assert rows(instance) == 3


def test_the_events_move_with_the_data_folder(tmp_path: Path) -> None:
    with open_instance(tmp_path / "before") as instance:
        materialise(instance)
    shutil.move(tmp_path / "before", tmp_path / "after")
    with open_instance(tmp_path / "after") as instance:
        assert rows(instance) == 3
    assert not (tmp_path / "before").exists()


def test_the_connections_of_few_runs_stay_open(tmp_path: Path) -> None:
    with open_instance(tmp_path) as instance:
        runs = [materialise(instance) for _ in range(MOST_OPEN + 2)]
        storage = instance.event_log_storage
        assert isinstance(storage, PooledSqliteEventLogStorage)
        assert len(storage._engines) == MOST_OPEN
        assert all(instance.all_logs(run) for run in runs)
        storage.wipe()
        assert not instance.all_logs(runs[0])


@pytest.mark.parametrize("content", ["[1, 2]", "a: [", "text"])
def test_a_configuration_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    (dagster_home(tmp_path) / "dagster.yaml").write_text(content)
    with pytest.raises(AssetError, match=r"dagster\.yaml is not a valid configuration"):
        dagster_home(tmp_path)
