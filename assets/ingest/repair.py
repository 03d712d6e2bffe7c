"""Repair: damaged or missing payloads are requested again, without conditions, and what is lost is named."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from assets.core.workspace import Mode, Workspace
from assets.ingest.fetch import request_again
from sources.catalogue import datasets
from sources.errors import SourceError
from warehouse.archive import Fetch
from warehouse.errors import ArchiveError
from warehouse.ledger import lines_in_use


@dataclass(frozen=True)
class Repair:
    """What became of a damaged or missing payload: whether its bytes are intact now, and a sentence."""

    payload: str
    healed: bool
    sentence: str


def repair_payloads(workspace: Workspace) -> Iterator[Repair]:
    """Request every damaged or missing payload of the ledger again. The archive must not be in use by a build."""
    fetches = workspace.archive.fetches()
    in_use = {fetches[position].payload for position in lines_in_use(fetches)}
    received: dict[str, list[Fetch]] = {}
    for fetch in fetches:
        if fetch.payload in in_use and fetch.payload and fetch.error is None:
            received.setdefault(fetch.payload, []).append(fetch)
    for payload, payload_fetches in received.items():
        if damage := workspace.archive.damage_of(payload):
            yield _repaired(workspace, payload, damage, payload_fetches)


def _repaired(workspace: Workspace, payload: str, damage: str, fetches: list[Fetch]) -> Repair:
    last = fetches[-1]
    name = f"{last.publisher}/{last.dataset}"
    what = f"{name}: payload {payload[:12]} ({damage})"
    why = ""
    requested = {(fetch.transport, fetch.url): fetch for fetch in fetches if fetch.transport != "import"}
    for fetch in reversed(requested.values()):
        try:
            received = _requested(workspace, fetch)
        except (SourceError, ArchiveError) as error:
            why = str(error)
            continue
        if received == payload:
            return Repair(payload, healed=True, sentence=f"{what} was received again from the {_origin(fetch)}")
        why = f"the {_origin(fetch)} now has other content at {fetch.url}, stored as {received[:12]}"
    if not requested:
        why = f"a person imported it; import {last.url} again with `corridor import {name} {last.url}`"
    advice = "restore it from a backup of the archive, or take it out of use with `corridor withdraw`"
    return Repair(payload, healed=False, sentence=f"{what} is lost: {why}; {advice}")


def _origin(fetch: Fetch) -> str:
    return "embedded snapshot" if fetch.transport == "snapshot" else "publisher"


def _requested(workspace: Workspace, fetch: Fetch) -> str:
    """Request what a line of the ledger records again, and store it; return the sha256 of what came."""
    name = f"{fetch.publisher}/{fetch.dataset}"
    if name not in datasets():
        raise SourceError(f"{name} is not in the catalogue any more")
    publisher, _ = datasets()[name]
    mode: Mode = "live" if fetch.transport == "live" else "snapshot"
    same_mode = replace(workspace, mode=mode)
    with same_mode.client(publisher, fetch.dataset) as client:
        again = request_again(same_mode, publisher, fetch, client)
    if again.payload is None:
        raise SourceError(f"{name} ({fetch.url}): nothing came")
    if again.payload != fetch.payload:
        workspace.archive.append(again)
    return again.payload
