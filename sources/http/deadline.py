"""Connections with a deadline for each step of an exchange.

The timeout of a socket begins again with each byte, so that a server that sends one byte now and then could hold a
build for days: in the TLS handshake, in ``100 Continue``, in a header, in the length of a chunk.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


@contextmanager
def limited(connection: Any, seconds: float | None) -> Iterator[None]:  # noqa: ANN401 - what the response holds
    """Shut the socket of ``connection`` down after ``seconds``; then ``TimeoutError`` is raised at the end.

    Without a connection or a time there is no deadline.
    """
    if connection is None or seconds is None:
        yield
        return
    expired = threading.Event()

    def give_up() -> None:
        expired.set()
        if (open_socket := connection.sock) is not None:
            with suppress(OSError):
                # The method of the class: that of a TLS socket would change the object that the other thread uses.
                socket.socket.shutdown(open_socket, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if expired.is_set():
            raise TimeoutError(f"no answer within {seconds:g} seconds") from error
        raise
    finally:
        timer.cancel()
    if expired.is_set():
        raise TimeoutError(f"no answer within {seconds:g} seconds")


def _seconds(connection: HTTPConnection) -> float | None:
    """The timeout that is valid now: that of connecting, later that of reading."""
    return connection.timeout if isinstance(connection.timeout, int | float) else None


class _Connection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        with limited(self, _seconds(self)):
            return super().getresponse()


class _TLSConnection(HTTPSConnection):
    def connect(self) -> None:
        with limited(self, _seconds(self)):
            super().connect()

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        with limited(self, _seconds(self)):
            return super().getresponse()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


POOLS = {"http": _Pool, "https": _TLSPool}
