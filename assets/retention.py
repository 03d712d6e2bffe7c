"""Releases to fewer releases: what the policy of ``warehouse.retention`` lets go, and results that nobody uses."""

from datetime import datetime, timedelta

from assets.house import House
from warehouse import iceberg, releases, retention

UNUSED = timedelta(days=90)


def prune(house: House, at: datetime, *, dry_run: bool = False) -> dict[str, str | None]:
    """Remove what need not be kept; why each release stays, None for those that are gone.

    The index forgets them first, in one step; then the Iceberg catalog does, and then their files go. What a killed
    process did not come to, the next one does.
    """
    found = retention.reasons(releases.index(house.releases), at.date())
    gone = [name for name, reason in found.items() if reason is None]
    if not dry_run:
        if gone:
            releases.forget(house.releases, gone, at.isoformat(timespec="seconds"))
        iceberg.register(house.releases, house.data, house.catalog)
        releases.clean(house.releases)
        house.work.drop(UNUSED)
    return found
