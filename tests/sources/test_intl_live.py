"""International sources, live: which requests are sent, and which observations the responses become."""

from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets import stages
from assets.core.workspace import Workspace
from assets.ingest.fetch import Reception, receive
from assets.ingest.imports import import_file
from sources import catalogue
from sources.catalogue.model import Endpoint, Paging, Publisher
from sources.protocols.paging import next_page, slice_without_page
from sources.request import Request
from tests.support import publisher_double
from tests.support.loopback import Script, begin, reply
from tests.support.publisher_double import (
    Double,
    bilateral,
    book,
    filled_double,
    indicator,
    inflow,
    projection,
    run_double,
    students,
    worker,
)

REAL = catalogue.publishers
INFLOWS = ("B11", "Inflows of foreign population")
Publish = Callable[..., Publisher]
Figures = list[tuple[object, ...]]


@pytest.fixture
def publishers() -> Iterator[Double]:
    with run_double(filled_double()) as started:
        yield started


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "data", "live")


@pytest.fixture
def publish(publishers: Double, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Replaces the catalogue by one dataset of a publisher, with these changes."""

    def published(name: str, dataset: str, **changes: object) -> Publisher:
        monkeypatch.setattr(catalogue, "publishers", REAL)
        entry = publisher_double.publisher_at(publishers, name, {dataset: changes})
        monkeypatch.setattr(catalogue, "publishers", lambda: {name: entry})
        return entry

    return published


def figures(workspace: Workspace, name: str, *fields: str) -> Figures:
    """These fields of a dataset's observations, in the order of the payload."""
    made = stages.observations(workspace, name)
    assert made.failures == []
    assert made.unmatched.collect().is_empty()
    return made.frame.sort("locator").select(*fields).collect().rows()


def test_oecd_is_requested_by_both_sides_and_measures_are_read_by_their_codes(
    publishers: Double, workspace: Workspace, publish: Publish
) -> None:
    sides = [{"ref_area": ["DEU"], "citizenship": [""]}, {"ref_area": [""], "citizenship": ["CHN"]}]
    entry = publish("oecd", "imd_inflows", alternatives=sides)
    publishers.tables["oecd"] = [
        inflow("CHN", "DEU", 2022, 31_000, INFLOWS),
        inflow("W", "DEU", 2022, 2_000_000, INFLOWS),
        inflow("CHN", "USA", 2022, 67_000, ("B11", "Inflows, in other words")),
    ]
    assert receive(workspace, entry, "imd_inflows") == Reception(received=2)
    base = "/public/rest/data/OECD.ELS.IMD,DSD_MIG@DF_MIG,1.0"
    query = "?format=csvfilewithlabels&dimensionAtObservation=AllDimensions"
    assert publishers.requested_addresses() == [f"{base}/DEU..A.B11....{query}", f"{base}/.CHN.A.B11....{query}"]
    assert sorted(figures(workspace, "oecd/imd_inflows", "indicator", "jurisdiction", "partner", "value", "unit")) == [
        ("foreign_inflows", "DEU", "CHN", 31_000.0, "persons"),  # in both responses
        ("foreign_inflows", "DEU", "_T", 2_000_000.0, "persons"),
        ("foreign_inflows", "USA", "CHN", 67_000.0, "persons"),
    ]
    publishers.tables["oecd"] = [inflow("ZZZ", "DEU", 2022, 31_000, INFLOWS)]
    receive(workspace, entry, "imd_inflows")
    made = stages.observations(workspace, "oecd/imd_inflows")
    assert made.frame.collect().height == 3  # the response before remains in use
    assert "codes that no crosswalk has (citizenship 'ZZZ')" in made.failures[0]


def test_oecd_without_data_is_a_failure_with_its_text(
    publishers: Double, workspace: Workspace, publish: Publish
) -> None:
    entry = publish("oecd", "imd_inflows", alternatives=[{"ref_area": ["ROU"], "citizenship": [""]}])
    publishers.instead["OECD"] = [reply(b"NoRecordsFound", 404)]
    (failure,) = receive(workspace, entry, "imd_inflows").failures
    assert "404" in failure
    assert "NoRecordsFound" in failure


def test_ilostat_requires_a_user_agent_and_returns_thousands(
    publishers: Double, workspace: Workspace, publish: Publish
) -> None:
    name = "MST_XWAP_SEX_AGE_CCT_NB_A"
    entry = publish("ilostat", name, filters={"id": [name], "ref_area": ["ITA", "MLT"]})
    publishers.tables["ilostat"] = [worker("ITA", "Italy", 1_234.5), worker("MLT", "Malta", "", "Unreliable")]
    publishers.instead["/data/indicator/"] = [for_browsers(publishers)]
    assert receive(workspace, entry, name) == Reception(received=1)
    assert publishers.requested_addresses() == [f"/data/indicator/?type=label&format=.csv&id={name}&ref_area=ITA+MLT"]
    fields = ("jurisdiction", "partner", "age", "value", "obs_status", "missing_reason")
    assert figures(workspace, f"ilostat/{name}", *fields) == [
        ("ITA", "FOR", "Y25T54", 1_234_500.0, "A", None),
        ("MLT", "FOR", "Y25T54", None, "U", "not_published"),
    ]


def for_browsers(publishers: Double) -> Script:
    """403 for the user agent of a library, and the usual response for a client that names itself."""

    def script(handler: BaseHTTPRequestHandler) -> None:
        bare = handler.headers.get("User-Agent", "").startswith(("python", "curl")) or not handler.headers["User-Agent"]
        (reply(b"forbidden", 403) if bare else publishers.answer_by_route)(handler)

    return script


def test_uis_requests_repeat_a_parameter_for_each_unit(
    publishers: Double, workspace: Workspace, publish: Publish
) -> None:
    entry = publish("uis", "MENF.5T8", filters={"indicator": ["MENF.5T8"], "geoUnit": ["CHN", "DEU"]})
    publishers.tables["uis"] = [students("MENF.5T8", "CHN", 2022, -841_380), students("MENF.5T8", "DEU", 2022, 250_000)]
    assert receive(workspace, entry, "MENF.5T8") == Reception(received=1)
    (address,) = publishers.requested_addresses()
    assert address.endswith("&indicator=MENF.5T8&geoUnit=CHN&geoUnit=DEU")
    assert figures(workspace, "uis/MENF.5T8", "indicator", "jurisdiction", "value") == [
        ("net_mobile_students", "CHN", -841_380.0),
        ("net_mobile_students", "DEU", 250_000.0),
    ]


def test_data360_is_read_page_by_page_to_its_end(publishers: Double, workspace: Workspace, publish: Publish) -> None:
    entry = publish("worldbank", "knomad_remittance")
    publishers.tables["data360"] = [
        bilateral("WB_KNOMAD_BRE", "DEU", "CHN", 751.5),
        bilateral("WB_KNOMAD_BRE", "DEU", "POL", 2_000),
        bilateral("WB_KNOMAD_BRE", "DEU", "WLD", 20_000),
        bilateral("WB_KNOMAD_BRE", "WLD", "CHN", 53_000),
        bilateral("WB_KNOMAD_BRE", "JPN", "CHN", 4_000.25),
    ]
    assert receive(workspace, entry, "knomad_remittance") == Reception(received=3)
    requested = publishers.requested_addresses()
    assert [address.partition("INDICATOR=WB_KNOMAD_BRE")[2] for address in requested] == ["", "&skip=2", "&skip=4"]
    found = figures(workspace, "worldbank/knomad_remittance", "jurisdiction", "partner", "value")
    assert sorted(found) == [
        ("CHN", "DEU", 751_500_000.0),  # China receives what Germany sends, though REF_AREA is Germany
        ("CHN", "JPN", 4_000_250_000.0),
        ("CHN", "_T", 53_000_000_000.0),
        ("POL", "DEU", 2_000_000_000.0),
        ("WLD", "DEU", 20_000_000_000.0),
    ]
    publishers.tables["data360"].pop()
    assert receive(workspace, entry, "knomad_remittance").received + 1 >= 2
    assert len(publishers.requested_addresses()) == 2


def test_a_dataset_without_requests_can_be_imported(
    publishers: Double, workspace: Workspace, publish: Publish, tmp_path: Path
) -> None:
    entry = publish("worldbank", "remittance_prices")
    assert receive(workspace, entry, "remittance_prices") == Reception()
    assert publishers.requested_addresses() == []
    head = "Sending Countries Name,Sending Countries Code,Series Name,Series Code,"
    head += "Receiving Countries  Name,Receiving Countries  Code,2020Q3 [YR2020Q3]"
    lines = [head, "Germany,DEU,Cost,ATCR.CORR,China,CHN,-0.5", *[",,,,,,"] * 3]
    lines += ["Data from database: Remittance Prices Worldwide (Corridors),,,,,,", "Last Updated: 12/07/2020,,,,,,", ""]
    (tmp_path / "export.csv").write_text("\n".join(lines))
    import_file(workspace, entry, "remittance_prices", tmp_path / "export.csv", None)
    fields = ("jurisdiction", "partner", "partner_role", "value", "unit", "obs_status", "freq")
    expected = [("DEU", "CHN", "destination", -0.5, "percent", "U", "Q")]
    assert figures(workspace, "worldbank/remittance_prices", *fields) == expected


@given(count=st.integers(0, 400), step=st.integers(1, 50))
def test_pages_that_skip_records_contain_each_record_once(
    tmp_path_factory: pytest.TempPathFactory, count: int, step: int
) -> None:
    body = tmp_path_factory.mktemp("count") / "body"
    body.write_text(f'{{"count": {count}, "value": []}}')
    paging = Paging(parameter="skip", pages="/count", step=step)
    endpoint = Endpoint(url="https://example.org", accept="json", paging=paging)
    page: Request | None = Request("p", "d", "all", endpoint.url, (("top", str(step)),), "json")
    skipped, slices = [], set()
    while page is not None:
        skipped.append(int(dict(page.params).get("skip", "0")))
        slices.add(page.slice)
        assert slice_without_page(page.slice, dict(page.params).get("skip")) == "all"
        page = next_page(endpoint, page, body)
    assert skipped == list(range(0, max(count, 1), step))
    assert len(slices) == len(skipped)


def test_the_data_portal_requires_a_token(
    publishers: Double, workspace: Workspace, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "total_net_migration"
    entry = publish("undesa", name, filters={"location": ["156", "276"]})
    publishers.tables["portal"] = [projection(at, year, -500 * at) for at in (156, 276) for year in (2022, 2023)]
    monkeypatch.delenv("UN_DATA_PORTAL_TOKEN", raising=False)
    (absent,) = receive(workspace, entry, name).absent
    assert "UN_DATA_PORTAL_TOKEN" in absent
    assert publishers.requested_addresses() == []
    monkeypatch.setenv("UN_DATA_PORTAL_TOKEN", "a-token")
    publishers.instead["dataportalapi"] = [with_token(publishers)]
    assert receive(workspace, entry, name) == Reception(received=2)
    assert [request.headers["authorization"] for request in publishers.server.received] == ["Bearer a-token"] * 2
    assert "pageNumber=2" in publishers.requested_addresses()[1]
    assert figures(workspace, f"undesa/{name}", "jurisdiction", "period", "value")[0][::2] == ("CHN", -78_000.0)
    assert "a-token" not in "".join(str(fetch) for fetch in workspace.archive.fetches())


def with_token(publishers: Double) -> Script:
    """401 with an empty body without a bearer token."""

    def script(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("Authorization") == "Bearer a-token":
            publishers.answer_by_route(handler)
        else:
            begin(handler, 401, Content_Length="0")

    return script


def test_net_migration_of_the_package_is_in_thousands(
    publishers: Double, workspace: Workspace, publish: Publish
) -> None:
    entry = publish("undesa", "wpp_net_migration")
    publishers.workbooks["migration.txt"] = b"country_code\tcountry\t2022\t2023\n156\tChina\t-293.846\t-567.724\n"
    assert receive(workspace, entry, "wpp_net_migration") == Reception(received=1)
    assert figures(workspace, "undesa/wpp_net_migration", "jurisdiction", "value") == [
        ("CHN", -293_846.0),
        ("CHN", -567_724.0),
    ]


GLOTIP = ["Iso3_code", "Country", "Region", "Subregion", "Indicator", "Dimension", "Category", "Sex", "Age", "Year"]
GLOTIP += ["Unit of measurement", "txtVALUE", "Source"]


def victims(value: str, category: str = "Total", dimension: str = "Total") -> list[object]:
    place = ["DEU", "Germany", "Europe", "Western Europe", "Detected trafficking victims"]
    return [*place, dimension, category, "Total", "Total", 2022, "Counts", value, "GLOTIP"]


def test_the_workbook_of_unodc_is_found_on_its_page(publishers: Double, workspace: Workspace, publish: Publish) -> None:
    entry = publish("unodc", "glotip")
    rows: list[list[object]] = [
        ["UNODC"],
        ["14/04/2025"],
        [*GLOTIP],
        victims("1,757"),
        victims("<5", "Chinese", "by citizenship"),
    ]
    file = "/sites/dataportal.unodc.org/files/2026-03/data_glotip.xlsx"
    publishers.pages["/datareport/tip-victims"] = f"<html><a href='{file}'>data</a></html>".encode()
    publishers.pages[file] = book({"data_glotip_1": rows})
    assert receive(workspace, entry, "glotip") == Reception(received=1)
    assert publishers.requested_addresses() == ["/datareport/tip-victims", file]
    fields = ("partner", "partner_role", "value", "value_min", "value_max", "missing_reason")
    assert figures(workspace, "unodc/glotip", *fields) == [
        ("_T", "_Z", 1_757.0, None, None, None),
        ("CHN", "citizenship", None, 1.0, 4.0, "suppressed"),
    ]


def test_the_frontex_file_with_the_newest_day_is_found_on_its_page(
    publishers: Double, workspace: Workspace, publish: Publish
) -> None:
    entry = publish("frontex", "detections")
    header: list[object] = ["Route", "Border type or inland", "Nationality", "APR2025"]
    row: list[object] = ["Western Balkan Route", "Land", "China", 17]
    sheets: dict[str, list[list[object]]] = {
        "Detections_of_IBC": [header, row],
        "Notes": [["Source: FRAN data as of 03JUN25"]],
    }
    publishers.workbooks["2025/Monthly_detections_of_IBC_2025_06_03.xlsx"] = book(sheets)
    publishers.workbooks["2024/Monthly_detections_of_IBC_2024_06_03.xlsx"] = b"PK\x03\x04 an older one"
    assert receive(workspace, entry, "detections") == Reception(received=1)
    assert publishers.requested_addresses() == [
        "/what-we-do/monitoring-and-risk-analysis/migratory-map/",
        "/assets/Migratory_routes/2025/Monthly_detections_of_IBC_2025_06_03.xlsx",
    ]
    fields = ("jurisdiction", "partner", "route", "border", "value", "unit", "freq")
    assert figures(workspace, "frontex/detections", *fields) == [
        ("EU_SAC", "CHN", "WBALK", "LAND", 17.0, "crossings", "M")
    ]


def test_a_page_without_the_link_is_a_failure(publishers: Double, workspace: Workspace, publish: Publish) -> None:
    entry = publish("frontex", "detections")
    (failure,) = receive(workspace, entry, "detections").failures
    assert "no link like" in failure


INCIDENT = ["Main ID", "Incident ID", "Region of Incident", "Incident Date", "Incident Year", "Number of Dead"]
INCIDENT += ["Minimum Estimated Number of Missing", "Country of Origin", "Cause of Death", "Country of Incident"]
INCIDENT += ["Migration Route"]


def test_every_incident_is_a_separate_row(publishers: Double, workspace: Workspace, publish: Publish) -> None:
    entry = publish("iom", "missing_migrants")
    rows: list[list[object]] = [
        [
            *["2024.MMP1"] * 2,
            "Mediterranean",
            "2024-05-06",
            2024,
            3,
            "",
            "China",
            "Drowning",
            "Italy",
            "Central Mediterranean",
        ],
        [
            *["2024.MMP2"] * 2,
            "Mediterranean",
            "2024-05-06",
            2024,
            "",
            7,
            "Unknown",
            "Drowning",
            "Italy",
            "Central Mediterranean",
        ],
    ]
    name = "Missing_Migrants_Global_Figures_allData"
    publishers.workbooks[name] = book({"Worksheet": [INCIDENT, *rows]})
    assert receive(workspace, entry, "missing_migrants") == Reception(received=1)
    fields = ("indicator", "partner", "route", "incident", "value", "freq")
    assert figures(workspace, "iom/missing_migrants", *fields) == [
        ("migrants_dead", "CHN", "CMED", "2024.MMP1", 3.0, "D"),
        ("migrants_missing", "_U", "CMED", "2024.MMP2", 7.0, "D"),
    ]


def test_case_records_are_imported_and_counted(
    publishers: Double, workspace: Workspace, publish: Publish, tmp_path: Path
) -> None:
    entry = publish("iom", "ctdc_global")
    head = "yearOfRegistration,Datasource,gender,ageBroad,citizenship,CountryOfExploitation"
    alike = "2016,Case management,Female,18--20,CN,DE"
    text = "\n".join((head, alike, alike, "2016,Case management,Male,-99,NA,DE", ""))
    (tmp_path / "records.csv").write_text(text)
    import_file(workspace, entry, "ctdc_global", tmp_path / "records.csv", None)
    assert publishers.requested_addresses() == []
    assert figures(workspace, "iom/ctdc_global", "partner", "sex", "value") == [("CHN", "F", 2.0), ("NAM", "M", 1.0)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SM.POP.TOTL.ZS", ("CHN", "_T", "percent")),
        ("BX.TRF.PWKR.DT.GD.ZS", ("CHN", "_T", "percent")),
        ("SM.POP.RHCR.EA", ("CHN", "_T", "persons")),
        ("SM.POP.RHCR.EO", ("WLD", "CHN", "persons")),
    ],
)
def test_the_indicators_of_the_world_bank_have_the_same_requests(
    publishers: Double, workspace: Workspace, publish: Publish, name: str, expected: tuple[str, ...]
) -> None:
    entry = publish("worldbank", name, filters={"country": ["CHN"]})
    publishers.worldbank[name] = [indicator(name, ("CN", "CHN"), 2024, 12)]
    assert receive(workspace, entry, name) == Reception(received=1)
    assert publishers.requested_addresses() == [f"/v2/country/CHN/indicator/{name}?format=json&per_page=20000"]
    assert figures(workspace, f"worldbank/{name}", "jurisdiction", "partner", "unit") == [expected]


def unhcr_item(**figures_: object) -> Mapping[str, object]:
    sides = {f"{side}_{kind}": code for side, code in (("coo", "CHN"), ("coa", "DEU")) for kind in ("iso", "name")}
    return {"year": 2025, "coo_id": 1, "coa_id": 2, "coo": "CHI", "coa": "GFR"} | sides | figures_


def test_unhcr_solutions_and_ages_are_dimensions(publishers: Double, workspace: Workspace, publish: Publish) -> None:
    side = [{"coa": ["DEU"], "coo_all": ["true"]}]
    entry = publish("unhcr", "solutions", alternatives=side)
    publishers.unhcr["solutions"] = [dict(unhcr_item(naturalisation=25, resettlement="0"))]
    assert receive(workspace, entry, "solutions") == Reception(received=1)
    assert sorted(figures(workspace, "unhcr/solutions", "indicator", "sex", "value")) == [
        ("naturalised_refugees", "_T", 25.0),
        ("resettled_refugees", "_T", 0.0),
    ]
    entry = publish("unhcr", "demographics", alternatives=side)
    publishers.unhcr["demographics"] = [dict(unhcr_item(pop_type="REF", f_5_11=6, f_other=5, total=17))]
    publishers.requested_addresses()
    assert receive(workspace, entry, "demographics") == Reception(received=1)
    assert "ptype_show=true" in publishers.requested_addresses()[0]
    assert sorted(figures(workspace, "unhcr/demographics", "indicator", "sex", "age", "value")) == [
        ("refugees", "F", "Y5T11", 6.0),
        ("refugees", "F", "_U", 5.0),
        ("refugees", "_T", "_T", 17.0),
    ]
