"""The place of the releases: a folder of the local disk (``local``) or a prefix in an S3 bucket (``s3``).

Both classes implement the protocol ``Place`` and keep the same promises: a release is visible whole or not at all, a
published file is never overwritten, and the index is replaced only if it still holds what was read before.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

# The entry of a release in its own folder. It proves that Corridor wrote the folder, so it is written first and removed
# last.
ENTRY = "release.json"


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

    def size(self) -> int | None:
        """The size of this file in bytes; None if it does not exist."""
        ...

    def folders(self) -> dict[str, bool]:
        """The names of the folders here, and for each whether no other process can still be writing it."""
        ...

    def files(self) -> list[str]:
        """The files below this folder, by their path in it."""
        ...

    def delete(self, names: Sequence[str]) -> None:
        """Remove these files below this folder in this order, then the folders that are empty; others stay."""
        ...

    def remove_leftovers(self) -> list[str]:
        """Remove what killed processes of Corridor left here before they published; return the removed names."""
        ...
