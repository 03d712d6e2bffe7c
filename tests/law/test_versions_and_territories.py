"""Versions of a law, its territories, the day from which it applies, and what replaces it."""

from datetime import date

import polars as pl

from assets.law.bindings import PROTOCOL_STATES, bindings
from assets.law.gaps import legal_gap
from assets.law.instruments import legal_instrument
from sources.snapshot import FOLDER
from tests.support.frames import failing_rows
from tests.support.law_payloads import act_event, events, read_law_rows
from tests.support.receptions import all_received
from warehouse import codes
from warehouse.contracts import contract


def law_event(event: str, day: date, **change: object) -> dict[str, object]:
    """An event of a law of China."""
    own = {"instrument": "CHN-CRIMINAL-1979", "basis": "national_law", "publisher": "flk", "dataset": "flk/laws"}
    return {**own, "event": event, "date": day, **change}


def no_declarations() -> pl.DataFrame:
    return pl.DataFrame(schema=contract("reservation").polars_schema)


AMENDED = (
    law_event("adopt", date(1979, 7, 1)),
    law_event("amend", date(1997, 3, 14)),
    law_event("enter_into_force", date(1997, 10, 1)),
)


def test_the_entry_into_force_of_an_amended_version_does_not_hide_the_first_version() -> None:
    (row,) = bindings(events(*AMENDED)).iter_rows(named=True)
    assert (row["valid_from"], row["valid_from_basis"]) == (date(1979, 7, 1), "adoption")
    first = law_event("enter_into_force", date(1980, 1, 1), source="a commentary", confidence="medium")
    (row,) = bindings(events(*AMENDED, first)).iter_rows(named=True)
    assert (row["valid_from"], row["valid_from_basis"]) == (date(1980, 1, 1), "entry_into_force")
    assert bindings(events(*AMENDED, first), date(1990, 1, 1)).height == 1


def test_a_law_that_was_amended_later_is_in_force_from_its_own_day() -> None:
    rows = events(
        law_event("adopt", date(2012, 6, 30)),
        law_event("enter_into_force", date(2013, 7, 1)),
        law_event("amend", date(2020, 1, 1)),
        law_event("enter_into_force", date(2020, 5, 1)),
    )
    assert bindings(rows)["valid_from"].to_list() == [date(2013, 7, 1)]


def test_a_law_of_china_applies_in_a_territory_from_its_extension_until_its_repeal() -> None:
    extended = law_event("extend", date(1997, 7, 1), territorial_scope="HKG", basis="basic_law")
    ended = law_event("repeal", date(2030, 1, 1))
    rows = events(law_event("enter_into_force", date(1980, 9, 10)), extended, ended)
    found = {row["territorial_scope"]: row for row in bindings(rows).iter_rows(named=True)}
    assert found["HKG"]["valid_from_basis"] == "extension"
    assert found["HKG"]["valid_from"] == date(1997, 7, 1)
    assert found["HKG"]["valid_to"] == found["_T"]["valid_to"] == date(2030, 1, 2)


def test_an_extension_known_by_a_day_is_no_later_than_that_day() -> None:
    rows = events({"event": "extend", "territorial_scope": "MAC", "date_precision": "by", "date": date(2002, 12, 3)})
    assert bindings(rows)["valid_from_basis"].to_list() == ["party_by"]


def test_an_act_applies_from_its_application_and_not_from_that_of_single_articles() -> None:
    rows = events(
        act_event("enter_into_force", date(2024, 6, 11)),
        act_event("apply", date(2024, 6, 11), provision="part, Article 85"),
        act_event("apply", date(2026, 7, 1)),
        act_event("apply", date(2026, 6, 12), confidence="low", source="a newspaper"),
    )
    found = bindings(rows).filter(pl.col("jurisdiction") == "DEU")
    assert found.select("valid_from", "applies_from").row(0) == (date(2024, 6, 11), date(2026, 7, 1))
    undated = bindings(events(act_event("enter_into_force", date(2024, 6, 11))))
    assert undated["applies_from"].null_count() == undated.height


def test_a_directive_applies_from_its_deadline_and_not_before_a_state_joins() -> None:
    rows = events(
        act_event("enter_into_force", date(2009, 1, 13)),
        act_event("transposition_deadline", date(2010, 12, 24)),
        act_event("transposition_deadline", date(2011, 12, 24), provision="Article 13(4)"),
    )
    days = dict(bindings(rows).select("jurisdiction", "applies_from").iter_rows())
    assert days["DEU"] == date(2010, 12, 24)
    assert days["HRV"] == date(2013, 7, 1)
    assert not set(PROTOCOL_STATES) & set(days)


def test_not_being_a_party_and_not_being_extended_bind_nobody() -> None:
    rows = events(
        {"event": "not_party", "instrument": "IV-13", "date": date(2024, 1, 1)},
        {"event": "exclude", "instrument": "V-2", "territorial_scope": "HKG", "date": date(2000, 1, 1)},
    )
    assert bindings(rows).is_empty()


def test_a_state_that_a_source_names_as_no_party_has_no_gap_for_its_consent() -> None:
    rows = events({"event": "not_party", "instrument": "C143", "date": date(2024, 1, 1)})
    gaps = legal_gap(rows, no_declarations(), all_received()).filter(
        pl.col("instrument") == "C143", pl.col("aspect") == "consent"
    )
    assert "CHN" not in gaps["jurisdiction"].to_list()
    assert "DEU" in gaps["jurisdiction"].to_list()


def test_a_treaty_without_reservations_has_no_gap_for_them_unless_it_provides_for_declarations() -> None:
    rows = events({"instrument": "C105"}, {"instrument": "C138"}, {"instrument": "XVIII-12"})
    gaps = legal_gap(rows, no_declarations(), all_received()).filter(pl.col("aspect") == "statements")
    assert set(gaps["instrument"]) == {"C138", "XVIII-12"}


def test_an_act_that_is_stated_to_be_in_force_has_no_gap_for_its_end() -> None:
    rows = events(act_event("stated_in_force", date(2026, 3, 3)))
    gaps = legal_gap(rows, no_declarations(), all_received()).filter(pl.col("aspect") == "repeal")
    assert "32008L0115" not in gaps["instrument"].to_list()
    assert "32003L0086" in gaps["instrument"].to_list()


def test_every_replaced_act_has_the_day_of_its_end() -> None:
    cited = read_law_rows(FOLDER / "citations/events/2026-11.csv.gz", "citations/events").observations
    ended = cited.filter(pl.col("event") == "repeal").drop_nulls("date").select("instrument", "related").unique()
    replaced = codes.instruments().drop_nulls("replaces").select("instrument", pl.col("replaces").str.split(";"))
    pairs = replaced.explode("replaces").select(related="instrument", instrument="replaces")
    assert pairs.join(ended, on=["instrument", "related"], how="anti").is_empty()


def test_the_adoption_of_an_instrument_comes_from_its_events() -> None:
    rows = events(
        act_event("adopt", date(2008, 12, 16)),
        {"event": "adopt", "instrument": "IV-13", "jurisdiction": "_T", "date": date(1990, 12, 18)},
    )
    adopted = dict(legal_instrument(rows).select("instrument", "adopted").iter_rows())
    assert adopted["32008L0115"] == date(2008, 12, 16)
    assert adopted["IV-2"] == date(1966, 3, 7)
    assert adopted["32003L0086"] is None


def test_amendments_are_dated_by_their_adoption() -> None:
    cited = read_law_rows(FOLDER / "citations/events/2026-11.csv.gz", "citations/events").observations
    of_rules = cited.filter(pl.col("instrument") == "CHN-FOREIGNERS-2013")
    days = dict(of_rules.select("event", "date").iter_rows())
    assert days["amend"] == date(2025, 8, 7)
    assert days["amendment_enters_into_force"] == date(2025, 10, 1)


def test_a_replaced_act_without_an_end_is_reported() -> None:
    gap = {"jurisdiction": "EU", "aspect": "repeal", "gap_reason": "no_end_stated"}
    rows = pl.DataFrame([{"instrument": "32011L0095", **gap}, {"instrument": "32003L0086", **gap}])
    assert failing_rows("replaced_acts_end", "legal_gap", rows)["instrument"].to_list() == ["32011L0095"]
