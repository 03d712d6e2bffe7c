"""The one resource of every asset: the workspace of the build. Nothing else belongs in this module."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import dagster as dg

from assets.core.mode import mode_of_build
from assets.core.workspace import EngineName, Mode, Workspace
from pipelines import settings
from pipelines.operations import alerts
from pipelines.operations.run_table import COMMAND
from warehouse.archive import lock
from warehouse.storage.s3 import S3Place

KILLED = "The process of the build was killed, for example because the memory was full"


class WorkspaceResource(dg.ConfigurableResource[Workspace]):
    """The data folder, whether payloads come from the embedded snapshot or from the publishers, and where releases
    and the Iceberg catalog lie if not in the data folder.
    """

    data: str
    mode: Mode = "snapshot"
    releases: str = ""
    catalog: str = ""
    engine: EngineName = "polars"
    build_time: str = ""
    budget: float = 3 * 3600.0

    def workspace(self) -> Workspace:
        """The workspace, for reading only: another run may change it meanwhile."""
        elsewhere = S3Place.from_address(self.releases) if self.releases else None
        time = datetime.fromisoformat(self.build_time) if self.build_time else None
        return Workspace(
            Path(self.data).resolve(), self.mode, elsewhere, self.catalog or None, self.engine, time, self.budget
        )

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Workspace]:
        """The workspace, locked: no other run or command changes it meanwhile. Raises ``BusyError`` if one does now."""
        opened = self.workspace()
        with lock(opened.archive.root):
            if context.instance is not None and context.run is not None:
                fail_killed_runs(opened, context.instance, context.run.run_id)
            yield opened


def fail_killed_runs(workspace: Workspace, instance: dg.DagsterInstance, own: str) -> None:
    """Mark runs as failed that a killed process left as started. A sensor sends the alerts for runs of the daemon.

    Only the holder of the lock may call this: no other run can be alive then.
    """
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        if run.run_id != own:
            instance.report_run_failed(run, "Its process was killed.")
            if COMMAND in run.tags:
                alerts.send(workspace.data, alerts.Alert(run.tags[COMMAND], (KILLED,), run.run_id))


def default_workspace() -> WorkspaceResource:
    """The workspace of the environment, with the mode of its data."""
    workspace = settings.workspace()
    return resource(replace(workspace, mode=mode_of_build(workspace, settings.settings().mode)))


def resource(workspace: Workspace) -> WorkspaceResource:
    """The resource that a workspace is in a run."""
    return WorkspaceResource(
        data=str(workspace.data),
        mode=workspace.mode,
        releases=str(workspace.elsewhere or ""),
        catalog=workspace.catalog or "",
        engine=workspace.engine,
        build_time=workspace.build_time.isoformat() if workspace.build_time else "",
        budget=workspace.budget,
    )
