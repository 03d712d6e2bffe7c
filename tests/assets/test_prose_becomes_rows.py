"""Prose from import to table: figures become rows, and sentences that were not read are listed."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from assets import stages
from assets.core.workspace import Workspace
from assets.ingest.fetch import receive
from assets.ingest.imports import import_file
from assets.ingest.plan import Plan
from sources.catalogue import publishers
from sources.errors import SourceError
from sources.formats.delimited import figures_csv
from sources.http.client import Client
from sources.http.snapshot import SnapshotAdapter, SnapshotEntry
from tests.conftest import corridor
from tests.sources.test_reads_prose import BODY, PAGE, TITLE, line

EXTRA = "<p>新设窗口办理某项业务12.3万件。</p>"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "data", "live")


def imported(
    workspace: Workspace, text: str, published: datetime | None = None, names: Sequence[str] = ("communique",)
) -> None:
    workspace.data.mkdir(exist_ok=True)
    path = workspace.data / "page.html"
    path.write_text(text, encoding="utf-8")
    for name in names:
        import_file(workspace, publishers()["nia"], name, path, published)


def test_a_page_becomes_rows_and_unread_sentences(workspace: Workspace) -> None:
    imported(workspace, PAGE.format(charset="utf-8", title=TITLE, body=BODY + EXTRA))
    rows = stages.observations(workspace, "nia/communique").frame.collect().to_dicts()
    total = next(row for row in rows if row["person_group"] == "_T" and row["indicator"] == "border_inspections")
    assert (total["period"], total["freq"], total["value"]) == (date(2031, 1, 1), "S", 350_000_000)
    assert (total["value_min"], total["value_max"], total["unit"]) == (349_500_000, 350_500_000, "crossings")
    assert (total["jurisdiction"], total["definition"]) == ("CHN", "border_inspection")
    assert total["known_from"] == datetime(2031, 7, 15, 16, tzinfo=UTC)  # midnight of the 16th in China
    (unread,) = stages.observations(workspace, "nia/communique").unread.collect().to_dicts()
    why = "no statement reads 12.3万: no statement has the word “新设窗口” before it"
    assert (unread["sentence"], unread["why"]) == ("新设窗口办理某项业务12.3万件。", why)


def test_an_import_can_state_its_publication_date(workspace: Workspace) -> None:
    imported(workspace, "签发普通护照500.5万本。", datetime(2025, 4, 19, tzinfo=UTC), ["documents"])
    (row,) = stages.observations(workspace, "nia/documents").frame.collect().to_dicts()
    assert (row["document"], row["period"], row["freq"]) == ("PASSPORT", date(2025, 1, 1), "Q")


def test_figures_of_a_table_are_known_from_the_day_of_their_document(workspace: Workspace) -> None:
    lines = [
        line(statement="border_inspections", period=period, figure=figure, counted="人次", published=day)
        for period, figure, day in (
            ("2030", "6.91亿", "2031-01-16"), ("2031-S1", "3.51亿", "2031-07-16"), ("2029", "6.5亿", "2030")
        )
    ]  # fmt: skip
    imported(workspace, "\n".join([",".join(figures_csv.COLUMNS), *lines, ""]))
    stored = stages.observations(workspace, "nia/communique")
    known = {row["period"].year: row["known_from"] for row in stored.frame.collect().to_dicts()}
    assert known == {
        2029: datetime(2030, 12, 30, 16, tzinfo=UTC),
        2030: datetime(2031, 1, 15, 16, tzinfo=UTC),
        2031: datetime(2031, 7, 15, 16, tzinfo=UTC),
    }
    assert stored.failures == []
    assert stages.as_of(workspace, "border_crossing", datetime(2031, 2, 1, tzinfo=UTC)).height == 2
    changes = stored.revisions.collect().select("change", "known_from").sort("known_from")
    assert set(changes["change"]) <= {"extended"}


def test_a_late_older_page_is_inserted_before_newer_ones(workspace: Workspace) -> None:
    table = [
        line(statement="border_inspections", period="2030", figure="6.91亿", counted="人次", published="2031-07-16")
    ]
    imported(workspace, "\n".join([",".join(figures_csv.COLUMNS), *table, ""]))
    page = PAGE.replace("2031-07-16", "2031-01-16").format(
        charset="utf-8", title="2030年", body="<p>2030年查验出入境人员6.80亿人次。</p>"
    )
    imported(workspace, page)
    stored = stages.observations(workspace, "nia/communique")
    (row,) = stored.frame.collect().to_dicts()
    assert (row["value"], row["known_from"]) == (691_000_000, datetime(2031, 7, 15, 16, tzinfo=UTC))
    (ended,) = stored.history.filter(pl.col("known_to").is_not_null()).collect().to_dicts()
    assert (ended["value"], ended["known_to"]) == (680_000_000, datetime(2031, 7, 15, 16, tzinfo=UTC))


def test_a_contradictory_page_is_not_imported(workspace: Workspace) -> None:
    broken = BODY.replace("３．５０", "３．９０")
    with pytest.raises(SourceError, match="contradict each other"):
        imported(workspace, PAGE.format(charset="utf-8", title=TITLE, body=broken))
    assert workspace.archive.fetches() == []


def test_the_read_command_prints_figures_with_phrase_and_span(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("签发口岸签证9500余人次，另有12.3万件。", encoding="utf-8")
    output = tmp_path / "cells.parquet"
    arguments = ["read", "nia/communique", str(text), "--published", "2031-04-19", "-o", str(output)]
    done = corridor(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    (figure,) = printed["figures"]
    assert (figure["indicator"], figure["document"], figure["period"]) == ("documents_issued", "PORT_VISA", "2031-Q1")
    assert (figure["value"], figure["least"], figure["most"]) == (9500, 9500, None)
    assert (figure["unit"], figure["counted"], figure["span"]) == ("documents", "人次", "6-11")
    assert printed["unread"][0]["why"] == "no statement reads 12.3万: no statement has the word “另有” before it"
    assert "not read:" in corridor(*arguments).stdout


def test_a_snapshot_with_more_figures_is_received_again(workspace: Workspace, tmp_path: Path) -> None:
    now = Workspace(workspace.data, "snapshot")
    nia = publishers()["nia"]
    (request,) = Plan(now.archive, now.mode, nia, "communique").requests
    path = tmp_path / "figures.csv"
    rows: list[str] = []
    for periods in (("2030",), ("2027", "2029", "2030"), ("2027", "2028", "2029", "2030")):
        rows = [
            line(
                statement="border_inspections", period=it, figure="6.9亿", counted="人次", published=f"{int(it) + 1}-01"
            )
            for it in periods
        ]
        path.write_text("\n".join([",".join(figures_csv.COLUMNS), *rows, ""]), encoding="utf-8")
        entry = SnapshotEntry(path, "text/csv", datetime(2031, 7, 16, tzinfo=UTC))
        adapter = SnapshotAdapter({request.full_url: entry})
        with Client(frozenset(nia.hosts), nia.limits, transport=adapter) as client:
            assert receive(now, nia, "communique", client).received == 1
    assert stages.observations(now, "nia/communique").frame.collect().height == len(rows)
