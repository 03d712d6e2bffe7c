"""Which assets changed since they were last materialised, by the data versions that Dagster recorded."""

from collections.abc import Sequence

import dagster as dg

from assets import stages
from assets.core.workspace import Workspace
from assets.definitions import RELEASE, observations_key, table_key
from assets.tables import TableStep, steps
from sources import snapshot
from sources.catalogue import datasets


def datasets_to_request(workspace: Workspace, names: Sequence[str]) -> list[str]:
    """The datasets that a build has to request: those that a request of the workspace's mode can return, if live.

    The embedded snapshot changes only with the software. So of the datasets that are received from it, these are those
    with a payload that the archive has not received as it is now, and those with a rejected payload.
    """
    live = {name for name in names if workspace.transport_of(datasets()[name][0], name.partition("/")[2]) == "live"}
    received = {
        fetch.url: fetch.headers.get("etag")
        for fetch in workspace.archive.fetches()
        if fetch.transport == "snapshot" and fetch.error is None
    }
    embedded = snapshot.entries()
    changed = {
        f"{payload.publisher}/{payload.dataset}"
        for payload in snapshot.payloads()
        if received.get(payload.url) != embedded[payload.url].etag
    }
    return [name for name in names if name in live | changed or stages.observations(workspace, name).failures]


def changed_assets(instance: dg.DagsterInstance, workspace: Workspace) -> list[dg.AssetKey]:
    """The assets without the payloads that must be made again, in no order; an empty list if the release is current.

    The observations of a dataset changed if their payloads or the code did. A table changed if its fingerprint did, or
    if an input of its step changed, because then its fingerprint is not known before that input is made.
    """
    recorded = _recorded(instance)
    read = {
        name
        for name in datasets()
        if recorded.get(observations_key(name), {}).get(stages.INPUTS) != stages.payloads_version(workspace, name)
    }
    made = _changed_tables(workspace, read, recorded)
    keys = [*map(observations_key, sorted(read)), *map(table_key, made)]
    if keys or not stages.is_current(workspace):
        keys.append(RELEASE)
    return keys


def _recorded(instance: dg.DagsterInstance) -> dict[dg.AssetKey, dict[str, str]]:
    """Asset → the metadata and the data version of its last materialisation, as text."""
    keys = [*map(observations_key, datasets()), *map(table_key, steps())]
    found = {}
    for record in instance.get_asset_records(keys):
        last = record.asset_entry.last_materialization
        if last is not None and last.asset_materialization is not None:
            materialization = last.asset_materialization
            metadata = {name: str(value.value) for name, value in materialization.metadata.items()}
            found[record.asset_entry.asset_key] = metadata | dict(materialization.tags or {})
    return found


def _changed_tables(workspace: Workspace, read: set[str], recorded: dict[dg.AssetKey, dict[str, str]]) -> list[str]:
    changed: dict[str, bool] = {}

    def is_changed(name: str) -> bool:
        if name not in changed:
            step = steps()[name]
            changed[name] = _has_changed_input(step) or any(
                recorded.get(table_key(table), {}).get("dagster/data_version")
                != stages.table(workspace, table).fingerprint
                for table in step.tables
            )
        return changed[name]

    def _has_changed_input(step: TableStep) -> bool:
        return not read.isdisjoint(step.datasets) or any(is_changed(table) for table in step.reads)

    return [name for name in steps() if is_changed(name)]
