"""Releases: changes of schemas, accepted checks, differences between two releases, and tables as of a day."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from assets import stages
from assets.core.errors import AssetError
from assets.core.workspace import Workspace
from assets.ingest.fetch import receive
from assets.normalise.receptions import Receptions
from assets.normalise.tables import coverage
from assets.publish import release as releasing
from expectations.validation import Outcome
from pipelines.cli.app import app
from sources import catalogue
from tests.conftest import Built, corridor
from tests.support.unchecked import publish_unchecked
from warehouse import difference, releases
from warehouse.contracts import contract
from warehouse.errors import ReleaseError
from warehouse.exports import parquet
from warehouse.releases import Release
from warehouse.storage.local import LocalPlace

INDICATOR = contract("indicator")


def indicators(*rows: tuple[str, str]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=["indicator", "description"], orient="row")
    missing = [pl.lit("text").alias(name) for name in INDICATOR.field_names if name not in frame.columns]
    return frame.with_columns(missing).select(INDICATOR.field_names)


def published(root: Path, name: str, frame: pl.DataFrame) -> Release:
    def write(folder: Path) -> Release:
        (folder / "tables").mkdir()
        (folder / "quality").mkdir()
        (folder / "quality" / "index.html").write_text("all well")
        path = folder / "tables" / "indicator.parquet"
        parquet.write(frame, INDICATOR, path)
        facts = {"indicator": releases.facts(path, "indicator")}
        return Release(name, datetime(2026, 1, 1, tzinfo=UTC).isoformat(), "snapshot", name, facts, {})

    return releases.publish(LocalPlace(root), name, write)


def test_a_difference_counts_rows_added_removed_and_changed(tmp_path: Path) -> None:
    before = published(tmp_path, "a", indicators(("one", "x"), ("two", "x"), ("three", "x")))
    after = published(tmp_path, "b", indicators(("one", "x"), ("two", "y"), ("four", "x")))
    (one,) = difference.differences(LocalPlace(tmp_path), before, after)
    assert (one.rows_before, one.rows_after, one.added, one.removed, one.changed) == (3, 3, 1, 1, 1)
    changed = next(example for example in one.examples if example["difference"] == "changed")
    assert (changed["before"], changed["after"]) == ({"description": "x"}, {"description": "y"})


def test_the_page_of_a_difference_escapes_markup_in_values(tmp_path: Path) -> None:
    before = published(tmp_path, "a", indicators(("one", "x")))
    after = published(tmp_path, "b", indicators(("one", "<script>alert(1)</script>")))
    text = difference.page(before, after, difference.differences(LocalPlace(tmp_path), before, after))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_a_release_that_is_the_same_has_no_difference(tmp_path: Path) -> None:
    rows = indicators(("one", "x"))
    before, after = published(tmp_path, "a", rows), published(tmp_path, "b", rows)
    assert all(one.same for one in difference.differences(LocalPlace(tmp_path), before, after))


def test_a_changed_or_removed_document_is_reported_as_damage(tmp_path: Path) -> None:
    entry = published(tmp_path, "a", indicators(("one", "x")))
    page = tmp_path / "a" / "quality" / "index.html"
    assert releases.damages(LocalPlace(tmp_path) / "a", entry) == []
    page.write_text("not so well")
    assert releases.damages(LocalPlace(tmp_path) / "a", entry) == [
        "a: quality/index.html is damaged: its sha256 is not that of the index"
    ]
    page.unlink()
    assert releases.damages(LocalPlace(tmp_path) / "a", entry) == ["a: quality/index.html is missing"]


def test_a_name_is_used_once(tmp_path: Path) -> None:
    published(tmp_path, "a", indicators(("one", "x")))
    with pytest.raises(ReleaseError, match="exists already"):
        published(tmp_path, "a", indicators(("one", "y")))


def test_the_next_publication_removes_the_remains_of_a_killed_one(tmp_path: Path) -> None:
    published(tmp_path, "a", indicators(("one", "x")))
    (tmp_path / ".aside-half").mkdir()
    (tmp_path / ".index-corridor-half").touch()
    published(tmp_path, "b", indicators(("one", "z")))
    index = json.loads((tmp_path / "index.json").read_bytes())  # as if killed before the index named b
    (tmp_path / "index.json").write_text(json.dumps(index | {"latest": "a", "releases": index["releases"][:1]}))
    published(tmp_path, "b", indicators(("one", "y")))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "index.json"]
    assert releases.damages(LocalPlace(tmp_path / "b"), releases.find(LocalPlace(tmp_path), "b")) == []


def test_what_somebody_else_put_next_to_or_into_releases_is_never_removed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "thesis.txt").write_text("mine")
    root = tmp_path / "releases"
    published(root, "2026-11-24.1", indicators(("one", "x")))
    published(root, "2026-11-24.2", indicators(("one", "y")))
    (root / "my results").mkdir()
    (root / "my results" / "a.csv").write_text("mine")
    (root / "latest").symlink_to(root / "2026-11-24.2")
    (root / "2026-11-24.3").mkdir()
    (root / "2026-11-24.3" / "release.json").write_text("{}")
    (root / "linked").symlink_to(elsewhere)
    (root / "2026-11-24.1" / "notes.txt").write_text("mine")
    place = LocalPlace(root)
    assert releases.next_name(place, date(2026, 11, 24)) == "2026-11-24.4"
    releases.remove_from_index(place, ["2026-11-24.1"], "2026-11-25")
    assert releases.clean(place) == ["2026-11-24.1"]
    published(root, "2026-11-24.4", indicators(("one", "z")))
    assert [path.name for path in (root / "2026-11-24.1").iterdir()] == ["notes.txt"]
    assert (root / "my results" / "a.csv").read_text() == "mine"
    assert (root / "2026-11-24.3").is_dir()
    assert (root / "latest").is_symlink()
    assert (elsewhere / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize("damage", ["missing", "torn"])
def test_a_lost_index_is_made_again_from_the_releases(tmp_path: Path, damage: str) -> None:
    place = LocalPlace(tmp_path)
    for name in ("a", "b"):
        published(tmp_path, name, indicators(("one", name)))
    releases.keep(place, "a", "cited")
    published(tmp_path, "c", indicators(("one", "c")))
    releases.remove_from_index(place, ["b"], "2026-11-25")
    releases.clean(place)
    published(tmp_path, "d", indicators(("one", "d")))
    before = releases.index(place)
    index = tmp_path / "index.json"
    if damage == "missing":
        index.unlink()
    else:
        index.write_bytes(index.read_bytes()[:100])
    for attempt in (lambda: releases.index(place), lambda: published(tmp_path, "e", indicators(("one", "e")))):
        with pytest.raises(ReleaseError, match="`corridor repair` makes it again"):
            attempt()
    assert releases.repair_index(place, "20261125T000000") == ["a", "c", "d"]
    assert releases.index(place) == before
    with pytest.raises(ReleaseError, match="b was pruned at 2026-11-25"):
        releases.find(place, "b")
    assert (tmp_path / "index-damaged-20261125T000000.json").exists() == (damage == "torn")
    assert releases.repair_index(place, "20261125T000001") is None


def test_a_release_without_one_of_its_tables_is_not_complete(tmp_path: Path) -> None:
    place = LocalPlace(tmp_path)
    published(tmp_path, "a", indicators(("one", "x")))
    last = published(tmp_path, "b", indicators(("one", "y")))
    assert releases.is_complete(place, last)
    shutil.rmtree(tmp_path / "b")
    assert not releases.is_complete(place, last)
    complete = releases.latest_complete(place)
    assert complete is not None
    assert complete.name == "a"


def test_a_release_whose_writing_fails_leaves_nothing(tmp_path: Path) -> None:
    published(tmp_path, "a", indicators(("one", "x")))

    def fail(folder: Path) -> Release:
        (folder / "half").touch()
        raise ReleaseError("the disk is full")

    with pytest.raises(ReleaseError, match="the disk is full"):
        releases.publish(LocalPlace(tmp_path), "b", fail)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "index.json"]
    assert releases.find(LocalPlace(tmp_path)).name == "a"


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({}, False),  # new fields only
        ({"gone": "string"}, True),
        ({"unit": "int64"}, True),
    ],
)
def test_a_removed_or_retyped_field_requires_a_new_major_version(
    tmp_path: Path, fields: dict[str, str], refused: bool
) -> None:
    last = published(tmp_path, "a", indicators(("one", "x")))
    now = {column.name: str(column.type) for column in INDICATOR.columns if column.name not in fields}
    facts = replace(last.tables["indicator"], fields=now | fields)
    before = replace(last, tables={"indicator": facts})
    if refused:
        with pytest.raises(AssetError, match="needs a new major version"):
            releasing.refuse_silent_breaks(before)
    else:
        releasing.refuse_silent_breaks(before)
    elder = replace(before, tables={"indicator": replace(facts, schema_version="0.9.0")})
    releasing.refuse_silent_breaks(elder)


def test_without_any_readable_payload_there_is_no_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "release_tables", lambda: ["asylum", "indicator"])
    with pytest.raises(AssetError, match="nothing to release"):
        publish_unchecked(Workspace(tmp_path))


def test_rows_whose_licence_forbids_redistribution_are_read_and_counted_but_not_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = {name: catalogue.publishers()[name] for name in ("globalcit", "threep")}
    monkeypatch.setattr(catalogue, "publishers", lambda: entries)
    workspace = Workspace(tmp_path / "data")
    receive(workspace, entries["globalcit"], "citizenship_law")
    own = tmp_path / "own.csv"
    own.write_text(
        "countryname,year,cow,tier,p,prosecution,prevention,protection,country_name,iso\n"
        "China,2009,710,2,8,3,3,2,China,CHN\n"
        "Italy,2009,325,1,NA,4,4,5,Italy,ITA\n"
    )
    done = CliRunner().invoke(app, ["import", "threep/index", str(own), "--data", str(workspace.data)])
    assert done.exit_code == 0, done.output
    held = stages.table(workspace, "policy_coding").frame.filter(pl.col("coding_scheme") == "3P").collect()
    assert held.drop_nulls("coded_value").height == 7
    entry = publish_unchecked(workspace).entry
    folder = workspace.data / "releases" / entry.name
    released = pl.read_parquet(folder / "tables" / "policy_coding.parquet")
    assert set(released["coding_scheme"]) == {"GLOBALCIT"}
    assert entry.left_out == {"threep/index": held.height}
    changes = (folder / "CHANGELOG.md").read_text(encoding="utf-8")
    because = "Rows left out because their licence is not known to allow redistribution:"
    assert changes.partition(because)[2].split() == ["-", "threep/index:", str(held.height)]
    assert "3P" not in (folder / "LICENSES.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", releasing.QUOTING)
def test_tables_about_payloads_do_not_quote_rows_whose_licence_forbids_redistribution(name: str) -> None:
    blank = dict.fromkeys(contract(name).field_names)
    given = ("frontex/detections", "undesa/ims_destination", "frontex/detections")
    rows = pl.LazyFrame([blank | {"dataset": dataset} for dataset in given], schema=contract(name).polars_schema)
    kept, left_out = releasing.redistributable_rows(name, rows)
    assert kept.collect()["dataset"].to_list() == ["undesa/ims_destination"]
    assert left_out == {"frontex/detections": 2}


@pytest.mark.parametrize("named", [True, False])
def test_examples_of_failed_rules_do_not_quote_rows_whose_licence_forbids_redistribution(named: bool) -> None:
    frame = pl.LazyFrame({"dataset": ["unodc/glotip", "undesa/ims_destination"], "value": [4_343_001.0, 7.0]})
    rows = frame.collect() if named else frame.select("value").collect()
    outcome = Outcome(
        "values_are_plausible", "trafficking", "warning", success=False, reason="", checked=2, failing=2, rows=rows
    )
    (shown,) = releasing.without_withheld([outcome], frame)
    assert shown.rows["value"].to_list() == ([7.0] if named else [])
    (all_allowed,) = releasing.without_withheld([outcome], frame.tail(1))
    assert 7.0 in all_allowed.rows["value"].to_list()


def test_coverage_names_a_figure_that_only_a_withheld_dataset_has() -> None:
    figures = pl.LazyFrame(
        {
            "jurisdiction": ["DEU", "DEU", "FRA"],
            "indicator": ["population"] * 3,
            "period": [date(2020, 1, 1)] * 3,
            "value": [1.0, 2.0, 3.0],
            "missing_reason": [None] * 3,
            "withheld": [True, False, True],
        },
        schema_overrides={"missing_reason": pl.String},
    )
    found = coverage(figures, Receptions()).filter(indicator="population", year=2020)
    states = {row["jurisdiction"]: (row["coverage"], row["observations"]) for row in found.to_dicts()}
    assert states["DEU"] == ("value", 1)
    assert states["FRA"] == ("withheld", 0)


def test_a_table_is_empty_before_the_first_vintage_and_complete_today(built: Built) -> None:
    workspace = Workspace(built.data)
    assert stages.as_of(workspace, "remittance", datetime(1990, 1, 1, tzinfo=UTC)).is_empty()
    now = stages.as_of(workspace, "remittance", datetime.now(UTC))
    known = built.table("remittance").collect()
    assert now.select(contract("remittance").key).equals(known.select(contract("remittance").key))


def test_a_table_as_of_a_day_between_two_editions_has_the_earlier_one(built: Built) -> None:
    """The revision of 2020 has 1,039,675 for China in 2020, that of 2024 has 1,415,116."""
    stock = pl.col("dataset") == "undesa/ims_destination", pl.col("jurisdiction") == "CHN", pl.col("sex") == "_T"
    values = {}
    for year in (2022, 2026):
        then = stages.as_of(Workspace(built.data), "migrant_stock", datetime(year, 6, 1, tzinfo=UTC))
        values[year] = then.filter(*stock, pl.col("period").dt.year() == 2020)["value"].to_list()
    assert values == {2022: [1_039_675.0], 2026: [1_415_116.0]}


def test_the_revision_of_a_figure_is_a_row_with_both_values(built: Built) -> None:
    revised = built.table("revision").filter(
        pl.col("dataset") == "undesa/ims_destination",
        pl.col("jurisdiction") == "CHN",
        pl.col("dimensions").str.contains("sex=_T"),
        pl.col("period").dt.year() == 2020,
    )
    (row,) = revised.collect().iter_rows(named=True)
    assert (row["old_value"], row["new_value"]) == (1_039_675.0, 1_415_116.0)
    assert row["difference"] == row["new_value"] - row["old_value"]


def test_the_command_line_writes_tables_as_of_a_day_and_compares_releases(built: Built, tmp_path: Path) -> None:
    data = ["--data", str(built.data)]
    target = tmp_path / "then.parquet"
    done = corridor("as-of", "2022-06-01", "migrant_stock", "-o", str(target), "--json", *data)
    assert json.loads(done.stdout)["rows"] == pl.read_parquet(target).height > 0
    assert "are identical" in corridor("diff", built.release.name, "latest", *data).stdout
    refused = corridor("as-of", "2022-06-01", "coverage", *data)
    assert refused.returncode == 1
    assert "has no vintages" in refused.stderr


def test_only_a_check_that_fails_can_be_accepted(built: Built) -> None:
    done = corridor("accept", "asylum", "key_unique", "--because", "no reason", "--data", str(built.data))
    assert done.returncode == 1
    assert "has no failing check key_unique" in done.stderr


def test_changed_rows_are_shown_before_new_rows(tmp_path: Path) -> None:
    many = [(f"new {number:02}", "x") for number in range(2 * difference.SHOWN)]
    before = published(tmp_path, "a", indicators(("old", "x"), ("zuletzt", "x")))
    after = published(tmp_path, "b", indicators(*many, ("zuletzt", "y")))
    (one,) = difference.differences(LocalPlace(tmp_path), before, after)
    assert [example["difference"] for example in one.examples[:3]] == ["changed", "removed", "added"]
    assert len(one.examples) == difference.SHOWN
