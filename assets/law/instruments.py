"""Table ``legal_instrument``: the declared instruments, each with the day of its adoption."""

import polars as pl

from assets.law.bindings import most_confident_day
from warehouse import codes
from warehouse.contracts import contract


def legal_instrument(events: pl.DataFrame) -> pl.DataFrame:
    """The instruments with the first adoption that ``events`` date exactly, or else the declared day.

    ``events`` are rows of ``legal_event``. The day of a treaty is that of its conclusion.
    """
    adopted = events.filter(pl.col("event") == "adopt", pl.col("date_precision") == "day")
    dated = most_confident_day(adopted, "dated").group_by("instrument").agg(pl.col("dated").min())
    declared = contract("legal_instrument")
    return (
        codes.instruments()
        .join(dated, on="instrument", how="left")
        .with_columns(adopted=pl.coalesce("dated", "adopted"))
        .select(pl.col(name).cast(kind) for name, kind in declared.polars_schema.items())
        .sort(declared.key)
    )
