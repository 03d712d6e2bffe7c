"""Releases in a folder of the local disk.

A rename makes a release visible, and a rename replaces the index. The build lock of the data folder excludes a second
writer, so a folder that the index does not name was left by a killed process.
"""

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from warehouse.errors import ReleaseError
from warehouse.files import sha256, sync
from warehouse.storage import Content


@dataclass(frozen=True)
class LocalPlace:
    """A path of the local disk."""

    path: Path

    def __truediv__(self, name: str) -> "LocalPlace":
        return LocalPlace(self.path / name)

    def __str__(self) -> str:
        return str(self.path)

    def read(self) -> Content | None:
        """Read this file; None if it does not exist."""
        try:
            return Content(self.path.read_bytes())
        except FileNotFoundError:
            return None

    def swap(self, data: bytes, before: Content | None) -> None:
        """Replace the content of this file in one step; ``ReleaseError`` if the file no longer holds ``before``."""
        if self.read() != before:
            raise ReleaseError(f"another process has changed {self}; nothing was written: build again")
        handle, name = tempfile.mkstemp(prefix=f".{self.path.stem}-", dir=self.path.parent)
        with os.fdopen(handle, "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(self.path)
        sync(self.path.parent)

    def digest(self) -> tuple[int, str]:
        """Read this file and return its size and hexadecimal sha256; ``FileNotFoundError`` if it does not exist."""
        return self.path.stat().st_size, sha256(self.path)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """An empty folder on the same file system, so that ``publish`` can rename it; removed afterwards."""
        self.path.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".aside-", dir=self.path))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, folder: Path) -> None:
        """Flush all files of ``folder`` to the disk and rename it to this path."""
        _flush(folder)
        folder.chmod(0o755)
        folder.rename(self.path)
        sync(self.path.parent)

    def strays(self, known: Collection[str]) -> dict[str, bool]:
        """The folders and temporary index files here that are not in ``known``; all may be removed."""
        entries = self.path.iterdir() if self.path.is_dir() else ()
        names = [path.name for path in entries if path.is_dir() or path.name.startswith(".index-")]
        return {name: True for name in names if name not in known}

    def remove(self) -> None:
        """Remove this folder with all its content, or this file."""
        if self.path.is_dir():
            shutil.rmtree(self.path)
        else:
            self.path.unlink()


def _flush(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        else:
            sync(path)
    sync(folder)
