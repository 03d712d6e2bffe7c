"""The figures of a release against the corpus, read there independently of the project's own readers."""

import csv
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from tests.conftest import Built
from tools.snapshot.corpus import read_r_file

pytestmark = pytest.mark.corpus

MEMBERS = (
    *("AUT", "BEL", "BGR", "CYP", "CZE", "DEU", "DNK", "ESP", "EST", "FIN", "FRA", "GRC", "HRV", "HUN", "IRL"),
    *("ITA", "LTU", "LUX", "LVA", "MLT", "NLD", "POL", "PRT", "ROU", "SVK", "SVN", "SWE"),
)
GEO = {"EL": "GRC", "UK": "GBR", "DE": "DEU", "IE": "IRL", "SE": "SWE", "AT": "AUT", "DK": "DNK", "PT": "PRT"}
GEO |= {"ES": "ESP", "FR": "FRA", "IT": "ITA", "BE": "BEL", "NL": "NLD", "PL": "POL", "FI": "FIN", "HU": "HUN"}
GEO |= {"CZ": "CZE", "SK": "SVK", "SI": "SVN", "HR": "HRV", "RO": "ROU", "BG": "BGR", "CY": "CYP", "MT": "MLT"}
GEO |= {"EE": "EST", "LV": "LVA", "LT": "LTU", "LU": "LUX", "CHE": "CHE", "CH": "CHE", "NO": "NOR", "IS": "ISL"}


def indexed(frame: pl.LazyFrame, *fields: str) -> dict[tuple[object, ...], float]:
    """Return the value by these fields; ``year`` is the year of the period."""
    columns = [pl.col("period").dt.year() if name == "year" else pl.col(name) for name in fields]
    rows = frame.select(*columns, pl.col("value")).collect()
    assert rows.select(rows.columns[:-1]).is_unique().all()
    return {tuple(row[:-1]): row[-1] for row in rows.iter_rows()}


def test_refugees_from_china_in_every_member_state_and_year(built: Built, corpus: Path) -> None:
    rows = read_r_file(corpus / "intl/unhcr/refugees_R_package/population.rda").to_dicts()
    published = {
        (row["coa_iso"], int(float(str(row["year"])))): row["refugees"]
        for row in rows
        if row["coo_iso"] == "CHN" and row["coa_iso"] in MEMBERS
    }
    frame = built.table("displacement").filter(
        pl.col("indicator") == "refugees", pl.col("partner") == "CHN", pl.col("dataset") == "unhcr/population"
    )
    ours = indexed(frame.filter(pl.col("jurisdiction").is_in(MEMBERS)), "jurisdiction", "year")
    assert len(published) > 500
    assert ours == published


def test_asylum_applications_of_chinese_citizens_in_every_member_state(built: Built, corpus: Path) -> None:
    rows = read_r_file(corpus / "intl/unhcr/refugees_R_package/asylum_applications.rda").to_dicts()
    published: dict[tuple[object, ...], float] = {}
    for row in rows:
        if row["coo_iso"] == "CHN" and row["coa_iso"] in MEMBERS and row["app_pc"] == "P":
            key = (row["coa_iso"], int(float(str(row["year"]))))
            published[key] = published.get(key, 0) + float(str(row["applied"]))
    frame = built.table("asylum").filter(pl.col("indicator") == "asylum_applications", pl.col("partner") == "CHN")
    frame = (
        frame.filter(pl.col("jurisdiction").is_in(MEMBERS))
        .group_by("jurisdiction", "period")
        .agg(pl.col("value").sum())
    )
    assert len(published) > 300
    assert indexed(frame, "jurisdiction", "year") == published


def test_china_born_in_every_member_state_from_1990_to_2024(built: Built, corpus: Path) -> None:
    rows = read_r_file(corpus / "intl/undesa/derived/iom_gdidata_undesa_stocks_2024.rda").to_dicts()
    sexes = {"female": "F", "male": "M"}
    published = {
        (row["geo"], int(str(row["t"])), sexes[str(row["sex"])]): row["n"]
        for row in rows
        if row["from"] == "CHN" and row["geo"] in MEMBERS
    }
    stock = built.table("migrant_stock").filter(pl.col("dataset") == "undesa/ims_destination_and_origin")
    frame = stock.filter(pl.col("partner") == "CHN", pl.col("jurisdiction").is_in(MEMBERS))
    ours = indexed(frame, "jurisdiction", "year", "sex")
    parts = {key: value for key, value in ours.items() if key[2] != "_T"}
    assert parts == published
    assert len(parts) == 27 * 8 * 2
    for (jurisdiction, year, sex), value in ours.items():
        if sex == "_T":
            assert value == parts[jurisdiction, year, "F"] + parts[jurisdiction, year, "M"]


def test_the_stock_in_china_equals_that_of_the_statistical_yearbook(built: Built, corpus: Path) -> None:
    path = corpus / "intl/undesa/SYB68_327_202511_International_Migrants_and_Refugees.csv"
    with path.open(encoding="cp1252", newline="") as file:
        rows = list(csv.reader(file))[2:]
    series = "International migrant stock: Both sexes (number)"
    published = {int(row[2]): float(row[4].replace(",", "")) for row in rows if row[0] == "156" and row[3] == series}
    stock = built.table("migrant_stock").filter(pl.col("dataset") == "undesa/ims_destination")
    ours = indexed(stock.filter(pl.col("jurisdiction") == "CHN", pl.col("sex") == "_T"), "year")
    assert published[2024] == 1_638_718
    assert {year: ours[year,] for year in published} == published


def eurostat(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t")


@pytest.mark.parametrize(
    ("dataset", "table"),
    [
        ("migr_asyappctza", "asylum"),
        ("migr_eiord", "enforcement"),
        ("migr_eipre", "enforcement"),
        ("migr_eirfs", "enforcement"),
        ("migr_eirtn", "enforcement"),
    ],
)
def test_chinese_citizens_in_the_extracts_of_2017(built: Built, corpus: Path, dataset: str, table: str) -> None:
    rows = [
        row
        for row in eurostat(corpus / "eurostat_cn/cn_figures.tsv")
        if row["dataset"] == dataset and row["c"].startswith("CN(") and row["geo"] in GEO and GEO[row["geo"]] in MEMBERS
    ]
    published = {(GEO[row["geo"]], int(row["period"])): float(row["value"]) for row in rows}
    frame = built.table(table).filter(pl.col("dataset") == f"eurostat/{dataset}", pl.col("partner") == "CHN")
    frame = frame.filter(pl.col("sex") == "_T", pl.col("value").is_not_null(), pl.col("jurisdiction").is_in(MEMBERS))
    assert len(published) > 100
    if dataset == "migr_eipre":  # a later edition has every citizenship, and revises some figures of 2017
        ours = indexed(frame.filter(pl.col("reason") == "_T", pl.col("apprehension") == "_T"), "jurisdiction", "year")
        revised = built.table("revision").filter(pl.col("dataset") == f"eurostat/{dataset}", pl.col("partner") == "CHN")
        before = revised.select("jurisdiction", pl.col("period").dt.year(), "old_value").collect().rows()
        assert published.items() <= ours.items() | {((state, year), value) for state, year, value in before}
        assert sum(ours[key] == value for key, value in published.items() if key in ours) > 0.9 * len(published)
        return
    if dataset == "migr_asyappctza":
        frame = frame.filter(pl.col("applicant") == "FRST")
    if dataset == "migr_eirtn":
        frame = frame.filter(pl.col("indicator") == "returned")
    assert indexed(frame, "jurisdiction", "year") == published


def test_chinese_citizens_permits_in_ireland(built: Built, corpus: Path) -> None:
    rows = [row for row in eurostat(corpus / "eurostat_cn/cn_figures.tsv") if row["dataset"] == "migr_resfirst"]
    codes = {"TOTAL": "_T", "M3-5": "M3T5", "M6-11": "M6T11"}
    published: dict[tuple[object, ...], float] = {}
    for row in rows:
        parts = dict(part.split("=") for part in row["other_dims"].split(";"))
        reason, duration = (codes.get(parts[name], parts[name]) for name in ("reason", "duration"))
        published[reason, duration, int(row["period"])] = float(row["value"])
    permits = built.table("residence_permit").filter(pl.col("indicator") == "first_permits")
    frame = permits.filter(pl.col("jurisdiction") == "IRL", pl.col("partner") == "CHN")
    assert len(published) == 360
    assert indexed(frame, "reason", "duration", "year") == published


def test_remittances_between_china_and_the_member_states(built: Built, corpus: Path) -> None:
    """The corpus has no series of the balance of payments, only the World Bank's bilateral matrix."""
    path = corpus / "intl/worldbank/knomad_bilateral_remittance_matrix_2021.xlsx"
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(skip_empty_area=False)
    (top,) = [number for number, row in enumerate(rows) if "Afghanistan" in row][:1]
    names = {"DEU": "Germany", "FRA": "France", "ITA": "Italy", "ESP": "Spain", "NLD": "Netherlands", "POL": "Poland"}
    columns = {str(name): place for place, name in enumerate(rows[top])}
    published = {
        code: float(str(row[columns["China"]])) * 1e6
        for code, name in names.items()
        for row in rows[top + 1 :]
        if row[0] == name
    }
    frame = built.table("remittance").filter(pl.col("jurisdiction") == "CHN", pl.col("partner").is_in(list(names)))
    assert published["DEU"] == pytest.approx(751.5e6, rel=1e-3)
    assert {key[0]: value for key, value in indexed(frame, "partner").items()} == pytest.approx(published)
