"""CSV of UNdata: its encoding, numbers with commas, and refused tables."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.cells import pack
from sources.errors import FormatError
from sources.formats.delimited import undata_csv

KEEP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)

TABLE = """T04,International migrants and refugees,,,,,
Region/Country/Area,,Year,Series,Value,Footnotes,Source
156,China,2024,Stock: Both sexes (number),"1,638,718","Foreign citizens.;No HK.","Stock, 2024"
156,China,2024,International migrant stock: Both sexes (% total population),0.1,,"Stock, 2024"
384,Côte d’Ivoire,2010,International migrant stock: Male (% total Population),..,,"Stock, 2024"
"""


def written(tmp_path: Path, text: str, encoding: str = "cp1252") -> Path:
    path = tmp_path / "payload"
    path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig"])
def test_a_table_is_read_in_its_own_encoding(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, TABLE, encoding)
    assert undata_csv.recognises(path.read_bytes(), path)
    cells = undata_csv.read(path)
    assert cells.dimensions == ("area", "series", "footnotes", "source")
    assert cells.dataset == "T04 International migrants and refugees"
    assert cells.labels == {"area": {"156": "China", "384": "Côte d’Ivoire"}}
    frame = cells.frame.collect()
    assert frame.select("area", "time", "value", "raw", "footnotes", "source", "locator").rows() == [
        ("156", "2024", 1638718.0, None, "Foreign citizens.;No HK.", "Stock, 2024", pack(3, 5)),
        ("156", "2024", 0.1, None, None, "Stock, 2024", pack(4, 5)),
        ("384", "2010", None, "..", None, "Stock, 2024", pack(5, 5)),
    ]
    find = undata_csv.finder(path)
    assert [find(locator) for locator in frame["locator"]] == ["1,638,718", "0.1", ".."]


@KEEP
@given(st.lists(st.integers(-(10**12), 10**12), min_size=1))
def test_thousands_commas_are_read_as_they_are_written(tmp_path: Path, numbers: list[int]) -> None:
    lines = "".join(f'1,World,2024,Stock,"{number:,}",,\n' for number in numbers)
    frame = undata_csv.read(
        written(tmp_path, "T04,Title,,,,,\nRegion/Country/Area,,Year,Series,Value,Footnotes,Source\n" + lines)
    )
    assert frame.frame.collect()["value"].to_list() == numbers


@pytest.mark.parametrize("text", ["1,23", "1,234,5", ",123", "12,34,567", "1 234", "~0"])
def test_what_is_no_plain_number_stays_as_it_is(tmp_path: Path, text: str) -> None:
    lines = f'1,World,2024,Stock,"{text}",,\n'
    frame = undata_csv.read(written(tmp_path, TABLE + lines)).frame.collect()
    assert frame.select("value", "raw").row(-1) == (None, text)


def test_other_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="Capital City"):
        undata_csv.read(written(tmp_path, "T,Title\nRegion/Country/Area,,Year,Capital City\n1,World,2024,X\n"))


def test_a_table_cut_off_within_a_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cut off"):
        undata_csv.read(written(tmp_path, TABLE[:-3]))


def test_a_byte_that_the_code_page_does_not_have_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "payload"
    path.write_bytes(TABLE.encode("cp1252").replace(b"China", b"Chin\x81"))
    with pytest.raises(FormatError):
        undata_csv.read(path)
