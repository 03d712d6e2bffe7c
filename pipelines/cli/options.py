"""The options that several commands take, and the workspace that they select."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from assets.core.workspace import Mode, Workspace

Data = Annotated[
    Path | None, typer.Option("--data", metavar="FOLDER", help="Data folder. Default: $CORRIDOR_DATA, else ./data.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Parquet file to write.")]
Where = Annotated[
    list[str] | None,
    typer.Argument(metavar="FIELD=VALUE", help="Select rows of the table; a date may be shortened to its year."),
]
BuildMode = Annotated[
    bool | None,
    typer.Option(
        "--live/--snapshot",
        help="Ask the publishers for data, or use the embedded snapshot. The first build of a data folder decides. "
        "Default: the mode of the data folder, else $CORRIDOR_MODE, else the snapshot.",
        show_default=False,
    ),
]
DataMode = Annotated[
    bool | None,
    typer.Option(
        "--live/--snapshot",
        help="Use only payloads of this mode. Default: the mode of the latest release in the data folder.",
        show_default=False,
    ),
]


def table_names(incomplete: str) -> list[str]:
    """The names of tables that begin with a text, for the completion of a shell."""
    from importlib.resources import files

    names = (entry.name for entry in files("warehouse.contracts").iterdir())
    return sorted(name[:-5] for name in names if name.endswith(".yaml") and name.startswith(incomplete))


def reason(value: str) -> str:
    """A reason as it is recorded, without spaces around it. Raises ``typer.BadParameter`` if there is none."""
    if not value.strip():
        raise typer.BadParameter("state a reason; it is recorded for the readers of the data")
    return value.strip()


def any_mode_workspace(data: Path | None) -> Workspace:
    """The workspace for a command whose result does not depend on the mode."""
    from pipelines import settings

    return settings.workspace(data)


def existing_workspace(data: Path | None) -> Workspace:
    """The workspace for a command that needs data. Raises ``SettingsError`` if the folder holds none."""
    from pipelines import settings

    return settings.existing(settings.workspace(data))


def build_workspace(data: Path | None, live: bool | None) -> Workspace:
    """The workspace for a build: its mode is that of its data, or the option if there are no data.

    Without an option ``$CORRIDOR_MODE`` decides, else snapshot. Raises ``AssetError`` if the folder has another mode.
    """
    from assets.core.mode import mode_of_build
    from pipelines import settings

    workspace = settings.workspace(data)
    return replace(workspace, mode=mode_of_build(workspace, _mode(live) or settings.settings().mode))


def data_workspace(data: Path | None, live: bool | None) -> Workspace:
    """The workspace for a command that reads payloads: its mode is that of the option, else that of its data.

    Raises ``AssetError`` if there are no data of that mode, or if the mode cannot be decided.
    """
    from assets.core.mode import mode_with_data

    workspace = existing_workspace(data)
    return replace(workspace, mode=mode_with_data(workspace, _mode(live)))


def _mode(live: bool | None) -> Mode | None:
    return None if live is None else "live" if live else "snapshot"


@contextmanager
def build_lock(workspace: Workspace) -> Iterator[None]:
    """Hold the lock of the data folder. Raises ``BusyError`` if another process holds it."""
    from warehouse.archive import lock

    with lock(workspace.archive.root):
        yield
