"""The ledger: a file with one JSON object for each fetch, in the order of the fetches. It is append-only.

Each line has the format's ``version`` and the sha256 of the line ``before`` it, so that a changed or removed line is
noticed. The file ``ledger.head`` next to it holds the length and the last line's sha256, so that lines removed at the
end, or a removed ledger, are noticed. Lines of earlier versions of Corridor have neither, and may only come first.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Literal

import orjson

from warehouse.errors import ArchiveError

Transport = Literal["live", "snapshot", "import"]

VERSION = 1
KEPT_HEADERS = ("etag", "last-modified", "content-type", "content-encoding", "date", "retry-after")

_BLOCK = 1 << 16


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
class Fault:
    """A damaged line of the ledger: its number, from 1, and what is wrong with it."""

    line: int
    why: str


def head_of(ledger: Path) -> Path:
    """The file with the length of a ledger, the number of its lines and the sha256 of the last."""
    return ledger.with_name("ledger.head")


def append(ledger: Path, fetch: Fetch) -> None:
    """Append ``fetch`` in one write; first end the last line if a killed process left it incomplete."""
    headers = {name: fetch.headers[name] for name in KEPT_HEADERS if name in fetch.headers}
    values = asdict(replace(fetch, headers=headers, params=dict(fetch.params)))
    handle = os.open(ledger, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # threads and processes of one build append at once
        size = os.fstat(handle).st_size
        begun = b"\n" if size and os.pread(handle, 1, size - 1) != b"\n" else b""
        line = _line(values, _last_line(handle, size))
        if os.write(handle, begun + line) != len(begun + line):
            raise ArchiveError(f"{ledger} cannot be written: the disk is full")
        os.fsync(handle)
        _write_head(ledger, size + len(begun + line), line, _lines_until(ledger, handle, size) + bool(begun) + 1)
    finally:
        os.close(handle)


def read(ledger: Path) -> list[Fetch]:
    """All fetches of a ledger. Damaged lines are skipped. Reads only the lines that were added since the last call.

    ``ArchiveError`` if the ledger, or its end, is missing, or if a newer version of Corridor wrote a line.
    """
    with _reading:
        return list(_read(ledger))


def newest_first(ledger: Path) -> Iterator[Fetch]:
    """The fetches of a ledger from the last to the first."""
    with _reading:
        found = _read(ledger)
    return reversed(found)


def lines_in_use(fetches: Sequence[Fetch]) -> list[int]:
    """The positions of the fetches whose payload may be used: it was received, and it is not withdrawn now.

    A withdrawal is valid for one dataset. Only an import after it ends it: a publisher may send the same bytes again.
    """
    withdrawn = {_use(fetch): position for position, fetch in enumerate(fetches) if fetch.withdrawn is not None}
    return [
        position
        for position, fetch in enumerate(fetches)
        if fetch.payload is not None
        and fetch.error is None
        and (_use(fetch) not in withdrawn or (fetch.transport == "import" and position > withdrawn[_use(fetch)]))
    ]


def _use(fetch: Fetch) -> tuple[str, str, str | None]:
    return fetch.publisher, fetch.dataset, fetch.payload


def numbered(ledger: Path) -> Iterator[tuple[int, Fetch]]:
    """The readable fetches of a ledger with the numbers of their lines, from 1."""
    lines = ledger.read_bytes().split(b"\n") if ledger.exists() else []
    for number, line in enumerate(lines, 1):
        if (values := _values(line)) and (fetch := _fetch(values)):
            yield number, fetch


def faults(ledger: Path) -> list[Fault]:
    """The lines that are damaged, changed, or missing from the ledger, by the hash in the line after them."""
    *lines, incomplete = ledger.read_bytes().split(b"\n") if ledger.exists() else [b""]
    found: list[Fault] = []
    chained, before = False, ""
    for number, line in enumerate(lines, 1):
        values = _values(line)
        stated = values.get("before") if values else None
        if line and (values is None or _fetch(values) is None):
            found.append(Fault(number, "no fetch can be read from it"))
        elif values and stated is None and chained:
            found.append(Fault(number, "it does not have the hash of the line before it"))
        elif values and stated is not None and stated != before and not (found and found[-1].line == number - 1):
            found.append(Fault(number, "the line before it was changed or removed"))
        chained, before = chained or stated is not None, _sha256(line)
    if incomplete:
        found.append(Fault(len(lines) + 1, "it is incomplete: the process was killed"))
    if (why := _changed_end(ledger)) and not (found and found[-1].line == len(lines)):
        found.append(Fault(len(lines) + bool(_missing_end(ledger)), why))
    return found


def rewrite(ledger: Path, damaged: Path) -> int:
    """Write the readable lines again with new hashes; keep the old file as ``damaged``. Returns the number of lines."""
    kept = [values for line in ledger.read_bytes().split(b"\n") if (values := _values(line)) and _fetch(values)]
    lines: list[bytes] = []
    for values in kept:
        fetch = {name: value for name, value in values.items() if name not in ("version", "before")}
        lines.append(_line(fetch, lines[-1].rstrip(b"\n") if lines else b""))
    unfinished = ledger.with_name("aside-ledger")
    with unfinished.open("wb") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    os.link(ledger, damaged)
    unfinished.replace(ledger)
    _write_head(ledger, ledger.stat().st_size, lines[-1] if lines else b"", len(lines))
    return len(lines)


def _line(values: Mapping[str, object], before: bytes) -> bytes:
    """A line of the ledger with the hash of the line before it, which is empty in the first line."""
    chain = {"version": VERSION, "before": _sha256(before)}
    option = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps({**values, **chain}, option=option)


def _sha256(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest() if line else ""


def _last_line(handle: int, size: int) -> bytes:
    """The last line of an open ledger, without line end; it may be incomplete."""
    tail, start = b"", size
    while start and b"\n" not in tail.rstrip(b"\n"):
        length = min(_BLOCK, start)
        start -= length
        tail = os.pread(handle, length, start) + tail
    return tail.rstrip(b"\n").rpartition(b"\n")[2]


def _lines_until(ledger: Path, handle: int, size: int) -> int:
    """The complete lines of an open ledger of this size: as the head states, else counted."""
    stated = stated_lines(ledger)
    return stated if stated is not None and _head(ledger)[0] == size else os.pread(handle, size, 0).count(b"\n")


def stated_lines(ledger: Path) -> int | None:
    """The number of lines when the ledger was last written. None if the head does not state it."""
    try:
        return int(orjson.loads(head_of(ledger).read_bytes())["lines"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _write_head(ledger: Path, size: int, line: bytes, lines: int) -> None:
    """Write the head. It is not flushed: a head that a power cut left behind states less than there is."""
    unfinished = ledger.with_name("aside-ledger-head")
    unfinished.write_bytes(orjson.dumps({"bytes": size, "last": _sha256(line.rstrip(b"\n")), "lines": lines}))
    unfinished.replace(head_of(ledger))


def _head(ledger: Path) -> tuple[int, str]:
    """The length of the ledger and the sha256 of its last line when it was last written; (0, "") if unknown."""
    try:
        head = orjson.loads(head_of(ledger).read_bytes())
        return int(head["bytes"]), str(head["last"])
    except (OSError, ValueError, TypeError, KeyError):
        return 0, ""


def _missing_end(ledger: Path) -> str:
    """Why the ledger is shorter than its head states; "" if it is not."""
    if not ledger.exists():
        return "it is missing" if head_of(ledger).exists() else ""
    # The head first: another thread may append meanwhile, and writes the head after the line.
    stated, _ = _head(ledger)
    return "lines at its end are missing" if ledger.stat().st_size < stated else ""


def _changed_end(ledger: Path) -> str:
    """Why the last line that the head states is not the one in the ledger; "" if it is."""
    if why := _missing_end(ledger):
        return why
    size, last = _head(ledger)
    if not size:
        return ""
    with ledger.open("rb") as file:
        found = _last_line(file.fileno(), size)
    return "" if _sha256(found) == last else "it was changed"


def _values(line: bytes) -> dict[str, object] | None:
    """The JSON object in a line; None if there is none. ``ArchiveError`` for a line of a newer version."""
    try:
        values = orjson.loads(line) if line else None
    except ValueError:
        return None
    if not isinstance(values, dict):
        return None
    version = values.get("version", 0)
    if isinstance(version, int) and version > VERSION:
        raise ArchiveError(
            f"the ledger has a line of version {version}, written by a newer version of Corridor; update Corridor"
        )
    return values


def _fetch(values: Mapping[str, object]) -> Fetch | None:
    """The fetch in a line; None if the line is damaged."""
    fields = {name: value for name, value in values.items() if name not in ("version", "before")}
    try:
        return Fetch(**{**fields, "at": datetime.fromisoformat(str(fields["at"]))})  # type: ignore[arg-type]
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


def stamp(path: Path) -> tuple[int, int, int] | None:
    """Inode, size and modification time of a file; None if it does not exist."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _read(path: Path) -> list[Fetch]:
    path = path.absolute()
    now = stamp(path)
    known = _ledgers.get(path)
    if known and known.stamp == now:
        return known.fetches
    if why := _missing_end(path):
        raise ArchiveError(f"{path}: {why}; restore it from a backup, or `corridor repair` continues with what is left")
    if now is None:
        return []
    if not known or known.stamp[0] != now[0] or known.stamp[1] >= now[1]:
        known = _Ledger(now, 0, [])
    with path.open("rb") as file:
        file.seek(known.end)
        added = file.read()
    complete = added[: added.rfind(b"\n") + 1]
    parsed = [_fetch(values) for line in complete.split(b"\n") if (values := _values(line))]
    fetches = known.fetches + [fetch for fetch in parsed if fetch]
    _ledgers[path] = _Ledger(now, known.end + len(complete), fetches)
    return fetches
