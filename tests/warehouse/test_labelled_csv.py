"""A table as CSV for spreadsheets: a text of a publisher is never computed as a formula."""

import csv
from pathlib import Path

import polars as pl
import pytest

from warehouse.contracts import contract
from warehouse.exports import labelled_csv

DECLARED = contract("unread_sentence")


def written(path: Path, sentence: str) -> str:
    rows = pl.DataFrame(
        [{name: sentence if name == "sentence" else None for name in DECLARED.field_names}],
        schema=DECLARED.polars_schema,
    )
    labelled_csv.write(rows, DECLARED, {}, path)
    (row,) = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
    return row["sentence"]


@pytest.mark.parametrize("formula", ["=HYPERLINK(1)", "+1+2", "-2+3", "@SUM(A1)"])
def test_a_text_that_looks_like_a_formula_begins_with_an_apostrophe(tmp_path: Path, formula: str) -> None:
    assert written(tmp_path / "table.csv", formula) == f"'{formula}"


@pytest.mark.parametrize("text", ["1 = 2", "-", "农民工总量"])
def test_other_texts_are_unchanged(tmp_path: Path, text: str) -> None:
    assert written(tmp_path / "table.csv", text) == text
