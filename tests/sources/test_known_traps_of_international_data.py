"""Known traps of the data of international organisations: one test for each."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import polars as pl
import pytest

from assets.normalise.codes import Normalised, Origin
from assets.normalise.statistics import observations_of
from sources import reading
from sources.catalogue import publishers
from sources.errors import FormatError
from sources.formats.delimited import missing_migrants_csv
from sources.formats.workbook import frontex_xlsx, glotip_xlsx
from sources.snapshot import payloads
from tests.support.publisher_double import bilateral, book, indicator
from warehouse import codes

ORIGIN = Origin("e" * 64, datetime(2026, 10, 1, tzinfo=UTC))


def read(folder: Path, publisher: str, dataset: str, body: bytes) -> Normalised:
    """The observations of a payload of a dataset."""
    path = folder / "payload"
    path.write_bytes(body)
    return observations_of(reading.read(path), publishers()[publisher], dataset, ORIGIN)


def rows(observed: Normalised, *fields: str) -> list[tuple[object, ...]]:
    """These fields of the observations, in the order of the payload."""
    assert observed.unmatched.is_empty()
    return observed.observations.sort("locator").select(fields).rows()


def unhcr(*items: dict[str, object]) -> bytes:
    return json.dumps({"page": 1, "short-url": "", "maxPages": 1, "total": [], "items": items}).encode()


def item(coo: tuple[str, str], coa: tuple[str, str], /, **figures: object) -> dict[str, object]:
    """A row of UNHCR: each side by UNHCR's own code and by its ISO code."""
    sides = {"coo": coo[0], "coo_iso": coo[1], "coa": coa[0], "coa_iso": coa[1]}
    return {"year": 2024, "coo_id": 1, "coa_id": 2, "coo_name": coo[0], "coa_name": coa[0]} | sides | figures


# UNHCR


@pytest.mark.parametrize(
    ("own", "iso", "another"), [("AUS", "AUT", "Australia"), ("ARE", "EGY", "Emirates"), ("MAR", "MTQ", "Morocco")]
)
def test_unhcr_codes_that_are_another_country_s_iso_code(tmp_path: Path, own: str, iso: str, another: str) -> None:
    observed = read(tmp_path, "unhcr", "population", unhcr(item((own, iso), ("GFR", "DEU"), refugees=10)))
    assert rows(observed, "partner") == [(iso,)], another


def test_chi_is_china_to_unhcr_and_the_channel_islands_to_the_world_bank(tmp_path: Path) -> None:
    observed = read(tmp_path, "unhcr", "population", unhcr(item(("CHI", "CHN"), ("GFR", "DEU"), refugees=10)))
    assert rows(observed, "partner") == [("CHN",)]
    areas = {
        (scheme, code): area for scheme, code, area in codes.area_codes().select("scheme", "code", "area").iter_rows()
    }
    assert (areas["unhcr", "CHI"], areas["worldbank", "CHI"]) == ("CHN", "CHI_ISL")


def test_a_dash_a_zero_a_star_and_nothing_are_four_things(tmp_path: Path) -> None:
    figures: dict[str, object] = {"refugees": "-", "asylum_seekers": "0", "stateless": "*", "ooc": None}
    observed = read(tmp_path, "unhcr", "population", unhcr(item(("CHI", "CHN"), ("GFR", "DEU"), **figures)))
    found = {
        row[0]: row[1:] for row in rows(observed, "indicator", "value", "value_min", "value_max", "missing_reason")
    }
    assert found == {
        "refugees": (None, None, None, "not_reported"),
        "asylum_seekers": (0.0, None, None, None),
        "stateless": (None, 1.0, 4.0, "suppressed"),
        "others_of_concern": (None, None, None, "not_published"),
    }


def test_persons_and_cases_are_never_added(tmp_path: Path) -> None:
    common = {"procedure_type": "G", "app_type": "N", "dec_level": "FI"}
    sides = (("CHI", "CHN"), ("GFR", "DEU"))
    items = [item(*sides, **common, app_pc=kind, applied=number) for kind, number in (("P", 100), ("C", 60))]
    observed = read(tmp_path, "unhcr", "asylum-applications", unhcr(*items))
    assert rows(observed, "indicator", "unit", "value") == [
        ("asylum_applications", "persons", 100.0),
        ("asylum_application_cases", "cases", 60.0),
    ]


# World Bank


def worldbank(*rows_: dict[str, object]) -> bytes:
    page = {
        "page": 1,
        "pages": 1,
        "per_page": 20_000,
        "total": len(rows_),
        "sourceid": "2",
        "lastupdated": "2026-07-13",
    }
    return json.dumps([page, list(rows_)]).encode()


NETM = "SM.POP.NETM"


def test_the_world_bank_s_byte_order_mark(tmp_path: Path) -> None:
    body = b"\xef\xbb\xbf" + worldbank(indicator(NETM, ("CN", "CHN"), 2023, -567_724))
    assert rows(read(tmp_path, "worldbank", NETM, body), "jurisdiction", "value") == [("CHN", -567_724.0)]


def test_a_deleted_indicator_returns_status_200(tmp_path: Path) -> None:
    message = {
        "id": "175",
        "key": "Invalid format",
        "value": "The indicator was not found. It may have been deleted or archived.",
    }
    with pytest.raises(FormatError, match=r"'175'.*deleted or archived"):
        read(tmp_path, "worldbank", "SM.POP.RHCR.EA", json.dumps([{"message": [message]}]).encode())


def test_an_empty_200_has_no_observations_and_no_zero(tmp_path: Path) -> None:
    for publisher, dataset, body in (
        ("worldbank", NETM, b'[{"page":0,"pages":0,"per_page":0,"total":0,"sourceid":null,"lastupdated":null},null]'),
        ("unhcr", "population", unhcr()),
        ("uis", "26637", b'{"hints":[],"records":[],"indicatorMetadata":[]}'),
        ("worldbank", "knomad_remittance", b'{"count":0,"value":[]}'),
    ):
        assert rows(read(tmp_path, publisher, dataset, body), "value") == []


DOWNLOAD = (
    '\ufeff"Data Source","World Development Indicators",\r\n\r\n"Last Updated Date","2024-06-28",\r\n\r\n'
    '"Country Name","Country Code","Indicator Name","Indicator Code","2022","2023",\r\n'
    '"China","CHN","Net migration","SM.POP.NETM","-311380","-310220",\r\n'
    '"China","CHN","Another","SP.POP.TOTL","1412175000","",\r\n'
)


def test_bulk_files_and_responses_of_the_world_bank_have_different_names_of_dimensions(tmp_path: Path) -> None:
    bulk = read(tmp_path, "worldbank", NETM, DOWNLOAD.encode())
    assert rows(bulk, "jurisdiction", "indicator", "value") == [
        ("CHN", "net_migration", -311_380.0),
        ("CHN", "net_migration", -310_220.0),
    ]
    response = read(tmp_path, "worldbank", NETM, worldbank(indicator(NETM, ("CN", "CHN"), 2022, -311_380)))
    blank = read(tmp_path, "worldbank", NETM, worldbank(indicator(NETM, ("CN", ""), 2022, -311_380)))
    assert rows(response, "jurisdiction", "value") == rows(blank, "jurisdiction", "value") == [("CHN", -311_380.0)]


def test_na_is_namibia_and_not_a_missing_value(tmp_path: Path) -> None:
    head = "yearOfRegistration,Datasource,gender,ageBroad,citizenship,CountryOfExploitation\n"
    body = head + "2016,Case management,Female,18--20,NA,DE\n"
    assert rows(read(tmp_path, "iom", "ctdc_global", body.encode()), "partner", "value") == [("NAM", 1.0)]
    observed = read(tmp_path, "worldbank", NETM, worldbank(indicator(NETM, ("NA", ""), 2022, 5)))
    assert observed.observations.is_empty()  # not a compared country, but a known code
    assert observed.unmatched.is_empty()


# KNOMAD


def matrix(title: str, corner: str, value: float) -> bytes:
    """Germany as column and China as row, then China as column and Germany as row, which is empty."""
    return book({"BRM 2021": [[title], [corner, "China", "Germany"], ["China", "", value], ["Germany", "", ""]]})


def test_the_two_knomad_matrices_are_transposed(tmp_path: Path) -> None:
    migrants = matrix(
        "Bilateral migrant stocks in 2021", "Destination country (across) - Source country (down)", 155_595
    )
    observed = read(tmp_path, "worldbank", "knomad_migration", migrants)
    assert rows(observed, "jurisdiction", "partner", "value") == [("DEU", "CHN", 155_595.0)]
    corner = "Remittance-receiving country (across) - Remittance-sending country (down)"
    remittances = matrix("Bilateral remittances for 2021, millions of US$", corner, 751.5)
    observed = read(tmp_path, "worldbank", "knomad_remittance", remittances)
    assert rows(observed, "jurisdiction", "partner", "value") == [("DEU", "CHN", 751_500_000.0)]


def test_the_knomad_matrices_are_also_transposed_in_data360(tmp_path: Path) -> None:
    # REF_AREA is the origin of the migrants, and the country that sends the money.
    for dataset, code, factor in (("knomad_migration", "MIG", 1), ("knomad_remittance", "BRE", 1_000_000)):
        body = json.dumps({"count": 1, "value": [bilateral(f"WB_KNOMAD_{code}", "CHN", "DEU", 7)]}).encode()
        found = rows(read(tmp_path, "worldbank", dataset, body), "jurisdiction", "partner", "value")
        assert found == [("DEU", "CHN", 7.0 * factor)]


# UNODC

GLOTIP = ["Iso3_code", "Country", "Region", "Subregion", "Indicator", "Dimension", "Category", "Sex", "Age", "Year"]
GLOTIP += ["Unit of measurement", "txtVALUE", "Source"]


def victims(*values: str, category: str = "Total", dimension: str = "Total") -> bytes:
    place = ["AUT", "Austria", "Europe", "Western Europe", "Persons convicted", dimension, category, "Total", "Total"]
    lines = [[*place, 2019, "Counts", value, "GLOTIP"] for value in values]
    return book({"data_glotip_1": [["UNODC"], ["14/04/2025"], GLOTIP, *lines]})


def test_less_than_five_is_one_to_four(tmp_path: Path) -> None:
    observed = read(tmp_path, "unodc", "glotip", victims("<5"))
    assert rows(observed, "value", "value_min", "value_max", "missing_reason") == [(None, 1.0, 4.0, "suppressed")]


def test_a_corrupt_value_at_source_is_kept_but_flagged(tmp_path: Path) -> None:
    # 6,112,019 is the question Q6.1_1_2019 of a questionnaire, which the author of the workbook read as a number.
    observed = read(
        tmp_path, "unodc", "glotip", victims("6,112,019", "12", category="Nationals", dimension="by citizenship")
    )
    assert rows(observed, "value", "obs_status", "occurrence") == [(6_112_019.0, "U", "1"), (12.0, "A", "2")]


def test_characters_that_were_lost_at_source_are_kept_unchanged(tmp_path: Path) -> None:
    body = victims("<5", category="Espa\ufffda", dimension="by citizenship")
    assert rows(read(tmp_path, "unodc", "glotip", body), "partner", "partner_role") == [("ESP", "citizenship")]


def test_several_figures_under_one_name_are_all_kept(tmp_path: Path) -> None:
    dimension, category = "by form of exploitation", "Other forms of exploitation"
    observed = read(tmp_path, "unodc", "glotip", victims("59", "6", "<5", dimension=dimension, category=category))
    assert rows(observed, "exploitation", "occurrence", "value") == [
        ("OTH", "1", 59.0),
        ("OTH", "2", 6.0),
        ("OTH", "3", None),
    ]


def test_workbooks_that_full_loading_cannot_open(tmp_path: Path) -> None:
    """The workbook refers to a drawing that it does not contain."""
    whole, path = tmp_path / "whole.xlsx", tmp_path / "payload.xlsx"
    whole.write_bytes(victims("1,757"))
    relations = "xl/worksheets/_rels/sheet1.xml.rels"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/drawing"
    dangling = (
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{kind}" Target="../drawings/drawing1.xml"/></Relationships>'
    )
    with ZipFile(whole) as source, ZipFile(path, "w") as target:
        for member in source.infolist():
            target.writestr(member, source.read(member))
        target.writestr(relations, dangling)
    assert glotip_xlsx.read(path).frame.collect()["value"].to_list() == [1_757.0]


# UNESCO


def uis(*records: dict[str, object]) -> bytes:
    return json.dumps({"hints": [], "records": records, "indicatorMetadata": []}).encode()


def record(year: int, value: object, magnitude: str | None, qualifier: str | None = None) -> dict[str, object]:
    named = {"indicatorId": "26637", "geoUnit": "LUX", "year": year}
    return named | {"value": value, "magnitude": magnitude, "qualifier": qualifier}


def test_nil_is_zero_and_na_is_not_a_figure(tmp_path: Path) -> None:
    as_csv = b"indicatorId,geoUnit,year,value,qualifier,magnitude\n26637,LUX,2020,0,,NIL\n26637,LUX,2021,0,,NA\n"
    as_csv += b"26637,LUX,2022,7,UIS_EST,\n"
    as_json = uis(record(2020, 0, "NIL"), record(2021, 0, "NA"), record(2022, 7, None, "UIS_EST"))
    for body in (as_csv, as_json):
        assert rows(read(tmp_path, "uis", "26637", body), "value", "missing_reason", "obs_status") == [
            (0.0, None, "A"),
            (None, "not_applicable", "O"),
            (7.0, None, "E"),
        ]


@pytest.mark.parametrize("body", [uis(record(2020, 5, "NA")), uis(record(2020, 0, "NEW"))])
def test_an_unknown_magnitude_is_refused(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(FormatError, match="magnitude"):
        read(tmp_path, "uis", "26637", body)


def test_a_net_flow_may_be_negative_and_regions_are_not_countries(tmp_path: Path) -> None:
    body = b"indicatorId,geoUnit,year,value,qualifier,magnitude\nMENF.5T8,CHN,2022,-841380,,\n"
    body += b'MENF.5T8,"ECE: European Union (EMU) (UNSDCode:98203)",2022,5,,\n'
    assert rows(read(tmp_path, "uis", "MENF.5T8", body), "jurisdiction", "value") == [("CHN", -841_380.0)]


# United Nations


def stock(*, origins: Sequence[tuple[str, int, int]]) -> bytes:
    """Migrants from these origins in China, counted by citizenship, and in Germany, counted by country of birth."""
    area = "Region, development group, country or area of"
    head = ["Index", f"{area} destination", "Notes of destination", "Location code of destination"]
    head += ["Type of data of destination", f"{area} origin", "Location code of origin"]
    above: list[list[object]] = [
        [],
        [],
        ["", "Table 1: International migrant stock at mid-year by sex, destination and origin"],
    ]
    blocks = [
        *[""] * 7,
        "International migrant stock at mid-year, both sexes combined",
        "",
        "…, males",
        "",
        "…, females",
    ]
    blocks[9], blocks[11] = (f"International migrant stock at mid-year, {sex}" for sex in ("males", "females"))
    lines: list[list[object]] = []
    for destination, code, kind in (("China*", 156, "C"), ("Germany", 276, "B")):
        for origin, number, value in origins:
            lines.append([1, f"  {destination}", "", code, kind, f" {origin}", number, *range(value, value + 6)])
    table: list[list[object]] = [*above, [], [], [], [], [*blocks], [], [], [*head, *((2020, 2024) * 3)], *lines]
    contents: list[list[object]] = [[], ["", "International Migrant Stock 2024: Destination and origin"]]
    return book({"Contents": contents, "Table 1": table})


def test_un_stocks_combine_birth_and_citizenship(tmp_path: Path) -> None:
    observed = read(tmp_path, "undesa", "ims_destination_and_origin", stock(origins=[("Poland", 616, 10)]))
    found = set(rows(observed, "jurisdiction", "definition"))
    assert found == {("CHN", "foreign_citizens"), ("DEU", "foreign_born")}


def test_others_are_part_of_the_world_total(tmp_path: Path) -> None:
    origins = [("WORLD", 900, 105), ("Poland", 616, 100), ("Others", 2003, 5)]
    observed = read(tmp_path, "undesa", "ims_destination_and_origin", stock(origins=origins))
    germany = observed.observations.filter(jurisdiction="DEU", sex="_T", period=datetime(2020, 1, 1, tzinfo=UTC).date())
    found = dict(germany.select("partner", "value").iter_rows())
    assert found == {"_T": 105.0, "POL": 100.0, "OTH": 5.0}


def test_a_header_contains_the_same_years_three_times(tmp_path: Path) -> None:
    observed = read(tmp_path, "undesa", "ims_destination_and_origin", stock(origins=[("Poland", 616, 10)]))
    china = (
        observed.observations.filter(jurisdiction="CHN")
        .sort("locator")
        .select("sex", pl.col("period").dt.year(), "value")
    )
    assert china.rows() == [
        *[("_T", 2020, 10.0), ("_T", 2024, 11.0), ("M", 2020, 12.0)],
        *[("M", 2024, 13.0), ("F", 2020, 14.0), ("F", 2024, 15.0)],
    ]


def test_cp1252_and_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "payload"
    head = "T04,International migrants and refugees,,,,,\nRegion/Country/Area,,Year,Series,Value,Footnotes,Source\n"
    path.write_bytes((head + '384,Côte d’Ivoire,2024,Stock,"1,638,718",,UN\n').encode("cp1252"))
    assert path.read_bytes().count(b"\x92") == 1
    cells = reading.read(path)
    assert cells.labels["area"] == {"384": "Côte d’Ivoire"}
    assert cells.frame.collect()["value"].to_list() == [1_638_718.0]


# IOM and Frontex


@pytest.mark.parametrize(
    ("header", "date"),
    [
        ("Main ID,Incident ID,Region of Incident,Incident Date,Incident Year,Number of Dead", "2026-01-02"),
        ("Web ID,Incident ID,Region of Incident,Reported Date,Reported Year,Number Dead", "2026-01-02"),
        ("Main ID,Incident ID,Region,Website Date,Year,Number Dead", "Fri, 01/02/2026 - 12:00"),
    ],
)
def test_three_headers_of_one_dataset_and_the_month_first(tmp_path: Path, header: str, date: str) -> None:
    names = [
        *header.split(","),
        "Minimum Estimated Number of Missing",
        "Country of Origin",
        "Cause of Death",
        "Migration route",
    ]
    values = [
        "2026.MMP2",
        "2026.MMP2",
        "Mediterranean",
        date,
        "2026",
        "1",
        "-5",
        "China",
        "Drowning",
        "Western Mediterranean",
    ]
    text = io.StringIO()
    csv.writer(text).writerows([names, values])
    observed = read(tmp_path, "iom", "missing_migrants", text.getvalue().encode())
    assert rows(observed, "indicator", "period", "value", "obs_status") == [
        ("migrants_dead", datetime(2026, 1, 2, tzinfo=UTC).date(), 1.0, "A"),
        ("migrants_missing", datetime(2026, 1, 2, tzinfo=UTC).date(), -5.0, "U"),  # a correction of an earlier incident
    ]


def test_an_incident_of_several_countries_is_assigned_to_none_of_them(tmp_path: Path) -> None:
    names = "Incident ID,Minimum Estimated Number of Missing,Number of Dead,Country of Origin,Country of Incident"
    names += ",Migration route,Cause of Death"
    cause = "Harsh environmental conditions / lack of adequate shelter, food, water"
    body = f'{names}\n2015.MMP7,,4,"China,Viet Nam",Greece,"Eastern Mediterranean,Western Balkans","{cause}"\n'
    observed = read(tmp_path, "iom", "missing_migrants", body.encode())
    fields = ("jurisdiction", "partner", "route", "cause", "freq")
    assert rows(observed, *fields) == [("GRC", "MIXED", "SEVERAL", "ENVIRONMENT", "A")]


def test_an_export_without_a_final_line_break_may_be_complete(tmp_path: Path) -> None:
    path = tmp_path / "payload"
    head = "Incident ID,Incident Date,Number Dead,Minimum Estimated Number of Missing,Source Quality\n"
    path.write_text(f"{head}2026.MMP1,2026-01-02,1,,4", encoding="utf-8")
    assert missing_migrants_csv.read(path).frame.collect()["value"].to_list() == [1.0]
    path.write_text(f"{head}2026.MMP1,2026-01-02,1,,4\n2026.MMP2,2026-01-03,1,", encoding="utf-8")
    with pytest.raises(FormatError, match=r"record 3 \(line 3\) has 4 fields, the header has 5"):
        missing_migrants_csv.read(path)


def test_detections_are_not_persons_and_belong_to_no_member_state(tmp_path: Path) -> None:
    path = tmp_path / "payload"
    head = ["Route", "Border type or inland", "Nationality", "DEC2024", "JAN2025"]
    line = ["Central Mediterranean Route", "Sea", "Kosovo*", 0, 3]
    path.write_bytes(book({"Detections_of_IBC": [head, line], "Notes": [], "Dictionary": []}))
    assert frontex_xlsx.read(path).frame.collect()["time"].to_list() == ["2024-12", "2025-01"]
    observed = read(tmp_path, "frontex", "detections", path.read_bytes())
    assert rows(observed, "jurisdiction", "partner", "unit", "value") == [
        ("EU_SAC", "XKX", "crossings", 0.0),
        ("EU_SAC", "XKX", "crossings", 3.0),
    ]


# Redistribution


def test_payloads_without_permission_to_redistribute_are_not_in_the_snapshot() -> None:
    for publisher, dataset in (("unodc", "glotip"), ("frontex", "detections"), ("iom", "ctdc_global")):
        assert publishers()[publisher].licence_of(dataset).redistribution in ("unknown", "forbidden")
        assert not [payload for payload in payloads() if (payload.publisher, payload.dataset) == (publisher, dataset)]
