"""``corridor build``: fetch, read, check and publish."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import BuildMode, Data, Json, build_lock, build_workspace
from pipelines.cli.output import err, fail, new_table, out, print_error, print_json, print_line, print_problem, progress

if TYPE_CHECKING:
    from assets.core.workspace import Workspace
    from pipelines.build import Outcome
    from warehouse.releases import Release

PANEL = "Run the pipeline"

commands = typer.Typer()


@commands.command(rich_help_panel=PANEL)
def build(
    live: BuildMode = None,
    only: Annotated[
        str | None, typer.Option("--only", metavar="TEXT", help="Fetch only datasets whose name contains TEXT.")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Fetch all datasets, check all tables, and publish a release if anything changed.

    Without --live no network is needed: the data come from the snapshot that is embedded in Corridor. The exit status
    is 1 if no release could be published.
    """
    from pipelines import build as building
    from pipelines.logs import log_to_stderr

    workspace = build_workspace(data, live)
    if not err.is_terminal:
        log_to_stderr()
    if only is not None and not building.selected(only):
        fail(f"no dataset's name contains {only!r}; `corridor sources` lists the datasets")
    with build_lock(workspace), progress("building") as step:
        outcome = building.run(workspace, only, step)
    _print_outcome(workspace, outcome, as_json=json)
    if outcome.held_back:
        raise typer.Exit(1)


def _print_outcome(workspace: Workspace, outcome: Outcome, *, as_json: bool) -> None:
    """Print what failed, what was not fetched, and which release is now the latest."""
    from warehouse import releases

    latest = releases.latest(workspace.releases)
    if as_json:
        print_json(asdict(outcome) | {"path": str(workspace.releases / latest.name) if latest else None})
        return
    for label, lines in (("failed", outcome.failures), ("warning", outcome.warnings)):
        for line in lines:
            print_problem(label, line)
    if outcome.not_fetched:
        out.print(f"[bold]not fetched[/]: {', '.join(outcome.not_fetched)}", highlight=False)
    if latest is not None and not outcome.held_back:
        _print_release(workspace, latest, new=outcome.new)
    if outcome.held_back:
        print_error(outcome.held_back)
        if latest is not None:
            err.print(f"The latest release is still {latest.name}, unchanged.", highlight=False)


def _print_release(workspace: Workspace, release: Release, *, new: bool) -> None:
    rows = new_table("table", "rows", "size")
    for name, facts in release.tables.items():
        rows.add_row(name, f"{facts.rows:,}", f"{facts.bytes / 1e6:.2f} MB", style=None if facts.rows else "dim")
    out.print(rows)
    print_line(
        f"{'Published' if new else 'Nothing changed; the latest release is still'} [bold]{release.name}[/] "
        f"({release.mode}): {len(release.tables)} tables, {release.observations:,} observations, "
        f"in {workspace.releases / release.name}"
    )
