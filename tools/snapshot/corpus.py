"""Readers of the corpus: a folder with public copies of what the publishers have published."""

import csv
from functools import cache
from pathlib import Path

import polars as pl


@cache
def read_r_file(path: Path) -> pl.DataFrame:
    """Return the data frame of an R file."""
    import pyreadr

    (frame,) = pyreadr.read_r(str(path)).values()
    copy: pl.DataFrame = pl.from_pandas(frame, nan_to_null=True)
    return copy


def read_csv(path: Path, encoding: str = "utf-8-sig", skip: int = 0, delimiter: str = ",") -> list[dict[str, str]]:
    """Return the records of a CSV file after its first ``skip`` lines, by the names in its header."""
    with path.open(encoding=encoding, newline="") as file:
        for _ in range(skip):
            next(file)
        return list(csv.DictReader(file, delimiter=delimiter))


def read_legal_facts(corpus: Path) -> list[dict[str, str]]:
    """Return the legal facts of the corpus, each with the source that states it."""
    return read_csv(corpus / "legal/facts.tsv", encoding="utf-8", delimiter="\t")
