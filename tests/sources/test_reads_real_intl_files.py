"""Real files of UNHCR, the World Bank, UN DESA, UNdata and KNOMAD, each read a second time with independent code."""

import csv
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from sources.formats.delimited import (
    ilostat_csv,
    missing_migrants_csv,
    sdmx_csv,
    uis_csv,
    undata_csv,
    unhcr_csv,
    worldbank_csv,
    wpp_tsv,
)
from sources.formats.workbook import frontex_xlsx, glotip_xlsx, knomad_xlsx, missing_migrants_xlsx, undesa_xlsx
from sources.reading import Format, opened

pytestmark = pytest.mark.corpus

POPULATION = "unhcr/population_2015-2023_extracted_2024-07-21.csv"
DECISIONS = "unhcr/asylum-decisions_extracted_2024-07.csv"
POPSTATS = "unhcr/legacy_popstats/unhcr_popstats_export_time_series_2015_07_09_172031.csv"
POPSTATS_TWO = "unhcr/legacy_popstats/unhcr_popstats_export_time_series_2015_07_10_150142_refugees.csv"
NETM = "worldbank/API_SM.POP.NETM_DS2_en_csv_v2_3401672.csv"
URBAN = "worldbank/API_16_urban-development-raw-2021.csv"
CORRIDORS = "worldbank/databank_RPW_corridors_36d1ed87_Data.csv"
YEARBOOK = "undesa/SYB68_327_202511_International_Migrants_and_Refugees.csv"
STOCK = "undesa/undesa_pd_2020_ims_stock_by_sex_and_destination.xlsx"
MIGRATION = "worldbank/knomad_bilateral_migration_matrix_2021_latest.xlsx"
REMITTANCE = "worldbank/knomad_bilateral_remittance_matrix_2021.xlsx"
INFLOWS = "oecd/OECD.ELS.IMD_DSD_MIG@DF_MIG_csvfilewithlabels.csv"
WORKERS = "ilo/MST_XWAP_SEX_AGE_CCT_NB_A-filtered-2025-10-31.csv"
STUDENTS = "uis/uis_api_export_26637_and_others_RAW_inbound_and_outbound_data.csv"
STUDENTS_NET = "uis/uis_api_export_MENF.5T8_inbound-outbound_intl.csv"
INCIDENTS = "iom/Missing_Migrants_Global_Figures_allData_2025.xlsx"
INCIDENTS_OF_THE_SITE = "iom/MissingMigrants-Global-2026-05-06--19_42_11.csv"
TRAFFICKING = "unodc/data_glotip_2025-04-14.xlsx"
DETECTIONS = "frontex/Monthly_detections_of_IBC_2025_06_03_as_ibc.xlsx"
PROSPECTS = "undesa/wpp2024_R_package/migration.txt"
PROJECTED = "undesa/wpp2024_R_package/migrationprojMed.txt"
BY_AGE = "undesa/wpp2024_R_package/migrationF5.txt"
HDX = {name: f"unhcr/hdx_fixtures/HDX_{name}.csv" for name in ("AsylumApplications", "AsylumDecisions", "Solutions")}
HDX |= {name: f"unhcr/hdx_fixtures/HDX_{name}.csv" for name in ("Demographics", "EndYearPopulationTotals")}

Texts = Iterable[str]


def records(path: Path, skip: int, encoding: str = "utf-8-sig") -> Iterator[list[str]]:
    """The records below the first ``skip`` lines."""
    with path.open(encoding=encoding, newline="") as file:
        for _ in range(skip):
            next(file)
        yield from csv.reader(file)


def columns(skip: int, first: int, end: int | None = None) -> Callable[[Path], Texts]:
    """The fields of these columns, counted from 0, below ``skip`` lines."""
    return lambda path: (field for record in records(path, skip) for field in record[first:end])


def filled(texts: Callable[[Path], Texts]) -> Callable[[Path], Texts]:
    return lambda path: (text for text in texts(path) if text)


def corridors(path: Path) -> Texts:
    return (field for record in records(path, 1) if record[1] for field in record[6:])


def yearbook(path: Path) -> Texts:
    return (record[4].replace(",", "") for record in records(path, 2, "cp1252"))


def stock(path: Path) -> Texts:
    book = CalamineWorkbook.from_path(path)
    for name in [f"Table {number}" for number in range(1, 7)]:
        rows = book.get_sheet_by_name(name).iter_rows()
        for row in rows:
            if row[0] != "" and isinstance(row[3], int | float):
                yield from map(str, row[5:])


def matrix(last: str) -> Callable[[Path], Texts]:
    """The fields of a matrix that are not white space, up to its row of totals."""

    def fields(path: Path) -> Texts:
        for at, row in enumerate(CalamineWorkbook.from_path(path).get_sheet_by_index(0).iter_rows()):
            if at >= 2:
                yield from (str(value) for value in row[1:] if str(value).strip())
            if row[0] == last:
                return

    return fields


def students(path: Path) -> Texts:
    return (record[5] if record[5] == "NA" else record[3] for record in records(path, 1))


def cells_of(first: int, last: int | None, below: int) -> Callable[[Path], Texts]:
    """The fields of these columns of the first sheet, counted from 0, below the first ``below`` rows."""

    def fields(path: Path) -> Texts:
        for row in list(CalamineWorkbook.from_path(path).get_sheet_by_index(0).iter_rows())[below:]:
            yield from (str(value).replace(",", "") for value in row[first:last])

    return fields


def lines(first: int, end: int | None = None) -> Callable[[Path], Texts]:
    """The fields of a tab-separated text from a column on."""
    return lambda path: (
        field for line in path.read_text(encoding="utf-8").splitlines()[1:] for field in line.split("\t")[first:end]
    )


# For each file: its format, an independent reading of the texts of its cells, and its numbers of cells and values.
FILES: dict[str, tuple[str, Callable[[Path], Texts], int, int]] = {
    POPULATION: ("unhcr_csv", columns(15, 5), 341_117, 292_502),
    DECISIONS: ("unhcr_csv", columns(1, 8), 228_205, 228_205),
    POPSTATS: ("unhcr_csv", columns(4, 4), 7_410, 2_858),
    POPSTATS_TWO: ("unhcr_csv", columns(4, 4), 14_820, 6_131),
    HDX["AsylumApplications"]: ("unhcr_csv", columns(1, 7), 300, 300),
    HDX["AsylumDecisions"]: ("unhcr_csv", columns(1, 7), 1_670, 1_670),
    HDX["Solutions"]: ("unhcr_csv", columns(1, 3), 604, 604),
    HDX["Demographics"]: ("unhcr_csv", columns(1, 7), 17_085, 17_085),
    HDX["EndYearPopulationTotals"]: ("unhcr_csv", columns(1, 3), 4_470, 4_470),
    NETM: ("worldbank_csv", filled(columns(5, 4)), 16_960, 16_960),
    URBAN: ("worldbank_csv", filled(columns(5, 4)), 127_220, 127_220),
    CORRIDORS: ("worldbank_csv", corridors, 186_480, 10_417),
    YEARBOOK: ("undata_csv", yearbook, 6_966, 6_966),
    STOCK: ("undesa_xlsx", stock, 30_564, 27_531),
    MIGRATION: ("knomad_xlsx", matrix("World"), 13_512, 13_511),
    REMITTANCE: ("knomad_xlsx", matrix("WORLD"), 10_619, 10_619),
    INFLOWS: ("sdmx_csv", columns(1, 22, 23), 393, 393),
    WORKERS: ("ilostat_csv", columns(1, 7, 8), 160, 154),
    STUDENTS: ("uis_csv", students, 9_186, 9_065),
    STUDENTS_NET: ("uis_csv", students, 2_307, 2_307),
    INCIDENTS: ("missing_migrants_xlsx", filled(cells_of(7, 14, 1)), 65_200, 65_200),
    INCIDENTS_OF_THE_SITE: ("missing_migrants_csv", filled(columns(1, 6, 12)), 707, 707),
    TRAFFICKING: ("glotip_xlsx", cells_of(11, 12, 3), 58_769, 29_211),
    DETECTIONS: ("frontex_xlsx", cells_of(3, None, 1), 173_460, 173_460),
    PROSPECTS: ("wpp_tsv", lines(2, 76), 21_978, 21_978),
    PROJECTED: ("wpp_tsv", lines(2), 22_869, 22_869),
    BY_AGE: ("wpp_tsv", lines(3), 99_792, 99_792),
}
FORMATS: dict[str, Format] = {
    "unhcr_csv": unhcr_csv,
    "worldbank_csv": worldbank_csv,
    "undata_csv": undata_csv,
    "undesa_xlsx": undesa_xlsx,
    "knomad_xlsx": knomad_xlsx,
    "sdmx_csv": sdmx_csv,
    "ilostat_csv": ilostat_csv,
    "uis_csv": uis_csv,
    "missing_migrants_xlsx": missing_migrants_xlsx,
    "missing_migrants_csv": missing_migrants_csv,
    "glotip_xlsx": glotip_xlsx,
    "frontex_xlsx": frontex_xlsx,
    "wpp_tsv": wpp_tsv,
}


@pytest.mark.parametrize("name", FILES)
def test_every_cell_and_value_of_a_real_file_is_read(corpus: Path, name: str) -> None:
    form, texts, count, values = FILES[name]
    cells = FORMATS[form].read(corpus / "intl" / name)
    frame = cells.frame.collect()
    expected = list(texts(corpus / "intl" / name))
    numbers = [float(text) for text in expected if text.lstrip("-").replace(".", "", 1)[:1].isdigit()]
    assert frame.height == len(expected) == count
    assert frame["value"].count() == len(numbers) == values
    assert math.isclose(frame["value"].sum(), math.fsum(numbers), rel_tol=1e-12)
    assert frame["locator"].n_unique() == count
    assert frame["time"].null_count() == 0
    assert frame.columns[: len(cells.dimensions)] == list(cells.dimensions)


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_is_recognised_by_exactly_one_format(corpus: Path, name: str) -> None:
    path = corpus / "intl" / name
    with path.open("rb") as file:
        head = file.read(65_536)
    assert [form for form, module in FORMATS.items() if module.recognises(head, path)] == [FILES[name][0]]


@pytest.mark.parametrize("name", FILES)
def test_a_value_of_a_real_file_is_found_again_at_its_locator(corpus: Path, name: str) -> None:
    module, path = FORMATS[FILES[name][0]], corpus / "intl" / name
    find = module.finder(path)
    some = module.read(path).frame.select("locator", "value", "raw").collect().sample(50, seed=20261124)
    for locator, value, raw in some.rows():
        text = find(locator)
        assert text == (raw or "") if value is None else float(text.replace(",", "")) == value


def only(corpus: Path, name: str, **where: str) -> float | None:
    """The one value of a file with these dimensions."""
    frame = FORMATS[FILES[name][0]].read(corpus / "intl" / name).frame
    value: float | None = frame.filter(**where).select("value").collect().item()
    return value


def test_known_figures_of_real_files(corpus: Path) -> None:
    total = "International migrant stock: Both sexes (number)"
    assert only(corpus, YEARBOOK, area="156", time="2024", series=total) == 1_638_718
    assert only(corpus, STOCK, table="Table 1", destination="156", sex="T", time="2020") == 1_039_675
    assert only(corpus, MIGRATION, origin="China", destination="Germany") == 155_595
    assert only(corpus, REMITTANCE, sender="Germany", receiver="China") == pytest.approx(751.5, abs=0.05)
    assert only(corpus, NETM, country="CHN", time="2022") == -311_380


def test_known_figures_of_more_true_files(corpus: Path) -> None:
    assert only(corpus, STUDENTS, indicator_id="26637", geo_unit="CHN", time="2023") == 200_892
    assert only(corpus, STUDENTS_NET, geo_unit="CHN", time="2022") == -841_380
    assert only(corpus, PROSPECTS, country_code="156", time="2022") == -293.846
    assert only(corpus, INCIDENTS, incident="2014.MMP00187", measure="dead") == 44
    assert only(corpus, INFLOWS, ref_area="GRC", time="2014") == 29_510


def test_a_zip_of_unesco_is_read_without_its_files_of_labels(corpus: Path) -> None:
    with opened(corpus / "intl/uis/hdx_fixture_NATMON.zip") as path:
        frame = uis_csv.read(path).frame.collect()
    assert frame.height == 9_390
    assert frame["geo_unit"].unique().to_list() == ["AFG"]


def test_austria_egypt_and_china_have_their_iso_codes(corpus: Path) -> None:
    frame = unhcr_csv.read(corpus / "intl" / POPULATION).frame.select("coa_name", "coa_iso").unique().collect()
    assert {"Austria": "AUT", "Egypt": "EGY", "China": "CHN"}.items() <= dict(frame.iter_rows()).items()


def test_not_reported_and_suppressed_values_are_not_zero(corpus: Path) -> None:
    population = unhcr_csv.read(corpus / "intl" / POPULATION).frame.filter(pl.col("raw") == "-").collect()
    assert population["measure"].value_counts().rows() == [("oip", 48_615)]
    popstats = unhcr_csv.read(corpus / "intl" / POPSTATS).frame.collect()
    assert popstats.filter(pl.col("raw") == "*").height == 3_360
    assert popstats.filter(pl.col("raw").is_null() & pl.col("value").is_null()).height == 1_192


def test_taiwan_s_stock_is_not_available_in_the_revision_of_2020(corpus: Path) -> None:
    frame = undesa_xlsx.read(corpus / "intl" / STOCK).frame.filter(table="Table 1", destination="158").collect()
    assert set(frame["raw"]) == {".."}


def test_footnotes_of_real_files_are_no_data(corpus: Path) -> None:
    path = corpus / "intl" / "unhcr/footnotes_extracted_2024-07.csv"
    assert not any(module.recognises(path.read_bytes(), path) for module in FORMATS.values())
