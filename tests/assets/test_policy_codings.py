"""Codings of law keep their scheme, version and item, and are valid for a day that the scheme names."""

from datetime import date
from functools import cache
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from sources import reading
from sources.catalogue import publishers
from sources.errors import FormatError, StructureError
from sources.formats.delimited import codings_csv, globalcit_csv
from sources.formats.workbook import codings_xlsx
from sources.protocols.requests import requests_for
from sources.snapshot import FOLDER
from tests.conftest import Built
from tests.support.law_payloads import KNOWN, read_law_rows, write_payload

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
    return read_law_rows(FILE, "globalcit/citizenship_law").observations


def coded(jurisdiction: str, item: str, year: int) -> str | None:
    row = codings().filter(
        pl.col("jurisdiction") == jurisdiction, pl.col("item") == item, pl.col("coded_day") == date(year, 1, 1)
    )
    value: str | None = row["coded_value"].item()
    return value


def test_a_coding_of_a_year_is_valid_for_the_first_of_january(tmp_path: Path) -> None:
    rows = read_law_rows(write_payload(tmp_path, SMALL), "globalcit/citizenship_law").observations
    assert set(rows["coded_day"]) == {date(2019, 1, 1), date(2020, 1, 1)}
    assert set(rows["coded_day_rule"]) == {"on_1_january"}
    assert set(rows["scheme_version"]) == {"v3.1"}


def test_an_uncoded_provision_is_missing_and_not_zero(tmp_path: Path) -> None:
    rows = read_law_rows(write_payload(tmp_path, SMALL), "globalcit/citizenship_law").observations
    codes = {
        (row["jurisdiction"], row["item"], row["coded_day"].year): (row["coded_value"], row["missing_reason"])
        for row in rows.iter_rows(named=True)
    }
    assert codes["CHN", "A06_bin", 2020] == ("0", None)
    assert codes["CZE", "L05_cat", 2019] == (None, "not_published")
    # No country is coded for the item in that year, because the item began later.
    assert ("CHN", "A06_bin", 2019) not in codes


def test_only_compared_jurisdictions_are_kept(tmp_path: Path) -> None:
    rows = read_law_rows(write_payload(tmp_path, SMALL), "globalcit/citizenship_law").observations
    assert set(rows["jurisdiction"]) == {"CHN", "CZE"}


def test_a_year_that_is_not_a_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="not a number of four digits"):
        reading.read(write_payload(tmp_path, SMALL.replace(",2019,", ",MMXIX,")))


def test_every_locator_finds_its_coding() -> None:
    with reading.opened(FILE) as plain:
        find = globalcit_csv.finder(plain)
        for value, locator in codings().select("coded_value", "locator").sample(50, seed=1).iter_rows():
            assert find(locator) == (value or "NA")


def test_the_licence_allows_redistribution_with_attribution() -> None:
    licence = publishers()["globalcit"].licence_of("citizenship_law")
    assert (licence.id, licence.redistribution) == ("CC-BY-4.0", "allowed")
    assert "GLOBALCIT" in licence.attribution


def test_the_28_are_coded_from_1960_to_2024() -> None:
    assert codings()["jurisdiction"].n_unique() == 28
    years = codings()["coded_day"].dt.year()
    assert (years.min(), years.max()) == (1960, 2024)
    assert codings()["item"].n_unique() == 101
    early = codings().filter(pl.col("coded_day") < date(2020, 1, 1))
    dual = {"A06b_bin", "A06b_cat", "L01_bin", "L01_cat", "L05_bin", "L05_cat", "dualcit_comb"}
    assert set(early["item"]) == dual


def test_known_codings() -> None:
    assert coded("CHN", "A06_bin", 2024) == "0"
    assert coded("CHN", "L05_bin", 2024) == "1"
    assert coded("CHN", "dualcit_comb", 2024) == "0"
    # The coding of 2024 is valid for the first of January, before the reform of 27 June 2024.
    assert coded("DEU", "L05_bin", 2024) == "1"
    # Whether there is a provision, and of which kind, are two items with different codes.
    assert (coded("EST", "L05_bin", 2024), coded("EST", "L05_cat", 2024)) == ("0", "3")


@pytest.mark.corpus
def test_every_coding_of_the_28_equals_that_of_the_dataset(corpus: Path) -> None:
    wide = pl.read_csv(corpus / "legal/globalcit/globalcit_data_v3.1_country-year.csv", infer_schema=False)
    long = (
        wide.unpivot(index=["iso2", "iso3", "country", "region", "year"], variable_name="item", value_name="code")
        .filter(pl.col("code") != "NA", pl.col("iso3").is_in(codings()["jurisdiction"].unique().implode()))
        .select("iso3", "item", pl.col("year").cast(pl.Int32), "code")
    )
    ours = (
        codings()
        .drop_nulls("coded_value")
        .select("jurisdiction", "item", pl.col("coded_day").dt.year().cast(pl.Int32), "coded_value")
    )
    assert ours.height == long.height > 20_000
    assert set(ours.iter_rows()) == set(long.iter_rows())


def test_a_tier_has_the_year_of_its_report() -> None:
    tiers = read_law_rows(FOLDER / "usstate/tip_tiers/2001-2023.csv.gz", "usstate/tip_tiers").observations
    assert set(tiers["coded_value"]) == {"Tier 1", "Tier 2", "Tier 2 Watch List", "Tier 3"}
    china = dict(tiers.filter(pl.col("jurisdiction") == "CHN").select("scheme_version", "coded_value").iter_rows())
    assert [china[str(year)] for year in range(2001, 2005)] == ["Tier 2"] * 4
    assert {china[str(year)] for year in (*range(2005, 2013), 2014)} == {"Tier 2 Watch List"}
    assert china["2013"] == "Tier 3"
    # A tier without a citable source has no row.
    assert "2023" not in china
    assert (tiers["coded_day"].dt.year().cast(pl.String) == tiers["scheme_version"]).all()


DEMIG = """Year,Summary,Policy area,Policy tool,Restrictiveness,country,Description
2004,a law,Integration,Access to citizenship,Less restrictive,Germany,"long, text"
2004,another,Exit,Readmission agreements,N/A,Germany,text
2005,,,,,Germany,
2005,a law,Integration,Access to citizenship,More restrictive,Turkey,text
"""


def test_a_change_of_policy_is_a_row_and_a_year_may_have_several(tmp_path: Path) -> None:
    rows = read_law_rows(write_payload(tmp_path, DEMIG), "demig/policy").observations
    codes = {row["item"]: (row["coded_value"], row["missing_reason"]) for row in rows.iter_rows(named=True)}
    assert codes["1: Restrictiveness"] == ("Less restrictive", None)
    assert codes["2: Policy tool"] == ("Readmission agreements", None)
    assert codes["2: Restrictiveness"] == (None, "not_applicable")
    assert set(rows["jurisdiction"]) == {"DEU"}
    # A row without any code is not a policy change.
    assert set(rows["coded_day"]) == {date(2004, 1, 1)}


def test_columns_in_another_order_and_case_are_the_same_codings(tmp_path: Path) -> None:
    mixed = "RESTRICTIVENESS,Country,Policy tool,YEAR,Policy area\nLess restrictive,Germany,Entry visa,2004,Exit\n"
    rows = read_law_rows(write_payload(tmp_path, mixed), "demig/policy").observations
    assert sorted(rows.select("item", "coded_value").iter_rows()) == [
        ("1: Policy area", "Exit"),
        ("1: Policy tool", "Entry visa"),
        ("1: RESTRICTIVENESS", "Less restrictive"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Country of visa issuance,Nationality,Policy measure,1992,1993\nCzech Republic,China,Entry visa,,1\n",
        "Nationality,Year,Destination,Visa entry\nChina,1992,Czech Republic,\nChina,1993,Czech Republic,1\n",
    ],
)
def test_requirements_of_visas_are_read_with_years_down_or_across(tmp_path: Path, text: str) -> None:
    rows = read_law_rows(write_payload(tmp_path, text), "demig/visa").observations.drop_nulls("coded_value")
    assert rows.select("jurisdiction", "partner", "coded_day", "coded_value").rows() == [
        ("CZE", "CHN", date(1993, 1, 1), "1")
    ]
    assert set(rows["coded_day_rule"]) == {"in_january"}


def test_a_negative_code_of_impic_is_missing(tmp_path: Path) -> None:
    text = "cntry,year,cow,ImpPol,a_01\nde,2009,255,0.45,-9\nfr,2009,220,.,0.5\n"
    rows = read_law_rows(write_payload(tmp_path, text), "impic/index").observations
    codes = {
        (r["jurisdiction"], r["item"]): (r["coded_value"], r["missing_reason"]) for r in rows.iter_rows(named=True)
    }
    assert codes == {
        ("DEU", "ImpPol"): ("0.45", None),
        ("DEU", "a_01"): (None, "not_collected"),
        ("FRA", "ImpPol"): (None, "not_collected"),
        ("FRA", "a_01"): ("0.5", None),
    }


def test_scores_are_read_from_a_sheet_below_its_title(tmp_path: Path) -> None:
    path = tmp_path / "mipex.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Read me").write(0, 0, "Notes")
        sheet = book.add_worksheet("Scores")
        sheet.write(0, 0, "Scores of policy indicators")
        for at, row in enumerate((("Country", "Year", "Overall score", "1. Access"), ("China", 2019, 32, 50)), 2):
            sheet.write_row(at, 0, row)
    rows = read_law_rows(path, "mipex/scores").observations
    assert sorted(rows.select("jurisdiction", "item", "coded_day", "coded_value").iter_rows()) == [
        ("CHN", "1. Access", date(2019, 1, 1), "50"),
        ("CHN", "Overall score", date(2019, 1, 1), "32"),
    ]
    find = codings_xlsx.finder(path)
    assert [find(at) for at in rows["locator"]] == rows["coded_value"].to_list()


def test_a_file_of_one_scheme_is_refused_as_that_of_another(tmp_path: Path) -> None:
    with pytest.raises(StructureError, match="scheme is 'DEMIG_POLICY'"):
        read_law_rows(write_payload(tmp_path, DEMIG), "impic/index")


@pytest.mark.parametrize(
    "text",
    [
        "Passport,Destination,Requirement\nDEU,CHN,30\nCHN,DEU,visa required\nUSA,CHN,visa required\n",
        "Destination,Requirement,Passport\nCN,30,DE\nDE,visa required,CN\n",
        "Passport country,Destination country,Visa\nGermany,China,30\nChina,Germany,visa required\n",
    ],
)
def test_a_visa_matrix_is_valid_for_the_day_of_its_publication(tmp_path: Path, text: str) -> None:
    rows = read_law_rows(write_payload(tmp_path, text), "passportindex/matrix").observations
    assert sorted(rows.select("jurisdiction", "partner", "coded_value", "coded_day").iter_rows()) == [
        ("CHN", "DEU", "30", KNOWN.date()),
        ("DEU", "CHN", "visa required", KNOWN.date()),
    ]


def test_a_square_visa_matrix_gives_the_same_rows(tmp_path: Path) -> None:
    others = ",".join(f"X{number}" for number in range(200))
    nothing = "," * 199
    text = f"Passport,China,Germany,{others}\nGermany,30,-1,{nothing}\nChina,-1,visa required,{nothing}\n"
    rows = read_law_rows(write_payload(tmp_path, text), "passportindex/matrix").observations.drop_nulls("coded_value")
    assert sorted(rows.select("jurisdiction", "partner", "coded_value").iter_rows()) == [
        ("CHN", "CHN", "-1"),
        ("CHN", "DEU", "30"),
        ("DEU", "CHN", "visa required"),
        ("DEU", "DEU", "-1"),
    ]


@pytest.mark.parametrize("dataset", ["mipex/scores", "demig/policy", "demig/visa", "impic/index", "threep/index"])
def test_datasets_without_redistribution_are_not_requested_and_not_released(dataset: str) -> None:
    publisher, _, name = dataset.partition("/")
    entry = publishers()[publisher]
    assert requests_for(entry, name) == []
    assert entry.licence_of(name).redistribution == "unknown"


@pytest.mark.corpus
class TestTrueFiles:
    """Files that users may import, compared with the corpus, which is read independently."""

    def test_every_3p_index_equals_the_sum_of_its_parts_and_locators_find_the_codes(self, corpus: Path) -> None:
        path = corpus / "legal/trafficking/tip_policy_index_3P.csv"
        rows = read_law_rows(path, "threep/index").observations.drop_nulls("coded_value")
        assert rows["jurisdiction"].n_unique() == 28
        wide = rows.pivot("item", index=["jurisdiction", "coded_day"], values="coded_value").drop_nulls()
        parts = wide.with_columns(pl.exclude("jurisdiction", "coded_day").cast(pl.Int64))
        assert parts.filter(
            pl.col("p") != pl.col("prosecution") + pl.col("prevention") + pl.col("protection")
        ).is_empty()
        assert wide.height > 350
        find = codings_csv.finder(path)
        assert all(
            find(at) == code for code, at in rows.select("coded_value", "locator").sample(50, seed=1).iter_rows()
        )

    @pytest.mark.parametrize(
        ("name", "dataset"),
        [("demig/liamhaller_demig_data", "demig/policy"), ("impic/liamhaller_impic_data", "impic/index")],
    )
    def test_an_r_file_saved_as_csv_is_read(self, corpus: Path, tmp_path: Path, name: str, dataset: str) -> None:
        import pyreadr

        (frame,) = pyreadr.read_r(str(corpus / f"legal/{name}.rds")).values()
        frame.to_csv(tmp_path / "own.csv", index=False)
        rows = read_law_rows(tmp_path / "own.csv", dataset).observations
        assert set(rows["jurisdiction"]) == {"DEU"}
        if dataset == "impic/index":
            overall = rows.filter(pl.col("item") == "index_immigration_policy_overall")
            assert (
                overall["coded_value"].cast(pl.Float64).to_list() == frame["index_immigration_policy_overall"].tolist()
            )
        else:
            german = frame[(frame.country == "Germany") & frame.Restrictiveness.notna()]
            held = rows.filter(pl.col("item").str.ends_with("Restrictiveness"))
            assert held.height == len(german)
            assert held.filter(pl.col("coded_value") == "More restrictive").height == sum(
                german.Restrictiveness == "More restrictive"
            )


def test_schemes_and_versions_are_never_mixed(built: Built) -> None:
    released = built.table("policy_coding").collect()
    assert set(released["coding_scheme"]) == {"GLOBALCIT", "TIP"}
    assert released.filter(pl.col("coding_scheme") == "GLOBALCIT").height == codings().height
