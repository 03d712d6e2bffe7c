"""Every asset, check, job, schedule and sensor, put together for a workspace."""

import dagster as dg

from assets.definitions import all_assets
from pipelines.automation import nightly, rebuild_changed, retention, weekly_check
from pipelines.jobs import CHECK_PUBLISHERS, REBUILD, RECEIVE, RETENTION
from pipelines.resources import WorkspaceResource
from pipelines.sensors import alert_on_failing_datasets, alert_on_failure


def build_definitions(workspace: WorkspaceResource) -> dg.Definitions:
    """All definitions that Dagster loads; runs use ``workspace``."""
    return dg.Definitions(
        assets=all_assets(),
        jobs=[RECEIVE, REBUILD, CHECK_PUBLISHERS, RETENTION],
        schedules=[nightly, weekly_check(workspace.mode), retention],
        sensors=[rebuild_changed, alert_on_failure, alert_on_failing_datasets],
        resources={"workspace": workspace},
        # Steps are short and Polars uses every core: a process for each step would cost more than its work.
        executor=dg.in_process_executor,
    )
