"""Rules on totals: parts that add up to their total pass, and a total that differs is shown."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.validation import row_rules_of
from sources import reading
from tests.support.frames import EU, failing_rows, rows
from warehouse.contracts import contracts

COUNT = st.integers(0, 10**8).map(float)


def sexes(total: float, **parts: float | None) -> pl.DataFrame:
    values = {"_T": total, **{{"U": "_U"}.get(sex, sex): value for sex, value in parts.items()}}
    return rows("population", *({"sex": sex, "value": value} for sex, value in values.items()))


def citizens(role: str = "citizenship", **groups: float | None) -> pl.DataFrame:
    values = {{"T": "_T", "U": "_U"}.get(group, group): value for group, value in groups.items()}
    common = {"indicator": "population_by_citizenship", "partner_role": role}
    return rows("migrant_stock", *({"partner": group, "value": value} for group, value in values.items()), **common)


def rounded(value: float, to: int = 5) -> dict[str, object]:
    """A count as a publisher that rounds shows it, with the bounds that rounding allows."""
    shown = to * round(value / to)
    return {"value": float(shown), "value_min": float(shown - to // 2), "value_max": float(shown + to // 2)}


@given(men=COUNT, women=COUNT)
def test_men_and_women_make_the_total(men: float, women: float) -> None:
    assert failing_rows("sexes_make_total", "population", sexes(men + women, M=men, F=women)).is_empty()


@given(men=COUNT, women=COUNT, off=st.floats(1.5, 1e6) | st.floats(-1e6, -1.5))
def test_a_total_over_sex_that_differs_is_found(men: float, women: float, off: float) -> None:
    found = failing_rows("sexes_make_total", "population", sexes(men + women + off, M=men, F=women))
    assert found.select("sex", "parts_min", "parts_max").rows() == [("_T", men + women, men + women)]


@given(men=st.integers(0, 10**6), women=st.integers(0, 10**6), unknown=st.integers(0, 100))
def test_figures_that_are_rounded_one_by_one_make_their_rounded_total(men: int, women: int, unknown: int) -> None:
    counts = {"_T": men + women + unknown, "M": men, "F": women, "_U": unknown}
    frame = rows("population", *({"sex": sex, **rounded(count)} for sex, count in counts.items()))
    assert failing_rows("sexes_make_total", "population", frame).is_empty()


def test_a_total_may_exceed_its_parts_where_a_dataset_publishes_unknown_sex_for_other_rows_only() -> None:
    elsewhere = sexes(11, M=5, F=5, U=1).with_columns(jurisdiction=pl.lit("BEL"))
    greater = pl.concat([elsewhere, sexes(100, M=5, F=5)])
    less = pl.concat([elsewhere, sexes(8, M=5, F=5)])
    assert failing_rows("sexes_make_total", "population", greater).is_empty()
    assert failing_rows("sexes_make_total", "population", less)["value"].to_list() == [8.0]


@pytest.mark.parametrize(("total", "fails"), [(20.0, 0), (8.0, 1)])
def test_a_part_of_more_than_a_number_leaves_its_total_open_above(total: float, fails: int) -> None:
    parts: dict[str, dict[str, object]] = {
        "M": {"value": 5.0},
        "F": {"value": 5.0, "value_min": 5.0, "value_max": None},
    }
    changes = [{"sex": "_T", "value": total}, *(part | {"sex": sex} for sex, part in parts.items())]
    frame = rows("population", *changes)
    assert failing_rows("sexes_make_total", "population", frame).height == fails


def test_a_total_with_an_unpublished_part_is_not_checked() -> None:
    frame = sexes(100, M=5, F=None)
    assert failing_rows("sexes_make_total", "population", frame).is_empty()


@given(national=COUNT, foreign=COUNT, stateless=COUNT, unknown=COUNT)
def test_nationals_foreigners_stateless_and_unknown_make_the_population(
    national: float, foreign: float, stateless: float, unknown: float
) -> None:
    total = national + foreign + stateless + unknown
    separate = citizens(T=total, NAT=national, FOR=foreign, STLS=stateless, U=unknown)
    together = citizens(T=total, NAT=national, FOR_STLS=foreign + stateless, STLS=stateless, U=unknown)
    for frame in (separate, together):
        assert failing_rows("citizenships_make_total", "migrant_stock", frame).is_empty()
        assert failing_rows("citizenships_near_total", "migrant_stock", frame).is_empty()


def test_the_groups_of_citizenship_make_the_population_of_france() -> None:
    """Eurostat, migr_pop1ctz, 1 January 2025, as published on 22 September 2026."""
    france = citizens(T=68882600.0, NAT=62414394.0, FOR_STLS=6468206.0, STLS=0.0, U=0.0)
    assert failing_rows("citizenships_make_total", "migrant_stock", france).is_empty()


@pytest.mark.corpus
def test_the_groups_of_citizenship_make_the_population_of_france_in_each_year_since_2007(corpus: Path) -> None:
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
    assert failing_rows("citizenships_make_total", "migrant_stock", frame).is_empty()
    wrong = frame.with_columns(value=pl.when(partner="NAT").then(pl.col("value") * 1.02).otherwise("value"))
    assert failing_rows("citizenships_near_total", "migrant_stock", wrong).height == 19


def test_a_small_difference_warns_and_a_missing_group_is_an_error() -> None:
    few = citizens(T=100_020.0, NAT=90_000.0, FOR=9_000.0, STLS=1_000.0, U=0.0)
    group = citizens(T=100_000.0, NAT=90_000.0, FOR=9_000.0, STLS=9_000.0, U=0.0)
    assert failing_rows("citizenships_make_total", "migrant_stock", few)["partner"].to_list() == ["_T"]
    assert failing_rows("citizenships_near_total", "migrant_stock", few).is_empty()
    assert failing_rows("citizenships_near_total", "migrant_stock", group)["parts_min"].to_list() == [108_000.0]


def test_a_group_that_was_revised_later_may_differ_by_up_to_five_per_cent() -> None:
    """Cyprus, 1 January 2022: foreigners of 2026 with the other groups of 2025, as published by Eurostat."""
    cyprus = citizens(T=904_705.0, NAT=734_644.0, FOR_STLS=204_840.0, STLS=0.0, U=0.0)
    later = pl.when(partner="FOR_STLS").then(datetime(2026, 8, 10, tzinfo=UTC)).otherwise("known_from")
    revised = cyprus.with_columns(known_from=later.cast(cyprus.schema["known_from"]))
    assert failing_rows("citizenships_near_total", "migrant_stock", cyprus).height == 1
    assert failing_rows("citizenships_near_total", "migrant_stock", revised).is_empty()
    assert failing_rows("citizenships_make_total", "migrant_stock", revised).height == 1
    other = revised.with_columns(value=pl.when(partner="NAT").then(pl.col("value") * 1.05).otherwise("value"))
    assert failing_rows("citizenships_near_total", "migrant_stock", other).height == 1


def test_by_country_of_birth_nobody_is_stateless() -> None:
    whole = citizens("country_of_birth", T=100.0, NAT=80.0, FOR=19.0, U=1.0)
    off = citizens("country_of_birth", T=180.0, NAT=80.0, FOR=19.0, U=1.0)
    assert failing_rows("citizenships_make_total", "migrant_stock", whole).is_empty()
    assert failing_rows("citizenships_make_total", "migrant_stock", off).height == 1


def test_a_total_by_citizenship_is_not_checked_without_the_stateless() -> None:
    assert failing_rows("citizenships_make_total", "migrant_stock", citizens(T=180.0, NAT=80.0, FOR=19.0)).is_empty()


@given(st.dictionaries(st.sampled_from(sorted(EU)), COUNT, min_size=3, max_size=3))
def test_the_members_make_the_union(values: dict[str, float]) -> None:
    union = {**values, "EU27_2020": sum(values.values())}
    frame = rows("population", *({"jurisdiction": area, "value": value} for area, value in union.items()))
    assert failing_rows("members_make_union", "population", frame).is_empty()


def test_a_union_that_differs_from_its_members_is_shown_with_their_sum() -> None:
    values = {"AUT": 10.0, "BEL": 20.0, "BGR": 30.0, "EU27_2020": 99.0}
    frame = rows("population", *({"jurisdiction": area, "value": value} for area, value in values.items()))
    found = failing_rows("members_make_union", "population", frame)
    assert found.select("jurisdiction", "value", "parts_min", "parts_max").rows() == [("EU27_2020", 99.0, 60.0, 60.0)]


@pytest.mark.parametrize("missing", [{"jurisdiction": "BGR", "value": None}, {"jurisdiction": "CHN", "value": 1.0}])
def test_a_union_with_an_unpublished_member_is_not_checked(missing: dict[str, object]) -> None:
    values = {"AUT": 10.0, "BEL": 20.0, "EU27_2020": 99.0}
    known = ({"jurisdiction": area, "value": value} for area, value in values.items())
    assert failing_rows("members_make_union", "population", rows("population", *known, missing)).is_empty()


def permits(dimension: str, **values: float | None) -> pl.DataFrame:
    changes = ({dimension: {"T": "_T"}.get(code, code), "value": value} for code, value in values.items())
    return rows("residence_permit", *changes, indicator="valid_permits", unit="permits")


@given(fam=COUNT, educ=COUNT, emp=COUNT, oth=COUNT, refugee=st.none() | COUNT)
def test_reasons_make_the_total_with_protection_where_it_is_published(
    fam: float, educ: float, emp: float, oth: float, refugee: float | None
) -> None:
    total = fam + educ + emp + oth + (refugee or 0.0)
    frame = permits("reason", T=total, FAM=fam, EDUC=educ, EMP=emp, OTH=oth, RFG=refugee)
    assert failing_rows("reasons_make_total", "residence_permit", frame).is_empty()
    frame = permits("reason", T=total + 5, FAM=fam, EDUC=educ, EMP=emp, OTH=oth, RFG=refugee)
    found = failing_rows("reasons_make_total", "residence_permit", frame)
    assert found.select("reason", "value", "parts_max").rows() == [("_T", total + 5, total)]


def test_a_total_is_not_checked_if_one_reason_is_missing() -> None:
    frame = permits("reason", T=100.0, FAM=1.0, EDUC=1.0, EMP=None, OTH=1.0)
    assert failing_rows("reasons_make_total", "residence_permit", frame).is_empty()


@given(short=COUNT, middle=COUNT, long=COUNT, off=st.sampled_from([0.0, 5.0, -5.0]))
def test_lengths_of_validity_make_the_total(short: float, middle: float, long: float, off: float) -> None:
    frame = permits("duration", T=short + middle + long + off, M3T5=short, M6T11=middle, M_GE12=long)
    assert failing_rows("durations_make_total", "residence_permit", frame).height == (off != 0)


def test_rates_of_men_and_women_need_not_add_up() -> None:
    parts = ({"sex": sex, "value": value} for sex, value in (("_T", 64.1), ("M", 70.2), ("F", 58.0)))
    frame = rows("labour_migration", *parts, indicator="employment_rate", unit="percent")
    assert failing_rows("sexes_make_total", "labour_migration", frame).is_empty()


@given(employed=COUNT, unemployed=COUNT, off=st.sampled_from([0.0, 100.0]))
def test_the_labour_force_is_the_employed_and_the_unemployed(employed: float, unemployed: float, off: float) -> None:
    values = {"employed": employed, "unemployed": unemployed, "labour_force": employed + unemployed + off}
    frame = rows("labour_migration", *({"indicator": name, "value": value} for name, value in values.items()))
    found = failing_rows("labour_force_is_employed_and_unemployed", "labour_migration", frame)
    assert found["indicator"].to_list() == (["labour_force"] if off else [])


def test_thousands_that_are_rounded_one_by_one_make_their_labour_force() -> None:
    bounds = {"employed": 64_100.0, "unemployed": 5_000.0, "labour_force": 69_200.0}
    changes = (
        {"indicator": name, "value": value, "value_min": value - 50, "value_max": value + 50}
        for name, value in bounds.items()
    )
    frame = rows("labour_migration", *changes)
    assert failing_rows("labour_force_is_employed_and_unemployed", "labour_migration", frame).is_empty()


def flows(net: float, inbound: float, outbound: float | None) -> pl.DataFrame:
    found = {"net": net, "inbound": inbound} | ({} if outbound is None else {"outbound": outbound})
    changes = ({"indicator": f"{name}_mobile_students", "value": value} for name, value in found.items())
    return rows("student_mobility", *changes, education_level="ED5T8")


@given(inbound=COUNT, outbound=COUNT, off=st.sampled_from([0.0, 0.5, 2.0, -7.0]))
def test_the_net_flow_of_students_is_inbound_less_outbound(inbound: float, outbound: float, off: float) -> None:
    found = failing_rows(
        "net_students_are_inbound_less_outbound",
        "student_mobility",
        flows(inbound - outbound + off, inbound, outbound),
    )
    assert found.height == (abs(off) > 1)


def test_a_net_flow_with_one_missing_side_is_not_checked() -> None:
    found = failing_rows("net_students_are_inbound_less_outbound", "student_mobility", flows(-5.0, 100.0, None))
    assert found.is_empty()


def test_rules_on_permits_and_the_labour_force_are_warnings_of_one_table() -> None:
    tables = {
        "reasons_make_total": {"residence_permit"},
        "durations_make_total": {"residence_permit"},
        "labour_force_is_employed_and_unemployed": {"labour_migration"},
    }
    rules = [(rule, table) for table, declared in contracts().items() for rule in row_rules_of(declared)]
    for name, expected in tables.items():
        assert {table for rule, table in rules if rule.name == name} == expected
        assert {rule.severity for rule, _ in rules if rule.name == name} == {"warning"}
