"""What Dagster recorded of runs: the failed checks of a run by their names, and the causes of its failed steps."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from assets.core.errors import held_back
from assets.core.failures import without_address
from pipelines.operations.run_table import COMMAND

# How long before its first evaluation a sensor looks for runs: the daemon may start after a run has ended.
FIRST_LOOK = timedelta(days=1)


def ended(
    context: dg.SensorEvaluationContext, status: dg.DagsterRunStatus, job: str | None = None
) -> Iterator[dg.DagsterRun]:
    """Each run that ended with a status since the last evaluation of a sensor, the earliest first.

    The first evaluation looks at the runs of the last day. A run-status sensor of Dagster would begin with the runs
    that end after it. Runs of the command ``build`` are left out. The cursor of the sensor is the time of the last run.
    """
    after = _moment(context.cursor) or datetime.now(UTC) - FIRST_LOOK
    wanted = dg.RunsFilter(statuses=[status], job_name=job, updated_after=after)
    for record in context.instance.get_run_records(wanted, order_by="update_timestamp", ascending=True):
        if COMMAND not in record.dagster_run.tags:
            yield record.dagster_run
        context.update_cursor(record.update_timestamp.isoformat())


def _moment(cursor: str | None) -> datetime | None:
    """The time in a cursor. None if there is none, or if a run-status sensor of an earlier version wrote it."""
    try:
        return datetime.fromisoformat(cursor) if cursor else None
    except ValueError:
        return None


def how_many_failed(count: int, *, steps: bool = False) -> str:
    """How many datasets failed, or how many datasets and steps of a run together."""
    one, several = ("dataset or step", "datasets or steps") if steps else ("dataset", "datasets")
    return f"{count:,} {one if count == 1 else several} failed"


def failed_datasets(instance: dg.DagsterInstance, run: str) -> list[str]:
    """Each dataset whose check of reception or reading failed in a run, with its first failure."""
    found: dict[str, str] = {}
    for checked in _failed_checks(instance, run):
        if "failures" not in checked.metadata:
            continue
        first = str(checked.metadata["failures"].value).splitlines()[0].removeprefix("- ")
        if first != "none":
            found.setdefault("/".join(checked.asset_key.path[1:]), without_address(first))
    return [reason if reason.startswith(name) else f"{name}: {reason}" for name, reason in found.items()]


def failed_rules(instance: dg.DagsterInstance, run: str) -> list[str]:
    """Each table with a failed check of severity error in a run, with the names of its failed rules and their rows."""
    return [
        f"{checked.asset_key.path[-1]}: {checked.description}"
        for checked in _failed_checks(instance, run)
        if checked.severity == dg.AssetCheckSeverity.ERROR and "rules" in checked.metadata
    ]


def causes(instance: dg.DagsterInstance, run: str) -> list[str]:
    """Each step of a run that raised an error, with its cause. Steps that only failed checks stopped are left out."""
    records = instance.get_records_for_run(run, of_type=dg.DagsterEventType.STEP_FAILURE).records
    events = [record.event_log_entry.dagster_event for record in records]
    return [
        f"{str(event.step_key).replace('__', '/')}: {cause(event)}"
        for event in events
        if event is not None and not _is_stopped_by_checks(event)
    ]


def problems(instance: dg.DagsterInstance, run: str) -> list[str]:
    """Why a run failed: the rules that hold its release back, and the steps that raised an error."""
    rules = failed_rules(instance, run)
    return ([held_back(rules)] if rules else []) + causes(instance, run)


def failure(instance: dg.DagsterInstance, run: str) -> str:
    """The message with which Dagster ended a failed run."""
    records = instance.get_records_for_run(run, of_type=dg.DagsterEventType.RUN_FAILURE).records
    event = records[0].event_log_entry.dagster_event if records else None
    return (event.message if event else None) or "unknown"


def cause(event: dg.DagsterEvent) -> str:
    """In one line, what made a step fail."""
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    failure = event.step_failure_data.user_failure_data
    if failure is not None and failure.description:
        return str(failure.description)
    return error.message.strip().splitlines()[0] if error is not None else "unknown"


def _is_stopped_by_checks(event: dg.DagsterEvent) -> bool:
    error = event.step_failure_data.error
    return error is not None and error.cls_name == "DagsterAssetCheckFailedError"


def _failed_checks(instance: dg.DagsterInstance, run: str) -> Iterator[dg.AssetCheckEvaluation]:
    records = instance.get_records_for_run(run, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    for record in records:
        event = record.event_log_entry.dagster_event
        checked = event.asset_check_evaluation_data if event else None
        if checked is not None and not checked.passed:
            yield checked
