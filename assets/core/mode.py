"""The mode of the data in a workspace: whether they came from the embedded snapshot or from the publishers.

The first build fixes it: figures of the two modes are never compared with each other.
"""

from assets.core.errors import AssetError
from assets.core.workspace import Mode, Workspace
from sources.catalogue import datasets
from sources.protocols.requests import endpoint_of
from warehouse import releases

MODES: tuple[Mode, ...] = ("snapshot", "live")


def mode_of(workspace: Workspace) -> Mode | None:
    """The mode of the latest release, else of the payloads in the archive. None if there are neither.

    ``workspace.mode`` is not used. Imported payloads and embedded editions are used in both modes, so they are ignored.
    Raises ``AssetError`` if there is no release and the archive holds other payloads of both modes.
    """
    latest = releases.latest(workspace.releases)
    if latest is not None:
        return "live" if latest.mode == "live" else "snapshot"
    received = [mode for mode in MODES if mode in _transports(workspace)]
    if len(received) > 1:
        raise AssetError(
            f"{workspace.data} has no release and its archive holds payloads of both modes; choose --live or --snapshot"
        )
    return received[0] if received else None


def mode_of_build(workspace: Workspace, chosen: Mode | None = None) -> Mode:
    """The mode of the next build: that of the data folder, else the chosen one, else snapshot.

    Raises ``AssetError`` with the remedy if another mode is chosen than that of the data folder.
    """
    fixed = mode_of(workspace)
    if chosen is not None and fixed is not None and chosen != fixed:
        raise AssetError(
            f"{workspace.data} holds data of mode {fixed}, which the first build of a data folder fixes; run "
            f"`corridor build --{chosen} --data OTHER_FOLDER` for mode {chosen}, or `corridor build --{fixed}` here"
        )
    return chosen or fixed or "snapshot"


def mode_with_data(workspace: Workspace, chosen: Mode | None = None) -> Mode:
    """The chosen mode, else ``mode_of(workspace)``. Raises ``AssetError`` if the archive holds no payload for it."""
    found = _transports(workspace)
    if chosen is not None and chosen not in found:
        other = next((mode for mode in MODES if mode in found), None)
        state = f"holds only payloads of mode {other}; leave out --{chosen}, or" if other else "holds no payloads;"
        raise AssetError(f"the archive in {workspace.data} {state} run `corridor build --{chosen}` first")
    mode = chosen or mode_of(workspace)
    if mode is None or not found & {mode, "import"}:
        raise AssetError(f"the archive in {workspace.data} holds no payloads; run `corridor build` first")
    return mode


def _transports(workspace: Workspace) -> set[str]:
    """The transports of the payloads in the archive (snapshot, live, import), without those of embedded editions."""
    return {
        fetch.transport
        for fetch in workspace.archive.fetches()
        if fetch.payload and not fetch.error and not _is_embedded(f"{fetch.publisher}/{fetch.dataset}")
    }


def _is_embedded(name: str) -> bool:
    """Whether no request can return a dataset, so that both modes use its embedded editions."""
    publisher, _ = datasets().get(name, (None, None))
    return publisher is not None and not endpoint_of(publisher, name.partition("/")[2]).asked
