"""Stage cache: the stored result of each stage, under the fingerprint of everything that the result depends on.

A stage is a pure function of payloads, declarations and code, so only its fingerprint decides whether a stored result
can be used. The cache is content-addressed: a result never changes after it became visible, any number of readers may
use it, and nothing that reads or builds removes a result. Only ``sweep`` and ``drop_unused`` remove results, and only a
process that holds the build lock calls them. Removing the whole folder loses nothing but time.
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

import orjson

# Everything that decides a value: our code, our declarations, and the libraries that compute.
_CODE = ("sources", "warehouse", "expectations", "assets")
_ENDINGS = (".py", ".yaml", ".csv", ".html", ".css", ".js")
_LIBRARIES = (
    *("polars", "narwhals", "pyarrow", "orjson", "python-calamine", "great-expectations"),
    "jinja2",
)
# The file of a result with the sizes of its other files.
_SIZES = ".sizes"
# ``sweep`` keeps this many results of each stage, and every result that was used in this time.
KEPT_RESULTS = 2
RECENTLY_USED = timedelta(days=1)


@dataclass(frozen=True)
class StageCache:
    """The folder of stage results: ``<root>/<kind>/<name>/<fingerprint>/``. A folder's mtime is its last use."""

    root: Path

    def get_or_build(self, kind: str, name: str, fingerprint: str, build: Callable[[Path], None]) -> Path:
        """The folder of the result. Calls ``build`` with an empty folder to fill if there is no result yet.

        If two processes build the same result at once, both succeed and use the result that became visible first.
        Raises what ``build`` raises; then no result becomes visible.
        """
        parent = self._folder(kind, name)
        result = parent / fingerprint
        if _is_complete(result):
            return result
        _set_aside(result)
        parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".", dir=parent))
        try:
            build(unfinished)
            sizes = {path.relative_to(unfinished).as_posix(): path.stat().st_size for path in _files(unfinished)}
            (unfinished / _SIZES).write_bytes(orjson.dumps(sizes))
            try:
                unfinished.rename(result)
            except OSError:
                if not result.is_dir():
                    raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return result

    def has(self, kind: str, name: str, fingerprint: str) -> bool:
        """Whether ``get_or_build`` would find a stored result."""
        return _is_complete(self._folder(kind, name) / fingerprint)

    def sweep(self) -> int:
        """Remove all but the last results of each stage that nobody used recently; return how many were removed."""
        before = time.time() - RECENTLY_USED.total_seconds()
        removed = 0
        for stage in self.root.glob("*/*") if self.root.is_dir() else ():
            newest_first = sorted(_results(stage), key=lambda result: result[1], reverse=True)
            for result, used in newest_first[KEPT_RESULTS:]:
                if used < before:
                    shutil.rmtree(result, ignore_errors=True)
                    removed += 1
        return removed

    def drop_unused(self, unused: timedelta) -> int:
        """Remove every result, finished or not, that nobody used for this time; return how many were removed."""
        before = time.time() - unused.total_seconds()
        stages = list(self.root.glob("*/*")) if self.root.is_dir() else []
        old = [result for stage in stages for result, used in _results(stage, unfinished=True) if used < before]
        for result in old:
            shutil.rmtree(result, ignore_errors=True)
        for stage in stages:
            with suppress(OSError):  # a stage with another result stays
                stage.rmdir()
        return len(old)

    def _folder(self, kind: str, name: str) -> Path:
        return self.root / kind / name.replace("/", ".")


def _is_complete(result: Path) -> bool:
    """Whether the result exists with all its files in their sizes; if so its time of last use is now.

    A power cut may leave a result with empty files. A read-only folder keeps its time.
    """
    try:
        sizes = orjson.loads((result / _SIZES).read_bytes())
        if any((result / name).stat().st_size != size for name, size in sizes.items()):
            return False
    except (OSError, ValueError, AttributeError):
        return False
    with suppress(OSError):
        os.utime(result)
    return True


def _set_aside(result: Path) -> None:
    """Remove an incomplete result, if there is one, in a way that two processes may do at once."""
    if not result.exists() or _is_complete(result):
        return
    with suppress(OSError):
        aside = Path(tempfile.mkdtemp(prefix=".", dir=result.parent))
        with suppress(OSError):
            result.rename(aside / result.name)
        shutil.rmtree(aside, ignore_errors=True)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _results(stage: Path, *, unfinished: bool = False) -> list[tuple[Path, float]]:
    """The results of a stage with their times of last use, in seconds since the epoch."""
    found = []
    for folder in stage.iterdir() if stage.is_dir() else ():
        with suppress(FileNotFoundError):  # another process removed it meanwhile
            if unfinished or not folder.name.startswith("."):
                found.append((folder, folder.stat().st_mtime))
    return found


def fingerprint(*parts: object) -> str:
    """The hash of everything that a result depends on: the parts and the code."""
    digest = hashlib.sha256(code().encode())
    for part in parts:
        digest.update(repr(part).encode() + b"\0")
    return digest.hexdigest()[:32]


@cache
def code() -> str:
    """The sha256 of all code and declarations that values depend on, and of the versions of the computing libraries."""
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
