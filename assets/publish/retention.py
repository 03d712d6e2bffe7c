"""Releases to fewer releases: what the policy of ``warehouse.retention`` lets go, and results that nobody uses."""

from datetime import datetime, timedelta

from assets.core.workspace import Workspace
from warehouse import iceberg, releases, retention

UNUSED = timedelta(days=90)


def prune(workspace: Workspace, at: datetime, *, dry_run: bool = False) -> dict[str, str | None]:
    """Remove what need not be kept; why each release stays, None for those that are gone.

    The index forgets them first, in one step; then the Iceberg catalog does, and then their files go. What a killed
    process did not come to, the next one does.
    """
    found = retention.reasons(releases.index(workspace.releases), at.date())
    gone = [name for name, reason in found.items() if reason is None]
    if not dry_run:
        if gone:
            releases.remove_from_index(workspace.releases, gone, at.isoformat(timespec="seconds"))
        iceberg.register(workspace.releases, workspace.data, workspace.catalog)
        releases.clean(workspace.releases)
        workspace.stage_cache.drop_unused(UNUSED)
    return found
