"""Engines that run the comparison: Polars, or PySpark where the data exceed one machine. Both run the same functions.

The workspace names the engine: ``polars`` (the default) or ``pyspark``, which needs the extra ``spark`` and Java.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import narwhals as nw
import polars as pl

from warehouse.errors import CorridorError

Frame = nw.LazyFrame[pl.LazyFrame]


class EngineError(CorridorError):
    """The engine is not installed."""


@dataclass(frozen=True)
class Engine:
    """An engine by its name. ``from_polars`` converts a Polars frame to a frame of the engine."""

    name: str
    from_polars: Callable[[pl.DataFrame], Frame]

    def to_polars(self, frame: Frame) -> pl.DataFrame:
        """The computed rows of a frame of the engine."""
        rows: pl.DataFrame = frame.collect("polars").to_native()
        return rows

    def materialise(self, frame: Frame) -> Frame:
        """The computed frame. A lazy frame that several steps read is otherwise computed in each of them."""
        return self.from_polars(self.to_polars(frame))


def engine(name: Literal["polars", "pyspark"] = "polars") -> Engine:
    """The engine of that name. Raises ``EngineError`` if PySpark is not installed."""
    if name == "pyspark":
        return Engine(name, _to_spark())
    return Engine(name, lambda frame: nw.from_native(frame.lazy()))


def _to_spark() -> Callable[[pl.DataFrame], Frame]:
    """A function that converts Polars frames to frames of a new Spark session."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise EngineError(
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

    def from_polars(frame: pl.DataFrame) -> Frame:
        converted: Frame = nw.from_native(session.createDataFrame(frame.to_arrow()))
        return converted

    return from_polars
