"""Every asset, check, job, schedule and sensor put together, on a workspace."""

import sqlite3

import dagster as dg
from sqlalchemy import event
from sqlalchemy.engine import Engine

from assets.definitions import all_assets, all_checks
from pipelines.automation import schedules
from pipelines.jobs import NIGHTLY, publisher_jobs
from pipelines.resources import WorkspaceResource
from pipelines.sensors import alert_on_failure


def definitions(workspace: WorkspaceResource) -> dg.Definitions:
    """All that Dagster knows of; what it runs stands in ``workspace``."""
    return dg.Definitions(
        assets=all_assets(),
        asset_checks=all_checks(),
        jobs=[NIGHTLY, *publisher_jobs()],
        schedules=schedules(),
        sensors=[alert_on_failure],
        resources={"workspace": workspace},
        # Steps are short and polars uses every core by itself: a process for each would cost more than the work.
        executor=dg.in_process_executor,
    )


def _unhurried(connection: object, _record: object) -> None:
    """Run history need not survive a power cut, and 3,000 flushes of the disk would take most of a run's time."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


# Here, since every process that runs assets loads this module, the workers of the UI and of the daemon as well.
event.listen(Engine, "connect", _unhurried)
