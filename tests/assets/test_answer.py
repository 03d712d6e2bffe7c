"""The paragraph on Chinese in the Union: a total only of all members, otherwise the number of states with a figure."""

from typing import Any

import polars as pl

from assets.explore.answer import chinese_in_the_union


def figure(measure: str, place: str, year: int, value: float | None, scope: str = "member") -> dict[str, Any]:
    return {
        "measure": measure,
        "jurisdiction": place,
        "year": year,
        "value": value,
        "scope": scope,
        "dataset": "a/b",
    }


def test_a_total_a_part_and_no_figure_have_their_own_sentences() -> None:
    figures = pl.DataFrame(
        [
            figure("chinese_born", "EU27_2020", 2020, 900.0, "union"),
            figure("chinese_born", "EU27_2020", 2024, 1_000.0, "union"),
            figure("chinese_born", "EU27_2020", 2025, None, "union"),
            *(figure("chinese_citizens", place, 2020, 5.0) for place in ("DEU", "FRA", "ITA")),
            figure("chinese_citizens", "DEU", 2024, 7.0),
            figure("valid_permits_chinese", "DEU", 2024, None),
        ]
    )
    born, citizens, permits, differs = chinese_in_the_union(figures)
    assert (born.key, born.values["year"], born.values["value"]) == ("answer_chinese_born", 2024, "1,000")
    assert citizens.key == "answer_chinese_citizens_part"
    assert (citizens.values["states"], citizens.values["year"], citizens.values["value"]) == (3, 2020, "15")
    assert permits.key == "answer_valid_permits_chinese_none"
    assert differs.key == "answer_differs"
