"""A backup of a data folder, and of Dagster's records if they are in PostgreSQL.

A backup is a plain copy: to restore it, copy it back. Files that did not change since the last backup are links to it,
so each backup costs only what is new. Left out are results that the next build makes again, and records in SQLite.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from warehouse.archive import lock
from warehouse.errors import CorridorError

POSTGRES = "DAGSTER_POSTGRES_URL"
RECORDS = "dagster.sql"
# Records of a restored backup stay in the data folder. A link to them would be overwritten by the next dump.
LEFT_OUT = ("stage_cache", "build.lock", "build.pid", RECORDS)


class BackupError(CorridorError):
    """A backup cannot be made."""


def backup(data: Path, folder: Path, now: datetime) -> Path:
    """Copy a data folder to a new folder in ``folder``, which is returned. No build may be at work meanwhile.

    Raises ``BusyError`` if one is, and ``BackupError`` if the backup would lie in the data folder.
    """
    if folder.resolve().is_relative_to(data):
        raise BackupError(f"{folder} lies in the data folder; choose a folder on another disk")
    folder.mkdir(parents=True, exist_ok=True)
    previous = max((path for path in folder.glob("*Z") if path.is_dir()), default=None)
    made = folder / f"{now:%Y-%m-%dT%H%M%SZ}"
    unfinished = folder / f"{made.name}.part"
    with lock(data / "archive"):
        for path in _files(data):
            _copy(path, unfinished / path.relative_to(data), previous / path.relative_to(data) if previous else None)
        if _uses_postgres(data):
            _dump(unfinished / RECORDS)
        unfinished.rename(made)
    return made


def _files(data: Path) -> Iterator[Path]:
    """The files to copy."""
    for path in sorted(data.rglob("*")):
        parts = path.relative_to(data).parts
        is_record = parts[0] == "dagster" and parts[-1] != "dagster.yaml"
        if path.is_file() and not path.is_symlink() and parts[0] not in LEFT_OUT and not is_record:
            yield path


def _copy(path: Path, target: Path, previous: Path | None) -> None:
    """Copy a file with its times, or link to the copy of the previous backup if that has its size and time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    state = path.stat()
    if previous is not None and previous.is_file():
        before = previous.stat()
        if (before.st_size, before.st_mtime_ns) == (state.st_size, state.st_mtime_ns):
            os.link(previous, target)
            return
    shutil.copy2(path, target)


def _uses_postgres(data: Path) -> bool:
    config = data / "dagster" / "dagster.yaml"
    return config.is_file() and "postgres" in config.read_text(encoding="utf-8")


def _dump(target: Path) -> None:
    """Write Dagster's records as SQL. The address is handed on in variables: arguments are visible to all accounts."""
    address = urlsplit(os.environ.get(POSTGRES, ""))
    if not address.hostname or shutil.which("pg_dump") is None:
        raise BackupError(f"Dagster's records are in PostgreSQL; set ${POSTGRES} and install pg_dump")
    variables = {
        "PGHOST": address.hostname,
        "PGPORT": str(address.port or 5432),
        "PGUSER": unquote(address.username or ""),
        "PGPASSWORD": unquote(address.password or ""),
        "PGDATABASE": address.path.removeprefix("/"),
    }
    command = ["pg_dump", "--no-owner", "--clean", "--if-exists", f"--file={target}"]
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BackupError(f"pg_dump failed: {' '.join(done.stderr.split())}")
