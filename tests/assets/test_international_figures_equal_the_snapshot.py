"""Well-known figures of international sources, normalised from the snapshot."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from assets.normalise.codes import Origin
from assets.normalise.statistics import observations_of
from sources import reading
from sources.catalogue import publishers
from sources.snapshot import payloads

ORIGIN = Origin("e" * 64, datetime(2026, 10, 1, tzinfo=UTC))


def observations(publisher: str, dataset: str, edition: str = "") -> pl.DataFrame:
    """The observations of a dataset in the snapshot, or of an edition. No code in its payloads may be unknown."""
    found = [p for p in payloads() if (p.publisher, p.dataset) == (publisher, dataset)]
    editions = {each.id for each in publishers()[publisher].datasets[dataset].editions}
    if editions < {p.slice for p in found}:
        found = [p for p in found if (p.slice == edition if edition else p.slice not in editions)]
    assert found
    parts = []
    for payload in found:
        with reading.opened(payload.path) as path:
            observed = observations_of(reading.read(path), publishers()[publisher], dataset, ORIGIN)
        assert observed.unmatched.is_empty()
        parts.append(observed.observations)
    return pl.concat(parts).with_columns(year=pl.col("period").dt.year())


def value(frame: pl.DataFrame, **where: object) -> object:
    return frame.filter(**where)["value"].item()


def test_china_sends_more_students_than_it_receives() -> None:
    for edition in ("", "2025-03"):
        assert value(observations("uis", "26637", edition), jurisdiction="CHN", year=2023) == 200_892
    assert value(observations("uis", "26637"), jurisdiction="CHN", year=2024) == 194_327
    assert value(observations("uis", "OE.5T8.40510"), jurisdiction="CHN", year=2023) == 1_076_015
    assert value(observations("uis", "MENF.5T8"), jurisdiction="CHN", year=2022) == -841_380


def test_the_world_bank_revised_its_older_estimates_to_those_of_the_united_nations() -> None:
    prospects, older = (
        observations("undesa", "wpp_net_migration"),
        observations("worldbank", "SM.POP.NETM", "2024-06-28"),
    )
    newer = observations("worldbank", "SM.POP.NETM")
    for year, revised, before in ((2022, -293_846, -311_380), (2023, -567_724, -310_220)):
        found = [value(frame, jurisdiction="CHN", year=year) for frame in (prospects, newer, older)]
        assert found == [revised, revised, before]
    assert set(prospects["definition"]) == {"modelled_population_projection"}


def test_remittances_of_china_and_germany_are_those_of_the_world_bank() -> None:
    received, paid = (observations("worldbank", f"{side}.TRF.PWKR.CD.DT") for side in ("BX", "BM"))
    found = [value(frame, jurisdiction="CHN", year=2023) for frame in (received, paid)]
    assert found == pytest.approx([29_110_273_774.63, 20_237_489_597.27])
    share = observations("worldbank", "BX.TRF.PWKR.DT.GD.ZS", "2020-10")
    assert value(share, jurisdiction="DEU", year=2018) == 0.4567797


def test_permanent_inflows_of_germany_are_by_six_categories() -> None:
    inflows = observations("oecd", "imd_permanent_inflows").filter(jurisdiction="DEU", year=2022)
    assert dict(inflows.select("reason", "value").iter_rows()) == {
        "EMP": 89_870,
        "FAM_WORK": 0,
        "FAM": 101_954,
        "FREE_MOVE": 327_125,
        "HUMAN": 150_013,
        "OTH": 0,
    }


def test_inflows_cover_the_22_member_states_in_the_oecd() -> None:
    inflows = observations("oecd", "imd_inflows")
    assert value(inflows, jurisdiction="GRC", year=2014) == 29_510
    assert inflows["year"].max() == 2023
    assert inflows["jurisdiction"].n_unique() == 22
    assert set(inflows["partner"]) == {"_T"}


@pytest.mark.parametrize(
    ("dataset", "indicator", "area", "year", "persons"),
    [
        ("imd_inflows", "foreign_inflows", "AUT", 2021, 139_543),
        ("imd_outflows", "foreign_outflows", "AUT", 2021, 84_574),
        ("imd_foreign_stock", "population_by_citizenship", "AUT", 2022, 1_586_709),
        ("imd_acquisitions", "citizenship_acquisitions", "AUT", 2021, 16_171),
    ],
)
def test_the_annex_of_the_outlook_is_in_persons(
    dataset: str, indicator: str, area: str, year: int, persons: float
) -> None:
    annex = observations("oecd", dataset, "2023-10-23")
    assert set(annex["partner"]) == {"_T"}
    assert value(annex, indicator=indicator, jurisdiction=area, year=year) == persons


def test_the_working_age_population_is_in_persons_and_small_samples_are_flagged() -> None:
    workers = observations("ilostat", "MST_XWAP_SEX_AGE_CCT_NB_A")
    assert set(workers["jurisdiction"]) == {"ESP", "GRC", "HRV", "ITA", "MLT", "PRT", "SVN"}
    assert set(workers["partner"]) == {"NAT", "FOR"}
    assert workers.filter(jurisdiction="ITA")["value"].sum() > 50_000_000
    assert workers.filter(pl.col("obs_status") == "U").height > 0


def test_prices_are_for_corridors_and_below_a_hundred_per_cent() -> None:
    prices = observations("worldbank", "remittance_prices").filter(pl.col("value").is_not_null())
    assert {("DEU", "CHN"), ("ITA", "CHN")} <= set(prices.select("jurisdiction", "partner").iter_rows())
    assert set(prices["unit"]) == {"percent"}
    assert prices["value"].max() < 100  # type: ignore[operator]
    assert prices.filter(pl.col("value") < 0)["obs_status"].to_list() == ["U"]


def number(cell: object) -> float:
    return float(str(cell) or 0)


@pytest.mark.corpus
def test_every_incident_is_present_with_all_dead_and_missing(corpus: Path) -> None:
    path = corpus / "intl/iom/Missing_Migrants_Global_Figures_allData_2025.xlsx"
    names, *rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(skip_empty_area=False)
    at = {str(name): place for place, name in enumerate(names)}
    deaths = observations("iom", "missing_migrants")
    assert deaths["value"].sum() == sum(number(row[at["Total Number of Dead and Missing"]]) for row in rows)
    for country, code in (("Italy", "ITA"), ("Greece", "GRC"), ("Spain", "ESP")):
        ours = [row for row in rows if row[at["Country of Incident"]] == country]
        total = sum(number(row[at["Total Number of Dead and Missing"]]) for row in ours)
        assert deaths.filter(jurisdiction=code)["value"].sum() == total > 1_000
    assert deaths.filter(partner="CHN")["value"].sum() == sum(
        number(row[at["Total Number of Dead and Missing"]]) for row in rows if row[at["Country of Origin"]] == "China"
    )


@pytest.mark.corpus
def test_values_in_thousands_become_persons(corpus: Path) -> None:
    path = corpus / "intl/ilo/MST_XWAP_SEX_AGE_CCT_NB_A-filtered-2025-10-31.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        published = [row["obs_value"] for row in csv.DictReader(file) if row["ref_area.label"] == "Malta"]
    ours = observations("ilostat", "MST_XWAP_SEX_AGE_CCT_NB_A").filter(jurisdiction="MLT")["value"].drop_nulls()
    assert sorted(ours) == sorted(round(float(number) * 1_000, 3) for number in published if number)
