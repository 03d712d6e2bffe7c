"""Bitemporal tables: rules that are true for any sequence of vintages, and the revision of each kind of change."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.ingest.bitemporal import REQUEST, How, State, apply_vintage, as_of, content_of, empty_state
from warehouse.contracts import contract

TABLE = contract("remittance")
START = datetime(2020, 1, 1, tzinfo=UTC)

# The content of a vintage: a value by (jurisdiction, partner, year), or None for a missing one.
Content = dict[tuple[str, str, int], float | None]


def frame(vintage: Content, payload: str = "a") -> pl.DataFrame:
    rows = [
        {
            "indicator": "bilateral_remittances",
            "jurisdiction": jurisdiction,
            "partner": partner,
            "partner_role": "origin",
            "period": date(year, 1, 1),
            "freq": "A",
            "value": value,
            "unit": "USD",
            "obs_status": "A" if value is not None else "O",
            "conf_status": "F",
            "missing_reason": None if value is not None else "not_published",
            "definition": "modelled_from_stocks",
            "publisher": "worldbank",
            "dataset": "worldbank/knomad_remittance",
            "payload": payload * 64,
            "locator": place,
        }
        for place, ((jurisdiction, partner, year), value) in enumerate(vintage.items(), 1)
    ]
    whole = pl.DataFrame(rows, schema_overrides={"value": pl.Float64}) if rows else pl.DataFrame()
    missing = [
        pl.lit(None, kind).alias(name) for name, kind in TABLE.stored_schema.items() if name not in whole.columns
    ]
    return (
        whole.with_columns(missing).select(TABLE.stored_schema.names()).cast(TABLE.stored_schema) if rows else empty()
    )


def empty() -> pl.DataFrame:
    return pl.DataFrame(schema=TABLE.stored_schema)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def states_after(vintages: Sequence[Content], request: str | None = None) -> list[State]:
    """Return the states after each vintage, one a day: imported files, or responses to one request."""
    states = [empty_state(TABLE)]
    for number, vintage in enumerate(vintages, 1):
        rows = frame(vintage, "abcdef"[number % 6]).with_columns(pl.lit(request or f"import {number}").alias(REQUEST))
        states.append(apply_vintage(states[-1].current, rows, day(number), TABLE))
    return states


def content(rows: pl.DataFrame) -> list[tuple[object, ...]]:
    return rows.select(*TABLE.key, *content_of(TABLE)).sort(TABLE.key).rows()


KEYS = st.tuples(st.sampled_from(["CHN", "DEU", "FRA"]), st.sampled_from(["CHN", "ITA"]), st.integers(2018, 2020))
CONTENT = st.dictionaries(KEYS, st.one_of(st.none(), st.floats(0, 9).map(round).map(float)), max_size=12)
SEQUENCE = st.lists(CONTENT, min_size=1, max_size=5)


@settings(max_examples=40)
@given(SEQUENCE, st.integers(0, 6))
def test_a_table_as_of_a_day_equals_that_of_a_build_on_that_day(vintages: list[Content], moment: int) -> None:
    states = states_after(vintages)
    history = [states[-1].current.lazy(), *(state.closed.lazy() for state in states)]
    then = states[min(moment, len(vintages))]
    assert content(as_of(history, day(moment)).collect()) == content(then.current)


@settings(max_examples=40)
@given(SEQUENCE)
def test_the_revisions_lead_from_each_state_to_the_next(vintages: list[Content]) -> None:
    identity = ["indicator", "jurisdiction", "partner", "partner_role", "period", "freq"]
    for before, after in zip(states_after(vintages), states_after(vintages)[1:], strict=False):
        if before.current.is_empty():
            assert after.revisions.is_empty()
            continue
        revisions = after.revisions
        gone = revisions.filter(pl.col("change") == "disappeared")
        come = revisions.filter(pl.col("change").is_in(["appeared", "extended"]))
        assert before.current.height - gone.height + come.height == after.current.height
        changed = revisions.filter(pl.col("change") == "value").select(*identity, "new_value")
        now = changed.join(after.current, on=identity, how="left")
        assert now["new_value"].equals(now["value"], null_equal=True)


@settings(max_examples=40)
@given(CONTENT)
def test_the_same_vintage_again_changes_nothing(vintage: Content) -> None:
    first, second = states_after([vintage, vintage])[1:]
    assert second.current.drop(REQUEST).equals(first.current.drop(REQUEST))
    assert second.closed.is_empty()
    assert second.revisions.is_empty()


@settings(max_examples=40)
@given(SEQUENCE)
def test_no_key_is_known_twice_at_one_time(vintages: list[Content]) -> None:
    states = states_after(vintages)
    assert states[-1].current.select(TABLE.key).is_unique().all()
    closed = pl.concat([state.closed for state in states])
    assert (closed["known_from"] < closed["known_to"]).all()
    assert closed.select(*TABLE.key, "known_to").is_unique().all()


def only(state: State) -> dict[str, object]:
    assert state.revisions.height == 1
    return state.revisions.row(0, named=True)


def test_a_changed_value_is_a_revision_with_both_values_and_payloads() -> None:
    state = states_after([{("DEU", "CHN", 2020): 5.0}, {("DEU", "CHN", 2020): 7.0}])[-1]
    row = only(state)
    assert (row["change"], row["old_value"], row["new_value"], row["difference"]) == ("value", 5.0, 7.0, 2.0)
    assert (row["old_payload"], row["new_payload"]) == ("b" * 64, "c" * 64)
    assert row["known_from"] == day(2)
    assert state.closed["known_to"].to_list() == [day(2)]


def test_a_value_that_becomes_missing_is_a_changed_value() -> None:
    row = only(states_after([{("DEU", "CHN", 2020): 5.0}, {("DEU", "CHN", 2020): None}])[-1])
    assert (row["change"], row["new_value"], row["new_missing_reason"]) == ("value", None, "not_published")


def test_a_value_that_disappears_is_closed_and_not_deleted() -> None:
    both: Content = {("DEU", "CHN", 2019): 5.0, ("DEU", "CHN", 2020): 5.0, ("DEU", "CHN", 2021): 6.0}
    one: Content = {("DEU", "CHN", 2019): 5.0, ("DEU", "CHN", 2021): 6.0}
    state = states_after([both, one])[-1]
    assert only(state)["change"] == "disappeared"
    assert state.current.height == 2
    assert state.closed["value"].to_list() == [5.0]


def test_a_year_outside_the_scope_of_a_vintage_is_not_changed() -> None:
    state = states_after([{("DEU", "CHN", 2018): 5.0, ("DEU", "CHN", 2019): 6.0}, {("DEU", "CHN", 2019): 6.0}])[-1]
    assert state.revisions.is_empty()
    assert state.current.height == 2


def test_a_response_replaces_all_rows_of_the_previous_one_to_the_same_request() -> None:
    whole: Content = {("DEU", "CHN", 2018): 5.0, ("FRA", "CHN", 2020): 5.0}
    state = states_after([whole, {("DEU", "CHN", 2018): 5.0}], request="geo=DE..FR")[-1]
    assert (only(state)["change"], only(state)["jurisdiction"]) == ("disappeared", "FRA")


def test_a_file_of_one_country_does_not_close_rows_of_the_others() -> None:
    whole: Content = {(jurisdiction, "CHN", 2020): 5.0 for jurisdiction in ("DEU", "FRA", "ITA")}
    state = states_after([whole, {("DEU", "CHN", 2020): 5.0}])[-1]
    assert state.revisions.is_empty()
    assert state.current.height == 3


def test_a_country_that_is_missing_in_a_whole_edition_disappears() -> None:
    whole: Content = {(jurisdiction, "CHN", 2020): 5.0 for jurisdiction in ("DEU", "FRA", "ITA")}
    state = states_after([whole, {key: value for key, value in whole.items() if key[0] != "ITA"}])[-1]
    assert (only(state)["change"], only(state)["jurisdiction"]) == ("disappeared", "ITA")


def test_a_new_year_extends_and_a_gap_that_is_filled_appears() -> None:
    first: Content = {("DEU", "CHN", 2018): 5.0, ("DEU", "CHN", 2020): 5.0}
    second: Content = first | {("DEU", "CHN", 2019): 5.0, ("DEU", "CHN", 2021): 5.0}
    changes = states_after([first, second])[-1].revisions.select("period", "change").rows()
    assert changes == [(date(2019, 1, 1), "appeared"), (date(2021, 1, 1), "extended")]


def test_an_excerpt_closes_no_row_that_it_lacks_and_keeps_the_flag_of_a_figure_that_it_repeats() -> None:
    known: Content = {("DEU", "CHN", 2018): 0.0, ("DEU", "CHN", 2019): 5.0, ("DEU", "CHN", 2020): 6.0}
    flagged = frame(known).with_columns(obs_status=pl.lit("B"), __request=pl.lit("whole"))
    excerpt = frame({("DEU", "CHN", 2019): 5.0, ("DEU", "CHN", 2020): 7.0}, "b")
    excerpt = excerpt.with_columns(pl.lit("excerpt").alias(REQUEST))
    before = apply_vintage(empty_state(TABLE).current, flagged, day(1), TABLE).current
    state = apply_vintage(before, excerpt, day(2), TABLE, How(covers="rows", repeats="value"))
    assert state.current.sort("period").select("value", "obs_status").rows() == [(0.0, "B"), (5.0, "B"), (7.0, "A")]
    assert state.revisions.select("old_value", "new_value", "change").rows() == [(6.0, 7.0, "value")]
    whole = apply_vintage(before, excerpt, day(2), TABLE)
    assert sorted(whole.revisions["change"]) == ["status", "value"]
