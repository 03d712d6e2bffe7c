"""The servers: one port for each host of a publisher, with switches for the ways in which a publisher fails."""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request that a host received; ``path`` and ``query`` are decoded, ``address`` is as sent."""

    host: str
    address: str
    headers: Mapping[str, str]
    body: bytes = b""
    at: float = 0.0

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.address).path)

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.address).query, keep_blank_values=True)

    @property
    def json(self) -> Any:  # noqa: ANN401 - as sent
        return json.loads(self.body)

    def one(self, name: str, default: str = "") -> str:
        """Return the first value of a query parameter."""
        return self.query.get(name, [default])[0]

    @property
    def by_a_browser(self) -> bool:
        """Whether the User-Agent has the form of a browser's."""
        return self.headers.get("user-agent", "").startswith("Mozilla/5.0")


@dataclass(frozen=True)
class Answer:
    body: bytes = b""
    media_type: str = "text/html; charset=UTF-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def words(text: str) -> list[str]:
    """Return the words of a text."""
    return text.split()


# The year of today, so that the last periods of the double are as recent as those of the publishers.
THIS_YEAR = datetime.now(UTC).year

Route = Callable[[Asked], Answer]
Failure = Callable[["World", BaseHTTPRequestHandler, Asked], bool]
NOT_FOUND = Answer(b"<html><head><title>404 Not Found</title></head></html>", status=404)


@dataclass
class World:
    """The hosts with their routes.

    The responses of the hosts in ``conditional`` have an ETag, and are confirmed with 304. ``failing`` has a failure
    for a host, or for those of its addresses that contain a text. ``received`` are all requests in their order. After
    ``cut_after`` requests every host is down.
    """

    routes: Mapping[str, Route]
    conditional: frozenset[str] = frozenset()
    failing: dict[tuple[str, str], Failure] = field(default_factory=dict)
    received: list[Asked] = field(default_factory=list)
    cut_after: int | None = None
    released: threading.Event = field(default_factory=threading.Event)
    ports: dict[str, int] = field(default_factory=dict)
    servers: dict[str, ThreadingHTTPServer] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    cutting: list[threading.Thread] = field(default_factory=list)

    def url(self, host: str) -> str:
        """Return the address of a host on loopback, also while it is down."""
        return f"http://127.0.0.1:{self.ports[host]}"

    def fail(self, host: str, failure: Failure, address: str = "") -> None:
        """Let a host fail; with ``address`` only for addresses that contain it."""
        self.failing[host, address] = failure

    def recover(self) -> None:
        """End all failures, and start every host that is down."""
        self.failing.clear()
        self.cut_after = None
        while self.cutting:
            self.cutting.pop().join()
        for host in self.routes.keys() - self.servers.keys():
            self._start(host)

    def take_down(self, *hosts: str) -> None:
        """Close the ports of hosts, or of all hosts: connections are refused."""
        with self.lock:
            stopped = [self.servers.pop(host) for host in hosts or tuple(self.servers) if host in self.servers]
            with ThreadPoolExecutor(max_workers=len(stopped) or 1) as pool:
                list(pool.map(_stop, stopped))

    def requests_to(self, host: str) -> list[str]:
        """Return the decoded addresses that a host received."""
        return [unquote(asked.address) for asked in self.received if asked.host == host]

    def _start(self, host: str) -> None:
        world = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.answer(b"")

            def do_POST(self) -> None:
                self.answer(self.rfile.read(int(self.headers["Content-Length"])))

            def answer(self, body: bytes) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(host, self.path, headers, body, time.monotonic())
                with suppress(ConnectionError):
                    world._answer(self, asked)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", self.ports.get(host, 0)), Handler)
        self.ports[host] = server.server_port
        self.servers[host] = server
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def _answer(self, handler: BaseHTTPRequestHandler, asked: Asked) -> None:
        self.received.append(asked)
        if self.cut_after is not None and len(self.received) > self.cut_after:
            # Not in this thread: a server cannot stop while it answers.
            self.cutting.append(threading.Thread(target=self.take_down))
            self.cutting[-1].start()
            return
        for (host, address), failure in self.failing.items():
            if host == asked.host and address in unquote(asked.address) and failure(self, handler, asked):
                return
        send(handler, self._tagged(asked, self.answer_of(asked)))

    def answer_of(self, asked: Asked) -> Answer:
        """Return the answer of the route, in which absolute links to the hosts lead to loopback."""
        answer = self.routes[asked.host](asked)
        if answer.body[:2] == b"PK":
            return answer
        body = answer.body
        for there, here in self.links.items():
            body = body.replace(there.encode(), here.encode())
        return Answer(body, answer.media_type, answer.status, answer.headers)

    def _tagged(self, asked: Asked, answer: Answer) -> Answer:
        if asked.host not in self.conditional or answer.status != 200:
            return answer
        tag = f'"{hashlib.sha256(answer.body).hexdigest()[:16]}"'
        if asked.headers.get("if-none-match") == tag:
            return Answer(b"", answer.media_type, 304, {"ETag": tag})
        return Answer(answer.body, answer.media_type, 200, {**answer.headers, "ETag": tag})


def _stop(server: ThreadingHTTPServer) -> None:
    server.shutdown()
    server.server_close()


@contextmanager
def serve(routes: Mapping[str, Route], conditional: Iterable[str] = ()) -> Iterator[World]:
    """Run a server for each host."""
    running = World(routes, frozenset(conditional))
    ThreadingHTTPServer.daemon_threads = True
    try:
        for host in routes:
            running._start(host)
        yield running
    finally:
        running.released.set()
        running.take_down()


def send(handler: BaseHTTPRequestHandler, answer: Answer, length: int | None = None) -> None:
    """Send an answer; with ``length`` greater than its body, the response is cut."""
    handler.send_response(answer.status)
    handler.send_header("Content-Type", answer.media_type)
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    if answer.status != 304:
        handler.send_header("Content-Length", str(len(answer.body) if length is None else length))
    handler.send_header("Connection", "close")
    handler.end_headers()
    if answer.status != 304:
        handler.wfile.write(answer.body)


# Failures. A failure returns whether it answered; otherwise the route answers.


def hang(world: World, _handler: BaseHTTPRequestHandler, _asked: Asked) -> bool:
    """Accept the connection and send nothing, until the client leaves or the world ends."""
    world.released.wait(timeout=120)
    return True


def refuse(status: int, text: str = "", **headers: str) -> Failure:
    """Answer with a status; underscores in the names of headers become hyphens."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}

    def failure(_world: World, handler: BaseHTTPRequestHandler, _asked: Asked) -> bool:
        send(handler, Answer(text.encode(), status=status, headers=sent))
        return True

    return failure


def too_many(seconds: int | None = 1) -> Failure:
    """Answer 429, with a demand to wait."""
    wait = {} if seconds is None else {"Retry_After": str(seconds)}
    return refuse(429, "You have exceeded the number of requests for data downloads within the last hour", **wait)


MAINTENANCE = (
    '<!DOCTYPE html><html lang="en" class="no-js"><head><title>Maintenance</title></head>'
    "<body><h1>The service is temporarily unavailable</h1></body></html>"
)


def maintenance(_world: World, handler: BaseHTTPRequestHandler, _asked: Asked) -> bool:
    """Answer with a web page and status 200, as services do during maintenance."""
    send(handler, Answer(MAINTENANCE.encode()))
    return True


def cut(world: World, handler: BaseHTTPRequestHandler, asked: Asked) -> bool:
    """Send half of the body of the route and end the connection."""
    whole = world.answer_of(asked)
    half = Answer(whole.body[: len(whole.body) // 2], whole.media_type, whole.status)
    send(handler, half, len(whole.body))
    return True


def changed(change: Callable[[Answer], Answer]) -> Failure:
    """Send the answer of the route after a change."""

    def failure(world: World, handler: BaseHTTPRequestHandler, asked: Asked) -> bool:
        send(handler, change(world.answer_of(asked)))
        return True

    return failure


def replaced(*pairs: tuple[str, str]) -> Failure:
    """Send the answer of the route with other texts in it: another code, or another name of a dimension."""

    def change(answer: Answer) -> Answer:
        body = answer.body
        for old, new in pairs:
            body = body.replace(old.encode(), new.encode())
        return Answer(body, answer.media_type, answer.status, answer.headers)

    return changed(change)


def without_rows(answer: Answer) -> Answer:
    """Return a table with its header only, and a JSON-stat cube without values."""
    if answer.media_type.startswith("application/json"):
        cube = {**json.loads(answer.body), "value": {}, "status": {}}
        return Answer(json.dumps(cube).encode(), answer.media_type, answer.status, answer.headers)
    return Answer(answer.body.split(b"\n", 1)[0] + b"\n", answer.media_type, answer.status, answer.headers)


def spoiled(answer: Answer) -> Answer:
    """Return half of the answer with bytes after it that no format can have, as a complete answer of status 200."""
    return Answer(
        answer.body[: len(answer.body) // 2] + b'\xff\xfe\x00"', answer.media_type, answer.status, answer.headers
    )
