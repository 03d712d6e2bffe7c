"""SDMX-CSV 1.0 and 2.0 with codes, labels or both."""

import csv
import io
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.cells import CORE, line
from sources.errors import FormatError, UnknownFormatError
from sources.formats.delimited import records, sdmx_csv
from sources.reading import recognise

V1 = "DATAFLOW,LAST UPDATE,freq,citizen,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG,CONF_STATUS\n"
ROW = "ESTAT:MIGR_X(1.0),29/11/24 11:00:00,A,CN,AT,"


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "payload"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def cells(path: Path) -> list[dict[str, object]]:
    assert recognise(path).NAME == "sdmx_csv"
    return sdmx_csv.read(path).frame.collect().to_dicts()


def test_version_1_gives_codes_value_flag_and_place(tmp_path: Path) -> None:
    path = write(tmp_path, V1 + ROW + "2019,82230,bep,F\n" + ROW + "2020,13.5,,\n")
    found = sdmx_csv.read(path)
    assert (found.dataset, found.coded, found.dimensions) == ("MIGR_X", True, ("freq", "citizen", "geo"))
    frame = found.frame.collect()
    assert frame.schema == {**dict.fromkeys(found.dimensions, pl.String()), **CORE}
    assert frame.row(0) == ("A", "CN", "AT", "2019", 82230.0, None, "bep", "F", 2 << 16 | 7)
    assert frame.row(1) == ("A", "CN", "AT", "2020", 13.5, None, None, None, 3 << 16 | 7)
    assert sdmx_csv.finder(path)(3 << 16 | 7) == "13.5"


def test_last_update_is_day_month_year_in_brussels(tmp_path: Path) -> None:
    path = write(tmp_path, V1 + ROW.replace("29/11/24 11", "03/07/25 23") + "2019,1,,\n")
    assert sdmx_csv.read(path).updated == datetime(2025, 7, 3, 23, tzinfo=ZoneInfo("Europe/Brussels"))


def test_last_update_of_a_view_is_blank_and_the_view_is_no_part_of_the_dataset(tmp_path: Path) -> None:
    found = sdmx_csv.read(write(tmp_path, V1 + "ESTAT:MIGR_X$DEFAULTVIEW(1.0),,A,CN,AT,2019,1,,\n"))
    assert (found.dataset, found.updated) == ("MIGR_X", None)


def test_last_update_in_another_order_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, V1 + ROW.replace("29/11/24", "2024-11-29") + "2019,1,,\n")
    with pytest.raises(FormatError, match="LAST UPDATE is not dd/mm/yy"):
        sdmx_csv.read(path)


def test_a_missing_value_keeps_its_flag(tmp_path: Path) -> None:
    (cell,) = cells(write(tmp_path, V1 + ROW + "2019,,bu,\n"))
    assert (cell["value"], cell["raw"], cell["flag"]) == (None, None, "bu")


def test_a_file_without_confidentiality_has_none(tmp_path: Path) -> None:
    path = write(tmp_path, V1.replace(",CONF_STATUS", "") + ROW + "2019,,c\r\n")
    (cell,) = cells(path)
    assert (cell["flag"], cell["conf"]) == ("c", None)


def test_the_missing_value_of_sdmx_3_is_no_text(tmp_path: Path) -> None:
    (cell,) = cells(write(tmp_path, V1 + ROW + "2019,NaN,m,\n"))
    assert (cell["value"], cell["raw"], cell["flag"]) == (None, None, "m")


@pytest.mark.parametrize("text", [":", "-", "<5", "nan", "inf", "1e999", "1 000", "1,5", "−3", "0x10"])
def test_a_text_that_is_no_plain_number_is_kept_unchanged(tmp_path: Path, text: str) -> None:
    (cell,) = cells(write(tmp_path, V1 + ROW + f'2019,"{text}",,\n'))
    assert (cell["value"], cell["raw"]) == (None, text)


def test_zero_is_a_value_and_namibia_is_a_code(tmp_path: Path) -> None:
    (cell,) = cells(write(tmp_path, V1 + ROW.replace("CN", "NA") + "2019,0,,\n"))
    assert (cell["citizen"], cell["value"]) == ("NA", 0.0)


def test_labels_under_the_header_of_codes_are_distinguished_from_values(tmp_path: Path) -> None:
    labels = 'ESTAT:MIGR_X(1.0),29/11/24 11:00:00,Annual,"China (1, 2)",Austria,2019,1,,\n'
    assert sdmx_csv.read(write(tmp_path, V1 + labels)).coded is False


def test_version_2_without_labels(tmp_path: Path) -> None:
    text = "STRUCTURE,STRUCTURE_ID,ACTION,freq,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG\n"
    found = sdmx_csv.read(write(tmp_path, text + "dataflow,ESTAT:MIGR_X(1.0),I,M,AT,2022-07,5,p\n"))
    assert (found.dataset, found.updated, dict(found.labels)) == ("MIGR_X", None, {})
    assert found.frame.collect().row(0)[:4] == ("M", "AT", "2022-07", 5.0)


TWINS = (
    "STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,freq,Time frequency,sex,Sex,geo,Geopolitical entity,TIME_PERIOD,Time,"
    "OBS_VALUE,Observation value,OBS_FLAG,Observation status (Flag) V2 structure,CONF_STATUS,Confidentiality status\n"
)


def test_version_2_with_labels_in_columns_of_their_own(tmp_path: Path) -> None:
    start = 'dataflow,ESTAT:MIGR_X(1.0),"By sex, age (1 000)",A,Annual,F,Females,'
    path = write(
        tmp_path,
        TWINS
        + start
        + 'AT,"Austria, the",2014,,244.8,,b,break in time series,,\n'
        + start
        + "BE,Belgium,2014,,,,,,,\n",
    )
    found = sdmx_csv.read(path)
    assert found.coded
    assert found.dimensions == ("freq", "sex", "geo")
    assert found.labels == {
        "freq": {"A": "Annual"},
        "sex": {"F": "Females"},
        "geo": {"AT": "Austria, the", "BE": "Belgium"},
    }
    assert found.frame.collect().row(0) == ("A", "F", "AT", "2014", 244.8, None, "b", None, 2 << 16 | 12)
    assert sdmx_csv.finder(path)(2 << 16 | 12) == "244.8"


def test_labels_within_the_fields(tmp_path: Path) -> None:
    text = (
        "DATAFLOW,FREQ: Frequency,REF_AREA: Territory,TIME_PERIOD: Time,OBS_VALUE,OBS_STATUS: Status\n"
        "IT1:X(1.0),M: monthly,IT: Italy: all,2026-05,94.4,A: normal value\n"
    )
    found = sdmx_csv.read(write(tmp_path, text))
    assert found.coded
    assert found.labels == {"freq": {"M": "monthly"}, "ref_area": {"IT": "Italy: all"}}
    assert found.frame.collect().row(0) == ("M", "IT", "2026-05", 94.4, None, "A", None, 2 << 16 | 5)


def test_attributes_that_a_value_needs_become_dimensions_and_others_are_left_out(tmp_path: Path) -> None:
    text = (
        "STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,ACTION,REF_AREA,Reference area,TIME_PERIOD,Time period,OBS_VALUE,"
        "Observation value,OBS_STATUS,Observation status,UNIT_MULT,Unit multiplier,DECIMALS,Decimals\n"
        "DATAFLOW,OECD.X:DSD_MIG@DF_MIG(1.0),Migration,I,GRC,Greece,2014,,29.5,,A,Normal value,3,Thousands,0,Zero\n"
    )
    found = sdmx_csv.read(write(tmp_path, text))
    assert (found.dataset, found.dimensions) == ("DSD_MIG@DF_MIG", ("ref_area", "unit_mult"))
    assert found.frame.collect().row(0)[:4] == ("GRC", "3", "2014", 29.5)


@pytest.mark.parametrize("partial", ["A:X(1.0),A,HK,AT,,,,", "A:X(1.0),A,,AT,2019,,,0", "A:X(1.0),,,,,,p,0"])
def test_a_record_with_attributes_for_a_part_of_the_key_is_no_observation(tmp_path: Path, partial: str) -> None:
    header = "DATAFLOW,freq,citizen,geo,TIME_PERIOD,OBS_VALUE,OBS_STATUS,UNIT_MULT\n"
    whole = "A:X(1.0),A,CN,AT,2019,5,A,0\nA:X(1.0),A,CN,BE,2019,,,\n"
    path = write(tmp_path, header + partial + "\n" + whole)
    assert [(cell["citizen"], cell["geo"], cell["value"]) for cell in cells(path)] == [
        ("CN", "AT", 5.0),
        ("CN", "BE", None),
    ]
    assert sdmx_csv.finder(path)(3 << 16 | 6) == "5"


def test_a_value_without_period_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="record 3 has a value and no TIME_PERIOD: '7'"):
        sdmx_csv.read(write(tmp_path, V1 + ROW + "2019,1,,\n" + ROW + ",7,,\n")).frame.collect()


def test_known_attributes_may_come_before_the_value(tmp_path: Path) -> None:
    text = "DATAFLOW,freq,CONF_STATUS,geo,OBS_STATUS,DECIMALS,UNIT_MULT,OBS_VALUE,TIME_PERIOD\n"
    found = sdmx_csv.read(write(tmp_path, text + "A:X(1.0),A,F,AT,p,0,3,12,2025\n"))
    assert found.dimensions == ("freq", "geo", "unit_mult")
    assert found.frame.collect().row(0) == ("A", "AT", "3", "2025", 12.0, None, "p", "F", 2 << 16 | 8)


NOTES = V1[:-1] + ",NOTE_DS,NOTE_GEO\n"


def test_an_unknown_attribute_is_left_out(tmp_path: Path) -> None:
    text = NOTES + ROW + '2019,1,b,,"a note",\n' + ROW + "2020,2,,F,,x\n"
    found = sdmx_csv.read(write(tmp_path, text))
    assert found.dimensions == ("freq", "citizen", "geo")
    assert found.frame.select("time", "value", "flag", "conf").collect().rows() == [
        ("2019", 1.0, "b", None),
        ("2020", 2.0, None, "F"),
    ]


def test_an_unknown_column_that_distinguishes_records_is_refused_by_name(tmp_path: Path) -> None:
    text = V1[:-1] + ",NOTE_DS,sex\n" + ROW + "2019,1,,,x,F\n" + ROW + "2020,1,,,x,F\n" + ROW + "2019,2,,,x,M\n"
    with pytest.raises(FormatError, match=r"records 2 and 4 have the same period and dimensions: .*: NOTE_DS, sex"):
        sdmx_csv.read(write(tmp_path, text))


@pytest.mark.parametrize("name", ["UNIT_MEAS", "POWERCODE", "MULTIPLIER", "BASE_YEAR", "PRICES", "CURRENCY_DENOM"])
def test_an_unknown_attribute_with_a_unit_or_magnitude_becomes_a_dimension(tmp_path: Path, name: str) -> None:
    found = sdmx_csv.read(write(tmp_path, f"{V1[:-1]},{name}\n" + ROW + "2019,1,,,3\n"))
    assert found.dimensions == ("freq", "citizen", "geo", name.lower())
    assert found.frame.collect()[name.lower()].to_list() == ["3"]


@pytest.mark.parametrize("twice", ["citizen", "CITIZEN", "value"])
def test_a_repeated_or_reserved_name_is_refused(tmp_path: Path, twice: str) -> None:
    with pytest.raises(FormatError, match=f"'{twice.lower()}' is reserved or used twice|names '{twice}' twice"):
        sdmx_csv.read(write(tmp_path, V1.replace("geo", f"geo,{twice}")))


def test_a_header_without_value_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no column OBS_VALUE"):
        sdmx_csv.read(write(tmp_path, "DATAFLOW,freq,TIME_PERIOD\n"))


def test_an_empty_result_has_no_cells(tmp_path: Path) -> None:
    assert cells(write(tmp_path, V1)) == []


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (ROW + "2019,1,,\n" + ROW + "2020\n", r"line 3\) has 6 fields, the header has 9"),
        (ROW + "2019\n" + ROW + "2020,1,,\n", r"line 2\) has 6 fields, the header has 9"),
        (ROW + "2019,1,,,\n", r"line 2\) has 10 fields, the header has 9"),
        (ROW + "2019,1,,\n\n" + ROW + "2020,1,,\n", r"line 3\) has 0 fields"),
        (ROW + '2019,"1,,\n' + ROW + "2020,1,,\n", r"line 2\) has 7 fields"),
        (
            ROW + "2019,1,,\n" + ROW.replace("MIGR_X", "MIGR_Y") + "2019,1,,\n",
            "record 3 is of another dataflow: .*MIGR_Y",
        ),
    ],
)
def test_a_damaged_record_is_refused_by_line(tmp_path: Path, rows: str, expected: str) -> None:
    with pytest.raises(FormatError, match=expected):
        sdmx_csv.read(write(tmp_path, V1 + rows)).frame.collect()


def test_damage_is_found_far_into_a_large_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_BLOCK", 1000)
    rows = [ROW + f'2019,{at},,"a\n""b"\n' for at in range(500)]
    assert len(cells(write(tmp_path, V1 + "".join(rows)))) == 500
    rows[400] = ROW + "2019,400,\n"
    with pytest.raises(FormatError, match=r"record 402 \(line 802\) has 8 fields"):
        sdmx_csv.read(write(tmp_path, V1 + "".join(rows))).frame.collect()


def test_a_file_cut_off_within_a_field_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cut off"):
        sdmx_csv.read(write(tmp_path, V1 + ROW + "2019,1,be"))
    assert len(cells(write(tmp_path, V1 + ROW + "2019,1,b,"))) == 1


def test_a_text_in_another_encoding_is_refused_by_line(tmp_path: Path) -> None:
    path = write(tmp_path, (V1 + ROW + "2019,1,,\n" + ROW.replace("CN", "é") + "2019,1,,\n").encode("latin-1"))
    with pytest.raises(FormatError, match="line 3 is not utf-8 text"):
        sdmx_csv.read(path).frame.collect()


def test_deleted_data_is_refused(tmp_path: Path) -> None:
    text = "STRUCTURE,STRUCTURE_ID,ACTION,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG\ndataflow,A:X(1.0),D,AT,2019,1,\n"
    with pytest.raises(FormatError, match="record 2 deletes data"):
        sdmx_csv.read(write(tmp_path, text)).frame.collect()


def test_a_byte_order_mark_and_blank_lines_at_the_end_change_nothing(tmp_path: Path) -> None:
    plain = cells(write(tmp_path, V1 + ROW + "2019,1,,\n"))
    assert cells(write(tmp_path, "\ufeff" + V1 + ROW + "2019,1,,\n\n\n")) == plain


def test_old_line_ends_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="carriage return"):
        sdmx_csv.read(write(tmp_path, (V1 + ROW + "2019,1,,\n").replace("\n", "\r")))


@pytest.mark.parametrize(
    "text",
    [
        '<env:Envelope xmlns:env="x"><queued><id>1</id></queued></env:Envelope>',
        '<?xml version="1.0"?>\n<mes:GenericData/>',
        "<!DOCTYPE html>\n<html>maintenance</html>",
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    ],
)
def test_a_response_without_data_is_not_recognised_and_its_first_line_is_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(UnknownFormatError) as error:
        recognise(write(tmp_path, text))
    assert text.split("\n", 1)[0][:60] in str(error.value)


def test_a_part_of_the_frame_can_be_collected(tmp_path: Path) -> None:
    frame = sdmx_csv.read(write(tmp_path, V1 + "".join(ROW + f"{year},{year},,\n" for year in range(2000, 2020)))).frame
    assert frame.select("time").head(3).collect()["time"].to_list() == ["2000", "2001", "2002"]
    assert frame.filter(pl.col("value") > 2017).select("locator").collect()["locator"].to_list() == [
        20 << 16 | 7,
        21 << 16 | 7,
    ]


texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n\x00\ufeff", exclude_categories=["Cs"]), min_size=1
)
rows = st.lists(
    st.tuples(
        texts,
        st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.none()),
        st.sampled_from(["", "b", "bep"]),
    ),
    max_size=20,
)


@given(rows)
def test_what_a_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, written: list[tuple[str, float | None, str]]
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["DATAFLOW", "citizen", "TIME_PERIOD", "OBS_VALUE", "OBS_FLAG"])
    writer.writerows(
        ["A:X(1.0)", text, "2019", "" if value is None else repr(value), flag] for text, value, flag in written
    )
    path = write(tmp_path_factory.mktemp("written"), out.getvalue())
    frame = sdmx_csv.read(path).frame.collect()
    assert frame.select("citizen", "value", "flag").rows() == [
        (text, value, flag or None) for text, value, flag in written
    ]
    find = sdmx_csv.finder(path)
    for value, locator in frame.select("value", "locator").iter_rows():
        assert find(locator) == ("" if value is None else repr(value))
        assert line(locator)[1] == 4
