"""Read the body of a response into a file, within the limits of size and speed, and without its compression."""

import hashlib
import time
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from urllib3 import HTTPResponse
from urllib3 import exceptions as urllib3_errors

from sources.http.deadline import limited
from sources.http.failure import Failure, reason_of
from sources.request import Limits

HEAD_BYTES = 65_536
# A slower response could hold a build for days without a timeout.
MIN_BYTES_PER_SECOND = 512

_CHUNK = 65_536
_GZIP = b"\x1f\x8b"
_REQUESTED_ENCODINGS = frozenset({"gzip", "x-gzip"})
_OTHER_ENCODINGS = frozenset({"br", "compress", "deflate", "zstd"})


def save(
    raw: HTTPResponse, headers: Mapping[str, str], path: Path, limits: Limits, deadline: float = float("inf")
) -> tuple[int, str]:
    """Write a body to the new file ``path``, without its transport compression; return its size and sha256.

    ``headers`` have lower-case names. ``Failure`` if the body is incomplete, exceeds a limit, or does not end before
    ``deadline`` of the monotonic clock; then there is no file.
    """
    encoding = headers.get("content-encoding", "").lower()
    if encoding in _OTHER_ENCODINGS:
        raise Failure(f"the response is compressed with {encoding}, which was not requested")
    gunzip = Gunzip(limits.max_unpacked)
    digest = hashlib.sha256()
    try:
        with path.open("xb") as file:
            for chunk in _chunks(raw, headers.get("content-length", ""), limits, deadline):
                for piece in gunzip.feed(chunk) if encoding in _REQUESTED_ENCODINGS else (chunk,):
                    digest.update(piece)
                    file.write(piece)
            size = file.tell()
        gunzip.end()
    except BaseException:
        path.unlink()
        raise
    return size, digest.hexdigest()


def head(path: Path) -> bytes:
    """The first ``HEAD_BYTES`` of a body as it is stored."""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def unpacked(path: Path, limits: Limits) -> Iterator[bytes]:
    """The content of a body that is gzip, in pieces; nothing for any other body."""
    gunzip = Gunzip(limits.max_unpacked)
    with path.open("rb") as file:
        if file.read(len(_GZIP)) == _GZIP:
            file.seek(0)
            for chunk in iter(lambda: file.read(_CHUNK), b""):
                yield from gunzip.feed(chunk)


def unpacked_head(path: Path, limits: Limits) -> bytes:
    """The first ``HEAD_BYTES`` of a body, or of the content of a body that is itself gzip.

    The whole gzip is unpacked, so that ``Failure`` is raised if it is damaged or exceeds the limit.
    """
    if not (start := head(path)).startswith(_GZIP):
        return start
    content = bytearray()
    gunzip = Gunzip(limits.max_unpacked)
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(_CHUNK), b""):
            for piece in gunzip.feed(chunk):
                content += piece[: HEAD_BYTES - len(content)]
    gunzip.end()
    return bytes(content)


def _chunks(raw: HTTPResponse, declared: str, limits: Limits, deadline: float) -> Iterator[bytes]:
    """The bytes of a body as the publisher sends them; ``declared`` is the header Content-Length."""
    if declared.isdecimal() and int(declared) > limits.max_bytes:
        raise Failure(f"the response has {int(declared):,} bytes, more than the limit of {limits.max_bytes:,}")
    size, begun = 0, time.perf_counter()
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Failure(f"the response does not end in time: {size:,} bytes until the deadline")
        try:
            with limited(getattr(raw, "connection", None), min(limits.timeout, left)):
                chunk = raw.read1(_CHUNK, decode_content=False)
        except (urllib3_errors.HTTPError, OSError) as error:
            reason = reason_of(error, limits)
            raise Failure(f"the response breaks off after {size:,} bytes: {reason}", can_retry=True) from None
        if not chunk:
            return
        size += len(chunk)
        if size > limits.max_bytes:
            raise Failure(f"the response has more bytes than the limit of {limits.max_bytes:,}")
        seconds = time.perf_counter() - begun
        if seconds > limits.timeout and size < MIN_BYTES_PER_SECOND * seconds:
            raise Failure(f"the response is too slow: {size:,} bytes in {seconds:.0f} seconds", can_retry=True)
        yield chunk


class Gunzip:
    """Unpacks gzip in pieces of at most one chunk, to at most ``limit`` bytes in all."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._stream: Any = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The content that ``data`` adds to what was unpacked before."""
        piece = b""
        while data or len(piece) == _CHUNK:
            if self._stream is None or self._stream.eof:
                data = data.lstrip(b"\0")  # padding after a member is allowed
                if not data:
                    return
                self._stream = zlib.decompressobj(wbits=31)
            try:
                piece = self._stream.decompress(data, _CHUNK)
            except zlib.error:
                raise Failure("the gzip of the response is damaged", can_retry=True) from None
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            self._size += len(piece)
            if self._size > self._limit:
                raise Failure(f"the response unpacks to more bytes than the limit of {self._limit:,}")
            yield piece

    def end(self) -> None:
        """Raise ``Failure`` if the gzip is incomplete."""
        if self._stream is not None and not self._stream.eof:
            raise Failure("the gzip of the response breaks off", can_retry=True)
