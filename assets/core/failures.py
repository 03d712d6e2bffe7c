"""Why a dataset fails, and the reason in the length of a summary."""

import re
from dataclasses import dataclass
from datetime import date

# A dataset is stale after it failed on this many days in a row, counting only days on which it was requested.
STALE_AFTER = 3
# Characters of a reason that a summary shows.
SHOWN = 300


@dataclass(frozen=True)
class Failing:
    """Why a dataset fails.

    ``since`` is the first day (UTC) of failure after the last success, ``last`` the last day on which each failed
    request succeeded (None if one never did), and ``days`` the number of days of failure on which it was requested.
    """

    reason: str
    since: date
    last: date | None = None
    days: int = 1

    @property
    def stale(self) -> bool:
        """Whether the figures are stale, because the requests failed on several days."""
        return self.days >= STALE_AFTER

    def describe(self, name: str) -> str:
        """The dataset, the reason and the days."""
        reason = self.reason if self.reason.startswith(name) else f"{name}: {self.reason}"
        received = f"last received in full {self.last}" if self.last else "never received in full"
        return f"{reason} (failing since {self.since}; {received})"


def without_address(reason: str) -> str:
    """A reason without the address of its request, and not longer than a summary shows."""
    short = re.sub(r" \(\S+\)(?:, payload \w+)?(?=: )", "", reason, count=1)
    return short if len(short) <= SHOWN else f"{short[:SHOWN]}…"
