"""Releases: immutable folders with a name, and the index that makes them visible.

A release is written in a staging folder, read back, published to its place, and then added to ``index.json``, which is
replaced in one step. Before that step no reader sees the release. ``warehouse.storage`` implements these steps for a
local disk and for an object store.

Each release has its own entry in ``release.json``. It proves that Corridor wrote the folder: what a killed process left
is removed, and a folder, link or file of anybody else never is. From these entries the index is made again if it is
lost.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

from warehouse.contracts import contract
from warehouse.errors import ReleaseError
from warehouse.files import sha256
from warehouse.storage import ENTRY, Content, Place
from warehouse.storage.local import LocalPlace

INDEX = "index.json"

_NUMBERED = re.compile(r"\d{4}-\d\d-\d\d\.\d+")


@dataclass(frozen=True)
class TableFacts:
    """A published table: number of rows, size and sha256 of its file, and its fields with their types."""

    rows: int
    bytes: int
    sha256: str
    schema_version: str
    fields: dict[str, str]


@dataclass(frozen=True)
class Release:
    """The entry of a release in the index.

    ``fingerprint`` is a hash of everything that the release was built from. ``left_out`` counts by dataset the rows
    whose licence does not allow redistribution. ``documents`` holds the sha256 of every file that is not a table.
    ``kept`` is the reason why this release must never be pruned; it is empty if there is none.
    """

    name: str
    created: str
    mode: str
    fingerprint: str
    tables: dict[str, TableFacts]
    left_out: dict[str, int]
    kept: str = ""
    documents: dict[str, str] = field(default_factory=dict)

    @property
    def observations(self) -> int:
        """Number of rows in the tables of statistics."""
        return sum(facts.rows for name, facts in self.tables.items() if contract(name).kind == "statistics")


@dataclass(frozen=True)
class _Index:
    """The parsed index: releases, oldest first; name and time of each pruned release; the content of the file."""

    releases: list[Release]
    pruned: dict[str, str]
    content: Content | None


def index(root: Place) -> list[Release]:
    """The releases under ``root``, oldest first; ``ReleaseError`` if the index is damaged."""
    return _load(root).releases


def _load(root: Place) -> _Index:
    content = (root / INDEX).read()
    if content is None:
        if lost := [name for name in root.folders() if _stored_entry(root, name)]:
            raise ReleaseError(
                f"{root / INDEX} is missing, although there are releases ({', '.join(lost[-3:])}); `corridor repair` "
                "makes it again from them"
            )
        return _Index([], {}, None)
    try:
        parsed = orjson.loads(content.data)
        return _Index([_release(entry) for entry in parsed["releases"]], parsed.get("pruned", {}), content)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ReleaseError(
            f"{root / INDEX} is damaged ({error}); `corridor repair` makes it again from the releases"
        ) from error


def _release(entry: dict[str, Any]) -> Release:
    return Release(**entry | {"tables": {name: TableFacts(**facts) for name, facts in entry["tables"].items()}})


def _rebuilt(root: Place) -> _Index:
    """The index from the entries in the folders of the releases. Incomplete releases are left out."""
    found = [stored for name in root.folders() if (stored := _stored_entry(root, name))]
    entries = [stored.release for stored in found if not missing_tables(root, stored.release)]
    entries.sort(key=lambda entry: (entry.created, entry.name))
    kept = {name: reason for stored in found for name, reason in stored.kept.items()}
    pruned = {name: at for stored in found for name, at in stored.pruned.items()}
    return _Index([replace(entry, kept=kept.get(entry.name, "")) for entry in entries], pruned, None)


def repair_index(root: Place, at: str) -> list[str] | None:
    """Make a lost or damaged index again from the releases; return their names, or None if it is in order.

    The damaged index stays as ``index-damaged-<at>.json``.
    """
    content = (root / INDEX).read()
    try:
        _load(root)
    except ReleaseError:
        if content is not None:
            (root / f"index-damaged-{at}.json").swap(content.data, None)
    else:
        return None
    found = _rebuilt(root)
    _save(root, replace(found, content=content), found.releases, found.pruned)
    return [entry.name for entry in found.releases]


@dataclass(frozen=True)
class _Stored:
    """The entry in a release's own folder, and what the index stated when it was published."""

    release: Release
    kept: dict[str, str]
    pruned: dict[str, str]


def _stored_entry(root: Place, name: str) -> _Stored | None:
    """The entry in the folder ``name``; None if there is none of this name: then Corridor did not write the folder."""
    content = (root / name / ENTRY).read()
    try:
        parsed = orjson.loads(content.data) if content else {}
        stored = _Stored(_release(parsed["release"]), parsed["kept"], parsed["pruned"])
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None
    return stored if stored.release.name == name else None


def missing_tables(root: Place, release: Release) -> list[str]:
    """The tables of a release that are missing in its folder or have another size."""
    folder = root / release.name
    sizes = {name: _file(folder, name).size() for name in release.tables}
    return [name for name, size in sizes.items() if size != release.tables[name].bytes]


def is_complete(root: Place, release: Release) -> bool:
    """Whether the folder of a release has all its tables in their size. Their content is not read."""
    return not missing_tables(root, release)


def is_intact(root: Place, release: Release) -> bool:
    """Whether the tables of a release are complete and, on the local disk, have the content that its entry states."""
    if not is_complete(root, release):
        return False
    folder = root / release.name
    return root.path is None or not any(
        _has_other_content(_file(folder, name), facts) for name, facts in release.tables.items()
    )


def _save(root: Place, before: _Index, entries: list[Release], pruned: Mapping[str, str]) -> None:
    """Replace the index in one step."""
    latest = entries[-1].name if entries else None
    content = {"latest": latest, "releases": [asdict(entry) for entry in entries], "pruned": pruned}
    (root / INDEX).swap(orjson.dumps(content, option=orjson.OPT_INDENT_2), before.content)


def latest(root: Place) -> Release | None:
    """The newest release; None if there is none."""
    return next(reversed(index(root)), None)


def latest_complete(root: Place) -> Release | None:
    """The newest release whose folder is complete; None if there is none."""
    return next((entry for entry in reversed(index(root)) if is_complete(root, entry)), None)


def find(root: Place, name: str = "latest") -> Release:
    """A release by its name; ``ReleaseError`` names the existing ones if it does not exist."""
    loaded = _load(root)
    known = loaded.releases
    if name == "latest" and known:
        return known[-1]
    for release in known:
        if release.name == name:
            return release
    if name in loaded.pruned:
        raise ReleaseError(f"{name} was pruned at {loaded.pruned[name]}; `corridor as-of` returns what was known then")
    latest = ", ".join(release.name for release in known[-5:])
    hint = f"the latest are {latest}" if known else "there is none yet: `corridor build` makes the first"
    raise ReleaseError(f"there is no release {name}; {hint}")


def next_name(root: Place, today: date) -> str:
    """The name of the next release: the day and a number that no other release of that day has had or may get."""
    loaded = _load(root)
    known = {release.name for release in loaded.releases}
    others = {name for name, files in _unnamed(root, loaded).items() if not files}
    used = {*known, *loaded.pruned, *others}
    numbers = [int(name.rpartition(".")[2]) for name in used if _NUMBERED.fullmatch(name) and f"{today}." in name]
    return f"{today.isoformat()}.{1 + max(numbers, default=0)}"


def _unnamed(root: Place, loaded: _Index) -> dict[str, list[str]]:
    """The folders that the index does not name, and the files in each that Corridor wrote and may remove.

    There are none in a folder that another process may still be writing, or that somebody else made.
    """
    known = {release.name for release in loaded.releases}
    found: dict[str, list[str]] = {}
    for name, is_settled in root.folders().items():
        if name not in known:
            found[name] = _own_files(root, name, loaded.pruned) if is_settled else []
    return found


def _own_files(root: Place, name: str, pruned: Collection[str]) -> list[str]:
    """The files of a release that Corridor wrote. The file that proves this is the last one, so it is deleted last.

    It is ``release.json``; releases of earlier versions have ``datapackage.json`` instead.
    """
    stored = _stored_entry(root, name)
    if stored is None and (name not in pruned or (root / name / "datapackage.json").size() is None):
        return []
    present = (root / name).files()
    if stored is None:
        return [*(path for path in present if path != "datapackage.json"), "datapackage.json"]
    ours = {*stored.release.documents, *(f"tables/{table}.parquet" for table in stored.release.tables)}
    return [*(path for path in present if path in ours), ENTRY]


def clean(root: Place) -> list[str]:
    """Remove what killed processes left and the files of pruned releases; return the removed names.

    Only files that Corridor wrote are removed.
    """
    removed = []
    for name, files in _unnamed(root, _load(root)).items():
        if files:
            (root / name).delete(files)
            removed.append(name)
    return sorted([*removed, *root.remove_leftovers()])


def publish(root: Place, name: str, write: Callable[[Path], Release]) -> Release:
    """Publish a release. ``write`` fills an empty folder with the files and returns the entry for the index."""
    before = _load(root)
    if before.content is None:
        # Write an empty index first. Then a folder with releases and without an index always means a lost index.
        _save(root, before, [], {})
        before = _load(root)
    clean(root)
    if any(release.name == name for release in before.releases):
        raise ReleaseError(f"the release {name} exists already and is never changed")
    with root.staging() as folder:
        release = replace(write(folder), documents=_documents(folder))
        _write_entry(folder, release, before)
        problems = damages(LocalPlace(folder), release)
        if problems:
            raise ReleaseError(f"the release was not written correctly: {'; '.join(problems[:3])}")
        (root / name).publish(folder)
    _save(root, before, [*before.releases, release], before.pruned)
    return release


def _write_entry(folder: Path, release: Release, before: _Index) -> None:
    """Write the entry of a release into its folder, with what the index states about the releases before it."""
    kept = {entry.name: entry.kept for entry in before.releases if entry.kept}
    content = {"release": asdict(release), "kept": kept, "pruned": before.pruned}
    (folder / ENTRY).write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))


def keep(root: Place, name: str, because: str) -> None:
    """Protect a release from pruning and record the reason in the index; ``ReleaseError`` if it does not exist."""
    kept = replace(find(root, name), kept=because)
    before = _load(root)
    _save(root, before, [kept if entry.name == kept.name else entry for entry in before.releases], before.pruned)


def remove_from_index(root: Place, names: Collection[str], at: str) -> None:
    """Remove releases from the index and record the time. ``clean`` removes their files afterwards.

    ``ReleaseError`` if one of them is the newest release or is kept by a person.
    """
    before = _load(root)
    refused = [
        entry.name for entry in before.releases if entry.name in names and (entry.kept or entry is before.releases[-1])
    ]
    if refused:
        raise ReleaseError(f"{', '.join(refused)} may not be pruned: the newest release and kept releases stay")
    pruned = {entry.name: at for entry in before.releases if entry.name in names}
    _save(root, before, [entry for entry in before.releases if entry.name not in pruned], before.pruned | pruned)


def damages(folder: Place, release: Release) -> list[str]:
    """The differences between a release's folder and its entry in the index; empty if there are none."""
    found = []
    for name, facts in release.tables.items():
        path = _file(folder, name)
        try:
            size, sha256 = path.digest()
        except FileNotFoundError:
            found.append(f"{release.name}: {name}.parquet is missing")
            continue
        if (size, sha256) != (facts.bytes, facts.sha256):
            found.append(f"{release.name}: {name}.parquet is damaged: its sha256 is not that of the index")
        elif pq.read_metadata(str(path)).num_rows != facts.rows:
            found.append(f"{release.name}: {name}.parquet has another number of rows than the index states")
    for name, written in release.documents.items():
        try:
            if (folder / name).digest()[1] != written:
                found.append(f"{release.name}: {name} is damaged: its sha256 is not that of the index")
        except FileNotFoundError:
            found.append(f"{release.name}: {name} is missing")
    return found


def _documents(folder: Path) -> dict[str, str]:
    """The sha256 of every file of a release that is not a table, by its path."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: sha256(path) for name, path in sorted(paths.items()) if not name.startswith("tables/")}


def table_file(root: Place, release: Release, table: str) -> str:
    """The path or address of a table's Parquet file, in the form that Polars, pandas, PyArrow and DuckDB accept."""
    return str(_file(root / release.name, table))


def _file(folder: Place, table: str) -> Place:
    """The Parquet file of a table in the folder of a release."""
    return folder / "tables" / f"{table}.parquet"


@contextmanager
def readable(root: Place, release: Release, *tables: str) -> Iterator[None]:
    """A block that reads tables of a release. Raises ``ReleaseError`` that names a table that is damaged or missing.

    Only sizes are compared before the block. The content is compared with its sha256 if the block raises an error.
    """
    for name in tables:
        if name not in release.tables:
            raise ReleaseError(
                f"the release {release.name} has no table {name}; `corridor build` publishes a new release"
            )
        if _file(root / release.name, name).size() != release.tables[name].bytes:
            raise _damaged(release, name)
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a damaged file can raise any error of Polars, also one that is not an Exception
        for name in tables:
            if _has_other_content(_file(root / release.name, name), release.tables[name]):
                raise _damaged(release, name) from error
        raise


def _damaged(release: Release, table: str) -> ReleaseError:
    return ReleaseError(
        f"the table {table} of the release {release.name} is damaged or missing; `corridor verify` names what is "
        "damaged, and `corridor build` publishes a complete release if this one is the latest"
    )


def _has_other_content(path: Place, declared: TableFacts) -> bool:
    try:
        return path.digest() != (declared.bytes, declared.sha256)
    except OSError:
        return True


def facts(path: Path, table: str) -> TableFacts:
    """The entry of a table's file in the index."""
    rows = pq.read_metadata(path).num_rows
    declared = contract(table)
    fields = {column.name: str(column.type) for column in declared.columns}
    return TableFacts(rows, path.stat().st_size, sha256(path), declared.version, fields)
