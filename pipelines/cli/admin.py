"""Commands that look after the data folder and its releases."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape

from pipelines.cli.options import (
    Data,
    DataMode,
    Json,
    any_mode_workspace,
    build_lock,
    data_workspace,
    existing_workspace,
    reason,
)
from pipelines.cli.output import new_table, out, print_json, print_line, print_problem, progress

PANEL = "Manage the data folder"

commands = typer.Typer()


@commands.command(rich_help_panel=PANEL)
def releases(data: Data = None, json: Json = False) -> None:
    """List the releases, the newest last."""
    from warehouse import releases as index_of_releases

    workspace = existing_workspace(data)
    found = index_of_releases.index(workspace.releases)
    if json:
        print_json([asdict(release) | {"path": str(workspace.releases / release.name)} for release in found])
        return
    if not found:
        print_line("There is no release yet. Run `corridor build` to publish the first.")
        return
    rows = new_table("release", "created", "mode", "tables", "observations", "path", "kept")
    for release in found:
        counts = (str(len(release.tables)), f"{release.observations:,}")
        path = str(workspace.releases / release.name)
        rows.add_row(release.name, release.created, release.mode, *counts, path, escape(release.kept))
    out.print(rows)


@commands.command(rich_help_panel=PANEL)
def accept(
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE", help="Table with the failing check, held_figure, or a dataset with unknown codes."
        ),
    ],
    check: Annotated[
        str, typer.Argument(metavar="CHECK", help="Name of the failing check, or of the figure that is held back.")
    ],
    because: Annotated[
        str, typer.Option("--because", metavar="REASON", callback=reason, help="Why the rows are right.")
    ],
    payload: Annotated[
        str,
        typer.Option("--payload", metavar="SHA256", help="Beginning of the sha256, if several payloads are refused."),
    ] = "",
    live: DataMode = None,
    data: Data = None,
) -> None:
    """Accept the rows on which a check fails, so that the next build can publish them.

    The acceptance is valid only while the rows of the table stay the same. If you name a dataset instead of a table, it
    is valid for one payload and this check. The changelog of the release states the reason.
    With table held_figure, the next build publishes one figure that is held back as not plausible.
    """
    from assets import stages

    workspace = data_workspace(data, live)
    with build_lock(workspace):
        stages.accept(workspace, table, check, because, payload)
    done = f"The check {check} of {table} no longer stops a release of these rows"
    if table == "held_figure":
        done = f"The figure {check} is no longer held back"
    print_line(f"{done}. Run `corridor build` again.")


@commands.command(rich_help_panel=PANEL)
def keep(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="Name of the release.")],
    because: Annotated[
        str,
        typer.Option(
            "--because", metavar="REASON", callback=reason, help="Why it is kept, for example: cited in a paper."
        ),
    ],
    data: Data = None,
) -> None:
    """Mark a release so that the command prune never removes it."""
    from warehouse import releases as index_of_releases

    workspace = existing_workspace(data)
    with build_lock(workspace):
        index_of_releases.keep(workspace.releases, release, because)
    print_line(f"{release} is kept: {escape(because)}")


@commands.command(rich_help_panel=PANEL)
def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be removed.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Remove old releases, and stored results and Dagster runs that were not used for 90 days.

    The last ten releases stay, the last of each month for two years, the last of each year, and the releases that
    the command keep marked. No payload is removed.
    """
    from assets.publish.pruning import UNUSED
    from assets.publish.pruning import prune as prune_releases
    from pipelines.instance import forget_runs, open_instance

    workspace, now = existing_workspace(data), datetime.now(UTC)
    with build_lock(workspace):
        reasons = prune_releases(workspace, now, dry_run=dry_run)
        if not dry_run:
            with open_instance(workspace.data) as instance:
                forget_runs(instance, now - UNUSED)
    if json:
        print_json(reasons)
        return
    rows = new_table("release", "kept as")
    for name, kept_as in reasons.items():
        rows.add_row(name, escape(kept_as) if kept_as else "[yellow]removed[/]")
    out.print(rows)
    removed = sum(kept_as is None for kept_as in reasons.values())
    print_line(f"{removed:,} of {len(reasons):,} releases {'would be' if dry_run else 'were'} removed.")


@commands.command(rich_help_panel=PANEL)
def verify(data: Data = None, json: Json = False) -> None:
    """Compute the hash of every payload and every published table again, and list the damaged files."""
    from pipelines.inventory import verified

    workspace = existing_workspace(data)
    with progress("verifying") as step:
        checked, damages = verified(workspace, lambda done, total: step("payloads", done, total))
    if json:
        print_json({"checked": checked, "damages": damages})
    else:
        for line in damages:
            print_problem("damaged", line, "bold red")
        print_line(f"{checked:,} files verified, {len(damages):,} damaged.")
    if damages:
        raise typer.Exit(1)


@commands.command(rich_help_panel=PANEL)
def repair(data: Data = None, json: Json = False) -> None:
    """Repair what the command verify finds: the ledger, payloads and the index of the releases.

    Damaged and missing payloads are requested again, from the snapshot or from the publishers. What cannot be repaired
    is named, with the reason.
    """
    from pipelines.repairing import repaired

    workspace = existing_workspace(data)
    with build_lock(workspace):
        results = repaired(workspace, datetime.now(UTC))
    if json:
        print_json([asdict(result) for result in results])
    else:
        for result in results:
            if result.healed:
                print_line(escape(f"repaired {result.what}"))
            else:
                print_problem("lost", result.what, "bold red")
        print_line("Nothing needs repair." if not results else "Run `corridor build` to use what was repaired.")
    if not all(result.healed for result in results):
        raise typer.Exit(1)


@commands.command(rich_help_panel=PANEL)
def register(
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", "--anew", help="Make the catalog again, for example after the folder was moved."),
    ] = False,
    data: Data = None,
) -> None:
    """Enter all releases in the Iceberg catalog. Each build does so; use it to repair the catalog."""
    from warehouse import iceberg
    from warehouse import releases as index_of_releases

    workspace = existing_workspace(data)
    latest = index_of_releases.find(workspace.releases)
    with build_lock(workspace):
        enter = iceberg.reregister if rebuild else iceberg.register
        enter(workspace.releases, workspace.data, workspace.catalog)
    print_line(f"All releases up to {latest.name} are in the Iceberg catalog, each with its tag.")


@commands.command(rich_help_panel=PANEL)
def doctor(
    publishers: Annotated[
        list[str] | None,
        typer.Argument(metavar="PUBLISHER", help="With --live: ask only these publishers, or datasets of them."),
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Ask each publisher for the smallest part of each dataset instead.")
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Check the installation and the data folder, and suggest a remedy for each problem.

    With --live, request one area and the last period of every dataset, and compare dimensions and codes with the
    catalogue: one line for each dataset. Nothing is stored. The exit code is 1 if a dataset is not as expected.
    """
    if live:
        _ask_publishers(publishers or [], json=json)
        return
    if publishers:
        raise typer.BadParameter("publishers are asked with --live only")
    from pipelines.doctor import diagnosis

    findings = diagnosis(any_mode_workspace(data))
    if json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "[green]ok[/]" if finding.ok else "[bold red]no[/]"
            print_line(f"{mark} {escape(finding.what)}: {escape(finding.message)}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _ask_publishers(publishers: list[str], *, json: bool) -> None:
    """Ask publishers for each dataset and print the answers."""
    from pipelines.doctor_live import ask, summary

    answers = []
    for answer in ask(publishers):
        answers.append(answer)
        if not json:
            colour = "green" if answer.ok else "bold red"
            print_line(f"[{colour}]{answer.state}[/] {escape(answer.dataset)}{escape(answer.explanation)}")
    if json:
        print_json([asdict(answer) | {"ok": answer.ok} for answer in answers])
    else:
        print_line(summary(answers))
    if not all(answer.ok for answer in answers):
        raise typer.Exit(1)
