"""Measures how long typical questions take from a release on disk, with DuckDB and with Polars.

``python -m benchmarks.questions [RELEASE]`` runs each query 31 times, each time from the file, and writes the median
and the maximum to ``QUESTIONS.md``. The default is the latest release of ``$CORRIDOR_DATA``.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq

from pipelines.settings import settings
from warehouse import releases
from warehouse.storage.local import LocalPlace

LIMIT = 50  # milliseconds
TIMES = 31
RESULTS = Path(__file__).parent / "QUESTIONS.md"

FIGURES = ("indicator", "jurisdiction", "partner", "period", "value", "unit", "obs_status", "definition", "dataset")
CHANGES = (
    "table_name",
    "indicator",
    "jurisdiction",
    "partner",
    "dimensions",
    "period",
    "old_value",
    "new_value",
    "known_from",
)

# Each question with its table, and its condition for DuckDB and for Polars.
CHINA = pl.col("partner") == "CHN"
QUESTIONS: tuple[tuple[str, str, str, pl.Expr], ...] = (
    (
        "one corridor over time",
        "asylum",
        "partner = 'CHN' AND jurisdiction = 'DEU'",
        CHINA & (pl.col("jurisdiction") == "DEU"),
    ),
    (
        "one corridor over time",
        "displacement",
        "partner = 'CHN' AND jurisdiction = 'DEU' AND indicator = 'refugees'",
        CHINA & (pl.col("jurisdiction") == "DEU") & (pl.col("indicator") == "refugees"),
    ),
    (
        "all states, one year",
        "migrant_stock",
        "period = DATE '2020-01-01' AND sex = '_T'",
        (pl.col("period") == date(2020, 1, 1)) & (pl.col("sex") == "_T"),
    ),
    (
        "all states, one year",
        "displacement",
        "period = DATE '2022-01-01'",
        pl.col("period") == date(2022, 1, 1),
    ),
    (
        "what changed since March",
        "revision",
        "known_from >= TIMESTAMPTZ '2026-03-01 00:00:00+00'",
        pl.col("known_from") >= datetime(2026, 3, 1, tzinfo=UTC),
    ),
)


def by_duckdb(file: str, condition: str, fields: Sequence[str]) -> int:
    """Fetch the rows that meet the condition and return their number."""
    selected = ", ".join(f'"{field}"' for field in fields)
    found = duckdb.sql(f"SELECT {selected} FROM '{file}' WHERE {condition}")
    assert found is not None  # only a statement without a result returns None
    return int(found.to_arrow_table().num_rows)


def by_polars(file: str, condition: pl.Expr, fields: Sequence[str]) -> int:
    """Fetch the rows that meet the condition and return their number."""
    return pl.scan_parquet(file).filter(condition).select(fields).collect().height


def timed(query: Callable[[], int]) -> list[float]:
    """Return the milliseconds of each run except the first one, which reads the file from the disk."""
    milliseconds = []
    for _ in range(TIMES + 1):
        start = time.perf_counter()
        query()
        milliseconds.append((time.perf_counter() - start) * 1000)
    return milliseconds[1:]


def measure(release: Path) -> list[str]:
    """Return a line of a Markdown table for each question and engine."""
    lines = []
    for question, table, sql, condition in QUESTIONS:
        file = str(release / "tables" / f"{table}.parquet")
        rows = pq.read_metadata(file).num_rows
        fields = CHANGES if table == "revision" else FIGURES
        engines = {
            "DuckDB": partial(by_duckdb, file, sql, fields),
            "Polars": partial(by_polars, file, condition, fields),
        }
        results = {engine: query() for engine, query in engines.items()}
        assert len(set(results.values())) == 1, f"{sql}: {results}"
        for engine, query in engines.items():
            milliseconds = timed(query)
            median, slowest = statistics.median(milliseconds), max(milliseconds)
            result = f"`{table}` ({rows:,} rows) | {results[engine]:,}"
            lines.append(f"| {question} | {result} | {engine} | {median:.1f} | {slowest:.1f} |")
    return lines


def main() -> None:
    root = settings().data / "releases"
    release = Path(sys.argv[1]) if len(sys.argv) > 1 else root / releases.find(LocalPlace(root)).name
    table = measure(release)
    RESULTS.write_text(
        "\n".join(
            [
                "# Typical questions",
                "",
                f"Milliseconds from the file on disk to nine columns of the result, with {os.cpu_count()} cores:",
                f"the median and the maximum of {TIMES} runs, which must be at most {LIMIT}.",
                f"Written by `python -m benchmarks.questions` from release {release.name},",
                f"with DuckDB {duckdb.__version__} and Polars {pl.__version__}.",
                "",
                "| question | table | rows of the result | engine | median | slowest |",
                "|---|---|---:|---|---:|---:|",
                *table,
                "",
            ]
        ),
        encoding="utf-8",
    )
    print(RESULTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
