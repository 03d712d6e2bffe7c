"""Send one request: to the publisher's hosts only, over TLS, within its rate, and with redirects followed by us."""

import logging
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urljoin

import requests
from requests.adapters import BaseAdapter
from requests_ratelimiter import LimiterAdapter
from urllib3.util import parse_url

from sources.http.circuit import Circuit
from sources.http.deadline import POOLS
from sources.http.failure import Failure
from sources.http.retry import RetryPolicy
from sources.http.secrets import Secrets, names_secret
from sources.request import Limits, Request, address

Transport = BaseAdapter

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
MAX_REDIRECTS = 5
# Seconds. A request that is sent directly before the deadline waits this long for an answer.
SHORTEST_TIMEOUT = 1.0

# Redirects after which a POST is repeated; after the others it becomes a GET (RFC 9110).
_REPEAT_POST = (307, 308)

# Their log records below level ERROR contain whole addresses, and so the secrets of a query.
for _name in ("urllib3", "requests_ratelimiter"):
    logging.getLogger(_name).setLevel(logging.ERROR)


class Connection:
    """Sends requests to the ``hosts`` of one publisher, through ``transport`` instead of the network where given."""

    def __init__(
        self,
        hosts: frozenset[str],
        limits: Limits,
        user_agent: str | None = None,
        transport: Transport | None = None,
        circuit: Circuit | None = None,
    ) -> None:
        self._hosts = hosts
        self._limits = limits
        self._circuit = circuit or Circuit()
        self._session = _Session()
        # Only gzip is requested, because only its unpacking is bounded.
        self._session.headers.update({"User-Agent": user_agent or _user_agent(), "Accept-Encoding": "gzip"})
        adapter = transport or _limited_adapter(limits, self._circuit.deadline)
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def send(
        self, request: Request, secrets: Secrets, conditions: Mapping[str, str], deadline: float
    ) -> requests.Response:
        """The response after all redirects; its body is not read yet.

        ``conditions`` are further headers. ``Failure`` if an address is not allowed, after too many redirects, or after
        ``deadline`` of the monotonic clock.
        """
        url = address(request.url, tuple((name, secrets.insert(value)) for name, value in request.params))
        headers = {name: secrets.insert(value) for name, value in request.headers} | dict(conditions)
        confidential = {name for name, value in request.headers if names_secret(value)}
        body = request.body.encode()
        if body:
            url, headers = f"{url}#{request.body}", headers | {"Content-Type": "application/json"}
        history: list[requests.Response] = []
        for _ in range(MAX_REDIRECTS + 1):
            if time.monotonic() > deadline:
                raise Failure("the redirects do not end in time")
            response, host = self._send_once(url, headers, body, deadline)
            response.history = list(history)
            if not response.is_redirect:
                return response
            history.append(response)
            response.close()
            if response.status_code not in _REPEAT_POST:
                body, headers = b"", {name: value for name, value in headers.items() if name != "Content-Type"}
            location = response.headers["location"].encode("latin-1").decode("utf-8", "replace")
            url = urljoin(response.url, location)
            if parse_url(url).host != host:
                headers = {name: value for name, value in headers.items() if name not in confidential}
        raise Failure(f"more than {MAX_REDIRECTS} redirects, the last to {parse_url(url).host}")

    def _send_once(
        self, url: str, headers: Mapping[str, str], body: bytes, deadline: float
    ) -> tuple[requests.Response, str]:
        """The response of one address with any status, and the host."""
        method = "POST" if body else "GET"
        prepared = self._session.prepare_request(requests.Request(method, url, headers=headers, data=body or None))
        # The prepared address is checked, because it is the one that is used.
        host = self._allowed_host(str(prepared.url))
        settings = self._session.merge_environment_settings(str(prepared.url), {}, True, None, None)
        return self._session.send(prepared, allow_redirects=False, timeout=self._timeout(deadline), **settings), host

    def _timeout(self, deadline: float) -> tuple[float, float]:
        """Seconds until a connection must exist, and without a byte: no longer than until the deadline."""
        left = max(deadline - time.monotonic(), SHORTEST_TIMEOUT)
        return min(self._limits.connect_timeout, left), min(self._limits.timeout, left)

    def _allowed_host(self, url: str) -> str:
        """The host of ``url``; ``Failure`` if it is not one of the publisher's hosts, or if the scheme is not https."""
        parts = parse_url(url)
        host = (parts.host or "").lower()
        if host not in self._hosts:
            raise Failure(f"the host {host} is none of {', '.join(sorted(self._hosts))}", foreign_host=True)
        if parts.scheme != "https" and host not in LOOPBACK:
            raise Failure(f"the host {host} may be requested over https only, not over {parts.scheme}")
        return host


def _limited_adapter(limits: Limits, deadline: float) -> LimiterAdapter:
    """The adapter to the network, within the rate of a publisher and with a deadline for each step of an exchange."""
    adapter = LimiterAdapter(per_second=limits.per_second, max_retries=RetryPolicy.of(limits, deadline))
    adapter.poolmanager.pool_classes_by_scheme = POOLS
    return adapter


class _Session(requests.Session):
    """A session that never follows redirects, because ``requests`` reads their bodies without a limit."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002
        """None for any response."""
        return None


def _user_agent() -> str:
    try:
        release = version("corridor")
    except PackageNotFoundError:
        release = "0"
    return f"corridor/{release} (research dataset on migration in China and the EU)"
