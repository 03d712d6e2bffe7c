"""UNHCR's API and its exports: measures, zeros as text, dashes and preambles."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources import reading
from sources.cells import line, pack
from sources.errors import FormatError, UnknownFormatError
from sources.formats.delimited import unhcr_csv
from sources.formats.json import unhcr_json

KEEP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)

PREAMBLE = """Extracted:,"United Nations High Commissioner for Refugees"
"Date extracted:","02/09/2026 08:15 UTC"
"Last updated:","9 June 2026"
"A sentence of
two lines, with a comma."

"Data table contains the following:","Population figures"
Years:
"""
COLUMNS = 'Year,"Country of origin","Country of origin (ISO)","Country of asylum","Country of asylum (ISO)",'
POPULATION = (
    PREAMBLE
    + COLUMNS
    + """Refugees under UNHCR's mandate,Asylum-seekers,"Returned IDPss",Other people in need of international protection
2023,China,CHN,Germany,DEU,1234,0,0,-
2023,Tibetan,,"Iran (Islamic Rep. of)",IRN,7,5,0,12
"""
)
POPSTATS = """"Extracted from the UNHCR Population Statistics Reference Database","United Nations"
"Date extracted: 2015-07-09 17:20:32 +02:00"

Year,"Country / territory of asylum/residence",Origin,"Population type",Value
2014,Aruba,"Macao SAR, China",Asylum-seekers,*
2014,Aruba,China,"Refugees (incl. refugee-like situations)",
2014,Germany,China,Asylum-seekers,1021
2014,Germany,Cuba,Asylum-seekers,0
"""
ITEM = {
    "year": 2023,
    "coo_id": 37,
    "coo_name": "China",
    "coo": "CHI",
    "coo_iso": "CHN",
    "coa_id": 69,
    "coa_name": "Germany",
    "coa": "GFR",
    "coa_iso": "DEU",
}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "payload"
    path.write_bytes(text.encode())
    return path


def page(tmp_path: Path, items: object, **envelope: object) -> Path:
    return written(
        tmp_path, json.dumps({"page": 1, "short-url": "x1", "maxPages": 1, "total": [], **envelope, "items": items})
    )


def values(frame: pl.LazyFrame, *by: str) -> list[tuple[object, ...]]:
    return frame.sort(pl.col("locator") % 2**16, "locator").select(*by, "measure", "value", "raw").collect().rows()


def test_a_preamble_of_any_length_is_skipped_and_its_date_of_update_is_read(tmp_path: Path) -> None:
    cells = unhcr_csv.read(written(tmp_path, POPULATION))
    assert cells.dimensions == ("coo_name", "coo_iso", "coa_name", "coa_iso", "measure")
    assert cells.updated == datetime(2026, 6, 9, tzinfo=UTC)
    assert cells.dataset == "Population figures"
    assert cells.coded
    assert cells.frame.collect().height == 8


def test_without_an_update_the_extraction_is_the_stamp(tmp_path: Path) -> None:
    text = POPULATION.replace('"Last updated:","9 June 2026"\n', "")
    assert unhcr_csv.read(written(tmp_path, text)).updated == datetime(2026, 9, 2, 8, 15, tzinfo=UTC)


def test_an_export_without_preamble_is_read(tmp_path: Path) -> None:
    cells = unhcr_csv.read(written(tmp_path, POPULATION.removeprefix(PREAMBLE)))
    assert cells.updated is None
    assert cells.frame.select("locator").collect().to_series().to_list()[0] == pack(2, 6)


def test_not_reported_is_no_value_and_zero_is_one(tmp_path: Path) -> None:
    frame = unhcr_csv.read(written(tmp_path, POPULATION)).frame.filter(coo_iso="CHN")
    assert values(frame, "time", "coa_iso") == [
        ("2023", "DEU", "refugees", 1234.0, None),
        ("2023", "DEU", "asylum_seekers", 0.0, None),
        ("2023", "DEU", "returned_idps", 0.0, None),
        ("2023", "DEU", "oip", None, "-"),
    ]


def test_an_origin_without_iso_code_has_none(tmp_path: Path) -> None:
    frame = unhcr_csv.read(written(tmp_path, POPULATION)).frame.filter(coo_name="Tibetan").collect()
    assert frame["coo_iso"].null_count() == 4
    assert frame["coa_name"][0] == "Iran (Islamic Rep. of)"


def test_the_finder_counts_records_as_the_reader_does(tmp_path: Path) -> None:
    path = written(tmp_path, POPULATION)
    find = unhcr_csv.finder(path)
    for locator, value, raw in unhcr_csv.read(path).frame.select("locator", "value", "raw").collect().rows():
        assert find(locator) == (raw if value is None else str(int(value)))


def test_one_to_four_persons_and_blank_and_zero_are_three_things(tmp_path: Path) -> None:
    cells = unhcr_csv.read(written(tmp_path, POPSTATS))
    assert cells.dimensions == ("coa_name", "coo_name", "measure")
    assert not cells.coded
    assert cells.updated is not None
    assert cells.updated.isoformat() == "2015-07-09T17:20:32+02:00"
    assert values(cells.frame, "coa_name", "coo_name") == [
        ("Aruba", "Macao SAR, China", "asylum_seekers", None, "*"),
        ("Aruba", "China", "refugees", None, None),
        ("Germany", "China", "asylum_seekers", 1021.0, None),
        ("Germany", "Cuba", "asylum_seekers", 0.0, None),
    ]


def test_an_unknown_population_type_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"unknown: \[''\]"):
        unhcr_csv.read(written(tmp_path, POPSTATS + "2014,Malta,Cuba,,7\n"))
    with pytest.raises(FormatError, match="Stowaways"):
        unhcr_csv.read(written(tmp_path, POPSTATS + "2014,Malta,Cuba,Stowaways,7\n"))


DECISIONS = COLUMNS + 'Authority,"Stage of procedure","Cases / Persons","Recognized decisions","Total decisions"\n'
APPLICATIONS = COLUMNS + 'Authority,"Application type","Stage of procedure","Cases / Persons",applied\n'


def test_persons_or_cases_belong_to_decisions_or_to_applications(tmp_path: Path) -> None:
    decisions = unhcr_csv.read(written(tmp_path, DECISIONS + "2023,China,CHN,Malta,MLT,G,FI,C,5,6\n"))
    assert decisions.dimensions[4:] == ("procedure_type", "dec_level", "dec_pc", "measure")
    assert values(decisions.frame, "procedure_type", "dec_level", "dec_pc") == [
        ("G", "FI", "C", "dec_recognized", 5.0, None),
        ("G", "FI", "C", "dec_total", 6.0, None),
    ]
    applications = unhcr_csv.read(written(tmp_path, APPLICATIONS + "2023,China,CHN,Malta,MLT,G,N,FI,P,5\n"))
    assert applications.dimensions[4:] == ("procedure_type", "app_type", "dec_level", "app_pc", "measure")


@pytest.mark.parametrize(
    "origin", ["Country of origin (ISO)", "Country of Origin ISO", "country_of_origin_iso", "ISO3CoO"]
)
def test_one_field_has_one_name_in_every_export(tmp_path: Path, origin: str) -> None:
    cells = unhcr_csv.read(written(tmp_path, f"Year,{origin},ISO3CoA,Refugees\n2023,CHN,DEU,5\n"))
    assert cells.dimensions == ("coo_iso", "coa_iso", "measure")


def test_exchange_files_have_the_names_of_the_api_and_numbers_with_exponents(tmp_path: Path) -> None:
    text = '"Year","ISO3CoO","ISO3CoA","REF","IDP","ASY"\r\n1979,"AFG","IRN",1e+05,0,7\r\n'
    assert values(unhcr_csv.read(written(tmp_path, text)).frame, "coo_iso") == [
        ("AFG", "refugees", 100000.0, None),
        ("AFG", "idps", 0.0, None),
        ("AFG", "asylum_seekers", 7.0, None),
    ]
    header = '"Year","ISO3CoO","ISO3CoA","PT","urbanRural","Female_0_4","Male_Unknown","Total"\r\n'
    text = header + '2001,"AFG","IRN","REF","",1,2,9\r\n'
    cells = unhcr_csv.read(written(tmp_path, text))
    assert cells.dimensions == ("coo_iso", "coa_iso", "pop_type", "loc_type", "measure")
    assert [row[1] for row in values(cells.frame, "pop_type")] == ["f_0_4", "m_other", "total"]


def test_an_unknown_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="column 6 is unknown: 'Stowaways'"):
        unhcr_csv.read(written(tmp_path, COLUMNS + "Stowaways\n2023,China,CHN,Malta,MLT,5\n"))


def test_an_export_without_values_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no column holds values"):
        unhcr_csv.read(written(tmp_path, COLUMNS.removesuffix(",") + "\n2023,China,CHN,Malta,MLT\n"))
    with pytest.raises(FormatError, match="unknown: 'Value'"):
        unhcr_csv.read(written(tmp_path, COLUMNS + "Value\n2023,China,CHN,Malta,MLT,5\n"))


def test_two_columns_of_one_field_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        FormatError, match=r"columns 2 \('ISO3CoO'\) and 3 \('Country of Origin ISO'\) are both coo_iso"
    ):
        unhcr_csv.read(written(tmp_path, "Year,ISO3CoO,Country of Origin ISO,ISO3CoA,REF\n2023,CHN,CHN,DEU,5\n"))


def test_a_payload_cut_off_at_any_byte_is_refused_or_ends_with_a_line(tmp_path: Path) -> None:
    for end in range(POPULATION.index("2023"), len(POPULATION)):
        if POPULATION[end - 1] != "\n":
            with pytest.raises(FormatError):
                unhcr_csv.read(written(tmp_path, POPULATION[:end]))


def test_a_line_with_too_many_fields_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"record 11 \(line 12\) has 10 fields, the header has 9"):
        unhcr_csv.read(written(tmp_path, POPULATION + "2023,China,CHN,Malta,MLT,5,5,5,5,5\n"))


def test_only_exports_with_data_are_recognised(tmp_path: Path) -> None:
    footnotes = (
        'Footnote,Year,"Country of origin (ISO)","Country of asylum (ISO)","Population type"\n"All.",2016,,AGO,ASY\n'
    )
    for text, is_one in ((POPULATION, True), (POPSTATS, True), (footnotes, False), ("Year,Value\n2020,1\n", False)):
        assert unhcr_csv.recognises(text.encode(), tmp_path) is is_one
    with pytest.raises(FormatError, match="no header"):
        unhcr_csv.read(written(tmp_path, footnotes))


def test_one_field_may_contain_numbers_zero_as_text_and_dashes(tmp_path: Path) -> None:
    items = [ITEM | {"refugees": n, "oip": oip} for n, oip in [(1234, "-"), ("0", "-"), ("-", 12), (None, "0")]]
    cells = unhcr_json.read(page(tmp_path, items, total={"refugees": 1234}))
    assert cells.dimensions[:8] == tuple(ITEM)[1:]
    assert values(cells.frame, "time", "coo", "coo_iso") == [
        ("2023", "CHI", "CHN", "refugees", 1234.0, None),
        ("2023", "CHI", "CHN", "refugees", 0.0, None),
        ("2023", "CHI", "CHN", "refugees", None, "-"),
        ("2023", "CHI", "CHN", "refugees", None, None),
        ("2023", "CHI", "CHN", "oip", None, "-"),
        ("2023", "CHI", "CHN", "oip", None, "-"),
        ("2023", "CHI", "CHN", "oip", 12.0, None),
        ("2023", "CHI", "CHN", "oip", 0.0, None),
    ]


def test_export_and_api_give_the_same_cells(tmp_path: Path) -> None:
    same = ["coo_name", "coo_iso", "coa_name", "coa_iso", "measure", "time", "value", "raw"]
    items = [ITEM | {"refugees": 1234, "asylum_seekers": "0", "returned_idps": "0", "oip": "-"}]
    api = unhcr_json.read(page(tmp_path, items)).frame.select(same).collect()
    export = unhcr_csv.read(written(tmp_path, POPULATION)).frame.filter(coo_iso="CHN").select(same).collect()
    assert api.equals(export)


def test_a_page_without_items_has_no_cells_and_is_no_error(tmp_path: Path) -> None:
    for envelope in (
        '{"page":1,"short-url":"","maxPages":0,"items":[]}',
        '{"page":1,"shortURL":"","maxPages":0,"total":[],"items":[]}',
    ):
        path = written(tmp_path, envelope)
        assert unhcr_json.recognises(path.read_bytes(), path)
        cells = unhcr_json.read(path)
        assert cells.frame.collect().height == 0
        assert cells.dimensions[-1] == "measure"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"page":1,"maxPages":1,"items":[{"year":2023,"coo":"CHI","coo":"GFR","refugees":5}]}', r"twice: \['coo'\]"),
        ('{"page":1,"maxPages":1,"items":[{"year":2023,"coo":"CHI","stowaways":5}]}', "unknown: 'stowaways'"),
        ('{"page":1,"maxPages":1,"items":[{"year":2023,"coo":"CHI"},{"year":2023}]}', "item 2 "),
        (
            '{"page":1,"maxPages":1,"items":[{"year":2023,"coo":"CHI","refugees":{"n":5}}]}',
            "neither a number nor a text",
        ),
        ('{"page":1,"maxPages":1,"items":[{"coo":"CHI","refugees":5}]}', "no field for time"),
        ('{"page":1,"maxPages":1,"items":[{"year":2023,"coo":"CHI","refugees":NaN}]}', "NaN"),
        ('{"page":1,"maxPages":1,"items":[5]}', "item 1 .*5"),
        ('{"page":1,"maxPages":1}', "no list of items"),
        ('{"page":1,"maxPages":1,"items":[{"year":20', "not complete JSON"),
    ],
)
def test_a_page_with_other_fields_or_types_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        unhcr_json.read(written(tmp_path, text))


def test_demographics_are_read_as_the_api_names_them(tmp_path: Path) -> None:
    items = [
        {"year": 2023, "coa_iso": "MLT", "pop_type": "REF", "urbanRural": "U", "f_0_4": 5, "m_other": "0", "total": 6}
    ]
    cells = unhcr_json.read(page(tmp_path, items))
    assert cells.dimensions == ("coa_iso", "pop_type", "loc_type", "measure")
    assert [row[1:3] for row in values(cells.frame, "loc_type")] == [("f_0_4", 5.0), ("m_other", 0.0), ("total", 6.0)]


@KEEP
@given(
    st.lists(
        st.tuples(
            st.integers(1951, 2030),
            # Only Python treats the four separators of ASCII as white space.
            st.text(st.characters(codec="utf-8", exclude_characters="\x1c\x1d\x1e\x1f"), max_size=8),
            st.one_of(st.integers(0, 10**9), st.sampled_from(["0", "-", "*"]), st.floats(0, 1e9)),
        ),
        min_size=1,
    )
)
def test_cells_have_the_values_of_the_page_and_the_finder_finds_them(
    tmp_path: Path, expected: list[tuple[int, str, int | str | float]]
) -> None:
    path = page(tmp_path, [{"year": year, "coo_name": name, "refugees": n} for year, name, n in expected])
    frame = unhcr_json.read(path).frame.collect()
    find = unhcr_json.finder(path)
    assert frame["time"].to_list() == [str(year) for year, _, _ in expected]
    assert frame["coo_name"].to_list() == [name if name.strip() else None for _, name, _ in expected]
    for (_, _, n), value, raw, locator in zip(expected, frame["value"], frame["raw"], frame["locator"], strict=True):
        assert (raw if value is None else value) == (n if n in ("-", "*") else float(n))
        assert line(locator)[1] == 3
        assert find(locator) == (n if isinstance(n, str) else json.dumps(n))


def test_a_locator_of_nothing_is_refused(tmp_path: Path) -> None:
    path = page(tmp_path, [ITEM | {"refugees": 5}])
    for locator in (pack(0, 1), pack(2, 1), pack(1, 0), pack(1, 11)):
        with pytest.raises(FormatError):
            unhcr_json.finder(path)(locator)


@pytest.mark.parametrize("blank", ["\n", "\r\n", ",,,,,,,,\n", "\n\n"])
@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_blank_line_below_the_header_or_between_records_changes_only_the_numbers_of_records(
    tmp_path: Path, blank: str, line: int
) -> None:
    lines = POPULATION.removeprefix(PREAMBLE).splitlines(keepends=True)
    plain = unhcr_csv.read(written(tmp_path, "".join(lines))).frame.drop("locator").collect()
    path = written(tmp_path, "".join([*lines[: line + 1], blank, *lines[line + 1 :]]))
    frame = unhcr_csv.read(path).frame.collect()
    assert frame.drop("locator").equals(plain)
    find = unhcr_csv.finder(path)
    texts = [raw if value is None else str(int(value)) for value, raw in frame.select("value", "raw").rows()]
    assert [find(locator) for locator in frame["locator"]] == texts


@pytest.mark.parametrize(("delimiter", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_an_export_saved_with_another_separator_is_refused_with_advice(
    tmp_path: Path, delimiter: str, name: str, encoding: str
) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(csv.reader(io.StringIO(POPULATION.replace("Tibetan", "Côte"))))
    path = tmp_path / "payload"
    path.write_bytes(out.getvalue().encode(encoding))
    with pytest.raises(
        UnknownFormatError, match=f"it is unhcr_csv with {name} between its fields; save it with commas"
    ):
        reading.recognise(path)
