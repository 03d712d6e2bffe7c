"""The sensors of alerts: a run that fails, and a dataset that fails, is recorded where whoever is on call finds it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import orjson

from assets.core.failures import without_address
from assets.publish.held import newly_held
from pipelines.settings import settings, workspace
from warehouse import releases


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


@dg.run_status_sensor(
    name="alert_on_failing_datasets",
    run_status=dg.DagsterRunStatus.SUCCESS,
    description="Appends a line to alerts.jsonl for every run after which datasets fail or figures are held back.",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
)
def alert_on_failing_datasets(context: dg.RunStatusSensorContext) -> None:
    """One line for a run with failed checks of reception or reading, or whose release holds new figures back.

    The command build writes its alerts itself.
    """
    run = context.dagster_run
    if ALERTED in run.tags:
        return
    failed = _failed_checks(context.instance, run.run_id)
    lines = [f"{len(failed)} datasets failed" if len(failed) > 1 else "1 dataset failed", *failed] if failed else []
    lines += _held(context.instance, run.run_id)
    if lines:
        alert(settings().data.resolve(), run.run_id, run.job_name, "; ".join(lines))


def _held(instance: dg.DagsterInstance, run: str) -> list[str]:
    """Each figure that only the latest release holds back, if the run published it."""
    found, started = workspace(), instance.get_run_stats(run).start_time
    last = releases.latest(found.releases)
    if last is None or started is None or datetime.fromisoformat(last.created).timestamp() + 1 < started:
        return []
    return newly_held(found)


def _failed_checks(instance: dg.DagsterInstance, run: str) -> list[str]:
    """Each dataset whose check of reception or reading failed in a run, with its first failure."""
    records = instance.get_records_for_run(run, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    found: dict[str, str] = {}
    for record in records:
        event = record.event_log_entry.dagster_event
        checked = event.asset_check_evaluation_data if event else None
        if checked is None or checked.passed or "failures" not in checked.metadata:
            continue
        first = str(checked.metadata["failures"].value).splitlines()[0].removeprefix("- ")
        if first != "none":
            name = "/".join(checked.asset_key.path[1:])
            found.setdefault(name, without_address(first))
    return [reason if reason.startswith(name) else f"{name}: {reason}" for name, reason in found.items()]


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


# The tag of runs of which another process writes the alerts, as the command ``build``.
ALERTED = "corridor/alerted"


def alert(folder: Path, run: str, job: str, message: str) -> None:
    """Append an alert to ``alerts.jsonl``."""
    folder.mkdir(parents=True, exist_ok=True)
    line = {"at": datetime.now(UTC).isoformat(), "run": run, "job": job, "message": message}
    with (folder / "alerts.jsonl").open("ab") as file:
        file.write(orjson.dumps(line) + b"\n")
