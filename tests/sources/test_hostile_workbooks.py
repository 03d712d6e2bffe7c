"""Workbooks whose cells are errors, formulas or far away: no cell is lost, and no workbook ends the process."""

import resource
import zipfile
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from sources import reading
from sources.errors import FormatError
from sources.formats.workbook import knomad_xlsx, sheets

CORNER = "Destination country (across) - Source country (down)"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook_of(path: Path, sheet_data: str) -> Path:
    """A workbook of one sheet, ``BRM 2021``, with this XML below its element ``sheetData``."""
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("BRM 2021")
    parts = {}
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts["xl/worksheets/sheet1.xml"] = (
        f'<worksheet xmlns="{MAIN}"><sheetData>{sheet_data}</sheetData></worksheet>'.encode()
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return path


def text(address: str, content: str) -> str:
    return f'<c r="{address}" t="inlineStr"><is><t>{content}</t></is></c>'


def matrix(path: Path, cell: str) -> Path:
    """A matrix of migrants from France and Spain in Germany; ``cell`` is that of Spain, in B4."""
    return workbook_of(
        path,
        f'<row r="1">{text("A1", "Bilateral migrant stocks in 2021")}</row>'
        f'<row r="2">{text("A2", CORNER)}{text("B2", "Germany")}</row>'
        f'<row r="3">{text("A3", "France")}<c r="B3"><v>7</v></c></row>'
        f'<row r="4">{text("A4", "Spain")}{cell}</row>',
    )


@pytest.mark.parametrize(
    ("cell", "raw"),
    [
        ('<c r="B4" t="e"><v>#REF!</v></c>', "#REF!"),
        ("<c r='B4' t='e'><f>1/0</f><v>#DIV/0!</v></c>", "#DIV/0!"),
        ('<c r="B4"><f>SUM(C4:D4)</f></c>', "#FORMULA"),
        ('<c r="B4"><f>SUM(C4:D4)</f><v></v></c>', "#FORMULA"),
    ],
)
def test_a_cell_without_computed_value_is_a_cell_with_its_text(tmp_path: Path, cell: str, raw: str) -> None:
    path = matrix(tmp_path / "matrix.xlsx", cell)
    cells = knomad_xlsx.read(path).frame.sort("locator").collect()
    assert cells["value"].to_list() == [7.0, None]
    assert cells["raw"].to_list() == [None, raw]
    assert knomad_xlsx.finder(path)(cells["locator"][1]) == raw


def test_a_formula_whose_stored_result_is_the_empty_text_is_a_blank_cell(tmp_path: Path) -> None:
    path = matrix(tmp_path / "matrix.xlsx", '<c r="B4" t="str"><f>IF(1,"","")</f><v></v></c>')
    assert knomad_xlsx.read(path).frame.collect().height == 1


def test_a_date_in_place_of_a_number_is_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "matrix.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("BRM 2021")
        page.write_row(0, 0, ["Bilateral migrant stocks in 2021"])
        page.write_row(1, 0, [CORNER, "Germany"])
        page.write_row(2, 0, ["France", 7])
        page.write(3, 0, "Spain")
        page.write_datetime(3, 1, date(2021, 5, 4), book.add_format({"num_format": "yyyy-mm-dd"}))
    assert [raw and raw[:10] for raw in knomad_xlsx.read(path).frame.collect()["raw"]] == [None, "2021-05-04"]


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1"><c r="a1"><v>1</v></c><c r="zz200000"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="200000">' + "<c><v>1</v></c>" * 100 + "</row>",
        '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><f>A1</f></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c><c r="BMKEN1"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c><c r="XFE1"><v>1</v></c></row>',
    ],
)
def test_a_workbook_that_needs_too_much_memory_is_refused(tmp_path: Path, rows: str) -> None:
    path = workbook_of(tmp_path / "bomb.xlsx", rows)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    with pytest.raises(FormatError, match=r"more than 8,000,000 cells|with 1,024 MiB of memory|16,384 col"):
        sheets.workbook(path)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss <= max(before, 1 << 20)


def test_an_empty_row_far_below_the_table_is_no_cell(tmp_path: Path) -> None:
    path = workbook_of(tmp_path / "a.xlsx", f'<row r="1">{text("A1", "x")}</row><row r="1048576" ht="12.8"/>')
    assert sheets.rows_of(sheets.workbook(path), 0) == [["x"]]


def test_a_workbook_of_the_older_binary_format_is_named_by_its_sheets(tmp_path: Path) -> None:
    path = tmp_path / "old.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(FormatError, match="not a complete workbook"):
        reading.recognise(path)
