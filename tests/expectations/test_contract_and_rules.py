"""What must hold for a table is held: each rule finds its one broken row, and says why the rule exists."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from expectations import Outcome, facts, names, validate, write_docs, write_page
from expectations.validation import ephemeral_context
from tests.support.frames import FACTS, rows
from warehouse.contracts import contract, contracts

RIGHT = rows(
    "population", {}, {"reporter": "BEL", "value": None, "missing_reason": "not_published"}, {"reporter": "CHN"}
)

# From a right frame to one with a broken row (the second, by position 1), and the rule that must find it.
Breaking = Callable[[pl.DataFrame], pl.DataFrame]


def put(**values: object) -> Breaking:
    """The frame with other values in its last row."""

    def breaking(frame: pl.DataFrame) -> pl.DataFrame:
        last = pl.int_range(pl.len()) == pl.len() - 1
        return frame.with_columns(
            pl.when(last).then(pl.lit(value, frame.schema[name])).otherwise(pl.col(name)).alias(name)
            for name, value in values.items()
        )

    return breaking


BROKEN: dict[str, tuple[str, Breaking]] = {
    "an empty unit": ("fields_filled", put(unit=None)),
    "an empty locator": ("fields_filled", put(locator=None)),
    "a sex that is in no list": ("codes_in_lists", put(sex="X")),
    "an area that is in no list": ("codes_in_lists", put(reporter="CHI")),
    "a dataset of no catalogue": ("codes_in_lists", put(dataset="eurostat/nothing")),
    "a missing reason that is none": ("codes_in_lists", put(missing_reason="0", value=None)),
    "a status in small letters": ("patterns_matched", put(obs_status="p")),
    "a payload that is no sha256": ("patterns_matched", put(payload="abc")),
    "neither value nor reason": ("missing_has_reason", put(value=None)),
    "both value and reason": ("missing_has_reason", put(missing_reason="suppressed")),
    "no number as value": ("missing_has_reason", put(value=float("nan"))),
    "a value below its least": ("value_within_bounds", put(value=5.0, value_min=8.0)),
    "a value above its greatest": ("value_within_bounds", put(value=9.0, value_max=8.0)),
    "bounds the wrong way round": (
        "value_within_bounds",
        put(value=None, missing_reason="suppressed", value_min=4.0, value_max=1.0),
    ),
    "a period before all estimates": ("periods_plausible", put(period=date(1024, 1, 1))),
    "another unit than the indicator's": ("one_unit_per_indicator", put(unit="cases")),
    "a negative population": ("counts_not_negative", put(value=-1.0)),
    "a year that begins in March": ("periods_begin_their_frequency", put(period=date(2024, 3, 1))),
    "a quarter that begins in May": ("periods_begin_their_frequency", put(period=date(2024, 5, 1), freq="Q")),
    "a month that begins on its second": ("periods_begin_their_frequency", put(period=date(2024, 5, 2), freq="M")),
    "a figure of next year": ("known_after_period_began", put(period=date(2027, 1, 1))),
    "a vintage that ends before it begins": (
        "known_from_before_known_to",
        put(known_to=datetime(2020, 1, 1, tzinfo=UTC)),
    ),
    "a place before the payload": ("locators_not_negative", put(locator=-1)),
}


def failed(outcomes: list[Outcome]) -> dict[str, Outcome]:
    return {outcome.name: outcome for outcome in outcomes if not outcome.success}


def test_a_right_table_passes_everything() -> None:
    outcomes = validate(contract("population"), RIGHT, FACTS)
    assert failed(outcomes) == {}
    assert {outcome.checked for outcome in outcomes} == {3}
    assert all(outcome.rows.is_empty() and outcome.failing == 0 for outcome in outcomes)


@pytest.mark.parametrize("name", BROKEN)
def test_each_rule_finds_the_one_broken_row_and_shows_it(name: str) -> None:
    rule, breaking = BROKEN[name]
    broken = breaking(RIGHT)
    found = failed(validate(contract("population"), broken, FACTS))
    assert list(found) == [rule]
    assert found[rule].failing == found[rule].rows.height == 1
    shown = found[rule].rows.to_dicts()[0]
    key = contract("population").key
    assert {name: shown[name] for name in key} == broken.select(key).tail(1).to_dicts()[0]
    assert shown["value"] == broken["value"][-1] or broken["value"].is_nan()[-1]


def test_two_rows_with_one_key_are_both_shown() -> None:
    twice = rows("population", {"value": 1.0}, {"value": 2.0}, {"reporter": "BEL"})
    found = failed(validate(contract("population"), twice, FACTS))
    assert list(found) == ["key_unique"]
    assert found["key_unique"].rows["value"].to_list() == [1.0, 2.0]


def test_a_key_of_one_field_is_unique_too() -> None:
    frame = pl.DataFrame(
        {name: ["a", "a"] for name in contract("dataset").field_names},
        schema=dict.fromkeys(contract("dataset").field_names, pl.String),
    )
    assert "key_unique" in failed(validate(contract("dataset"), frame, FACTS))


def test_a_failing_field_is_named_beside_its_row() -> None:
    found = failed(validate(contract("population"), put(sex="X", freq="B")(RIGHT), FACTS))
    assert found["codes_in_lists"].rows.select("field", "sex", "freq").rows() == [("sex", "X", "B"), ("freq", "X", "B")]


def test_at_most_twenty_failing_rows_are_shown_and_all_are_counted() -> None:
    many = rows("population", *({"period": date(1951 + n, 1, 1), "value": -1.0} for n in range(40)))
    found = failed(validate(contract("population"), many, FACTS))
    assert found["counts_not_negative"].failing == 40
    assert found["counts_not_negative"].rows.height == 20


def test_a_column_that_is_missing_fails_and_does_not_raise() -> None:
    found = failed(validate(contract("population"), RIGHT.drop("value"), FACTS))
    assert "the contract says" in found["columns_in_order"].rows["problem"][0]
    assert "could not be checked" in found["counts_not_negative"].rows["problem"][0]


def test_columns_in_another_order_fail() -> None:
    swapped = RIGHT.select("reporter", pl.exclude("reporter"))
    assert list(failed(validate(contract("population"), swapped, FACTS))) == ["columns_in_order"]


def test_another_type_than_declared_is_named() -> None:
    wrong = RIGHT.with_columns(pl.col("locator").cast(pl.Float64))
    found = failed(validate(contract("population"), wrong, FACTS))
    assert found["types_as_declared"].rows.row(0) == ("locator", "Int64", "Float64")


def test_an_empty_table_passes() -> None:
    assert failed(validate(contract("population"), RIGHT.clear(), FACTS)) == {}


def test_a_forecast_may_be_known_before_its_period() -> None:
    forecast = put(period=date(2027, 1, 1), obs_status="EF")(RIGHT)
    assert failed(validate(contract("population"), forecast, FACTS)) == {}


def test_net_migration_may_be_negative() -> None:
    flow = rows("migration_flow", {"indicator": "net_migration", "value": -293846.0, "reporter": "CHN"})
    assert failed(validate(contract("migration_flow"), flow, FACTS)) == {}


def test_one_unmatched_code_warns_and_many_cells_fail() -> None:
    one = failed(validate(contract("unmatched_code"), rows("unmatched_code", {"cells": 10}), FACTS))
    many = failed(validate(contract("unmatched_code"), rows("unmatched_code", {"cells": 11}), FACTS))
    assert {name: outcome.severity for name, outcome in one.items()} == {"no_unmatched_codes": "warning"}
    assert many["few_unmatched_cells"].severity == "error"
    assert many["few_unmatched_cells"].rows["cells"].to_list() == [11]


def test_a_year_out_of_all_estimates_fails() -> None:
    found = failed(validate(contract("coverage"), rows("coverage", {}, {"year": 20241}), FACTS))
    assert list(found) == ["years_plausible"]


@pytest.mark.parametrize("table", ["population", "legal_event", "unmatched_code"])
def test_names_say_in_advance_what_validate_says(table: str) -> None:
    """Of every table, since a release was held to all that was listed: ``test_the_whole_build``."""
    declared = contract(table)
    outcomes = validate(declared, pl.DataFrame(schema=declared.polars_schema), FACTS)
    assert [(o.name, o.severity, o.reason) for o in outcomes] == names(declared)


def test_no_table_is_held_to_two_things_of_one_name() -> None:
    for declared in contracts().values():
        listed = [name for name, _, _ in names(declared)]
        assert len(set(listed)) == len(listed)


def test_every_rule_says_why_it_exists_in_a_sentence() -> None:
    for declared in contracts().values():
        for name, severity, reason in names(declared):
            assert name.replace("_", "").isalpha(), name
            assert severity in ("error", "warning")
            assert reason.endswith("."), name
            assert len(reason.split()) > 8, name
            assert "$" not in reason, name


def test_every_code_list_that_a_field_names_has_members() -> None:
    lists = facts(frozenset({"eurostat"}), frozenset({"eurostat/demo_pjan"})).lists
    named = {column.codes for declared in contracts().values() for column in declared.columns if column.codes}
    assert {name for name in named if not lists.get(name)} == set()


def test_every_indicator_has_one_unit_of_the_list_of_units() -> None:
    known = facts(frozenset(), frozenset())
    assert set(known.units) == known.lists["indicator"]
    assert set(known.units.values()) <= known.lists["unit"]


def test_names_do_not_import_great_expectations() -> None:
    code = (
        "import sys, expectations, warehouse.contracts as c; [expectations.names(x) for x in c.contracts().values()];"
        "sys.exit('great_expectations' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_analytics_are_off() -> None:
    validate(contract("population"), RIGHT, FACTS)
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
    assert ephemeral_context().config.analytics_enabled is False


def site(results: Path) -> Path:
    found = list(results.glob("*.json"))
    for result in found:
        write_page(result)
    return write_docs(found, results / "site")


def test_data_docs_show_every_table_rule_and_failing_row(tmp_path: Path) -> None:
    validate(contract("population"), put(value=-7.0)(RIGHT), FACTS, tmp_path)
    validate(contract("unmatched_code"), rows("unmatched_code"), FACTS, tmp_path)
    index = site(tmp_path)
    pages = {page.stem: page.read_text("utf-8") for page in index.parent.iterdir()}
    assert set(pages) == {"index", "population", "unmatched_code"}
    assert "population" in pages["index"]
    assert all(rule in pages["population"] for rule, _, _ in names(contract("population")) if "counts" in rule)
    assert "value -7.0" in pages["population"]
    assert "great-expectations-web-assets" not in "".join(pages.values())


def test_the_result_of_a_table_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        validate(contract("population"), put(value=None)(RIGHT), FACTS, tmp_path / folder)
    first, second = ((tmp_path / folder / "population.json").read_bytes() for folder in ("a", "b"))
    assert first == second
    assert json.loads(first)["success"] is False


def test_data_docs_ask_no_server_for_anything(tmp_path: Path) -> None:
    validate(contract("population"), RIGHT, FACTS, tmp_path)
    index = site(tmp_path)
    for page in index.parent.iterdir():
        text = page.read_text("utf-8")
        assert not re.search(r"<(?:script|link|img|iframe)\b", text), page
        links = re.findall(r'href="([^"#]+)"', text)
        assert links
        assert all((index.parent / link).is_file() for link in links)
