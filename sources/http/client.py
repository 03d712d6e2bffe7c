"""The client of one publisher: fetches the payload of a request, or raises why there is none.

``requests_ratelimiter`` waits between requests and ``urllib3`` retries. This package decides which response is a
payload: one from a host of the publisher, over TLS, complete, within the limits and of the requested kind. A
maintenance page with status 200 is not a CSV file.
"""

import itertools
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from sources.errors import FetchError
from sources.http import body, body_kind
from sources.http.circuit import Circuit
from sources.http.connection import Connection, Transport
from sources.http.failure import LIBRARY_ERRORS, Failure, failure_of
from sources.http.retry import RetryPolicy
from sources.http.secrets import Secrets
from sources.request import Kind, Limits, Request, Response


class Client:
    """Sends requests to the ``hosts`` of one publisher within its ``limits``.

    A context manager, for one thread at a time. ``transport`` replaces the network; then there is no waiting between
    requests, and no secret is used. ``circuit`` decides when a host is not asked any more. Bodies are files in a
    temporary folder below ``folder`` (by default the system's temporary folder), which is removed when the client is
    closed.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - each has a default
        self,
        hosts: frozenset[str],
        limits: Limits,
        user_agent: str | None = None,
        transport: Transport | None = None,
        folder: Path | None = None,
        circuit: Circuit | None = None,
    ) -> None:
        self.hosts = hosts
        self.limits = limits
        # Lists and tables of contents that failed, by address: several datasets need them, and one request is enough.
        self.failed_lists: dict[str, FetchError] = {}
        self._circuit = circuit or Circuit()
        self._live = transport is None
        self._connection = Connection(hosts, limits, user_agent, transport, self._circuit)
        self._numbers = itertools.count()
        # A thread that an interrupt did not stop in time may still write to the folder while it is removed.
        self._folder = tempfile.TemporaryDirectory(prefix="corridor-", dir=folder, ignore_cleanup_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections and remove the bodies."""
        self._connection.close()
        self._folder.cleanup()

    def fetch(self, request: Request, *, etag: str | None = None, last_modified: str | None = None) -> Response:
        """The response with the payload of ``request``, or with status 304 if the payload is unchanged.

        ``etag`` and ``last_modified`` are the validators of the payload that the caller has. Raises ``FetchError``,
        with what came back as its ``response``, and ``NotConfiguredError``.
        """
        secrets = Secrets.of(request) if self._live else Secrets({})
        validators = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        conditions = {name: value for name, value in validators.items() if value}
        host = urlsplit(request.url).netloc
        if why := self._circuit.objection(host):
            message = f"{request.described}: it was not requested, because {why}"
            raise FetchError(message, unreachable=True, skipped=True)
        retry: RetryPolicy | None = RetryPolicy.of(self.limits, self._circuit.deadline)
        while retry is not None:
            try:
                response = self._try(request, secrets, conditions)
            except Failure as caught:
                failure = caught
            else:
                self._circuit.answered(host)
                return response
            retry = retry.after_broken_response() if failure.can_retry else None
            if retry is not None:
                retry.sleep()
        self._circuit.failed(host, failure)
        # Raised outside the except block: the errors of the libraries, which may contain secrets, are not chained.
        message = secrets.remove(f"{request.described}: {failure.reason}")
        raise FetchError(message, failure.response, unreachable=failure.unreachable, foreign_host=failure.foreign_host)

    def _try(self, request: Request, secrets: Secrets, conditions: dict[str, str]) -> Response:
        """The response of one try; ``Failure`` if it has no payload."""
        sent_at, begun = datetime.now(UTC), time.perf_counter()
        deadline = min(self._circuit.deadline, time.monotonic() + self.limits.exchange)
        received: Response | None = None
        try:
            with closing(self._connection.send(request, secrets, conditions, deadline)) as response:
                received = Response(
                    status=response.status_code,
                    headers={name.lower(): secrets.remove(value) for name, value in response.headers.items()},
                    body=None,
                    url=secrets.remove(response.url) if response.history else request.full_url,
                    sent_at=sent_at,
                    seconds=time.perf_counter() - begun,
                )
                if received.status == 304 and conditions:
                    return received
                path = Path(self._folder.name, f"{next(self._numbers)}")
                size, sha256 = body.save(response.raw, received.headers, path, self.limits, deadline)
                size, sha256 = secrets.remove_from(path) or (size, sha256)
                if secrets.values and secrets.occur_in(body.unpacked(path, self.limits)):
                    path.unlink()
                    raise Failure("the compressed response contains a secret, so it is not stored")
            received = replace(received, body=path, bytes=size, sha256=sha256, seconds=time.perf_counter() - begun)
            if reason := self._rejection(received, path, request.accept):
                raise Failure(reason)
        except Failure as failure:
            failure.response = received
            if received and not received.is_success and not received.body:
                # The status decides, even if the text of the refusal is incomplete.
                failure.reason, failure.can_retry = f"status {received.status}, and {failure.reason}", False
            raise
        except LIBRARY_ERRORS as error:
            raise failure_of(error, self.limits) from None
        except OSError as error:
            raise Failure(f"the response cannot be stored: {error.strerror}") from None
        return received

    def _rejection(self, response: Response, path: Path, accept: Kind) -> str:
        """Why a complete response is not the requested payload; "" if it is."""
        if response.is_success:
            return body_kind.objection(body.unpacked_head(path, self.limits), accept)
        start = body.head(path)
        pause = response.headers.get("retry-after")
        reason = f"status {response.status}" + (f" and a demand to wait ({pause})" if pause else "")
        return reason + (f": {body_kind.first_line(start)}" if body_kind.text(start) else "")
