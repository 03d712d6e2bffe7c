"""``headline.csv.gz``: the headline figures with the names of their codes, for programs that do not read Parquet."""

from pathlib import Path

import polars as pl

FILE = "headline.csv.gz"
# What traces a figure to its payload is only in the Parquet table, and for `corridor explain`.
LEFT_OUT = ("source_table", "parts", "payload", "locator")
# Of gzip: a higher level takes longer and makes the file a few percent smaller.
LEVEL = 3


def write(headline: Path, path: Path) -> None:
    """Write the rows of a Parquet file of table ``headline``. The same rows make the same bytes.

    The text is UTF-8 without a byte order mark: programs read it, and base R would take the mark for a part of the
    first name. For Excel, ``corridor export --csv`` writes one with the mark.
    """
    rows = pl.scan_parquet(headline).drop(LEFT_OUT).with_columns(pl.col("known_from").dt.date())
    rows.sink_csv(path, compression="gzip", compression_level=LEVEL)
