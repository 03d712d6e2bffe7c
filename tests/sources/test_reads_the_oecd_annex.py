"""The annex of the OECD's International Migration Outlook: layouts of its tables, and what is refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sources.errors import FormatError
from sources.formats.workbook import oecd_annex_xlsx
from sources.reading import read
from tests.support.workbooks import workbook

YEARS = ["\u00a0\u00a0", 2011, 2012]
ABOUT = [["International Migration Outlook 2023"], ["Version 1 - Last updated: 23-Oct-2023"]]


def annex(path: Path, *rows: list[object], name: str = "A6_EN_2023") -> Path:
    return workbook(path / "annex.xlsx", {name: rows, "About this file": ABOUT})


def test_numbers_are_persons_and_the_rows_of_percentages_are_left_out(tmp_path: Path) -> None:
    path = annex(
        tmp_path,
        ["Table\u00a0A.6. Acquisitions of nationality in OECD countries"],
        ["Numbers and percentages"],
        YEARS,
        ["Austria", 6690, 7043],
        ["\u00a0% of foreign population", 0.8, 0.9],
        ["Slovak\u00a0Republic", "..", 255],
        ["Note: For details on definitions", "", ""],
        ["Austria", 1, 1],
    )
    cells = read(path)
    rows = cells.frame.sort("locator").select("ref_area", "time", "value", "raw", "measure").collect().rows()
    assert rows == [
        ("Austria", "2011", 6690.0, None, "B16"),
        ("Austria", "2012", 7043.0, None, "B16"),
        ("Slovak Republic", "2011", None, "..", "B16"),
        ("Slovak Republic", "2012", 255.0, None, "B16"),
    ]
    assert (cells.format, cells.updated) == ("oecd_annex_xlsx", datetime(2023, 10, 23, tzinfo=UTC))


def test_thousands_become_whole_persons_and_the_locator_leads_to_the_published_figure(tmp_path: Path) -> None:
    path = annex(
        tmp_path,
        ["Table A.2. Outflows of foreign population from selected OECD countries"],
        ["Thousands"],
        ["", 2011, 2012],
        ["Denmark", 31.492999999999995, 29.098],
        name="A2_EN_2024",
    )
    (first, second) = read(path).frame.sort("locator").collect().iter_rows(named=True)
    assert (first["value"], second["value"], first["measure"]) == (31_493.0, 29_098.0, "B12")
    assert oecd_annex_xlsx.finder(path)(second["locator"]) == "29098 (29.098 thousand)"


@pytest.mark.parametrize(
    ("title", "unit"),
    [
        ("Table A.3. Inflows of asylum seekers", "Numbers"),
        ("Table B.6. Acquisitions of nationality by country of former nationality", "Numbers"),
        ("Table A.1. Inflows of foreign population", "Percentages"),
    ],
)
def test_other_tables_and_unknown_units_are_refused(tmp_path: Path, title: str, unit: str) -> None:
    path = annex(tmp_path, [title], [unit], YEARS, ["Austria", 1, 2])
    with pytest.raises(FormatError):
        read(path)
