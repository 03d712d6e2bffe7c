"""What was known when: laws that hold for any sequence of statements, and what each kind of change looks like."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.ingest.bitemporal import REQUEST, State, apply_vintage, as_of, content_of, empty_state, triangle
from warehouse.contracts import contract

TABLE = contract("remittance")
START = datetime(2020, 1, 1, tzinfo=UTC)

# A statement: for (reporter, partner, year) a value, or None for a missing one.
Said = dict[tuple[str, str, int], float | None]


def frame(said: Said, payload: str = "a") -> pl.DataFrame:
    rows = [
        {
            "indicator": "bilateral_remittances",
            "reporter": reporter,
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
        for place, ((reporter, partner, year), value) in enumerate(said.items(), 1)
    ]
    whole = pl.DataFrame(rows, schema_overrides={"value": pl.Float64}) if rows else pl.DataFrame()
    missing = [
        pl.lit(None, kind).alias(name) for name, kind in TABLE.polars_schema.items() if name not in whole.columns
    ]
    return whole.with_columns(missing).select(TABLE.field_names).cast(TABLE.polars_schema) if rows else empty()


def empty() -> pl.DataFrame:
    return pl.DataFrame(schema=TABLE.polars_schema)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def told(statements: Sequence[Said], request: str | None = None) -> list[State]:
    """The states after each statement, one a day: files of a person, or answers to one request."""
    states = [empty_state(TABLE)]
    for number, said in enumerate(statements, 1):
        rows = frame(said, "abcdef"[number % 6]).with_columns(pl.lit(request or f"import {number}").alias(REQUEST))
        states.append(apply_vintage(states[-1].current, rows, day(number), TABLE))
    return states


def content(rows: pl.DataFrame) -> list[tuple[object, ...]]:
    return rows.select(*TABLE.key, *content_of(TABLE)).sort(TABLE.key).rows()


KEYS = st.tuples(st.sampled_from(["CHN", "DEU", "FRA"]), st.sampled_from(["CHN", "ITA"]), st.integers(2018, 2020))
SAID = st.dictionaries(KEYS, st.one_of(st.none(), st.floats(0, 9).map(round).map(float)), max_size=12)
SEQUENCE = st.lists(SAID, min_size=1, max_size=5)


@settings(max_examples=40)
@given(SEQUENCE, st.integers(0, 6))
def test_what_was_known_at_a_day_is_what_a_build_of_that_day_would_have_had(
    statements: list[Said], moment: int
) -> None:
    states = told(statements)
    history = [states[-1].current.lazy(), *(state.closed.lazy() for state in states)]
    then = states[min(moment, len(statements))]
    assert content(as_of(history, day(moment)).collect()) == content(then.current)


@settings(max_examples=40)
@given(SEQUENCE)
def test_the_revisions_lead_from_each_state_to_the_next(statements: list[Said]) -> None:
    identity = ["indicator", "reporter", "partner", "partner_role", "period", "freq"]
    for before, after in zip(told(statements), told(statements)[1:], strict=False):
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
@given(SAID)
def test_hearing_the_same_again_changes_nothing(said: Said) -> None:
    first, second = told([said, said])[1:]
    assert second.current.drop(REQUEST).equals(first.current.drop(REQUEST))
    assert second.closed.is_empty()
    assert second.revisions.is_empty()


@settings(max_examples=40)
@given(SEQUENCE)
def test_no_key_is_known_twice_at_one_time(statements: list[Said]) -> None:
    states = told(statements)
    assert states[-1].current.select(TABLE.key).is_unique().all()
    closed = pl.concat([state.closed for state in states])
    assert (closed["known_from"] < closed["known_to"]).all()
    assert closed.select(*TABLE.key, "known_to").is_unique().all()


def only(state: State) -> dict[str, object]:
    assert state.revisions.height == 1
    return state.revisions.row(0, named=True)


def test_a_changed_value_is_a_revision_with_both_values_and_payloads() -> None:
    state = told([{("DEU", "CHN", 2020): 5.0}, {("DEU", "CHN", 2020): 7.0}])[-1]
    row = only(state)
    assert (row["change"], row["old_value"], row["new_value"], row["difference"]) == ("value", 5.0, 7.0, 2.0)
    assert (row["old_payload"], row["new_payload"]) == ("b" * 64, "c" * 64)
    assert row["known_from"] == day(2)
    assert state.closed["known_to"].to_list() == [day(2)]


def test_a_value_that_becomes_missing_is_a_changed_value() -> None:
    row = only(told([{("DEU", "CHN", 2020): 5.0}, {("DEU", "CHN", 2020): None}])[-1])
    assert (row["change"], row["new_value"], row["new_missing_reason"]) == ("value", None, "not_published")


def test_a_value_that_disappears_is_closed_and_not_deleted() -> None:
    both: Said = {("DEU", "CHN", 2019): 5.0, ("DEU", "CHN", 2020): 5.0, ("DEU", "CHN", 2021): 6.0}
    one: Said = {("DEU", "CHN", 2019): 5.0, ("DEU", "CHN", 2021): 6.0}
    state = told([both, one])[-1]
    assert only(state)["change"] == "disappeared"
    assert state.current.height == 2
    assert state.closed["value"].to_list() == [5.0]


def test_a_year_beyond_those_spoken_of_stays_as_it_was() -> None:
    state = told([{("DEU", "CHN", 2018): 5.0, ("DEU", "CHN", 2019): 6.0}, {("DEU", "CHN", 2019): 6.0}])[-1]
    assert state.revisions.is_empty()
    assert state.current.height == 2


def test_an_answer_to_the_same_request_replaces_all_that_the_one_before_it_said() -> None:
    whole: Said = {("DEU", "CHN", 2018): 5.0, ("FRA", "CHN", 2020): 5.0}
    state = told([whole, {("DEU", "CHN", 2018): 5.0}], request="geo=DE..FR")[-1]
    assert (only(state)["change"], only(state)["reporter"]) == ("disappeared", "FRA")


def test_one_countrys_file_does_not_end_what_is_known_of_the_others() -> None:
    whole: Said = {(reporter, "CHN", 2020): 5.0 for reporter in ("DEU", "FRA", "ITA")}
    state = told([whole, {("DEU", "CHN", 2020): 5.0}])[-1]
    assert state.revisions.is_empty()
    assert state.current.height == 3


def test_a_country_that_vanished_from_a_whole_edition_is_noticed() -> None:
    whole: Said = {(reporter, "CHN", 2020): 5.0 for reporter in ("DEU", "FRA", "ITA")}
    state = told([whole, {key: value for key, value in whole.items() if key[0] != "ITA"}])[-1]
    assert (only(state)["change"], only(state)["reporter"]) == ("disappeared", "ITA")


def test_a_new_year_extends_and_a_gap_that_is_filled_appears() -> None:
    first: Said = {("DEU", "CHN", 2018): 5.0, ("DEU", "CHN", 2020): 5.0}
    second: Said = first | {("DEU", "CHN", 2019): 5.0, ("DEU", "CHN", 2021): 5.0}
    changes = told([first, second])[-1].revisions.select("period", "change").rows()
    assert changes == [(date(2019, 1, 1), "appeared"), (date(2021, 1, 1), "extended")]


def test_a_triangle_shows_each_value_from_when_to_when_it_was_known() -> None:
    states = told([{("DEU", "CHN", 2020): 5.0}, {("DEU", "CHN", 2020): 7.0, ("DEU", "CHN", 2021): 9.0}])
    history = pl.concat([states[-1].current, *(state.closed for state in states)]).lazy()
    shown = triangle(history, [pl.col("reporter") == "DEU"])
    assert shown.rows() == [(date(2020, 1, 1), 5.0, 7.0), (date(2021, 1, 1), None, 9.0)]
