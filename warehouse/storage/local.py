"""Releases in a folder of the local disk.

A rename makes a release visible, and a rename replaces the index. The build lock of the data folder excludes a second
writer.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from warehouse.errors import ReleaseError
from warehouse.files import sha256, sync
from warehouse.storage import Content

# The folder in which a release is written is ``.aside-…/release``; an unfinished index is ``.index-corridor-…``.
_ASIDE, _STAGED = ".aside-", "release"
_UNFINISHED_INDEX = ".index-corridor-"


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
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{self.path.stem}-corridor-", dir=self.path.parent)
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

    def size(self) -> int | None:
        """The size of this file in bytes; None if it does not exist."""
        return self.path.stat().st_size if self.path.is_file() else None

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """An empty folder on the same file system, so that ``publish`` can rename it; removed afterwards."""
        self.path.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=self.path))
        try:
            (aside / _STAGED).mkdir()
            yield aside / _STAGED
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def publish(self, folder: Path) -> None:
        """Flush all files of ``folder`` to the disk and rename it to this path."""
        _flush(folder)
        folder.chmod(0o755)
        folder.rename(self.path)
        sync(self.path.parent)

    def folders(self) -> dict[str, bool]:
        """The names of the folders and links here. The build lock excludes another writer."""
        entries = self.path.iterdir() if self.path.is_dir() else ()
        return {path.name: True for path in sorted(entries) if path.is_dir() and not path.name.startswith(_ASIDE)}

    def files(self) -> list[str]:
        """The files below this folder, by their path in it. Nothing below a link is listed."""
        if self.path.is_symlink():
            return []
        return sorted(path.relative_to(self.path).as_posix() for path in self.path.rglob("*") if path.is_file())

    def delete(self, names: Sequence[str]) -> None:
        """Remove these files below this folder in this order, then the folders that are empty; others stay."""
        for name in names:
            (self.path / name).unlink(missing_ok=True)
        folders = sorted((path for path in self.path.rglob("*") if path.is_dir()), reverse=True)
        for folder in [*folders, self.path]:
            with suppress(OSError):  # a folder with other files stays
                folder.rmdir()

    def remove_leftovers(self) -> list[str]:
        """Remove the folders in which killed processes wrote a release, and their unfinished indexes."""
        removed = []
        for path in sorted(self.path.iterdir()) if self.path.is_dir() else ():
            if path.is_symlink():
                continue
            if path.name.startswith(_ASIDE) and path.is_dir() and {child.name for child in path.iterdir()} <= {_STAGED}:
                shutil.rmtree(path)
                removed.append(path.name)
            elif path.name.startswith(_UNFINISHED_INDEX) and path.is_file():
                path.unlink()
                removed.append(path.name)
        return removed


def _flush(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        else:
            sync(path)
    sync(folder)
