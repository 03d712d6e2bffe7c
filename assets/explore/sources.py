"""Where the figures of the page come from: anchors for each of them, and the register that the anchors lead to."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from assets.compare.question import COMPUTED, STATE
from assets.explore.i18n import Tables, number, word
from warehouse.measures import measures

Row = Mapping[str, Any]
Item = dict[str, Any]

# Tables of law that figures of the comparison are counted from.
LAW = ("legal_binding", "visa_rule", "policy_coding")


def anchor(row: Row, side: str = "") -> str | None:
    """Where a figure leads to: its payload; of a sum the dataset or table; else the formula."""
    payload, dataset, table = row.get(side + "payload"), row.get(side + "dataset"), row.get("source_table")
    if payload:
        return f"p-{str(payload)[:12]}"
    if dataset:
        return dataset_anchor(str(dataset))
    if table == "comparison":
        return f"m-{row['measure']}"
    return f"t-{table}" if table else None


def dataset_anchor(dataset: str) -> str:
    """The place of a dataset in the register."""
    return f"d-{dataset.replace('/', '-')}"


def figure(row: Row | None, side: str = "", field: str = "value") -> Item:
    """A number with where it leads, or the reason why there is none."""
    value = None if row is None else row.get(side + field)
    if row is None or value is None:
        reason = None if row is None else row.get("missing_reason")
        because = None if row is None else row.get("because")
        return {"text": word("missing_reason", str(reason)) if reason else "–", "because": because}
    return {"text": number(float(str(value)), str(row.get("unit", ""))), "href": anchor(row, side)}


def trace(row: Row, label: str = "", side: str = "", command: str | None = None) -> Item:
    """How to follow a figure: dataset, counting rule, payload, place in it, and the command that does."""
    return {
        "label": label,
        "href": anchor(row, side),
        "dataset": row.get(side + "dataset"),
        "table": row.get("source_table"),
        "definition": word("definition", row.get(side + "definition")),
        "payload": row.get(side + "payload"),
        "locator": row.get(side + "locator"),
        "parts": row.get("parts"),
        "command": command or comparison_command(row),
    }


def comparison_command(row: Row) -> str:
    """What to type to follow a figure of the comparison: to its payload, its rows, or what it is worked out from."""
    measure, place, year = row["measure"], row["jurisdiction"], row["year"]
    formula = measures()[str(measure)].formula
    if formula:
        names = (formula.first, formula.second)
        parts = [f"corridor explain comparison measure={name} jurisdiction={place} year={year}" for name in names]
        return "\n".join(parts)
    if row.get("aggregation") == COMPUTED:
        return f"corridor explain comparison measure={measure} aggregation={STATE} year={year} --limit 28"
    table, dataset = row.get("source_table"), row.get("dataset")
    if table in LAW:
        return f"corridor explain {table} jurisdiction={place} --limit 50"
    if row.get("locator") is None and dataset:
        source = next(entry for entry in measures()[str(measure)].sources if entry.dataset == dataset)
        picked = f"dataset={dataset} indicator={row['indicator']} {source.side}={place} period={year}"
        return f"corridor explain {table} {picked} --limit 50"
    return f"corridor explain comparison measure={measure} jurisdiction={place} year={year}"


def register(tables: Tables) -> tuple[list[Item], list[Item]]:
    """Every dataset that a figure of the page comes from with its payloads, and the tables that join several."""
    sides = ("first", "second")
    revised = tables["revision"].filter(pl.col("change") == "value")
    pairs = [
        *(tables[name].select("dataset", "payload") for name in ("comparison", "comparison_alternative", *LAW)),
        *(tables["mirror_flow"].select(dataset=f"{side}_dataset", payload=f"{side}_payload") for side in sides),
        *(revised.select("dataset", payload=f"{age}_payload") for age in ("old", "new")),
    ]
    named = pl.concat(pairs).filter(pl.col("dataset").is_not_null()).unique()
    held = named.group_by("dataset").agg(pl.col("payload").drop_nulls().sort())
    rules = tables["counting_rule"].group_by("dataset").agg(pl.struct("indicator", "definition").sort())
    rows = tables["dataset"].join(held, on="dataset").join(rules, on="dataset", how="left").sort("dataset").collect()
    datasets = [
        row
        | {
            "id": dataset_anchor(row["dataset"]),
            "publisher": word("publisher", row["publisher"]),
            "counted": [
                (word("indicator", pair["indicator"]), word("definition", pair["definition"]))
                for pair in row["indicator"] or []
            ],
        }
        for row in rows.iter_rows(named=True)
    ]
    joined = tables["comparison"].select("source_table").unique().collect()["source_table"].drop_nulls().sort()
    listed = {row["dataset"]: row["id"] for row in datasets}
    return datasets, [_table(tables, name, listed) for name in joined if name != "comparison"]


def _table(tables: Tables, name: str, listed: Mapping[str, str]) -> Item:
    """A table that figures are counted from, and of its datasets those in the register."""
    found = tables[name].select("dataset").unique().sort("dataset").collect()["dataset"]
    return {"id": f"t-{name}", "table": name, "datasets": [(each, listed[each]) for each in found if each in listed]}
