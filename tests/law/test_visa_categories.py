"""Categories of visas of China and the Union."""

from datetime import date
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from sources.errors import StructureError
from sources.snapshot import FOLDER
from tests.support.law_payloads import read_law_rows


@cache
def categories() -> pl.DataFrame:
    found = read_law_rows(FOLDER / "citations/visa_categories/2026-11.csv.gz", "citations/visa_categories")
    assert found.unmatched.is_empty()
    return found.observations


def test_china_has_the_letters_of_its_regulations_and_the_letter_of_2025() -> None:
    letters = categories().filter(pl.col("jurisdiction") == "CHN")
    first = set(letters.filter(pl.col("valid_from") == date(2013, 9, 1))["visa_category"])
    assert first == {*"CDFGLMRZ", "J1", "J2", "Q1", "Q2", "S1", "S2", "X1", "X2"}
    assert letters.filter(pl.col("valid_from") == date(2025, 10, 1))["visa_category"].to_list() == ["K"]


def test_short_categories_have_a_longest_stay_and_long_ones_need_a_residence_permit() -> None:
    rows = {row["visa_category"]: row for row in categories().iter_rows(named=True) if row["jurisdiction"] == "CHN"}
    for short in ("J2", "Q2", "S2"):
        assert (rows[short]["longest_stay_days"], rows[short]["residence_permit"]) == (180, False)
    for long in ("D", "J1", "Q1", "S1", "X1", "Z"):
        assert rows[long]["residence_permit"] is True
    assert rows["R"]["residence_permit"] is None


def test_a_text_that_is_neither_true_nor_false_is_refused(tmp_path: Path) -> None:
    header = "jurisdiction,visa_category,granted_for,longest_stay_days,residence_permit,valid_from,instrument,provision"
    row = "CHN,L,Tourism,,perhaps,2013-09-01,CHN-FOREIGNERS-2013,Article 6"
    path = tmp_path / "categories.csv"
    path.write_text(f"{header},source,source_url,confidence\n{row},a gazette,https://example.org,high\n", "utf-8")
    with pytest.raises(StructureError, match="does not have the type of its field"):
        read_law_rows(path, "citations/visa_categories")
