"""When jobs run: the nightly schedule, and the sensor that rebuilds what a night changed.

A publisher with updates at another hour declares a cron schedule in its catalogue entry, which becomes the automation
condition of its payload assets.
"""

from collections.abc import Iterator

import dagster as dg

from pipelines.changes import changed_assets
from pipelines.jobs import CHECK_PUBLISHERS, REBUILD, RECEIVE
from pipelines.resources import default_workspace

nightly = dg.ScheduleDefinition(
    name="nightly",
    job=RECEIVE,
    cron_schedule="0 2 * * *",
    execution_timezone="Europe/Brussels",
    description="Requests every dataset each night at 02:00 in Brussels; rebuild_changed does the rest.",
)
weekly_check = dg.ScheduleDefinition(
    name="weekly_check",
    job=CHECK_PUBLISHERS,
    cron_schedule="0 6 * * 1",
    execution_timezone="Europe/Brussels",
    description="Compares the answers of the publishers with the catalogue each Monday at 06:00 in Brussels.",
)


@dg.run_status_sensor(
    name="rebuild_changed",
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[RECEIVE],
    request_job=REBUILD,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=10,
    description="After each run of job receive, starts job rebuild for the assets that the new payloads change.",
)
def rebuild_changed(context: dg.RunStatusSensorContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Request a run of the changed assets, or report that nothing changed."""
    keys = changed_assets(context.instance, default_workspace().workspace())
    if keys:
        yield dg.RunRequest(run_key=context.dagster_run.run_id, asset_selection=keys)
    else:
        yield dg.SkipReason("No asset changed.")
