"""When a failed request is sent again."""

import time
from types import TracebackType
from typing import Self

from urllib3 import BaseHTTPResponse, Retry
from urllib3 import exceptions as urllib3_errors
from urllib3.connectionpool import ConnectionPool

from sources.request import Limits

# Seconds. If a publisher demands longer pauses for one request in all, its datasets are left to the next build.
MAX_RETRY_AFTER = 300

_RETRIED_STATUSES = (429, 500, 502, 503, 504)


class RetryPolicy(Retry):
    """Retries only the listed statuses, and only if the publisher does not demand very long pauses.

    A pause never ends after the ``deadline`` of the client. A request that got no byte in time is sent once more only:
    each try lasts as long as the timeout.
    """

    deadline = float("inf")
    paused = 0.0
    timed_out = False

    # By default urllib3 repeats a 413 with Retry-After, but a request that is too large remains too large.
    RETRY_AFTER_STATUS_CODES: frozenset[int] = frozenset()

    @classmethod
    def of(cls, limits: Limits, deadline: float = float("inf")) -> Self:
        """The policy of a publisher's limits, for a client that has time until ``deadline`` of the monotonic clock."""
        made = cls(
            total=limits.retries,
            # A POST only asks for data here, and may be repeated.
            allowed_methods=frozenset({"GET", "POST"}),
            status_forcelist=_RETRIED_STATUSES,
            backoff_factor=limits.backoff,
            backoff_jitter=limits.backoff,
            raise_on_status=False,
        )
        made.deadline = deadline
        return made

    def new(self, **kw: object) -> Self:
        """A copy with some values changed."""
        made = super().new(**kw)
        made.deadline, made.paused, made.timed_out = self.deadline, self.paused, self.timed_out
        return made

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        """The policy with one retry less; raises ``MaxRetryError`` when none is left."""
        pause = (response and self.get_retry_after(response)) or 0.0
        late = time.monotonic() + max(pause, self.get_backoff_time()) > self.deadline
        timed_out = isinstance(error, urllib3_errors.TimeoutError)
        if self.paused + pause > MAX_RETRY_AFTER or late or (timed_out and self.timed_out):
            raise urllib3_errors.MaxRetryError(_pool, url or "", error)  # type: ignore[arg-type]
        remaining = super().increment(method, url, response, error, _pool, _stacktrace)
        remaining.paused, remaining.timed_out = self.paused + pause, timed_out or self.timed_out
        if response is not None:
            # Otherwise urllib3 reads the rest of the body, which may be endless.
            response.close()
        return remaining

    def after_broken_response(self) -> Self | None:
        """The policy with one retry less after a response that broke off; None when none is left."""
        try:
            return self.increment("GET", error=urllib3_errors.ProtocolError())
        except urllib3_errors.MaxRetryError:
            return None

    def get_backoff_time(self) -> float:
        """Seconds to wait. By default urllib3 does not wait before the first retry."""
        return max(self.backoff_factor, super().get_backoff_time())

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Seconds, or None where the header is missing or malformed."""
        try:
            return super().get_retry_after(response)
        except urllib3_errors.InvalidHeader:
            return None
