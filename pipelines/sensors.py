"""The sensors: a run that fails writes an alert where whoever is on call finds it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import orjson

from pipelines.settings import settings


@dg.run_failure_sensor(
    name="alert_on_failure",
    description="Appends a line to alerts.jsonl in the data folder for every failed run.",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
)
def alert_on_failure(context: dg.RunFailureSensorContext) -> None:
    """One line a failed run: when, which, and what went wrong in each step that failed."""
    run = context.dagster_run
    causes = [*_causes(context.get_step_failure_events())] or [context.failure_event.message or "unknown"]
    alert(settings().data.resolve(), run.run_id, run.job_name, "; ".join(causes))


def _causes(failures: Iterable[dg.DagsterEvent]) -> Iterable[str]:
    for event in failures:
        yield f"{str(event.step_key).replace('__', '/')}: {cause(event)}"


def cause(event: dg.DagsterEvent) -> str:
    """In one line, what made a step fail."""
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    failure = event.step_failure_data.user_failure_data
    if failure is not None and failure.description:
        return str(failure.description)
    return error.message.strip().splitlines()[0] if error is not None else "unknown"


def alert(folder: Path, run: str, job: str, message: str) -> None:
    """Append an alert to ``alerts.jsonl``."""
    folder.mkdir(parents=True, exist_ok=True)
    line = {"at": datetime.now(UTC).isoformat(), "run": run, "job": job, "message": message}
    with (folder / "alerts.jsonl").open("ab") as file:
        file.write(orjson.dumps(line) + b"\n")
