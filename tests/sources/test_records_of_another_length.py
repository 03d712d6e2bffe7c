"""A record with more or fewer fields than the header is refused in every delimited format, and never read shifted."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources import reading
from sources.errors import FormatError
from sources.formats.delimited import figures_csv, law_csv, records

KEEP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)

EVENT = {"instrument": "untc-IV-11", "jurisdiction": "CHN", "event": "ratified", "date": "1992-03-02"}
EVENT |= {"source": "A list", "source_url": "https://a.test/list", "confidence": "high"}
FIGURE = "nia,A notice,2031-07-16,https://a.test/notice,passports_issued,,,,,2031-S1,1100余万,本,\n"
# For each format: the delimiter, the records above the table, the header and records of the table, and a footer.
TEXTS: dict[str, tuple[str, str, str, str]] = {
    "sdmx_csv": (
        ",",
        "",
        "DATAFLOW,freq,citizen,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG,CONF_STATUS\n"
        "ESTAT:X(1.0),A,CN,AT,2019,82230,b,F\nESTAT:X(1.0),A,CN,BE,2019,,,\nESTAT:X(1.0),A,CN,BE,2020,7,,\n",
        "",
    ),
    "eurostat_explorer_csv": (
        ",",
        "",
        'TIME,GEO,UNIT,Value,Flag and Footnotes\n2008,Austria,Person,"1,020",d\n2008,Malta,Person,:,\n',
        "",
    ),
    "eurostat_tsv": (
        "\t",
        "",
        "freq,unit,geo\\TIME_PERIOD\t2018 \t2019 \nA,PER,AT\t1 \t2 b\nA,PER,BE\t: \t\n",
        "",
    ),
    "wpp_tsv": ("\t", "", "country_code\tname\t2022\t2023\n156\tChina\t1\t2\n276\tGermany\t\t4\n", ""),
    "unhcr_csv": (
        ",",
        'Extracted:,"UNHCR"\n"Last updated:","9 June 2026"\n\n',
        "Year,Country of origin,Country of origin (ISO),Country of asylum,Country of asylum (ISO),Refugees,Stateless\n"
        '2023,China,CHN,Germany,DEU,1234,5\n2023,China,CHN,"Iran, Rep. of",IRN,,0\n2023,Cuba,CUB,Malta,MLT,7,\n',
        "",
    ),
    "worldbank_csv": (
        ",",
        '"Data Source","World Development Indicators",\n\n"Last Updated Date","2024-06-28",\n\n',
        "Country Name,Country Code,Indicator Name,Indicator Code,2021,2022,\n"
        "Aruba,ABW,Net migration,SM.POP.NETM,1,2,\nChina,CHN,Net migration,SM.POP.NETM,,-3,\n",
        "",
    ),
    "worldbank_csv, DataBank": (
        ",",
        "",
        "Country Name,Country Code,Series Name,Series Code,2021 [YR2021],2022 [YR2022]\n"
        "Aruba,ABW,Net migration,SM.POP.NETM,1,..\nChina,CHN,Net migration,SM.POP.NETM,..,-3\n",
        "\n\n\nData from database: World Development Indicators\nLast Updated: 12/07/2020\n",
    ),
    "undata_csv": (
        ",",
        "T04,International migrants and refugees,,,,,\n",
        "Region/Country/Area,,Year,Series,Value,Footnotes,Source\n"
        '156,China,2024,Stock,"1,638,718",,"Stock, 2024"\n384,Côte d’Ivoire,2010,Stock,..,,\n',
        "",
    ),
    "ilostat_csv": (
        ",",
        "",
        "ref_area,source,indicator,sex,classif1,time,obs_value,obs_status\n"
        "CHN,BA:1,X,SEX_T,AGE,2020,5,U\nDEU,BA:1,X,SEX_T,AGE,2020,,\n",
        "",
    ),
    "uis_csv": (
        ",",
        "",
        "indicatorId,geoUnit,year,value,qualifier,magnitude\n26637,CHN,2020,5,,\n26637,DEU,2020,0,,NA\n",
        "",
    ),
    "missing_migrants_csv": (
        ",",
        "",
        "Incident ID,Incident Date,Number Dead,Minimum Estimated Number of Missing,Source Quality\n"
        "2026.MMP1,2026-01-02,1,,4\n2026.MMP2,2026-01-03,,2,5\n",
        "",
    ),
    "ctdc_csv": (
        ",",
        "",
        "yearOfRegistration,Datasource,gender,citizenship,CountryOfExploitation\n"
        "2016,Hotline,Female,CN,DE\n2017,,Male,CN,DE\n",
        "",
    ),
    "globalcit_csv": (
        ",",
        "",
        "iso2,iso3,country,region,year,A01_bin,A01_cat\nAT,AUT,Austria,Europe,2020,1,2\nBE,BEL,Belgium,Europe,2020,0,NA\n",
        "",
    ),
    "codings_csv": (
        ",",
        "",
        "country,year,prosecution,prevention,protection\nAUT,2010,5,4,5\nBEL,2010,,3,4\n",
        "",
    ),
    "figures_csv": (",", "", ",".join(figures_csv.COLUMNS) + "\n" + 2 * FIGURE, ""),
    "law_csv": (",", "", ",".join(EVENT) + "\n" + 2 * (",".join(EVENT.values()) + "\n"), ""),
}


def written(folder: Path, text: str) -> Path:
    path = folder / "payload"
    path.write_bytes(text.encode())
    return path


def rows_of(text: str, delimiter: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text), delimiter=delimiter))


def text_of(rows: list[list[str]], delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue()


def line_of(record: int, above: str) -> int:
    """The line of a record of the table, of which the header is record 0."""
    return above.count("\n") + record + 1


def cells(path: Path) -> list[tuple[object, ...]]:
    return reading.recognise(path).read(path).frame.collect().sort("locator").rows()


@pytest.mark.parametrize("name", TEXTS)
def test_the_unchanged_text_is_read(tmp_path: Path, name: str) -> None:
    _, above, table, below = TEXTS[name]
    path = written(tmp_path, above + table + below)
    assert name.partition(",")[0] == reading.recognise(path).NAME
    assert cells(path)


@pytest.mark.parametrize("name", TEXTS)
@KEEP
@given(st.data())
def test_a_record_without_one_of_its_fields_is_refused_by_line(tmp_path: Path, name: str, data: st.DataObject) -> None:
    delimiter, above, table, below = TEXTS[name]
    rows = rows_of(table, delimiter)
    record = data.draw(st.integers(1, len(rows) - 1))
    del rows[record][data.draw(st.integers(0, len(rows[0]) - 1))]
    expected = f"{len(rows[record])} fields, the header has {len(rows[0])}"
    with pytest.raises(FormatError, match=rf"\(line {line_of(record, above)}\) has {expected}"):
        cells(written(tmp_path, above + text_of(rows, delimiter) + below))


@pytest.mark.parametrize("name", TEXTS)
@KEEP
@given(st.data())
def test_a_record_with_another_field_is_refused_by_line(tmp_path: Path, name: str, data: st.DataObject) -> None:
    delimiter, above, table, below = TEXTS[name]
    rows = rows_of(table, delimiter)
    record = data.draw(st.integers(1, len(rows) - 1))
    rows[record].insert(data.draw(st.integers(0, len(rows[0]))), data.draw(st.sampled_from(["", "7", "China", "a b"])))
    expected = f"{len(rows[record])} fields, the header has {len(rows[0])}"
    with pytest.raises(FormatError, match=rf"\(line {line_of(record, above)}\) has {expected}"):
        cells(written(tmp_path, above + text_of(rows, delimiter) + below))


@pytest.mark.parametrize("name", TEXTS)
@KEEP
@given(st.data())
def test_a_header_without_one_of_its_fields_is_not_read(tmp_path: Path, name: str, data: st.DataObject) -> None:
    delimiter, above, table, below = TEXTS[name]
    rows = rows_of(table, delimiter)
    del rows[0][data.draw(st.integers(0, len(rows[0]) - 1))]
    with pytest.raises(FormatError):
        cells(written(tmp_path, above + text_of(rows, delimiter) + below))


def test_the_line_counts_line_ends_within_quotes_and_the_record_does_not(tmp_path: Path) -> None:
    head = ",".join(EVENT)
    whole = ",".join(EVENT.values()).replace("A list", '"A\nlist"')
    short = ",".join(list(EVENT.values())[:-1])
    path = written(tmp_path, f"{head}\n{whole}\n{whole}\n{short}\n")
    with pytest.raises(FormatError, match=r"record 4 \(line 6\) has 6 fields, the header has 7"):
        law_csv.read(path)


def test_a_short_record_far_into_a_large_text_is_refused_by_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "_BLOCK", 500)
    _, above, table, _ = TEXTS["unhcr_csv"]
    head, *body = table.splitlines(keepends=True)
    many = [head, *(body * 50)]
    assert len(cells(written(tmp_path, above + "".join(many)))) == 300
    many[100] = "2023,China,CHN,France,FRA,7000\n"
    with pytest.raises(FormatError, match=r"record 104 \(line 104\) has 6 fields, the header has 7"):
        cells(written(tmp_path, above + "".join(many)))


def test_a_single_carriage_return_above_the_header_hides_no_record(tmp_path: Path) -> None:
    _, above, table, _ = TEXTS["unhcr_csv"]
    path = written(tmp_path, above.replace('"UNHCR"', '"UNHCR"\rA second line\r') + table)
    plain = [row[:-1] for row in cells(written(tmp_path / "..", above + table))]
    found = cells(path)
    assert [row[:-1] for row in found] == plain
    find = reading.recognise(path).finder(path)
    assert find(int(str(found[0][-1]))) == "1234"


@pytest.mark.parametrize("name", TEXTS)
def test_a_single_carriage_return_in_place_of_a_line_end_is_refused(tmp_path: Path, name: str) -> None:
    _, above, table, below = TEXTS[name]
    lines = table.splitlines()
    for at in range(1, len(lines) - 1):
        text = "\n".join(lines[: at + 1]) + "\r" + "\n".join(lines[at + 1 :]) + "\n"
        with pytest.raises(FormatError):
            cells(written(tmp_path, above + text + below))


@pytest.mark.parametrize("name", TEXTS)
def test_a_single_carriage_return_below_the_header_is_refused(tmp_path: Path, name: str) -> None:
    _, above, table, below = TEXTS[name]
    with pytest.raises(FormatError):
        cells(written(tmp_path, above + table.replace("\n", "\r", 1) + below))
