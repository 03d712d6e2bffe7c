"""A table is checked against all of its rules: each rule finds its one broken row, shows it and states its reason."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from expectations import Outcome, facts, rules_of, suite, validate, validation
from expectations.rule import RowRule, Table
from expectations.suite import context
from expectations.validation import ROW_RULES, row_rules_of
from tests.support.frames import FACTS, failing_rows, rows
from warehouse.contracts import contract, contracts

# The last row has the codes of the first, so that nothing but its key or what is broken in it is new.
CORRECT = rows(
    "population",
    {},
    {"jurisdiction": "BEL", "value": None, "missing_reason": "not_published"},
    {"jurisdiction": "CHN"},
    {"period": date(2020, 1, 1)},
)

# From a correct frame to one whose last row is broken.
Breaking = Callable[[pl.DataFrame], pl.DataFrame]


def put(**values: object) -> Breaking:
    """A function that puts other values into the last row of a frame."""

    def breaking(frame: pl.DataFrame) -> pl.DataFrame:
        last = pl.int_range(pl.len()) == pl.len() - 1
        return frame.with_columns(
            pl.when(last).then(pl.lit(value, frame.schema[name])).otherwise(pl.col(name)).alias(name)
            for name, value in values.items()
        )

    return breaking


# What is broken: the rule that must find it, and how.
BROKEN: dict[str, tuple[str, Breaking]] = {
    "an empty unit": ("fields_filled", put(unit=None)),
    "an empty locator": ("fields_filled", put(locator=None)),
    "a sex that is in no list": ("codes_in_lists", put(sex="X")),
    "an area that is in no list": ("codes_in_lists", put(jurisdiction="CHI")),
    "a dataset that is not in the catalogue": ("codes_in_lists", put(dataset="eurostat/nothing")),
    "an unknown reason for a missing value": ("codes_in_lists", put(missing_reason="0", value=None)),
    "a status in small letters": ("patterns_matched", put(obs_status="p")),
    "a payload that is not a sha256": ("patterns_matched", put(payload="abc")),
    "neither value nor reason": ("missing_has_reason", put(value=None)),
    "both value and reason": ("missing_has_reason", put(missing_reason="suppressed")),
    "a value that is not a number": ("missing_has_reason", put(value=float("nan"))),
    "a value below its lower bound": ("value_within_bounds", put(value=5.0, value_min=8.0)),
    "a value above its upper bound": ("value_within_bounds", put(value=9.0, value_max=8.0)),
    "a lower bound above the upper bound": (
        "value_within_bounds",
        put(value=None, missing_reason="suppressed", value_min=4.0, value_max=1.0),
    ),
    "a period before all estimates": ("periods_plausible", put(period=date(1024, 1, 1))),
    "a unit that is not the indicator's": ("one_unit_per_indicator", put(unit="cases")),
    "a negative population": ("counts_not_negative", put(value=-1.0)),
    "a year that begins in March": ("periods_begin_their_frequency", put(period=date(2024, 3, 1))),
    "a quarter that begins in May": ("periods_begin_their_frequency", put(period=date(2024, 5, 1), freq="Q")),
    "a month that begins on its second": ("periods_begin_their_frequency", put(period=date(2024, 5, 2), freq="M")),
    "a figure of a future year": ("known_after_period_began", put(period=date(2027, 1, 1))),
    "a locator below 0": ("locators_not_negative", put(locator=-1)),
}


def failed(outcomes: list[Outcome]) -> dict[str, Outcome]:
    return {outcome.name: outcome for outcome in outcomes if not outcome.success}


def test_a_correct_table_passes_all_rules() -> None:
    outcomes = validate(contract("population"), CORRECT, FACTS)
    assert failed(outcomes) == {}
    assert {outcome.checked for outcome in outcomes} == {CORRECT.height}
    assert all(outcome.rows.is_empty() and outcome.failing == 0 for outcome in outcomes)


@pytest.mark.parametrize("name", BROKEN)
def test_each_rule_finds_the_one_broken_row_and_shows_it(name: str) -> None:
    rule, breaking = BROKEN[name]
    broken = breaking(CORRECT)
    found = failed(validate(contract("population"), broken, FACTS))
    assert list(found) == [rule]
    assert found[rule].failing == found[rule].rows.height == 1
    shown = found[rule].rows.to_dicts()[0]
    key = contract("population").key
    assert {name: shown[name] for name in key} == broken.select(key).tail(1).to_dicts()[0]
    assert shown["value"] == broken["value"][-1] or broken["value"].is_nan()[-1]


def test_two_rows_with_one_key_are_both_shown() -> None:
    twice = rows("population", {"value": 1.0}, {"value": 2.0}, {"jurisdiction": "BEL"})
    found = failed(validate(contract("population"), twice, FACTS))
    assert list(found) == ["key_unique"]
    assert found["key_unique"].rows["value"].to_list() == [1.0, 2.0]


def test_a_key_of_one_field_must_be_unique_too() -> None:
    frame = pl.DataFrame(
        {name: ["a", "a"] for name in contract("dataset").field_names},
        schema=dict.fromkeys(contract("dataset").field_names, pl.String),
    )
    assert "key_unique" in failed(validate(contract("dataset"), frame, FACTS))


def test_a_failing_row_is_shown_with_the_field_that_fails() -> None:
    found = failed(validate(contract("population"), put(sex="X", freq="B")(CORRECT), FACTS))
    assert found["codes_in_lists"].rows.select("field", "sex", "freq").rows() == [("sex", "X", "B"), ("freq", "X", "B")]


def test_at_most_twenty_failing_rows_are_shown_and_all_are_counted() -> None:
    many = rows("population", *({"period": date(1951 + n, 1, 1), "value": -1.0} for n in range(40)))
    found = failed(validate(contract("population"), many, FACTS))
    assert found["counts_not_negative"].failing == 40
    assert found["counts_not_negative"].rows.height == 20


def test_a_column_that_is_missing_fails_and_does_not_raise() -> None:
    found = failed(validate(contract("population"), CORRECT.drop("value"), FACTS))
    assert "the contract declares" in found["columns_in_order"].rows["problem"][0]
    assert "could not be checked" in found["counts_not_negative"].rows["problem"][0]


def test_columns_in_another_order_fail() -> None:
    swapped = CORRECT.select("jurisdiction", pl.exclude("jurisdiction"))
    assert list(failed(validate(contract("population"), swapped, FACTS))) == ["columns_in_order"]


def test_another_type_than_declared_is_named() -> None:
    wrong = CORRECT.with_columns(pl.col("locator").cast(pl.Float64))
    found = failed(validate(contract("population"), wrong, FACTS))
    assert found["types_as_declared"].rows.row(0) == ("locator", "Int64", "Float64")


def test_an_empty_table_passes() -> None:
    assert failed(validate(contract("population"), CORRECT.clear(), FACTS)) == {}


def test_a_forecast_may_be_known_before_its_period() -> None:
    forecast = put(period=date(2027, 1, 1), obs_status="EF")(CORRECT)
    assert failed(validate(contract("population"), forecast, FACTS)) == {}


def test_net_migration_may_be_negative() -> None:
    flow = rows("migration_flow", {"indicator": "net_migration", "value": -293846.0, "jurisdiction": "CHN"})
    assert failed(validate(contract("migration_flow"), flow, FACTS)) == {}


def test_an_unmatched_code_warns() -> None:
    found = failed(validate(contract("unmatched_code"), rows("unmatched_code", {"cells": 11}), FACTS))
    assert {name: outcome.severity for name, outcome in found.items()} == {"no_unmatched_codes": "warning"}


def test_a_year_outside_all_estimates_fails() -> None:
    found = failed(validate(contract("coverage"), rows("coverage", {}, {"year": 20241}), FACTS))
    assert list(found) == ["years_plausible"]


@pytest.mark.parametrize("table", ["population", "legal_event", "unmatched_code"])
def test_the_rules_of_a_table_are_those_of_its_outcomes(table: str) -> None:
    """For three tables; the test of the whole build does it for all."""
    declared = contract(table)
    outcomes = validate(declared, pl.DataFrame(schema=declared.polars_schema), FACTS)
    rules = [(rule.name, rule.severity, rule.reason, rule.part_of_contract) for rule in rules_of(declared)]
    assert [(o.name, o.severity, o.reason, o.part_of_contract) for o in outcomes] == rules


def test_no_table_has_two_rules_of_one_name() -> None:
    for declared in contracts().values():
        listed = [rule.name for rule in rules_of(declared)]
        assert len(set(listed)) == len(listed)


def test_every_rule_states_its_reason_in_a_sentence() -> None:
    for declared in contracts().values():
        for rule in rules_of(declared):
            assert rule.name.replace("_", "").isalpha(), rule.name
            assert rule.severity in ("error", "warning")
            assert rule.reason.endswith("."), rule.name
            assert len(rule.reason.split()) > 8, rule.name
            assert "$" not in rule.reason, rule.name


def test_every_rule_applies_to_a_table() -> None:
    applied = {id(rule) for declared in contracts().values() for rule in row_rules_of(declared)}
    assert applied == {id(rule) for rule in ROW_RULES}


def test_rules_that_are_part_of_the_contract_are_errors() -> None:
    rules = [rule for declared in contracts().values() for rule in rules_of(declared) if rule.part_of_contract]
    assert {rule.severity for rule in rules} == {"error"}
    assert {"key_unique", "types_as_declared", "counts_not_negative"} <= {rule.name for rule in rules}
    assert not {"sexes_make_total", "rows_do_not_shrink", "sources_agree"} & {rule.name for rule in rules}


def test_rules_select_the_same_rows_from_categorical_columns_as_from_strings() -> None:
    values = {"_T": 180.0, "NAT": 80.0, "FOR": 19.0, "STLS": 1.0, "_U": 0.0}
    changes = ({"partner": group, "value": value} for group, value in values.items())
    frame = rows("migrant_stock", *changes, indicator="population_by_citizenship", partner_role="citizenship")
    coded = frame.with_columns(pl.col(pl.String).cast(pl.Categorical))
    for rule in row_rules_of(contract("migrant_stock")):
        strings, categories = (failing_rows(rule.name, "migrant_stock", each) for each in (frame, coded))
        assert categories.with_columns(pl.col(pl.Categorical).cast(pl.String)).equals(strings), rule.name


def test_a_tie_in_the_key_does_not_change_which_failing_rows_are_shown() -> None:
    """``coverage_is_kept`` fails on years, and the key that it shows has no year."""
    years = [{"period": date(year, 1, 1)} for year in range(1960, 2020)]
    before = rows("population", *years).lazy()
    shown = []
    for _ in range(3):
        outcomes = failed(validate(contract("population"), rows("population"), replace(FACTS, previous=before)))
        shown.append(outcomes["coverage_is_kept"].rows["year"].to_list())
    assert shown == [list(range(1960, 1980))] * 3


def test_every_code_list_of_a_field_has_codes() -> None:
    lists = facts(frozenset({"eurostat"}), frozenset({"eurostat/demo_pjan"})).lists
    named = {column.codes for declared in contracts().values() for column in declared.columns if column.codes}
    assert {name for name in named if not lists.get(name)} == set()


def test_every_indicator_has_one_unit_of_the_list_of_units() -> None:
    known = facts(frozenset(), frozenset())
    assert set(known.units) == known.lists["indicator"]
    assert set(known.units.values()) <= known.lists["unit"]


def test_listing_rules_does_not_import_great_expectations() -> None:
    code = (
        "import sys, expectations, warehouse.contracts as c;"
        "[expectations.rules_of(x) for x in c.contracts().values()];"
        "sys.exit('great_expectations' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_analytics_are_off() -> None:
    validate(contract("population"), CORRECT, FACTS)
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
    assert context().config.analytics_enabled is False


def test_a_table_that_is_checked_in_parts_has_the_outcomes_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    states = [put(jurisdiction=state)(CORRECT) for state in ("AUT", "BGR", "CHN")]
    good = pl.concat([*states, put(jurisdiction="EU27_2020", unit="percent", value=-1.0)(CORRECT)])
    table = pl.concat([good, put(jurisdiction="BGR", sex="X")(CORRECT), states[0]]).unique(maintain_order=True)
    whole = validate(contract("population"), table, FACTS)
    monkeypatch.setattr("warehouse.rows.PART_ROWS", 1)
    parts = validate(contract("population"), table.lazy(), FACTS)
    assert [(o.name, o.success, o.failing, o.checked) for o in parts] == [
        (o.name, o.success, o.failing, o.checked) for o in whole
    ]
    assert [set(o.rows.rows()) for o in parts] == [set(o.rows.rows()) for o in whole]
    assert len(failed(parts)) >= 2


def test_a_rule_that_raises_an_error_fails_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_: Table) -> pl.LazyFrame:
        raise ZeroDivisionError("division by zero\nsecond line")

    broken = RowRule(name="broken", severity="error", reason="It cannot be evaluated.", failing=failing)
    monkeypatch.setattr(validation, "ROW_RULES", (broken,))
    outcome = failed(validate(contract("population"), CORRECT, FACTS))["broken"]
    assert outcome.rows["problem"].to_list() == ["could not be checked: ZeroDivisionError: division by zero"]


def test_an_error_of_great_expectations_is_a_failed_check_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise ValueError("unexpected_percent 1805")

    monkeypatch.setattr(suite, "failing", failing)
    outcome = failed(validate(contract("population"), CORRECT, FACTS))["fields_filled"]
    assert outcome.rows["problem"].to_list() == ["could not be checked: ValueError: unexpected_percent 1805"]


def test_more_failures_than_rows_are_counted() -> None:
    """A row may fail in several fields, so that a share of failures can exceed 100 %."""
    one = CORRECT.head(1)
    found = failed(validate(contract("population"), put(publisher=None, dataset=None, unit=None)(one), FACTS))
    assert (found["fields_filled"].failing, found["fields_filled"].checked) == (3, 1)
