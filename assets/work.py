"""Work that need not be done twice: what a step made is kept under the fingerprint of all that it depends on.

Every stage between archive and release is a pure function of payloads and code. Its fingerprint says whether it was
computed already; nothing else decides. The folder may be deleted at any time: it is made again. A folder's time is that
of its last use.
"""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

# What decides how a figure comes out: our code, our declarations, and the libraries that compute.
_CODE = ("sources", "warehouse", "expectations", "assets")
_ENDINGS = (".py", ".yaml", ".csv", ".html", ".css")
_LIBRARIES = (
    *("polars", "narwhals", "pyarrow", "orjson", "python-calamine", "great-expectations"),
    *("altair", "vl-convert-python", "jinja2"),
)


@dataclass(frozen=True)
class Work:
    """The folder of intermediate results."""

    root: Path

    def made(self, kind: str, name: str, fingerprint: str, make: Callable[[Path], None]) -> Path:
        """The folder that ``make`` filled for this fingerprint, now or before. Earlier ones of the name are dropped."""
        parent = self._of(kind, name)
        done = parent / fingerprint
        if done.is_dir():
            with suppress(OSError):  # where nothing may be written, nothing is dropped either
                os.utime(done)
            return done
        parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".", dir=parent))
        try:
            make(aside)
            aside.rename(done)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        for other in parent.iterdir():
            if other != done:
                shutil.rmtree(other, ignore_errors=True)
        return done

    def has(self, kind: str, name: str, fingerprint: str) -> bool:
        """Whether ``made`` would find what it was made before."""
        return (self._of(kind, name) / fingerprint).is_dir()

    def _of(self, kind: str, name: str) -> Path:
        return self.root / kind / name.replace("/", ".")

    def drop(self, unused: timedelta) -> int:
        """Remove what no build has used for so long; how many results that were."""
        before = time.time() - unused.total_seconds()
        results = self.root.glob("*/*/*") if self.root.is_dir() else ()
        old = [folder for folder in results if folder.stat().st_mtime < before]
        for folder in old:
            shutil.rmtree(folder)
            with suppress(OSError):  # of another fingerprint there may be one still
                folder.parent.rmdir()
        return len(old)


def fingerprint(*parts: object) -> str:
    """A name for everything that a result depends on: the parts and the code."""
    digest = hashlib.sha256(code().encode())
    for part in parts:
        digest.update(repr(part).encode() + b"\0")
    return digest.hexdigest()[:32]


@cache
def code() -> str:
    """sha256 over the code and declarations that figures depend on, and the versions of the libraries that compute."""
    digest = hashlib.sha256()
    for library in _LIBRARIES:
        digest.update(f"{library}=={version(library)}\n".encode())
    for package in _CODE:
        _digest(files(package), package, digest.update)
    return digest.hexdigest()


def _digest(folder: Traversable, name: str, update: Callable[[bytes], None]) -> None:
    for item in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if item.is_dir() and item.name != "snapshot":
            _digest(item, f"{name}/{item.name}", update)
        elif item.name.endswith(_ENDINGS):
            update(f"{name}/{item.name}\n".encode() + item.read_bytes())
