"""What runs the comparison: Polars, or PySpark where the data outgrow one machine. The functions are the same.

The workspace names the engine: ``polars`` (the default) or ``pyspark``, which needs the extra ``spark`` and Java.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

import narwhals as nw
import polars as pl

from assets.core.errors import AssetError
from assets.core.workspace import EngineName

Frame = nw.LazyFrame[pl.LazyFrame]


@dataclass(frozen=True)
class Engine:
    """``lift`` takes a frame of Polars into the engine."""

    name: str
    lift: Callable[[pl.DataFrame], Frame]

    def land(self, frame: Frame) -> pl.DataFrame:
        """The rows of a frame of the engine."""
        landed: pl.DataFrame = frame.collect("polars").to_native()
        return landed

    def settle(self, frame: Frame) -> Frame:
        """The same frame, computed once: what several steps read is not worked out again in each of them."""
        return self.lift(self.land(frame))


def engine(name: EngineName = "polars") -> Engine:
    """The engine of that name. Raises ``AssetError`` if PySpark is not installed."""
    if name == "pyspark":
        return Engine(name, _spark())
    return Engine(name, lambda frame: nw.from_native(frame.lazy()))


def _spark() -> Callable[[pl.DataFrame], Frame]:
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise AssetError(
            "the engine pyspark needs the extra spark; run `pip install -e '.[spark]'` in the checkout of Corridor"
        ) from error
    session = (
        SparkSession.builder.appName("corridor")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.execution.arrow.pyspark.enabled", "true")
        .config("spark.sql.shuffle.partitions", str(os.cpu_count() or 1))
        .getOrCreate()
    )

    def lift(frame: pl.DataFrame) -> Frame:
        lifted: Frame = nw.from_native(session.createDataFrame(frame.to_arrow()))
        return lifted

    return lift
