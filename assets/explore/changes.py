"""Sections on missing figures, and on what changed since the last release."""

import polars as pl

from assets.explore.context import ReportContext
from assets.explore.elements import EXPLORER, Item, Row, number, partner_name, word
from warehouse.rows import height

# The number of rows in a table that shows only the first ones.
EXCERPT = 10


def gaps(context: ReportContext) -> list[Item]:
    """The missing figures that prevent the most comparisons."""
    rows = context.tables["coverage_gap"].sort("blocked", "measure", "jurisdiction", descending=[True, False, False])
    return [
        {
            **row,
            "name": word("measure", row["measure"]),
            "place": word("area", row["jurisdiction"]),
            "reason": word("missing_reason", row["missing_reason"]),
            "href": f"{EXPLORER}#compare?m={row['measure']}&j={row['jurisdiction']}&v=table",
        }
        for row in rows.head(EXCERPT).collect().iter_rows(named=True)
    ]


def changes(context: ReportContext) -> Item:
    """The tables that differ from those of the last release, and the largest revisions by publishers."""
    ledger = context.tables["release"].collect()
    names = sorted(
        ledger["release"].unique().to_list(), key=lambda name: (name.partition(".")[0], int(name.partition(".")[2]))
    )
    name = context.about.name
    last = names[names.index(name) - 1] if name in names[1:] else None
    now = {row["table_name"]: row for row in ledger.filter(pl.col("release") == name).iter_rows(named=True)}
    then = {row["table_name"]: row for row in ledger.filter(pl.col("release") == (last or "")).iter_rows(named=True)}
    rows = [
        {"table": table, "rows": row["rows"], "before": then[table]["rows"] if table in then else None}
        for table, row in now.items()
        if table not in then or then[table]["sha256"] != row["sha256"]
    ]
    revised = context.tables["revision"].filter(pl.col("change") == "value").drop_nulls(["old_value", "new_value"])
    largest = revised.sort(
        pl.col("difference").abs(),
        "indicator",
        "jurisdiction",
        "period",
        "dimensions",
        descending=[True, False, False, False, False],
    ).head(EXCERPT)
    return {
        "last": last,
        "rows": rows,
        "revised": height(revised),
        "revisions": [_revision(row) for row in largest.collect().iter_rows(named=True)],
    }


def _revision(row: Row) -> Item:
    return {
        "indicator": word("indicator", row["indicator"]),
        "place": word("area", row["jurisdiction"]),
        "partner": partner_name(row["partner"]),
        "year": str(row["period"])[:4],
        "known": f"{row['known_from']:%Y-%m-%d}",
        "old": number(row["old_value"], row["unit"]),
        "new": number(row["new_value"], row["unit"]),
        "dataset": row["dataset"],
    }
