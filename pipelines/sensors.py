"""The sensors: a run that fails writes an alert where whoever is on call finds it."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import orjson

from pipelines.settings import data_folder


@dg.run_failure_sensor(
    name="alert_on_failure",
    description="Appends a line to alerts.jsonl in the data folder for every failed run.",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
)
def alert_on_failure(context: dg.RunFailureSensorContext) -> None:
    """One line a failed run: when, which, and the first thing that went wrong."""
    alert(data_folder(), context.dagster_run.run_id, context.dagster_run.job_name, context.failure_event.message or "")


def alert(folder: Path, run: str, job: str, message: str) -> None:
    """Append an alert to ``alerts.jsonl``."""
    folder.mkdir(parents=True, exist_ok=True)
    line = {"at": datetime.now(UTC).isoformat(), "run": run, "job": job, "message": message}
    with (folder / "alerts.jsonl").open("ab") as file:
        file.write(orjson.dumps(line) + b"\n")
