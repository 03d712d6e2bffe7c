"""Checks of the installation and the data folder, each with a remedy for its problem."""

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from assets.core.workspace import Workspace
from pipelines.declarations import undeclared
from pipelines.operations import JOBS, LEAST_FREE
from pipelines.operations.run_table import newest_runs
from sources.catalogue import datasets
from warehouse import iceberg, releases
from warehouse.contracts import contracts
from warehouse.errors import ArchiveError, ContractError, CorridorError, ReleaseError, shortened

SHOWN = 5
LIBRARIES = ("dagster", "polars", "pyarrow", "great-expectations")


@dataclass(frozen=True)
class Finding:
    """The result of a check: what was checked, whether it is in order, and the state or the problem with its remedy."""

    what: str
    ok: bool
    message: str


def diagnosis(workspace: Workspace) -> list[Finding]:
    """The results of all checks."""
    return [
        _finding("Python", sys.version_info >= (3, 11), platform.python_version(), "install Python 3.11 or newer"),
        _libraries(),
        _attempt("catalogue", lambda: f"{len(datasets())} datasets"),
        _attempt("contracts", lambda: f"{len(contracts())} tables"),
        _attempt("declarations", _without_undeclared_codes),
        _writable(workspace.data),
        _disk_space(workspace.data),
        _attempt("ledger", lambda: f"{len(workspace.archive.fetches()):,} fetches"),
        _attempt("archive", lambda: _without_damage(workspace)),
        _attempt("releases", lambda: _without_incomplete_release(workspace)),
        _attempt("Iceberg", lambda: _own_catalog(workspace)),
        _attempt("Dagster's records", lambda: _readable_records(workspace.data)),
        *_keys(),
    ]


def _finding(what: str, ok: bool, state: str, remedy: str) -> Finding:
    return Finding(what, ok, state if ok else f"{state}; {remedy}")


def _attempt(what: str, look: Callable[[], str]) -> Finding:
    """A finding that is in order if ``look`` raises no error of ours."""
    try:
        return Finding(what, ok=True, message=look())
    except (CorridorError, OSError) as error:
        return Finding(what, ok=False, message=str(error))


def _without_undeclared_codes() -> str:
    """A sentence about the codes of the declarations. ``ContractError`` names the codes that no list has."""
    missing = undeclared()
    if missing:
        raise ContractError(f"{shortened(missing, SHOWN, '; ')}; the lists are in warehouse/codes")
    return "each code of the catalogue, statements, measures and headline indicators is in its list"


def _without_damage(workspace: Workspace) -> str:
    """A sentence about the archive, which is checked without reading the payloads. ``ArchiveError`` for damage."""
    damages = workspace.archive.quick_check()
    if damages:
        named = [f"{damage.what} {damage.where}: {damage.why}" for damage in damages]
        raise ArchiveError(f"{shortened(named, 1)}; `corridor repair` repairs what can be repaired")
    return "no payload is missing; `corridor verify` also reads them"


def _without_incomplete_release(workspace: Workspace) -> str:
    """A sentence about the releases, whose tables are compared by size. ``ReleaseError`` if one is incomplete."""
    found = releases.index(workspace.releases)
    incomplete = {entry.name: releases.missing_tables(workspace.releases, entry) for entry in found}
    named = [f"{', '.join(tables)} of {name}" for name, tables in incomplete.items() if tables]
    if named:
        raise ReleaseError(
            f"tables are missing or have another size: {'; '.join(named)}; `corridor build` publishes a complete "
            "release if the latest is one of them"
        )
    return f"{len(found):,}, the latest is {found[-1].name if found else 'none yet'}"


def _own_catalog(workspace: Workspace) -> str:
    """A sentence about the Iceberg catalog. ``ReleaseError`` if it names files of another folder."""
    if workspace.catalog is not None:
        return "another catalog is configured"
    if foreign := iceberg.foreign_locations(workspace.data):
        raise ReleaseError(
            f"{len(foreign)} tables of the catalog lie in another folder ({foreign[0]}), because {workspace.data} was "
            "copied or moved; `corridor register --rebuild` makes the catalog again"
        )
    return "the catalog names files of this folder" if (workspace.data / iceberg.CATALOG).exists() else "none yet"


def _readable_records(data: Path) -> str:
    """A sentence about Dagster's records. ``AssetError`` if they cannot be read, as with a wrong password."""
    if not (data / "dagster" / "dagster.yaml").exists():
        return "none yet"
    last = newest_runs(data, JOBS, 1)
    return f"the last run is of {last[0].created:%Y-%m-%d %H:%M} UTC" if last else "no run yet"


def _libraries() -> Finding:
    try:
        found = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    except PackageNotFoundError as error:
        return Finding("packages", ok=False, message=f"{error.name} is not installed; run `make setup`")
    return Finding("packages", ok=True, message=found)


def _writable(data: Path) -> Finding:
    state = f"{data} is writable" if data.exists() else f"the first build creates {data}"
    writable = os.access(_existing(data), os.W_OK)
    return _finding(
        "data folder", writable, state if writable else f"{data} is not writable", "choose another with --data"
    )


def _disk_space(data: Path) -> Finding:
    free = shutil.disk_usage(_existing(data)).free
    return _finding("disk", free >= LEAST_FREE, f"{free / (1 << 30):.1f} GiB free", "a build needs 2 GiB")


def _existing(folder: Path) -> Path:
    """The folder, else its nearest parent that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _keys() -> list[Finding]:
    """The keys that some publishers require. Without its key a dataset is not fetched live; that is not a problem."""
    required = {
        (value.split("env:")[1], publisher.publisher)
        for publisher, _ in datasets().values()
        for endpoint in publisher.endpoints.values()
        for value in [*endpoint.headers.values(), *endpoint.params.values()]
        if "env:" in value
    }
    return [
        Finding(
            f"${name}", ok=True, message="set" if os.environ.get(name) else f"not set; {publisher} is not fetched live"
        )
        for name, publisher in sorted(required)
    ]
