"""When a failed request is sent again."""

from types import TracebackType
from typing import Self

from urllib3 import BaseHTTPResponse, Retry
from urllib3 import exceptions as urllib3_errors
from urllib3.connectionpool import ConnectionPool

from sources.request import Limits

# Seconds. If a publisher demands a longer pause, its dataset is left to the next build.
MAX_RETRY_AFTER = 300

_RETRIED_STATUSES = (429, 500, 502, 503, 504)


class RetryPolicy(Retry):
    """Retries only the listed statuses, and only if the publisher does not demand a very long pause."""

    # By default urllib3 repeats a 413 with Retry-After, but a request that is too large remains too large.
    RETRY_AFTER_STATUS_CODES: frozenset[int] = frozenset()

    @classmethod
    def of(cls, limits: Limits) -> Self:
        """The policy of a publisher's limits."""
        return cls(
            total=limits.retries,
            # A POST only asks for data here, and may be repeated.
            allowed_methods=frozenset({"GET", "POST"}),
            status_forcelist=_RETRIED_STATUSES,
            backoff_factor=limits.backoff,
            backoff_jitter=limits.backoff,
            raise_on_status=False,
        )

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
        if response is not None and (self.get_retry_after(response) or 0) > MAX_RETRY_AFTER:
            raise urllib3_errors.MaxRetryError(_pool, url or "", error)  # type: ignore[arg-type]
        remaining = super().increment(method, url, response, error, _pool, _stacktrace)
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
