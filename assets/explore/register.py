"""Section "Sources": every dataset and table that a figure of the page comes from."""

from collections.abc import Mapping

import polars as pl

from assets.explore.context import Tables
from assets.explore.elements import LAW, Item, dataset_id, word


def register(tables: Tables) -> tuple[list[Item], list[Item]]:
    """The datasets that figures of the page come from, with their payloads, and the tables that combine datasets."""
    sides = ("first", "second")
    revised = tables["revision"].filter(pl.col("change") == "value")
    pairs = [
        *(tables[name].select("dataset", "payload") for name in ("comparison", "comparison_alternative", *LAW)),
        *(tables["mirror_flow"].select(dataset=f"{side}_dataset", payload=f"{side}_payload") for side in sides),
        *(revised.select("dataset", payload=f"{age}_payload") for age in ("old", "new")),
    ]
    cited = pl.concat(pairs).filter(pl.col("dataset").is_not_null()).unique()
    payloads = cited.group_by("dataset").agg(pl.col("payload").drop_nulls().sort())
    rules = tables["counting_rule"].group_by("dataset").agg(pl.struct("indicator", "definition").sort())
    rows = tables["dataset"].join(payloads, on="dataset").join(rules, on="dataset", how="left").sort("dataset")
    datasets = [
        row
        | {
            "id": dataset_id(row["dataset"]),
            "publisher": word("publisher", row["publisher"]),
            "counted": [
                (word("indicator", pair["indicator"]), word("definition", pair["definition"]))
                for pair in row["indicator"] or []
            ],
        }
        for row in rows.collect().iter_rows(named=True)
    ]
    combined = tables["comparison"].select("source_table").unique().collect()["source_table"].drop_nulls().sort()
    ids = {row["dataset"]: row["id"] for row in datasets}
    return datasets, [_table(tables, name, ids) for name in combined if name != "comparison"]


def _table(tables: Tables, name: str, ids: Mapping[str, str]) -> Item:
    """A table from which figures are counted, with those of its datasets that the register lists."""
    found = tables[name].select("dataset").unique().sort("dataset").collect()["dataset"]
    return {"id": f"t-{name}", "table": name, "datasets": [(each, ids[each]) for each in found if each in ids]}
