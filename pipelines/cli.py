"""The command line. Long work shows progress, errors are one sentence, and ``--json`` speaks to machines."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from pipelines import settings

# Commands import what they need when they run, so that `corridor --help` answers at once.
if TYPE_CHECKING:
    import polars as pl

    from assets.core.workspace import Workspace
    from pipelines.build import Outcome
    from warehouse.releases import Release

app = typer.Typer(
    name="corridor",
    help="The migration systems of China and the 27 EU member states, in numbers and in law.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# A pipe has no width; what stands in it must not be cut to that of a narrow terminal.
out = Console(width=None if sys.stdout.isatty() else 200)
err = Console(stderr=True)

Data = Annotated[Path | None, typer.Option("--data", help="Data folder; by default $CORRIDOR_DATA, else ./data.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine to read.")]
Live = Annotated[bool, typer.Option("--live", help="Ask the publishers instead of the embedded snapshot.")]


def main() -> None:
    """Run the command line; an error that has a name ends in its sentence and exit status 1."""
    from assets.core.errors import AssetError
    from sources.errors import SourceError
    from warehouse.errors import WarehouseError

    try:
        app()
    except (SourceError, WarehouseError, AssetError) as error:
        _fail(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except PermissionError as error:
        _fail(f"{error.filename} may not be written or read; choose another folder with --data")
    except OSError as error:
        _fail(f"{error.filename or 'the system'}: {error.strerror or error}")
    except KeyboardInterrupt:
        _fail("interrupted; what was published stays as it was", 130)


def _fail(message: str, status: int = 1) -> NoReturn:
    err.print(f"[bold red]error[/] {escape(message)}", highlight=False, soft_wrap=True)
    sys.exit(status)


def _json(value: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE, default=str))


@app.command()
def build(
    live: Live = False,
    only: Annotated[str | None, typer.Option("--only", help="Ask only datasets whose name contains this.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Fetch, read, check and publish: the whole job, ending in a release if anything is new."""
    from assets.core import prefetch
    from pipelines import build as building

    workspace = _workspace(data, live=live)
    if only is not None and not building.selected(only):
        _fail(f"no dataset's name contains {only!r}; `corridor sources` lists them")
    with _builder(workspace), prefetch.beside(), _progress("building") as step:
        outcome = building.run(workspace, only, step)
    _tell(workspace, outcome, as_json=json)
    if outcome.held_back:
        raise typer.Exit(1)


def _workspace(data: Path | None, *, live: bool = False) -> Workspace:
    from assets.core.workspace import Workspace

    return Workspace(
        (data or settings.data_folder()).resolve(),
        "live" if live else "snapshot",
        settings.releases(),
        settings.catalog(),
    )


@contextmanager
def _progress(what: str) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on the error stream: a step's name, how many are done, how many there are."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def step(name: str, done: int, total: int) -> None:
            bar.update(task, description=name[:60], completed=done, total=total)

        yield step


def _tell(workspace: Workspace, outcome: Outcome, *, as_json: bool) -> None:
    """What a build ended in."""
    from warehouse import releases

    entry = releases.latest(workspace.releases)
    if as_json:
        _json(asdict(outcome) | {"path": str(workspace.releases / entry.name) if entry else None})
        return
    for title, lines in (("failed", outcome.failures), ("warned", outcome.warnings)):
        for line in lines:
            err.print(f"[yellow]{title}[/] {escape(line)}", highlight=False, soft_wrap=True)
    if outcome.not_fetched:
        out.print(f"[bold]not fetched[/]: {', '.join(outcome.not_fetched)}", highlight=False)
    if entry is not None and not outcome.held_back:
        _print_release(workspace, entry, new=outcome.new)
    if outcome.held_back:
        err.print(f"[bold red]error[/] {escape(outcome.held_back)}", highlight=False, soft_wrap=True)
        if entry is not None:
            err.print(f"The last release, {entry.name}, stands as it was.", highlight=False)


def _print_release(workspace: Workspace, entry: Release, *, new: bool) -> None:
    table = Table("table", "rows", "size", box=None, pad_edge=False)
    for name, facts in entry.tables.items():
        table.add_row(name, f"{facts.rows:,}", f"{facts.bytes / 1e6:.2f} MB", style=None if facts.rows else "dim")
    out.print(table)
    verb = "Released" if new else "Nothing changed; the release that stands is"
    out.print(
        f"{verb} [bold]{entry.name}[/] ({entry.mode}): {len(entry.tables)} tables, "
        f"{entry.observations:,} observations, in {workspace.releases / entry.name}",
        highlight=False,
        soft_wrap=True,
    )


@app.command()
def sources(data: Data = None, json: Json = False) -> None:
    """Every dataset of the catalogue: licence, cadence, table, and what the archive holds of it."""
    from pipelines.inventory import inventory

    rows = inventory(_workspace(data))
    if json:
        _json(rows)
        return
    shown = ["dataset", "table", "licence", "cadence", "slice", "last vintage", "mode"]
    shown += ["stale since"] if any(row["stale since"] for row in rows) else []
    table = Table(*shown, box=None, pad_edge=False)
    table.columns[0].overflow = "fold"
    for row in rows:
        table.add_row(*(_shown(row[name]) for name in shown))
    out.print(table)


def _shown(value: object) -> str:
    """A field of the inventory in a table; of a slice the number of codes that are asked for of each dimension."""
    return " ".join(f"{dim}:{codes}" for dim, codes in value.items()) if isinstance(value, dict) else str(value or "")


@app.command()
def read(
    dataset: Annotated[str, typer.Argument(help="publisher/dataset, also one that the catalogue does not list.")],
    file: Annotated[Path, typer.Argument(help="A payload of any known format, also packed with gzip or zip.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Parquet file to write.")] = None,
    published: Annotated[
        datetime | None,
        typer.Option("--published", formats=["%Y-%m-%d"], help="Day of publication, if prose names no year."),
    ] = None,
    json: Json = False,
) -> None:
    """Read any payload of a known format to tidy cells: the publisher's codes, value, flags and where each stands.

    Prose is read by the statements of its publisher, and what has figures and was not read is listed.
    """
    import polars as pl

    from sources import reading
    from sources.prose import reader as prose

    if not file.is_file():
        _fail(f"there is no file {file}")
    target = output or Path(f"{file.name}.parquet")
    publisher = dataset.partition("/")[0]
    with reading.opened(file) as plain:
        form = reading.recognise(plain, publisher)
        cells = reading.read(plain, publisher, published.date() if published else None)
        _write_cells(cells.frame, target)
    written = pl.scan_parquet(target)
    facts = written.select(cells=pl.len(), values=pl.col("value").count(), flagged=pl.col("flag").count()).collect()
    report = {
        "dataset": dataset,
        "format": form.NAME,
        "says": {"dataset": cells.dataset, "updated": cells.updated},
        "dimensions": list(cells.dimensions),
        **facts.row(0, named=True),
        "output": str(target),
    }
    if cells.unread is not None:
        report["figures"] = prose.figures(cells).to_dicts()
        report["unread"] = cells.unread.to_dicts()
    if json:
        _json(report)
        return
    if cells.unread is not None:
        _print_prose(report)
    else:
        out.print(written.head(8).collect())
    out.print(
        f"{form.NAME}: {report['cells']:,} cells, {report['values']:,} with a value, {report['flagged']:,} flagged; "
        f"written to {target}",
        highlight=False,
        soft_wrap=True,
    )


def _print_prose(report: dict[str, Any]) -> None:
    """The figures of a text and the sentences that were not read."""
    shown = ("indicator", "group", "period", "value", "least", "most", "unit", "definition", "span", "reads", "phrase")
    table = Table(*shown, box=None, pad_edge=False)
    for row in report["figures"]:
        table.add_row(*("" if row[name] is None else f"{row[name]}" for name in shown))
    out.print(table)
    for row in report["unread"]:
        out.print(f"not read: {row['sentence']} ({row['why']})", highlight=False, soft_wrap=True)


def _write_cells(frame: pl.LazyFrame, target: Path) -> None:
    """The cells as Parquet, whole or not at all."""
    aside = target.with_name(f".{target.name}.part")
    try:
        frame.sink_parquet(aside)
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


@app.command(name="import")
def import_(
    dataset: Annotated[str, typer.Argument(help="publisher/dataset of the catalogue.")],
    file: Annotated[Path, typer.Argument(help="The payload, as downloaded.")],
    published: Annotated[
        datetime | None,
        typer.Option("--published", formats=["%Y-%m-%d"], help="Day on which the publisher published it."),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Put a payload that a person downloaded into the archive, as if it had been fetched. The next build uses it."""
    from assets.ingest.payloads import import_file
    from sources import reading
    from sources.catalogue import dataset as entry_of

    publisher, _ = entry_of(dataset)
    if not file.is_file():
        _fail(f"there is no file {file}")
    workspace = _workspace(data)
    with reading.opened(file, max_unpacked=publisher.limits.max_unpacked) as plain:
        form = reading.recognise(plain).NAME
    day = published.replace(tzinfo=UTC) if published else None
    with _builder(workspace):
        fetch = import_file(workspace, publisher, dataset.partition("/")[2], file, day)
    if json:
        _json({"dataset": dataset, "payload": fetch.payload, "format": form, "published": fetch.published})
        return
    out.print(f"{file.name} ({form}) is in the archive as {fetch.payload}; `corridor build` reads it.", highlight=False)


@app.command()
def releases(data: Data = None, json: Json = False) -> None:
    """The releases, newest last."""
    from warehouse import releases as kept

    workspace = _workspace(data)
    entries = kept.index(workspace.releases)
    if json:
        _json([asdict(entry) | {"path": str(workspace.releases / entry.name)} for entry in entries])
        return
    table = Table("release", "created", "mode", "tables", "observations", "path", "kept", box=None, pad_edge=False)
    for entry in entries:
        counts = (str(len(entry.tables)), f"{entry.observations:,}")
        path = str(workspace.releases / entry.name)
        table.add_row(entry.name, entry.created, entry.mode, *counts, path, escape(entry.kept))
    out.print(table if entries else "No release yet; `corridor build` makes the first.")


@app.command()
def explain(
    what: Annotated[str, typer.Argument(help="A table, an indicator, a dataset, or an act or treaty.")],
    where: Annotated[list[str] | None, typer.Argument(help="FIELD=VALUE …, to pick rows of a table.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rows to follow to their payload.")] = 3,
    on: Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="Law as of that day.")] = None,
    jurisdiction: Annotated[str | None, typer.Option("--jurisdiction", help="Law of that one, as CHN.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Contract, lineage, licence and checks of a table, indicator or dataset; of a row, down to the payload.

    Of an act or treaty (32008L0115, IV-13): who was bound on a day, since when, on what that rests. Of visa_rule with
    nationality=DEU, jurisdiction=CHN and --on: whether a visa was needed on that day, and by which rule.
    """
    from pipelines.explain import figures as explaining
    from pipelines.explain import law
    from warehouse import codes

    if what in codes.members("instrument"):
        day = (on or datetime.now(UTC)).date()
        report = law.explain(_workspace(data), what, day, jurisdiction)
    elif what == "visa_rule" and on is not None:
        report = law.explain_visa(_workspace(data), where or [], on.date())
    else:
        report = explaining.explain(_workspace(data), what, where or [], limit)
    if json:
        _json(report)
        return
    out.print(explaining.rendered(report))


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="A release.")],
    after: Annotated[str, typer.Argument(help="A later release.")] = "latest",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="HTML page to write.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """What differs between two releases: tables, schemas, rows and values."""
    from warehouse import difference
    from warehouse import releases as kept

    root = _workspace(data).releases
    old, new = kept.find(root, before), kept.find(root, after)
    found = difference.differences(root, old, new)
    if output is not None:
        output.write_text(difference.page(old, new, found), encoding="utf-8")
    if json:
        _json(difference.report(old, new, found))
        return
    different = [one for one in found if not one.same]
    table = Table(
        "table", "rows before", "rows after", "added", "removed", "changed", "schema", box=None, pad_edge=False
    )
    for one in different:
        numbers = (one.rows_before, one.rows_after, one.added, one.removed, one.changed)
        schema = "; ".join(f"{name} {what}" for name, what in one.fields.items()) or "same"
        table.add_row(one.table, *("–" if number is None else f"{number:,}" for number in numbers), schema)
    out.print(table if different else f"{old.name} and {new.name} say the same.", highlight=False)
    if output is not None:
        out.print(f"The page is {output}.", highlight=False)


@app.command(name="as-of")
def as_of(
    date: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="The day whose end is meant.")],
    table: Annotated[str, typer.Argument(help="A table of statistics or law.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Parquet file to write.")] = None,
    live: Live = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """A table as it was known at the end of a day, also of days before the first release."""
    from assets import stages

    at = date.replace(tzinfo=UTC) + timedelta(days=1) - timedelta(microseconds=1)
    frame = stages.as_of(_workspace(data, live=live), table, at)
    if output is not None:
        _write_cells(frame.lazy(), output)
    if json:
        _json({"table": table, "as_of": at, "rows": frame.height, "output": str(output) if output else None})
        return
    out.print(frame.head(8))
    where = f", written to {output}" if output else ""
    out.print(f"{frame.height:,} rows of {table} were known at the end of {date:%Y-%m-%d}{where}.", highlight=False)


@app.command()
def register(
    anew: Annotated[
        bool, typer.Option("--anew", help="Make the catalog again, as after the data folder moved.")
    ] = False,
    data: Data = None,
) -> None:
    """Enter the releases in the Iceberg catalog, as each build does: catalog.db, or that of $CORRIDOR_CATALOG."""
    from warehouse import iceberg
    from warehouse import releases as kept

    workspace = _workspace(data)
    release = kept.find(workspace.releases)
    with _builder(workspace):
        enter = iceberg.reregister if anew else iceberg.register
        enter(workspace.releases, workspace.data, workspace.catalog)
    out.print(f"Every release up to {release.name} is in the Iceberg catalog, with a tag each.", highlight=False)


@app.command()
def export(
    table: Annotated[str, typer.Argument(help="A table of statistics; with --excel any table.")],
    folder: Annotated[Path, typer.Argument(help="Folder for the files.")],
    where: Annotated[list[str] | None, typer.Argument(help="FIELD=VALUE …, to pick rows.")] = None,
    excel: Annotated[bool, typer.Option("--excel", help="Write an Excel workbook instead.")] = False,
    data: Data = None,
) -> None:
    """A table of the latest release as SDMX-CSV 2.0, with its structure as SDMX-JSON, or as an Excel workbook."""
    import polars as pl

    from pipelines.explain.figures import condition
    from warehouse import releases as kept
    from warehouse.contracts import contract
    from warehouse.exports import excel as workbook
    from warehouse.exports import sdmx

    workspace = _workspace(data)
    release, declared = kept.find(workspace.releases), contract(table)
    if declared.kind != "statistics" and not excel:
        _fail(f"{table} is no table of statistics, and SDMX has no place for it")
    found = pl.scan_parquet(kept.table_file(workspace.releases, release, table))
    rows = found.filter(*(condition(declared, text) for text in where or [])).collect()
    target = folder / f"{table}.{'xlsx' if excel else 'csv'}"
    folder.mkdir(parents=True, exist_ok=True)
    if excel:
        workbook.write(rows, declared, target)
    else:
        target.write_bytes(sdmx.data_csv(rows, declared))
        structure = sdmx.structure_json(declared, datetime.fromisoformat(release.created))
        (folder / f"{table}.structure.json").write_bytes(structure)
    out.print(f"{rows.height:,} rows of {table} in {target}, with what its fields are.", highlight=False)


@app.command()
def accept(
    table: Annotated[str, typer.Argument(help="The table whose check holds the release back.")],
    check: Annotated[str, typer.Argument(help="The check.")],
    because: Annotated[str, typer.Option("--because", help="Why the rows are right all the same.")],
    live: Live = False,
    data: Data = None,
) -> None:
    """Let a release pass although a check of severity error fails on its present rows. The changelog says so."""
    from assets import stages

    workspace = _workspace(data, live=live)
    with _builder(workspace):
        stages.accept(workspace, table, check, because)
    out.print(f"{table}.{check} no longer holds back these rows; `corridor build` releases them.", highlight=False)


@app.command()
def keep(
    release: Annotated[str, typer.Argument(help="The release that must not be pruned, as one that was cited.")],
    because: Annotated[str, typer.Option("--because", help="Why it is to be kept.")],
    data: Data = None,
) -> None:
    """Keep a release for good: `corridor prune` passes it by, and the index of releases says why."""
    from warehouse import releases as kept

    workspace = _workspace(data)
    with _builder(workspace):
        kept.keep(workspace.releases, release, because)
    out.print(f"{release} is kept: {escape(because)}", highlight=False)


@app.command()
def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be pruned.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Thin out the releases: those that are kept stay, the last ten, and the last of each month and year.

    The newest stays in any case, and every payload. Intermediate results that no build has used for 90 days go as well,
    and Dagster's records of runs that are older.
    """
    from assets.publish.retention import UNUSED
    from assets.publish.retention import prune as thin
    from pipelines.build import forget_runs

    workspace, now = _workspace(data), datetime.now(UTC)
    with _builder(workspace):
        reasons = thin(workspace, now, dry_run=dry_run)
        if not dry_run:
            forget_runs(workspace.data, now - UNUSED)
    if json:
        _json(reasons)
        return
    table = Table("release", "stays as", box=None, pad_edge=False)
    for name, reason in reasons.items():
        table.add_row(name, escape(reason) if reason else "[yellow]pruned[/]")
    out.print(table)
    gone = sum(reason is None for reason in reasons.values())
    out.print(f"{gone:,} of {len(reasons):,} releases {'would be' if dry_run else 'were'} pruned.", highlight=False)


@app.command()
def verify(data: Data = None, json: Json = False) -> None:
    """Hash every payload and every published table again, and name what is damaged."""
    from pipelines.inventory import verified

    with _progress("verifying") as step:
        checked, damages = verified(_workspace(data), lambda done, total: step("payloads", done, total))
    if json:
        _json({"checked": checked, "damages": damages})
    else:
        for line in damages:
            err.print(f"[bold red]damaged[/] {escape(line)}", highlight=False, soft_wrap=True)
        out.print(f"{checked:,} files verified, {len(damages):,} damaged.", highlight=False)
    if damages:
        raise typer.Exit(1)


@app.command()
def ui(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port on 127.0.0.1.")] = 3000,
    live: Live = False,
    data: Data = None,
) -> None:
    """Open the Dagster UI on 127.0.0.1, with the daemon that runs schedules and sensors, and the pages of releases."""
    from assets.explore import SHOWN_ON
    from pipelines.build import dagster_home, dagster_workspace

    workspace = _workspace(data, live=live)
    environment = {"DAGSTER_HOME": str(dagster_home(workspace.data)), "CORRIDOR_DATA": str(workspace.data)}
    os.environ.update(environment | {"CORRIDOR_MODE": workspace.mode})
    quiet = "ignore:Function `dev_command` is superseded"
    command = [
        sys.executable,
        "-W",
        quiet,
        "-m",
        "dagster",
        "dev",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        *dagster_workspace(),
    ]
    out.print(
        f"Dagster UI on http://127.0.0.1:{port} ({workspace.mode}, {workspace.data}); stop it with Ctrl-C.",
        highlight=False,
    )
    if workspace.releases.path:
        pages = ["pipelines.static_server", str(workspace.releases.path), str(SHOWN_ON), str(os.getpid())]
        subprocess.Popen([sys.executable, "-m", *pages])  # noqa: S603 - ours too
    os.execv(sys.executable, command)  # noqa: S606 - the command is ours, and its exit is that of this process


@app.command()
def doctor(data: Data = None, json: Json = False) -> None:
    """Whether this installation and this data folder are in order, and what to do where they are not."""
    from pipelines.inventory import diagnosis

    findings = diagnosis(_workspace(data))
    if json:
        _json(findings)
    else:
        for finding in findings:
            mark = "[green]ok[/]" if finding["ok"] else "[bold red]no[/]"
            out.print(
                f"{mark} {escape(str(finding['what']))}: {escape(str(finding['says']))}",
                highlight=False,
                soft_wrap=True,
            )
    if not all(finding["ok"] for finding in findings):
        raise typer.Exit(1)


@contextmanager
def _builder(workspace: Workspace) -> Iterator[None]:
    """Nobody else changes the data folder meanwhile."""
    from warehouse.archive import lock

    with lock(workspace.archive.root):
        yield


if __name__ == "__main__":
    main()
