"""A request that names a code which its dataset does not have is repeated without it, and no slice is lost."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from assets import stages
from assets.core.workspace import Workspace
from assets.ingest.failing import failing
from assets.ingest.fetch import Reception, receive
from sources import catalogue
from sources.catalogue.model import Publisher
from sources.protocols.requests import endpoint_of, requests_for
from sources.protocols.split import refused_codes, replacements
from tests.support.live_catalogue import use
from tests.support.publishers.server import replaced
from tests.support.publishers.world import Publishers, world

FAULT = (
    "<S:Fault><faultcode>150</faultcode><faultstring>INVALID_QUERY_DIMENSION_VALUE: Query is invalid as per its "
    "structure&apos;s definition. The following values for dimension are not allowed: {}.</faultstring></S:Fault>"
)


@pytest.fixture(scope="module")
def running() -> Iterator[Publishers]:
    with world() as started:
        yield started


@pytest.fixture
def publishers(running: Publishers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publishers]:
    use(running, monkeypatch)
    tables = dict(running.eurostat.tables)
    yield running
    running.eurostat.tables = tables


@pytest.fixture
def eurostat(publishers: Publishers) -> Publisher:
    return catalogue.publishers()["eurostat"]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "data", "live")


def without(publishers: Publishers, dataset: str, dim: str, code: str) -> None:
    """Take a code out of a dataset of the double."""
    cube = publishers.eurostat.tables[dataset]
    codes = [known for known in cube.dims[dim] if known != code]
    publishers.eurostat.tables[dataset] = replace(cube, dims={**cube.dims, dim: codes})


def rows(workspace: Workspace, dataset: str) -> pl.DataFrame:
    made = stages.observations(workspace, f"eurostat/{dataset}")
    assert made.failures == []
    return made.frame.collect()


def test_a_code_in_every_slice_costs_only_that_code(
    publishers: Publishers, eurostat: Publisher, workspace: Workspace
) -> None:
    without(publishers, "migr_asyappctza", "sex", "UNK")
    assert receive(workspace, eurostat, "migr_asyappctza").failures == ()
    found = rows(workspace, "migr_asyappctza")
    assert found["jurisdiction"].n_unique() == 28
    assert failing(workspace) == {}
    assert set(found["sex"]) == {"_T", "M", "F"}


def test_the_next_night_does_not_ask_for_the_refused_code_again(
    publishers: Publishers, eurostat: Publisher, workspace: Workspace
) -> None:
    without(publishers, "migr_resfirst", "geo", "EU27_2020")
    entry = eurostat.model_copy(update={"contents": None})
    assert receive(workspace, entry, "migr_resfirst").failures == ()
    assert rows(workspace, "migr_resfirst")["jurisdiction"].n_unique() == 27
    publishers.world.received.clear()
    assert receive(workspace, entry, "migr_resfirst").failures == ()
    addresses = publishers.world.requests_to("ec.europa.eu")
    assert addresses
    assert not any("EU27_2020" in address for address in addresses)


def test_a_dataset_that_has_none_of_the_codes_fails(
    publishers: Publishers, eurostat: Publisher, workspace: Workspace
) -> None:
    without(publishers, "demo_gind", "indic_de", "JAN")
    reception = receive(workspace, eurostat, "demo_gind")
    assert reception == Reception(failures=reception.failures)
    assert "not allowed: INDIC_DE=JAN" in reception.failures[0]
    assert list(failing(workspace)) == ["eurostat/demo_gind"]


def test_the_statistics_api_refuses_codes_as_json(
    publishers: Publishers, eurostat: Publisher, workspace: Workspace
) -> None:
    without(publishers, "tps00177", "geo", "EU27_2020")
    assert receive(workspace, eurostat, "tps00177").failures == ()
    assert rows(workspace, "tps00177")["jurisdiction"].n_unique() == 27


def test_codes_that_the_message_does_not_name_are_found_in_the_structure(
    publishers: Publishers, eurostat: Publisher, workspace: Workspace
) -> None:
    without(publishers, "migr_resfirst", "geo", "EU27_2020")
    unnamed = replaced((" The following values for dimension are not allowed: GEO=EU27_2020.", ""))
    publishers.world.fail("ec.europa.eu", unnamed, "/data/dataflow/ESTAT/migr_resfirst/")
    entry = eurostat.model_copy(update={"contents": None})
    publishers.world.received.clear()
    try:
        for _night in range(2):
            assert receive(workspace, entry, "migr_resfirst").failures == ()
            assert rows(workspace, "migr_resfirst")["jurisdiction"].n_unique() == 27
    finally:
        publishers.world.recover()
    structures = [one for one in publishers.world.requests_to("ec.europa.eu") if "contentconstraint" in one]
    assert len(structures) == 1


@pytest.mark.parametrize("as_json", [False, True], ids=["SOAP fault", "JSON error"])
def test_the_codes_are_read_from_the_message(tmp_path: Path, as_json: bool) -> None:
    text = FAULT.format("GEO=EU27, SEX=UNK, ISCED11=ED5-8")
    if as_json:
        text = json.dumps({"error": [{"status": 400, "id": 150, "label": text.split("<faultstring>")[1]}]})
    body = tmp_path / "body"
    body.write_text(text)
    assert refused_codes(body) == {"geo": ["EU27"], "sex": ["UNK"], "isced11": ["ED5-8"]}


def test_a_refusal_that_names_no_code_replaces_nothing(tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_text(FAULT.replace(" The following values for dimension are not allowed: {}.", ""))
    eurostat = catalogue.publishers()["eurostat"]
    request = requests_for(eurostat, "migr_resfirst")[0]
    assert replacements(endpoint_of(eurostat, "migr_resfirst"), request, 400, body) == []


def test_the_age_groups_of_chinese_citizens_make_their_total(
    publishers: Publishers, eurostat: Publisher, workspace: Workspace
) -> None:
    assert receive(workspace, eurostat, "migr_pop1ctz").failures == ()
    found = rows(workspace, "migr_pop1ctz").filter(pl.col("partner") == "CHN", pl.col("sex") == "_T")
    sums = found.group_by("jurisdiction", "period", pl.col("age") == "_T").agg(pl.col("value").sum(), pl.len())
    groups, totals = sums.filter(~pl.col("age")), sums.filter("age")
    assert set(groups["len"]) == {19}
    both = groups.join(totals, on=["jurisdiction", "period"])
    assert both.height == totals.height == 28 * 4
    assert both["value"].to_list() == both["value_right"].to_list()
