"""Rules on China's totals: parts that add up pass, and a total that differs is shown; provinces and their codes."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.ingest.bitemporal import REQUEST, apply_vintage, empty_state
from assets.normalise.codes import areas_in_scope
from assets.normalise.tables import coverage
from tests.support.frames import failing_rows, rows
from tests.support.receptions import all_received
from warehouse import codes
from warehouse.contracts import contract

COUNT = st.integers(0, 10**9).map(float)
PROVINCES = sorted(codes.areas().filter(kind="province")["area"])


def indicators(**values: float | None) -> pl.DataFrame:
    return rows("population", *({"indicator": name, "value": n} for name, n in values.items()), jurisdiction="CHN")


@given(town=COUNT, country=COUNT)
def test_town_and_country_make_the_population(town: float, country: float) -> None:
    right = {"urban_population": town, "rural_population": country}
    rule = "towns_and_country_make_population"
    assert failing_rows(rule, "population", indicators(population=town + country, **right)).is_empty()
    found = failing_rows(rule, "population", indicators(population=town + country + 10_000, **right))
    assert found.select("indicator", "parts_min", "parts_max").rows() == [
        ("population", town + country, town + country)
    ]


def test_a_population_with_an_unpublished_part_is_not_checked() -> None:
    frame = indicators(population=5.0, urban_population=3.0)
    assert failing_rows("towns_and_country_make_population", "population", frame).is_empty()


@pytest.mark.parametrize(("increase", "fails"), [(1.0, 0), (1.01, 0), (1.02, 1), (-1.0, 1)])
def test_births_less_deaths_make_the_increase_within_two_decimals(increase: float, fails: int) -> None:
    rates = {"natural_increase_rate": increase, "crude_birth_rate": 7.0, "crude_death_rate": 6.0}
    bounded = [
        {"indicator": name, "value": n, "value_min": n - 0.005, "value_max": n + 0.005} for name, n in rates.items()
    ]
    frame = rows("population", *bounded, jurisdiction="CHN", unit="per_1000")
    assert failing_rows("births_less_deaths_make_increase", "population", frame).height == fails


def nation(total: float, year: int, provinces: list[str] = PROVINCES, of_each: float = 1000.0) -> pl.DataFrame:
    common = {"period": date(year, 1, 1), "publisher": "nbs"}
    parts = rows("population", *({"jurisdiction": p, "value": of_each} for p in provinces), dataset="nbs/p", **common)
    return pl.concat([parts, rows("population", {"jurisdiction": "CHN", "value": total}, dataset="nbs/n", **common)])


@pytest.mark.parametrize(
    ("total", "year", "fails"),
    [
        (31_000.0, 2024, 0), (31_050.0, 2024, 0), (31_100.0, 2024, 1), (31_100.0, 2010, 0), (31_600.0, 2005, 0),
        (31_700.0, 2005, 1), (30_999.0, 2024, 1), (30_999.0, 2005, 1),
    ],
)  # fmt: skip
def test_provinces_lack_only_servicemen_and_never_exceed_the_nation(total: float, year: int, fails: int) -> None:
    assert failing_rows("provinces_make_nation", "population", nation(total, year)).height == fails


def test_a_year_with_an_unpublished_province_is_not_checked() -> None:
    assert failing_rows("provinces_make_nation", "population", nation(99_000.0, 2024, PROVINCES[1:])).is_empty()


@pytest.mark.parametrize(
    ("total", "year", "fails"), [(60.0, 2019, 0), (75.0, 2019, 1), (75.0, 2000, 0), (45.0, 2000, 1)]
)
def test_groups_make_the_visitors(total: float, year: int, fails: int) -> None:
    values = {"_T": total, "FOR": 10.0, "HKMO": 20.0, "TWN": 30.0}
    common = {"indicator": "inbound_visitors", "jurisdiction": "CHN", "unit": "crossings", "direction": "IN"}
    changes = ({"person_group": group, "value": n} for group, n in values.items())
    frame = rows("border_crossing", *changes, period=date(year, 1, 1), **common)
    assert failing_rows("groups_make_visitors", "border_crossing", frame).height == fails


# Provinces


def test_china_has_31_provinces_with_codes_of_gbt_2260_and_names_in_both_languages() -> None:
    provinces = codes.areas().filter(kind="province")
    assert provinces.height == 31
    assert set(provinces["parent"]) == {"CHN"}
    assert not provinces["in_scope"].any()
    assert provinces["area"].str.contains(r"^CHN-[1-6][1-5]0000$|^CHN-[1-6]\d0000$").all()
    assert provinces["name_zh"].str.contains("[市省区]$").all()
    assert codes.areas().filter(pl.col("kind") != "province")["parent"].null_count() == codes.areas().height - 31


@pytest.mark.parametrize(
    ("code", "area"),
    [
        ("110000", "CHN-110000"), ("650000000000", "CHN-650000"), ("内蒙古自治区", "CHN-150000"), ("100000", "CHN"),
        ("000000000000", "CHN"), ("710000", "TWN"), ("810000000000", "HKG"), ("820000", "MAC"),
    ],
)  # fmt: skip
def test_a_code_of_gbt_2260_is_translated_to_its_area(code: str, area: str) -> None:
    found = codes.area_codes().filter(scheme="gbt2260", code=code)
    assert found["area"].to_list() == [area]


def test_provinces_are_in_scope_but_not_among_the_jurisdictions_of_coverage() -> None:
    assert set(PROVINCES) <= set(areas_in_scope())
    frame = rows("population", {"jurisdiction": "CHN-110000"}, {"jurisdiction": "CHN"}).lazy()
    frame = frame.with_columns(withheld=pl.lit(value=False))
    counted = coverage(frame, all_received())
    assert counted.filter(pl.col("jurisdiction").str.starts_with("CHN-")).is_empty()
    assert counted.filter(jurisdiction="CHN", indicator="population", year=2024)["observations"].to_list() == [1]


# Vintages


@pytest.mark.parametrize(("before", "change"), [(19_619_000.0, "rounding"), (19_630_000.0, "value")])
def test_a_figure_that_had_more_digits_before_is_rounded_and_not_revised(before: float, change: str) -> None:
    declared = contract("population")
    bounds = {"value": 19_620_000.0, "value_min": 19_615_000.0, "value_max": 19_625_000.0}
    old, new = rows("population", {"value": before}), rows("population", bounds)
    old, new = (frame.with_columns(pl.lit(name).alias(REQUEST)) for frame, name in ((old, "old"), (new, "new")))
    first = apply_vintage(empty_state(declared).current, old, datetime(2025, 9, 30, tzinfo=UTC), declared)
    second = apply_vintage(first.current, new, datetime(2026, 4, 12, tzinfo=UTC), declared)
    assert second.revisions.select("change", "old_value", "new_value").rows() == [(change, before, 19_620_000.0)]
