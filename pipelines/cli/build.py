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
    is 0 if everything was received, 3 if a release could be published although datasets failed, 4 if no release could
    be published because a check holds it back or no publisher answered, and 1 after any other error.
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
    if outcome.status:
        raise typer.Exit(outcome.status)


def _print_outcome(workspace: Workspace, outcome: Outcome, *, as_json: bool) -> None:
    """Print what was not fetched, which release is now the latest, and at last what failed and since when."""
    from pipelines.operations.runs import how_many_failed
    from warehouse import releases

    latest = releases.latest(workspace.releases)
    if as_json:
        path = str(workspace.releases / latest.name) if latest else None
        print_json(asdict(outcome) | {"status": outcome.status, "path": path})
        return
    for line in outcome.warnings:
        print_problem("warning", line)
    if outcome.not_fetched:
        out.print(f"[bold]not fetched[/]: {', '.join(outcome.not_fetched)}", highlight=False)
    if latest is not None and not outcome.held_back:
        _print_release(workspace, latest, new=outcome.new)
    for line in outcome.failures:
        print_problem("failed", line)
    if outcome.held_back:
        print_error(outcome.held_back)
        if latest is not None:
            err.print(f"The latest release is still {latest.name}, unchanged.", highlight=False)
    elif outcome.failures:
        print_problem(
            "incomplete",
            f"{how_many_failed(len(outcome.failures), steps=True)}; the lines above name them and the days.",
        )


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
