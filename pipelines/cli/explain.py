"""Commands that explain what the dataset holds and where a figure comes from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from pipelines.cli.options import Data, Json, Where, any_mode_workspace, table_names
from pipelines.cli.output import fail, new_table, out, print_json

PANEL = "Find out what there is"

commands = typer.Typer()


@commands.command(rich_help_panel=PANEL)
def explain(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            autocompletion=table_names,
            help="Name of a table, indicator, dataset, measure, act or treaty.",
        ),
    ],
    where: Where = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=10_000, help="Number of rows to trace.")] = 3,
    on: Annotated[
        datetime | None,
        typer.Option("--on", metavar="DATE", formats=["%Y-%m-%d"], help="Law on that day. Default: today."),
    ] = None,
    jurisdiction: Annotated[
        str | None, typer.Option("--jurisdiction", metavar="CODE", help="Law for one jurisdiction, for example CHN.")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Describe a table, indicator, dataset or measure, or trace rows of a table to the payloads they were read from.

    For an act or treaty: who was bound on a day, and since when. For visa_rule with --on: whether a visa was needed.

    For example:

    - corridor explain asylum

    - corridor explain asylum partner=CHN jurisdiction=DEU period=2023

    - corridor explain IV-13 --jurisdiction CHN

    - corridor explain visa_rule partner=DEU jurisdiction=CHN --on 2024-06-01
    """
    from pipelines.explain import figures, law, law_report, visa
    from pipelines.explain.conditions import no_row
    from pipelines.explain.report import as_json, rendered
    from warehouse import codes
    from warehouse.contracts import contract

    workspace = any_mode_workspace(data)
    report: law_report.LawReport | visa.VisaReport | figures.Report
    if name in codes.members("instrument"):
        report = law.explain(workspace, name, (on or datetime.now(UTC)).date(), jurisdiction)
    elif name == "visa_rule" and on is not None:
        report = visa.explain_visa(workspace, where or [], on.date())
    else:
        report = figures.explain(workspace, name, where or [], limit)
    if json:
        print_json(as_json(report))
    else:
        out.print(rendered(report))
    if isinstance(report, figures.TableReport) and report.rows and not report.rows.matching:
        fail(no_row(contract(name), where or [], report.rows.release))


def _short(request: str) -> str:
    """The year in which a request was seen, or that it is unconfirmed or not sent."""
    return request[-5:-1] if request.endswith(")") else request.partition(":")[0]


@commands.command(rich_help_panel=PANEL)
def sources(data: Data = None, json: Json = False) -> None:
    """List the datasets of the catalogue with licence, cadence, table, and what the archive holds of each."""
    from pipelines.explain.report import as_json
    from pipelines.inventory import inventory

    states = inventory(any_mode_workspace(data))
    if json:
        print_json(as_json(states))
        return
    with_stale = any(state.stale_since for state in states)
    columns = ("dataset", "table", "licence", "cadence", "slice", "last vintage", "mode", "request seen")
    rows = new_table(*columns, *(["stale since"] if with_stale else []))
    rows.columns[0].overflow = "fold"
    for state in states:
        slice_ = " ".join(f"{dim}:{count}" for dim, count in state.slice.items())
        values = [
            state.dataset,
            state.table,
            state.licence,
            state.cadence,
            slice_,
            state.last_vintage or "",
            state.mode,
            _short(state.request),
        ]
        rows.add_row(*values, *([state.stale_since or ""] if with_stale else []))
    out.print(rows)
