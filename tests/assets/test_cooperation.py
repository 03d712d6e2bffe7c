"""Table of cooperation on migration: it holds only what a publication states, with the project of 2008 first."""

from datetime import date
from functools import cache
from pathlib import Path

import polars as pl

from sources.snapshot import FOLDER
from tests.conftest import Built
from tests.support.law_payloads import read_law_rows, write_payload
from tools.snapshot.recorders import cooperation


@cache
def programmes() -> pl.DataFrame:
    path = FOLDER / "citations/cooperation/2026-11.csv.gz"
    return read_law_rows(path, "citations/cooperation").observations


def test_the_first_row_is_the_project_of_2008() -> None:
    first = programmes().sort("locator").row(0, named=True)
    assert first["date"] == date(2008, 3, 20)
    assert (first["date_precision"], first["months"]) == ("day", 12)
    assert (first["amount"], first["currency"], first["funder"]) == (2_500_000.0, "EUR", "European Union")
    assert first["agencies"].startswith("IOM;ILO")
    assert first["source"].startswith("China Daily")
    assert first["source"].endswith("21 March 2008")
    assert (first["jurisdiction"], first["partner"]) == ("CHN", "EU")


def test_every_row_names_a_publication_and_where_it_is() -> None:
    assert programmes().select(pl.col("source", "source_url").is_null().any()).row(0) == (False, False)
    assert programmes()["source_url"].str.starts_with("http").all()
    assert programmes().height == len(cooperation.PROGRAMMES) + len(cooperation.bilateral_treaties())


def test_contradicting_sources_of_a_programme_are_separate_rows() -> None:
    begun = programmes().filter(pl.col("cooperation") == "cbmm_2")
    assert set(begun["date"]) == {date(2010, 11, 19), date(2011, 4, 1)}


def test_an_unstated_day_is_empty_and_a_month_is_not_a_day() -> None:
    precision = dict(programmes().select("cooperation", "date_precision").iter_rows())
    assert precision["mmsp_2"] == "unknown"
    assert precision["mobility_and_migration_dialogue"] == "month"
    unknown = programmes().filter(pl.col("date").is_null())
    assert set(unknown["date_precision"]) == {"unknown"}


def test_an_amount_without_a_currency_is_empty() -> None:
    assert programmes().filter(pl.col("amount").is_null() != pl.col("currency").is_null()).is_empty()


def test_recording_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (next(cooperation.build_payloads(tmp_path)).body for _ in range(2))
    assert first == second
    assert read_law_rows(write_payload(tmp_path, first), "citations/cooperation").unmatched.is_empty()


def test_a_release_holds_every_programme(built: Built) -> None:
    assert built.table("cooperation").collect().height == programmes().height
