"""The archive: every payload ever received, and the ledger of the fetches that brought them. Nothing is ever changed.

``<root>/ab/abcd…`` are the payloads by their sha256, read-only. ``<root>/ledger.jsonl`` has one JSON object a fetch,
in the order in which they were made.
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
_ASIDE = "aside-"


@dataclass(frozen=True)
class Fetch:
    """A line of the ledger: what was asked of whom, when and how, and what came of it.

    ``at`` is an aware UTC time, ``params`` hold no secrets, ``bytes`` are those of the payload. ``payload`` is a
    sha256, with status 304 that of the payload which is confirmed; ``error`` says why a fetch failed, and then
    ``payload`` is what came instead. ``edition`` and ``published`` (ISO date) are given by a person at import.
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


@dataclass(frozen=True)
class Damage:
    """Something in the archive that is not as it must be: what kind of thing, where it is, and why it is damaged."""

    what: Literal["payload", "ledger", "stray file"]
    where: str
    why: str


@dataclass(frozen=True)
class Archive:
    """The archive in the folder ``root``, which is made when the first payload or fetch comes."""

    root: Path

    @property
    def ledger(self) -> Path:
        """The file of fetches."""
        return self.root / "ledger.jsonl"

    @property
    def state(self) -> tuple[int, int, int] | None:
        """What tells one state of the ledger from another; None before the first fetch."""
        return _stamp(self.ledger)

    def store(self, path: Path) -> str:
        """Keep a copy of the file at ``path`` for good; its sha256. A payload that is there already adds nothing."""
        try:
            sha256 = files.sha256(path)
            kept = self._place(sha256)
            if not kept.exists():
                self._keep(path, kept)
        except OSError as error:
            raise ArchiveError(f"{path} cannot be stored in {self.root}: {error.strerror}") from error
        return sha256

    def payload_path(self, sha256: str) -> Path:
        """The file of a payload, not to be changed. Raises ``ArchiveError`` if there is none."""
        if not _SHA256.fullmatch(sha256):
            raise ArchiveError(f"{sha256!r} is no sha256, and no payload has it as its name")
        path = self._place(sha256)
        if not path.is_file():
            raise ArchiveError(f"the payload {sha256} is not in {self.root}")
        return path

    def append(self, fetch: Fetch) -> None:
        """Add ``fetch`` to the ledger, of its headers those in ``KEPT_HEADERS``; its payload must be stored before."""
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
        """All fetches in the order in which they were recorded; a line that cannot be read is left to ``verify``."""
        with _reading:
            return list(_read(self.ledger))

    def latest(self, publisher: str, dataset: str, slice: str, transports: Collection[str]) -> Fetch | None:  # noqa: A002
        """The last fetch of a request that succeeded, by one of ``transports``."""
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
        """Read everything again and say what is damaged; ``progress`` is told (payloads done, payloads in all)."""
        if not self.root.is_dir():
            return []
        found = sorted(path for path in self.root.rglob("*") if not path.is_dir() and path != self.ledger)
        payloads = [path for path in found if _SHA256.fullmatch(path.name) and path == self._place(path.name)]
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

    def _place(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256

    def _keep(self, source: Path, kept: Path) -> None:
        """Copy ``source`` to ``kept``, which is whole or not there, whenever the process is killed."""
        kept.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=_ASIDE, dir=self.root)
        aside = Path(name)
        try:
            with os.fdopen(handle, "wb") as copy, source.open("rb") as original:
                shutil.copyfileobj(original, copy, 1 << 20)
                copy.flush()
                os.fchmod(copy.fileno(), 0o444)
                os.fsync(copy.fileno())
            if files.sha256(aside) != kept.name:
                raise ArchiveError(f"{source} changed while it was being stored")
            aside.replace(kept)
        finally:
            aside.unlink(missing_ok=True)
        for folder in (kept.parent, self.root):
            files.sync(folder)


@contextmanager
def lock(root: Path) -> Iterator[None]:
    """Keep other builds away from the data that the archive at ``root`` is part of. Raises ``BusyError`` at once.

    Within one process it may be taken again by who holds it.
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
    """Add ``line`` in one write, on a line of its own even behind one that a killed process has left torn."""
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
    """The fetch of a line, or None if it is damaged."""
    try:
        values = orjson.loads(line)
        return Fetch(**{**values, "at": datetime.fromisoformat(values["at"])})
    except (ValueError, TypeError, KeyError):
        return None


@dataclass
class _Ledger:
    """What this process has read of a ledger: up to ``end``, when the file had this inode, size and time."""

    stamp: tuple[int, int, int]
    end: int
    fetches: list[Fetch]


_ledgers: dict[Path, _Ledger] = {}
_reading = Lock()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Inode, size and time of a file; None where there is none."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _read(path: Path) -> list[Fetch]:
    """All fetches of a ledger, by reading only what was added to it since the last time."""
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
    whole = added[: added.rfind(b"\n") + 1]
    fetches = known.fetches + [fetch for line in whole.split(b"\n") if line and (fetch := _parsed(line))]
    _ledgers[path] = _Ledger(stamp, known.end + len(whole), fetches)
    return fetches


def _damaged_lines(ledger: Path, payloads: Collection[str]) -> list[Damage]:
    if not ledger.exists():
        return []
    *lines, torn = ledger.read_bytes().split(b"\n")
    damages = []
    for number, line in enumerate(lines, 1):
        fetch = _parsed(line) if line else None
        if line and not fetch:
            damages.append(Damage("ledger", f"line {number}", "no fetch can be read from it"))
        elif fetch and fetch.payload is not None and fetch.payload not in payloads:
            damages.append(Damage("ledger", f"line {number}", f"its payload {fetch.payload} is not in the archive"))
    if torn:
        damages.append(Damage("ledger", f"line {len(lines) + 1}", "it is torn: its writer was killed"))
    return damages


def _stray(path: Path, root: Path) -> Damage:
    killed = path.name.startswith(_ASIDE)
    why = "a killed process has left it, and it may be removed" if killed else "it is neither a payload nor the ledger"
    return Damage("stray file", str(path.relative_to(root)), why)
