"""Commands for whoever runs Corridor on a server: ``status`` for people and monitors, ``alert`` and ``backup``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from pipelines.cli.options import Data, DataMode, Json, any_mode_workspace, data_workspace, existing_workspace
from pipelines.cli.output import new_table, out, print_json, print_line, print_problem

if TYPE_CHECKING:
    from pipelines.operations.status import Night, Status

PANEL = "Run the pipeline"
# The exit status of ``status``. 1 is an error of the command, 2 a wrong use of it.
EXIT = {"ok": 0, "warning": 3, "critical": 4}
COLOURS = {"ok": "green", "warning": "yellow", "critical": "bold red"}

commands = typer.Typer()


@commands.command(rich_help_panel=PANEL)
def status(
    datasets: Annotated[bool, typer.Option("--datasets", help="Also list the age of each dataset.")] = False,
    live: DataMode = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show the last night, what fails since when, figures held back, free disk, and the last release.

    The exit status is for monitoring: 0 if all is well, 3 if datasets fail, 4 if a person must act: the last night
    failed, was killed or is held back, no night started for 36 hours in a live workspace, there is no release or a
    table of the latest is missing or has another size, or less than 2 GiB of the disk are free.
    """
    from pipelines.operations import status as states

    now = datetime.now(UTC)
    found = states.status(data_workspace(data, live), now)
    if json:
        ages = {name: (now.date() - day).days if day else None for name, day in found.received.items()}
        print_json(asdict(found) | {"state": found.state, "exit_status": EXIT[found.state], "age_days": ages})
    else:
        _print(found, now, datasets=datasets)
    if EXIT[found.state]:
        raise typer.Exit(EXIT[found.state])


def _print(found: Status, now: datetime, *, datasets: bool) -> None:
    """Print the state for people, what is wrong at the end."""
    known = {name: (now.date() - day).days for name, day in found.received.items() if day}
    oldest = max(known, key=lambda name: known[name], default=None)
    rows = new_table("", "")
    rows.show_header = False
    rows.add_row("workspace", escape(f"{found.data} (mode {found.mode})"))
    rows.add_row("last release", f"{found.release} of {found.released}" if found.release else "none")
    rows.add_row("last night", _night(found.night))
    rows.add_row("datasets", f"{len(known)} received, {len(found.received) - len(known)} never")
    if oldest:
        rows.add_row("oldest", f"{oldest}, {known[oldest]} days")
    rows.add_row("figures held back", str(len(found.held_figures)))
    rows.add_row("free disk", f"{found.free_bytes / (1 << 30):.1f} GiB")
    if found.last_alert:
        rows.add_row("last alert", escape(f"{found.last_alert['at']}: {found.last_alert['message'][:200]}"))
    out.print(rows)
    for name, day in found.received.items() if datasets else ():
        print_line(escape(f"{name}: {f'{known[name]} days, {day}' if day else 'never received'}"))
    for figure in found.held_figures:
        print_line(escape(f"held back: {figure}"))
    for each in found.failing:
        received = f"last received in full {each.last}" if each.last else "never received in full"
        print_problem("failing", f"{each.dataset} since {each.since} ({received}): {each.reason}")
    for sentence in found.warnings:
        print_problem("warning", sentence)
    for sentence in found.critical:
        print_problem("critical", sentence, COLOURS["critical"])
    print_line(f"[{COLOURS[found.state]}]{found.state}[/]")


def _night(night: Night | None) -> str:
    """When the last night was and how it ended, in one line."""
    if night is None:
        return "none yet"
    end = f"{night.ended:%Y-%m-%d %H:%M}" if night.ended else "now"
    return f"{night.started:%Y-%m-%d %H:%M} to {end} UTC, by {night.started_by}: {night.result}"


@commands.command(rich_help_panel=PANEL)
def alert(
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="What the alert states.")] = "This is a test.",
    data: Data = None,
) -> None:
    """Send an alert by every channel that is set, to test the channels or for a service that failed.

    The channels are alerts.jsonl in the data folder, e-mail ($CORRIDOR_ALERT_MAIL) and a webhook
    ($CORRIDOR_ALERT_WEBHOOK). The exit status is 1 if one of them failed.
    """
    from pipelines.operations import alerts
    from pipelines.settings import settings

    workspace = any_mode_workspace(data)
    if alerts.send(workspace.data, alerts.Alert("alert", (message,))):
        raise typer.Exit(1)
    print_line(f"The alert was sent by {', '.join(alerts.channel_names(settings()))}.")


@commands.command(rich_help_panel=PANEL)
def backup(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of all backups, on another disk.")],
    data: Data = None,
) -> None:
    """Copy the data folder to a new folder in FOLDER, and Dagster's records if they are in PostgreSQL.

    What did not change since the last backup takes no space. To restore a backup, copy it back. The command fails if a
    build is at work.
    """
    from pipelines.operations.backup import backup as copy

    print_line(f"The backup is {copy(existing_workspace(data).data, folder, datetime.now(UTC))}.")
