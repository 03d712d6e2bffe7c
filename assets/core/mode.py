"""The mode of the data in a workspace: whether they came from the embedded snapshot or from the publishers."""

from assets.core.errors import AssetError
from assets.core.workspace import Mode, Workspace
from warehouse import releases

MODES: tuple[Mode, ...] = ("snapshot", "live")


def mode_of(workspace: Workspace) -> Mode | None:
    """The mode of the latest release, else of the payloads in the archive. None if there are neither.

    ``workspace.mode`` is not used. An imported payload serves both modes and therefore decides nothing. Raises
    ``AssetError`` if there is no release and the archive holds payloads of both modes.
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
    """The transports of the payloads in the archive: snapshot, live, import."""
    return {fetch.transport for fetch in workspace.archive.fetches() if fetch.payload and not fetch.error}
