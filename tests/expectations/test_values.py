"""Rules on single values: plausible figures pass, and an implausible one is shown."""

from datetime import date

import pytest

from expectations import values
from tests.support.frames import failing_rows, rows

LARGEST = 100_000.0


@pytest.mark.parametrize(("value", "fails"), [(0.0, 0), (LARGEST, 0), (6_112_019.0, 1), (None, 0)])
def test_the_number_of_a_question_is_not_a_plausible_count_of_victims(value: float | None, fails: int) -> None:
    frame = rows("trafficking", {"value": value}, indicator="trafficking_victims", exploitation="_T", occurrence="1")
    assert failing_rows("trafficking_counts_plausible", "trafficking", frame).height == fails


def test_an_incident_has_one_number_of_dead_and_one_of_missing() -> None:
    shared = {"route": "CMED", "cause": "DROWNING", "incident": "2024.MMP1"}
    two = ({"indicator": "migrants_dead"}, {"indicator": "migrants_missing"})
    assert failing_rows("one_figure_per_incident", "migrant_death", rows("migrant_death", *two, **shared)).is_empty()
    again = ({"indicator": "migrants_dead"}, {"indicator": "migrants_dead", "route": "WMED"})
    found = failing_rows("one_figure_per_incident", "migrant_death", rows("migrant_death", *again, **shared))
    assert found["route"].to_list() == ["CMED", "WMED"]


@pytest.mark.parametrize("indicator", ["net_mobile_students", "migrants_missing", "remittance_cost"])
def test_a_difference_may_be_negative(indicator: str) -> None:
    frame = rows("remittance", {"value": -5.0}, indicator=indicator)
    assert failing_rows("counts_not_negative", "remittance", frame).is_empty()
    assert failing_rows(
        "counts_not_negative", "remittance", rows("remittance", {"value": -5.0}, indicator="refugees")
    ).height


@pytest.mark.parametrize(("portal", "fails"), [(-567_724.0, 0), (-567_724.4, 0), (-567.724, 1), (-293_846.0, 1)])
def test_package_and_portal_of_the_un_have_the_same_net_migration_in_the_same_unit(portal: float, fails: int) -> None:
    package = {"dataset": "undesa/wpp_net_migration", "value": -567_724.0}
    frame = rows(
        "migration_flow",
        package,
        {"dataset": "undesa/total_net_migration", "value": portal},
        publisher="undesa",
        indicator="net_migration",
    )
    assert failing_rows("un_net_migration_agrees", "migration_flow", frame).height == fails


def test_eurostat_rounds_asylum_and_unhcr_does_not() -> None:
    common = {"indicator": "asylum_applicants", "dataset": "eurostat/migr_asyappctza"}
    frame = rows("asylum", {"value": 10.0}, {"value": 12.0}, {"value": 12.0, "publisher": "unhcr"}, **common)
    found = failing_rows("eurostat_counts_are_multiples_of_five", "asylum", frame)
    assert found.select("publisher", "value").rows() == [("eurostat", 12.0)]


def test_unhcr_publishes_no_count_from_one_to_four() -> None:
    counts = ({"value": float(n), "period": date(2000 + n, 1, 1), "publisher": "unhcr"} for n in range(7))
    found = failing_rows(
        "unhcr_shows_no_small_counts", "displacement", rows("displacement", *counts, indicator="refugees")
    )
    assert found["value"].to_list() == [1.0, 2.0, 3.0, 4.0]


def test_refugees_in_their_own_country_are_found_and_internally_displaced_are_not() -> None:
    home = {"jurisdiction": "AUT", "partner": "AUT", "partner_role": "origin"}
    frame = rows(
        "displacement",
        {**home, "indicator": "refugees"},
        {**home, "indicator": "refugees", "value": 0.0, "period": date(2023, 1, 1)},
        {**home, "indicator": "internally_displaced"},
        {**home, "indicator": "refugees", "partner": "CHN"},
    )
    found = failing_rows("origin_differs_from_destination", "displacement", frame)
    assert found.select("indicator", "partner", "value").rows() == [("refugees", "AUT", 100.0)]


@pytest.mark.parametrize(("value", "fails"), [(0.0, 0), (100.0, 0), (100.1, 1), (-0.1, 1), (None, 0)])
def test_a_percentage_is_between_0_and_100(value: float | None, fails: int) -> None:
    frame = rows("labour_migration", {"value": value}, indicator="employment_rate", unit="percent")
    assert failing_rows("rates_within_hundred", "labour_migration", frame).height == fails


def test_persons_may_be_more_than_a_hundred() -> None:
    frame = rows("labour_migration", {"value": 64_100.0}, indicator="employed", unit="persons")
    assert failing_rows("rates_within_hundred", "labour_migration", frame).is_empty()


def test_percentages_outside_the_range_only_warn() -> None:
    (rule,) = (each for each in values.RULES if each.name == "rates_within_hundred")
    assert rule.severity == "warning"


@pytest.mark.parametrize(
    ("figure", "fails"),
    [
        ({"value": 6_632.0}, 0),
        ({"value": 6.632}, 1),
        ({"value": 0.5, "unit": "permits"}, 1),
        ({"value": None}, 0),
        ({"value": 99.7, "unit": "percent"}, 0),
        ({"value": 6.5, "definition": "modelled_population_projection"}, 0),
        ({"value": 6.5, "definition": "oecd_permanent_inflow"}, 0),
    ],
)
def test_nobody_counts_a_fraction_of_a_person(figure: dict[str, object], fails: int) -> None:
    frame = rows("population", figure)
    assert failing_rows("counts_are_whole", "population", frame).height == fails
