"""Pruning: removes the releases that ``warehouse.retention`` does not keep, and results of stages that nobody uses."""

from datetime import datetime, timedelta

from assets.core.workspace import Workspace
from warehouse import iceberg, releases, retention

# A result of a stage is removed if no build used it for this time.
UNUSED = timedelta(days=90)


def prune(workspace: Workspace, at: datetime, *, dry_run: bool = False) -> dict[str, str | None]:
    """Remove what need not be kept; return why each release is kept, or None for those that are removed.

    Releases are removed from the index first (one atomic step), then from the Iceberg catalog, then their files are
    deleted. If the process is killed in between, the next run finishes the work.
    """
    reasons = retention.reasons(releases.index(workspace.releases), at.date())
    removed = [name for name, reason in reasons.items() if reason is None]
    if not dry_run:
        if removed:
            releases.remove_from_index(workspace.releases, removed, at.isoformat(timespec="seconds"))
        iceberg.register(workspace.releases, workspace.data, workspace.catalog)
        releases.clean(workspace.releases)
        workspace.stage_cache.drop_unused(UNUSED)
    return reasons
