"""The files of the organisations in 2025 and 2026: the Population Division, UNODC, IOM and Frontex."""

from collections.abc import Mapping

from tests.support.publishers.server import NOT_FOUND, Answer, Asked, Route
from tests.support.publishers.states import FORBIDDEN, SIZE, STATES, workbook

# United Nations

BLOCKS = ("both sexes combined", "males", "females")
STOCK_YEARS = (1990, 1995, 2000, 2005, 2010, 2015, 2020, 2024)
UNDESA_FILES = "/development/desa/pd/sites/www.un.org.development.desa.pd/files/"


def undesa(asked: Asked) -> Answer:
    """The workbooks of the International Migrant Stock; 403 for a client that is not a browser."""
    if not asked.by_a_browser:
        return FORBIDDEN
    name = asked.path.removeprefix(UNDESA_FILES).removesuffix(".xlsx")
    if name == "undesa_pd_2024_ims_stock_by_sex_destination_and_origin":
        return workbook({"Contents": _contents("Destination and origin"), "Table 1": _by_origin()})
    if name == "undesa_pd_2024_ims_stock_by_sex_and_destination":
        return workbook({"Table of contents": _contents("Destination"), "Table 1": _by_destination()})
    return NOT_FOUND


def _contents(title: str) -> list[list[object]]:
    return [[], ["", f"International Migrant Stock 2024: {title}"]]


def _block_row(before: int) -> list[object]:
    row: list[object] = [""] * before
    for block in BLOCKS:
        row += [f"International migrant stock at mid-year, {block}", *[""] * (len(STOCK_YEARS) - 1)]
    return row


def _figures(weight: int) -> list[object]:
    return [weight * share for share in (2, 1, 1) for _ in STOCK_YEARS]


def _by_origin() -> list[list[object]]:
    area = "Region, development group, country or area of"
    names: list[object] = [
        "Index",
        f"{area} destination",
        "Notes of destination",
        "Location code of destination",
        "Type of data of destination",
    ]
    names += [f"{area} origin", "Location code of origin"]
    rows: list[list[object]] = [[] for _ in range(7)]
    rows += [_block_row(len(names)), [], [], [*names, *STOCK_YEARS * 3]]
    places = [("WORLD", 900, "")] + [
        (f"  {name}", code, "C" if code == 156 else "B") for _, code, name in STATES.values()
    ]
    index = 0
    for name, code, kind in places:
        for origin, origin_code in (("World", 900), ("China*", 156), ("China, Hong Kong SAR*", 344), ("Others", 2003)):
            index += 1
            rows.append([index, name, "", code, kind, origin, origin_code, *_figures(500 if origin == "World" else 5)])
    return rows


def _by_destination() -> list[list[object]]:
    names: list[object] = ["", "Region, development group, country or area", "Coverage", "Data type", "Location code"]
    titles = (
        "International Migrant Stock 2024: Destination",
        "Table 1: International migrant stock at mid-year by sex and by region, country or area of destination",
        "POP/DB/MIG/Stock/Rev.2024",
    )
    rows: list[list[object]] = [["", "", "", "", "", title] for title in titles]
    rows += [[], [], [], _block_row(len(names)), [], ["", "", "Migrant notes"], [*names, *STOCK_YEARS * 3]]
    rows.append([1, "World", "", "", 900, *_figures(15_000)])
    for index, (_, code, name) in enumerate(STATES.values(), 2):
        rows.append([index, name, "", "C" if code == 156 else "B", code, *_figures(500)])
    return rows


def wpp(asked: Asked) -> Answer:
    """The text of the division's R package on GitHub: thousands, tabs, a column for each year."""
    if asked.path != "/PPgp/wpp2024/main/data-raw/migration.txt" and not asked.path.endswith("/migration.txt"):
        return Answer(b"404: Not Found", "text/plain", 404)
    years = list(range(1950, 2024))
    lines = ["\t".join(["country_code", "name", *map(str, years)])]
    lines += [
        "\t".join([str(code), name, *(f"{SIZE[iso] / 2:.3f}" for _ in years)])
        for iso, (_, code, name) in STATES.items()
    ]
    return Answer("".join(f"{line}\n" for line in lines).encode(), "text/plain; charset=utf-8")


# UNODC, IOM, Frontex

UNODC_FILE = "/sites/dataportal.unodc.org/files/2026-03/data_glotip.xlsx"


def old_unodc(_asked: Asked) -> Answer:
    """The portal of before 2026: a web page for every address."""
    return Answer(
        b"<!DOCTYPE html><html><head><title>UNODC data portal</title></head><body>The portal has moved.</body></html>"
    )


def unodc(asked: Asked) -> Answer:
    """The portal of 2026: the report links to the workbook, whose address contains the month of its edition."""
    if asked.path == UNODC_FILE:
        return workbook({"data_glotip_1": _glotip()})
    if asked.path == "/datareport/tip-victims":
        link = f'<a href="{UNODC_FILE}">Download the dataset</a>'
        return Answer(f"<!DOCTYPE html><html><body><h1>Detected victims</h1>{link}</body></html>".encode())
    return NOT_FOUND


def _glotip() -> list[list[object]]:
    names: list[object] = [
        "Iso3_code",
        "Country",
        "Region",
        "Subregion",
        "Indicator",
        "Dimension",
        "Category",
        "Sex",
        "Age",
        "Year",
    ]
    names += ["Unit of measurement", "txtVALUE", "Source"]
    rows: list[list[object]] = [["UNODC"], ["14/03/2026"], names]
    for iso, (_, _, name) in STATES.items():
        for indicator in ("Detected trafficking victims", "Persons prosecuted", "Persons convicted"):
            for dimension, category, value in (("Total", "Total", "1,757"), ("by citizenship", "China", "<5")):
                place: list[object] = [
                    iso,
                    name,
                    "Europe",
                    "Europe",
                    indicator,
                    dimension,
                    category,
                    "Total",
                    "Total",
                    2022,
                ]
                rows.append([*place, "Counts", value, "GLOTIP"])
    return rows


IOM_FILES = "/sites/g/files/tmzbdl601/files/report-migrant-incident/"


def iom(asked: Asked) -> Answer:
    """Missing Migrants: the workbook of all data."""
    if asked.path != f"{IOM_FILES}Missing_Migrants_Global_Figures_allData.xlsx":
        return NOT_FOUND
    names = [
        "Main ID",
        "Incident ID",
        "Incident Type",
        "Region of Incident",
        "Incident Date",
        "Incident Year",
        "Month",
        "Number of Dead",
    ]
    names += [
        "Minimum Estimated Number of Missing",
        "Total Number of Dead and Missing",
        "Number of Survivors",
        "Number of Females",
    ]
    names += [
        "Number of Males",
        "Number of Children",
        "Country of Origin",
        "Region of Origin",
        "Cause of Death",
        "Country of Incident",
    ]
    names += [
        "Migration Route",
        "Location of Incident",
        "Coordinates",
        "UNSD Geographical Grouping",
        "Information Source",
        "URL",
        "Source Quality",
    ]
    rows: list[list[object]] = [list(names)]
    for at, (_, _, name) in enumerate(STATES.values(), 1):
        for origin, route, cause in (
            ("China", "", "Drowning"),
            ("Unknown", "Eastern Mediterranean", "Mixed or unknown"),
        ):
            number = f"2024.MMP{2 * at + (origin == 'China'):05d}"
            row: list[object] = [
                number,
                number,
                "Incident",
                "Mediterranean",
                "2024-01-06",
                2024,
                "January",
                1,
                "",
                1,
                "",
                "",
                1,
                "",
            ]
            rows.append(
                [*row, origin, "Unknown", cause, name, route, "a place", "37.28, 27", "Uncategorized", "a paper", "", 5]
            )
    return workbook({"Worksheet": rows})


def collaborative(_asked: Asked) -> Answer:
    """The Counter-Trafficking Data Collaborative: the site moved, and the file of 2020 is gone."""
    return Answer(b"<!DOCTYPE html><html><head><title>Page not found | CTDC</title></head></html>", status=404)


FRONTEX_FILE = "/assets/Migratory_routes/2026/Monthly_detections_of_IBC_2026_09_02.xlsx"


def frontex(asked: Asked) -> Answer:
    """The migratory map with the link to the workbook of the month."""
    if asked.path == FRONTEX_FILE:
        months = [f"{month}2026" for month in ("JAN", "FEB", "MAR")]
        routes = (
            "Central Mediterranean Route",
            "Eastern Mediterranean Route",
            "Western Balkan Route",
            "Black Sea Route",
        )
        nations = ("China", "Syria", "Kosovo*", "Palestine^", "Unspecified sub-Saharan nationals")
        rows: list[list[object]] = [["Route", "Border type or inland", "Nationality", *months]]
        rows += [
            [route, "Sea" if "Mediterranean" in route else "Land", nation, 1, 2, 0]
            for route in routes
            for nation in nations
        ]
        return workbook(
            {
                "Detections_of_IBC": rows,
                "Notes": [["Definition: Data reported on a monthly basis"]],
                "Dictionary": [["NationalityLong (third countries)"]],
            }
        )
    link = f'<a class="btn" href="{FRONTEX_FILE}">Monthly detections of IBC</a>'
    return Answer(f"<!DOCTYPE html><html><body>{link}</body></html>".encode())


# The Commission's visa statistics: the page, and a workbook each of consulates and of border crossing points.
VISA_PAGE = "/policies/schengen/visa-policy/short-stay-visas-issued-schengen-countries_en"
CONSULATES_FILE = "/document/download/56816949-e59f-442b-9091-5d03360bf860_en"
BORDER_FILE = "/document/download/0f1d3a4e-7a4b-4c57-8f1f-2e0d5c1b9a11_en"
METADATA_FILE = "/document/download/c4a6b7d8-1111-4222-8333-944445555666_en"
VISA_TITLES = (
    *("Schengen State", "Country where consulate is located", "Consulate", "Airport transit visas (ATVs) applied for "),
    *(" ATVs issued (including multiple)", "Multiple ATVs issued", "ATVs not issued ", "Not issued rate for ATVs"),
    *("Uniform visas applied for", "Total uniform visas issued (including MEV) \n"),
    *("Multiple entry uniform visas (MEVs) issued", "Share of MEVs on total number of uniform visas issued"),
    *("Total LTVs issued", "Uniform visas not issued", "Not issued rate for uniform visas"),
    *("Total ATVs and uniform visas applied for", "Total ATVs and uniform visas not issued"),
)
VISA_PLACES = (("CHINA", "BEIJING"), ("CHINA", "SHANGHAI"), ("HONG KONG S.A.R.", "HONG KONG"), ("INDIA", "MUMBAI"))


def home_affairs(asked: Asked) -> Answer:
    """The page with a link for each year, whose text is the year only, and the files behind them."""
    if asked.path == CONSULATES_FILE:
        return workbook(_visas_of_consulates())
    if asked.path == BORDER_FILE:
        return workbook({"Full data": _visas_at_border()})
    if asked.path == METADATA_FILE:
        return Answer(b"%PDF-1.7", "application/pdf")
    if asked.path != VISA_PAGE:
        return NOT_FOUND
    titles = ("Visa statistics for consulates", "Visa statistics issued at external border crossing points")
    columns = f"<tr><th>{titles[0]}</th><th>{titles[1]}</th></tr>"
    years = f'<tr><td><a href="{CONSULATES_FILE}">2025</a></td><td><a href="{BORDER_FILE}">2025</a></td></tr>'
    metadata = f'<a href="{METADATA_FILE}">Visa statistics - quality and metadata reporting</a>'
    return Answer(f"<!DOCTYPE html><html><body><table>{columns}{years}</table>{metadata}</body></html>".encode())


def _visas_of_consulates() -> dict[str, list[list[object]]]:
    schengen = [name for _, _, name in STATES.values() if name not in {"China", "Cyprus", "Ireland"}]
    rows = [
        [state, country, town, "", "", "", "", "", 100 + at, 90 + at, 60, 0.6, "", 10, 0.1, 100 + at, 10]
        for at, state in enumerate(["Norway", *schengen])
        for country, town in VISA_PLACES
    ]
    totals: list[object] = [
        sum(int(str(row[at])) for row in rows if isinstance(row[at], int)) for at in range(3, len(VISA_TITLES))
    ]
    below: list[list[object]] = [[], ["", "", "Total worldwide 2025", *totals]]
    by_state: list[list[object]] = [
        ["Schengen State", *(VISA_TITLES[at] for at in (8, 9, 10, 13))],
        *(
            [state, *(sum(int(str(row[at])) for row in rows if row[0] == state) for at in (8, 9, 10, 13))]
            for state in ["Norway", *schengen]
        ),
        ["Grand Total", *(totals[at - 3] for at in (8, 9, 10, 13))],
    ]
    national: list[list[object]] = [["Member State", *VISA_TITLES[1:]]]
    national += [["Cyprus", *row[1:]] for row in rows[: len(VISA_PLACES)]]
    return {
        "Description": [["Description of tables available in the compilation"]],
        "Data for consulates": [list(VISA_TITLES), *rows, *below],
        "Totals - Schengen State": [[], ["Country where consulate is located", "(All)"], [], *by_state],
        "CY": national,
    }


def _visas_at_border() -> list[list[object]]:
    posts = [
        [name, "Airport", "", "", 9, 7, 7, 2]
        for _, _, name in STATES.values()
        if name not in {"China", "Cyprus", "Ireland"}
    ]
    counts = ("ATVs applied for", " ATVs issued ", "Uniform visas applied for", "Uniform visas issued ")
    return [
        ["Schengen visas issued at border crossing points (BCPs) in 2025"],
        ["Country", "BCP", *counts, "Total ATVs, uniform visas issued  ", "LTVs issued"],
        *posts,
        ["", "Total all Schengen BCPs 2025", 0, 0, *(len(posts) * each for each in (9, 7, 7, 2))],
    ]


ROUTES: Mapping[str, Route] = {
    "home-affairs.ec.europa.eu": home_affairs,
    "www.un.org": undesa,
    "raw.githubusercontent.com": wpp,
    "dataunodc.un.org": old_unodc,
    "data.unodc.org": unodc,
    "missingmigrants.iom.int": iom,
    "www.ctdatacollaborative.org": collaborative,
    "www.frontex.europa.eu": frontex,
}
