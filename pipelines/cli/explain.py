"""Commands that explain what the dataset holds and where a figure comes from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from pipelines.cli.options import Data, Json, Where, any_mode
from pipelines.cli.output import new_table, out, print_json

PANEL = "Find out what there is"

commands = typer.Typer()


@commands.command(rich_help_panel=PANEL)
def explain(
    what: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of a table, indicator, dataset, measure, act or treaty.")
    ],
    where: Where = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Number of rows to trace.")] = 3,
    on: Annotated[
        datetime | None,
        typer.Option("--on", metavar="DATE", formats=["%Y-%m-%d"], help="Law on that day. Default: today."),
    ] = None,
    jurisdiction: Annotated[
        str | None, typer.Option("--jurisdiction", metavar="CODE", help="Law for one jurisdiction, as CHN.")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Describe a table, indicator, dataset or measure, or trace rows of a table to the payloads they were read from.

    For an act or treaty: who was bound on a day, and since when. For visa_rule with --on: whether a visa was needed.

    For example:

    - corridor explain asylum

    - corridor explain asylum partner=CHN reporter=DEU period=2023

    - corridor explain IV-13 --jurisdiction CHN

    - corridor explain visa_rule nationality=DEU jurisdiction=CHN --on 2024-06-01
    """
    from pipelines.explain import figures, law
    from warehouse import codes

    workspace = any_mode(data)
    if what in codes.members("instrument"):
        day = (on or datetime.now(UTC)).date()
        report = law.explain(workspace, what, day, jurisdiction)
    elif what == "visa_rule" and on is not None:
        report = law.explain_visa(workspace, where or [], on.date())
    else:
        report = figures.explain(workspace, what, where or [], limit)
    if json:
        print_json(report)
        return
    out.print(figures.rendered(report))


@commands.command(rich_help_panel=PANEL)
def sources(data: Data = None, json: Json = False) -> None:
    """List the datasets of the catalogue with licence, cadence, table, and what the archive holds of each."""
    from pipelines.inventory import inventory

    rows = inventory(any_mode(data))
    if json:
        print_json(rows)
        return
    columns = ["dataset", "table", "licence", "cadence", "slice", "last vintage", "mode"]
    columns += ["stale since"] if any(row["stale since"] for row in rows) else []
    shown = new_table(*columns)
    shown.columns[0].overflow = "fold"
    for row in rows:
        shown.add_row(*(_text_of(row[name]) for name in columns))
    out.print(shown)


def _text_of(value: object) -> str:
    """The text of a field. For a slice it is the number of codes requested in each dimension."""
    return " ".join(f"{dim}:{count}" for dim, count in value.items()) if isinstance(value, dict) else str(value or "")
