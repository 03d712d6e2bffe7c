"""Dagster's instance of a data folder: its configuration file, opening it, and forgetting old runs."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from sqlalchemy.exc import DatabaseError

from assets.core.errors import AssetError
from pipelines.database import require_postgres
from pipelines.event_storage import PooledSqliteEventLogStorage

# Bytes. With less free space an error of a database means a full disk.
LEAST_FREE = 32 << 20

# Storage in SQLite in the instance's folder. A person may edit the file, for instance to use PostgreSQL.
INSTANCE: dict[str, Any] = {
    # Nothing leaves the machine.
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},
    "freshness": {"enabled": True},
    # The messages of our loggers appear with the steps of a run. Steps print nothing, and the processes that would
    # follow their output survive a build that is killed.
    "python_logs": {"managed_python_loggers": ["corridor"], "python_log_level": "INFO"},
    "compute_logs": {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"},
    # One run at a time changes a data folder.
    "concurrency": {"runs": {"max_concurrent_runs": 1}},
    "run_monitoring": {"enabled": True, "max_runtime_seconds": 21_600},
}

# In the messages of SQLite for a file whose content is wrong. Its other errors, such as "attempt to write a readonly
# database" and "database is locked", are about good files.
DAMAGED = ("malformed", "not a database")


def dagster_home(data: Path) -> Path:
    """The folder of Dagster's instance in a data folder.

    Writes its configuration file if there is none or if the folder was moved: the file has the path of the events.
    Raises ``AssetError`` if the file is not valid.
    """
    home = data / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    config = home / "dagster.yaml"
    present = _configuration(config) if config.exists() else INSTANCE | _event_log(home)
    placed = present | _event_log(home) if _is_ours(present) else present
    if placed != present or not config.exists():
        unfinished = home / ".dagster.yaml"
        unfinished.write_text(yaml.safe_dump(placed), encoding="utf-8")
        unfinished.replace(config)
    return home


def _configuration(config: Path) -> dict[str, Any]:
    """The content of a configuration file. Raises ``AssetError`` if a person made it invalid."""
    try:
        present = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        present = error
    if not isinstance(present, dict):
        raise AssetError(f"{config} is not a valid configuration of Dagster; correct it, or remove it to use SQLite")
    return present


def _event_log(home: Path) -> dict[str, Any]:
    """The declaration of the event log with open connections, in the folder that Dagster's own class would use."""
    log = PooledSqliteEventLogStorage
    place = {"base_dir": str(home.resolve() / "history" / "runs")}
    return {"event_log_storage": {"module": log.__module__, "class": log.__name__, "config": place}}


def _is_ours(config: dict[str, Any]) -> bool:
    """Whether the events are in a class of this project, of this version or of an earlier one."""
    storage = config.get("event_log_storage") or {}
    return str(storage.get("module")).startswith("pipelines.")


@contextmanager
def open_instance(data: Path) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance of a data folder. Raises ``AssetError`` with the remedy if its records cannot be used."""
    home = dagster_home(data)
    os.environ["DAGSTER_HOME"] = str(home)
    require_postgres(home)
    try:
        with dg.DagsterInstance.get() as opened:
            yield opened
    except DatabaseError as error:
        free = shutil.disk_usage(home).free
        if free < LEAST_FREE or "disk is full" in str(error.orig):
            raise AssetError(
                f"the disk with {home} is full ({free >> 20:,} MiB are free), so Dagster cannot record the run; free "
                "some space and run the command again"
            ) from error
        raise AssetError(f"Dagster's own records in {home} cannot be used ({error.orig}); {_remedy(error)}") from error


def _remedy(error: DatabaseError) -> str:
    """What to do about an error of the database. Only records that SQLite finds damaged may be removed."""
    reason = str(error.orig).lower()
    if any(sign in reason for sign in DAMAGED):
        return "remove that folder: the next build makes it again, and no release depends on it"
    return "the records may be in order: check that this account may write there, and that no other process locks them"


def dagster_workspace() -> list[str]:
    """Dagster's arguments for the place of the definitions: ``workspace.yaml`` of the checkout, or the module."""
    path = Path(__file__).resolve().parents[1] / "workspace.yaml"
    return ["-w", str(path)] if path.exists() else ["-m", "pipelines.definitions"]


def forget_runs(instance: dg.DagsterInstance, before: datetime) -> int:
    """Delete Dagster's records of finished runs that began before a moment; return how many there were.

    The last materialisation and check results of every asset stay known.
    """
    ended = [run for run in instance.get_runs(dg.RunsFilter(created_before=before)) if run.is_finished]
    for run in ended:
        instance.delete_run(run.run_id)
    return len(ended)
