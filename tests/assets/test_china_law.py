"""China's own laws are instruments with events, and bind China from the day that their text states."""

from datetime import date
from functools import cache

import polars as pl
import pytest

from assets.law.bindings import bindings
from assets.law.gaps import legal_gap
from sources.snapshot import FOLDER
from tests.support.law_payloads import read_law_rows
from tests.support.receptions import all_received
from warehouse import codes
from warehouse.contracts import contract


@cache
def known() -> pl.DataFrame:
    laws = read_law_rows(FOLDER / "flk/laws/2025-04.csv.gz", "flk/laws").observations
    cited = read_law_rows(FOLDER / "citations/events/2026-11.csv.gz", "citations/events").observations
    return pl.concat([laws, cited.filter(pl.col("basis") == "national_law")])


def declarations() -> pl.DataFrame:
    return pl.DataFrame(schema=contract("reservation").polars_schema)


@pytest.mark.parametrize(
    ("instrument", "day"),
    [
        ("CHN-EXIT-ENTRY-2012", date(2013, 7, 1)),
        ("CHN-FOREIGNERS-2013", date(2013, 9, 1)),
        ("CHN-NATIONALITY-1980", date(1980, 9, 10)),
        ("CHN-PASSPORT-2006", date(2007, 1, 1)),
        ("CHN-RESIDENCE-PERMIT-2015", date(2016, 1, 1)),
        ("CHN-PERMANENT-RESIDENCE-2004", date(2004, 8, 15)),
    ],
)
def test_a_law_binds_china_from_its_entry_into_force_and_not_the_day_before(instrument: str, day: date) -> None:
    of_law = known().filter(pl.col("instrument") == instrument)
    assert bindings(of_law, date.fromordinal(day.toordinal() - 1)).is_empty()
    (bound,) = bindings(of_law, day).iter_rows(named=True)
    assert (bound["jurisdiction"], bound["valid_from"], bound["basis"]) == ("CHN", day, "national_law")


def test_a_repealed_law_binds_until_the_day_of_its_repeal() -> None:
    law = known().filter(pl.col("instrument") == "CHN-PASSPORT-2006")
    last = date(2030, 1, 1)
    repealed = pl.concat([law, law.head(1).with_columns(event=pl.lit("repeal"), date=pl.lit(last))])
    assert bindings(repealed, last).height == 1
    assert bindings(repealed, date(2030, 1, 2)).is_empty()


def test_no_event_is_before_adoption() -> None:
    adopted = known().filter(pl.col("event") == "adopt").select("instrument", pl.col("date").alias("adopted"))
    assert known().join(adopted, on="instrument").filter(pl.col("date") < pl.col("adopted")).is_empty()


def test_every_law_of_china_in_the_list_has_an_event_and_a_name_in_chinese() -> None:
    laws = codes.instruments().filter(pl.col("scheme") == "prc")
    assert set(laws["instrument"]) == set(known()["instrument"])
    assert laws["name_zh"].null_count() == 0


def test_laws_of_china_have_gaps_only_for_undated_events_and_none_for_consent() -> None:
    gaps = legal_gap(known(), declarations(), all_received()).filter(pl.col("instrument").str.starts_with("CHN-"))
    assert set(gaps["jurisdiction"]) == {"CHN"}
    assert ("CHN-CONSULAR-PROTECTION-2023", "adoption") in set(gaps.select("instrument", "aspect").iter_rows())
    assert "CHN-EXIT-ENTRY-2012" not in set(gaps["instrument"])
