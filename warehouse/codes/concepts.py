"""Properties of indicators from ``concepts.csv``: which add up over the Union, can be negative or cross a border."""

from collections.abc import Collection
from typing import Literal

import polars as pl

from warehouse.codes import read

# ``sums_to_union``: each member state counts its own, so that the Union's figure is the sum of its members'. Flows of
# persons do not have it, because a move between two members is not an immigration to the Union; in
# net migration such moves cancel.
# ``may_be_negative``: a difference, a correction, or a cost at an exchange rate better than the market's.
# ``crosses_border``: its two sides are two countries.
Property = Literal["sums_to_union", "may_be_negative", "crosses_border"]


def indicators_with(property_: Property) -> tuple[str, ...]:
    """The indicators that have a property."""
    return tuple(read("concepts").filter(pl.col(property_) == "true")["indicator"])


def counting_by(bases: Collection[str]) -> list[str]:
    """The definitions of ``counting.csv`` whose figures have one of these bases, for example ``register``."""
    return read("counting").filter(pl.col("basis").is_in(list(bases)))["definition"].to_list()


def changes() -> dict[str, str]:
    """Indicator of a change on the year before → indicator of the levels that change."""
    return dict(read("concepts").drop_nulls("change_of").select("indicator", "change_of").iter_rows())
