"""Eurostat's TSV: every field becomes a cell, and damaged lines are refused."""

import gzip
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.cells import CODE, CORE
from sources.errors import FormatError
from sources.formats.delimited import eurostat_tsv
from sources.reading import opened, recognise


def write(folder: Path, text: str) -> Path:
    path = folder / "payload"
    path.write_bytes(text.encode())
    return path


def cells(path: Path) -> pl.DataFrame:
    assert recognise(path).NAME == "eurostat_tsv"
    return eurostat_tsv.read(path).frame.collect().sort("locator")


API = "freq,unit,geo\\TIME_PERIOD\t2018 \t2019 \r\n"


@pytest.mark.parametrize(
    ("field", "value", "raw", "flag", "conf"),
    [
        ("6275 ", 6275.0, None, None, None),
        ("39847 u", 39847.0, None, "u", None),
        ("-4.7 bep", -4.7, None, "bep", None),
        ("0 ", 0.0, None, None, None),
        (": ", None, ":", None, None),
        (":", None, ":", None, None),
        (": u", None, ":", "u", None),
        (": bu", None, ":", "bu", None),
        (": c", None, ":", "c", None),
        (": @C", None, ":", None, "C"),
        (": b @C", None, ":", "b", "C"),
        ("12 @C", 12.0, None, None, "C"),
        ("<5 d", None, "<5", "d", None),
        ("1 234 ", None, "1 234", None, None),
        ("12 345 b", None, "12 345 b", None, None),
    ],
)
def test_a_field_is_a_value_a_flag_and_a_confidentiality(
    tmp_path: Path, *, field: str, value: float | None, raw: str | None, flag: str | None, conf: str | None
) -> None:
    path = write(tmp_path, API + f"A,PER,AT\t1 \t{field}\r\n")
    frame = cells(path)
    assert frame.row(1) == ("A", "PER", "AT", "2019", value, raw, flag, conf, 2 << 16 | 3)
    assert eurostat_tsv.finder(path)(2 << 16 | 3) == field.rstrip()


def test_dimensions_come_in_the_order_of_the_header_and_types_are_those_of_cells(tmp_path: Path) -> None:
    found = eurostat_tsv.read(write(tmp_path, API + "A,PER,AT\t1 \t2 \r\n"))
    assert found.dimensions == ("freq", "unit", "geo")
    assert found.frame.collect_schema() == {**dict.fromkeys(found.dimensions, CODE), **CORE}


def test_a_wholly_empty_field_is_no_cell(tmp_path: Path) -> None:
    assert cells(write(tmp_path, API + "A,PER,AT\t\t \r\nA,PER,BE\t3 \t\r\n"))["value"].to_list() == [3.0]


def test_columns_may_be_another_dimension_than_time(tmp_path: Path) -> None:
    found = eurostat_tsv.read(write(tmp_path, "sex,time\\geo\tBG \tBG3 \nF,2021\t4151 \t: c\nM,2021\t1 p\t2 \n"))
    assert found.dimensions == ("sex", "geo")
    assert found.frame.collect().sort("locator").rows() == [
        ("F", "BG", "2021", 4151.0, None, None, None, 2 << 16 | 2),
        ("F", "BG3", "2021", None, ":", "c", None, 2 << 16 | 3),
        ("M", "BG", "2021", 1.0, None, "p", None, 3 << 16 | 2),
        ("M", "BG3", "2021", 2.0, None, None, None, 3 << 16 | 3),
    ]


@pytest.mark.parametrize(
    "periods", [["2016", "2015"], ["2008M01", "2008M02"], ["2008-Q1", "2008-Q2"], ["2008-01", "2008"]]
)
def test_periods_stay_as_published_in_any_order(tmp_path: Path, periods: list[str]) -> None:
    header = "citizen,geo\\time\t" + "\t".join(f"{period} " for period in periods)
    assert cells(write(tmp_path, f"{header}\nCN,AT\t1 \t2 \n"))["time"].to_list() == periods


def test_a_table_without_series_or_without_periods_has_no_cells(tmp_path: Path) -> None:
    assert cells(write(tmp_path, API)).is_empty()
    assert cells(write(tmp_path, "freq,geo\\TIME_PERIOD\n")).is_empty()
    assert cells(write(tmp_path, "freq,geo\\TIME_PERIOD\nA,DE\n")).is_empty()


def test_a_packed_file_is_read_like_an_unpacked_one(tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress((API + "A,PER,AT\t1 \t: u\r\n").encode()))
    with opened(packed) as path:
        assert cells(path)["flag"].to_list() == [None, "u"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (API + "A,PER,AT\t1 \t2 \r\nA,PER\t1 \t2 \r\n", "record 3 has 2 codes for 3 dimensions"),
        (API + "A,PER,AT,X\t1 \t2 \r\n", "record 2 has 4 codes for 3 dimensions"),
        (API + "A,PER,AT\t1 \r\n", r"line 2\) has 2 fields, the header has 3"),
        (API + "A,PER,AT\t1 \t2 \t3 \r\n", r"line 2\) has 4 fields, the header has 3"),
        (API + "A,PER,AT\t1 \t22", "cut off"),
        ("freq,geo,geo\\TIME_PERIOD\t2018 \n", "dimension 'geo' twice"),
        ("time,geo\\TIME_PERIOD\t2018 \n", "dimension 'time' twice"),
        ("freq,geo\\TIME_PERIOD\t2018 \t2018 \n", "column '2018' twice"),
        ("freq,unit\\geo\tAT \n", "no dimension of time"),
        ("freq,value\\TIME_PERIOD\t2018 \n", "the dimension 'value' twice, or its name is reserved"),
    ],
)
def test_a_damaged_table_is_refused_by_line(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(FormatError, match=expected):
        eurostat_tsv.read(write(tmp_path, text)).frame.collect()


fields = st.tuples(
    st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.none()),
    st.sampled_from(["", "b", "bu", "bep"]),
    st.sampled_from(["", "C", "N"]),
)


@given(st.lists(st.lists(fields, min_size=3, max_size=3), max_size=8))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[tuple[float | None, str, str]]]
) -> None:
    def field(value: float | None, flag: str, conf: str) -> str:
        shown = ":" if value is None else repr(value)
        return f"{shown} {flag}" + (f"{' ' if flag else ''}@{conf}" if conf else "")

    lines = [f"S{at},AT\t" + "\t".join(field(*one) for one in row) for at, row in enumerate(table)]
    path = write(
        tmp_path_factory.mktemp("written"),
        "".join(f"{text}\r\n" for text in ["series,geo\\TIME_PERIOD\t2017 \t2018 \t2019 ", *lines]),
    )
    frame = cells(path)
    assert frame.select("value", "flag", "conf").rows() == [
        (value, flag or None, conf or None) for row in table for value, flag, conf in row
    ]
    find = eurostat_tsv.finder(path)
    assert [find(at) for at in frame["locator"]] == [field(*one).rstrip() for row in table for one in row]
