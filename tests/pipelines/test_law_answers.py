"""Each sentence that answers whether a jurisdiction was bound, from the facts that it needs and no release."""

from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest

from pipelines.explain.law_answers import Question, answer
from pipelines.explain.law_report import Binding, Event, Gap, LawReport, ReceivedList
from pipelines.explain.names import code_name
from warehouse.contracts import contract

ON = date(2010, 1, 1)
NOTHING = LawReport(
    answer=None,
    instrument="I-1",
    title="Treaty",
    on=ON.isoformat(),
    rule=None,
    note=None,
    bound=[],
    not_taking_part=[],
    signed_only=[],
    not_party=[],
    reservations=[],
    not_known=[],
    lists=[],
    release="2026-01-01.1",
    events=None,
)
BINDING = Binding("", None, "2005-03-04", None, None, "entry into force", "treaty", "a list", None, "0" * 64)
EVENT = Event("", None, "signature", "2006-01-02", None, None, "a list (high confidence)", "0" * 64)
ON_NO_LIST = Gap("", "consent", code_name("gap_reason", "not_on_list"))
LIST = ReceivedList("untc/status", "2009-05-06", "0" * 64)


def events(*rows: dict[str, Any]) -> pl.DataFrame:
    schema = contract("legal_event").polars_schema
    fixed = {"territorial_scope": "_T", "source": "a list", "basis": "treaty"}
    return pl.DataFrame([fixed | row for row in rows], schema=dict(schema))


def question(area: str, scheme: str = "mtdsg", *happened: dict[str, Any], report: LawReport = NOTHING) -> Question:
    ended = pl.DataFrame({"valid_to": []}, schema={"valid_to": pl.Date})
    return Question(area, ON, scheme, ended, events(*happened), report)


ANSWERS = {
    "an act binds its members": (question("EU", "celex"), "An act of the Union binds its members."),
    "a later member": (question("HRV", "celex"), "it was not a member of the Union; it joined on 2013-07-01."),
    "a stranger to the law of China": (question("DEU", "prc"), "it is the law of China."),
    "a territory of China": (question("HKG", "prc"), "only if Annex III of the Basic Law of Hong Kong lists it."),
    "a younger state": (
        replace(question("CZE"), on=date(1990, 1, 1)),
        "was not independent on 1990-01-01; it became independent on 1993-01-01.",
    ),
    "an ended binding": (
        replace(question("DEU"), intervals=pl.DataFrame({"valid_to": [date(2008, 2, 1)]})),
        "was no longer bound on 2010-01-01: it was bound until 2008-01-31.",
    ),
    "a binding": (
        question(
            "DEU",
            report=replace(NOTHING, bound=[replace(BINDING, as_of="2009-01-01", applies="applies from 2011-01-01")]),
        ),
        "was bound on 2010-01-01, since 2005-03-04. Its rules apply from 2011-01-01. The source is of 2009-01-01;",
    ),
    "a binding of a territory only": (
        question("NLD", report=replace(NOTHING, bound=[replace(BINDING, territory="for ABW Aruba")])),
        "is not known to have been bound on 2010-01-01 as a whole; it was bound on 2010-01-01 for ABW Aruba, since",
    ),
    "a territory that was excluded": (
        question("MAC", "mtdsg", {"event": "exclude", "territorial_scope": "MAC", "date": date(2003, 1, 1)}),
        "was not covered on 2003-01-01, according to a list; a later extension is not known from it.",
    ),
    "a member that did not take part": (
        question(
            "IRL",
            "celex",
            {"event": "opt_out", "jurisdiction": "IRL"},
            report=replace(NOTHING, not_taking_part=[EVENT]),
        ),
        "did not take part on 2010-01-01, and was not bound.",
    ),
    "an open decision of Denmark": (
        question(
            "DNK",
            "celex",
            {"event": "opt_out", "jurisdiction": "DNK", "basis": "schengen"},
            report=replace(NOTHING, not_taking_part=[EVENT]),
        ),
        "no source that may be used states whether Denmark had implemented it by 2010-01-01.",
    ),
    "a state that was not a party": (
        question("DEU", report=replace(NOTHING, not_party=[EVENT])),
        "was not a party on 2006-01-02, according to a list (high confidence); no source that may be used states what",
    ),
    "a signature": (
        question("DEU", report=replace(NOTHING, signed_only=[EVENT], lists=[LIST])),
        "had only signed by 2009-05-06, and was not bound then; no source that may be used states what happened later.",
    ),
    "a consent before the entry into force": (
        question("DEU", "mtdsg", {"event": "ratify", "date": date(2009, 9, 9)}),
        "had consented by 2010-01-01, and the treaty was not yet in force for it.",
    ),
    "a later succession": (
        question("SVN", "mtdsg", {"event": "succeed", "date": date(2012, 1, 1)}),
        "notified on 2012-01-01 that it succeeds to the treaty, with effect from its independence.",
    ),
    "a later denial": (
        question("DEU", "mtdsg", {"event": "not_party", "date": date(2015, 1, 1)}),
        "was not a party on 2015-01-01, according to a list; no source names an earlier act of it.",
    ),
    "a later consent of a known day": (
        question(
            "DEU",
            "mtdsg",
            {"event": "ratify", "date": date(2012, 3, 4), "date_precision": "day"},
            {"event": "ratify", "date": date(2011, 3, 4), "date_precision": "by"},
        ),
        "was not bound on 2010-01-01: it consented on 2012-03-04, according to a list.",
    ),
    "a later consent of a known year": (
        question("DEU", "mtdsg", {"event": "accede", "date": date(2012, 1, 1), "date_precision": "year"}),
        "was not bound on 2010-01-01: it consented in 2012, according to a list.",
    ),
    "a consent by a later day": (
        question("DEU", "mtdsg", {"event": "ratify", "date": date(2011, 3, 4), "date_precision": "by"}),
        "is not known to have been bound on 2010-01-01: it had consented by 2011-03-04, according to a list;",
    ),
    "a later participation": (
        question("IRL", "celex", {"event": "opt_in", "date": date(2014, 7, 3)}),
        "did not take part on 2010-01-01, and was not bound: it takes part since 2014-07-03.",
    ),
    "a participation by a later day": (
        question("DNK", "celex", {"event": "opt_in", "date": date(2014, 7, 3), "date_precision": "by"}),
        "is not known to have taken part on 2010-01-01: it took part by 2014-07-03, according to a list;",
    ),
    "a consent in the year of the question": (
        question("DEU", "mtdsg", {"event": "ratify", "date": date(2010, 1, 1), "date_precision": "year"}),
        "consented in 2010, according to a list; no source that may be used states the day,",
    ),
    "unknown reservations": (
        question(
            "DEU",
            report=replace(
                NOTHING, not_known=[Gap("DEU Germany", code_name("aspect", "statements"), "no source")], lists=[LIST]
            ),
        ),
        "was not a party on 2009-05-06: it is on none of the lists of parties",
    ),
    "an unknown position": (
        question(
            "DEU",
            report=replace(NOTHING, not_known=[Gap("DEU Germany", "consent", "no citable source")]),
        ),
        "No source that may be used states whether DEU Germany was bound on 2010-01-01.",
    ),
    "no list with the state": (
        question("DEU", report=replace(NOTHING, not_known=[ON_NO_LIST], lists=[LIST])),
        "DEU Germany was not a party on 2009-05-06: it is on none of the lists of parties; no source",
    ),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_the_answer_is_the_first_sentence_that_applies(case: str) -> None:
    asked, words = ANSWERS[case]
    assert words in answer(asked)
