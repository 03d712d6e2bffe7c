"""The retention policy: which releases are kept and which are pruned.

Payloads are never pruned, so the state of knowledge on any day can be computed from the archive. A release is kept for
the first of these reasons that applies:

1. it is the newest, to which the name ``latest`` refers;
2. a person keeps it, with a reason (``corridor keep``);
3. it is one of the last ten;
4. it is the last of its month, for two years;
5. it is the last of its year.

No release uses the files of another, so a kept release never needs a pruned one.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from warehouse.releases import Release

LAST = 10
MONTHS = 24


def reasons(entries: Sequence[Release], today: date) -> dict[str, str | None]:
    """Name of each release → why it is kept; None if it is to be pruned. ``entries`` are all releases, oldest first."""
    last = {entry.name for entry in entries[-LAST:]}
    last_of_month, last_of_year = (_last_of_each(entries, length) for length in (7, 4))

    def reason(entry: Release) -> str | None:
        day = _day(entry)
        if entry is entries[-1]:
            return "the newest"
        if entry.kept:
            return f"kept: {entry.kept}"
        if entry.name in last:
            return f"one of the last {LAST}"
        if entry.name in last_of_month and (today.year - day.year) * 12 + today.month - day.month < MONTHS:
            return f"the last of {day:%Y-%m}"
        return f"the last of {day:%Y}" if entry.name in last_of_year else None

    return {entry.name: reason(entry) for entry in entries}


def _day(entry: Release) -> date:
    return date.fromisoformat(entry.created[:10])


def _last_of_each(entries: Iterable[Release], length: int) -> set[str]:
    """The names of the last release of each month (the first 7 characters of the ISO date) or year (the first 4)."""
    return set({entry.created[:length]: entry.name for entry in entries}.values())
