"""The archive: every payload ever received, and the ledger of all fetches. Both are append-only.

A payload is the read-only file ``<root>/ab/abcd…``, named by its sha256. ``<root>/ledger.jsonl`` has one JSON object
for each fetch, in the order of the fetches.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import filelock

from warehouse import files, ledger
from warehouse.errors import ArchiveError, BusyError
from warehouse.ledger import Fetch, Transport

__all__ = ["Archive", "Damage", "Fetch", "Transport", "lock"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNFINISHED = "aside-"
_DAMAGED = "ledger-damaged-"


@dataclass(frozen=True)
class Damage:
    """A damaged, missing or unexpected thing in the archive: its kind, its place, and what is wrong with it."""

    what: Literal["payload", "ledger", "stray file"]
    where: str
    why: str


@dataclass(frozen=True)
class Archive:
    """The archive in the folder ``root``, which is created with the first payload or fetch.

    ``renamed`` are the datasets with an earlier name, as pairs of the earlier and the present ``publisher/dataset``:
    fetches under the earlier name, which the ledger keeps, are returned under the present one.
    """

    root: Path
    renamed: tuple[tuple[str, str], ...] = ()

    @property
    def ledger(self) -> Path:
        """The file with the ledger."""
        return self.root / "ledger.jsonl"

    @property
    def state(self) -> tuple[int, int, int] | None:
        """Inode, size and modification time of the ledger, which change with each fetch; None before the first."""
        return ledger.stamp(self.ledger)

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
            raise ArchiveError(f"{sha256!r} is not a sha256, so it cannot be the name of a payload")
        path = self._path(sha256)
        if not path.is_file():
            raise ArchiveError(f"the payload {sha256} is not in {self.root}")
        return path

    def damage_of(self, sha256: str) -> str | None:
        """Why a payload cannot be used: it is missing, or its bytes have another sha256. None if it is intact."""
        path = self._path(sha256)
        if not path.is_file():
            return "it is missing"
        stored = files.sha256(path)
        return None if stored == sha256 else f"its bytes have the sha256 {stored}"

    def append(self, fetch: Fetch) -> None:
        """Append ``fetch`` to the ledger, with the headers in ``KEPT_HEADERS``; its payload must be stored already."""
        if fetch.at.utcoffset() != timedelta(0):
            raise ArchiveError(f"the fetch of {fetch.publisher}/{fetch.dataset} at {fetch.at} has no UTC time")
        if fetch.payload is not None and fetch.withdrawn is None:
            self.payload_path(fetch.payload)
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            ledger.append(self.ledger, fetch)
        except OSError as error:
            raise ArchiveError(f"{self.ledger} cannot be written: {error.strerror}") from error

    def fetches(self) -> list[Fetch]:
        """All fetches in the order of the ledger. Damaged lines are skipped; ``verify`` reports them.

        ``ArchiveError`` if the ledger or its end is missing, or if a newer version of Corridor wrote it.
        """
        found = ledger.read(self.ledger)
        return list(map(self._under_present_name, found)) if self.renamed else found

    def latest(self, publisher: str, dataset: str, slice: str, transports: Collection[str]) -> Fetch | None:  # noqa: A002
        """The last successful fetch of a request by one of ``transports``; None if there is none."""
        for fetch in map(self._under_present_name, ledger.newest_first(self.ledger)):
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

    def _under_present_name(self, fetch: Fetch) -> Fetch:
        present = dict(self.renamed).get(f"{fetch.publisher}/{fetch.dataset}")
        if present is None:
            return fetch
        publisher, _, dataset = present.partition("/")
        return replace(fetch, publisher=publisher, dataset=dataset)

    def ledger_damages(self) -> list[Damage]:
        """The damaged, changed and missing lines of the ledger."""
        return [Damage("ledger", f"line {fault.line}", fault.why) for fault in ledger.faults(self.ledger)]

    def quick_check(self) -> list[Damage]:
        """The damage that is visible without reading the payloads: in the ledger, a missing payload, a wrong size."""
        damages = self.ledger_damages()
        received: dict[str, int] = {}
        for _, fetch in self._lines_in_use():
            received[str(fetch.payload)] = fetch.bytes or received.get(str(fetch.payload), 0)
        for sha256, size in received.items():
            path = self._path(sha256)
            found = path.stat().st_size if path.is_file() else None
            if found is None:
                damages.append(Damage("payload", sha256, "it is missing"))
            elif size and found != size:
                damages.append(Damage("payload", sha256, f"it has {found:,} bytes, {size:,} were received"))
        return damages

    def repair_ledger(self, at: datetime) -> Path | None:
        """Write the readable lines of a damaged ledger again; return the copy of the old file, None without damage.

        If the ledger is missing, the next fetch starts a new one; then its own path is returned.
        """
        if not ledger.faults(self.ledger):
            return None
        if not self.ledger.exists():
            ledger.head_of(self.ledger).unlink()
            return self.ledger
        damaged = self.root / f"{_DAMAGED}{at:%Y%m%dT%H%M%S}.jsonl"
        ledger.rewrite(self.ledger, damaged)
        return damaged

    def stated_fetches(self) -> int | None:
        """The number of lines of the ledger when it was last written. None if that is not known."""
        return ledger.stated_lines(self.ledger)

    def unnamed_payloads(self) -> set[str]:
        """The payloads of the archive that no line of the ledger names."""
        stored = {path.name for path in self.root.glob("??/*") if _SHA256.fullmatch(path.name)}
        return stored - {str(fetch.payload) for fetch in self.fetches()}

    def verify(self, progress: Callable[[int, int], None] | None = None) -> list[Damage]:
        """Read all payloads and the ledger and return the damage. Calls ``progress(payloads read, all payloads)``."""
        if not self.root.is_dir():
            return []
        ours = {self.ledger, ledger.head_of(self.ledger)}
        found = sorted(path for path in self.root.rglob("*") if not path.is_dir() and path not in ours)
        found = [path for path in found if not (path.parent == self.root and path.name.startswith(_DAMAGED))]
        payloads = [path for path in found if _SHA256.fullmatch(path.name) and path == self._path(path.name)]
        damages = [_stray(path, self.root) for path in sorted(set(found) - set(payloads))]
        for done, path in enumerate(payloads, 1):
            try:
                why = self.damage_of(path.name)
            except OSError as error:
                why = f"it cannot be read: {error.strerror}"
            if why:
                damages.append(Damage("payload", path.name, why))
            if progress:
                progress(done, len(payloads))
        names = {path.name for path in payloads}
        damages += self.ledger_damages()
        damages += [
            Damage("ledger", f"line {number}", f"its payload {fetch.payload} is not in the archive")
            for number, fetch in self._lines_in_use()
            if fetch.payload not in names
        ]
        return damages

    def _lines_in_use(self) -> list[tuple[int, Fetch]]:
        """The lines of the ledger, by number, whose payload must exist, because it is in use."""
        lines = [(number, self._under_present_name(fetch)) for number, fetch in ledger.numbered(self.ledger)]
        return [lines[position] for position in ledger.lines_in_use([fetch for _, fetch in lines])]

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


def _stray(path: Path, root: Path) -> Damage:
    killed = path.name.startswith(_UNFINISHED)
    why = "a killed process left it; it may be removed" if killed else "it is neither a payload nor the ledger"
    return Damage("stray file", str(path.relative_to(root)), why)


def was_killed(root: Path) -> bool:
    """Whether the last process that held the lock of an archive in ``root`` ended without releasing it."""
    holder = root.parent / "build.pid"
    try:
        pid = int(holder.read_text())
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):  # no such file, or a process of another account
        return False
    return _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Whether a process has ended and its parent has not read its exit status yet. False where /proc is missing."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except OSError:
        return False
