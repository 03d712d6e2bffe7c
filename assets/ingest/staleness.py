"""Staleness: the datasets that failed on each of the last days on which they were requested."""

from datetime import date

from assets.core.workspace import Workspace
from sources.catalogue import datasets

# A dataset is stale after it failed on this many days in a row, counting only days on which it was requested.
STALE_AFTER = 3


def stale(workspace: Workspace) -> dict[str, date]:
    """Stale dataset → the last day (UTC) on which every request for it succeeded. Empty in a snapshot workspace.

    A request that failed and succeeded later on the same day counts as successful.
    """
    days: dict[str, dict[date, dict[str, bool]]] = {}
    for fetch in workspace.archive.fetches() if workspace.mode == "live" else ():
        if fetch.transport == workspace.mode:
            day = days.setdefault(f"{fetch.publisher}/{fetch.dataset}", {}).setdefault(fetch.at.date(), {})
            day[fetch.slice] = fetch.error is None
    found = {}
    for name in days.keys() & datasets().keys():
        succeeded = [day for day, slices in days[name].items() if all(slices.values())]
        failed = [day for day in days[name] if succeeded and day > succeeded[-1]]
        if len(failed) >= STALE_AFTER:
            found[name] = succeeded[-1]
    return dict(sorted(found.items()))
