"""Questions of a comparative lawyer, and their answers from a release, checked against the sources of the rows."""

from datetime import date

import polars as pl
import pytest

from assets.core.workspace import Workspace
from pipelines.explain.law import explain
from pipelines.explain.visa import explain_visa
from tests.conftest import Built

# Instrument, jurisdiction, day, and words of the answer.
QUESTIONS = [
    ("CHN-FOREIGNERS-1985", "CHN", "2000-01-01", "was bound on 2000-01-01, since 1986-02-01."),
    ("CHN-FOREIGNERS-1985", "CHN", "2013-07-01", "no longer bound on 2013-07-01: it was bound until 2013-06-30"),
    ("CHN-CRIMINAL-1979", "CHN", "1990-01-01", "was bound on 1990-01-01, since 1980-01-01."),
    ("CHN-CRIMINAL-1979", "CHN", "1979-12-31", "not yet in force on 1979-12-31: it entered into force on 1980-01-01"),
    ("CHN-NATIONALITY-1980", "MAC", "1999-12-20", "was bound on 1999-12-20, since 1999-12-20."),
    ("CHN-FOREIGNERS-EMPLOYMENT-1996", "CHN", "1996-05-01", "was bound on 1996-05-01, since 1996-05-01."),
    ("32013L0032", "IRL", "2020-01-01", "did not take part on 2020-01-01"),
    ("32014L0036", "DNK", "2020-01-01", "did not take part on 2020-01-01"),
    ("32009R0810", "DNK", "2020-01-01", "was bound on 2020-01-01"),
    ("32009R0810", "IRL", "2020-01-01", "did not take part on 2020-01-01"),
    ("32011L0098", "DEU", "2026-05-22", "no longer bound on 2026-05-22: it was bound until 2026-05-21"),
    ("32024R1348", "DEU", "2025-01-01", "since 2024-06-11. Its rules apply from 2026-06-12."),
    ("32024R1351", "FRA", "2026-06-30", "since 2024-06-11. Its rules apply from 2026-07-01."),
    ("IV-4", "CHN", "2020-01-01", "was not a party on 2022-08-01, according to United Nations Treaty Collection"),
    ("IV-13", "FRA", "2020-01-01", "was not a party on 2015-06-23, according to A. Desmond"),
    ("IV-16", "HUN", "2020-01-01", "was not a party on 2022-08-01"),
    ("XVIII-12-b", "CHN", "2020-01-01", "was not a party on 2015-03-14: it is on none of the lists"),
    ("C029", "CHN", "2023-08-12", "was bound on 2023-08-12"),
    ("C029", "CHN", "2020-01-01", "was not bound on 2020-01-01: it consented on 2022-08-12"),
    ("C182", "FRA", "2005-01-01", "not known to have been bound on 2005-01-01: it had consented by 2011-05-06"),
    ("C111", "CHN", "2006-06-01", "had consented by 2006-06-01, and the treaty was not yet in force for it"),
    ("C118", "NLD", "2010-01-01", "no longer bound on 2010-01-01: it was bound until 2005-12-19"),
    ("MLC2006", "CHN", "2016-11-12", "was bound on 2016-11-12, since 2016-11-12."),
    ("XVIII-3", "BEL", "1930-01-01", "was bound on 1930-01-01, since 1927-09-23."),
    ("C189", "MLT", "2022-05-13", "had consented by 2022-05-13, and the treaty was not yet in force for it"),
    ("C189", "MLT", "2022-05-14", "was bound on 2022-05-14, since 2022-05-14."),
    ("C189", "ESP", "2024-03-01", "was bound on 2024-03-01, since 2024-02-29."),
    ("C190", "GRC", "2023-01-01", "was bound on 2023-01-01, since 2022-08-30."),
    ("C097", "NLD", "2000-01-01", "was bound on 2000-01-01"),
    ("32003R0343", "IRL", "2010-01-01", "was bound on 2010-01-01"),
    ("32003R0343", "DEU", "2013-07-19", "no longer bound on 2013-07-19"),
    ("32005L0071", "IRL", "2020-01-01", "was bound on 2020-01-01"),
    ("32005L0071", "DEU", "2020-01-01", "no longer bound on 2020-01-01"),
    ("32001R0539", "DNK", "2010-01-01", "was bound on 2010-01-01"),
    ("32008R0767", "DNK", "2015-01-01", "was bound on 2015-01-01, since no later than 2008-10-07."),
    ("C189", "DNK", "2023-01-01", "was not a party on 2023-03-28"),
    ("32010R1231", "DNK", "2015-01-01", "did not take part on 2015-01-01"),
    ("32026R0463", "IRL", "2026-03-01", "was bound on 2026-03-01, since 2026-02-27."),
    ("32000R2725", "DNK", "2005-01-01", "did not take part on 2005-01-01"),
    ("32000R2725", "DNK", "2010-01-01", "was bound on 2010-01-01, since 2006-04-01."),
    ("32013R0603", "IRL", "2014-01-01", "is not known to have taken part on 2014-01-01: it took part by 2018-12-31"),
    ("32013R0603", "DEU", "2026-06-12", "no longer bound on 2026-06-12: it was bound until 2026-06-11"),
    ("32024R1358", "IRL", "2024-07-01", "and was not bound: it takes part since 2024-07-31"),
    ("32004R2007", "FRA", "2016-10-06", "no longer bound on 2016-10-06: it was bound until 2016-10-05"),
    ("32019R1896", "DNK", "2020-06-01", "no source that may be used states whether Denmark had implemented it"),
    ("32006R1987", "DEU", "2010-01-01", "since 2007-01-17. Its rules apply from 2013-04-09."),
    ("32018R1860", "IRL", "2024-01-01", "did not take part on 2024-01-01"),
    ("32004R0883", "DNK", "2012-01-01", "was bound on 2012-01-01"),
    ("IV-11", "HKG", "2010-01-01", "was bound on 2010-01-01"),
    ("XVIII-12-a", "MAC", "2010-03-09", "No source that may be used states whether MAC"),
    ("31968R1612", "IRL", "1990-01-01", "was bound on 1990-01-01, since 1973-01-01."),
    ("31968R1612", "DEU", "2011-06-16", "no longer bound on 2011-06-16: it was bound until 2011-06-15"),
    ("32018R1861", "DNK", "2019-06-01", "no source that may be used states whether Denmark had implemented it"),
    ("32018R1861", "DNK", "2023-06-01", "was bound on 2023-06-01, since no later than 2021-10-05."),
    ("32017R2226", "DEU", "2024-01-01", "since 2017-12-29. Its rules apply from 2025-10-12."),
    ("32018R1240", "POL", "2026-01-01", "No source that may be used states from when its rules apply."),
    ("32024R1351", "DNK", "2026-08-01", "It takes part only in the parts on responsibility."),
    ("32001L0055", "IRL", "2003-01-01", "did not take part on 2003-01-01"),
    ("32009L0050", "DEU", "2023-11-19", "no longer bound on 2023-11-19: it was bound until 2023-11-18"),
    ("32004L0083", "IRL", "2020-01-01", "was bound on 2020-01-01"),
    ("32011L0095", "DEU", "2026-06-30", "was bound on 2026-06-30, since 2012-01-09."),
    ("IV-12", "POL", "2014-07-24", "had only signed by 2014-07-24, and was not bound."),
    ("IV-12", "POL", "2014-07-25", "was bound on 2014-07-25, since 2014-07-25."),
    ("IV-3-a", "DEU", "2023-08-01", "was bound on 2023-08-01, since 2023-07-20."),
    ("IV-11-d", "HRV", "2018-06-01", "was bound on 2018-06-01, since no later than 2018-03-31."),
    ("IV-15-a", "ROU", "2015-01-01", "had only signed by 2015-01-01, and was not bound."),
    ("IV-16", "DNK", "2022-02-11", "was not bound on 2022-02-11: the treaty entered into force for it on 2022-02-12."),
    ("CETS197", "IRL", "2010-11-01", "was bound on 2010-11-01, since 2010-11-01."),
    ("V-4", "ITA", "2015-06-01", "consented in 2015, according to UNHCR"),
    ("V-2", "HKG", "2010-01-01", "is not covered, according to International Law Reports"),
    ("V-5", "MAC", "2010-01-01", "was bound on 2010-01-01, since 1999-12-20."),
    ("C181", "DEU", "2026-01-01", "(low confidence)"),
]


@pytest.mark.parametrize(("instrument", "area", "day", "words"), QUESTIONS)
def test_the_release_answers_who_was_bound(built: Built, instrument: str, area: str, day: str, words: str) -> None:
    report = explain(Workspace(built.data, "snapshot"), instrument, date.fromisoformat(day), area)
    assert words in str(report.answer), report.answer


def test_explain_lists_the_reservations_of_china_with_their_articles(built: Built) -> None:
    workspace, today = Workspace(built.data, "snapshot"), date(2026, 11, 30)
    palermo = explain(workspace, "XVIII-12-a", today, "CHN").reservations
    assert [(item.provision, item.date) for item in palermo] == [("Article 15(2)", "2010-02-08")]
    refugees = explain(workspace, "V-2", today, "CHN").reservations
    assert {item.provision for item in refugees} == {"Articles 14, second half, and 16(3)"}
    assert all(item.text for item in refugees)


def test_every_statement_on_refugees_or_stateless_persons_has_a_day_and_most_have_their_content(built: Built) -> None:
    rows = built.table("reservation").filter(pl.col("instrument").str.starts_with("V-")).collect()
    parties = rows.filter(pl.col("instrument") != "V-4")
    assert parties["date"].null_count() == 0
    assert rows["text"].null_count() < 5


@pytest.mark.parametrize(
    ("where", "day", "words"),
    [
        (["partner=CZE", "jurisdiction=CHN"], "2026-03-01", "needed a visa on 2026-03-01 (high confidence)."),
        (["partner=SWE", "jurisdiction=CHN"], "2025-11-10", "needed no visa for up to 30 days on 2025-11-10"),
        (["partner=CHN", "jurisdiction=DEU"], "2024-01-01", "needed a visa on 2024-01-01"),
        (["partner=CHN", "jurisdiction=DEU", "travel_document=HKG_PASSPORT"], "2024-01-01", "needed no visa on"),
        (["partner=MAC", "jurisdiction=DEU"], "2024-01-01", "who has the document 'Passport of the Macao"),
        (["partner=DEU", "jurisdiction=CHN"], "2027-01-01", "needs a visa on 2027-01-01, unless"),
    ],
)
def test_the_release_answers_whether_a_visa_was_needed(built: Built, where: list[str], day: str, words: str) -> None:
    report = explain_visa(Workspace(built.data, "snapshot"), where, date.fromisoformat(day))
    assert words in report.answer
    assert report.contradicted_by == []


def test_a_count_that_rests_on_something_unknown_has_no_rank_and_not_the_best_grade(built: Built) -> None:
    counts = built.table("comparison").filter(pl.col("source_table") == "legal_binding").collect()
    unsure = counts.filter(pl.col("value_max").is_not_null())
    assert "IRL" in set(unsure.filter(pl.col("measure") == "union_acts_binding")["jurisdiction"])
    assert unsure["rank"].null_count() == unsure.height
    assert "A" not in unsure["grade"].to_list()
    assert unsure["flags"].str.contains("parts_missing").all()
    assert (unsure["value_max"] > unsure["value"]).all()
