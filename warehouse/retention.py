"""Which releases stay, by a written policy, and which are pruned.

Every payload stays: the archive is never thinned, and what was known at any day can be computed from it. Of releases
stay, each for the first reason that holds:

1. the newest, which is what ``latest`` means;
2. those that a person keeps, with a reason: ``corridor keep``;
3. the last ten;
4. the last of each month for two years;
5. the last of each year.

A release needs no file of another, so that no release that stays needs one that is pruned.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from warehouse.releases import Release

LAST = 10
MONTHS = 24


def reasons(entries: Sequence[Release], today: date) -> dict[str, str | None]:
    """Why each release stays, by its name; None for those that are pruned. ``entries`` are all, oldest first."""
    last = {entry.name for entry in entries[-LAST:]}
    of_month, of_year = (_last_of(entries, digits) for digits in (7, 4))

    def reason(entry: Release) -> str | None:
        day = _day(entry)
        if entry is entries[-1]:
            return "the newest"
        if entry.kept:
            return f"kept: {entry.kept}"
        if entry.name in last:
            return f"one of the last {LAST}"
        if entry.name in of_month and (today.year - day.year) * 12 + today.month - day.month < MONTHS:
            return f"the last of {day:%Y-%m}"
        return f"the last of {day:%Y}" if entry.name in of_year else None

    return {entry.name: reason(entry) for entry in entries}


def _day(entry: Release) -> date:
    return date.fromisoformat(entry.created[:10])


def _last_of(entries: Iterable[Release], digits: int) -> set[str]:
    """The names of the last releases of each month (7 digits of their day) or year (4)."""
    return set({entry.created[:digits]: entry.name for entry in entries}.values())
