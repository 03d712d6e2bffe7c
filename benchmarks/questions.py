"""How long typical questions take from a release on disk, asked by DuckDB and by Polars.

``python -m benchmarks.questions [RELEASE]`` asks each question 31 times, every time anew from the file, and writes the
median and the slowest answer to ``QUESTIONS.md``. Without a folder it is the latest release of ``$CORRIDOR_DATA``.
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

MOST = 50  # milliseconds
TIMES = 31
RESULTS = Path(__file__).parent / "QUESTIONS.md"

FIGURES = ("indicator", "reporter", "partner", "period", "value", "unit", "obs_status", "definition", "dataset")
CHANGES = ("table", "indicator", "reporter", "partner", "dimensions", "period", "old_value", "new_value", "known_from")

# What is asked, of which table, and how DuckDB and Polars are told the condition.
CHINA = pl.col("partner") == "CHN"
QUESTIONS: tuple[tuple[str, str, str, pl.Expr], ...] = (
    (
        "one corridor over time",
        "asylum",
        "partner = 'CHN' AND reporter = 'DEU'",
        CHINA & (pl.col("reporter") == "DEU"),
    ),
    (
        "one corridor over time",
        "displacement",
        "partner = 'CHN' AND reporter = 'DEU' AND indicator = 'refugees'",
        CHINA & (pl.col("reporter") == "DEU") & (pl.col("indicator") == "refugees"),
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
    """How many rows answer, after they were fetched."""
    selected = ", ".join(f'"{field}"' for field in fields)
    found = duckdb.sql(f"SELECT {selected} FROM '{file}' WHERE {condition}")
    assert found is not None  # as only a statement that asks nothing would be
    return int(found.to_arrow_table().num_rows)


def by_polars(file: str, condition: pl.Expr, fields: Sequence[str]) -> int:
    """How many rows answer, after they were fetched."""
    return pl.scan_parquet(file).filter(condition).select(fields).collect().height


def timed(ask: Callable[[], int]) -> list[float]:
    """Milliseconds of each answer but the first, which still reads the file from the disk."""
    taken = []
    for _ in range(TIMES + 1):
        start = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - start) * 1000)
    return taken[1:]


def measured(release: Path) -> list[str]:
    """A line of a Markdown table for each question and engine."""
    lines = []
    for what, table, sql, condition in QUESTIONS:
        file = str(release / "tables" / f"{table}.parquet")
        rows = pq.read_metadata(file).num_rows
        fields = CHANGES if table == "revision" else FIGURES
        engines = {
            "DuckDB": partial(by_duckdb, file, sql, fields),
            "Polars": partial(by_polars, file, condition, fields),
        }
        answers = {engine: ask() for engine, ask in engines.items()}
        assert len(set(answers.values())) == 1, f"{sql}: {answers}"
        for engine, ask in engines.items():
            taken = timed(ask)
            median, worst = statistics.median(taken), max(taken)
            answer = f"`{table}` ({rows:,} rows) | {answers[engine]:,}"
            lines.append(f"| {what} | {answer} | {engine} | {median:.1f} | {worst:.1f} |")
    return lines


def main() -> None:
    root = settings().data / "releases"
    release = Path(sys.argv[1]) if len(sys.argv) > 1 else root / releases.find(LocalPlace(root)).name
    table = measured(release)
    RESULTS.write_text(
        "\n".join(
            [
                "# Typical questions",
                "",
                f"Milliseconds from the file on disk to nine columns of what answers, with {os.cpu_count()} cores:",
                f"the median and the slowest of {TIMES} times, which are to be at most {MOST}.",
                f"Written by `python -m benchmarks.questions` from release {release.name},",
                f"with DuckDB {duckdb.__version__} and Polars {pl.__version__}.",
                "",
                "| question | table | rows that answer | asked by | median | slowest |",
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
