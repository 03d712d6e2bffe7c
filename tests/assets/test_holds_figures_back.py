"""Figures of prose that are not plausible are held back until a person accepts them."""

import re
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from assets import stages
from assets.core.errors import AssetError
from assets.core.workspace import Workspace
from assets.ingest.imports import import_file
from assets.publish.held import newly_held
from sources.catalogue import publishers
from sources.errors import CatalogueError
from sources.prose.plausibility import load, plausible
from sources.prose.statements import statements
from warehouse import releases
from warehouse.contracts import contract
from warehouse.exports import parquet
from warehouse.releases import Release

Held = list[tuple[str, float, str]]
SERIES = ("2017年农民工总量29000万人。", "2018年农民工总量29100万人。", "2019年农民工总量29200万人。")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "data", "live")


def publish(workspace: Workspace, text: str, day: str, dataset: str = "nbs/migrant_workers") -> None:
    """Import a text as a document of a publisher of prose, published on a day."""
    workspace.data.mkdir(exist_ok=True)
    path = workspace.data / "page.txt"
    path.write_text(text, encoding="utf-8")
    publisher, name = dataset.split("/")
    import_file(workspace, publishers()[publisher], name, path, datetime.fromisoformat(day).replace(tzinfo=UTC))


def held(workspace: Workspace, dataset: str = "nbs/migrant_workers") -> Held:
    rows = stages.observations(workspace, dataset).held.sort("period", "indicator").collect()
    return list(rows.select("indicator", "held_value", "why").iter_rows())


def published(workspace: Workspace, dataset: str = "nbs/migrant_workers") -> dict[tuple[str, int], float]:
    rows = stages.observations(workspace, dataset).frame.collect()
    return {(row["indicator"], row["period"].year): row["value"] for row in rows.to_dicts()}


def with_series(workspace: Workspace) -> None:
    for year, text in enumerate(SERIES, 2018):
        publish(workspace, text, f"{year}-04-30")


def test_every_indicator_that_enters_a_table_has_a_plausible_range() -> None:
    entering = {
        declared.indicator
        for known in statements().values()
        for declared in known.statements.values()
        if declared.table and declared.unit != "percent_change"
    }
    assert entering == set(plausible())


def test_a_factor_needs_a_reason() -> None:
    with pytest.raises(CatalogueError, match="needs a reason"):
        load("indicators: {x: {least: 1, most: 2, factor: 9}}")


def test_a_figure_outside_the_range_of_its_indicator_is_held_back(workspace: Workspace) -> None:
    publish(workspace, "2020年农民工总量29.2万人。", "2021-04-30")
    assert held(workspace) == [("migrant_workers", 292_000, "292000 persons is not between 1000000 and 600000000")]
    assert published(workspace) == {}


def test_a_figure_far_from_its_series_is_held_back(workspace: Workspace) -> None:
    with_series(workspace)
    publish(workspace, "2020年农民工总量2920万人。", "2021-04-30")
    ((indicator, value, why),) = held(workspace)
    assert (indicator, value) == ("migrant_workers", 29_200_000)
    assert why == "29200000 persons is more than 3 times away from its series, 290000000 to 292000000"
    assert {year for _, year in published(workspace)} == {2017, 2018, 2019}


def test_a_figure_that_is_further_than_five_years_from_its_series_is_not_compared(workspace: Workspace) -> None:
    with_series(workspace)
    publish(workspace, "2025年农民工总量9000万人。", "2026-04-30")
    assert held(workspace) == []


def test_the_parts_of_a_total_in_another_document_are_held_back_if_they_do_not_add_up(workspace: Workspace) -> None:
    publish(workspace, "2020年农民工总量29973万人。", "2021-02-28")
    publish(workspace, "2020年外出农民工17871万人,本地农民工15102万人。", "2021-04-30")
    why = "migrant_workers is 299730000, and migrant_workers_outgoing and migrant_workers_local are together 329730000"
    assert held(workspace) == [
        ("migrant_workers_local", 151_020_000, why), ("migrant_workers_outgoing", 178_710_000, why)
    ]  # fmt: skip
    assert published(workspace) == {("migrant_workers", 2020): 299_730_000}


def test_parts_that_add_up_within_the_rounding_of_the_total_are_published(workspace: Workspace) -> None:
    publish(workspace, "2020年农民工总量3.00亿人。", "2021-02-28")
    publish(workspace, "2020年外出农民工17871万人,本地农民工12102万人。", "2021-04-30")
    assert held(workspace) == []
    assert len(published(workspace)) == 3


def test_an_accepted_figure_is_published_with_a_trace(workspace: Workspace) -> None:
    with_series(workspace)
    publish(workspace, "2020年农民工总量2920万人。", "2021-04-30")
    (name,) = stages.table(workspace, "held_figure").frame.collect()["figure"]
    assert re.fullmatch(r"[0-9a-f]{12}:\d+", name)
    with pytest.raises(AssetError, match=f"held back are {name}"):
        stages.accept(workspace, "held_figure", "0123456789ab:1", "a typing error")
    stages.accept(workspace, "held_figure", name, "the survey changed")
    assert published(workspace)["migrant_workers", 2020] == 29_200_000
    (row,) = stages.table(workspace, "held_figure").frame.collect().to_dicts()
    assert (row["accepted_because"], row["sentence"]) == ("the survey changed", "2020年农民工总量2920万人。")
    assert row["accepted_at"] is not None


def test_a_count_that_is_not_whole_is_held_back_and_can_be_accepted(workspace: Workspace) -> None:
    publish(workspace, "2020年第一季度签发普通护照36.5本。", "2021-04-19", "nia/documents")
    ((_, value, why),) = held(workspace, "nia/documents")
    assert (value, why) == (36.5, "36.5 documents is not a whole number")
    (name,) = stages.table(workspace, "held_figure").frame.collect()["figure"]
    stages.accept(workspace, "held_figure", name, "a test")
    assert list(published(workspace, "nia/documents").values()) == [36.5]


def test_a_later_document_that_repeats_an_accepted_figure_is_published(workspace: Workspace) -> None:
    with_series(workspace)
    publish(workspace, "2020年农民工总量2920万人。", "2021-04-30")
    (name,) = stages.table(workspace, "held_figure").frame.collect()["figure"]
    stages.accept(workspace, "held_figure", name, "the survey changed")
    publish(workspace, "据介绍,2020年农民工总量2920万人。", "2021-06-30")
    assert len(held(workspace)) == 1


def test_figures_that_are_not_held_keep_the_vintages_as_they_are(workspace: Workspace) -> None:
    with_series(workspace)
    rows = stages.observations(workspace, "nbs/migrant_workers").frame.collect()
    assert rows["known_from"].n_unique() == 3
    assert rows.filter(pl.col("known_to").is_not_null()).is_empty()


def released(workspace: Workspace, name: str) -> None:
    """Publish a release with the present table ``held_figure`` only."""

    def write(folder: Path) -> Release:
        (folder / "tables").mkdir()
        path = folder / "tables" / "held_figure.parquet"
        parquet.write(stages.table(workspace, "held_figure").frame, contract("held_figure"), path)
        tables = {"held_figure": releases.facts(path, "held_figure")}
        return Release(name, datetime.now(UTC).isoformat(), "live", name, tables, {})

    releases.publish(workspace.releases, name, write)


def test_the_alert_names_a_figure_once(workspace: Workspace) -> None:
    assert newly_held(workspace) == []
    with_series(workspace)
    publish(workspace, "2020年农民工总量2920万人。", "2021-04-30")
    released(workspace, "2021-05-01.1")
    (line,) = newly_held(workspace)
    assert "(migrant_workers, 2020-01-01) is held back: 29200000 persons is more than 3 times away" in line
    publish(workspace, "2021年农民工总量2930万人。", "2022-04-30")
    released(workspace, "2022-05-01.1")
    (line,) = newly_held(workspace)
    assert "(migrant_workers, 2021-01-01)" in line
    released(workspace, "2022-05-02.1")
    assert newly_held(workspace) == []
