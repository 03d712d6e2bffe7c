"""Codings of law keep their scheme, version and item, and speak of the law on a day that the scheme names."""

from datetime import date
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from sources import formats
from sources.catalogue import publishers
from sources.errors import FormatError
from sources.formats import globalcit_csv
from sources.snapshot import FOLDER
from tests.conftest import Built
from tests.law import recorded, written

FILE = FOLDER / "globalcit/citizenship_law/v3.1.csv.gz"
SMALL = """iso2,iso3,country,region,year,A06_bin,L05_bin,L05_cat
CN,CHN,China,Asia,2019,NA,1,1
CN,CHN,China,Asia,2020,0,1,1
CZ,CZE,Czech Republic,Europe,2019,NA,NA,NA
CZ,CZE,Czech Republic,Europe,2020,1,0,0
US,USA,United States,Americas,2020,1,0,0
"""


@cache
def codings() -> pl.DataFrame:
    return recorded(FILE, "globalcit/citizenship_law").observations


def coded(jurisdiction: str, item: str, year: int) -> str | None:
    row = codings().filter(
        pl.col("jurisdiction") == jurisdiction, pl.col("item") == item, pl.col("speaks_of") == date(year, 1, 1)
    )
    value: str | None = row["coded_value"].item()
    return value


def test_a_coding_of_a_year_speaks_of_its_first_of_january(tmp_path: Path) -> None:
    rows = recorded(written(tmp_path, SMALL), "globalcit/citizenship_law").observations
    assert set(rows["speaks_of"]) == {date(2019, 1, 1), date(2020, 1, 1)}
    assert set(rows["speaks_of_rule"]) == {"on_1_january"}
    assert set(rows["scheme_version"]) == {"v3.1"}


def test_what_is_not_coded_is_no_provision_neither_zero_nor_dropped(tmp_path: Path) -> None:
    rows = recorded(written(tmp_path, SMALL), "globalcit/citizenship_law").observations
    said = {
        (row["jurisdiction"], row["item"], row["speaks_of"].year): (row["coded_value"], row["missing_reason"])
        for row in rows.iter_rows(named=True)
    }
    assert said["CHN", "A06_bin", 2020] == ("0", None)
    assert said["CZE", "L05_cat", 2019] == (None, "not_published")
    # No country is coded for it in that year: the item did not begin yet.
    assert ("CHN", "A06_bin", 2019) not in said


def test_only_the_jurisdictions_that_are_compared_are_kept_from_a_file_of_the_world(tmp_path: Path) -> None:
    rows = recorded(written(tmp_path, SMALL), "globalcit/citizenship_law").observations
    assert set(rows["jurisdiction"]) == {"CHN", "CZE"}


def test_a_year_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no number of four digits"):
        formats.read(written(tmp_path, SMALL.replace(",2019,", ",MMXIX,")))


def test_a_coding_is_found_again_at_its_locator() -> None:
    with formats.opened(FILE) as plain:
        find = globalcit_csv.finder(plain)
        for value, locator in codings().select("coded_value", "locator").sample(50, seed=1).iter_rows():
            assert find(locator) == (value or "NA")


def test_the_licence_allows_it_and_asks_to_be_named() -> None:
    licence = publishers()["globalcit"].licence_of("citizenship_law")
    assert (licence.id, licence.redistribution) == ("CC-BY-4.0", "allowed")
    assert "GLOBALCIT" in licence.attribution


def test_the_28_are_coded_from_1960_to_2024() -> None:
    assert codings()["jurisdiction"].n_unique() == 28
    years = codings()["speaks_of"].dt.year()
    assert (years.min(), years.max()) == (1960, 2024)
    assert codings()["item"].n_unique() == 101
    early = codings().filter(pl.col("speaks_of") < date(2020, 1, 1))
    dual = {"A06b_bin", "A06b_cat", "L01_bin", "L01_cat", "L05_bin", "L05_cat", "dualcit_comb"}
    assert set(early["item"]) == dual


def test_known_codings() -> None:
    assert coded("CHN", "A06_bin", 2024) == "0"
    assert coded("CHN", "L05_bin", 2024) == "1"
    assert coded("CHN", "dualcit_comb", 2024) == "0"
    # The reform of 27 June 2024 does not show in the coding of that year, which speaks of its first day.
    assert coded("DEU", "L05_bin", 2024) == "1"
    # Whether there is a provision, and of which kind, are two readings that differ.
    assert (coded("EST", "L05_bin", 2024), coded("EST", "L05_cat", 2024)) == ("0", "3")


@pytest.mark.corpus
def test_every_coding_of_the_28_is_that_of_the_dataset(corpus: Path) -> None:
    wide = pl.read_csv(corpus / "legal/globalcit/globalcit_data_v3.1_country-year.csv", infer_schema=False)
    long = (
        wide.unpivot(index=["iso2", "iso3", "country", "region", "year"], variable_name="item", value_name="code")
        .filter(pl.col("code") != "NA", pl.col("iso3").is_in(codings()["jurisdiction"].unique().implode()))
        .select("iso3", "item", pl.col("year").cast(pl.Int32), "code")
    )
    ours = (
        codings()
        .drop_nulls("coded_value")
        .select("jurisdiction", "item", pl.col("speaks_of").dt.year().cast(pl.Int32), "coded_value")
    )
    assert ours.height == long.height > 20_000
    assert set(ours.iter_rows()) == set(long.iter_rows())


def test_a_tier_is_of_its_report_and_speaks_of_the_year_before_it() -> None:
    tiers = recorded(FOLDER / "usstate/tip_tiers/2001-2023.csv.gz", "usstate/tip_tiers").observations
    assert set(tiers["coded_value"]) == {"Tier 1", "Tier 2", "Tier 2 Watch List", "Tier 3"}
    china = dict(tiers.filter(pl.col("jurisdiction") == "CHN").select("scheme_version", "coded_value").iter_rows())
    assert [china[str(year)] for year in range(2001, 2005)] == ["Tier 2"] * 4
    assert {china[str(year)] for year in (*range(2005, 2013), 2014)} == {"Tier 2 Watch List"}
    assert china["2013"] == "Tier 3"
    # What rests on memory is no row.
    assert "2023" not in china
    assert (tiers["speaks_of"].dt.year().cast(pl.String) == tiers["scheme_version"]).all()


def test_schemes_and_versions_are_never_mixed(built: Built) -> None:
    released = built.table("policy_coding").collect()
    assert set(released["coding_scheme"]) == {"GLOBALCIT", "TIP"}
    assert released.filter(pl.col("coding_scheme") == "GLOBALCIT").height == codings().height
