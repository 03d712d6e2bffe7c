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
from warehouse.errors import CorridorError

NO_ANSWER = "No publisher answered, so nothing new could be released"


@dg.sensor(
    name="alert_on_failure",
    description="Sends an alert for every failed run: to alerts.jsonl, and by e-mail and webhook if they are set.",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
)
def alert_on_failure(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """One alert for each failed run: when, which, the checks that failed, and what went wrong in each step."""
    workspace, seen = default_workspace().workspace(), 0
    for seen, run in enumerate(runs.ended(context, dg.DagsterRunStatus.FAILURE), 1):  # noqa: B007 - counts the runs
        problems = runs.problems(context.instance, run.run_id) or [runs.failure(context.instance, run.run_id)]
        alerts.send(workspace.data, alerts.Alert(run.job_name, tuple(problems), run.run_id))
    return dg.SkipReason(f"{seen} runs failed since the last look.")


@dg.sensor(
    name="alert_on_failing_datasets",
    description="Sends an alert for every run after which datasets fail or figures are held back.",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
)
def alert_on_failing_datasets(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """One alert for each run with failed checks of reception or reading, or whose release holds new figures back."""
    workspace, seen = default_workspace().workspace(), 0
    for seen, run in enumerate(runs.ended(context, dg.DagsterRunStatus.SUCCESS), 1):  # noqa: B007 - counts the runs
        problems = _incomplete(context.instance, workspace, run.run_id)
        if problems:
            alerts.send(workspace.data, alerts.Alert(run.job_name, tuple(problems), run.run_id))
    return dg.SkipReason(f"{seen} runs ended since the last look.")


def _incomplete(instance: dg.DagsterInstance, workspace: Workspace, run: str) -> list[str]:
    """What a run that succeeded left undone: datasets that fail, and figures that its release holds back."""
    failed = runs.failed_datasets(instance, run)
    problems = [NO_ANSWER] if failed and has_nothing_to_make(workspace) else []
    problems += [runs.how_many_failed(len(failed)), *failed] if failed else []
    try:
        return problems + _held(instance, workspace, run)
    except CorridorError as error:  # it must not stop the alerts of later runs
        return [*problems, str(error)]


def has_nothing_to_make(workspace: Workspace) -> bool:
    """Whether nothing can be released because no publisher has answered yet."""
    return workspace.mode == "live" and not was_ever_answered(workspace)


def _held(instance: dg.DagsterInstance, workspace: Workspace, run: str) -> list[str]:
    """Each figure that only the latest release holds back, if the run published it."""
    started, last = instance.get_run_stats(run).start_time, releases.latest(workspace.releases)
    if last is None or started is None or datetime.fromisoformat(last.created).timestamp() + 1 < started:
        return []
    return newly_held(workspace)
