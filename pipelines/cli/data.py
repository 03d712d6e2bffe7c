"""Commands that read a payload, import one, or read the tables of the data folder."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from pipelines.cli.options import (
    Data,
    DataMode,
    Json,
    Output,
    Where,
    any_mode_workspace,
    build_lock,
    data_workspace,
    existing_workspace,
    reason,
    table_names,
)
from pipelines.cli.output import (
    fail,
    new_table,
    out,
    print_json,
    print_line,
    print_problem,
    progress,
    require_folder,
    unfinished,
    write_parquet,
)

if TYPE_CHECKING:
    import polars as pl

    from warehouse.contracts import Contract
    from warehouse.rows import Tables

PANEL = "Read and write data"

# What the table of the figures of a text shows.
FIGURE_COLUMNS = (
    *("indicator", "person_group", "period", "value", "least", "most"),
    *("unit", "definition", "span", "reads", "phrase"),
)

commands = typer.Typer()

Dataset = Annotated[
    str, typer.Argument(metavar="PUBLISHER/DATASET", help="Name of the dataset, for example eurostat/migr_acq.")
]
Payload = Annotated[Path, typer.Argument(metavar="FILE", help="Downloaded file; it may be compressed by gzip or zip.")]
Published = Annotated[
    datetime | None,
    typer.Option("--published", metavar="DATE", formats=["%Y-%m-%d"], help="Day on which the file was published."),
]


@commands.command(rich_help_panel=PANEL)
def read(
    dataset: Dataset,
    file: Payload,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Parquet file. Default: FILE.parquet.")
    ] = None,
    published: Published = None,
    json: Json = False,
) -> None:
    """Read a file of any known format into a table of cells, and write the table as Parquet.

    The dataset need not be in the catalogue. A cell has the value, the flags, the publisher's own codes, and its place
    in the file. For a text the command lists the figures that it read and the sentences with figures that it could not
    read; --published gives the year for a text that names none.
    """
    import polars as pl

    from sources import isolated, reading

    _require_file(file)
    target = output or Path(f"{file.name}.parquet")
    require_folder(target)
    publisher = dataset.partition("/")[0]
    with reading.opened(file) as plain:
        size, day = plain.stat().st_size, published.date() if published else None
        try:
            report = isolated.call(size, _written, plain, publisher, day, target) | {"dataset": dataset}
        finally:
            unfinished(target).unlink(missing_ok=True)  # of a process that was ended
    if json:
        print_json(report)
        return
    if "unread" in report:
        _print_prose(report)
    else:
        out.print(pl.scan_parquet(target).head(8).collect())
    for why in report["refused"].values():
        print_problem("not read", why)
    print_line(
        f"{report['format']}: {report['cells']:,} cells, {report['values']:,} with a value, "
        f"{report['flagged']:,} flagged; written to {target}"
    )


def _written(plain: Path, publisher: str, published: date | None, target: Path) -> dict[str, Any]:
    """Write the cells of an unpacked file as Parquet; return what the command reports of them."""
    import polars as pl

    from sources import reading
    from sources.prose import reader as prose

    form = reading.recognise(plain, publisher)
    cells = reading.read(plain, publisher, published)
    with reading.refusing(form.NAME):
        write_parquet(cells.frame, target)
    written = pl.scan_parquet(target)
    counts = written.select(cells=pl.len(), values=pl.col("value").count(), flagged=pl.col("flag").count()).collect()
    report = {
        "format": form.NAME,
        "stated": {"dataset": cells.dataset, "updated": cells.updated},
        "dimensions": list(cells.dimensions),
        **counts.row(0, named=True),
        "output": str(target),
        "refused": dict(cells.refused),
    }
    if cells.unread is not None:
        report |= {"figures": prose.figures(cells).to_dicts(), "unread": cells.unread.to_dicts()}
    return report


def _print_prose(report: dict[str, Any]) -> None:
    """Print the figures of a text and the sentences that were not read."""
    figures = new_table(*FIGURE_COLUMNS)
    for row in report["figures"]:
        figures.add_row(*("" if row[name] is None else escape(f"{row[name]}") for name in FIGURE_COLUMNS))
    out.print(figures)
    for row in report["unread"]:
        print_line(escape(f"not read: {row['sentence']} ({row['why']})"))


@commands.command(name="import", rich_help_panel=PANEL)
def import_(
    dataset: Dataset, file: Payload, published: Published = None, data: Data = None, json: Json = False
) -> None:
    """Read a file that you downloaded, and store it in the archive. The next build uses it like a fetched payload.

    Only rows of the dataset's slice are used. The file is refused if it is another dataset or cannot be read. A file
    that does not state when it was published only adds figures that the archive lacks; with --published it also
    replaces older ones. Import a file again to correct its day.
    """
    from assets import stages
    from assets.core.mode import mode_of
    from assets.ingest.imports import import_file
    from sources.catalogue import dataset as catalogue_entry
    from warehouse.errors import counted

    publisher, _ = catalogue_entry(dataset)
    _require_file(file)
    workspace = any_mode_workspace(data)
    day = published.replace(tzinfo=UTC) if published else None
    with build_lock(workspace):
        imported = import_file(workspace, publisher, dataset.partition("/")[2], file, day)
        own = replace(workspace, mode=mode_of(workspace) or workspace.mode)
        refused = stages.refusal(own, dataset, str(imported.fetch.payload))
    fetch, rows = imported.fetch, imported.rows
    report = {
        "dataset": dataset,
        "payload": fetch.payload,
        "format": rows.format,
        "published": fetch.published,
        "rows": rows.normalised.observations.height,
        "unknown_codes": rows.normalised.unmatched.height,
        "adds_only": not rows.stated,
        "refused": refused,
    }
    if json:
        print_json(report)
        return
    for code in rows.normalised.unmatched.head(5).iter_rows(named=True):
        print_problem("unknown code", f"{code['dimension']} {code['source_code']!r} ({counted(code['cells'], 'cell')})")
    if not rows.stated:
        print_problem(
            "no date",
            f"{file.name} does not state when it was published, so it adds figures that the archive lacks and replaces "
            "none; import it again with --published to let it replace older figures",
        )
    number = counted(rows.normalised.observations.height, "row")
    stored = f"{file.name} ({rows.format}, {number}) is in the archive as {fetch.payload}."
    if refused:
        print_problem("refused", f"the next build will not use this file: {refused}")
        print_line(escape(stored))
    else:
        print_line(escape(f"{stored} Run `corridor build` to use it."))


@commands.command(rich_help_panel=PANEL)
def withdraw(
    payload: Annotated[str, typer.Argument(metavar="PAYLOAD", help="sha256 of the payload, or its first characters.")],
    because: Annotated[
        str, typer.Option("--because", metavar="REASON", callback=reason, help="Why the payload must not be used.")
    ],
    data: Data = None,
) -> None:
    """Take a payload out of use, for example a file that was imported by mistake.

    Its bytes and the reason stay in the archive. The next build makes the tables without it. Import the file again to
    use it again.
    """
    from assets.ingest.imports import withdraw as withdraw_payload

    workspace = existing_workspace(data)
    with build_lock(workspace):
        lines = withdraw_payload(workspace, payload, because)
    for line in lines:
        print_line(
            escape(
                f"{line.publisher}/{line.dataset}: payload {line.payload} is withdrawn. Run `corridor build` to make "
                "the tables without it."
            )
        )


def _require_file(file: Path) -> None:
    if file.is_dir():
        fail(f"{file} is a folder; name one file in it")
    if not file.is_file():
        fail(f"there is no file {file}")


@commands.command(name="as-of", rich_help_panel=PANEL)
def as_of(
    date: Annotated[
        datetime, typer.Argument(metavar="DATE", formats=["%Y-%m-%d"], help="Day, for example 2022-06-01.")
    ],
    table: Annotated[
        str, typer.Argument(metavar="TABLE", autocompletion=table_names, help="Table of statistics or law.")
    ],
    output: Output = None,
    live: DataMode = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show a table as it was known at the end of a day (UTC).

    The command reads the archive and no release, so the day may be earlier than the first release.
    """
    from assets import stages
    from warehouse.errors import counted

    if output is not None:
        require_folder(output)
    workspace = data_workspace(data, live)
    end_of_day = datetime.combine(date, time.max, UTC)
    rows = stages.as_of(workspace, table, end_of_day)
    if output is not None:
        write_parquet(rows.lazy(), output)
    if json:
        path = str(output) if output else None
        print_json({"table": table, "as_of": end_of_day, "mode": workspace.mode, "rows": rows.height, "output": path})
        return
    if rows.height:
        out.print(rows.head(8))
    written = f"; written to {output}" if output else ""
    number = f"{counted(rows.height, 'row')} of {table}"
    print_line(f"Known at the end of {date:%Y-%m-%d} (mode {workspace.mode}): {number}{written}.")


@commands.command(rich_help_panel=PANEL)
def diff(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help="Name of a release.")],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="Name of a later release.")] = "latest",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="HTML page to write, with examples of rows.")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Compare two releases: their tables, columns, rows and values."""
    from warehouse import difference, releases

    if output is not None:
        require_folder(output)
    root = existing_workspace(data).releases
    old, new = releases.find(root, before), releases.find(root, after)
    found = difference.differences(root, old, new)
    if output is not None:
        output.write_text(difference.page(old, new, found), encoding="utf-8")
    if json:
        print_json(difference.report(old, new, found))
        return
    changed = [one for one in found if not one.same]
    if changed:
        rows = new_table("table", "rows before", "rows after", "added", "removed", "changed", "schema")
        for one in changed:
            counts = (one.rows_before, one.rows_after, one.added, one.removed, one.changed)
            schema = "; ".join(f"{name} {what}" for name, what in one.fields.items()) or "same"
            rows.add_row(one.table, *("–" if count is None else f"{count:,}" for count in counts), schema)
        out.print(rows)
    else:
        print_line(f"The tables of {old.name} and {new.name} are identical.")
    if output is not None:
        print_line(f"The page is {output}.")


@commands.command(rich_help_panel=PANEL)
def export(
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE", autocompletion=table_names, help="Any table with --csv or --excel; else one of statistics."
        ),
    ],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to write into.")],
    where: Where = None,
    csv: Annotated[bool, typer.Option("--csv", help="Write CSV with the names of the codes instead of SDMX.")] = False,
    excel: Annotated[bool, typer.Option("--excel", help="Write an Excel workbook instead of SDMX.")] = False,
    data: Data = None,
) -> None:
    """Export a table of the latest release as SDMX-CSV 2.0 with its structure, as CSV with names, or for Excel.

    With --csv and --excel, the names of the codes in English and Chinese are in columns next to the codes. A sheet of
    Excel can hold 1,048,575 rows.
    """
    import polars as pl

    from pipelines.explain.conditions import condition, no_row
    from warehouse import releases
    from warehouse.contracts import contract
    from warehouse.errors import counted

    if csv and excel:
        fail("choose --csv or --excel")
    declared = contract(table)
    workspace = existing_workspace(data)
    release = releases.find(workspace.releases)
    if declared.kind != "statistics" and not (csv or excel):
        fail(f"{table} is not a table of statistics, and only those can be written as SDMX; use --csv or --excel")
    conditions = [condition(declared, text) for text in where or []]
    tables = {name: pl.scan_parquet(releases.table_file(workspace.releases, release, name)) for name in release.tables}
    with releases.readable(workspace.releases, release, table):
        rows = tables[table].filter(*conditions).collect()
    if where and rows.is_empty():
        fail(f"{no_row(declared, where, release.name)}, so nothing was written")
    target = folder / f"{table}.{'xlsx' if excel else 'csv'}"
    folder.mkdir(parents=True, exist_ok=True)
    if excel:
        _export_workbook(rows, declared, tables, target)
    elif csv:
        from warehouse.exports import labelled_csv

        labelled_csv.write(rows, declared, tables, target)
    else:
        from warehouse.exports import sdmx

        target.write_bytes(sdmx.data_csv(rows, declared))
        structure = sdmx.structure_json(declared, datetime.fromisoformat(release.created))
        (folder / f"{table}.structure.json").write_bytes(structure)
    print_line(f"Written to {target}: {counted(rows.height, 'row')} of {table}.")


def _export_workbook(rows: pl.DataFrame, declared: Contract, tables: Tables, target: Path) -> None:
    """Write a workbook with its progress. If writing ends early, the target stays as it was."""
    from warehouse.exports import excel

    part = unfinished(target)
    try:
        with progress(f"writing {rows.height:,} rows") as report:
            excel.write(rows, declared, tables, part, report)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
