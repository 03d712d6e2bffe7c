"""A dataset whose publisher changed its codes: the last good payload stays in use, and a person decides."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from assets import stages
from assets.core.errors import AssetError
from assets.core.workspace import Workspace
from assets.ingest.fetch import receive
from assets.ingest.reading import current_responses, read_responses
from assets.ingest.recoding import recoded
from assets.ingest.stored import StageResult
from assets.publish.acceptances import Acceptance, record_acceptance
from sources import catalogue
from tests.support.live_catalogue import filled_double_in_use
from tests.support.publisher_double import Double, permit

PERMITS, POPULATION = "eurostat/migr_resfirst", "eurostat/demo_pjan"


@pytest.fixture
def publishers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    with filled_double_in_use(monkeypatch) as running:
        yield running


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "data", "live")


def night(workspace: Workspace) -> StageResult:
    assert receive(workspace, catalogue.datasets()[PERMITS][0], "migr_resfirst").failures == ()
    return stages.observations(workspace, PERMITS)


def recode(publishers: Double) -> None:
    """Rename the code of China, and change a figure of the other partners."""
    rows = publishers.eurostat["migr_resfirst"]
    changed = [row | ({"citizen": "CN_X"} if row["citizen"] == "CN" else {"OBS_VALUE": 5}) for row in rows]
    publishers.eurostat["migr_resfirst"] = changed


def test_a_recoded_dataset_keeps_its_last_good_figures_and_its_history(
    publishers: Double, workspace: Workspace
) -> None:
    before = night(workspace).frame.collect()
    recode(publishers)
    result = night(workspace)
    assert result.frame.collect().equals(before)
    assert result.revisions.collect().is_empty()
    assert len(result.failures) == 2
    assert "50.0% of its cells have codes that no crosswalk has (citizen 'CN_X')" in result.failures[0]
    shown = stages.table(workspace, "unmatched_code").frame.collect()
    assert shown["source_code"].to_list() == ["CN_X", "CN_X"]
    publishers.reset()
    assert night(workspace).frame.collect().select("value").equals(before.select("value"))
    assert night(workspace).failures == []


def test_a_dataset_that_is_recoded_in_the_first_night_is_left_out_with_its_reason(
    publishers: Double, workspace: Workspace
) -> None:
    recode(publishers)
    result = night(workspace)
    assert result.frame.collect().is_empty()
    assert result.payloads == {}
    assert receive(workspace, catalogue.datasets()[POPULATION][0], "demo_pjan").failures == ()
    coverage = stages.table(workspace, "coverage").frame.filter(jurisdiction="AUT").collect()
    reasons = dict(coverage.filter(year=2022).select("indicator", "coverage").iter_rows())
    assert (reasons["first_permits"], reasons["population"]) == ("fetch_failed", "value")
    assert reasons["refugees"] == "not_fetched"


def test_accepted_payloads_are_used_without_the_cells_with_unknown_codes(
    publishers: Double, workspace: Workspace
) -> None:
    with pytest.raises(AssetError, match="no payload of eurostat/migr_resfirst waits for acceptance"):
        stages.accept(workspace, PERMITS, "unknown_codes", "none")
    night(workspace)
    recode(publishers)
    night(workspace)
    with pytest.raises(
        AssetError, match=r"name one of these payloads with --payload: \w{12} \[geo=AT\], \w{12} \[geo=DE\]"
    ):
        stages.accept(workspace, PERMITS, "unknown_codes", "China has its own table now")
    for given in read_responses(workspace, PERMITS).values():
        sha256 = str(given[-1].pages[0].payload)
        stages.accept(workspace, PERMITS, "unknown_codes", "China has its own table now", sha256[:12])
    result = stages.observations(workspace, PERMITS)
    assert result.failures == []
    assert set(result.frame.collect()["partner"]) == {"USA"}
    assert set(result.frame.collect()["value"]) == {5.0}


def test_single_unknown_codes_do_not_refuse_a_payload(publishers: Double, workspace: Workspace) -> None:
    publishers.eurostat["migr_resfirst"].append(permit("QQ9", "AT", 2022, 3))
    assert night(workspace).failures == []


def test_one_small_response_of_a_large_dataset_may_have_unknown_codes(publishers: Double, workspace: Workspace) -> None:
    """The share in the dataset decides as well: one response among many may have a code of its own."""
    many = [permit("QQ9", "AT", year, 3) for year in range(2000, 2020)]
    publishers.eurostat["migr_resfirst"] += many
    night(workspace)
    found = read_responses(workspace, PERMITS)
    assert len(recoded(found, [])) == 1
    (other,) = found["geo=DE"]
    facts = other.folder / "facts.json"
    facts.write_text(facts.read_text().replace('"cells":6', '"cells":6000'))
    assert recoded({"geo=AT": found["geo=AT"], "geo=DE": [replace(other)]}, []) == {}


def test_a_response_that_lost_rows_is_not_used_until_a_person_accepts_it(
    publishers: Double, workspace: Workspace
) -> None:
    """A list that was cut in the middle can be a valid list."""
    publishers.eurostat["migr_resfirst"] += [permit("US", "AT", year, 3) for year in range(1990, 2020)]
    before = night(workspace).frame.collect()
    publishers.eurostat["migr_resfirst"] = publishers.eurostat["migr_resfirst"][:-12]
    result = night(workspace)
    assert result.frame.collect().equals(before)
    (reason,) = result.failures
    assert f"rows where {before.filter(jurisdiction='AUT').height} were before" in reason
    assert "`corridor accept eurostat/migr_resfirst lost_rows" in reason
    stages.accept(workspace, PERMITS, "lost_rows", "the early years were withdrawn")
    accepted = stages.observations(workspace, PERMITS)
    assert accepted.failures == []
    assert accepted.frame.collect().height == before.height - 12


@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        pytest.param(lambda value: value * 1000, "moved_sums", id="persons in place of thousands"),
        pytest.param(lambda value: -value, "broken_rules", id="negative persons"),
    ],
)
def test_a_response_with_other_figures_is_not_used_until_a_person_accepts_it(
    publishers: Double, workspace: Workspace, wrong: Callable[[int], int], check: str
) -> None:
    """Such a response would hold back the release with all other datasets."""
    publishers.eurostat["migr_resfirst"] += [permit("US", "AT", year, year) for year in range(1990, 2020)]
    before = night(workspace).frame.filter(jurisdiction="AUT").collect()
    publishers.eurostat["migr_resfirst"] = [
        record | {"OBS_VALUE": wrong(int(record["OBS_VALUE"]))} for record in publishers.eurostat["migr_resfirst"]
    ]
    result = night(workspace)
    assert result.frame.filter(jurisdiction="AUT").collect().equals(before)
    assert f"`corridor accept eurostat/migr_resfirst {check} --payload" in result.failures[0]
    payload = str(read_responses(workspace, PERMITS)["geo=AT"][-1].pages[0].payload)
    stages.accept(workspace, PERMITS, check, "they count otherwise now", payload[:12])
    accepted = stages.observations(workspace, PERMITS).frame.filter(jurisdiction="AUT").collect()
    assert accepted["value"].to_list() == [wrong(int(value)) for value in before["value"]]


def test_new_figures_may_be_of_any_size(publishers: Double, workspace: Workspace) -> None:
    """In 2022 some states gave protection to more people than in all years before."""
    publishers.eurostat["migr_resfirst"] += [permit("US", "AT", year, 5) for year in range(1990, 2020)]
    night(workspace)
    publishers.eurostat["migr_resfirst"].append(permit("US", "AT", 1989, 1_000_000))
    result = night(workspace)
    assert result.failures == []
    assert result.frame.filter(pl.col("value") == 1_000_000).collect().height == 1


def test_an_accepted_payload_is_accepted_for_one_check_only(publishers: Double, workspace: Workspace) -> None:
    publishers.eurostat["migr_resfirst"] += [permit("US", "AT", year, 3) for year in range(1990, 2020)]
    before = night(workspace).frame.collect()
    publishers.eurostat["migr_resfirst"] = publishers.eurostat["migr_resfirst"][:-12]
    night(workspace)
    newest = str(read_responses(workspace, PERMITS)["geo=AT"][-1].pages[0].payload)
    record_acceptance(workspace, Acceptance(PERMITS, "unknown_codes", newest, "new codes", "2026-01-01"))
    result = stages.observations(workspace, PERMITS)
    assert ["lost_rows" in reason for reason in result.failures] == [True]
    assert result.frame.collect().equals(before)


def test_a_response_may_lose_single_rows(publishers: Double, workspace: Workspace) -> None:
    publishers.eurostat["migr_resfirst"] += [permit("US", "AT", year, 3) for year in range(1990, 2020)]
    night(workspace)
    publishers.eurostat["migr_resfirst"] = publishers.eurostat["migr_resfirst"][:-9]
    assert night(workspace).failures == []


def test_an_older_unreadable_response_is_not_named_if_a_newer_empty_one_is_used(
    publishers: Double, workspace: Workspace
) -> None:
    """The publisher has no figures for a request, once answered with rubbish, and answers as before again."""
    publishers.eurostat["migr_resfirst"] = [row for row in publishers.eurostat["migr_resfirst"] if row["geo"] != "DE"]
    night(workspace)
    found = read_responses(workspace, PERMITS)
    key = next(key for key, given in found.items() if not given[-1].facts["rows"])
    (empty,) = found[key]
    broken = replace(empty, folder=workspace.data / "broken")
    broken.folder.mkdir()
    (broken.folder / "facts.json").write_text('{"page": 0, "error": "no table", "rows": 0, "cells": 0, "lost": 0}')
    current, rejections = current_responses(PERMITS, {**found, key: [empty, broken, empty]}, {})
    assert (current[key], rejections) == (empty, [])
