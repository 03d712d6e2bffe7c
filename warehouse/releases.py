"""Releases: immutable folders with a name, and the index that makes them visible.

A release is written aside, flushed to disk, read back, renamed into place, and then named by ``index.json``, which is
replaced in one step. Until that step it does not exist for anybody; a folder that the index does not name is what a
killed process left, and the next build removes it.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import orjson
import pyarrow.parquet as pq

from warehouse.contracts import contract
from warehouse.errors import ReleaseError


@dataclass(frozen=True)
class TableFacts:
    """A published table: its rows, its file's size and sha256, and its fields with their types."""

    rows: int
    bytes: int
    sha256: str
    schema_version: str
    fields: dict[str, str]


@dataclass(frozen=True)
class Release:
    """What the index says of a release. ``fingerprint`` stands for everything that it was made of."""

    name: str
    created: str
    mode: str
    fingerprint: str
    tables: dict[str, TableFacts]
    left_out: dict[str, int]

    @property
    def observations(self) -> int:
        """Rows of the tables of statistics."""
        return sum(facts.rows for name, facts in self.tables.items() if contract(name).kind == "statistics")


def index(root: Path) -> list[Release]:
    """The releases under ``root``, oldest first; ``ReleaseError`` when the index is damaged."""
    path = root / "index.json"
    if not path.exists():
        return []
    try:
        entries = orjson.loads(path.read_bytes())["releases"]
        return [
            Release(**entry | {"tables": {name: TableFacts(**facts) for name, facts in entry["tables"].items()}})
            for entry in entries
        ]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise ReleaseError(f"{path} is damaged ({error}); restore it, or remove it to begin anew") from error


def latest(root: Path) -> Release | None:
    """The newest release."""
    return next(reversed(index(root)), None)


def find(root: Path, name: str = "latest") -> Release:
    """A release by its name; ``ReleaseError`` lists the ones there are."""
    known = index(root)
    if name == "latest" and known:
        return known[-1]
    for release in known:
        if release.name == name:
            return release
    names = ", ".join(release.name for release in known[-5:]) or "none yet: `corridor build` makes the first"
    raise ReleaseError(f"there is no release {name}; there are {names}")


def next_name(root: Path, today: date) -> str:
    """The name of the next release: the day, and its number on that day."""
    return f"{today.isoformat()}.{1 + sum(release.name.startswith(today.isoformat()) for release in index(root))}"


def clean(root: Path) -> list[str]:
    """Remove what killed processes left, and say what it was."""
    known = {release.name for release in index(root)}
    strays = [path for path in root.iterdir() if path.is_dir() and path.name not in known] if root.is_dir() else []
    for path in strays:
        shutil.rmtree(path)
    halves = list(root.glob(".index-*"))
    for path in halves:
        path.unlink()
    return sorted(path.name for path in [*strays, *halves])


def publish(root: Path, name: str, write: Callable[[Path], Release]) -> Release:
    """Make a release visible. ``write`` fills the folder it is given and says what it wrote."""
    root.mkdir(parents=True, exist_ok=True)
    clean(root)
    if (root / name).exists():
        raise ReleaseError(f"the release {name} exists already and is never changed")
    aside = Path(tempfile.mkdtemp(prefix=".aside-", dir=root))
    try:
        release = write(aside)
        problems = damages(aside, release)
        if problems:
            raise ReleaseError(f"the release was not written as it should be: {'; '.join(problems[:3])}")
        _flush(aside)
        aside.chmod(0o755)
        aside.rename(root / name)
        _flush_folder(root)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    _write_index(root, [*index(root), release])
    return release


def damages(folder: Path, release: Release) -> list[str]:
    """What in a release's folder is not as its index says; empty when all is well."""
    found = []
    for name, facts in release.tables.items():
        path = folder / "tables" / f"{name}.parquet"
        if not path.is_file():
            found.append(f"{release.name}: {path.name} is missing")
        elif sha256(path) != facts.sha256:
            found.append(f"{release.name}: {path.name} is damaged: its sha256 is not that of the index")
        elif pq.read_metadata(path).num_rows != facts.rows:
            found.append(f"{release.name}: {path.name} has not the rows that the index says")
    return found


def facts(path: Path, table: str) -> TableFacts:
    """What the index says of a table's file."""
    rows = pq.read_metadata(path).num_rows
    declared = contract(table)
    fields = {column.name: str(column.type) for column in declared.columns}
    return TableFacts(rows, path.stat().st_size, sha256(path), declared.version, fields)


def sha256(path: Path) -> str:
    """Hexadecimal sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_index(root: Path, releases: list[Release]) -> None:
    entries = [asdict(release) for release in releases]
    content = orjson.dumps({"latest": releases[-1].name, "releases": entries}, option=orjson.OPT_INDENT_2)
    handle, aside = tempfile.mkstemp(prefix=".index-", dir=root)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(aside).chmod(0o644)
    Path(aside).replace(root / "index.json")
    _flush_folder(root)


def _flush(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        else:
            _flush_folder(path)
    _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
