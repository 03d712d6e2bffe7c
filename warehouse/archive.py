"""The archive: every payload ever received, and the ledger of all fetches. Both are append-only.

A payload is the read-only file ``<root>/ab/abcd…``, named by its sha256. ``<root>/ledger.jsonl`` has one JSON object
for each fetch, in the order of the fetches.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Literal

import filelock
import orjson

from warehouse import files
from warehouse.errors import ArchiveError, BusyError

Transport = Literal["live", "snapshot", "import"]

KEPT_HEADERS = ("etag", "last-modified", "content-type", "content-encoding", "date", "retry-after")

_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNFINISHED = "aside-"


@dataclass(frozen=True)
class Fetch:
    """A line of the ledger: one request to a publisher and its result.

    ``at`` is an aware UTC time. ``params`` contain no secrets. ``bytes`` is the size of the payload. ``payload`` is a
    sha256; with status 304 it is the payload that the publisher confirmed. ``error`` is the reason of a failed fetch;
    then ``payload`` is what was received instead. ``edition`` and ``published`` (ISO date) are stated by the person
    who imported the payload. ``withdrawn`` is the reason for which a person took ``payload`` out of use; such a line
    has an ``error`` too.
    """

    at: datetime
    transport: Transport
    publisher: str
    dataset: str
    slice: str
    url: str
    params: Mapping[str, str]
    status: int | None
    headers: Mapping[str, str]
    seconds: float
    bytes: int
    payload: str | None
    error: str | None = None
    edition: str | None = None
    published: str | None = None
    withdrawn: str | None = None


@dataclass(frozen=True)
class Damage:
    """A damaged, missing or unexpected thing in the archive: its kind, its place, and what is wrong with it."""

    what: Literal["payload", "ledger", "stray file"]
    where: str
    why: str


@dataclass(frozen=True)
class Archive:
    """The archive in the folder ``root``, which is created with the first payload or fetch."""

    root: Path

    @property
    def ledger(self) -> Path:
        """The file with the ledger."""
        return self.root / "ledger.jsonl"

    @property
    def state(self) -> tuple[int, int, int] | None:
        """Inode, size and modification time of the ledger, which change with each fetch; None before the first."""
        return _stamp(self.ledger)

    def store(self, path: Path) -> str:
        """Copy the file at ``path`` into the archive, unless it is there intact, and return its sha256."""
        try:
            sha256 = files.sha256(path)
            stored = self._path(sha256)
            if self.damage_of(sha256):
                self._copy(path, stored)
        except OSError as error:
            raise ArchiveError(f"{path} cannot be stored in {self.root}: {error.strerror}") from error
        return sha256

    def payload_path(self, sha256: str) -> Path:
        """The read-only file of a payload. Raises ``ArchiveError`` if it is not in the archive."""
        if not _SHA256.fullmatch(sha256):
            raise ArchiveError(f"{sha256!r} is no sha256, so it cannot be the name of a payload")
        path = self._path(sha256)
        if not path.is_file():
            raise ArchiveError(f"the payload {sha256} is not in {self.root}")
        return path

    def damage_of(self, sha256: str) -> str | None:
        """Why a payload cannot be used: it is missing, or its bytes have another sha256. None if it is intact."""
        path = self._path(sha256)
        if not path.is_file():
            return "it is missing"
        found = files.sha256(path)
        return None if found == sha256 else f"its bytes have the sha256 {found}"

    def append(self, fetch: Fetch) -> None:
        """Append ``fetch`` to the ledger, with the headers in ``KEPT_HEADERS``; its payload must be stored already."""
        if fetch.at.utcoffset() != timedelta(0):
            raise ArchiveError(f"the fetch of {fetch.publisher}/{fetch.dataset} at {fetch.at} has no UTC time")
        if fetch.payload is not None:
            self.payload_path(fetch.payload)
        headers = {name: fetch.headers[name] for name in KEPT_HEADERS if name in fetch.headers}
        line = orjson.dumps(
            asdict(replace(fetch, headers=headers, params=dict(fetch.params))),
            option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE,
        )
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            _append(self.ledger, line)
        except OSError as error:
            raise ArchiveError(f"{self.ledger} cannot be written: {error.strerror}") from error

    def fetches(self) -> list[Fetch]:
        """All fetches in the order of the ledger. Damaged lines are skipped; ``verify`` reports them."""
        with _reading:
            return list(_read(self.ledger))

    def latest(self, publisher: str, dataset: str, slice: str, transports: Collection[str]) -> Fetch | None:  # noqa: A002
        """The last successful fetch of a request by one of ``transports``; None if there is none."""
        with _reading:
            for fetch in reversed(_read(self.ledger)):
                if (
                    fetch.dataset == dataset
                    and fetch.slice == slice
                    and fetch.publisher == publisher
                    and fetch.transport in transports
                    and fetch.payload is not None
                    and fetch.error is None
                ):
                    return fetch
        return None

    def verify(self, progress: Callable[[int, int], None] | None = None) -> list[Damage]:
        """Read all payloads and the ledger and return the damage. Calls ``progress(payloads read, all payloads)``."""
        if not self.root.is_dir():
            return []
        found = sorted(path for path in self.root.rglob("*") if not path.is_dir() and path != self.ledger)
        payloads = [path for path in found if _SHA256.fullmatch(path.name) and path == self._path(path.name)]
        damages = [_stray(path, self.root) for path in sorted(set(found) - set(payloads))]
        for done, path in enumerate(payloads, 1):
            try:
                sha256 = files.sha256(path)
            except OSError as error:
                damages.append(Damage("payload", path.name, f"it cannot be read: {error.strerror}"))
            else:
                if sha256 != path.name:
                    damages.append(Damage("payload", path.name, f"its bytes have the sha256 {sha256}"))
            if progress:
                progress(done, len(payloads))
        return damages + _damaged_lines(self.ledger, {path.name for path in payloads})

    def _path(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256

    def _copy(self, source: Path, target: Path) -> None:
        """Copy ``source`` to ``target`` in one step: a killed process never leaves a partial ``target``."""
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=_UNFINISHED, dir=self.root)
        unfinished = Path(name)
        try:
            with os.fdopen(handle, "wb") as copy, source.open("rb") as original:
                shutil.copyfileobj(original, copy, 1 << 20)
                copy.flush()
                os.fchmod(copy.fileno(), 0o444)
                os.fsync(copy.fileno())
            if files.sha256(unfinished) != target.name:
                raise ArchiveError(f"{source} changed while it was being stored")
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
        for folder in (target.parent, self.root):
            files.sync(folder)


@contextmanager
def lock(root: Path) -> Iterator[None]:
    """Hold the build lock of the data folder with the archive ``root``.

    Raises ``BusyError`` at once if another process holds it. The process that holds it may acquire it again.
    """
    path = root.parent / "build.lock"
    holder = root.parent / "build.pid"
    path.parent.mkdir(parents=True, exist_ok=True)
    guard = filelock.FileLock(path, is_singleton=True)
    try:
        guard.acquire(blocking=False)
    except filelock.Timeout:
        pid = holder.read_text().strip() if holder.exists() else "unknown"
        raise BusyError(f"another build is at work on {root.parent} (pid {pid})") from None
    except OSError as error:
        raise ArchiveError(f"{path} cannot be locked: {error.strerror}") from error
    try:
        holder.write_text(f"{os.getpid()}\n")
        yield
    finally:
        if guard.lock_counter == 1:
            holder.unlink(missing_ok=True)
        guard.release()


def _append(path: Path, line: bytes) -> None:
    """Append ``line`` in one write; first end the last line if a killed process left it incomplete."""
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            line = b"\n" + line
        if os.write(handle, line) != len(line):
            raise ArchiveError(f"{path} cannot be written: the disk is full")
        os.fsync(handle)
    finally:
        os.close(handle)


def _parsed(line: bytes) -> Fetch | None:
    """The fetch in a line; None if the line is damaged."""
    try:
        values = orjson.loads(line)
        return Fetch(**{**values, "at": datetime.fromisoformat(values["at"])})
    except (ValueError, TypeError, KeyError):
        return None


@dataclass
class _Ledger:
    """The fetches that this process has read: up to the byte ``end``, when the file had this inode, size and time."""

    stamp: tuple[int, int, int]
    end: int
    fetches: list[Fetch]


_ledgers: dict[Path, _Ledger] = {}
_reading = Lock()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Inode, size and modification time of a file; None if it does not exist."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _read(path: Path) -> list[Fetch]:
    """All fetches of a ledger. Reads only the lines that were added since the last call."""
    path = path.absolute()
    stamp = _stamp(path)
    if stamp is None:
        return []
    known = _ledgers.get(path)
    if known and known.stamp == stamp:
        return known.fetches
    if not known or known.stamp[0] != stamp[0] or known.stamp[1] >= stamp[1]:
        known = _Ledger(stamp, 0, [])
    with path.open("rb") as file:
        file.seek(known.end)
        added = file.read()
    complete = added[: added.rfind(b"\n") + 1]
    fetches = known.fetches + [fetch for line in complete.split(b"\n") if line and (fetch := _parsed(line))]
    _ledgers[path] = _Ledger(stamp, known.end + len(complete), fetches)
    return fetches


def _damaged_lines(ledger: Path, payloads: Collection[str]) -> list[Damage]:
    if not ledger.exists():
        return []
    *lines, incomplete = ledger.read_bytes().split(b"\n")
    damages = []
    for number, line in enumerate(lines, 1):
        fetch = _parsed(line) if line else None
        if line and not fetch:
            damages.append(Damage("ledger", f"line {number}", "no fetch can be read from it"))
        elif fetch and fetch.payload is not None and fetch.payload not in payloads:
            damages.append(Damage("ledger", f"line {number}", f"its payload {fetch.payload} is not in the archive"))
    if incomplete:
        damages.append(Damage("ledger", f"line {len(lines) + 1}", "it is incomplete: the process was killed"))
    return damages


def _stray(path: Path, root: Path) -> Damage:
    killed = path.name.startswith(_UNFINISHED)
    why = "a killed process left it; it may be removed" if killed else "it is neither a payload nor the ledger"
    return Damage("stray file", str(path.relative_to(root)), why)
