"""What there is: the catalogue's datasets, the state of what is kept, and whether everything is in order."""

import os
import platform
import shutil
import sys
from collections.abc import Callable
from datetime import date
from importlib.metadata import PackageNotFoundError, version

from assets.core.workspace import Workspace
from assets.ingest.payloads import history, origin_of, stale
from sources.catalogue import Publisher, datasets
from sources.errors import SourceError
from warehouse import releases
from warehouse.contracts import contracts
from warehouse.errors import WarehouseError

LEAST_FREE = 2 << 30

Row = dict[str, object]


def inventory(workspace: Workspace) -> list[Row]:
    """One row a dataset: what it is, its licence and cadence, the slice asked for, the last vintage and its mode.

    ``stale since`` is the day of the last answer to what fails live night after night.
    """
    unanswered = stale(Workspace(workspace.data, "live"))
    return [_dataset(workspace, name, publisher, unanswered.get(name)) for name, (publisher, _) in datasets().items()]


def _dataset(workspace: Workspace, name: str, publisher: Publisher, answered: date | None) -> Row:
    code = name.partition("/")[2]
    entry, licence = publisher.datasets[code], publisher.licence_of(code)
    fetches = [
        fetch
        for mode in ("snapshot", "live")
        for slices in history(Workspace(workspace.data, mode), publisher, code).values()
        for fetch in slices
    ]
    known = [origin_of(fetch) for fetch in fetches]
    stamps = [statement.stamp or statement.received for statement in known]
    return {
        "dataset": name,
        "title": entry.title,
        "publisher": publisher.name["en"],
        "table": entry.table,
        "licence": licence.id,
        "redistribution": licence.redistribution,
        "cadence": publisher.cadence,
        "slice": {dim: len(codes) for asked in (entry.filters, *entry.alternatives) for dim, codes in asked.items()},
        "last vintage": max(stamps).date().isoformat() if stamps else None,
        "mode": "+".join(sorted({fetch.transport for fetch in fetches})) or "not_fetched",
        "stale since": answered.isoformat() if answered else None,
    }


def verified(workspace: Workspace, progress: Callable[[int, int], None]) -> tuple[int, list[str]]:
    """How many files were hashed again, and what is damaged in archive and releases."""
    damages = [f"{damage.what} {damage.where}: {damage.why}" for damage in workspace.archive.verify(progress)]
    checked = (
        sum(1 for path in workspace.archive.root.rglob("*") if path.is_file()) if workspace.archive.root.is_dir() else 0
    )
    for release in releases.index(workspace.releases):
        damages += releases.damages(workspace.releases / release.name, release)
        checked += len(release.tables)
    return checked, damages


def diagnosis(workspace: Workspace) -> list[Row]:
    """What is in order and what is not, each with what to do."""
    return [
        _finding("Python", sys.version_info >= (3, 11), platform.python_version(), "install Python 3.11 or newer"),
        _packages(),
        _tried("catalogue", lambda: f"{len(datasets())} datasets"),
        _tried("contracts", lambda: f"{len(contracts())} tables"),
        _writable(workspace),
        _space(workspace),
        _tried("ledger", lambda: f"{len(workspace.archive.fetches()):,} fetches"),
        _tried("releases", lambda: f"latest is {getattr(releases.latest(workspace.releases), 'name', 'none yet')}"),
        *_secrets(),
    ]


def _finding(what: str, ok: bool, says: str, remedy: str) -> Row:
    return {"what": what, "ok": ok, "says": says if ok else f"{says}; {remedy}"}


def _tried(what: str, look: Callable[[], str]) -> Row:
    try:
        return {"what": what, "ok": True, "says": look()}
    except (SourceError, WarehouseError, OSError) as error:
        return {"what": what, "ok": False, "says": str(error)}


def _packages() -> Row:
    try:
        found = ", ".join(f"{name} {version(name)}" for name in ("dagster", "polars", "pyarrow", "great-expectations"))
    except PackageNotFoundError as error:
        return {"what": "packages", "ok": False, "says": f"{error.name} is not installed; run `make setup`"}
    return {"what": "packages", "ok": True, "says": found}


def _writable(workspace: Workspace) -> Row:
    folder = next(path for path in (workspace.data, *workspace.data.parents) if path.exists())
    says = f"{workspace.data} is {'writable' if workspace.data.exists() else 'made by the first build'}"
    return _finding("data folder", os.access(folder, os.W_OK), says, "choose another with --data or $CORRIDOR_DATA")


def _space(workspace: Workspace) -> Row:
    folder = next(path for path in (workspace.data, *workspace.data.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    return _finding("disk", free >= LEAST_FREE, f"{free / (1 << 30):.1f} GiB free", "a build wants 2 GiB")


def _secrets() -> list[Row]:
    """Keys that live requests need; without them their datasets are not fetched, and nothing else is wrong."""
    wanted = {
        (value.split("env:")[1], publisher.publisher)
        for publisher, _ in datasets().values()
        for endpoint in publisher.endpoints.values()
        for value in [*endpoint.headers.values(), *endpoint.params.values()]
        if "env:" in value
    }
    return [
        {
            "what": f"${name}",
            "ok": True,
            "says": "set" if os.environ.get(name) else f"not set; live {who} is not fetched",
        }
        for name, who in sorted(wanted)
    ]
