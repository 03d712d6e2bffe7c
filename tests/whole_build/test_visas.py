"""Visas at consulates: the rows of all states in China add up to the publisher's total of China."""

import polars as pl
import pytest

from tests.conftest import Built

CONSULATES = "dghome/consulate_visas"


@pytest.mark.parametrize(
    ("year", "total"), [(2014, 1_800_369), (2019, 2_971_032), (2023, 1_117_365), (2024, 1_779_255)]
)
def test_applications_in_china_add_up_to_the_publishers_total(built: Built, year: int, total: int) -> None:
    rows = built.table("visa").filter(
        dataset=CONSULATES, indicator="visa_applications", partner="CHN", document="VISA_C"
    )
    assert rows.filter(pl.col("period").dt.year() == year).select(pl.col("value").sum()).collect().item() == total


def test_refusals_of_2024_are_compared_with_applications(built: Built) -> None:
    rows = built.table("comparison").filter(pl.col("year") == 2024, pl.col("jurisdiction") == "FRA")
    values = dict(rows.filter(pl.col("value").is_not_null()).select("measure", "value").collect().iter_rows())
    lodged, refused = values["schengen_visas_lodged_in_china"], values["schengen_visas_refused_in_china"]
    assert values["schengen_refusal_rate_in_china"] == pytest.approx(100 * refused / lodged)


def test_applications_are_a_share_of_the_departures_that_china_counts(built: Built) -> None:
    rows = built.table("comparison").filter(pl.col("year") == 2019, pl.col("jurisdiction") == "CHN")
    values = dict(rows.select("measure", "value").collect().iter_rows())
    assert values["schengen_visa_applications"] == 2_971_032
    assert values["schengen_share_of_departures"] == pytest.approx(100 * 2_971_032 / values["departures"])


def test_a_sum_of_the_union_needs_no_figure_of_a_state_outside_the_visa_policy(built: Built) -> None:
    rows = built.table("comparison").filter(measure="visas_issued", year=2024, aggregation="computed")
    value, because = rows.filter(jurisdiction="EU27_2020").select("value", "because").collect().row(0)
    members = built.table("comparison").filter(measure="visas_issued", year=2024, aggregation="state")
    states = members.filter(pl.col("jurisdiction") != "CHN").select("jurisdiction", "value").collect()
    assert (value, because) == (states["value"].sum(), None)
    assert states.filter(pl.col("value").is_null())["jurisdiction"].to_list() == ["IRL"]


def test_a_state_without_a_consulate_in_china_has_0_and_is_no_gap_of_the_union(built: Built) -> None:
    rows = built.table("comparison").filter(measure="schengen_visas_lodged_in_china", year=2024)
    values = dict(rows.filter(pl.col("value").is_not_null()).select("jurisdiction", "value").collect().iter_rows())
    assert values["LTU"] == 0
    # The publisher's total, without Switzerland, Iceland and Norway, and with the national visas of Cyprus.
    assert values["EU27_2020"] == 1_779_255 - 95_003 - 18_452 - 43_652 + 2_313
