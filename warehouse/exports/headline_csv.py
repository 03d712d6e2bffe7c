"""``headline.csv.gz``: the headline figures with the names of their codes, for programs that do not read Parquet."""

from gzip import GzipFile
from pathlib import Path

import polars as pl

from warehouse.rows import height

FILE = "headline.csv.gz"
# What traces a figure to its payload is only in the Parquet table, and for `corridor explain`.
LEFT_OUT = ("source_table", "parts", "payload", "locator")
# Rows that are in memory at a time.
ROWS = 100_000


def write(headline: Path, path: Path) -> None:
    """Write the rows of a Parquet file of table ``headline``. The same rows make the same bytes.

    The text is UTF-8 without a byte order mark: programs read it, and base R would take the mark for a part of the
    first name. For Excel, ``corridor export --csv`` writes one with the mark.
    """
    rows = pl.scan_parquet(headline).drop(LEFT_OUT).with_columns(pl.col("known_from").dt.date())
    count = height(rows)
    with path.open("wb") as file, GzipFile(fileobj=file, mode="wb", compresslevel=3, filename="", mtime=0) as packed:
        for at in range(0, max(count, 1), ROWS):
            packed.write(rows.slice(at, ROWS).collect().write_csv(include_header=at == 0).encode())
