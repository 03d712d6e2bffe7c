"""CSV of Eurostat's old Data Explorer: labels, values with separators, and footnotes."""

from pathlib import Path

import polars as pl
import pytest

from sources.errors import FormatError
from sources.formats.delimited import eurostat_explorer_csv
from sources.reading import recognise

HEADER = '"TIME","GEO","CITIZEN","UNIT","Value","Flag and Footnotes"\n'


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "payload"
    path.write_bytes(text.encode(encoding))
    return path


def cells(path: Path) -> pl.DataFrame:
    assert recognise(path).NAME == "eurostat_explorer_csv"
    found = eurostat_explorer_csv.read(path)
    assert not found.coded
    return found.frame.collect()


def test_labels_thousands_commas_and_flags(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + '"2008M01","Germany (until 1990)","China, all","Person","10,020","d"\n')
    row = ("Germany (until 1990)", "China, all", "Person", "2008M01", 10020.0, None, "d", None, 2 << 16 | 5)
    assert cells(path).row(0) == row
    assert eurostat_explorer_csv.finder(path)(2 << 16 | 5) == "10,020"


@pytest.mark.parametrize(
    ("text", "value"), [("0", 0.0), ("-1,234.5", -1234.5), ("406,731,754", 406731754.0), ("71.6", 71.6)]
)
def test_numbers(tmp_path: Path, text: str, value: float) -> None:
    assert cells(write(tmp_path, HEADER + f'"2008","A","B","C","{text}",""\n'))["value"][0] == value


@pytest.mark.parametrize("text", [":", "1,5", "10,02", "1,0000", ",100", "1.000,5"])
def test_a_text_that_is_no_number_is_kept_unchanged(tmp_path: Path, text: str) -> None:
    frame = cells(write(tmp_path, HEADER + f'"2008","A","B","C","{text}",""\n'))
    assert frame.select("value", "raw", "flag").row(0) == (None, text, None)


def test_the_flag_column_may_be_absent_and_quotes_too(tmp_path: Path) -> None:
    frame = cells(write(tmp_path, "TIME,GEO,UNIT,Value\r\n2009,Austria,Person,5\r\n"))
    assert frame.select("geo", "value", "flag").row(0) == ("Austria", 5.0, None)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig"])
def test_an_accent_is_read_in_either_encoding(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, HEADER + '"2008","Côte d\'Ivoire","B","C","1,005",""\n', encoding)
    assert cells(path)["geo"][0] == "Côte d'Ivoire"
    assert eurostat_explorer_csv.finder(path)(2 << 16 | 5) == "1,005"


def test_a_third_encoding_is_refused_by_line(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + '"2008","d’Ivoire","é","C","1",""\n', "cp1252")
    with pytest.raises(FormatError, match="line 2 is neither UTF-8 nor ISO-8859-1"):
        eurostat_explorer_csv.read(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEADER + '"2008","A","B","C"\n', r"line 2\) has 4 fields"),
        (HEADER + '"2008","A","B","C","1,0', "cut off|line 2"),
        (HEADER.replace("CITIZEN", "GEO"), "the dimension 'geo' twice"),
        ("TIME,GEO,Value,Comment\n", "the header is not TIME"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(FormatError, match=expected):
        eurostat_explorer_csv.read(write(tmp_path, text)).frame.collect()
