"""Bindings are computed only from events, and for a day only from the events up to that day."""

import re
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.core.workspace import Workspace
from assets.ingest import bitemporal
from assets.law.bindings import bindings
from assets.law.gaps import legal_gap
from pipelines.explain.law import explain
from pipelines.explain.trace import Tracer
from tests.conftest import Built, corridor
from tests.support.frames import failing_rows
from tests.support.law_payloads import act_event, events
from tests.support.receptions import all_received
from warehouse.codes.legal import CONSENT
from warehouse.contracts import contract
from warehouse.errors import WarehouseError

CONSENTS = st.sampled_from(CONSENT)
DAYS = st.dates(date(1950, 1, 1), date(2030, 12, 31))


def bound(rows: pl.DataFrame, on: date | None = None) -> list[tuple[object, ...]]:
    return sorted(bindings(rows, on).select("jurisdiction", "valid_from", "valid_to", "valid_from_basis").iter_rows())


def test_consent_binds_and_signature_does_not() -> None:
    signed = {"event": "sign", "date": date(1990, 8, 29)}
    assert bound(events(signed)) == []
    assert bound(events(signed, {})) == [("CHN", date(1992, 4, 1), None, "rule")]
    # No source dates the entry into force of the treaty, neither in general nor for the party.
    undated = {"instrument": "IV-13", "date": date(2003, 9, 23)}
    assert bound(events(undated)) == [("CHN", date(2003, 9, 23), None, "consent")]


def test_a_binding_begins_with_a_dated_entry_into_force() -> None:
    rows = events({"date": date(2022, 8, 12), "instrument": "XVIII-12-a"})
    force = {"date": date(2022, 9, 11), "instrument": "XVIII-12-a", "event": "enter_into_force"}
    assert bound(pl.concat([rows, events(force)])) == [("CHN", date(2022, 9, 11), None, "entry_into_force")]


def test_the_treaty_rule_adds_days_or_months_to_the_deposit_but_not_before_the_treaty_is_in_force() -> None:
    refugees = {"instrument": "V-2", "event": "accede"}
    assert bound(events({**refugees, "date": date(1982, 9, 24)})) == [("CHN", date(1982, 12, 23), None, "rule")]
    early = {**refugees, "date": date(1952, 12, 4), "jurisdiction": "DNK"}
    assert bound(events(early)) == [("DNK", date(1954, 4, 22), None, "rule")]
    chart = {"instrument": "CETS197", "jurisdiction": "CZE", "date": date(2017, 3, 29)}
    assert bound(events(chart)) == [("CZE", date(2017, 7, 1), None, "rule")]


def test_each_treaty_uses_the_period_of_its_own_article() -> None:
    for treaty, deposited, begins in (
        ("IV-3", date(2001, 3, 27), date(2001, 6, 27)),
        ("XVIII-12-a", date(2010, 2, 8), date(2010, 3, 10)),
        ("IV-8", date(1980, 11, 4), date(1981, 9, 3)),
        ("XVIII-4", date(1963, 10, 7), date(1963, 10, 7)),
        ("IV-9", date(1988, 10, 4), date(1988, 11, 3)),
        ("V-5", date(1982, 9, 24), date(1982, 9, 24)),
        ("C138", date(1999, 4, 28), date(2000, 4, 28)),
    ):
        rows = events({"instrument": treaty, "date": deposited})
        assert bound(rows) == [("CHN", begins, None, "rule")], treaty
    in_a_year = events({"instrument": "V-4", "date_precision": "year", "date": date(2015, 1, 1)})
    assert bound(in_a_year) == [("CHN", date(2016, 3, 30), None, "party_by")]


def test_there_is_no_binding_between_deposit_and_entry_into_force() -> None:
    deposited = {"instrument": "C029", "date": date(2022, 8, 12)}
    force = {"instrument": "C029", "event": "enter_into_force", "date": date(2023, 8, 12)}
    assert bound(events(deposited, force), date(2023, 1, 1)) == []
    assert bound(events(deposited, force), date(2023, 8, 12)) == [("CHN", date(2023, 8, 12), None, "entry_into_force")]


def test_a_succession_binds_from_its_deposit() -> None:
    rows = events({"jurisdiction": "CZE", "event": "succeed", "date": date(1993, 2, 22), "instrument": "V-2"})
    assert bound(rows) == [("CZE", date(1993, 2, 22), None, "succession")]


def test_a_denunciation_ends_a_binding_and_a_new_consent_begins_another() -> None:
    rows = events({}, {"event": "denounce", "date": date(2000, 1, 1)}, {"event": "accede", "date": date(2005, 5, 5)})
    assert [item[1:3] for item in bound(rows)] == [
        (date(1992, 4, 1), date(2000, 1, 1)),
        (date(2005, 6, 4), None),
    ]
    assert bound(rows, date(2002, 1, 1)) == []


def test_a_territory_can_be_bound_while_the_state_has_only_signed() -> None:
    rows = events(
        {"event": "sign", "instrument": "IV-4", "date": date(1998, 10, 5)},
        {"event": "extend", "instrument": "IV-4", "date": date(1997, 6, 20), "territorial_scope": "HKG"},
    )
    assert bindings(rows).select("territorial_scope", "valid_from").rows() == [("HKG", date(1997, 6, 20))]


def test_the_most_confident_source_is_used_and_the_others_stay_in_the_events() -> None:
    rows = events(
        {"date": date(2014, 12, 18), "confidence": "low", "source": "a profile"},
        {"date": date(2014, 12, 17), "confidence": "high", "source": "the gazette"},
    )
    assert bindings(rows).select("valid_from", "source").rows() == [(date(2015, 1, 16), "the gazette")]
    failing = failing_rows("sources_agree", "legal_event", rows)
    assert set(failing["source"]) == {"a profile", "the gazette"}


def test_an_act_binds_members_from_accession_and_denmark_and_ireland_only_if_a_source_states_it() -> None:
    rows = events(act_event("enter_into_force", date(2009, 1, 13)))
    found = {item[0]: item[1:] for item in bound(rows)}
    assert found["DEU"] == (date(2009, 1, 13), None, "entry_into_force")
    assert found["HRV"] == (date(2013, 7, 1), None, "accession_to_union")
    assert not {"DNK", "IRL", "CHN"} & found.keys()
    assert len(found) == 25
    joined = act_event("opt_in", date(2015, 5, 5), jurisdiction="IRL", basis="protocol_21")
    by_schengen = act_event("opt_in", None, jurisdiction="DNK", basis="schengen", date_precision="unknown")
    found = {
        item[0]: item[1:]
        for item in bound(events(act_event("enter_into_force", date(2009, 1, 13)), joined, by_schengen))
    }
    assert found["IRL"] == (date(2015, 5, 5), None, "opt_in")
    assert found["DNK"] == (date(2009, 1, 13), None, "entry_into_force")


def test_a_repeal_ends_an_act_only_for_states_bound_by_the_repealing_act() -> None:
    old, new = {"instrument": "32004L0083"}, {"instrument": "32011L0095"}
    rows = events(
        act_event("enter_into_force", date(2004, 10, 20), **old),
        act_event("opt_in", None, jurisdiction="IRL", basis="protocol_21", date_precision="unknown", **old),
        act_event("repeal", date(2013, 12, 20), related="32011L0095", **old),
        act_event("opt_out", None, jurisdiction="IRL", basis="protocol_21", date_precision="unknown", **new),
    )
    found = {item[0]: item[2] for item in bound(rows)}
    assert found["DEU"] == date(2013, 12, 21)
    assert found["IRL"] is None
    assert {item[0] for item in bound(rows, date(2013, 12, 20))} > {"DEU", "IRL"}
    assert [item[0] for item in bound(rows, date(2013, 12, 21))] == ["IRL"]


@st.composite
def histories(draw: st.DrawFn) -> pl.DataFrame:
    """Events of a few treaties and of acts, in any order and with any confidence."""
    treaty = st.fixed_dictionaries(
        {
            "instrument": st.sampled_from(["IV-11", "V-2", "C029", "CETS197"]),
            "jurisdiction": st.sampled_from(["CHN", "DEU", "CZE", "EU", "_T"]),
            "event": st.one_of(CONSENTS, st.sampled_from(["sign", "enter_into_force", "denounce", "extend"])),
            "date": DAYS,
            "date_precision": st.sampled_from(["day", "year", "by"]),
            "confidence": st.sampled_from(["high", "medium", "low"]),
            "source": st.sampled_from(["one", "another"]),
            "territorial_scope": st.sampled_from(["_T", "_T", "HKG"]),
        }
    )
    of_act = st.builds(
        act_event,
        st.sampled_from(["adopt", "enter_into_force", "apply", "repeal", "opt_in", "opt_out"]),
        st.one_of(DAYS, st.none()),
        instrument=st.sampled_from(["32004L0083", "32011L0095"]),
        jurisdiction=st.sampled_from(["EU", "IRL", "DNK", "DEU"]),
        related=st.sampled_from([None, "32011L0095"]),
        confidence=st.sampled_from(["high", "low"]),
    )
    return events(*draw(st.lists(st.one_of(treaty, of_act), min_size=1, max_size=12)))


@settings(max_examples=150, deadline=None)
@given(histories(), DAYS)
def test_a_binding_as_of_a_day_depends_only_on_events_up_to_that_day(rows: pl.DataFrame, on: date) -> None:
    until = rows.filter(pl.col("date").is_null() | (pl.col("date") <= on))
    assert bindings(rows, on).equals(bindings(until, on))


@settings(max_examples=100, deadline=None)
@given(histories(), DAYS)
def test_every_binding_is_valid_on_the_day_has_an_event_and_ends_after_it_begins(rows: pl.DataFrame, on: date) -> None:
    found = bindings(rows, on)
    assert found.filter(pl.col("valid_from") > on).is_empty()
    for frame in (found, bindings(rows)):
        for rule in ("bindings_rest_on_events", "bindings_end_after_they_begin"):
            assert failing_rows(rule, "legal_binding", frame).is_empty()
        assert not frame.select(contract("legal_binding").key).is_duplicated().any()


def with_request(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows as they come from one request."""
    return rows.with_columns(pl.lit("whole").alias(bitemporal.REQUEST))


@settings(max_examples=25, deadline=None)
@given(st.lists(histories(), min_size=2, max_size=4))
def test_adding_a_vintage_never_changes_what_was_known_before(vintages: list[pl.DataFrame]) -> None:
    declared = contract("legal_event")
    moments = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=365 * n) for n in range(len(vintages))]
    current, closed = bitemporal.empty_state(declared).current, bitemporal.empty_state(declared).closed
    known: list[pl.DataFrame] = []
    for rows, at in zip(vintages, moments, strict=True):
        state = bitemporal.apply_vintage(
            current, with_request(rows.unique(declared.key, maintain_order=True)), at, declared
        )
        current, closed = state.current, pl.concat([closed, state.closed])
        known.append(current)
        for before, moment in zip(known, moments, strict=False):
            again = bitemporal.as_of([current.lazy(), closed.lazy()], moment).collect()
            was, now = bindings(before), bindings(again)
            assert was.equals(now)


def test_an_equal_vintage_changes_nothing_even_if_a_date_is_missing() -> None:
    declared = contract("legal_event")
    vintage = with_request(events(act_event("opt_out", None, jurisdiction="DNK", date_precision="unknown")))
    first = bitemporal.apply_vintage(
        bitemporal.empty_state(declared).current, vintage, datetime(2020, 1, 1, tzinfo=UTC), declared
    )
    second = bitemporal.apply_vintage(first.current, vintage, datetime(2021, 1, 1, tzinfo=UTC), declared)
    assert second.current.equals(first.current)
    assert second.closed.is_empty()


@pytest.mark.parametrize(
    ("rule", "rows"),
    [
        ("consent_after_signature", events({"event": "sign", "date": date(1995, 1, 1)}, {})),
        ("entry_into_force_after_consent", events({}, {"event": "enter_into_force", "date": date(1991, 1, 1)})),
        (
            "nothing_before_adoption",
            events(act_event("adopt", date(2008, 12, 16)), act_event("transposition_deadline", date(2008, 1, 1))),
        ),
        ("events_of_existing_states", events({"jurisdiction": "CZE", "date": date(1970, 1, 1)})),
        ("no_memory_as_source", events({"source": "general knowledge"})),
        (
            "positions_agree",
            events(act_event("opt_in", None, jurisdiction="DNK"), act_event("opt_out", None, jurisdiction="DNK")),
        ),
    ],
)
def test_rules_on_events_show_the_events_that_break_them(rule: str, rows: pl.DataFrame) -> None:
    assert failing_rows(rule, "legal_event", rows).height > 0
    right = events({"event": "sign", "date": date(1990, 8, 29)}, {}, act_event("adopt", date(2008, 12, 16)))
    assert failing_rows(rule, "legal_event", right).is_empty()


def test_gaps_are_listed_with_their_reason() -> None:
    undated, undeclared = {"instrument": "IV-13", "jurisdiction": "DEU"}, {"instrument": "XVIII-12"}
    of_a_year = {"instrument": "V-4", "jurisdiction": "ITA", "date_precision": "year"}
    late = {"jurisdiction": "FRA", "date": date(2016, 1, 1)}
    stated = pl.DataFrame(
        [
            {
                "instrument": "IV-11",
                "jurisdiction": "DEU",
                "publisher": "untc",
                "source_updated": datetime(2015, 3, 14, tzinfo=UTC),
            }
        ],
        schema=contract("reservation").polars_schema,
    )
    gaps = legal_gap(
        events({}, undated, undeclared, of_a_year, late, act_event("adopt", date(2008, 12, 16))),
        stated,
        all_received(),
    )
    listed = set(gaps.iter_rows())
    # A list of declarations is known for IV-11 and not for XVIII-12.
    assert ("XVIII-12", "CHN", "statements", "no_citable_source") in listed
    assert ("IV-11", "CHN", "statements", "no_citable_source") not in listed
    # France consented here after the day of the list.
    assert ("IV-11", "FRA", "statements", "no_citable_source") in listed
    assert ("IV-13", "DEU", "entry_into_force", "not_dated") in listed
    assert ("IV-11", "CHN", "entry_into_force", "not_dated") not in listed
    # A rule counts from a day. Here only the year is known.
    assert ("V-4", "ITA", "entry_into_force", "not_dated") in listed
    assert ("32008L0115", "IRL", "position", "no_citable_source") in listed
    assert ("32008L0115", "EU", "transposition_deadline", "no_citable_source") in listed
    assert ("32008L0115", "EU", "adoption", "no_citable_source") not in listed
    assert ("IV-13", "CHN", "consent", "not_on_list") in listed  # its list of parties is known, and China is not on it
    assert ("C087", "CHN", "consent", "no_citable_source") in listed


def test_explain_prints_who_was_bound_and_why(built: Built) -> None:
    data = ("--data", str(built.data))
    done = corridor("explain", "32008L0115", "--on", "2015-06-01", *data)
    assert done.returncode == 0, done.stderr
    assert "AUT BEL BGR" in done.stdout
    assert "Schengen acquis" in done.stdout
    assert not re.search(r"(DNK|IRL)[\w ]*: Position under the protocols", done.stdout)
    done = corridor("explain", "32001L0051", "--on", "2017-06-01", *data)
    assert "IRL Ireland: Position under the protocols" in done.stdout
    done = corridor("explain", "32004L0038", "--on", "2015-06-01", "--jurisdiction", "IRL", *data)
    assert "IRL Ireland was bound on 2015-06-01, since 2004-04-30." in done.stdout
    done = corridor("explain", "IV-13", "--jurisdiction", "FRA", *data)
    assert "was not a party on 2022-08-01" in done.stdout
    assert "2015-03-14" in done.stdout
    done = corridor("explain", "IV-4", "--jurisdiction", "CHN", "--on", "2015-01-01", *data)
    assert "had only signed" in done.stdout
    assert corridor("explain", "IV-4", "--jurisdiction", "China", *data).returncode == 1


def test_the_bindings_of_a_release_follow_from_its_events(built: Built) -> None:
    rows = built.table("legal_event").collect()
    released = built.table("legal_binding").collect()
    assert released.height > 1_000
    assert released.select("instrument", "jurisdiction", "valid_from").equals(
        bindings(rows).select("instrument", "jurisdiction", "valid_from")
    )


def test_every_event_of_a_release_can_be_traced_to_its_text(built: Built) -> None:
    tracer = Tracer(Workspace(built.data, "snapshot"))
    rows = built.table("legal_event").collect()
    traced = [(row, tracer.trace(row)) for row in rows.iter_rows(named=True)]
    assert len(traced) > 1_000
    assert [(row["instrument"], trace.text) for row, trace in traced if not trace.agrees] == []


def test_explain_reports_that_an_act_did_not_exist_before_its_adoption(built: Built) -> None:
    data = ("--data", str(built.data))
    done = corridor("explain", "32008L0115", "--on", "2008-01-01", "--jurisdiction", "DNK", *data)
    assert "32008L0115 did not exist on 2008-01-01: it was adopted on 2008-12-16." in " ".join(done.stdout.split())
    done = corridor("explain", "IV-11", "--on", "1980-01-01", *data)
    assert "IV-11 did not exist on 1980-01-01: it was adopted on 1989-11-20." in " ".join(done.stdout.split())


ANSWERS = [
    ("32008L0115", "HRV", "2012-06-01", "was not a member of the Union; it joined on 2013-07-01"),
    ("32008L0115", "HRV", "2013-07-01", "was bound on 2013-07-01, since 2013-07-01."),
    ("32003L0009", "POL", "2003-06-01", "it joined on 2004-05-01"),
    ("32008L0115", "CHN", "2015-06-01", "was not a member of the Union."),
    ("32008L0115", "EU", "2015-06-01", "binds its members"),
    ("CHN-EXIT-ENTRY-2012", "DEU", "2015-06-01", "is the law of China"),
    ("CHN-EXIT-ENTRY-2012", "CHN", "2013-06-30", "not yet in force on 2013-06-30: it entered into force on 2013-07-01"),
    ("32024R1351", "DEU", "2024-05-20", "not yet in force on 2024-05-20: it entered into force on 2024-06-11"),
    ("IV-11", "DEU", "1990-01-01", "not yet in force on 1990-01-01: it entered into force on 1990-09-02"),
    ("32003L0009", "DEU", "2015-07-20", "was bound on 2015-07-20"),
    ("32003L0009", "DEU", "2015-07-21", "was no longer bound on 2015-07-21: it was bound until 2015-07-20"),
    ("32004L0083", "IRL", "2015-01-01", "was bound on 2015-01-01, since 2004-10-20"),
    ("32005L0085", "IRL", "2020-01-01", "was bound on 2020-01-01, since no earlier than 2005-12-01"),
    ("32013L0033", "IRL", "2018-06-29", "did not take part on 2018-06-29"),
    ("32013L0033", "IRL", "2018-06-30", "was bound on 2018-06-30"),
    ("V-5", "CZE", "1993-03-01", "notified on 1993-05-11 that it succeeds"),
    ("V-5", "CZE", "1992-12-31", "was not independent on 1992-12-31; it became independent on 1993-01-01"),
    ("IV-3", "MAC", "2005-01-01", "MAC Macao SAR China was bound on 2005-01-01, since 1999-12-02."),
    (
        "IV-3",
        "CHN",
        "2000-01-01",
        "for HKG Hong Kong SAR China, since 1997-07-01 and for MAC Macao SAR China",
    ),
    ("C029", "FRA", "2022-01-01", "was bound on 2022-01-01, since no later than 2011-05-06."),
    (
        "C029",
        "FRA",
        "2005-01-01",
        "FRA France is not known to have been bound on 2005-01-01: it had consented by 2011-05-06",
    ),
    ("IV-4", "HKG", "2000-01-01", "HKG Hong Kong SAR China was bound on 2000-01-01, since 1997-07-01."),
    ("V-2", "HKG", "2000-01-01", "is not covered, according to International Law Reports"),
    ("XVIII-12-a", "HKG", "2015-01-01", "was not covered on 2010-02-08, according to Official Gazette of Macao"),
    ("XVIII-12-a", "MAC", "2015-01-01", "was bound on 2015-01-01, since 2010-03-10."),
    ("CHN-NATIONALITY-1980", "HKG", "2026-11-30", "was bound on 2026-11-30, since 1997-07-01."),
    ("CHN-NATIONALITY-1980", "HKG", "1997-06-30", "No source that may be used states that the law applied in HKG"),
    ("CHN-EXIT-ENTRY-2012", "HKG", "2020-01-01", "only if Annex III of the Basic Law of Hong Kong lists it"),
    ("32011L0095", "DEU", "2026-06-30", "was bound on 2026-06-30"),
    ("32011L0095", "DEU", "2026-07-01", "was no longer bound on 2026-07-01: it was bound until 2026-06-30"),
    ("32024R1347", "DEU", "2025-06-01", "since 2024-06-11. Its rules apply from 2026-07-01."),
    ("32008L0115", "DEU", "2009-06-01", "was bound on 2009-06-01, since 2009-01-13. Its rules apply from 2010-12-24."),
    ("V-2", "DEU", "2020-01-01", "The source is of 2015-03-14; what happened later is not known from it."),
]


def test_explain_prints_why_a_state_was_not_bound(built: Built) -> None:
    workspace = Workspace(built.data, "snapshot")
    for instrument, area, day, words in ANSWERS:
        report = explain(workspace, instrument, date.fromisoformat(day), area)
        assert words in str(report.answer), (instrument, area, day, report.answer)
        assert bool(report.bound) == (" was bound on" in str(report.answer) and "whether" not in words)


def test_explain_refuses_a_state_whose_law_is_not_covered(built: Built) -> None:
    # The list of parties is read only for covered states, so that Norway's absence from it means nothing.
    with pytest.raises(WarehouseError, match="NOR Norway is not covered"):
        explain(Workspace(built.data, "snapshot"), "V-2", date(2010, 1, 1), "NOR")


def test_explain_agrees_with_the_table_on_who_was_bound(built: Built) -> None:
    workspace = Workspace(built.data, "snapshot")
    table = built.table("legal_binding").collect()
    for instrument in ("32004L0083", "32008L0115", "IV-11", "V-4", "C098", "CETS197"):
        for day in (date(1995, 6, 1), date(2014, 6, 1), date(2021, 6, 1)):
            holding = table.filter(
                pl.col("instrument") == instrument,
                pl.col("valid_from") <= day,
                pl.col("valid_to").is_null() | (pl.col("valid_to") > day),
                pl.col("territorial_scope") == "_T",
            )
            bound = explain(workspace, instrument, day).bound
            names = " ".join(item.jurisdiction for item in bound if item.territory is None)
            assert set(re.findall(r"\b[A-Z]{3}\b|Union", names)) == {
                {"EU": "Union"}.get(area, area) for area in holding["jurisdiction"]
            }, (instrument, day)


def test_explain_prints_the_day_of_a_list_and_suggests_instrument_numbers(built: Built) -> None:
    data = ("--data", str(built.data))
    text = " ".join(corridor("explain", "V-4", "--jurisdiction", "FRA", *data).stdout.split())
    assert "had only signed" in text
    assert "had only signed by 2015-03-14, and was not bound then" in text
    text = " ".join(corridor("explain", "ETS093", "--jurisdiction", "AUT", *data).stdout.split())
    assert "was not a party on 2012-04-30: it is on none of the lists of parties" in text
    wrong = corridor("explain", "32099L0050", *data)
    assert wrong.returncode != 0
    assert "did you mean 32009L0050" in " ".join(wrong.stderr.split())


def test_an_unstated_end_is_a_gap_and_an_opted_out_member_stays_bound(built: Built) -> None:
    gaps = built.table("legal_gap").filter(pl.col("aspect") == "repeal").collect()
    ends = built.table("legal_event").filter(pl.col("event") == "repeal").collect()
    acts = built.table("legal_instrument").filter(pl.col("scheme") == "celex").collect()
    stated = built.table("legal_event").filter(pl.col("event") == "stated_in_force").collect()
    assert set(gaps["instrument"]) == set(acts["instrument"]) - set(ends["instrument"]) - set(stated["instrument"])
    assert set(gaps["gap_reason"]) == {"no_end_stated"}
    bound = bindings(built.table("legal_event").collect(), date(2016, 1, 1))
    of_old = bound.filter(pl.col("instrument") == "32005L0085")["jurisdiction"].to_list()
    assert of_old == ["IRL"]
