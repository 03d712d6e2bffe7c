"""Workbooks of the UN Population Division: blocks of years, types of data and notes."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
import xlsxwriter

from sources.cells import pack
from sources.errors import FormatError
from sources.formats.workbook import undesa_xlsx

YEARS = (2000, 2005, 2010, 2015, 2020)
PERIODS = ("1995-2000", "2000-2005", "2005-2010", "2010-2015", "2015-2020")
AREAS = "Region, development group, country or area"
Sheet = Mapping[tuple[int, int], object]


def workbook(tmp_path: Path, sheets: Mapping[str, Sheet]) -> Path:
    """A workbook of cells by row and column, both 1-based."""
    path = tmp_path / "stock.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, cells in sheets.items():
            page = book.add_worksheet(name)
            for (row, column), value in cells.items():
                page.write(row - 1, column - 1, value)
    return path


def line(row: int, values: Iterable[object], column: int = 1) -> dict[tuple[int, int], object]:
    return {(row, at): value for at, value in enumerate(values, column) if value != ""}


def revision_2020(title: str, columns: list[str], blocks: list[str], *rows: list[object]) -> Sheet:
    """A sheet as in the revisions of 2020 and 2024: title in row 3, blocks in row 8, header in row 11."""
    first = len(columns) + 1
    return {
        (3, 5): title,
        (4, 5): "POP/DB/MIG/Stock/Rev.2020",
        **{(8, first + at * len(YEARS)): block for at, block in enumerate(blocks)},
        **line(11, [*columns, *YEARS * len(blocks)]),
        **{place: value for at, row in enumerate(rows, 12) for place, value in line(at, row).items()},
    }


CONTENTS: Sheet = {(2, 5): "International Migrant Stock 2020: Destination", (4, 5): "POP/DB/MIG/Stock/Rev.2020"}
DESTINATION = ["", AREAS, "Notes", "Location code", "Type of data"]
BLOCKS = [f"International migrant stock at mid-year, {sex}" for sex in ("both sexes combined", "males", "females")]
TABLE_1 = revision_2020(
    "Table 1: International migrant stock at mid-year by sex and by region, country or area of destination, 2000-2020",
    DESTINATION,
    BLOCKS,
    [1, "WORLD", "", 900, "", *range(100, 115)],
    [2, "   China*", 3, 156, "C ", *range(200, 214), ".."],
)


def test_a_table_by_destination_has_codes_names_notes_and_the_same_years_for_each_sex(tmp_path: Path) -> None:
    path = workbook(tmp_path, {"Table of contents": CONTENTS, "Table 1": TABLE_1, "Notes": {(11, 2): "Notes"}})
    assert undesa_xlsx.recognises(b"PK\x03\x04", path)
    cells = undesa_xlsx.read(path)
    assert cells.dimensions == ("table", "destination", "destination_name", "notes", "type_of_data", "series", "sex")
    assert cells.dataset == "POP/DB/MIG/Stock/Rev.2020"
    assert cells.labels["table"]["Table 1"].startswith("Table 1: International migrant stock at mid-year")
    frame = cells.frame.collect()
    assert frame.height == 30
    china = frame.filter(destination="156", time="2020").sort("locator")
    assert china.select(
        "table", "destination_name", "notes", "type_of_data", "series", "sex", "value", "raw"
    ).rows() == [
        ("Table 1", "China", "3", "C", BLOCKS[0], "T", 204.0, None),
        ("Table 1", "China", "3", "C", BLOCKS[1], "M", 209.0, None),
        ("Table 1", "China", "3", "C", BLOCKS[2], "F", None, ".."),
    ]
    assert china["locator"][0] == pack(13, 10, 1)
    world = frame.filter(destination="900")
    assert world["notes"].null_count() == world["type_of_data"].null_count() == 15
    find = undesa_xlsx.finder(path)
    assert [find(locator) for locator in china["locator"]] == ["204", "209", ".."]


def test_every_table_is_read_also_of_shares_and_of_rates_between_years(tmp_path: Path) -> None:
    shares = revision_2020(
        "Table 4: Female migrants",
        DESTINATION,
        ["Female migrants as a percentage of the stock"],
        [1, "WORLD", "", 900, "", *(49.3,) * 5],
    )
    rates = {
        **revision_2020(
            "Table 5: Annual rate of change",
            DESTINATION,
            ["Annual rate of change, males"],
            [1, "WORLD", "", 900, "", "~", *(1.5,) * 4],
        ),
        **line(11, PERIODS, 6),
    }
    hint = {(3, 5): "Table of destination"}
    path = workbook(
        tmp_path,
        {"Contents": CONTENTS, "Table 1": TABLE_1, "Table 4": {**shares, **hint}, "Table 5": {**rates, **hint}},
    )
    frame = undesa_xlsx.read(path).frame.collect()
    assert frame["table"].value_counts().sort("table").rows() == [("Table 1", 30), ("Table 4", 5), ("Table 5", 5)]
    assert set(frame.filter(table="Table 4").select("series", "sex").rows()) == {
        ("Female migrants as a percentage of the stock", None)
    }
    assert frame.filter(table="Table 5").select("sex", "time", "value", "raw").rows()[0] == (
        "M",
        "1995-2000",
        None,
        "~",
    )


def test_destination_and_origin_of_2020_name_their_sides(tmp_path: Path) -> None:
    columns = [
        "Index",
        f"{AREAS} of destination",
        "Notes of destination",
        "Location code of destination",
        "Type of data of destination",
        f"{AREAS} of origin",
        "Location code of origin",
    ]
    sheet = revision_2020(
        "Table 1: Stock by sex and by region, country or area of destination and origin",
        columns,
        BLOCKS,
        [1, "   Germany", "", 276, "B", "   China", 156, *range(15)],
        [2, "   Germany", "", 276, "B", "Others", 2003, *range(15)],
    )
    cells = undesa_xlsx.read(workbook(tmp_path, {"Contents": CONTENTS, "Table 1": sheet}))
    assert cells.dimensions[1:7] == (
        "destination",
        "destination_name",
        "origin",
        "origin_name",
        "notes",
        "type_of_data",
    )
    assert set(cells.frame.collect().select("destination", "destination_name", "origin", "origin_name").rows()) == {
        ("276", "Germany", "156", "China"),
        ("276", "Germany", "2003", "Others"),
    }


def test_destination_and_origin_of_2024_leave_the_side_of_some_columns_to_the_areas_left_of_them(
    tmp_path: Path,
) -> None:
    columns = ["Index", f"{AREAS} of destination", "Coverage", "Data type", "Location code of destination"]
    columns += [f"{AREAS} of origin", "Location code of origin"]
    sheet = revision_2020(
        "Table 1: by destination and origin", columns, BLOCKS, [1, "China*", "x", "C", 156, "Germany", 276, *range(15)]
    )
    cross = {
        (3, 2): "Table 2: region of destination and region of origin, 2024",
        (11, 2): AREAS,
        (12, 2): "WORLD",
        (12, 3): 304021813,
    }
    cells = undesa_xlsx.read(workbook(tmp_path, {"Contents": CONTENTS, "Table 1": sheet, "Table 2": cross}))
    assert cells.dimensions == (
        *("table", "destination", "destination_name", "origin", "origin_name"),
        *("type_of_data", "coverage", "series", "sex"),
    )
    assert cells.frame.select("destination", "origin", "type_of_data", "coverage").collect().row(0) == (
        "156",
        "276",
        "C",
        "x",
    )
    assert set(cells.labels["table"]) == {"Table 1"}


def test_a_table_by_origin_has_the_side_of_its_title(tmp_path: Path) -> None:
    sheet = revision_2020(
        "Table 1: by country or area of origin",
        ["", AREAS, "Notes", "Location code"],
        BLOCKS,
        [1, "China", "", 156, *range(15)],
    )
    cells = undesa_xlsx.read(
        workbook(tmp_path, {"Contents": {(2, 1): "International Migrant Stock: Origin"}, "Table 1": sheet})
    )
    assert cells.dimensions == ("table", "origin", "origin_name", "notes", "series", "sex")


def test_the_layout_of_2019_has_its_titles_above_its_years(tmp_path: Path) -> None:
    columns = ["Sort\norder", "Major area, region, country or area of destination", "Notes", "Code", "Type of data (a)"]
    blocks = [f"International migrant stock at mid-year ({sex})" for sex in ("both sexes", "male", "female")]
    sheet: Sheet = {
        (8, 1): "Table 1 - International migrant stock at mid-year by sex and by major area, 1990-2019",
        (10, 1): "(United Nations database, POP/DB/MIG/Stock/Rev.2019)",
        **line(15, columns),
        **{(15, 6 + at * 5): block for at, block in enumerate(blocks)},
        **line(16, map(str, YEARS * 3), 6),
        **line(17, [1, "WORLD", "", 900, "", *range(15)]),
        **line(18, [2, "China", 12, 156, "C", *range(15)]),
    }
    cells = undesa_xlsx.read(
        workbook(tmp_path, {"CONTENTS": {(1, 1): "International migrant stock 2019"}, "Table 1": sheet, "NOTES": {}})
    )
    assert cells.dataset == "POP/DB/MIG/Stock/Rev.2019"
    assert cells.dimensions == ("table", "destination", "destination_name", "notes", "type_of_data", "series", "sex")
    frame = cells.frame.filter(destination="156", time="2020").collect().sort("locator")
    assert frame.select("sex", "value", "locator").rows() == [
        ("T", 4.0, pack(18, 10, 1)),
        ("M", 9.0, pack(18, 15, 1)),
        ("F", 14.0, pack(18, 20, 1)),
    ]


def test_the_matrix_of_2019_has_years_in_rows_and_origins_in_columns(tmp_path: Path) -> None:
    columns = ["Year", "Sort\norder", "Major area, region, country or area of destination", "Notes", "Code"]
    origins = ["Total", "Other South", "Afghanistan", "China", "Germany"]

    def matrix(title: str) -> Sheet:
        return {
            (8, 1): title,
            (10, 1): "POP/DB/MIG/Stock/Rev.2019",
            **line(15, [*columns, "Type of data (a)", "Country or area of origin"]),
            **line(16, origins, 7),
            **line(17, [1990, 1, "WORLD", "", 900, "", 153_011_473, 6_548_526, 6_823_350, 4_231_648, 2_930_000]),
            **line(18, [2019, 7, "   China*", 12, 156, "C", 1_030_871, "", 5, "", 1_000]),
            **line(19, [2019, 9, "   Germany", "", 276, "B", 13_132_146, "..", 7, 8]),
        }

    titles = ("Total", "Male", "Female")
    sheets = {
        f"Table {at}": matrix(f"Table {at}. {who} migrant stock at mid-year by origin and by major area of destination")
        for at, who in enumerate(titles, 1)
    }
    path = workbook(tmp_path, {"CONTENTS": {(1, 1): "International migrant stock 2019"}, **sheets, "NOTES": {}})
    assert undesa_xlsx.recognises(b"PK\x03\x04", path)
    cells = undesa_xlsx.read(path)
    assert cells.dataset == "POP/DB/MIG/Stock/Rev.2019"
    names = ("destination", "destination_name", "origin", "origin_name", "notes", "type_of_data")
    assert cells.dimensions == ("table", *names, "series", "sex")
    frame = cells.frame.collect().sort("locator")
    assert frame.height == 3 * (5 + 3 + 4)
    found = frame.filter(sex="F", destination="156")
    assert found.select("time", "origin", "origin_name", "value").rows() == [
        ("2019", "900", "Total", 1_030_871.0),
        ("2019", None, "Afghanistan", 5.0),  # no destination in this table, and so without a code
        ("2019", "276", "Germany", 1_000.0),
    ]
    germany = frame.filter(sex="T", destination="276")
    assert germany.select("origin", "value", "raw").rows() == [
        ("900", 13_132_146.0, None),
        (None, None, ".."),
        (None, 7.0, None),
        ("156", 8.0, None),
    ]
    assert germany["locator"][3] == pack(19, 10, 1)
    assert undesa_xlsx.finder(path)(germany["locator"][3]) == "8"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({(11, 5): "Colour"}, "'Table 1': column 5 is unknown: 'Colour'"),
        ({(11, 4): "Notes"}, "has the same role: 'Notes'"),
        ({(8, 11): BLOCKS[0]}, "a year twice"),
        ({(11, 12): "Total"}, r"has other texts: \['Total'\]"),
        ({(13, 4): ""}, "row 13 has values but no code"),
        ({(3, 5): "Table 1: by country or area"}, "no side"),
    ],
)
def test_a_table_that_is_not_understood_is_refused(tmp_path: Path, change: Sheet, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        undesa_xlsx.read(workbook(tmp_path, {"Contents": {}, "Table 1": {**TABLE_1, **change}}))


def test_a_workbook_without_years_and_a_cut_one_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path, {"Contents": CONTENTS, "Table 1": {(1, 1): "x"}})
    with pytest.raises(FormatError, match="no sheet has a header of years"):
        undesa_xlsx.read(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-200])
    assert not undesa_xlsx.recognises(whole[:100], path)
    with pytest.raises(FormatError, match="not a complete workbook"):
        undesa_xlsx.read(path)
    assert not undesa_xlsx.recognises(b"Year,", path)


def test_other_workbooks_are_not_recognised(tmp_path: Path) -> None:
    assert not undesa_xlsx.recognises(b"PK", workbook(tmp_path, {"Summary": CONTENTS, "Sheet 1": TABLE_1}))
    assert not undesa_xlsx.recognises(b"PK", workbook(tmp_path, {"Summary": {(1, 1): "Births"}, "Table 1": {}}))


def test_a_table_without_codes_does_not_refuse_the_others(tmp_path: Path) -> None:
    codeless = revision_2020(
        "Table 2: Total population by area of destination", DESTINATION, BLOCKS, [2, "China*", 3, "", "C ", 5]
    )
    path = workbook(tmp_path, {"Table of contents": CONTENTS, "Table 1": TABLE_1, "Table 2": codeless})
    cells = undesa_xlsx.read(path)
    assert cells.refused == {"Table 2": "sheet 'Table 2': row 12 has values but no code of an area"}
    assert cells.frame.collect()["table"].unique().to_list() == ["Table 1"]
    with pytest.raises(FormatError, match="row 12 has values but no code"):
        undesa_xlsx.read(workbook(tmp_path, {"Table of contents": CONTENTS, "Table 1": codeless}))


def test_a_heading_without_code_and_without_figures_is_no_area(tmp_path: Path) -> None:
    heading = [2, "Sub-Saharan Africa", "", "", "", *[".."] * 15]
    table = revision_2020(
        "Table 1: Stock by destination", DESTINATION, BLOCKS, heading, [3, "China*", 3, 156, "C ", *range(15)]
    )
    cells = undesa_xlsx.read(workbook(tmp_path, {"Table of contents": CONTENTS, "Table 1": table}))
    assert not cells.refused
    assert cells.frame.collect()["destination"].unique().to_list() == ["156"]
