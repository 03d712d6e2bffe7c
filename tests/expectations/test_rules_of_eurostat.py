"""What must hold of permits, rates and the labour force: what holds passes, and the row that breaks it is shown."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.rules import IDENTITIES, identities
from tests.support.frames import FACTS, rows
from warehouse.contracts import contract, contracts

COUNT = st.integers(0, 10**7).map(float)


def failing(name: str, table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The failing rows of one identity."""
    (identity,) = (i for i in identities(contract(table)) if i.name == name)
    return identity.failing(frame.lazy(), contract(table), FACTS).collect()


def permits(dimension: str, **values: float | None) -> pl.DataFrame:
    changes = ({dimension: {"T": "_T"}.get(code, code), "value": value} for code, value in values.items())
    return rows("residence_permit", *changes, indicator="valid_permits", unit="permits")


@given(fam=COUNT, educ=COUNT, emp=COUNT, oth=COUNT, refugee=st.none() | COUNT)
def test_reasons_make_the_total_with_protection_where_it_is_told_apart(
    fam: float, educ: float, emp: float, oth: float, refugee: float | None
) -> None:
    total = fam + educ + emp + oth + (refugee or 0.0)
    frame = permits("reason", T=total, FAM=fam, EDUC=educ, EMP=emp, OTH=oth, RFG=refugee)
    assert failing("reasons_make_total", "residence_permit", frame).is_empty()
    frame = permits("reason", T=total + 5, FAM=fam, EDUC=educ, EMP=emp, OTH=oth, RFG=refugee)
    found = failing("reasons_make_total", "residence_permit", frame)
    assert found.select("reason", "value", "parts_max").rows() == [("_T", total + 5, total)]


def test_reasons_of_which_one_is_missing_say_nothing_of_the_total() -> None:
    frame = permits("reason", T=100.0, FAM=1.0, EDUC=1.0, EMP=None, OTH=1.0)
    assert failing("reasons_make_total", "residence_permit", frame).is_empty()


@given(short=COUNT, middle=COUNT, long=COUNT, off=st.sampled_from([0.0, 5.0, -5.0]))
def test_lengths_of_validity_make_the_total(short: float, middle: float, long: float, off: float) -> None:
    frame = permits("duration", T=short + middle + long + off, M3T5=short, M6T11=middle, M_GE12=long)
    assert failing("durations_make_total", "residence_permit", frame).height == (off != 0)


@pytest.mark.parametrize(("value", "fails"), [(0.0, 0), (100.0, 0), (100.1, 1), (-0.1, 1), (None, 0)])
def test_a_percentage_is_within_nothing_and_all(value: float | None, fails: int) -> None:
    frame = rows("labour_migration", {"value": value}, indicator="employment_rate", unit="percent")
    assert failing("rates_within_hundred", "labour_migration", frame).height == fails


def test_persons_may_be_more_than_a_hundred() -> None:
    frame = rows("labour_migration", {"value": 64_100.0}, indicator="employed", unit="persons")
    assert failing("rates_within_hundred", "labour_migration", frame).is_empty()


def test_rates_of_men_and_women_do_not_add_up_and_need_not() -> None:
    parts = ({"sex": sex, "value": value} for sex, value in (("_T", 64.1), ("M", 70.2), ("F", 58.0)))
    frame = rows("labour_migration", *parts, indicator="employment_rate", unit="percent")
    assert failing("sexes_make_total", "labour_migration", frame).is_empty()


@given(employed=COUNT, unemployed=COUNT, off=st.sampled_from([0.0, 100.0]))
def test_the_labour_force_is_the_employed_and_the_unemployed(employed: float, unemployed: float, off: float) -> None:
    values = {"employed": employed, "unemployed": unemployed, "labour_force": employed + unemployed + off}
    frame = rows("labour_migration", *({"indicator": name, "value": value} for name, value in values.items()))
    found = failing("labour_force_is_employed_and_unemployed", "labour_migration", frame)
    assert found["indicator"].to_list() == (["labour_force"] if off else [])


def test_thousands_rounded_one_by_one_make_their_labour_force() -> None:
    bounds = {"employed": 64_100.0, "unemployed": 5_000.0, "labour_force": 69_200.0}
    changes = (
        {"indicator": name, "value": value, "value_min": value - 50, "value_max": value + 50}
        for name, value in bounds.items()
    )
    frame = rows("labour_migration", *changes)
    assert failing("labour_force_is_employed_and_unemployed", "labour_migration", frame).is_empty()


def test_the_new_identities_apply_to_the_tables_that_they_speak_of() -> None:
    applied = {
        name: {table for table, c in contracts().items() if any(i.name == name for i in identities(c))}
        for name in ("reasons_make_total", "durations_make_total", "labour_force_is_employed_and_unemployed")
    }
    assert applied == {
        "reasons_make_total": {"residence_permit"},
        "durations_make_total": {"residence_permit"},
        "labour_force_is_employed_and_unemployed": {"labour_migration"},
    }
    assert all(i.severity == "warning" for i in IDENTITIES if i.name in {*applied, "rates_within_hundred"})
