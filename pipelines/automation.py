"""When jobs run: the schedules, which are on by default, and the sensor that rebuilds what a night changed.

A publisher with updates at another hour declares a cron schedule in its catalogue entry, which becomes the automation
condition of its payload assets.
"""

import dagster as dg

from assets.core.workspace import Mode
from pipelines.changes import changed_assets
from pipelines.jobs import CHECK_PUBLISHERS, REBUILD, RECEIVE, RETENTION
from pipelines.operations import runs
from pipelines.resources import default_workspace
from pipelines.sensors import NO_ANSWER, has_nothing_to_make

nightly = dg.ScheduleDefinition(
    name="nightly",
    job=RECEIVE,
    cron_schedule="0 2 * * *",
    execution_timezone="Europe/Brussels",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Requests every dataset each night at 02:00 in Brussels; rebuild_changed does the rest.",
)
retention = dg.ScheduleDefinition(
    name="weekly_retention",
    job=RETENTION,
    cron_schedule="0 7 * * 0",
    execution_timezone="Europe/Brussels",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Removes old releases, stored results and runs each Sunday at 07:00 in Brussels.",
)


def weekly_check(mode: Mode) -> dg.ScheduleDefinition:
    """The schedule that asks the publishers. It is off by default in a snapshot workspace, which needs no network."""
    on, off = dg.DefaultScheduleStatus.RUNNING, dg.DefaultScheduleStatus.STOPPED
    return dg.ScheduleDefinition(
        name="weekly_check",
        job=CHECK_PUBLISHERS,
        cron_schedule="0 6 * * 1",
        execution_timezone="Europe/Brussels",
        default_status=on if mode == "live" else off,
        description="Compares the answers of the publishers with the catalogue each Monday at 06:00 in Brussels.",
    )


@dg.sensor(
    name="rebuild_changed",
    job=REBUILD,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=10,
    description="After each run of job receive, starts job rebuild for the assets that the new payloads change.",
)
def rebuild_changed(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Request a run of the changed assets after the last reception, or report why there is none."""
    received = list(runs.ended(context, dg.DagsterRunStatus.SUCCESS, RECEIVE.name))
    if not received:
        return dg.SkipReason("No run of job receive ended since the last look.")
    workspace = default_workspace().workspace()
    if has_nothing_to_make(workspace):
        return dg.SkipReason(f"{NO_ANSWER}.")
    keys = changed_assets(context.instance, workspace)
    if not keys:
        return dg.SkipReason("No asset changed.")
    return dg.RunRequest(run_key=received[-1].run_id, asset_selection=keys)
