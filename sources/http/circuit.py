"""When a publisher is not asked any more: one of its hosts does not answer, or the time for its requests is used up."""

import time
from collections import Counter
from threading import Event

from sources.http.failure import Failure

# Requests in a row without an answer after which a host is not asked again, and with an error of the server.
MOST_SILENT = 2
MOST_ERRORS = 3

_TOO_MANY_REQUESTS = 429
_SERVER_ERRORS = range(500, 600)


class Circuit:
    """Which hosts of one client still answer, during a night.

    ``seconds`` is the time for all requests. ``stopped`` ends them from another thread.
    """

    def __init__(self, seconds: float | None = None, stopped: Event | None = None) -> None:
        self.seconds = seconds
        self.deadline = float("inf") if seconds is None else time.monotonic() + seconds
        self._stopped = stopped or Event()
        self._answered: set[str] = set()
        self._silent: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._closed: dict[str, str] = {}

    @property
    def seconds_left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()

    def objection(self, host: str) -> str:
        """Why the host is not asked; "" if it may be asked."""
        if self._stopped.is_set():
            return "the build was interrupted"
        if self.seconds_left <= 0:
            return f"the {self.seconds or 0:,.0f} seconds for the requests of this publisher in one night are used up"
        return self._closed.get(host, "")

    def answered(self, host: str) -> None:
        """Record an answer of a host."""
        self._answered.add(host)
        self._silent[host] = self._errors[host] = 0

    def failed(self, host: str, failure: Failure) -> None:
        """Record a failed request to a host, and do not ask the host again if it cannot be expected to answer."""
        status = failure.response.status if failure.response else None
        if status is not None and status != _TOO_MANY_REQUESTS and status not in _SERVER_ERRORS:
            self.answered(host)
            return
        if status in _SERVER_ERRORS:
            self._errors[host] += 1
        elif status is None:
            self._silent[host] += 1
        never = failure.silent and host not in self._answered
        silent = never or self._silent[host] >= MOST_SILENT or self._errors[host] >= MOST_ERRORS
        if failure.unreachable or status == _TOO_MANY_REQUESTS or silent:
            self._closed[host] = f"{host} did not answer before ({failure.reason})"
