"""A count of instruments that rests on something unknown has bounds."""

from datetime import UTC, date, datetime

import polars as pl

from assets.law.bindings import bindings
from assets.law.indicators import Law, figures
from tests.support.law_payloads import act_event, events
from warehouse.contracts import contract


def counted(computation: str, rows: pl.DataFrame, states: list[str], years: list[int]) -> list[tuple[object, ...]]:
    """Jurisdiction, year, value and bounds of a count."""
    unused = ("visa_rule", "policy_coding", "legal_provision")
    empty = {name: pl.DataFrame(schema=contract(name).polars_schema) for name in unused}
    law = Law(bindings(rows), rows, **empty)
    found = figures(law, [("count", computation)], states, years)
    return found.select("jurisdiction", "year", "value", "value_min", "value_max").sort("jurisdiction", "year").rows()


def test_an_unknown_position_gives_denmark_and_ireland_bounds_and_the_others_none() -> None:
    start = act_event("enter_into_force", date(2009, 1, 13))
    stated = act_event("opt_out", None, jurisdiction="DNK", date_precision="unknown")
    assert counted("union_acts_binding", events(start, stated), ["DEU", "DNK", "IRL"], [2010]) == [
        ("DEU", 2010, 1.0, None, None),
        ("DNK", 2010, 0.0, None, None),
        ("IRL", 2010, 0.0, 0.0, 1.0),
    ]


def test_an_act_without_a_dated_entry_into_force_is_unknown_for_a_year_after_its_adoption() -> None:
    rows = events(act_event("adopt", date(2008, 12, 16)))
    found = counted("union_acts_binding", rows, ["DEU"], [2008, 2009])
    assert found == [("DEU", 2008, 0.0, 0.0, 1.0), ("DEU", 2009, 1.0, None, None)]


LIST = {"source_updated": datetime(2012, 4, 30, tzinfo=UTC), "publisher": "coe", "dataset": "coe/chart"}
PARTY = {"instrument": "CETS197", "event": "ratify", "jurisdiction": "DEU", "date": date(2009, 1, 1), **LIST}


def test_a_state_that_an_old_list_does_not_name_may_have_joined_each_of_its_treaties_since() -> None:
    found = counted("treaties_in_force", events(PARTY), ["CHN", "DEU"], [2010, 2020])
    assert found == [
        ("CHN", 2010, 0.0, None, None),
        ("CHN", 2020, 0.0, 0.0, 2.0),
        ("DEU", 2010, 1.0, None, None),
        ("DEU", 2020, 1.0, 1.0, 2.0),
    ]
    later = {**PARTY, "event": "not_party", "jurisdiction": "CHN", "date": date(2024, 4, 20), "publisher": "citations"}
    found = counted("treaties_in_force", events(PARTY, later), ["CHN"], [2020, 2024])
    assert found == [("CHN", 2020, 0.0, 0.0, 1.0), ("CHN", 2024, 0.0, 0.0, 2.0)]


def test_a_party_by_a_day_is_unknown_before_it() -> None:
    rows = events({**PARTY, "date": date(2010, 5, 10), "date_precision": "by"})
    found = counted("treaties_in_force", rows, ["DEU"], [2005, 2009, 2010])
    assert found == [
        ("DEU", 2005, 0.0, None, None),
        ("DEU", 2009, 0.0, 0.0, 1.0),
        ("DEU", 2010, 1.0, None, None),
    ]


def test_a_year_with_an_unknown_tier_has_no_tiers_after_the_years_of_the_whole_table() -> None:
    row = dict.fromkeys(contract("policy_coding").field_names) | {"coding_scheme": "TIP", "coded_value": "Tier 1"}
    day = contract("policy_coding").key[5]
    placed = [("DEU", 2012), ("DEU", 2020), ("CHN", 2020), ("DEU", 2023)]
    coded = [{**row, "jurisdiction": state, day: date(year, 3, 31)} for state, year in placed]
    empty = {name: pl.DataFrame(schema=contract(name).polars_schema) for name in ("visa_rule", "legal_provision")}
    nothing = events().clear()
    coding = pl.DataFrame(coded, schema=contract("policy_coding").polars_schema)
    law = Law(bindings(nothing), nothing, policy_coding=coding, **empty)
    found = figures(law, [("t", "trafficking_tier")], ["CHN", "DEU"], [2012, 2020, 2023])
    assert sorted(found.select("jurisdiction", "year").iter_rows()) == [("CHN", 2020), ("DEU", 2012), ("DEU", 2020)]
