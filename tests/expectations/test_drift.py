"""A change beyond a limit holds the release back until a person accepts it, and the changelog names the reason."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from assets import stages
from assets.core.workspace import Workspace
from expectations import Outcome, validate
from expectations.drift import FEWEST_FIGURES
from pipelines import build
from pipelines.build import Outcome as Ended
from tests.support.frames import FACTS, rows
from tests.support.publisher_double import Double, displaced
from tests.support.small_workspace import BUILD_TIME, small_workspace
from warehouse import releases
from warehouse.contracts import contract

POPULATION = contract("population")
YEARS = range(1990, 1990 + FEWEST_FIGURES)
BEFORE = rows("population", *({"period": date(year, 1, 1), "value": 1000.0} for year in YEARS))


def found(now: pl.DataFrame, before: pl.DataFrame = BEFORE) -> dict[str, Outcome]:
    outcomes = validate(POPULATION, now, replace(FACTS, previous=before.lazy()))
    return {outcome.name: outcome for outcome in outcomes if not outcome.success}


def moved(by: float) -> pl.DataFrame:
    return BEFORE.with_columns(pl.col("value") * by)


def test_equal_figures_and_the_greatest_known_revision_pass() -> None:
    assert found(BEFORE) == found(moved(1.36)) == found(moved(0.64)) == {}


@pytest.mark.parametrize("by", [1000.0, 1.51, 0.49, 0.0])
def test_an_indicator_whose_sum_changes_by_more_than_half_fails(by: float) -> None:
    ((name, outcome),) = found(moved(by)).items()
    assert (name, outcome.severity, outcome.failing) == ("sums_do_not_jump", "error", 1)
    row = outcome.rows.row(0, named=True)
    assert (row["before"], row["after"], row["figures"]) == (20_000.0, 20_000.0 * by, FEWEST_FIGURES)


def test_only_figures_of_both_releases_are_summed() -> None:
    more = rows("population", *({"period": date(year, 1, 1), "value": 9e9} for year in range(2010, 2020)))
    assert found(pl.concat([BEFORE, more])) == {}


def test_few_figures_may_all_be_revised_at_once() -> None:
    few = BEFORE.head(FEWEST_FIGURES - 1)
    assert found(few.with_columns(value=pl.lit(9e9)), few) == {}


def test_more_than_two_percent_of_years_without_their_figure_fail() -> None:
    missing = pl.col("period").dt.year() == YEARS[0]
    gone = BEFORE.with_columns(
        value=pl.when(~missing).then("value"),
        missing_reason=pl.when(missing).then(pl.lit("not_published")),
    )
    ((name, outcome),) = found(gone).items()
    assert (name, outcome.severity) == ("coverage_is_kept", "error")
    assert outcome.rows.select("indicator", "jurisdiction", "year").rows() == [("population", "AUT", YEARS[0])]


def test_one_year_of_fifty_may_be_withdrawn() -> None:
    fifty = rows("population", *({"period": date(year, 1, 1)} for year in range(1960, 2010)))
    assert found(fifty.tail(49), fifty) == {}
    assert set(found(fifty.tail(48), fifty)) == {"coverage_is_kept"}


def test_a_table_that_lost_more_than_five_percent_of_its_rows_fails() -> None:
    twice = rows("population", *({"period": date(year, 1, 1), "sex": sex} for sex in ("_T", "F") for year in YEARS))
    assert found(twice.head(38), twice) == {}
    ((name, outcome),) = found(twice.head(37), twice).items()
    assert (name, outcome.rows.row(0)) == ("rows_do_not_shrink", (37, 40))


def test_a_first_release_is_compared_with_nothing() -> None:
    outcomes = validate(POPULATION, BEFORE, FACTS)
    assert all(outcome.success for outcome in outcomes)


@pytest.fixture(scope="module")
def publishers() -> Iterator[Double]:
    with small_workspace() as running:
        yield running


def stock(publishers: Double, factor: int) -> None:
    publishers.unhcr["population"] = [
        displaced("CHN", asylum, year, 100 * factor) for asylum in ("AUT", "DEU") for year in range(2010, 2022)
    ]


def built(workspace: Workspace) -> Ended:
    return build.run(workspace, None, lambda *_: None)


@pytest.mark.slow
def test_an_implausible_edition_is_not_used_until_a_person_accepts_it_and_its_table_with_reasons(
    publishers: Double, tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path / "data", "live", build_time=BUILD_TIME)
    stock(publishers, 1)
    first = built(workspace).release
    stock(publishers, 1000)
    kept = built(workspace)
    assert (kept.held_back, kept.release) == (None, first), "one dataset does not hold back the others"
    (failure,) = kept.failures
    assert "24 figures of refugees in persons add up to 2.4e+06, and to 2,400 before" in failure
    stages.accept(workspace, "unhcr/population", "moved_sums", "UNHCR now counts in another way")
    refused = built(workspace)
    assert refused.release is None
    assert str(refused.held_back) == (
        "The release is held back: displacement: the rule sums_do_not_jump fails on 1 row. First row: "
        "indicator refugees, dataset unhcr/population, figures 24, before 2400.0, after 2400000.0"
    )
    assert releases.find(workspace.releases).name == first
    stages.accept(workspace, "displacement", "sums_do_not_jump", "UNHCR now counts in another way")
    passed = built(workspace)
    assert passed.new
    changelog = workspace.data / "releases" / str(passed.release) / "CHANGELOG.md"
    assert "displacement.sums_do_not_jump" in changelog.read_text()
    assert "UNHCR now counts in another way" in changelog.read_text()
