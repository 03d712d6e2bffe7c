"""ILOSTAT, UNESCO, Data360, the UN's portal and package, IOM, Frontex, UNODC: every cell and its locator."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources import reading
from sources.errors import FormatError
from sources.formats.delimited import ctdc_csv, ilostat_csv, missing_migrants_csv, uis_csv, wpp_tsv
from sources.formats.json import data360_json, uis_json, un_portal_json
from sources.formats.workbook import frontex_xlsx, glotip_xlsx, missing_migrants_xlsx
from sources.reading import Format
from tests.support.publisher_double import bilateral, book, projection, students

KEEP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
NUMBERS = st.lists(
    st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=9
)

UIS_HEAD = "indicatorId,geoUnit,year,value,qualifier,magnitude"
ILO_HEAD = "ref_area,source,indicator,sex,classif1,time,obs_value,obs_status"
WPP_HEAD = "country_code\tcountry\tlast.observed\t2022\t2023"
CTDC_HEAD = "yearOfRegistration,Datasource,gender,citizenship,CountryOfExploitation"
MMP_HEAD = "Incident ID,Incident Date,Number Dead,Minimum Estimated Number of Missing"
GLOTIP = (
    "Iso3_code,Country,Region,Subregion,Indicator,Dimension,Category,Sex,Age,Year,Unit of measurement,txtVALUE,Source"
)


def written(folder: Path, body: str | bytes) -> Path:
    path = folder / "payload"
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    return path


def envelope(key: str, records: Sequence[object], **others: object) -> str:
    return json.dumps({**others, key: records})


def answers(numbers: Sequence[float]) -> Mapping[str, str | bytes]:
    """Return a payload with these numbers in each format."""
    return {
        "uis_csv": "\n".join([UIS_HEAD, *(f"26637,CHN,{2000 + at},{n!r},," for at, n in enumerate(numbers)), ""]),
        "uis_json": envelope("records", [students("26637", "CHN", 2000, n) for n in numbers], hints=[]),
        "ilostat_csv": "\ufeff" + "\n".join([ILO_HEAD, *(f"CHN,BA:1,X,SEX_T,AGE,2020,{n!r},U" for n in numbers), ""]),
        "data360_json": envelope("value", [bilateral("WB_KNOMAD_BRE", "DEU", "CHN", n) for n in numbers], count=1),
        "un_portal_json": envelope("data", [projection(156, 2020, n) for n in numbers], pageNumber=1, pages=1),
        "wpp_tsv": "\n".join([WPP_HEAD, *(f"156\tChina\t2020\t{n!r}\t{n!r}" for n in numbers), ""]),
    }


@KEEP
@given(NUMBERS)
def test_cells_have_the_values_of_the_payload_and_the_finder_finds_them(tmp_path: Path, numbers: list[float]) -> None:
    for name, body in answers(numbers).items():
        path = written(tmp_path, body)
        module = reading.recognise(path)
        assert name == module.NAME
        frame = module.read(path).frame.sort("locator").collect()
        expected = [number for number in numbers for _ in range(2)] if name == "wpp_tsv" else numbers
        assert frame["value"].to_list() == expected
        assert frame["locator"].n_unique() == len(expected)
        find = module.finder(path)
        assert [float(find(locator)) for locator in frame["locator"]] == expected


def test_labels_are_never_read_as_codes(tmp_path: Path) -> None:
    names = ILO_HEAD.split(",")
    label = ",".join(f"{name}.label" if name not in ("time", "obs_value") else name for name in names)
    line = "China,LFS,Working-age population (thousands),Female,15+,2020,5,Unreliable"
    cells = ilostat_csv.read(written(tmp_path, f"{label}\n{line}\n"))
    assert (cells.coded, cells.frame.collect()["flag"].to_list()) == (False, ["Unreliable"])
    both = "ref_area,ref_area.label,indicator,time,obs_value\nCHN,China,X,2020,5\n"
    cells = ilostat_csv.read(written(tmp_path, both))
    assert (cells.coded, cells.labels) == (True, {"ref_area": {"CHN": "China"}})


def test_bulk_files_of_unesco_have_other_names_in_another_order(tmp_path: Path) -> None:
    body = "INDICATOR_ID,COUNTRY_ID,YEAR,VALUE,MAGNITUDE,QUALIFIER\n10,AFG,1997,0,NA,\n"
    body += "10,AFG,1998,,INCLUDED,\n10,AFG,1999,4,,UIS_EST\n"
    path = written(tmp_path, body)
    frame = uis_csv.read(path).frame.collect()
    assert frame.select("time", "value", "raw", "flag").rows() == [
        ("1997", None, "NA", None),
        ("1998", None, "INCLUDED", None),
        ("1999", 4.0, None, "UIS_EST"),
    ]
    assert uis_csv.finder(path)(frame["locator"][0]) == "NA"


def test_a_cell_counts_the_equal_case_records(tmp_path: Path) -> None:
    lines = [
        "2016,Hotline,Female,CN,DE",
        "2016,Hotline,Female,CN,DE",
        "-99,Hotline,Male,CN,DE",
        "2016,Hotline,Male,NA,DE",
    ]
    path = written(tmp_path, "\n".join([CTDC_HEAD, *lines, ""]))
    frame = ctdc_csv.read(path).frame.collect()
    assert frame.select("gender", "citizenship", "time", "value").rows() == [
        ("Female", "CN", "2016", 2.0),
        ("Male", "NA", "2016", 1.0),
    ]
    find = ctdc_csv.finder(path)
    assert [find(locator) for locator in frame["locator"]] == ["2", "1"]


def test_an_incident_without_day_is_dated_by_its_year_and_without_year_by_its_id(tmp_path: Path) -> None:
    head = "Incident ID,Incident Date,Incident Year,Number Dead,Minimum Estimated Number of Missing"
    body = f"{head}\n2020.MMP1,2020-05-06,2020,1,\n2020.MMP2,,2021,1,\n2020.MMP3,,,1,2\n"
    frame = missing_migrants_csv.read(written(tmp_path, body)).frame.sort("locator").collect()
    assert frame["time"].to_list() == ["2020-05-06", "2021", "2020", "2020"]


BROKEN: list[tuple[Format, str | bytes, str]] = [
    (ilostat_csv, ILO_HEAD.replace("sex", "gender") + "\n", "unknown: 'gender'"),
    (ilostat_csv, "ref_area,time,obs_value\nCHN,2020,5\n", "no column for indicator"),
    (uis_csv, f"{UIS_HEAD}\n26637,CHN,2020,5,\n", r"line 2\) has 5 fields"),
    (uis_json, '{"hints": [], "data": []}', "no list of records"),
    (uis_json, envelope("records", [{"indicatorId": "1"}], hints=[]), "record 1 has other fields"),
    (data360_json, envelope("value", [{"OBS_VALUE": 1, "NEW": 2}], count=1), "unknown: 'NEW'"),
    (data360_json, envelope("value", [{"OBS_VALUE": 1}], count=1), "no field for indicator"),
    (un_portal_json, envelope("data", [{"locationId": 1}], pageNumber=1), "no field indicatorId"),
    (un_portal_json, envelope("data", [projection(1, 2020, 1), {}], pageNumber=1), "record 2 has other fields"),
    (wpp_tsv, "country_code\tcountry\tstrange\t2022\n156\tChina\t1\t2\n", "unknown: 'strange'"),
    (missing_migrants_csv, f"{MMP_HEAD},New\n2020.MMP1,2020-05-06,1,,x\n", "unknown: 'New'"),
    (missing_migrants_csv, f"{MMP_HEAD}\nMMP1,,1,0\n", "no date, no year"),
    (missing_migrants_xlsx, book({"Worksheet": []}), "empty"),
    (glotip_xlsx, book({"data": [["UNODC"], [*GLOTIP.split(","), "New"]]}), "the columns are"),
    (
        frontex_xlsx,
        book({"Detections_of_IBC": [["Route", "Border type or inland", "Nationality", "ABC2025"]]}),
        "ABC2025",
    ),
    (frontex_xlsx, book({"Detections_of_IBC": [["Route", "Nationality", "JAN2025"]]}), "no column for border_type"),
    (ctdc_csv, "yearOfRegistration,gender\n2016,Female\n", "no column citizenship"),
]


@pytest.mark.parametrize(("module", "body", "why"), BROKEN, ids=[why for *_, why in BROKEN])
def test_an_unknown_or_missing_name_is_refused_with_the_name(
    tmp_path: Path, module: Format, body: str | bytes, why: str
) -> None:
    with pytest.raises(FormatError, match=why.replace(" (", r" \(")):
        module.read(written(tmp_path, body)).frame.collect()


def test_a_locator_outside_of_a_response_is_refused(tmp_path: Path) -> None:
    for name, body in answers([1.0]).items():
        find = reading.recognise(written(tmp_path, body)).finder(tmp_path / "payload")
        with pytest.raises(FormatError, match="there is no"):
            find(99 << 16 | 1)
        assert name


def test_detections_of_2018_have_other_names_and_dates_for_months(tmp_path: Path) -> None:
    months = [datetime(year, month, 1, tzinfo=UTC).replace(tzinfo=None) for year, month in ((2009, 1), (2018, 5))]
    head: list[object] = ["Route", "BorderLocation", "NationalityLong", *months]
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, {"default_date_format": "mmm-yy"}) as made:
        sheet = made.add_worksheet("Detections_of_IBC")
        for at, row in enumerate([head, ["Western Balkan Route", "Land", "China", 3, 17]]):
            sheet.write_row(at, 0, row)
    path = tmp_path / "detections.xlsx"
    path.write_bytes(buffer.getvalue())
    frame = frontex_xlsx.read(path).frame.collect().sort("time")
    assert frame.select("route", "border_type", "nationality", "time", "value").rows() == [
        ("Western Balkan Route", "Land", "China", "2009-01", 3.0),
        ("Western Balkan Route", "Land", "China", "2018-05", 17.0),
    ]
