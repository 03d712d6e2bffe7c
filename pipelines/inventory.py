"""What a workspace holds: the datasets of the catalogue with their vintages, and the files that can be verified."""

from collections.abc import Callable
from datetime import date

from assets.core.workspace import Workspace
from assets.ingest.payloads import history, origin_of, stale
from sources.catalogue import datasets
from sources.catalogue.model import Publisher
from warehouse import releases

Row = dict[str, object]


def inventory(workspace: Workspace) -> list[Row]:
    """One row for each dataset: its licence and cadence, the slice requested, the last vintage and its mode.

    ``stale since`` is the day of the last response to a dataset whose live requests have failed on several days.
    """
    last_responses = stale(Workspace(workspace.data, "live"))
    return [
        _dataset(workspace, name, publisher, last_responses.get(name)) for name, (publisher, _) in datasets().items()
    ]


def _dataset(workspace: Workspace, name: str, publisher: Publisher, last_response: date | None) -> Row:
    code = name.partition("/")[2]
    entry, licence = publisher.datasets[code], publisher.licence_of(code)
    fetches = [
        fetch
        for mode in ("snapshot", "live")
        for fetches_of_slice in history(Workspace(workspace.data, mode), publisher, code).values()
        for fetch in fetches_of_slice
    ]
    origins = [origin_of(fetch) for fetch in fetches]
    published = [origin.stamp or origin.received for origin in origins]
    return {
        "dataset": name,
        "title": entry.title,
        "publisher": publisher.name["en"],
        "table": entry.table,
        "licence": licence.id,
        "redistribution": licence.redistribution,
        "cadence": publisher.cadence,
        "slice": {
            dim: len(codes) for filters in (entry.filters, *entry.alternatives) for dim, codes in filters.items()
        },
        "last vintage": max(published).date().isoformat() if published else None,
        "mode": "+".join(sorted({fetch.transport for fetch in fetches})) or "not_fetched",
        "stale since": last_response.isoformat() if last_response else None,
    }


def verified(workspace: Workspace, progress: Callable[[int, int], None]) -> tuple[int, list[str]]:
    """Hash all payloads and published tables again; the number of files, and a line for each damaged one."""
    damages = [f"{damage.what} {damage.where}: {damage.why}" for damage in workspace.archive.verify(progress)]
    root = workspace.archive.root
    checked = sum(1 for path in root.rglob("*") if path.is_file()) if root.is_dir() else 0
    for release in releases.index(workspace.releases):
        damages += releases.damages(workspace.releases / release.name, release)
        checked += len(release.tables)
    return checked, damages
