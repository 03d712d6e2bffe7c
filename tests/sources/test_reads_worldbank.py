"""Responses and bulk files of the World Bank."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.cells import pack
from sources.errors import FormatError
from sources.formats.delimited import worldbank_csv
from sources.formats.json import worldbank_json

KEEP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)

DOWNLOAD = (
    '\ufeff"Data Source","World Development Indicators",\r\n\r\n"Last Updated Date","2024-06-28",\r\n\r\n'
    '"Country Name","Country Code","Indicator Name","Indicator Code","2021","2022","2023",\r\n'
    '"Channel Islands","CHI","Net migration","SM.POP.NETM","1","","-2",\r\n'
    '"China","CHN","Net migration","SM.POP.NETM","","-311380","-310220",\r\n'
)
EXPORT = (
    "\ufeffSending Countries Name,Sending Countries Code,Series Name,Series Code,"
    "Receiving Countries  Name,Receiving Countries  Code,2011Q1 [YR2011Q1],2011Q3 [YR2011Q3]\n"
    "Germany,DEU,Average cost,ATCR.CORR,China,CHN,..,12.5\n"
    ",,,,,,,\n,,,,,,,\n"
    "Data from database: Remittance Prices Worldwide (Corridors),,,,,,,\nLast Updated: 12/07/2020,,,,,,,\n"
)
PAGE = {"page": 1, "pages": 1, "per_page": "50", "total": 1, "sourceid": "2", "lastupdated": "2026-07-13"}
ROW = {
    "indicator": {"id": "SM.POP.NETM", "value": "Net migration"},
    "country": {"id": "CN", "value": "China"},
    "countryiso3code": "CHN",
    "date": "2023",
    "value": -567724,
    "unit": "",
    "obs_status": "",
    "decimal": 0,
}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "payload"
    path.write_bytes(text.encode())
    return path


def answer(tmp_path: Path, *rows: object, bom: bool = False) -> Path:
    return written(tmp_path, "\ufeff" * bom + json.dumps([PAGE, list(rows)]))


def test_a_page_is_read_with_or_without_byte_order_mark(tmp_path: Path) -> None:
    for bom in (False, True):
        path = answer(tmp_path, ROW, bom=bom)
        assert worldbank_json.recognises(path.read_bytes(), path)
        cells = worldbank_json.read(path)
        assert cells.dimensions == ("indicator", "country", "countryiso3code")
        assert cells.frame.collect().rows() == [
            ("SM.POP.NETM", "CN", "CHN", "2023", -567724.0, None, None, None, pack(1, 5))
        ]
        assert cells.updated == datetime(2026, 7, 13, tzinfo=UTC)
        assert cells.dataset == "2"
        assert cells.labels == {"indicator": {"SM.POP.NETM": "Net migration"}, "country": {"CN": "China"}}


def test_requested_footnotes_change_nothing(tmp_path: Path) -> None:
    path = answer(tmp_path, ROW | {"footnote": "A revision of the census."})
    assert worldbank_json.read(path).frame.collect()["value"].to_list() == [-567724.0]
    assert worldbank_json.finder(path)(pack(1, 5)) == "-567724"


def test_a_null_is_a_cell_and_a_status_is_its_flag(tmp_path: Path) -> None:
    rows = [
        ROW | {"value": None, "obs_status": "E"},
        ROW | {"value": 1.5, "date": "2023Q1", "countryiso3code": ""},
        ROW | {"date": "2023M01"},
    ]
    frame = worldbank_json.read(answer(tmp_path, *rows)).frame.collect()
    assert frame.select("countryiso3code", "time", "value", "raw", "flag").rows() == [
        ("CHN", "2023", None, None, "E"),
        (None, "2023Q1", 1.5, None, None),
        ("CHN", "2023M01", -567724.0, None, None),
    ]


def test_an_error_with_status_200_is_refused_with_its_text(tmp_path: Path) -> None:
    text = '[{"message":[{"id":"175","key":"Invalid format","value":"The indicator may have been deleted."}]}]'
    path = written(tmp_path, "\ufeff" + text)
    assert worldbank_json.recognises(path.read_bytes(), path)
    with pytest.raises(FormatError, match=r"'175'.*'Invalid format'.*may have been deleted"):
        worldbank_json.read(path)


def test_a_period_without_data_has_no_cells(tmp_path: Path) -> None:
    for text in (
        '[{"page":0,"pages":0,"per_page":0,"total":0,"sourceid":null,"lastupdated":null},null]',
        '[{"page":1,"pages":1,"per_page":50,"total":0},[]]',
    ):
        cells = worldbank_json.read(written(tmp_path, text))
        assert cells.frame.collect().height == 0
        assert cells.updated is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (json.dumps([PAGE, [ROW | {"unit": "USD"}]]), "units.*USD"),
        (json.dumps([PAGE, [ROW | {"scale": ""}]]), "row 1 .*scale"),
        (json.dumps([PAGE, [ROW, {"value": 5}]]), "row 2 "),
        (json.dumps([PAGE, [ROW | {"value": [5]}]]), "not have the API's types"),
        (json.dumps([PAGE])[:-1], "not complete JSON"),
        (json.dumps([PAGE]), "not a page"),
        (json.dumps([PAGE, [ROW]]).replace('"date"', '"value": 5, "date"'), "twice"),
        ("<html>502 Bad Gateway</html>", "not complete JSON"),
    ],
)
def test_a_response_that_is_not_a_page_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        worldbank_json.read(written(tmp_path, text))


@KEEP
@given(st.lists(st.one_of(st.none(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False))))
def test_cells_have_the_values_of_the_page_and_the_finder_finds_them(
    tmp_path: Path, expected: list[int | float | None]
) -> None:
    path = answer(tmp_path, *(ROW | {"value": value} for value in expected))
    frame = worldbank_json.read(path).frame.collect()
    assert frame["value"].to_list() == expected
    find = worldbank_json.finder(path)
    assert [find(locator) for locator in frame["locator"]] == [json.dumps(value) for value in expected]


def test_a_locator_of_nothing_is_refused(tmp_path: Path) -> None:
    find = worldbank_json.finder(answer(tmp_path, ROW))
    for locator in (pack(0, 5), pack(2, 5), pack(1, 4)):
        with pytest.raises(FormatError):
            find(locator)


def test_blank_fields_of_a_download_are_no_cells(tmp_path: Path) -> None:
    path = written(tmp_path, DOWNLOAD)
    assert worldbank_csv.recognises(path.read_bytes(), path)
    cells = worldbank_csv.read(path)
    assert cells.dimensions == ("country", "indicator")
    assert cells.dataset == "World Development Indicators"
    assert cells.updated == datetime(2024, 6, 28, tzinfo=UTC)
    assert cells.labels["country"] == {"CHI": "Channel Islands", "CHN": "China"}
    assert cells.labels["indicator"] == {"SM.POP.NETM": "Net migration"}
    assert sorted(cells.frame.select("country", "time", "value", "locator").collect().rows()) == [
        ("CHI", "2021", 1.0, pack(6, 5)),
        ("CHI", "2023", -2.0, pack(6, 7)),
        ("CHN", "2022", -311380.0, pack(7, 6)),
        ("CHN", "2023", -310220.0, pack(7, 7)),
    ]
    find = worldbank_csv.finder(path)
    assert find(pack(7, 6)) == "-311380"


def test_a_download_is_read_without_preamble_byte_order_mark_and_trailing_comma(tmp_path: Path) -> None:
    text = DOWNLOAD[DOWNLOAD.index('"Country Name"') :].replace(",\r\n", "\r\n")
    path = written(tmp_path, text)
    assert worldbank_csv.recognises(path.read_bytes(), path)
    cells = worldbank_csv.read(path)
    assert cells.updated is None
    assert cells.frame.collect()["value"].sum() == 1 - 2 - 311380 - 310220


def test_an_export_has_its_dimensions_in_its_header_and_its_date_in_its_footer(tmp_path: Path) -> None:
    path = written(tmp_path, EXPORT)
    assert worldbank_csv.recognises(path.read_bytes(), path)
    cells = worldbank_csv.read(path)
    assert cells.dimensions == ("sending_countries", "series", "receiving_countries")
    assert cells.dataset == "Remittance Prices Worldwide (Corridors)"
    assert cells.updated == datetime(2020, 12, 7, tzinfo=UTC)
    assert cells.labels["receiving_countries"] == {"CHN": "China"}
    assert cells.frame.collect().rows() == [
        ("DEU", "ATCR.CORR", "CHN", "2011Q1", None, "..", None, None, pack(2, 7)),
        ("DEU", "ATCR.CORR", "CHN", "2011Q3", 12.5, None, None, None, pack(2, 8)),
    ]


def test_an_export_without_its_last_lines_was_cut_off(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cut off"):
        worldbank_csv.read(written(tmp_path, EXPORT[: EXPORT.index("Last Updated")]))


def test_a_download_cut_off_within_a_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cut off"):
        worldbank_csv.read(written(tmp_path, DOWNLOAD[:-6]))


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ('"Country Name","Country Code","Colour","2021"', "column 3 is unknown: 'Colour'"),
        ('"Country Name","Country Code","Indicator Code","2021"', r"not both: \['indicator'\]"),
        ('"Country Name","Country Code","2021","2021 [YR2021]"', r"columns 3 .* and 4 .* are both 2021"),
    ],
)
def test_a_header_that_is_not_understood_is_refused(tmp_path: Path, header: str, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        worldbank_csv.read(written(tmp_path, header + "\na,b,c,1\n"))


def test_a_value_in_the_column_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no name"):
        worldbank_csv.read(written(tmp_path, '"Country Name","Country Code","2021",\na,b,1,7\n'))


def test_metadata_of_countries_and_long_tables_are_not_recognised(tmp_path: Path) -> None:
    for text in (
        '\ufeff"Country Code","Region","IncomeGroup",\n"ABW","","",\n',
        "Country Name,Country Code,Year,Value\nAruba,ABW,1960,1\n",
    ):
        assert not worldbank_csv.recognises(text.encode(), tmp_path)
