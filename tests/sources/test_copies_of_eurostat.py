"""Figures of Eurostat in the snapshot that came through several public copies agree with each other."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import polars as pl
import pycountry
import pytest

from assets.ingest.reading import rows_of_payload
from assets.normalise.codes import Origin
from sources import reading
from sources.catalogue import publishers
from sources.snapshot import Payload, payloads

MEMBERS = (
    *("BE", "BG", "CZ", "DK", "DE", "EE", "IE", "EL", "ES", "FR", "HR", "IT", "CY", "LV"),
    *("LT", "LU", "HU", "MT", "NL", "AT", "PL", "PT", "RO", "SI", "SK", "FI", "SE"),
)


def payload(dataset: str, slice_: str) -> Payload:
    (found,) = (
        each for each in payloads() if (each.publisher, each.dataset, each.slice) == ("eurostat", dataset, slice_)
    )
    return found


@cache
def cells(dataset: str, slice_: str = "") -> pl.DataFrame:
    with reading.opened(payload(dataset, slice_).path) as path:
        frame = reading.read(path).frame.with_columns(pl.col(pl.Categorical).cast(pl.String)).collect()
    return frame.filter(pl.col("geo").is_in(MEMBERS)).drop("raw", "locator", strict=False)


def both(first: pl.DataFrame, second: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Return the pairs of figures with the same keys where both have a value."""
    pairs = first.join(second, on=["geo", "time", *keys], suffix="_2", validate="1:1")
    return pairs.drop_nulls(["value", "value_2"])


def differing(pairs: pl.DataFrame) -> pl.DataFrame:
    return pairs.filter(pl.col("value") != pl.col("value_2"))


def test_valid_permits_equal_the_table_of_totals_by_reason_and_in_all() -> None:
    table = cells("tps00171")
    by_reason = both(cells("migr_resvalid", "2025-06-06"), table, "reason").filter(
        pl.col("reason").is_in(["EDUC", "FAM", "OTH"])
    )
    in_all = both(cells("migr_resvalid", "2025-05-12").filter(citizen="TOTAL"), table.filter(reason="TOTAL"))
    assert (by_reason.height, differing(by_reason).height) == (942, 0)
    assert (in_all.height, differing(in_all).height) == (314, 0)


def test_immigration_by_citizenship_equals_immigration_by_age_but_for_revisions() -> None:
    by_citizen = cells("migr_imm1ctz", "2025-05-19").filter(citizen="TOTAL")
    pairs = both(by_citizen, cells("migr_imm8", "2026-03-20"))
    revised = differing(pairs)
    assert pairs.height - revised.height >= 600
    assert {(row["geo"], row["time"]) for row in revised.to_dicts()} == {
        *(("DE", str(year)) for year in range(2014, 2024)),
        *(("EL", str(year)) for year in (2022, 2023)),
        *(("FR", str(year)) for year in (2021, 2022, 2023)),
    }
    germany = revised.filter(geo="DE", time="2022")
    assert germany.select("value", "value_2").rows() == [(1_943_445.0, 1_977_121.0)]


def test_population_by_citizenship_adds_up_to_the_population() -> None:
    residents = cells("migr_pop1ctz", "2025-03-13").filter(citizen="TOTAL", sex="T")
    pairs = both(residents, cells("demo_pjan", "2026-03-20"))
    assert pairs.height > 250
    assert differing(pairs).height <= 12


@pytest.mark.parametrize(
    ("dataset", "slice_", "later", "reason", "years"),
    [
        ("migr_resvalid", "2025-05-12", "geo=EE..FR", "TOTAL", 16),
        ("migr_resfirst", "2026-08-12", "geo=BE..IE", "EMP", 18),
    ],
)
def test_chinese_citizens_in_ireland_have_the_same_figures_in_two_copies(
    dataset: str, slice_: str, later: str, reason: str, years: int
) -> None:
    codes = {"citizen": "CN", "geo": "IE", "reason": reason, "duration": "TOTAL"}
    pairs = both(cells(dataset, slice_).filter(**codes), cells(dataset, later).filter(**codes))
    assert (pairs.height, differing(pairs).height) == (years, 0)


def test_chinese_citizens_hold_valid_permits_in_every_member_state() -> None:
    chinese = cells("migr_resvalid", "2025-05-12").filter(citizen="CN")
    assert (chinese["geo"].n_unique(), chinese["time"].min(), chinese["time"].max()) == (27, "2008", "2023")


def test_moves_to_other_members_in_2024_add_up_to_the_union() -> None:
    moves = payload("migr_emi3nxt", "2026-07-02")
    with reading.opened(moves.path) as path:
        frame = reading.read(path).frame.collect()
    to_members = frame.filter(pl.col("partner") == "EU27_2020_FOR")
    union = to_members.filter(pl.col("geo") == "EU27_2020")["value"].to_list()
    assert union == [1_508_529.0] == [to_members.filter(pl.col("geo") != "EU27_2020")["value"].sum()]
    assert "transcribed by hand" in moves.edition


def test_emigration_from_the_members_adds_up_to_that_from_the_union() -> None:
    emigration = payload("tps00177", "2024-11-29")
    with reading.opened(emigration.path) as path:
        frame = reading.read(path).frame.collect()
    by_year = (
        frame.filter(agedef="COMPLET")
        .group_by("time")
        .agg(
            members=pl.col("value").filter(pl.col("geo") != "EU27_2020").sum(),
            union=pl.col("value").filter(pl.col("geo") == "EU27_2020").sum(),
        )
    )
    published = by_year.filter(pl.col("union") > 0)
    assert (published.height, published.filter(pl.col("members") != pl.col("union")).height) == (10, 0)
    assert "transcribed by hand" in emigration.edition


def test_namibia_is_an_origin_and_no_missing_value() -> None:
    namibia = cells("educ_uoe_mobs02", "2026-04-21").filter(partner="NA")
    assert namibia["geo"].n_unique() == 27
    assert not cells("migr_resvalid", "2025-05-12").filter(citizen="NA").is_empty()


def test_every_excerpt_has_a_payload_whose_edition_names_the_public_repository() -> None:
    datasets = publishers()["eurostat"].datasets
    excerpts = {(name, edition.id) for name, entry in datasets.items() for edition in entry.editions if edition.excerpt}
    found = {(each.dataset, each.slice): each.edition for each in payloads() if each.publisher == "eurostat"}
    assert len(excerpts) == 17
    for key in excerpts:
        assert "through github.com/" in found[key], key


@pytest.mark.corpus
def test_valid_permits_equal_the_table_of_totals_in_all_reporting_countries(corpus: Path) -> None:
    """The public copies themselves, with the countries that are not requested."""
    folder = corpus / "finds/eurostat"
    table = pl.read_csv(folder / "tps00171/jatofi__permits_tps00171.csv", infer_schema=False)
    by_reason = pl.read_csv(folder / "migr_resvalid/natix-x__reasons_valid_permits.csv", infer_schema=False)
    in_all = pl.read_csv(
        folder / "migr_resvalid/natix-x__migrants_all_valid_permits_by_citizenship.csv", infer_schema=False
    )
    in_all = in_all.filter(pl.col("Country of citizenship") == "Total").select(
        "geo", "year", pl.lit("Total").alias("Reason"), pl.col("Migrants number").alias("number_of_permits")
    )
    reasons = pl.col("Reason").is_in(["Education reasons", "Family reasons", "Other reason"])
    for copy, pairs in ((by_reason.filter(reasons), 1_104), (in_all, 368)):
        found = copy.join(
            table, left_on=["geo", "year", "Reason"], right_on=["geo", "TIME_PERIOD", "reason"], validate="1:1"
        ).drop_nulls("OBS_VALUE")
        values = found.select(pl.col("number_of_permits", "OBS_VALUE").cast(pl.Float64))
        assert values.filter(pl.col("number_of_permits") == pl.col("OBS_VALUE")).height == found.height == pairs


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("dataset", "file", "rows"),
    [
        ("tps00171", "tps00171/jatofi__permits_tps00171.csv", 1_680),
        ("tps00191", "tps00191/jatofi__assylum_applications_raw.csv", 336),
        ("tps00193", "tps00193/jatofi__assylum_applications_accepted_raw.csv", 335),
        ("lfsq_ugan", "lfsq/natix-x__unemployment_by_citizenship_quarter_data.csv", 7_758),
        ("tps00176", "tps00176/tpodgorski91__tps00176_spreadsheet.xlsx", 696),
        ("tps00024", "tps00024/tpodgorski91__tps00024_spreadsheet.xlsx", 720),
        ("migr_pop1ctz", "migr_pop1ctz/jatofi__mandatory_table_raw.tsv", 4_920),
        ("migr_pop3ctb", "migr_pop3ctb/raymondkuo__eurostat_migr_pop3ctb.json", 351),
        ("migr_asyappctzm", "migr_asyappctza/jatofi__Anual_data_wrong_name_monthly.tsv", 1_008),
        ("migr_asydcfsta", "migr_asydcfsta/Letisouza__FR_migr_asydcfsta_asilo.csv", 9_240),
        ("migr_resvalid", "migr_resvalid/Letisouza__FR_migr_resvalid_residence_all_valid_.csv", 744),
        ("migr_resvalid", "migr_resvalid/Letisouza__FR_migr_resvalid_residence_all_valid_2.csv", 4_500),
    ],
)
def test_files_as_the_publisher_returned_them_can_be_imported(corpus: Path, dataset: str, file: str, rows: int) -> None:
    """With codes or with labels, as CSV, TSV, JSON-stat, spreadsheet and extract of the Data Explorer."""
    path = corpus / "finds/eurostat" / file
    now = datetime(2026, 11, 1, tzinfo=UTC)
    found = rows_of_payload(path, publishers()["eurostat"], dataset, Origin("a" * 64, now, None), path).normalised
    assert found.observations.height == rows
    assert found.unmatched.is_empty()


@pytest.mark.corpus
def test_students_are_those_of_unesco(corpus: Path) -> None:
    """The totals are almost always those of UNESCO; the sums of origins often lack students of unknown origin."""
    figures = pl.read_csv(corpus / "finds/uis/lisawls__uis_data.csv", infer_schema=False)
    alpha_3 = {country.alpha_2: country.alpha_3 for country in pycountry.countries} | {"EL": "GRC"}
    unesco = figures.filter(indicatorId="26637").select(
        iso="geoUnit", time="year", unesco=pl.col("value").cast(pl.Float64)
    )
    students = cells("educ_uoe_mobs02", "2026-04-21").filter(isced11="ED5-8", sex="T")
    students = students.with_columns(iso=pl.col("geo").replace_strict(alpha_3))
    by_origin = students.filter(pl.col("partner").str.len_chars() == 2)

    def near(frame: pl.DataFrame, share: float) -> int:
        pairs = frame.group_by("iso", "time").agg(pl.col("value").sum()).join(unesco, on=["iso", "time"])
        pairs = pairs.filter(pl.col("value") > 0)
        return pairs.filter((pl.col("value") - pl.col("unesco")).abs() <= share * pl.col("unesco")).height

    assert near(students.filter(partner="WRL_X_REP"), 0.01) == 288
    assert (near(by_origin, 0.01), near(by_origin, 0.05)) == (165, 203)
