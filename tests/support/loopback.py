"""A real server on 127.0.0.1 that sends scripted responses and stores the requests that it receives."""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Script = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    at: float
    body: bytes | None = None


@dataclass
class Loopback:
    url: str
    received: list[Received] = field(default_factory=list)


@contextmanager
def serve(*scripts: Script, chain: tuple[Path, Path] | None = None) -> Iterator[Loopback]:
    """Run a server. Script n answers request n, the last one all further requests; ``chain`` is certificate and key."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer(None)

        def do_POST(self) -> None:
            self.answer(self.rfile.read(int(self.headers["Content-Length"])))

        def answer(self, body: bytes | None) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            loopback.received.append(Received(self.path, headers, time.monotonic(), body))
            script = scripts[min(len(loopback.received), len(scripts)) - 1]
            with suppress(ConnectionError):
                script(self)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if chain:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*chain)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    loopback = Loopback(f"{'https' if chain else 'http'}://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield loopback
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def reply(body: bytes = b"", status: int = 200, length: int | None = None, **headers: str) -> Script:
    """Send a whole response, or a cut one if ``length`` is greater; underscores in header names become hyphens."""

    def script(handler: BaseHTTPRequestHandler) -> None:
        begin(handler, status, Content_Length=str(len(body) if length is None else length), **headers)
        handler.wfile.write(body)

    return script


def begin(handler: BaseHTTPRequestHandler, status: int, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Connection", "close")
    handler.end_headers()


def unframed(body: bytes, **headers: str) -> Script:
    """Send a response without a length, which ends when the connection ends."""

    def script(handler: BaseHTTPRequestHandler) -> None:
        begin(handler, 200, **headers)
        handler.wfile.write(body)

    return script


def cut_chunks(handler: BaseHTTPRequestHandler) -> None:
    begin(handler, 200, Transfer_Encoding="chunked")
    handler.wfile.write(b"8\r\ngeo,time\r\n64\r\nAT,2024")


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Send a part of a response, then reset the connection."""
    begin(handler, 200, Content_Length="1000")
    handler.wfile.write(b"geo,time\n")
    handler.wfile.flush()
    time.sleep(0.05)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.rfile.close()
    handler.wfile.close()
    handler.connection.close()


def endless(status: int = 200, **headers: str) -> Script:
    """Send bytes until the client closes the connection; for two minutes at most, so that a failing test ends."""

    def script(handler: BaseHTTPRequestHandler) -> None:
        begin(handler, status, **headers)
        end = time.monotonic() + 120
        while time.monotonic() < end:
            handler.wfile.write(b"AT,2024,1\n" * 6_000)

    return script


def drip(handler: BaseHTTPRequestHandler) -> None:
    begin(handler, 200, Content_Length="1000")
    for _ in range(100):
        handler.wfile.write(b"x")
        time.sleep(0.02)


def silence(seconds: float) -> Script:
    def script(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)

    return script


def dripping(start: bytes, drop: bytes) -> Script:
    """Send the beginning of a response, then one drop after the other until the client closes the connection."""

    def script(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(start)
        for _ in range(500):
            handler.wfile.write(drop)
            handler.wfile.flush()
            time.sleep(0.02)

    return script
