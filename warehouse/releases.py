"""Releases: immutable folders with a name, and the index that makes them visible.

A release is written aside, read back, put into place, and then named by ``index.json``, which is replaced in one step.
Until that step it does not exist for anybody; a folder that the index does not name is what a killed process left, and
the next build removes it. ``warehouse.storage`` says how that is so on a local disk and in an object store.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path

import orjson
import pyarrow.parquet as pq

from warehouse import storage
from warehouse.contracts import contract
from warehouse.errors import ReleaseError
from warehouse.files import sha256
from warehouse.storage import Content, Place

INDEX = "index.json"


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
    """What the index says of a release. ``fingerprint`` stands for everything that it was made of.

    ``documents`` has the sha256 of every file beside the tables. ``kept`` says why a person wants it never to be
    pruned, and is empty where nobody does.
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
        """Rows of the tables of statistics."""
        return sum(facts.rows for name, facts in self.tables.items() if contract(name).kind == "statistics")


@dataclass(frozen=True)
class _Index:
    """What the index says: the releases, oldest first, when others were pruned, and the content that says it."""

    releases: list[Release]
    pruned: dict[str, str]
    content: Content | None


def index(root: Place) -> list[Release]:
    """The releases under ``root``, oldest first; ``ReleaseError`` when the index is damaged."""
    return _load(root).releases


def _load(root: Place) -> _Index:
    content = storage.read(root / INDEX)
    try:
        said = orjson.loads(content.data) if content else {"releases": []}
        entries = [
            Release(**entry | {"tables": {name: TableFacts(**facts) for name, facts in entry["tables"].items()}})
            for entry in said["releases"]
        ]
        return _Index(entries, said.get("pruned", {}), content)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ReleaseError(f"{root / INDEX} is damaged ({error}); restore it, or remove it to begin anew") from error


def _save(root: Place, before: _Index, entries: list[Release], pruned: Mapping[str, str]) -> None:
    """Replace the index in one step. There is always a release: the newest is never pruned."""
    said = {"latest": entries[-1].name, "releases": [asdict(entry) for entry in entries], "pruned": pruned}
    storage.swap(root / INDEX, orjson.dumps(said, option=orjson.OPT_INDENT_2), before.content)


def latest(root: Place) -> Release | None:
    """The newest release."""
    return next(reversed(index(root)), None)


def find(root: Place, name: str = "latest") -> Release:
    """A release by its name; ``ReleaseError`` lists the ones there are."""
    said = _load(root)
    known = said.releases
    if name == "latest" and known:
        return known[-1]
    for release in known:
        if release.name == name:
            return release
    if name in said.pruned:
        raise ReleaseError(f"{name} was pruned at {said.pruned[name]}; `corridor as-of` says what was known then")
    names = ", ".join(release.name for release in known[-5:]) or "none yet: `corridor build` makes the first"
    raise ReleaseError(f"there is no release {name}; there are {names}")


def next_name(root: Place, today: date) -> str:
    """The name of the next release: the day, and its number on that day, which none has or is about to have."""
    said = _load(root)
    known = {release.name for release in said.releases}
    taken = {*known, *said.pruned, *(name for name, abandoned in storage.strays(root, known).items() if not abandoned)}
    numbers = [int(name.rpartition(".")[2]) for name in taken if name.startswith(f"{today.isoformat()}.")]
    return f"{today.isoformat()}.{1 + max(numbers, default=0)}"


def clean(root: Place) -> list[str]:
    """Remove what killed processes left and what was pruned, and say what it was."""
    known = {release.name for release in index(root)}
    found = sorted(name for name, abandoned in storage.strays(root, known).items() if abandoned)
    for name in found:
        storage.remove(root / name)
    return found


def publish(root: Place, name: str, write: Callable[[Path], Release]) -> Release:
    """Make a release visible. ``write`` fills the folder it is given and says what it wrote."""
    before = _load(root)
    clean(root)
    if any(release.name == name for release in before.releases):
        raise ReleaseError(f"the release {name} exists already and is never changed")
    with storage.aside(root) as folder:
        release = replace(write(folder), documents=_documents(folder))
        problems = damages(folder, release)
        if problems:
            raise ReleaseError(f"the release was not written as it should be: {'; '.join(problems[:3])}")
        storage.put(folder, root / name)
    _save(root, before, [*before.releases, release], before.pruned)
    return release


def keep(root: Place, name: str, because: str) -> None:
    """Let a release never be pruned, and the index say why. ``ReleaseError`` if there is none of the name."""
    kept = replace(find(root, name), kept=because)
    before = _load(root)
    _save(root, before, [kept if entry.name == kept.name else entry for entry in before.releases], before.pruned)


def forget(root: Place, names: Collection[str], at: str) -> None:
    """Let releases be no more; the index says when that was. ``clean`` removes their files.

    ``ReleaseError`` where the newest release is among them, or one that is kept.
    """
    before = _load(root)
    refused = [
        entry.name for entry in before.releases if entry.name in names and (entry.kept or entry is before.releases[-1])
    ]
    if refused:
        raise ReleaseError(f"{', '.join(refused)} may not be pruned: the newest release stays, and what is kept")
    gone = {entry.name: at for entry in before.releases if entry.name in names}
    _save(root, before, [entry for entry in before.releases if entry.name not in gone], before.pruned | gone)


def damages(folder: Place, release: Release) -> list[str]:
    """What in a release's folder is not as its index says; empty when all is well."""
    found = []
    for name, facts in release.tables.items():
        path = folder / "tables" / f"{name}.parquet"
        try:
            size, sha256 = storage.digest(path)
        except FileNotFoundError:
            found.append(f"{release.name}: {name}.parquet is missing")
            continue
        if (size, sha256) != (facts.bytes, facts.sha256):
            found.append(f"{release.name}: {name}.parquet is damaged: its sha256 is not that of the index")
        elif pq.read_metadata(str(path)).num_rows != facts.rows:
            found.append(f"{release.name}: {name}.parquet has not the rows that the index says")
    for name, written in release.documents.items():
        try:
            if storage.digest(folder / name)[1] != written:
                found.append(f"{release.name}: {name} is damaged: its sha256 is not that of the index")
        except FileNotFoundError:
            found.append(f"{release.name}: {name} is missing")
    return found


def _documents(folder: Path) -> dict[str, str]:
    """The sha256 of every file of a release that is no table, by its path."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: sha256(path) for name, path in sorted(paths.items()) if not name.startswith("tables/")}


def table_file(root: Place, release: Release, table: str) -> str:
    """Where the Parquet file of a table lies, as polars, pandas, pyarrow and DuckDB are told it."""
    return str(root / release.name / "tables" / f"{table}.parquet")


def facts(path: Path, table: str) -> TableFacts:
    """What the index says of a table's file."""
    rows = pq.read_metadata(path).num_rows
    declared = contract(table)
    fields = {column.name: str(column.type) for column in declared.columns}
    return TableFacts(rows, path.stat().st_size, sha256(path), declared.version, fields)
