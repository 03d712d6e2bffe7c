"""A transport that responds from stored files instead of the network."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse


@dataclass(frozen=True)
class SnapshotEntry:
    """A stored response: the file of its body, and the values of its headers.

    A file ``.gz`` is compressed for transport only, and the payload is its content; with ``compressed_by_publisher``
    the payload is the gzip file itself.
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
    """Returns stored responses, with the headers, conditions and statuses of a server. It is deterministic."""

    def __init__(self, entries: Mapping[str, SnapshotEntry]) -> None:
        """``entries`` by the full address of a request."""
        super().__init__()
        self._entries = {_normal(url): entry for url, entry in entries.items()}

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        """The stored response: status 200, 304 if a condition holds, or 404 if none is stored."""
        entry = self._entries.get(str(request.url))
        if entry is None:
            return _response(request, 404, {"Content-Type": "text/plain"}, BytesIO(b"not in the snapshot"))
        date = format_datetime(entry.last_modified.astimezone(UTC), usegmt=True)
        headers = {"Date": date, "Last-Modified": date, "ETag": entry.etag}
        if _is_unchanged(request.headers, entry):
            return _response(request, 304, headers, BytesIO())
        headers |= {"Content-Type": entry.media_type, "Content-Length": str(entry.path.stat().st_size)}
        if entry.encoded:
            headers["Content-Encoding"] = "gzip"
        return _response(request, 200, headers, entry.path.open("rb"))

    def close(self) -> None:
        """Do nothing: no file is kept open."""


def _is_unchanged(headers: Mapping[str, str | bytes], entry: SnapshotEntry) -> bool:
    """Whether the conditions of a request hold. A tag precedes a date, and a malformed date is ignored (RFC 9110)."""
    if "If-None-Match" in headers:
        return headers["If-None-Match"] == entry.etag
    try:
        since = parsedate_to_datetime(str(headers.get("If-Modified-Since"))).replace(tzinfo=UTC)
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
