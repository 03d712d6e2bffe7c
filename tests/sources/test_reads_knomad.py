"""KNOMAD's bilateral matrices: orientation, totals and footnotes."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.cells import pack
from sources.errors import FormatError
from sources.formats.workbook import knomad_xlsx
from tests.support.workbooks import workbook

KEEP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)

MIGRATION = "Destination country (across)     -                    Source country (down) "
REMITTANCE = "Remittance-receiving country (across)     -         Remittance-sending country (down) "
STOCKS = "Bilateral Estimates of Migrant Stocks in 2021"
FLOWS = "Bilateral Remittance Estimates for 2021 using Migrant Stocks (millions of US$) (December 2022 Version)"


def matrix(tmp_path: Path, *rows: Sequence[object], sheet: str = "BRM 2021") -> Path:
    return workbook(tmp_path / "matrix.xlsx", {sheet: rows})


def test_the_two_matrices_are_transposed(tmp_path: Path) -> None:
    stocks = matrix(tmp_path, [STOCKS], [MIGRATION, "China", "Germany"], ["China", "", 155595], ["Germany", 7, ""])
    assert knomad_xlsx.recognises(b"PK\x03\x04", stocks)
    cells = knomad_xlsx.read(stocks)
    assert cells.dimensions == ("origin", "destination", "measure")
    assert not cells.coded
    assert sorted(cells.frame.collect().rows()) == [
        ("China", "Germany", "migration", "2021", 155595.0, None, None, None, pack(3, 3)),
        ("Germany", "China", "migration", "2021", 7.0, None, None, None, pack(4, 2)),
    ]
    flows = matrix(tmp_path, [FLOWS], [REMITTANCE, "China", "Germany"], ["China", "", 1.5], ["Germany", 751.5, ""])
    cells = knomad_xlsx.read(flows)
    assert cells.dimensions == ("sender", "receiver", "measure")
    assert cells.frame.filter(sender="Germany").select("receiver", "measure", "time", "value").collect().rows() == [
        ("China", "remittance", "2021", 751.5)
    ]


def test_totals_are_kept_and_rows_below_the_matrix_are_not_read(tmp_path: Path) -> None:
    path = matrix(
        tmp_path,
        [FLOWS],
        [REMITTANCE, "China", "Germany", "WORLD"],
        ["Germany", 751.5, " ", 751.5],
        ["WORLD ", 751.5, "…", 751.5],
        ["", "", 6393.53],
        ["Note: All numbers are in current (nominal) US dollar."],
    )
    frame = knomad_xlsx.read(path).frame.sort("locator").collect()
    assert frame.select("sender", "receiver", "value", "raw").rows() == [
        ("Germany", "China", 751.5, None),
        ("Germany", "WORLD", 751.5, None),
        ("WORLD", "China", 751.5, None),
        ("WORLD", "Germany", None, "…"),
        ("WORLD", "WORLD", 751.5, None),
    ]
    find = knomad_xlsx.finder(path)
    assert [find(locator) for locator in frame["locator"]] == ["751.5", "751.5", "751.5", "…", "751.5"]


def test_the_year_is_the_title_s_else_the_sheet_s(tmp_path: Path) -> None:
    rows: list[list[object]] = [[MIGRATION, "China"], ["Germany", 7]]
    assert years(matrix(tmp_path, ["Migrants in 2018"], *rows)) == ["2018"]
    assert years(matrix(tmp_path, ["Migrants"], *rows, sheet="FINAL BRM 2017 ")) == ["2017"]
    with pytest.raises(FormatError, match="has the year"):
        years(matrix(tmp_path, ["Migrants"], *rows, sheet="BRM"))


def years(path: Path) -> list[str]:
    return knomad_xlsx.read(path).frame.collect()["time"].to_list()


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([[MIGRATION, "China", "China"], ["Germany", 7, 8]], "columns have the same name"),
        ([[MIGRATION, "China"], ["Germany", 7], ["Germany", 8]], "rows have the same name"),
        ([[MIGRATION, "China"], ["Germany", 7], [], ["Malta", 8]], "row 5 continues the matrix .*Malta"),
        ([[MIGRATION, "China", "", "Malta"], ["Germany", 7, "", 8]], "to the right of the end"),
        ([["Country", "China"], ["Germany", 7]], "do not state the dimensions"),
    ],
)
def test_a_matrix_that_is_not_understood_is_refused(tmp_path: Path, rows: list[list[object]], why: str) -> None:
    with pytest.raises(FormatError, match=why):
        knomad_xlsx.read(matrix(tmp_path, [STOCKS], *rows))


def test_a_cut_workbook_is_refused_and_not_recognised(tmp_path: Path) -> None:
    path = matrix(tmp_path, [STOCKS], [MIGRATION, "China"], ["Germany", 7])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert not knomad_xlsx.recognises(whole[:100], path)
    with pytest.raises(FormatError, match="not a complete workbook"):
        knomad_xlsx.read(path)


def test_a_locator_outside_of_the_matrix_is_refused(tmp_path: Path) -> None:
    find = knomad_xlsx.finder(matrix(tmp_path, [STOCKS], [MIGRATION, "China"], ["Germany", 7]))
    for locator in (pack(0, 2), pack(3, 0), pack(9, 2), pack(3, 9), pack(3, 2, 1)):
        with pytest.raises(FormatError):
            find(locator)


@KEEP
@given(
    st.integers(1, 6).flatmap(
        lambda size: st.lists(
            st.lists(
                st.one_of(st.just(""), st.floats(0, 1e12).map(lambda x: float(f"{x:.15g}"))),
                min_size=size,
                max_size=size,
            ),
            min_size=size,
            max_size=size,
        )
    )
)
def test_what_is_written_in_a_matrix_is_read_and_found(tmp_path: Path, values: list[list[float | str]]) -> None:
    names = [f"Country {at}" for at in range(len(values))]
    path = matrix(
        tmp_path, [STOCKS], [MIGRATION, *names], *([name, *row] for name, row in zip(names, values, strict=True))
    )
    frame = knomad_xlsx.read(path).frame.collect()
    read = {
        (origin, destination): value
        for origin, destination, value in frame.select("origin", "destination", "value").rows()
    }
    written = {
        (a, b): v for a, row in zip(names, values, strict=True) for b, v in zip(names, row, strict=True) if v != ""
    }
    assert read == written
    find = knomad_xlsx.finder(path)
    assert [float(find(locator)) for locator in frame["locator"]] == frame["value"].to_list()
