"""Vintages of an archive do not depend on the order of payloads, and equal those of a build on each day."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assets import stages
from assets.core.workspace import Workspace
from assets.ingest.imports import import_file
from assets.normalise import tables
from assets.tables import steps
from sources import catalogue
from sources.catalogue import publishers
from sources.errors import CatalogueError
from sources.protocols.requests import requests_for
from tests.support.publisher_double import displaced, stock
from warehouse.archive import Fetch
from warehouse.contracts import contract

UNHCR = "unhcr/population"
START = datetime(2024, 1, 1, tzinfo=UTC)

# Refugees from China by country of asylum and year.
Content = Mapping[tuple[str, int], int]


def response(content: Content) -> bytes:
    """Return the only page of a response of UNHCR's API."""
    items = [displaced("CHN", asylum, year, refugees) for (asylum, year), refugees in content.items()]
    return json.dumps({"page": 1, "short-url": "", "maxPages": 1, "total": [], "items": items}).encode()


def import_payload(workspace: Workspace, name: str, content: bytes, published: datetime) -> None:
    publisher, _, dataset = name.partition("/")
    workspace.data.mkdir(exist_ok=True)
    payload = workspace.data / "payload"
    payload.write_bytes(content)
    import_file(workspace, publishers()[publisher], dataset, payload, published)


def revisions(workspace: Workspace, name: str) -> pl.DataFrame:
    return tables.collected("revision", [stages.observations(workspace, name).revisions])


def day(number: int) -> datetime:
    return START + timedelta(days=number)


OLD = {("AUT", 2020): 10, ("AUT", 2021): 20, ("DEU", 2020): 30, ("DEU", 2021): 40}
NEW = {("AUT", 2020): 11, ("AUT", 2021): 20, ("DEU", 2021): 40, ("AUT", 2022): 50, ("DEU", 2022): 60}


@pytest.mark.parametrize(
    ("name", "editions", "changes"),
    [
        # Each row of refugees has a row of asylum seekers with the value 0, which changes with it.
        (UNHCR, [response(OLD), response(NEW)], {"value": 1, "disappeared": 2, "extended": 4}),
        ("undesa/ims_destination", [stock(500), stock(520)], {"value": 15}),
    ],
)
def test_two_editions_in_either_order_give_the_same_revisions(
    name: str, editions: list[bytes], changes: dict[str, int], tmp_path: Path
) -> None:
    found = []
    for order in ([0, 1], [1, 0]):
        workspace = Workspace(tmp_path / str(order[0]), "live")
        for at in order:
            import_payload(workspace, name, editions[at], day(365 * at))
            stages.observations(workspace, name)  # a build after each
        found.append(revisions(workspace, name))
    assert found[0].equals(found[1])
    assert dict(found[0].group_by("change").len().iter_rows()) == changes


@dataclass(frozen=True)
class Arrival:
    """A payload that arrives: its content, the day of arrival, and the day of publication if it is known."""

    content: Content
    on: int
    published: int | None

    @property
    def known(self) -> int:
        return self.on if self.published is None else self.published


def received(workspace: Workspace, arriving: Sequence[Arrival]) -> None:
    """Store the payloads in order of arrival: as imports if published on a known day, else as responses of UNHCR."""
    request = requests_for(publishers()["unhcr"], "population")[0]
    workspace.data.mkdir(parents=True, exist_ok=True)
    for one in sorted(arriving, key=lambda one: one.on):
        path = workspace.data / "payload"
        path.write_bytes(response(one.content))
        payload = workspace.archive.store(path)
        by_hand = one.published is not None
        workspace.archive.append(
            Fetch(
                at=day(one.on),
                transport="import" if by_hand else "live",
                publisher="unhcr",
                dataset="population",
                slice=f"import {payload[:12]}" if by_hand else request.slice,
                url=request.full_url,
                params={},
                status=200,
                headers={},
                seconds=0.0,
                bytes=path.stat().st_size,
                payload=payload,
                published=day(one.published).isoformat() if one.published is not None else None,
            )
        )


def known(workspace: Workspace, at: int) -> list[tuple[object, ...]]:
    frame = stages.as_of(workspace, "displacement", day(at))
    return frame.select(*contract("displacement").key, "value", "known_from").rows()


KEYS = st.tuples(st.sampled_from(["AUT", "DEU"]), st.sampled_from([2020, 2021]))
CONTENT = st.dictionaries(KEYS, st.integers(5, 9), min_size=1)
# With weeks between them, because payloads of one day are one vintage; imports were published weeks before.
LATE = st.one_of(st.none(), st.integers(1, 9).map(lambda weeks: 7 * weeks))


@st.composite
def arrivals(draw: st.DrawFn) -> list[Arrival]:
    several = draw(st.lists(st.tuples(CONTENT, LATE), min_size=2, max_size=5))
    days = [70 + 7 * number for number in range(len(several))]
    found = [
        Arrival(content, on, None if late is None else on - late)
        for (content, late), on in zip(several, days, strict=True)
    ]
    repeated = draw(st.booleans())
    return [*found, Arrival(found[0].content, days[-1] + 7, None)] if repeated else found


@pytest.fixture(autouse=True)
def only_displacement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a table with one dataset, so that no example reads the others."""
    step = replace(steps()["displacement"], datasets=(UNHCR,))
    monkeypatch.setattr(stages, "steps", lambda: {"displacement": step})


def test_a_renamed_dataset_keeps_its_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace(tmp_path, "live")
    received(workspace, [Arrival(OLD, 1, None), Arrival(NEW, 400, None)])
    before = revisions(workspace, UNHCR)
    entries = publishers()
    unhcr = entries["unhcr"]
    renamed = {"persons": unhcr.datasets["population"].model_copy(update={"formerly": [UNHCR]})}
    others = {name: entry for name, entry in unhcr.datasets.items() if name != "population"}
    changed = unhcr.model_copy(update={"datasets": renamed | others})
    monkeypatch.setattr(catalogue, "publishers", lambda: entries | {"unhcr": changed})
    after = revisions(workspace, "unhcr/persons")
    assert before.height > 0
    assert after.drop("dataset").equals(before.drop("dataset"))
    assert set(after["dataset"]) == {"unhcr/persons"}


def test_an_earlier_name_belongs_to_one_dataset(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = publishers()
    unhcr = entries["unhcr"]
    wrong = unhcr.datasets["population"].model_copy(update={"formerly": ["worldbank/SP.POP.TOTL"]})
    changed = unhcr.model_copy(update={"datasets": unhcr.datasets | {"population": wrong}})
    monkeypatch.setattr(catalogue, "publishers", lambda: entries | {"unhcr": changed})
    with pytest.raises(CatalogueError, match="is the earlier name of a dataset and also another"):
        catalogue.renamed_datasets()


@pytest.mark.slow
@given(arrivals())
@settings(max_examples=12)
def test_a_table_as_of_a_day_equals_that_of_an_archive_of_that_day(arriving: list[Arrival]) -> None:
    # A second import of one payload corrects the day of the first, also for the past.
    imports = {(repr(sorted(one.content.items())), one.published) for one in arriving if one.published is not None}
    assume(len({content for content, _ in imports}) == len(imports))
    with tempfile.TemporaryDirectory() as folder:
        whole = Workspace(Path(folder, "whole"), "live")
        received(whole, arriving)
        for at in sorted({one.known for one in arriving}):
            then = Workspace(Path(folder, str(at)), "live")
            received(then, [one for one in arriving if one.known <= at])
            assert known(whole, at) == known(then, at) == known(then, at + 999)


def test_a_publisher_may_return_to_an_earlier_figure(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "data", "live")
    contents = [{("AUT", 2020): 5}, {("AUT", 2020): 9}, {("AUT", 2020): 5}, {("AUT", 2020): 5}]
    received(workspace, [Arrival(one, on, None) for on, one in enumerate(contents, 70)])
    refugees = stages.observations(workspace, UNHCR).history.filter(pl.col("indicator") == "refugees").collect()
    assert refugees.sort("known_from").select("value", "known_from", "known_to").rows() == [
        (5.0, day(70), day(71)),
        (9.0, day(71), day(72)),
        (5.0, day(72), None),
    ]


def test_the_later_of_two_responses_of_one_day_is_used(tmp_path: Path) -> None:
    for number in range(4):  # independent of the order of the sha256
        workspace = Workspace(tmp_path / str(number), "live")
        received(
            workspace, [Arrival({("AUT", 2020): 5 + number}, 80, 70), Arrival({("AUT", 2020): 90 + number}, 71, None)]
        )
        refugees = stages.observations(workspace, UNHCR).frame.filter(pl.col("indicator") == "refugees").collect()
        assert refugees["value"].to_list() == [90.0 + number]
