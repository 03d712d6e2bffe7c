"""Layouts of downloads that differ from those that a service sends to a program: read, or refused with advice."""

from pathlib import Path

import polars as pl
import pytest

from sources import reading
from sources.errors import FormatError
from tests.support.workbooks import workbook

SDMX = "DATAFLOW;LAST UPDATE;freq;geo;TIME_PERIOD;OBS_VALUE;OBS_FLAG\nESTAT:X(1.0);;A;AT;2024;7;b\n"
SITE = (
    '"Web ID","Region of Incident","Reported Date","Reported Year","Number Dead","Minimum Estimated Number of Missing",'
    '"Total Dead and Missing","Cause of Death","Location Description"\n'
    '"7","Mediterranean","March 09, 2019","2019","2","3","5","Drowning","At sea"\n'
)
OF_UNHCR = '"Country / territory of asylum/residence",Origin,Year,'
EXPLORER = "TIME,GEO,GEO_LABEL,SEX,SEX_LABEL,Value\n2016,BE,Belgium,T,Total,81\n"


def frame(path: Path, content: str) -> pl.DataFrame:
    path.write_text(content, encoding="utf-8")
    return reading.read(path).frame.collect()


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_sdmx_csv_may_have_the_separator_of_a_language(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "payload"
    found = frame(path, SDMX.replace(";", delimiter))
    assert found.select("geo", "time", "value", "flag").rows() == [("AT", "2024", 7.0, "b")]
    assert reading.recognise(path).finder(path)(found["locator"][0]) == "7"


@pytest.mark.parametrize("number", ["1,5", "1.234", "-12.345.678"])
def test_a_number_that_may_have_a_decimal_comma_is_refused_with_semicolons(tmp_path: Path, number: str) -> None:
    with pytest.raises(FormatError, match="record 2 has a number that may have a decimal comma"):
        frame(tmp_path / "payload", SDMX.replace(";7;", f";{number};"))


def test_an_older_export_of_missing_migrants_names_incidents_and_months_in_words(tmp_path: Path) -> None:
    found = frame(tmp_path / "payload", SITE)
    assert found.select("incident", "measure", "time", "value").rows() == [
        ("7", "dead", "2019-03-09", 2.0),
        ("7", "missing", "2019-03-09", 3.0),
        ("7", "total", "2019-03-09", 5.0),
    ]


def test_an_extract_with_codes_and_labels_has_the_codes(tmp_path: Path) -> None:
    path = tmp_path / "payload"
    assert frame(path, EXPLORER).select("geo", "sex", "value").rows() == [("BE", "T", 81.0)]
    assert reading.read(path).labels == {"geo": {"BE": "Belgium"}, "sex": {"T": "Total"}}


def test_a_workbook_of_the_world_bank_has_the_table_of_its_csv(tmp_path: Path) -> None:
    header: list[object] = ["Country Name", "Country Code", "Indicator Name", "Indicator Code", "2022", "2023"]
    above: list[list[object]] = [["Data Source", "Indicators"], ["Last Updated Date", "2026-07-01"], [""]]
    rows: list[list[object]] = [
        *above,
        header,
        ["China", "CHN", "Net", "SM", 5, ""],
        ["France", "FRA", "Net", "SM", "", -6.5],
    ]
    cells = reading.read(workbook(tmp_path / "payload", {"Data": rows, "Metadata": [["x"]]}))
    assert cells.frame.select("country", "indicator", "time", "value").sort("value").collect().rows() == [
        ("FRA", "SM", "2023", -6.5),
        ("CHN", "SM", "2022", 5.0),
    ]
    assert (cells.dataset, str(cells.updated)[:10]) == ("Indicators", "2026-07-01")


@pytest.mark.parametrize(
    "content",
    [
        f'"Extracted from the database","UNHCR"\n\n{OF_UNHCR}Month,Value\nGermany,China,2018,May,*\n',
        f"{OF_UNHCR}Value\nGermany,China,2015,12\n",
        'Year,"Country / territory of asylum/residence","Location Name","Female 0-4"\n2015,Germany,Various,5\n',
    ],
)
def test_an_older_export_of_unhcr_is_refused_by_its_columns(tmp_path: Path, content: str) -> None:
    with pytest.raises(FormatError, match="this export of UNHCR's older site is not used here"):
        frame(tmp_path / "payload", content)


@pytest.mark.parametrize("first", ["Daten extrahiert am 01/02/2026 von [ESTAT]", "Données extraites le 1 [ESTAT]"])
def test_a_spreadsheet_of_eurostat_in_another_language_is_refused_with_advice(tmp_path: Path, first: str) -> None:
    rows: list[list[object]] = [[first], [""], ["TIME", "2022"], ["GEO (Labels)"], ["Deutschland", 5]]
    with pytest.raises(FormatError, match="take the English one, or a file with codes"):
        reading.read(workbook(tmp_path / "payload", {"Blatt 1": rows}))
