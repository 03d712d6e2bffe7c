"""The Commission's visa statistics: any layout is found by its titles, and a table that cannot be right is refused."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from sources import reading
from sources.errors import FormatError
from sources.formats.workbook import schengen_visas_xlsx
from sources.http.body_kind import objection
from tests.support.workbooks import workbook

Row = Sequence[object]

TITLES: Row = (
    *("Schengen State", "Country where consulate is located", "Consulate", "Uniform visas applied for"),
    *("Total  uniform visas issued (including MEV) \n", "Multiple entry uniform visas (MEVs) issued 1)"),
    *("Uniform visas not issued", "Not issued rate for uniform visas"),
)
ROWS: list[Row] = [
    ["France", "CHINA", "BEIJING", 100, 90, 60, 10, 0.1],
    ["France", "HONG KONG S.A.R.", "HONG KONG", 30, 30, 20, "", ""],
    ["Spain", "Mainland China", "SHANGHAI", 50, 41, 5, 9, 0.18],
]
TOTAL: Row = ["", "", "Total worldwide 2025", 180, 161, 85, 19, 0.1]


def read(path: Path, *rows: Row, **sheets: Sequence[Row]) -> pl.DataFrame:
    """The cells of a workbook with these rows in its first sheet."""
    file = workbook(path / "visas.xlsx", {"Data for consulates": rows, **sheets})
    assert reading.recognise(file).NAME == "schengen_visas_xlsx"
    return reading.read(file).frame.collect()


def figures(cells: pl.DataFrame) -> set[tuple[object, ...]]:
    return set(cells.select("time", "issuer", "country", "place", "visa", "count", "value").rows())


def test_each_count_of_each_consulate_is_a_cell(tmp_path: Path) -> None:
    cells = read(tmp_path, TITLES, *ROWS, [], TOTAL)
    assert ("2025", "France", "CHINA", "BEIJING", "C", "applied", 100.0) in figures(cells)
    assert ("2025", "Spain", "Mainland China", "SHANGHAI", "C", "multiple", 5.0) in figures(cells)
    assert ("2025", "France", "HONG KONG S.A.R.", "HONG KONG", "C", "issued", 30.0) in figures(cells)
    # A blank field is not a cell, and rates are not read.
    assert len(cells) == 11
    assert set(cells["scheme"]) == {"schengen"}


def test_a_locator_leads_to_the_figure_in_the_workbook(tmp_path: Path) -> None:
    cells = read(tmp_path, ["Visas of 2025"], [], TITLES, ["", "", "Total", 1, 1, 1, 1], *ROWS, TOTAL)
    find = schengen_visas_xlsx.finder(tmp_path / "visas.xlsx")
    assert [find(at) for at in cells["locator"]] == [f"{value:.0f}" for value in cells["value"]]


@pytest.mark.parametrize(
    ("titles", "order"),
    [
        pytest.param(TITLES, range(8), id="as in 2025"),
        pytest.param(TITLES, (6, 2, 1, 0, 5, 4, 3), id="columns in another order"),
        pytest.param(
            *[
                (
                    *("Member State or associated country ", "Country where consulate is located", "City "),
                    *("C visas applied for", "C visas issued (including MEV) \n", "Multiple entry C visas issued"),
                    *("C visas not issued", "Not issued rate"),
                ),
                range(8),
            ],
            id="as in 2011",
        ),
        pytest.param(
            (
                *("UE / Schengen Country", "Third Country", "Town", "C visas applied for"),
                *("C visas issued \n(ADS included)", "Multiple C visas issued", "C visas refused", "Rate"),
            ),
            range(8),
            id="as in 2009",
        ),
        pytest.param(
            (
                *("Issuing State", "Host country where the consulate is located", "Location of consulate"),
                *("Short-stay visa applications", "Short-stay visas granted", "MEVs: short-stay visas issued"),
                *("Short-stay visas refused", "Refusal rate (%)"),
            ),
            range(8),
            id="other words",
        ),
        pytest.param(
            (
                *("Schengen Member State*", "Country", "Consulate (city)", "Uniform visas applied for in 2025"),
                *("Number of uniform visas issued, including MEVs", "Multiple-entry visas issued¹"),
                *("Uniform visas not issued", "Share of refusals"),
            ),
            range(8),
            id="still other words",
        ),
    ],
)
def test_columns_are_found_by_their_titles(tmp_path: Path, titles: Row, order: Sequence[int]) -> None:
    def moved(row: Row) -> Row:
        return [row[at] if at < len(row) else "" for at in order]

    for above in ([], [["A note"], [], ["Another note"]]):
        cells = read(tmp_path, *above, *map(moved, [titles, *ROWS]), [], moved(TOTAL))
        assert figures(cells) == figures(read(tmp_path, TITLES, *ROWS, [], TOTAL))


def test_totals_among_the_rows_are_not_consulates(tmp_path: Path) -> None:
    among: list[Row] = [
        *ROWS[:2],
        ["France Total", "", "", 130, 120, 80, 10],
        ["", "", "Sub total", 130, 120, 80, 10],
        ROWS[2],
        ["", "", "Average", 60.5, 1, 1, 1],
        ["Total", "Total", "Total", 180, 161, 85, 19],
    ]
    assert figures(read(tmp_path, TITLES, *among, TOTAL)) == figures(read(tmp_path, TITLES, *ROWS, TOTAL))


def test_the_year_is_the_last_one_that_a_title_or_total_states(tmp_path: Path) -> None:
    stale = ["", "", "Total worldwide 2024", *TOTAL[3:]]
    assert set(read(tmp_path, TITLES, *ROWS, ["", "", "Selection Sub total in 2025", *TOTAL[3:]], stale)["time"]) == {
        "2025"
    }


def test_a_further_sheet_has_national_visas_of_the_same_year(tmp_path: Path) -> None:
    national: list[Row] = [
        ["Member State", *TITLES[1:3], "Short-stay visas applied for", "Total short-stay visas issued (including MEV)"],
        ["Cyprus", "CHINA", "BEIJING", 7, 6],
        ["", "", "Total worldwide 2014", 7, 6],
    ]
    cells = read(tmp_path, TITLES, *ROWS, TOTAL, CY=national).filter(scheme="national")
    assert figures(cells) == {
        ("2025", "Cyprus", "CHINA", "BEIJING", "national C", "applied", 7.0),
        ("2025", "Cyprus", "CHINA", "BEIJING", "national C", "issued", 6.0),
    }


def test_a_sheet_of_totals_by_state_is_read_unless_it_selects_one_country(tmp_path: Path) -> None:
    sheet: list[Row] = [
        ["Country where consulate is located", "(All)"],
        [],
        ["Schengen State", "Sum of Uniform visas applied for", "Sum of Uniform visas not issued"],
        ["France", 130, 10],
        ["Spain", 50, 9],
        ["Grand Total", 180, 19],
    ]
    cells = read(tmp_path, TITLES, *ROWS, TOTAL, **{"Totals - Schengen State": sheet}).filter(country="(All)")
    assert figures(cells.filter(count="applied")) == {
        ("2025", "France", "(All)", "(All)", "C", "applied", 130.0),
        ("2025", "Spain", "(All)", "(All)", "C", "applied", 50.0),
    }
    sheet[0] = ["Country where consulate is located", "CHINA"]
    assert read(tmp_path, TITLES, *ROWS, TOTAL, Totals=sheet).filter(country="(All)").is_empty()


def test_border_crossing_points_have_no_country(tmp_path: Path) -> None:
    cells = read(
        tmp_path,
        ["Schengen visas issued at border crossing points (BCPs) in 2025"],
        ["", "BCP", " ATVs issued ", "Uniform visas issued ", "Total ATVs, uniform visas issued  ", "LTVs issued"],
        ["FR", "Roissy", 1, 5, 6, ""],
        ["FR", "Roissy", "", 2, 2, ""],
        ["SE", "", "", 3, 3, 4],
        ["", "Total all Schengen BCPs 2024", 1, 10, 11, 4],
    )
    assert set(cells["posts"]) == {"border"}
    assert set(cells.filter(visa="C").select("issuer", "country", "place", "value").rows()) == {
        ("FR", None, "Roissy", 5.0),
        ("FR", None, "Roissy (2)", 2.0),
        ("SE", None, "(not named)", 3.0),
    }


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([TITLES, *ROWS[:2], TOTAL], "add up to 130; the workbook states 180"),
        ([TITLES, *ROWS, ["Spain", "CHINA", "BEIJING", 5, 5, 5, 5], TOTAL], "add up to 185; the workbook states 180"),
        ([TITLES, *ROWS], "states the year of the figures"),
        ([TITLES, *ROWS, ["", "CHINA", "WUHAN", 5, 5], TOTAL], "has figures, but not both issuer and country"),
        ([[*TITLES, "Uniform visas applied for"], *ROWS, TOTAL], "two columns hold the visas applied C"),
        ([[*TITLES, "Humanitarian visas issued"], *ROWS, TOTAL], "counts visas of an unknown kind"),
        ([[*TITLES, "Town"], *ROWS, TOTAL], "both hold the consulate"),
    ],
)
def test_a_table_that_may_be_misread_is_refused(tmp_path: Path, rows: list[Row], why: str) -> None:
    file = workbook(tmp_path / "visas.xlsx", {"Data for consulates": rows})
    with pytest.raises(FormatError, match=why):
        schengen_visas_xlsx.read(file)


def test_a_total_may_leave_out_rows_at_an_end_of_its_table(tmp_path: Path) -> None:
    many = [["France", "CHINA", f"TOWN {at}", 1 + at % 7, 1, 1, 1] for at in range(100)]
    total = sum(1 + at % 7 for at in range(100))
    without_last = ["", "", "TOTAL Visas in 2009", total - (1 + 99 % 7), 99, 99, 99]
    assert len(read(tmp_path, TITLES, *many, without_last)) == 400
    in_the_middle = ["", "", "TOTAL Visas in 2009", total - 40, 100, 100, 100]
    with pytest.raises(FormatError, match="add up to"):
        read(tmp_path, TITLES, *many, in_the_middle)


def test_the_older_format_of_excel_is_accepted_as_a_workbook() -> None:
    assert not objection(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, "xlsx")
    assert "instead of XLSX" in objection(b"%PDF-1.7", "xlsx")


LODGED_IN_CHINA = {
    "statistiques2009.xls": 597_430,
    "synthese_2010_with_filters_en.xls": 824_860,
    "synthese_2012_with_filters_en.xlsx": 1_242_507,
    "2019-consulates-schengen-visa-stats.xlsx": 2_971_032,
    "2023-schengen-visa-statistics-consulates_en.xlsx": 1_117_365,
    "2024-schengen-visa-statistics-consulates_en.xlsx": 1_779_255,
}


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.parametrize("name", LODGED_IN_CHINA)
def test_applications_in_china_equal_the_publishers_total(corpus: Path, name: str) -> None:
    cells = schengen_visas_xlsx.read(corpus / "finds/dg_home_schengen_visas" / name).frame
    chosen = cells.filter(pl.col("country") == "CHINA", visa="C", count="applied")
    assert chosen.select(pl.col("value").sum()).collect().item() == LODGED_IN_CHINA[name]
