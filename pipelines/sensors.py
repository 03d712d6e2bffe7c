"""The sensors of alerts: they send an alert for a run that failed, and for one after which datasets fail.

The command ``build`` sends the alerts of its runs itself, whether a daemon runs or not.
"""

from datetime import datetime

import dagster as dg

from assets.core.workspace import Workspace
from assets.publish.held import newly_held
from assets.publish.release import was_ever_answered
from pipelines.operations import alerts, runs
from pipelines.resources import default_workspace
from warehouse import releases

NO_ANSWER = "No publisher answered, so nothing new could be released"


@dg.run_failure_sensor(
    name="alert_on_failure",
    description="Sends an alert for every failed run: to alerts.jsonl, and by e-mail and webhook if they are set.",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
)
def alert_on_failure(context: dg.RunFailureSensorContext) -> None:
    """One alert for a failed run: when, which, the checks that failed, and what went wrong in each step."""
    run = context.dagster_run
    if runs.COMMAND in run.tags:
        return
    problems = runs.problems(context.instance, run.run_id) or [context.failure_event.message or "unknown"]
    alerts.send(default_workspace().workspace().data, alerts.Alert(run.job_name, tuple(problems), run.run_id))


@dg.run_status_sensor(
    name="alert_on_failing_datasets",
    run_status=dg.DagsterRunStatus.SUCCESS,
    description="Sends an alert for every run after which datasets fail or figures are held back.",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
)
def alert_on_failing_datasets(context: dg.RunStatusSensorContext) -> None:
    """One alert for a run with failed checks of reception or reading, or whose release holds new figures back."""
    run, workspace = context.dagster_run, default_workspace().workspace()
    if runs.COMMAND in run.tags:
        return
    failed = runs.failed_datasets(context.instance, run.run_id)
    problems = [NO_ANSWER] if failed and has_nothing_to_make(workspace) else []
    problems += [f"{len(failed)} datasets failed" if len(failed) > 1 else "1 dataset failed", *failed] if failed else []
    problems += _held(context.instance, workspace, run.run_id)
    if problems:
        alerts.send(workspace.data, alerts.Alert(run.job_name, tuple(problems), run.run_id))


def has_nothing_to_make(workspace: Workspace) -> bool:
    """Whether nothing can be released because no publisher has answered yet."""
    return workspace.mode == "live" and not was_ever_answered(workspace)


def _held(instance: dg.DagsterInstance, workspace: Workspace, run: str) -> list[str]:
    """Each figure that only the latest release holds back, if the run published it."""
    started, last = instance.get_run_stats(run).start_time, releases.latest(workspace.releases)
    if last is None or started is None or datetime.fromisoformat(last.created).timestamp() + 1 < started:
        return []
    return newly_held(workspace)
