"""What a workspace holds: the datasets of the catalogue with their vintages, and the files that can be verified."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from assets.core.workspace import Workspace
from assets.ingest.failing import stale
from assets.ingest.responses import first_receptions, origin_of
from pipelines.explain.report import Label
from sources.catalogue import datasets
from sources.catalogue.model import Dataset, Publisher
from warehouse import releases


@dataclass(frozen=True)
class DatasetState:
    """A dataset of the catalogue, and what the archive holds of it.

    ``slice`` has the number of codes requested in each dimension. ``request`` is the public evidence for the request.
    ``stale_since`` is the day of the last response, or "never", if the live requests have failed on several days since.
    """

    dataset: str
    title: str
    publisher: str
    table: str
    licence: str
    redistribution: str
    cadence: str
    slice: dict[str, int]
    last_vintage: Annotated[str | None, Label("last vintage")]
    mode: str
    request: str
    stale_since: Annotated[str | None, Label("stale since")]


def inventory(workspace: Workspace) -> list[DatasetState]:
    """The state of every dataset, in the order of the catalogue."""
    last_responses = stale(Workspace(workspace.data, "live"))
    return [
        _dataset(workspace, name, publisher, _stale_since(name, last_responses))
        for name, (publisher, _) in datasets().items()
    ]


def _stale_since(name: str, last_responses: Mapping[str, date | None]) -> str | None:
    """The day of the last response of a stale dataset, or "never"; None if it is not stale."""
    if name not in last_responses:
        return None
    last = last_responses[name]
    return last.isoformat() if last else "never"


def _dataset(workspace: Workspace, name: str, publisher: Publisher, stale_since: str | None) -> DatasetState:
    code = name.partition("/")[2]
    entry, licence = publisher.datasets[code], publisher.licence_of(code)
    fetches = [
        fetch
        for mode in ("snapshot", "live")
        for fetches_of_slice in first_receptions(Workspace(workspace.data, mode), publisher, code).values()
        for fetch in fetches_of_slice
    ]
    origins = [origin_of(fetch) for fetch in fetches]
    published = [origin.stamp or origin.received for origin in origins]
    return DatasetState(
        dataset=name,
        title=entry.title,
        publisher=publisher.name["en"],
        table=entry.table,
        licence=licence.id,
        redistribution=licence.redistribution,
        cadence=publisher.cadence,
        slice=_slice(entry),
        last_vintage=max(published).date().isoformat() if published else None,
        mode="+".join(sorted({fetch.transport for fetch in fetches})) or "not_fetched",
        request=_evidence(publisher, code),
        stale_since=stale_since,
    )


def _slice(entry: Dataset) -> dict[str, int]:
    """The number of codes requested in each dimension, without those that one of several requests leaves open."""
    requested: dict[str, set[str]] = {}
    for filters in (entry.filters, *entry.alternatives):
        for dim, codes in filters.items():
            if dim in entry.filters or {} not in entry.alternatives:
                requested.setdefault(dim, set()).update(codes)
    return {dim: len(codes) for dim, codes in requested.items()}


def _evidence(publisher: Publisher, dataset: str) -> str:
    """Where and when the request of a dataset was seen, that it was not, or that none is sent and why."""
    endpoint = publisher.endpoints[publisher.datasets[dataset].endpoint]
    if not endpoint.asked:
        return f"not sent: {endpoint.refusal}" if endpoint.refusal else "not sent"
    seen = publisher.evidence_of(dataset)
    return f"{seen.where} ({seen.year})" if seen else "unconfirmed"


def verified(workspace: Workspace, progress: Callable[[int, int], None]) -> tuple[int, list[str]]:
    """Hash all payloads and published tables again; the number of files, and a line for each damaged one."""
    damages = [f"{damage.what} {damage.where}: {damage.why}" for damage in workspace.archive.verify(progress)]
    root = workspace.archive.root
    checked = sum(1 for path in root.rglob("*") if path.is_file()) if root.is_dir() else 0
    for release in releases.index(workspace.releases):
        damages += releases.damages(workspace.releases / release.name, release)
        checked += len(release.tables)
    return checked, damages
