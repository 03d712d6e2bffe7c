"""Facts about the Union and about indicators: compositions of aggregates and properties of what is counted."""

from datetime import date
from typing import get_args

import polars as pl

from warehouse import codes
from warehouse.codes import concepts
from warehouse.codes.union import compositions


def test_aggregates_have_the_members_of_the_years_that_they_are_named_for() -> None:
    areas = pl.DataFrame(
        {
            "area": ["FRA", "GBR", "ROU", "HRV", "CHN"],
            "eu_from": [date(1958, 1, 1), date(1973, 1, 1), date(2007, 1, 1), date(2013, 7, 1), None],
            "eu_to": [None, date(2020, 2, 1), None, None, None],
        }
    )
    members = compositions(areas)
    assert members["EU15"] == {"FRA", "GBR"}
    assert members["EU27_2007"] == {"FRA", "GBR", "ROU"}
    assert members["EU28"] == {"FRA", "GBR", "ROU", "HRV"}
    assert members["EU27_2020"] == {"FRA", "ROU", "HRV"}


def test_each_aggregate_has_as_many_members_as_its_name_states() -> None:
    sizes = {union: len(states) for union, states in compositions(codes.areas()).items()}
    assert sizes == {"EU15": 15, "EU25": 25, "EU27_2007": 27, "EU28": 28, "EU27_2020": 27}


def test_flows_of_persons_do_not_add_up_to_the_flow_of_the_union() -> None:
    assert not {"immigration", "emigration"} & set(concepts.indicators_with("sums_to_union"))


def test_net_flows_add_up_because_moves_between_members_cancel() -> None:
    assert "net_migration" in concepts.indicators_with("sums_to_union")


def test_indicators_that_add_up_over_the_union_count_persons_documents_decisions_and_cases() -> None:
    known = dict(codes.indicators().select("indicator", "unit").iter_rows())
    units = {known[indicator] for indicator in concepts.indicators_with("sums_to_union")}
    assert units == {"persons", "permits", "applications", "decisions", "documents", "cases", "offences"}


def test_a_property_is_true_or_empty_and_a_change_refers_to_an_indicator() -> None:
    table = codes.read("concepts")
    for name in get_args(concepts.Property):
        assert set(table[name].drop_nulls()) == {"true"}
    assert set(concepts.changes().values()) <= codes.members("indicator")
