"""A new dataset in a known format of statistics needs only a YAML entry to become observations."""

import json
from pathlib import Path
from textwrap import indent

import pytest

from assets import stages
from assets.core.workspace import Workspace
from assets.ingest.imports import import_file
from sources import catalogue, reading
from sources.formats import registry
from tests.support.publisher_double import bilateral, book, indicator, projection, students

PUBLISHER = """
publisher: new
name: {{en: New, zh: 新}}
homepage: https://new.example
licence: {{id: CC0-1.0, url: https://new.example/terms, redistribution: allowed, attribution: New, basis: its terms}}
hosts: [new.example]
cadence: once
fresh_days: 400
territory: Everything is separate.
endpoints: {{file: {{url: https://new.example/, accept: csv, asked: false}}}}
flags: {{A: A}}
datasets:
  thing:
    title: A thing
    table: {table}
    endpoint: file
    observe:
      unit: persons
      dimensions: {dimensions}
{observe}
"""
# The table's own dimensions that a payload may not have, by table.
PLAIN = {
    "migrant_stock": "{sex: _T, age: _T}",
    "migration_flow": "{sex: _T, age: _T, age_definition: _Z}",
    "population": "{sex: _T, age: _T}",
    "student_mobility": "{sex: _T, education_level: ED5T8}",
    "remittance": "{}",
    "displacement": "{sex: _T, age: _T}",
    "labour_migration": "{sex: _T, age: _T}",
    "trafficking": "{sex: _T, age: _T, exploitation: _T, occurrence: _T}",
    "border_crossing": "{direction: IN, person_group: _T, route: WBALK, border: LAND}",
    "migrant_death": "{sex: _T, age: _T, route: _U, cause: MIXED, incident: {dim: incident}}",
    "visa": "{document: VISA_C, consulate: {dim: place}}",
}
GERMANY = "jurisdiction: {dim: geo, codes: eurostat}"
FROM_CHINA = "partner_role: origin\npartner: {dim: origin, codes: name}"
POPULATION = f"{GERMANY}\nindicator: population\ndefinition: mid_year_population"
STOCK = "indicator: international_migrants\ndefinition: foreign_born"
SIDES = "jurisdiction: {dim: coa_iso, codes: iso3}\npartner: {dim: coo_iso, codes: iso3}\npartner_role: origin"
UNHCR = f"{SIDES}\nindicator: {{dim: measure, codes: {{refugees: refugees}}}}\ndefinition: unhcr_mandate_end_year"
NET = "indicator: net_migration\ndefinition: residual_of_population_change"
STUDENTS = (
    "indicator: inbound_mobile_students\ndefinition: mobile_students_tertiary\n"
    "jurisdiction: {dim: geo_unit, codes: iso3}"
)
DEAD = (
    "indicator: migrants_dead\ndefinition: incident_recorded\npartner: _T\npartner_role: origin\n"
    "where: {measure: [dead]}\n"
    "jurisdiction: {dim: country_of_incident, codes: name}\n"
    "ignore: [region, region_of_origin, country_of_origin, cause, route, incident_type]"
)

JSON_STAT = {
    "version": "2.0",
    "class": "dataset",
    "id": ["geo", "time"],
    "size": [1, 1],
    "value": {"0": 7},
    "dimension": {
        name: {"label": name, "category": {"index": {code: 0}, "label": {code: code}}}
        for name, code in (("geo", "DE"), ("time", "2023"))
    },
}
UNHCR_ITEM = {"year": 2023, "coo_iso": "CHN", "coa_iso": "DEU", "refugees": 7}
WORLD = '"Country Name","Country Code","Indicator Name","Indicator Code","2023"\n"Germany","DEU","Net","NETM","7"\n'
GLOTIP = ["Iso3_code", "Country", "Region", "Subregion", "Indicator", "Dimension", "Category", "Sex", "Age", "Year"]
GLOTIP_ROW = [
    "DEU",
    "Germany",
    "Europe",
    "Western",
    "Detected trafficking victims",
    *["Total"] * 4,
    2023,
    "Counts",
    "7",
]
ILO = "ref_area,source,indicator,sex,classif1,time,obs_value,obs_status,note_classif,note_indicator,note_source"
SPREADSHEET: list[list[object]] = [
    ["Data extracted on 13/11/2023 11:47:37 from [ESTAT]"],
    ["Dataset: ", "Population [THING]"],
    ["Last updated: ", "03/07/2023 23:00"],
    [""],
    ["TIME", "2023", ""],
    ["GEO (Labels)"],
    ["Germany", 7, ""],
    [""],
    ["Special value"],
    [":", "not available"],
]
INCIDENT = ["Incident ID", "Incident Date", "Incident Year", "Number of Dead", "Minimum Estimated Number of Missing"]
INCIDENT += ["Region of Incident", "Country of Origin", "Cause of Death", "Country of Incident", "Migration Route"]
WHERE = ["Europe", "China", "Drowning", "Germany", "Central Mediterranean"]
AREA = "Region, development group, country or area of destination"
YEARS = [1990, 1995, 2000, 2005, 2010, 2015, 2020]
DESA: list[list[object]] = [
    ["", "", "", *["International migrant stock at mid-year, both sexes"], *[""] * 6],
    ["Index", AREA, "Location code of destination", *YEARS],
    [1, "Germany", 276, *[""] * 6, 7],
]

SDMX_JSON = {
    "dataSets": [{"series": {"0": {"observations": {"0": [7]}}}}],
    "structure": {
        "dimensions": {
            "series": [{"id": "geo", "values": [{"id": "DE"}]}],
            "observation": [{"id": "TIME_PERIOD", "values": [{"id": "2023"}]}],
        }
    },
}

BANK_TERMS = ["Country Name", "Country Code", "Indicator Name", "Indicator Code"]

CASES: dict[str, tuple[str, str, str | bytes]] = {
    "json_stat": ("population", POPULATION, json.dumps(JSON_STAT)),
    "sdmx_csv": ("population", POPULATION, "DATAFLOW,geo,TIME_PERIOD,OBS_VALUE\nX:THING(1.0),DE,2023,7\n"),
    "sdmx_xml": (
        "population",
        POPULATION,
        '<m:StructureSpecificData xmlns:m="m"><m:DataSet><Series geo="DE"><Obs TIME_PERIOD="2023" OBS_VALUE="7"/>'
        "</Series></m:DataSet></m:StructureSpecificData>",
    ),
    "sdmx_json": ("population", POPULATION, json.dumps(SDMX_JSON)),
    "eurostat_tsv": ("population", POPULATION, "geo\\TIME_PERIOD\t2023 \r\nDE\t7 \r\n"),
    "eurostat_explorer_csv": ("population", POPULATION, '"TIME","GEO","Value"\n"2023","Germany","7"\n'),
    "eurostat_xlsx": ("population", POPULATION, book({"Sheet 1": SPREADSHEET})),
    "unhcr_json": ("displacement", UNHCR, json.dumps({"page": 1, "maxPages": 1, "items": [UNHCR_ITEM]})),
    "unhcr_csv": (
        "displacement",
        UNHCR,
        "Year,Country of origin (ISO),Country of asylum (ISO),Refugees under UNHCR's mandate\n2023,CHN,DEU,7\n",
    ),
    "worldbank_json": (
        "migration_flow",
        f"{NET}\njurisdiction: {{dim: countryiso3code, codes: worldbank}}\nignore: [country, indicator]",
        json.dumps([{"page": 1, "pages": 1, "total": 1}, [indicator("NETM", ("DE", "DEU"), 2023, 7)]]),
    ),
    "worldbank_csv": (
        "migration_flow",
        f"{NET}\njurisdiction: {{dim: country, codes: worldbank}}\nignore: [indicator]",
        WORLD,
    ),
    "worldbank_xlsx": (
        "migration_flow",
        f"{NET}\njurisdiction: {{dim: country, codes: worldbank}}\nignore: [indicator]",
        book({"Data": [["Data Source", "X"], [""], [*BANK_TERMS, "2023"], ["Germany", "DEU", "Net", "NETM", 7]]}),
    ),
    "data360_json": (
        "remittance",
        "indicator: bilateral_remittances\ndefinition: modelled_from_stocks\npartner_role: origin\n"
        "jurisdiction: {dim: comp_breakdown_1, codes: worldbank_name}\npartner: {dim: ref_area, codes: worldbank}\n"
        "ignore: [database_id, indicator, sex, age, freq, urbanisation, comp_breakdown_2, comp_breakdown_3,"
        " unit_measure, unit_mult]",
        json.dumps({"count": 1, "value": [bilateral("X", "CHN", "DEU", 7) | {"TIME_PERIOD": "2023"}]}),
    ),
    "un_portal_json": (
        "migration_flow",
        f"{NET}\njurisdiction: {{dim: location, codes: m49}}\n"
        "ignore: [indicator, source, revision, variant, category, sex, age]",
        json.dumps({"pageNumber": 1, "pages": 1, "total": 1, "data": [projection(276, 2023, 7)]}),
    ),
    "uis_json": (
        "student_mobility",
        f"{STUDENTS}\nignore: [indicator_id, geo_unit_type]",
        json.dumps({"hints": [], "records": [students("X", "DEU", 2023, 7)], "indicatorMetadata": []}),
    ),
    "uis_csv": (
        "student_mobility",
        f"{STUDENTS}\nignore: [indicator_id, geo_unit_type]",
        "indicatorId,geoUnit,year,value,qualifier,magnitude\nX,DEU,2023,7,,\n",
    ),
    "ilostat_csv": (
        "labour_migration",
        "indicator: employed\ndefinition: labour_force_survey\njurisdiction: {dim: ref_area, codes: iso3}\n"
        "ignore: [source, indicator, sex, classif1]",
        f"{ILO}\nDEU,BA:1,X,SEX_T,AGE,2023,7,,,,\n",
    ),
    "undata_csv": (
        "migrant_stock",
        f"{STOCK}\njurisdiction: {{dim: area, codes: m49}}\nignore: [series, footnotes, source]",
        "T04,A title,,,,,\nRegion/Country/Area,,Year,Series,Value,Footnotes,Source\n276,Germany,2023,Stock,7,,UN\n",
    ),
    "wpp_tsv": (
        "migration_flow",
        f"{NET}\njurisdiction: {{dim: country_code, codes: m49}}",
        "country_code\tcountry\t2023\n276\tGermany\t7\n",
    ),
    "undesa_xlsx": (
        "migrant_stock",
        f"{STOCK}\njurisdiction: {{dim: destination, codes: m49}}\nwhere: {{table: [Table 1]}}\n"
        "ignore: [destination_name, series, sex]",
        book({"Contents": [["International Migrant Stock"]], "Table 1": DESA}),
    ),
    "knomad_xlsx": (
        "migrant_stock",
        "indicator: international_migrants_modelled\ndefinition: modelled_from_stocks\nignore: [measure]\n"
        f"jurisdiction: {{dim: destination, codes: worldbank_name}}\n{FROM_CHINA}",
        book(
            {
                "M": [
                    ["Bilateral migrant stocks in 2023"],
                    ["Destination country (across) - Source country (down)", "Germany"],
                    ["China", 7],
                    [""],
                ]
            }
        ),
    ),
    "glotip_xlsx": (
        "trafficking",
        "indicator: trafficking_victims\ndefinition: victim_detected\njurisdiction: {dim: iso3_code, codes: iso3}\n"
        "ignore: [country, region, subregion, indicator, dimension, category, sex, age, unit, source, occurrence]",
        book(
            {
                "data": [
                    ["UNODC"],
                    ["14/04/2025"],
                    [*GLOTIP, "Unit of measurement", "txtVALUE", "Source"],
                    [*GLOTIP_ROW, "G"],
                ]
            }
        ),
    ),
    "frontex_xlsx": (
        "border_crossing",
        "indicator: illegal_border_crossings\ndefinition: detection_between_crossing_points\njurisdiction: EU_SAC\n"
        "partner: {dim: nationality, codes: name}\npartner_role: citizenship\nignore: [route, border_type]",
        book(
            {
                "Detections_of_IBC": [
                    ["Route", "Border type or inland", "Nationality", "JAN2023"],
                    ["Western Balkan Route", "Land", "China", 7],
                ],
                "Notes": [["FRAN data as of 03JUN25"]],
            }
        ),
    ),
    "schengen_visas_xlsx": (
        "visa",
        "indicator: visa_applications\ndefinition: schengen_visa_at_consulate\npartner_role: place_of_application\n"
        "jurisdiction: {dim: issuer, codes: name}\npartner: {dim: country, codes: name}\n"
        "where: {count: [applied]}\nignore: [posts, scheme, visa]",
        book(
            {
                "Data for consulates": [
                    [
                        "Schengen State",
                        "Country where consulate is located",
                        "Consulate",
                        "C visas applied for",
                        "C visas issued",
                    ],
                    ["GERMANY", "CHINA", "BEIJING", 7, 6],
                    ["", "", "Total worldwide 2023", 7, 6],
                ]
            }
        ),
    ),
    "missing_migrants_xlsx": (
        "migrant_death",
        DEAD,
        book({"Worksheet": [INCIDENT, ["2023.1", "2023-05-06", 2023, 7, "", *WHERE]]}),
    ),
    "missing_migrants_csv": (
        "migrant_death",
        DEAD,
        f"{','.join(INCIDENT)}\n2023.1,2023-05-06,2023,7,,{','.join(WHERE)}\n",
    ),
    "ctdc_csv": (
        "trafficking",
        "indicator: trafficking_case_records\ndefinition: case_record\nignore: [gender, citizenship]\n"
        "jurisdiction: {dim: country_of_exploitation, codes: iso2}",
        "yearOfRegistration,Datasource,gender,ageBroad,citizenship,CountryOfExploitation\n" + "2023,C,F,9,CN,DE\n" * 7,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_dataset_of_a_known_format_needs_an_entry_and_no_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    table, observe, payload = CASES[name]
    text = PUBLISHER.format(table=table, dimensions=PLAIN[table], observe=indent(observe, " " * 6))
    entry = catalogue.load(text, "new.yaml")
    monkeypatch.setattr(catalogue, "publishers", lambda: {"new": entry})
    path = tmp_path / "payload"
    path.write_bytes(payload if isinstance(payload, bytes) else payload.encode())
    assert name == reading.recognise(path).NAME
    workspace = Workspace(tmp_path / "data", "live")
    import_file(workspace, entry, "thing", path, None)
    result = stages.observations(workspace, "new/thing")
    assert result.failures == []
    assert result.unmatched.collect().rows() == []
    assert result.frame.select("jurisdiction", "value").collect().rows() == [
        ("EU_SAC" if "frontex" in name else "DEU", 7.0)
    ]
    assert result.frame.collect()["period"].dt.year().to_list() == [2020 if name == "undesa_xlsx" else 2023]


def test_every_format_of_statistics_has_a_case() -> None:
    """The formats without a case, of law, of China's publishers and of an annex, have their own tests."""
    others = {"nbs_json", "nbs_easyquery", "figures_csv", "sparql_json", "untc_html", "untc_xml"}
    others |= {"normlex_html", "law_docx", "law_csv", "globalcit_csv", "flk_json", "cellar_notice_xml"}
    others |= {"codings_csv", "codings_xlsx", "nbs_table_csv", "nbs_table_xlsx", "oecd_annex_xlsx"}
    assert {form.NAME for form in registry.FORMATS} == others | CASES.keys()
