"""Prose from end to end: a page is imported, its figures stand in the tables, and what was not read is listed."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from assets import stages
from assets.house import House
from assets.payloads import import_file
from sources.catalogue import publishers
from tests.conftest import corridor
from tests.test_reads_prose import BODY, PAGE, TITLE

EXTRA = "<p>新设窗口办理某项业务12.3万件。</p>"


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "data", "live")


def imported(house: House, text: str, published: datetime | None = None) -> None:
    house.data.mkdir(exist_ok=True)
    path = house.data / "page.html"
    path.write_text(text, encoding="utf-8")
    for name in ("communique", "documents"):
        import_file(house, publishers()["nia"], name, path, published)


def test_a_page_becomes_rows_and_unread_sentences(house: House) -> None:
    imported(house, PAGE.format(charset="utf-8", title=TITLE, body=BODY + EXTRA))
    rows = stages.observations(house, "nia/communique").frame.collect().to_dicts()
    total = next(row for row in rows if row["group"] == "_T" and row["indicator"] == "border_inspections")
    assert (total["period"], total["freq"], total["value"]) == (date(2031, 1, 1), "S", 350_000_000)
    assert (total["value_min"], total["value_max"], total["unit"]) == (349_500_000, 350_500_000, "crossings")
    assert (total["reporter"], total["definition"]) == ("CHN", "border_inspection")
    assert total["known_from"] == datetime(2031, 7, 15, 16, tzinfo=UTC)  # midnight of the 16th in China
    (unread,) = stages.observations(house, "nia/communique").unread.collect().to_dicts()
    assert (unread["sentence"], unread["why"]) == ("新设窗口办理某项业务12.3万件。", "no statement reads 12.3万")


def test_an_import_says_when_it_was_published(house: House) -> None:
    imported(house, "签发普通护照500.5万本。", datetime(2031, 4, 19, tzinfo=UTC))
    (row,) = stages.observations(house, "nia/documents").frame.collect().to_dicts()
    assert (row["document"], row["period"], row["freq"]) == ("PASSPORT", date(2031, 1, 1), "Q")


def test_a_counterfeit_page_is_kept_and_does_not_stand(house: House) -> None:
    broken = BODY.replace("３．５０", "３．９０")
    imported(house, PAGE.format(charset="utf-8", title=TITLE, body=broken))
    made = stages.observations(house, "nia/communique")
    assert made.frame.collect().is_empty()
    assert "contradict each other" in made.failures[0]


def test_the_command_line_gives_figures_with_phrase_and_span(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("签发口岸签证9500余人次，另有12.3万件。", encoding="utf-8")
    output = tmp_path / "cells.parquet"
    arguments = ["read", "nia/communique", str(text), "--published", "2031-04-19", "-o", str(output)]
    done = corridor(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    (figure,) = said["figures"]
    assert (figure["indicator"], figure["document"], figure["period"]) == ("documents_issued", "PORT_VISA", "2031-Q1")
    assert (figure["value"], figure["least"], figure["most"]) == (9500, 9500, None)
    assert (figure["unit"], figure["counted"], figure["span"]) == ("documents", "人次", "6-11")
    assert said["unread"][0]["why"] == "no statement reads 12.3万"
    assert "not read:" in corridor(*arguments).stdout
