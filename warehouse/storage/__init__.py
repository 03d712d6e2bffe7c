"""The place of the releases: a folder of the local disk (``local``) or a prefix in an S3 bucket (``s3``).

Both classes implement the protocol ``Place`` and keep the same promises: a release is visible whole or not at all, a
published file is never overwritten, and the index is replaced only if it still holds what was read before.
"""

from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Content:
    """The bytes of a file and, in an object store, the ETag of the version that was read."""

    data: bytes
    etag: str | None = None


class Place(Protocol):
    """A folder of releases, or a folder or file below it. ``/`` joins names as for a path.

    ``str()`` returns the path or address that Polars, pandas, PyArrow and DuckDB can read.
    """

    def __truediv__(self, name: str) -> "Place": ...

    @property
    def path(self) -> Path | None:
        """The path on the local disk; None for an object store."""
        ...

    def read(self) -> Content | None:
        """Read this file; None if it does not exist."""
        ...

    def swap(self, data: bytes, before: Content | None) -> None:
        """Replace the content of this file in one step; ``ReleaseError`` if the file no longer holds ``before``."""
        ...

    def digest(self) -> tuple[int, str]:
        """Read this file and return its size and hexadecimal sha256; ``FileNotFoundError`` if it does not exist."""
        ...

    def staging(self) -> AbstractContextManager[Path]:
        """An empty local folder in which a release is written before ``publish`` moves it; removed afterwards."""
        ...

    def publish(self, folder: Path) -> None:
        """Store all files of a local folder here, durably; ``ReleaseError`` if other content is here already."""
        ...

    def strays(self, known: Collection[str]) -> dict[str, bool]:
        """The names here that are not in ``known``, and for each whether it may be removed: no process uses it."""
        ...

    def remove(self) -> None:
        """Remove this folder with all its content, or this file."""
        ...
