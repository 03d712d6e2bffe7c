"""The one polite client: asks a publisher within its limits, and takes in nothing but what was asked for.

Waiting between requests is left to ``requests_ratelimiter``, trying again to ``urllib3``. What is decided here is what
counts as an answer: from a host of the publisher, over TLS, whole, within the limits, and of the kind asked for. A
maintenance page with status 200 is no CSV.
"""

import gzip
import hashlib
import itertools
import logging
import os
import re
import ssl
import tempfile
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self
from urllib.parse import quote, urljoin

import requests
from requests.adapters import BaseAdapter
from requests_ratelimiter import LimiterAdapter
from urllib3 import BaseHTTPResponse, HTTPResponse, Retry
from urllib3 import exceptions as trouble
from urllib3.connectionpool import ConnectionPool
from urllib3.util import parse_url

from sources import body_kind
from sources.errors import FetchError, NotConfiguredError
from sources.request import Kind, Limits, Request, Response, address

__all__ = ["Client", "Limits", "Request", "Response", "SnapshotAdapter", "SnapshotEntry"]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
MAX_REDIRECTS = 5
CONNECT_SECONDS = 10.0
# Whoever asks for a longer pause is left in peace until the next build.
LONGEST_PAUSE = 300
# Bytes per second; an answer that drips more slowly would hold a build for days without ever timing out.
SLOWEST = 512
HEAD = 65_536

_CHUNK = 65_536
_GZIP = b"\x1f\x8b"
_RETRIED = (429, 500, 502, 503, 504)
# Redirects that repeat a POST as it was; after the others it becomes a GET (RFC 9110).
_SAME_QUESTION = (307, 308)
_ASKED = frozenset({"gzip", "x-gzip"})
_UNASKED = frozenset({"br", "compress", "deflate", "zstd"})
_SECRET = re.compile(r"(?:^|(?<=\s))env:(\w+)$", re.ASCII)

# Their lines below an error hold whole addresses, and with them the secrets of a query.
for _name in ("urllib3", "requests_ratelimiter"):
    logging.getLogger(_name).setLevel(logging.ERROR)


def _user_agent() -> str:
    try:
        release = version("corridor")
    except PackageNotFoundError:
        release = "0"
    return f"corridor/{release} (research dataset on migration in China and the EU)"


class Client:
    """Asks the ``hosts`` of one publisher, within its ``limits``; a context manager, for one thread at a time.

    ``transport`` answers in the place of the network, then without waiting between requests and without secrets.
    Bodies are files in a folder below ``folder`` (the system's own for temporary files by default) that goes when the
    client is closed.
    """

    def __init__(
        self,
        hosts: frozenset[str],
        limits: Limits,
        user_agent: str | None = None,
        transport: BaseAdapter | None = None,
        folder: Path | None = None,
    ) -> None:
        self.hosts = hosts
        self.limits = limits
        self._live = transport is None
        self._patience = _Patience(
            total=limits.retries,
            # A POST here is a question too, and may be asked again.
            allowed_methods=frozenset({"GET", "POST"}),
            status_forcelist=_RETRIED,
            backoff_factor=limits.backoff,
            backoff_jitter=limits.backoff,
            raise_on_status=False,
        )
        adapter = transport or LimiterAdapter(per_second=limits.per_second, max_retries=self._patience)
        self._session = _Session()
        # What is not gzip is not asked for: every layer of compression must be unpacked within a bound.
        self._session.headers.update({"User-Agent": user_agent or _user_agent(), "Accept-Encoding": "gzip"})
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)
        self._numbers = itertools.count()
        self._folder = tempfile.TemporaryDirectory(prefix="corridor-", dir=folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections and remove the bodies."""
        self._session.close()
        self._folder.cleanup()

    def fetch(self, request: Request, *, etag: str | None = None, last_modified: str | None = None) -> Response:
        """The payload that answers ``request``, or status 304: it is still the one with ``etag`` or ``last_modified``.

        Raises ``FetchError``, with what came instead as its ``answer``, and ``NotConfiguredError``.
        """
        secrets = _secrets(request) if self._live else {}
        conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        patience: Retry = self._patience
        while True:
            outcome = self._try(request, secrets, {name: value for name, value in conditions.items() if value})
            if isinstance(outcome, Response):
                return outcome
            again = outcome.again and _another(patience)
            if not again:
                break
            patience = again
            patience.sleep()
        why = _hide(f"{request.name} ({request.full_url}): {outcome.why}", secrets)
        raise FetchError(why, outcome.response, unreachable=outcome.unreachable)

    def _try(self, request: Request, secrets: Mapping[str, str], conditions: Mapping[str, str]) -> "Response | _Failed":
        """One try. What is raised on the way, and may hold secrets, ends here."""
        sent_at, begun = datetime.now(UTC), time.perf_counter()
        received = None
        try:
            with closing(self._send(request, secrets, conditions)) as response:
                received = Response(
                    status=response.status_code,
                    headers={name.lower(): value for name, value in response.headers.items()},
                    body=None,
                    url=_hide(response.url, secrets) if response.history else request.full_url,
                    sent_at=sent_at,
                    seconds=time.perf_counter() - begun,
                )
                if received.status == 304 and conditions:
                    return received
                received = self._received(response.raw, received)
            received = replace(received, seconds=time.perf_counter() - begun)
            self._check(received, request.accept)
        except _Failed as failed:
            failed.response = received
            if received and not _succeeded(received) and not received.body:
                # A refusal stays one, whether or not its text came through.
                failed.why, failed.again = f"answered {received.status}, and {failed.why}", False
            return failed
        except (requests.RequestException, trouble.HTTPError, ValueError) as error:
            unreachable = isinstance(_beneath(error), _UNREACHABLE)
            return _Failed(_reason(error, self.limits.timeout), unreachable=unreachable)
        except OSError as error:
            return _Failed(f"its answer cannot be taken in: {error.strerror}")
        return received

    def _send(self, request: Request, secrets: Mapping[str, str], conditions: Mapping[str, str]) -> requests.Response:
        """The response behind all redirects, its body still to be read."""
        url = address(request.url, tuple((name, _shown(value, secrets)) for name, value in request.params))
        headers = {name: _shown(value, secrets) for name, value in request.headers} | dict(conditions)
        confidential = {name for name, value in request.headers if _SECRET.search(value)}
        body = request.body.encode()
        if body:
            url, headers = f"{url}#{request.body}", headers | {"Content-Type": "application/json"}
        came_from: list[requests.Response] = []
        for _ in range(MAX_REDIRECTS + 1):
            question = requests.Request("POST" if body else "GET", url, headers=headers, data=body or None)
            prepared = self._session.prepare_request(question)
            # The address is judged as it will be used, so that no two readings of it can differ.
            host = self._admitted(str(prepared.url))
            settings = self._session.merge_environment_settings(str(prepared.url), {}, True, None, None)
            timeout = (min(CONNECT_SECONDS, self.limits.timeout), self.limits.timeout)
            response = self._session.send(prepared, allow_redirects=False, timeout=timeout, **settings)
            response.history = list(came_from)
            if not response.is_redirect:
                return response
            came_from.append(response)
            response.close()
            if response.status_code not in _SAME_QUESTION:
                body, headers = b"", {name: value for name, value in headers.items() if name != "Content-Type"}
            location = response.headers["location"].encode("latin-1").decode("utf-8", "replace")
            url = urljoin(str(prepared.url), location)
            if parse_url(url).host != host:
                headers = {name: value for name, value in headers.items() if name not in confidential}
        raise _Failed(f"more than {MAX_REDIRECTS} redirects, the last to {parse_url(url).host}")

    def _admitted(self, url: str) -> str:
        """The host of ``url`` if it may be asked, over the scheme that ``url`` names."""
        parts = parse_url(url)
        host = (parts.host or "").lower()
        if host not in self.hosts:
            raise _Failed(f"the host {host} is none of {', '.join(sorted(self.hosts))} and is not asked")
        if parts.scheme != "https" and host not in LOOPBACK:
            raise _Failed(f"the host {host} is asked over https only, not over {parts.scheme}")
        return host

    def _received(self, raw: HTTPResponse, answer: Response) -> Response:
        """``answer`` with its body on disk, without the compression of its transport."""
        encoding = answer.headers.get("content-encoding", "").lower()
        if encoding in _UNASKED:
            raise _Failed(f"its answer is compressed with {encoding}, which was not asked for")
        gunzip = _Gunzip(self.limits.max_unpacked)
        digest = hashlib.sha256()
        body = Path(self._folder.name, f"{next(self._numbers)}")
        try:
            with body.open("xb") as file:
                for wire in self._wire(raw, answer.headers.get("content-length", "")):
                    for piece in gunzip.feed(wire) if encoding in _ASKED else (wire,):
                        digest.update(piece)
                        file.write(piece)
                size = file.tell()
            gunzip.end()
        except BaseException:
            body.unlink()
            raise
        return replace(answer, body=body, bytes=size, sha256=digest.hexdigest())

    def _wire(self, raw: HTTPResponse, declared: str) -> Iterator[bytes]:
        """The bytes of an answer as sent, as they come."""
        most = self.limits.max_bytes
        if declared.isdecimal() and int(declared) > most:
            raise _Failed(f"its answer has {int(declared):,} bytes, and no more than {most:,} are taken in")
        size, begun = 0, time.perf_counter()
        while True:
            try:
                chunk = raw.read1(_CHUNK, decode_content=False)
            except (trouble.HTTPError, OSError) as error:
                raise _Failed(
                    f"its answer breaks off after {size:,} bytes: {_reason(error, self.limits.timeout)}", again=True
                ) from None
            if not chunk:
                return
            size += len(chunk)
            if size > most:
                raise _Failed(f"its answer has more than the {most:,} bytes that are taken in")
            seconds = time.perf_counter() - begun
            if seconds > self.limits.timeout and size < SLOWEST * seconds:
                raise _Failed(f"its answer drips: {size:,} bytes in {seconds:.0f} seconds", again=True)
            yield chunk

    def _check(self, answer: Response, accept: Kind) -> None:
        """Raises ``_Failed`` if a whole answer is not the payload asked for."""
        assert answer.body is not None
        if _succeeded(answer):
            why = body_kind.objection(self._head(answer.body), accept)
        else:
            with answer.body.open("rb") as file:
                head = file.read(HEAD)
            pause = answer.headers.get("retry-after")
            why = f"answered {answer.status}" + (f" and asks to wait ({pause})" if pause else "")
            why += f": {body_kind.first_line(head)}" if body_kind.text(head) else ""
        if why:
            raise _Failed(why)

    def _head(self, body: Path) -> bytes:
        """The first ``HEAD`` bytes of a body, of one that is itself gzip (with no header to say so) those inside."""
        with body.open("rb") as file:
            head = file.read(HEAD)
            if not head.startswith(_GZIP):
                return head
            file.seek(0)
            inside = bytearray()
            gunzip = _Gunzip(self.limits.max_unpacked)
            for chunk in iter(lambda: file.read(_CHUNK), b""):
                for piece in gunzip.feed(chunk):
                    inside += piece[: HEAD - len(inside)]
        gunzip.end()
        return bytes(inside)


class _Failed(Exception):  # noqa: N818 - not an error by itself: the client makes a FetchError of it
    """A try that got no payload: why, whether another try may help, and what came instead."""

    def __init__(self, why: str, again: bool = False, unreachable: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.again = again
        self.unreachable = unreachable
        self.response: Response | None = None


class _Session(requests.Session):
    """A session that leaves redirects to the client, because ``requests`` reads their bodies without a bound."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002
        """None for any response."""
        return None


class _Patience(Retry):
    """Tries again only what is listed, and only if the publisher does not ask for a very long pause."""

    # The default would repeat a 413 that carries Retry-After: too large a request stays too large.
    RETRY_AFTER_STATUS_CODES: frozenset[int] = frozenset()

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        """The patience that is left; raises ``MaxRetryError`` when there is none."""
        if response is not None and (self.get_retry_after(response) or 0) > LONGEST_PAUSE:
            raise trouble.MaxRetryError(_pool, url or "", error)  # type: ignore[arg-type]
        left = super().increment(method, url, response, error, _pool, _stacktrace)
        if response is not None:
            # Otherwise urllib3 reads the rest of the body to its end, however far that is.
            response.close()
        return left

    def get_backoff_time(self) -> float:
        """Seconds to wait; urllib3 itself would not wait at all before the first repetition."""
        return max(self.backoff_factor, super().get_backoff_time())

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Seconds, or None where the header is missing or cannot be read."""
        try:
            return super().get_retry_after(response)
        except trouble.InvalidHeader:
            return None


def _another(patience: Retry) -> Retry | None:
    """The patience left after an answer that broke off; None if there is none."""
    try:
        return patience.increment("GET", error=trouble.ProtocolError())
    except trouble.MaxRetryError:
        return None


class _Gunzip:
    """Unpacks gzip piece by piece, to at most ``limit`` bytes in all, never more than a chunk at once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._stream: Any = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What ``data`` adds to what was unpacked before."""
        piece = b""
        while data or len(piece) == _CHUNK:
            if self._stream is None or self._stream.eof:
                data = data.lstrip(b"\0")  # padding behind a member is allowed
                if not data:
                    return
                self._stream = zlib.decompressobj(wbits=31)
            try:
                piece = self._stream.decompress(data, _CHUNK)
            except zlib.error:
                raise _Failed("its gzip is damaged", again=True) from None
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            self._size += len(piece)
            if self._size > self._limit:
                raise _Failed(f"its answer unpacks to more than the {self._limit:,} bytes that are taken in")
            yield piece

    def end(self) -> None:
        """Raises ``_Failed`` if what was fed ends before its end."""
        if self._stream is not None and not self._stream.eof:
            raise _Failed("its gzip breaks off", again=True)


def _succeeded(answer: Response) -> bool:
    return 200 <= answer.status < 300


def _secrets(request: Request) -> dict[str, str]:
    """The variables that ``request`` names, with their values."""
    names = [found[1] for _, value in (*request.params, *request.headers) if (found := _SECRET.search(value))]
    secrets = {name: os.environ.get(name, "").strip() for name in names}
    for name, value in secrets.items():
        if not value:
            raise NotConfiguredError(f"{request.name} needs the environment variable {name}")
    return secrets


def _shown(value: str, secrets: Mapping[str, str]) -> str:
    """``value`` with its secret in clear, if it has one that is known."""
    return _SECRET.sub(lambda found: secrets.get(found[1], found[0]), value)


def _hide(text: str, secrets: Mapping[str, str]) -> str:
    """``text`` without any secret, also where a publisher echoes it."""
    for name, value in secrets.items():
        for written in (value, quote(value), quote(value, safe="")):
            text = text.replace(written, f"env:{name}")
    return text


def _reason(error: BaseException, timeout: float) -> str:
    """Why there is no answer, in words of our own: those of the libraries hold addresses and objects."""
    error = _beneath(error)
    why = next((why for kinds, why in _REASONS if isinstance(error, kinds)), "the connection broke off")
    beneath = (error.__cause__, *error.args)
    why += next((f", {word}" for kind, word in _BENEATH if any(isinstance(e, kind) for e in beneath)), "")
    return why.format(connect=min(CONNECT_SECONDS, timeout), read=timeout)


def _beneath(error: BaseException) -> BaseException:
    """What happened, without what the libraries wrapped it in."""
    while isinstance(error, requests.RequestException | trouble.MaxRetryError):
        inner = error.reason if isinstance(error, trouble.MaxRetryError) else next(iter(error.args), None)
        if not isinstance(inner, BaseException):
            break
        error = inner
    return error


_UNREACHABLE = (trouble.NewConnectionError, trouble.ConnectTimeoutError, trouble.ProxyError)
# In this order, because some of the classes are derived from others.
_REASONS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((requests.exceptions.InvalidHeader,), "a header of the request holds what no header may"),
    ((trouble.SSLError, requests.exceptions.SSLError), "TLS with the host fails"),
    ((trouble.NameResolutionError,), "the host is not found"),
    ((trouble.NewConnectionError,), "no connection can be made"),
    ((trouble.ConnectTimeoutError,), "no connection came about within {connect:g} seconds"),
    ((trouble.TimeoutError, TimeoutError), "nothing came for {read:g} seconds"),
    ((trouble.ProxyError,), "the proxy does not connect"),
    ((ValueError,), "the address is malformed"),
)
_BENEATH = (
    (ssl.SSLCertVerificationError, "its certificate is not accepted"),
    (ConnectionRefusedError, "refused by the host"),
    (ConnectionResetError, "reset by the host"),
)


@dataclass(frozen=True)
class SnapshotEntry:
    """A stored answer: the file, and what its headers say.

    A file ``.gz`` is sent as compressed for transport only, so that the payload is what is inside; with
    ``compressed_by_publisher`` the payload is the gzip itself.
    """

    path: Path
    media_type: str
    last_modified: datetime
    compressed_by_publisher: bool = False

    @property
    def encoded(self) -> bool:
        """Whether the file is compressed for transport."""
        return self.path.suffix == ".gz" and not self.compressed_by_publisher

    @cached_property
    def etag(self) -> str:
        """The sha256 of the payload, quoted."""
        with self.path.open("rb") as file:
            payload = gzip.GzipFile(fileobj=file) if self.encoded else file
            return f'"{hashlib.file_digest(payload, "sha256").hexdigest()}"'


class SnapshotAdapter(BaseAdapter):
    """Answers from files in the place of the network: the same headers, conditions and statuses, always alike."""

    def __init__(self, entries: Mapping[str, SnapshotEntry]) -> None:
        """``entries`` by the full address of a request."""
        super().__init__()
        self._entries = {_normal(url): entry for url, entry in entries.items()}

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        """The stored answer: 200, 304 if a condition holds, 404 if there is none."""
        entry = self._entries.get(str(request.url))
        if entry is None:
            return _response(request, 404, {"Content-Type": "text/plain"}, BytesIO(b"not in the snapshot"))
        date = format_datetime(entry.last_modified.astimezone(UTC), usegmt=True)
        headers = {"Date": date, "Last-Modified": date, "ETag": entry.etag}
        if _unchanged(request.headers, entry):
            return _response(request, 304, headers, BytesIO())
        headers |= {"Content-Type": entry.media_type, "Content-Length": str(entry.path.stat().st_size)}
        if entry.encoded:
            headers["Content-Encoding"] = "gzip"
        return _response(request, 200, headers, entry.path.open("rb"))

    def close(self) -> None:
        """Nothing is held open."""


def _unchanged(asked: Mapping[str, str | bytes], entry: SnapshotEntry) -> bool:
    """Whether the conditions of a request hold; a tag goes before a date, and what is no date is ignored (RFC 9110)."""
    if "If-None-Match" in asked:
        return asked["If-None-Match"] == entry.etag
    try:
        since = parsedate_to_datetime(str(asked.get("If-Modified-Since"))).replace(tzinfo=UTC)
    except ValueError:
        return False
    return entry.last_modified.replace(microsecond=0) <= since


def _response(
    request: requests.PreparedRequest, status: int, headers: Mapping[str, str], body: BinaryIO
) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.url = str(request.url)
    response.request = request
    response.headers.update(headers)
    response.raw = HTTPResponse(body, headers, status, preload_content=False, request_method="GET")
    return response


def _normal(url: str) -> str:
    """``url`` as ``requests`` writes it."""
    return str(requests.Request("GET", url).prepare().url)
