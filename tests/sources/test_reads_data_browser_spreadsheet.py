"""Workbooks of Eurostat's data browser: every cell with its flag and locator."""

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import xlsxwriter

from sources.cells import pack
from sources.errors import FormatError, UnknownFormatError
from sources.formats.workbook import eurostat_xlsx
from sources.reading import recognise


def sheet(sex: str = "Total", changes: dict[str, list[Any]] | None = None) -> list[list[Any]]:
    rows: dict[str, list[Any]] = {
        "extracted": ["Data extracted on 13/11/2020 11:47:37 from [ESTAT]"],
        "dataset": ["Dataset: ", "Population on 1 January by sex [DEMO_X__custom_202367]"],
        "updated": ["Last updated: ", "03/07/2020 23:00"],
        "blank": [""],
        "sex": ["Sex", "", sex],
        "blank 2": [""],
        "over": ["TIME", "2019", "", "2020", ""],
        "below": ["GEO (Labels)"],
        "first": ["Belgium", 8.8, "b", ":", ""],
        "second": ["Bulgaria", 12, "", ":", "bpu"],
        "third": ["Czechia", "", "", 7, ""],
        "blank 3": [""],
        "special": ["Special value"],
        "colon": [":", "not available"],
        "flags": ["Available flags:"],
        "b": ["b", "break in time series"],
    }
    return list((rows | (changes or {})).values())


def write(folder: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    path = folder / "payload.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for at, row in enumerate(rows):
                page.write_row(at, 0, row)
    return path


def test_a_sheet_gives_values_with_the_flags_right_of_them(tmp_path: Path) -> None:
    path = write(tmp_path, {"Summary": [["x"]], "Sheet 1": sheet()})
    assert recognise(path).NAME == "eurostat_xlsx"
    found = eurostat_xlsx.read(path)
    assert (found.dataset, found.coded, found.dimensions) == ("DEMO_X", False, ("sex", "geo"))
    assert found.updated == datetime(2020, 7, 3, 23, tzinfo=ZoneInfo("Europe/Brussels"))
    assert found.frame.collect().sort("locator").rows() == [
        ("Total", "Belgium", "2019", 8.8, None, "b", None, pack(9, 2, 1)),
        ("Total", "Belgium", "2020", None, ":", None, None, pack(9, 4, 1)),
        ("Total", "Bulgaria", "2019", 12.0, None, None, None, pack(10, 2, 1)),
        ("Total", "Bulgaria", "2020", None, ":", "bpu", None, pack(10, 4, 1)),
        ("Total", "Czechia", "2020", 7.0, None, None, None, pack(11, 4, 1)),
    ]
    find = eurostat_xlsx.finder(path)
    assert (find(pack(9, 2, 1)), find(pack(10, 2, 1)), find(pack(9, 4, 1))) == ("8.8", "12", ":")


def test_sheets_are_read_together_and_those_of_other_names_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, {"Sheet 1": sheet("Males"), "My own": sheet("Share"), "Sheet 2": sheet("Females")})
    assert eurostat_xlsx.read(path).frame.collect()["sex"].unique().sort().to_list() == ["Females", "Males"]


def test_rows_may_have_several_dimensions(tmp_path: Path) -> None:
    changes: dict[str, list[Any]] = {
        "over": ["TIME", "TIME", "2019", "", "2020", ""],
        "below": ["CITIZEN (Labels)", "GEO (Labels)"],
        "first": ["China", "Belgium", 1, "p", 2, ""],
        "second": ["China", "Bulgaria", 3, "", 4, ""],
        "third": ["Japan", "Belgium", 5, "", 6, ""],
    }
    found = eurostat_xlsx.read(write(tmp_path, {"Data": sheet(changes=changes)}))
    assert found.dimensions == ("sex", "citizen", "geo")
    assert found.frame.collect().sort("value").row(0)[:7] == ("Total", "China", "Belgium", "2019", 1.0, None, "p")


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        # Time in the rows, the countries across.
        (
            {
                "over": ["GEO (Labels)", "Belgium", "", "Bulgaria", ""],
                "below": ["TIME"],
                "first": ["2019", 8.8, "b", 12, ""],
                "second": ["2020", ":", "", ":", "bpu"],
                "third": ["2021", "", "", 7, ""],
            },
            ("Belgium", "2019", 8.8, None, "b"),
        ),
        # Time as the second dimension of the rows, another dimension across.
        (
            {
                "over": ["C_BIRTH (Labels)", "", "China", "", "Japan", ""],
                "below": ["GEO (Labels)", "TIME"],
                "first": ["Belgium", "2019", 8.8, "b", 12, ""],
                "second": ["Belgium", "2020", ":", "", ":", "bpu"],
                "third": ["Bulgaria", "2019", "", "", 7, ""],
            },
            ("Belgium", "2019", 8.8, None, "b"),
        ),
        # Codes and labels: the codes are read.
        (
            {
                "over": ["TIME", "TIME", "2019", "", "2020", ""],
                "below": ["GEO (Codes)", "GEO (Labels)"],
                "first": ["BE", "Belgium", 8.8, "b", ":", ""],
                "second": ["BG", "Bulgaria", 12, "", ":", "bpu"],
                "third": ["CZ", "Czechia", "", "", 7, ""],
            },
            ("BE", "2019", 8.8, None, "b"),
        ),
    ],
    ids=["time in rows", "another dimension across", "codes and labels"],
)
def test_every_arrangement_of_the_browser_is_read(
    tmp_path: Path, changes: dict[str, list[Any]], first: tuple[object, ...]
) -> None:
    found = eurostat_xlsx.read(write(tmp_path, {"Sheet 1": sheet(changes=changes)})).frame.collect()
    assert found.height == 5
    assert found.filter(value=8.8).select("geo", "time", "value", "raw", "flag").row(0) == first


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"below": ["Belgium"]}, "'Sheet 1' has no header"),
        ({"over": ["TIME", "2019", "", "2019", ""]}, "not that of a table over time"),
        ({"over": ["SEX (Labels)", "2019", "", "2020", ""]}, "names the dimension 'sex' twice"),
        ({"below": ["GEO (Labels)", "GEO (Labels)"]}, "names the dimension 'geo' twice"),
        ({"updated": ["Last updated: ", "2020-07-03"]}, "is not dd/mm/yyyy"),
    ],
)
def test_a_damaged_sheet_is_refused(tmp_path: Path, changes: dict[str, list[Any]], expected: str) -> None:
    with pytest.raises(FormatError, match=expected):
        eurostat_xlsx.read(write(tmp_path, {"Sheet 1": sheet(changes=changes)}))


def test_another_workbook_is_not_recognised(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormatError):
        recognise(write(tmp_path, {"Sheet 1": [["something else"]]}))
    cut = tmp_path / "cut.xlsx"
    cut.write_bytes(write(tmp_path, {"Sheet 1": sheet()}).read_bytes()[:2000])
    with pytest.raises(UnknownFormatError):
        recognise(cut)


def test_labels_of_dimensions_become_the_codes_of_eurostat(tmp_path: Path) -> None:
    labels = {
        "Time frequency": "Annual",
        "Country of citizenship": "Total",
        "Age definition": "Age in completed years",
        "Age class": "Total",
        "Unit of measure": "Number",
    }
    rows = {label: [label, "", position] for label, position in labels.items()}
    table = sheet()
    table[4:4] = list(rows.values())
    cells = eurostat_xlsx.read(write(tmp_path, {"Sheet 1": table}))
    assert set(cells.dimensions) == {"freq", "citizen", "agedef", "age", "unit", "sex", "geo"}
