"""Engines that run the comparison: Polars, or PySpark where the data exceed one machine. Both run the same functions.

The workspace names the engine: ``polars`` (the default) or ``pyspark``, which needs the extra ``spark`` and Java.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import narwhals as nw
import polars as pl

from warehouse.errors import CorridorError

Frame = nw.LazyFrame[pl.LazyFrame]


class EngineError(CorridorError):
    """The engine is not installed."""


@dataclass(frozen=True)
class Engine:
    """An engine by its name.

    ``read`` returns the rows of Parquet files as a frame of the engine and reads nothing yet. ``from_polars`` converts
    a small Polars frame. ``to_polars`` computes a frame and returns its rows, which must be few.
    """

    name: str
    read: Callable[[Sequence[Path]], Frame]
    from_polars: Callable[[pl.DataFrame], Frame]
    to_polars: Callable[[Frame], pl.DataFrame]

    def materialise(self, frame: Frame) -> Frame:
        """The computed frame. A lazy frame that several steps read is otherwise computed in each of them."""
        return self.from_polars(self.to_polars(frame))


def engine(name: Literal["polars", "pyspark"] = "polars") -> Engine:
    """The engine of that name. Raises ``EngineError`` if PySpark is not installed."""
    if name == "pyspark":
        return _spark()
    return Engine(
        name,
        read=lambda files: nw.from_native(pl.scan_parquet([*files])),
        from_polars=lambda frame: nw.from_native(frame.lazy()),
        to_polars=lambda frame: frame.to_native().collect(engine="streaming"),
    )


def _spark() -> Engine:
    """PySpark with a new session. Rows of tables never pass through the driver: executors read the Parquet files."""
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

    def frame_of(native: Any) -> Frame:  # noqa: ANN401 - PySpark has no types
        frame: Frame = nw.from_native(native)
        return frame

    def to_polars(frame: Frame) -> pl.DataFrame:
        rows: pl.DataFrame = frame.collect("polars").to_native()
        return rows

    return Engine(
        "pyspark",
        read=lambda files: frame_of(session.read.parquet(*(str(file) for file in files))),
        from_polars=lambda frame: frame_of(session.createDataFrame(frame.to_arrow())),
        to_polars=to_polars,
    )
