"""Section "Sources": every dataset that a figure of the page comes from."""

import polars as pl

from assets.explore.elements import Item, word
from warehouse.rows import Tables


def register(tables: Tables) -> list[Item]:
    """The datasets that figures of the comparison come from, with publisher, licence and edition."""
    used = tables["comparison"].filter(pl.col("value").is_not_null()).select("dataset").drop_nulls().unique()
    rows = tables["dataset"].join(used, on="dataset", how="semi").sort("dataset")
    return [
        row | {"publisher": word("publisher", row["publisher"]), "title": word("dataset", row["dataset"])}
        for row in rows.collect().iter_rows(named=True)
    ]
