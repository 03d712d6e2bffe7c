"""Limits that the law states, and the figures of the comparison that are computed from them."""

from datetime import date
from functools import cache

import polars as pl

from assets.law.bindings import bindings
from assets.law.indicators import Law, figures
from assets.law.provisions import LIMITS
from sources.snapshot import FOLDER
from tests.support.law_payloads import act_event, events, read_law_rows
from warehouse import codes
from warehouse.codes import UNION
from warehouse.contracts import contract
from warehouse.measures import measures


@cache
def provisions() -> pl.DataFrame:
    found = read_law_rows(FOLDER / "citations/provisions/2026-11.csv.gz", "citations/provisions")
    assert found.unmatched.is_empty()
    return found.observations


def limits(norm: str, day: date) -> set[tuple[object, ...]]:
    """Jurisdiction, case, kind, value and unit of the limits of a norm that are valid on a day."""
    valid = (pl.col("valid_from") <= day) & (pl.col("valid_to").is_null() | (pl.col("valid_to") > day))
    rows = provisions().filter(pl.col("norm") == norm, valid)
    return set(rows.select("jurisdiction", "norm_case", "bound_kind", "value", "unit").iter_rows())


def test_china_and_the_union_have_limits_on_the_same_norm() -> None:
    found = limits("detention", date(2020, 1, 1))
    assert ("EU", "extended", "maximum", 18.0, "months") in found
    assert ("CHN", "extended", "maximum", 60.0, "days") in found
    assert ("CHN", "deportation", "exact", 10.0, "years") in limits("entry_ban", date(2020, 1, 1))


def test_a_recast_ends_the_limits_of_the_act_that_it_replaces() -> None:
    factor = {row[2:4] for row in limits("blue_card_salary", date(2015, 1, 1))}
    assert factor == {("minimum", 1.5)}
    factor = {row[2:4] for row in limits("blue_card_salary", date(2024, 1, 1))}
    assert factor == {("minimum", 1.0), ("maximum", 1.6)}


def test_every_limit_belongs_to_a_known_instrument_and_names_its_publication() -> None:
    listed = set(codes.instruments()["instrument"])
    rows = provisions()
    assert set(rows["instrument"]) <= listed
    assert rows["source_url"].str.starts_with("http").all()
    acts = rows.filter(pl.col("jurisdiction") == "EU")
    assert acts["instrument"].str.starts_with("3").all()
    assert acts["provision"].null_count() == 0
    assert (rows.drop_nulls("valid_to")["valid_to"] > rows.drop_nulls("valid_to")["valid_from"]).all()


def test_a_minimum_is_not_above_the_maximum_of_the_same_norm() -> None:
    keys = ["instrument", "norm", "norm_case", "unit"]
    by_kind = {kind: provisions().filter(pl.col("bound_kind") == kind) for kind in ("minimum", "maximum")}
    both = by_kind["minimum"].join(by_kind["maximum"], on=keys)
    assert both.height > 3
    assert (both["value"] <= both["value_right"]).all()


def test_a_limit_counts_for_the_states_that_the_act_binds_and_periods_become_days() -> None:
    rows = events(
        act_event("enter_into_force", date(2009, 1, 13)),
        act_event("opt_out", None, jurisdiction="IRL", date_precision="unknown"),
        {
            "instrument": "CHN-EXIT-ENTRY-2012",
            "event": "enter_into_force",
            "date": date(2013, 7, 1),
            "basis": "national_law",
        },
    )
    empty = {name: pl.DataFrame(schema=contract(name).polars_schema) for name in ("visa_rule", "policy_coding")}
    law = Law(bindings(rows), rows, legal_provision=provisions(), **empty)
    found = figures(law, [("m", "longest_detention")], ["CHN", "DEU", "HRV", "IRL"], [2009, 2012, 2013])
    assert sorted(found.select("jurisdiction", "year", "value").iter_rows()) == [
        ("CHN", 2013, 60.0),
        ("DEU", 2012, 540.0),
        ("DEU", 2013, 540.0),
        (UNION, 2012, 540.0),
        (UNION, 2013, 540.0),
        ("HRV", 2013, 540.0),
    ]


def test_every_limit_of_the_comparison_is_a_measure_with_its_unit() -> None:
    computed = {entry.computed: entry.unit for entry in measures().values() if entry.computed}
    assert {name: limit.unit for name, limit in LIMITS.items()}.items() <= computed.items()
