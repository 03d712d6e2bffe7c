"""Each code that a declaration uses has its row in the code lists, and a missing row is named with its file."""

import polars as pl
import pytest

from pipelines.declarations import undeclared
from warehouse import codes


def test_every_code_of_a_declaration_is_in_its_list() -> None:
    missing = undeclared()
    assert not missing, "add to warehouse/codes: " + "; ".join(missing)


@pytest.mark.parametrize(
    ("file", "column", "code", "expected"),
    [
        ("codes", "code", "permit_issued", "the definition permit_issued of eurostat/migr_resfirst"),
        ("codes", "code", "permits", "the unit permits of "),
        ("indicators", "indicator", "first_permits", "the indicator first_permits of eurostat/migr_resfirst"),
        ("counting", "definition", "permit_issued", "the definition permit_issued has no row in counting.csv"),
        ("concepts", "indicator", "first_permits", "the indicator first_permits has no row in concepts.csv"),
        ("area_codes", "scheme", "eurostat", "the scheme of area codes eurostat of eurostat/"),
        ("instruments", "instrument", "32008L0115", "the instrument 32008L0115 of the measure "),
    ],
)
def test_a_code_without_its_row_is_named_with_the_declaration_that_uses_it(
    monkeypatch: pytest.MonkeyPatch, file: str, column: str, code: str, expected: str
) -> None:
    read = codes.read

    def without(name: str) -> pl.DataFrame:
        return read(name).filter(pl.col(column) != code) if name == file else read(name)

    monkeypatch.setattr(codes, "read", without)
    assert [sentence for sentence in undeclared() if sentence.startswith(expected)]
