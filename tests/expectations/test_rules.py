"""Identities of accounting, of publishers, of the Union: what holds passes, and the row that breaks it is shown."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.rules import every, identities
from sources import reading
from tests.support.frames import EU, FACTS, rows
from warehouse.contracts import contract, contracts

COUNT = st.integers(0, 10**8).map(float)


def failing(name: str, table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The failing rows of one identity."""
    (identity,) = (i for i in identities(contract(table)) if i.name == name)
    return identity.failing(frame.lazy(), contract(table), FACTS).collect()


def sexes(total: float, **parts: float | None) -> pl.DataFrame:
    values = {"_T": total, **{{"U": "_U"}.get(sex, sex): value for sex, value in parts.items()}}
    return rows("population", *({"sex": sex, "value": value} for sex, value in values.items()))


def citizens(role: str = "citizenship", **groups: float | None) -> pl.DataFrame:
    values = {{"T": "_T", "U": "_U"}.get(group, group): value for group, value in groups.items()}
    common = {"indicator": "population_by_citizenship", "partner_role": role}
    return rows("migrant_stock", *({"partner": group, "value": value} for group, value in values.items()), **common)


def rounded(value: float, to: int = 5) -> dict[str, object]:
    """A count as a publisher shows it that rounds, with the bounds that this leaves open."""
    shown = to * round(value / to)
    return {"value": float(shown), "value_min": float(shown - to // 2), "value_max": float(shown + to // 2)}


@given(men=COUNT, women=COUNT)
def test_men_and_women_make_the_total(men: float, women: float) -> None:
    assert failing("sexes_make_total", "population", sexes(men + women, M=men, F=women)).is_empty()


@given(men=COUNT, women=COUNT, off=st.floats(1.5, 1e6) | st.floats(-1e6, -1.5))
def test_a_total_over_sex_that_is_off_is_found(men: float, women: float, off: float) -> None:
    found = failing("sexes_make_total", "population", sexes(men + women + off, M=men, F=women))
    assert found.select("sex", "parts_min", "parts_max").rows() == [("_T", men + women, men + women)]


@given(men=st.integers(0, 10**6), women=st.integers(0, 10**6), unknown=st.integers(0, 100))
def test_figures_rounded_one_by_one_make_their_rounded_total(men: int, women: int, unknown: int) -> None:
    counts = {"_T": men + women + unknown, "M": men, "F": women, "_U": unknown}
    frame = rows("population", *({"sex": sex, **rounded(count)} for sex, count in counts.items()))
    assert failing("sexes_make_total", "population", frame).is_empty()


def test_where_persons_of_unknown_sex_are_told_apart_but_not_here_the_total_may_be_greater_and_not_less() -> None:
    elsewhere = sexes(11, M=5, F=5, U=1).with_columns(reporter=pl.lit("BEL"))
    greater = pl.concat([elsewhere, sexes(100, M=5, F=5)])
    less = pl.concat([elsewhere, sexes(8, M=5, F=5)])
    assert failing("sexes_make_total", "population", greater).is_empty()
    assert failing("sexes_make_total", "population", less)["value"].to_list() == [8.0]


def test_a_part_that_is_not_published_makes_no_judgement() -> None:
    frame = sexes(100, M=5, F=None)
    assert failing("sexes_make_total", "population", frame).is_empty()


@given(national=COUNT, foreign=COUNT, stateless=COUNT, unknown=COUNT)
def test_nationals_foreigners_stateless_and_unknown_make_the_population(
    national: float, foreign: float, stateless: float, unknown: float
) -> None:
    total = national + foreign + stateless + unknown
    apart = citizens(T=total, NAT=national, FOR=foreign, STLS=stateless, U=unknown)
    together = citizens(T=total, NAT=national, FOR_STLS=foreign + stateless, STLS=stateless, U=unknown)
    for frame in (apart, together):
        assert failing("citizenships_make_total", "migrant_stock", frame).is_empty()
        assert failing("citizenships_near_total", "migrant_stock", frame).is_empty()


def test_the_population_of_france_by_citizenship_is_whole() -> None:
    """Eurostat, migr_pop1ctz, 1 January 2025, as published on 22 September 2026."""
    france = citizens(T=68882600.0, NAT=62414394.0, FOR_STLS=6468206.0, STLS=0.0, U=0.0)
    assert failing("citizenships_make_total", "migrant_stock", france).is_empty()


@pytest.mark.corpus
def test_the_population_of_france_is_whole_in_each_year_since_2007(corpus: Path) -> None:
    path = corpus / "eurostat" / "migr_pop1ctz" / "ToddLab__eurostat_migr1ctz_row_fr_sample.json"
    groups = {"TOTAL": "_T", "NAT": "NAT", "FOR_STLS": "FOR_STLS", "STLS": "STLS", "UNK": "_U"}
    cells = reading.read(path).frame.filter(pl.col("citizen").is_in(list(groups))).collect()
    frame = rows(
        "migrant_stock",
        *(
            {"partner": groups[cell["citizen"]], "value": cell["value"], "period": date(int(cell["time"]), 1, 1)}
            for cell in cells.to_dicts()
        ),
        indicator="population_by_citizenship",
        partner_role="citizenship",
    )
    assert frame.filter(partner="_T").height == 19
    assert failing("citizenships_make_total", "migrant_stock", frame).is_empty()
    wrong = frame.with_columns(value=pl.when(partner="NAT").then(pl.col("value") * 1.02).otherwise("value"))
    assert failing("citizenships_near_total", "migrant_stock", wrong).height == 19


def test_a_population_that_misses_a_few_warns_and_one_that_misses_a_group_fails() -> None:
    few = citizens(T=100_020.0, NAT=90_000.0, FOR=9_000.0, STLS=1_000.0, U=0.0)
    group = citizens(T=100_000.0, NAT=90_000.0, FOR=9_000.0, STLS=9_000.0, U=0.0)
    assert failing("citizenships_make_total", "migrant_stock", few)["partner"].to_list() == ["_T"]
    assert failing("citizenships_near_total", "migrant_stock", few).is_empty()
    assert failing("citizenships_near_total", "migrant_stock", group)["parts_min"].to_list() == [108_000.0]


def test_by_country_of_birth_nobody_is_stateless() -> None:
    whole = citizens("country_of_birth", T=100.0, NAT=80.0, FOR=19.0, U=1.0)
    off = citizens("country_of_birth", T=180.0, NAT=80.0, FOR=19.0, U=1.0)
    assert failing("citizenships_make_total", "migrant_stock", whole).is_empty()
    assert failing("citizenships_make_total", "migrant_stock", off).height == 1


def test_foreigners_without_the_stateless_make_no_total_by_citizenship() -> None:
    assert failing("citizenships_make_total", "migrant_stock", citizens(T=180.0, NAT=80.0, FOR=19.0)).is_empty()


@given(st.dictionaries(st.sampled_from(sorted(EU)), COUNT, min_size=3, max_size=3))
def test_the_members_make_the_union(values: dict[str, float]) -> None:
    union = {**values, "EU27_2020": sum(values.values())}
    frame = rows("population", *({"reporter": area, "value": value} for area, value in union.items()))
    assert failing("members_make_union", "population", frame).is_empty()


def test_a_union_that_is_not_its_members_is_found_with_their_sum() -> None:
    values = {"AUT": 10.0, "BEL": 20.0, "BGR": 30.0, "EU27_2020": 99.0}
    frame = rows("population", *({"reporter": area, "value": value} for area, value in values.items()))
    found = failing("members_make_union", "population", frame)
    assert found.select("reporter", "value", "parts_min", "parts_max").rows() == [("EU27_2020", 99.0, 60.0, 60.0)]


@pytest.mark.parametrize("missing", [{"reporter": "BGR", "value": None}, {"reporter": "CHN", "value": 1.0}])
def test_a_union_with_a_member_unpublished_is_not_judged(missing: dict[str, object]) -> None:
    values = {"AUT": 10.0, "BEL": 20.0, "EU27_2020": 99.0}
    known = ({"reporter": area, "value": value} for area, value in values.items())
    assert failing("members_make_union", "population", rows("population", *known, missing)).is_empty()


def test_eurostat_rounds_asylum_and_unhcr_does_not() -> None:
    common = {"indicator": "asylum_applicants", "dataset": "eurostat/migr_asyappctza"}
    frame = rows("asylum", {"value": 10.0}, {"value": 12.0}, {"value": 12.0, "publisher": "unhcr"}, **common)
    found = failing("eurostat_counts_are_multiples_of_five", "asylum", frame)
    assert found.select("publisher", "value").rows() == [("eurostat", 12.0)]


def test_unhcr_shows_no_count_from_one_to_four() -> None:
    counts = ({"value": float(n), "period": date(2000 + n, 1, 1), "publisher": "unhcr"} for n in range(7))
    found = failing("unhcr_shows_no_small_counts", "displacement", rows("displacement", *counts, indicator="refugees"))
    assert found["value"].to_list() == [1.0, 2.0, 3.0, 4.0]


def test_refugees_in_their_own_country_are_found_and_internally_displaced_are_not() -> None:
    home = {"reporter": "AUT", "partner": "AUT", "partner_role": "origin"}
    frame = rows(
        "displacement",
        {**home, "indicator": "refugees"},
        {**home, "indicator": "refugees", "value": 0.0, "period": date(2023, 1, 1)},
        {**home, "indicator": "internally_displaced"},
        {**home, "indicator": "refugees", "partner": "CHN"},
    )
    found = failing("origin_differs_from_destination", "displacement", frame)
    assert found.select("indicator", "partner", "value").rows() == [("refugees", "AUT", 100.0)]


def test_identities_read_categorical_columns_as_they_read_strings() -> None:
    frame = citizens(T=180.0, NAT=80.0, FOR=19.0, STLS=1.0, U=0.0)
    coded = frame.with_columns(pl.col(pl.String).cast(pl.Categorical))
    for identity in identities(contract("migrant_stock")):
        plain, codes = (identity.failing(f.lazy(), contract("migrant_stock"), FACTS).collect() for f in (frame, coded))
        assert codes.with_columns(pl.col(pl.Categorical).cast(pl.String)).equals(plain), identity.name


def test_every_identity_applies_to_a_table() -> None:
    applied = {identity.name for declared in contracts().values() for identity in identities(declared)}
    assert applied == {identity.name for identity in every()}
