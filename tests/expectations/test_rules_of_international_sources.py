"""What must hold of students, trafficking and incidents: what holds passes, and the row that breaks it is shown."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.expectations.test_rules_of_eurostat import failing
from tests.support.frames import rows

COUNT = st.integers(0, 10**6).map(float)
LARGEST = 100_000.0


def flows(net: float, inbound: float, outbound: float | None) -> pl.DataFrame:
    found = {"net": net, "inbound": inbound} | ({} if outbound is None else {"outbound": outbound})
    changes = ({"indicator": f"{name}_mobile_students", "value": value} for name, value in found.items())
    return rows("student_mobility", *changes, education_level="ED5T8")


@given(inbound=COUNT, outbound=COUNT, off=st.sampled_from([0.0, 0.5, 2.0, -7.0]))
def test_the_net_flow_of_students_is_what_comes_less_what_goes(inbound: float, outbound: float, off: float) -> None:
    found = failing(
        "net_students_are_inbound_less_outbound",
        "student_mobility",
        flows(inbound - outbound + off, inbound, outbound),
    )
    assert found.height == (abs(off) > 1)


def test_a_net_flow_of_which_one_side_is_missing_is_not_judged() -> None:
    found = failing("net_students_are_inbound_less_outbound", "student_mobility", flows(-5.0, 100.0, None))
    assert found.is_empty()


@pytest.mark.parametrize(("value", "fails"), [(0.0, 0), (LARGEST, 0), (6_112_019.0, 1), (None, 0)])
def test_the_number_of_a_question_is_no_count_of_victims(value: float | None, fails: int) -> None:
    frame = rows("trafficking", {"value": value}, indicator="trafficking_victims", exploitation="_T", occurrence="1")
    assert failing("trafficking_counts_plausible", "trafficking", frame).height == fails


def test_an_incident_has_one_number_of_dead_and_one_of_missing() -> None:
    shared = {"route": "CMED", "cause": "DROWNING", "incident": "2024.MMP1"}
    two = ({"indicator": "migrants_dead"}, {"indicator": "migrants_missing"})
    assert failing("incidents_stand_alone", "migrant_death", rows("migrant_death", *two, **shared)).is_empty()
    again = ({"indicator": "migrants_dead"}, {"indicator": "migrants_dead", "route": "WMED"})
    found = failing("incidents_stand_alone", "migrant_death", rows("migrant_death", *again, **shared))
    assert found["route"].to_list() == ["CMED", "WMED"]


@pytest.mark.parametrize("indicator", ["net_mobile_students", "migrants_missing", "remittance_cost"])
def test_a_difference_may_be_negative(indicator: str) -> None:
    frame = rows("remittance", {"value": -5.0}, indicator=indicator)
    assert failing("counts_not_negative", "remittance", frame).is_empty()
    assert failing(
        "counts_not_negative", "remittance", rows("remittance", {"value": -5.0}, indicator="refugees")
    ).height


@pytest.mark.parametrize(("portal", "fails"), [(-567_724.0, 0), (-567_724.4, 0), (-567.724, 1), (-293_846.0, 1)])
def test_package_and_portal_of_the_un_say_the_same_in_the_same_unit(portal: float, fails: int) -> None:
    package = {"dataset": "undesa/wpp_net_migration", "value": -567_724.0}
    frame = rows(
        "migration_flow",
        package,
        {"dataset": "undesa/total_net_migration", "value": portal},
        publisher="undesa",
        indicator="net_migration",
    )
    assert failing("prospects_agree", "migration_flow", frame).height == fails
