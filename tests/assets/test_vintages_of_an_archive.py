"""What the archive knew and when: in whatever order payloads come, and as if each day had been built on that day."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assets import stages
from assets.core.workspace import Workspace
from assets.ingest.imports import import_file
from assets.normalise import tables
from assets.tables import steps
from sources.catalogue import publishers
from sources.protocols.requests import requests_for
from tests.support.publisher_double import displaced, stock
from warehouse.archive import Fetch
from warehouse.contracts import contract

UNHCR = "unhcr/population"
START = datetime(2024, 1, 1, tzinfo=UTC)

# (country of asylum, year) → refugees from China there.
Said = Mapping[tuple[str, int], int]


def answer(said: Said) -> bytes:
    """A page of UNHCR's API, the only one."""
    items = [displaced("CHN", asylum, year, refugees) for (asylum, year), refugees in said.items()]
    return json.dumps({"page": 1, "short-url": "", "maxPages": 1, "total": [], "items": items}).encode()


def given_to(workspace: Workspace, name: str, content: bytes, published: datetime) -> None:
    publisher, _, dataset = name.partition("/")
    workspace.data.mkdir(exist_ok=True)
    payload = workspace.data / "payload"
    payload.write_bytes(content)
    import_file(workspace, publishers()[publisher], dataset, payload, published)


def revisions(workspace: Workspace, name: str) -> pl.DataFrame:
    return tables.revision([stages.observations(workspace, name).revisions])


def day(number: int) -> datetime:
    return START + timedelta(days=number)


OLD = {("AUT", 2020): 10, ("AUT", 2021): 20, ("DEU", 2020): 30, ("DEU", 2021): 40}
NEW = {("AUT", 2020): 11, ("AUT", 2021): 20, ("DEU", 2021): 40, ("AUT", 2022): 50, ("DEU", 2022): 60}


@pytest.mark.parametrize(
    ("name", "editions", "changes"),
    [
        # Of each place the asylum-seekers stand beside the refugees, always 0: they come and go with them.
        (UNHCR, [answer(OLD), answer(NEW)], {"value": 1, "disappeared": 2, "extended": 4}),
        ("undesa/ims_destination", [stock(500), stock(520)], {"value": 15}),
    ],
)
def test_two_editions_in_either_order_make_the_same_revisions(
    name: str, editions: list[bytes], changes: dict[str, int], tmp_path: Path
) -> None:
    found = []
    for order in ([0, 1], [1, 0]):
        workspace = Workspace(tmp_path / str(order[0]), "live")
        for at in order:
            given_to(workspace, name, editions[at], day(365 * at))
            stages.observations(workspace, name)  # a build after each
        found.append(revisions(workspace, name))
    assert found[0].equals(found[1])
    assert dict(found[0].group_by("change").len().iter_rows()) == changes


@dataclass(frozen=True)
class Coming:
    """A payload that comes: what it says, on which day, and on which day it was published, if that is known."""

    said: Said
    on: int
    published: int | None

    @property
    def known(self) -> int:
        return self.on if self.published is None else self.published


def received(workspace: Workspace, coming: Sequence[Coming]) -> None:
    """The payloads in the order in which they come: by hand with the day of publication, else as UNHCR's answer."""
    request = requests_for(publishers()["unhcr"], "population")[0]
    workspace.data.mkdir(parents=True, exist_ok=True)
    for one in sorted(coming, key=lambda one: one.on):
        path = workspace.data / "payload"
        path.write_bytes(answer(one.said))
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
SAID = st.dictionaries(KEYS, st.integers(5, 9), min_size=1)
# Weeks apart, since what is said within a day is one vintage; what a person imports was published weeks before.
LATE = st.one_of(st.none(), st.integers(1, 9).map(lambda weeks: 7 * weeks))


@st.composite
def comings(draw: st.DrawFn) -> list[Coming]:
    several = draw(st.lists(st.tuples(SAID, LATE), min_size=2, max_size=5))
    days = [70 + 7 * number for number in range(len(several))]
    found = [
        Coming(said, on, None if late is None else on - late) for (said, late), on in zip(several, days, strict=True)
    ]
    repeated = draw(st.booleans())
    return [*found, Coming(found[0].said, days[-1] + 7, None)] if repeated else found


@pytest.fixture(autouse=True)
def only_displacement(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of one dataset, so that the others need not be looked through for each example."""
    step = replace(steps()["displacement"], datasets=(UNHCR,))
    monkeypatch.setattr(stages, "steps", lambda: {"displacement": step})


TWICE = {("DEU", 2021): 5}


@given(comings())
@example([Coming(TWICE, 70, 63), Coming({("DEU", 2021): 6}, 77, None), Coming(TWICE, 84, 42)])
@settings(max_examples=12)
def test_what_was_known_on_a_day_is_what_an_archive_of_that_day_says(coming: list[Coming]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole = Workspace(Path(folder, "whole"), "live")
        received(whole, coming)
        for at in sorted({one.known for one in coming}):
            then = Workspace(Path(folder, str(at)), "live")
            received(then, [one for one in coming if one.known <= at])
            assert known(whole, at) == known(then, at) == known(then, at + 999)


def test_a_publisher_that_takes_a_figure_back_is_believed(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "data", "live")
    said = [{("AUT", 2020): 5}, {("AUT", 2020): 9}, {("AUT", 2020): 5}, {("AUT", 2020): 5}]
    received(workspace, [Coming(one, on, None) for on, one in enumerate(said, 70)])
    refugees = stages.observations(workspace, UNHCR).history.filter(pl.col("indicator") == "refugees").collect()
    assert refugees.sort("known_from").select("value", "known_from", "known_to").rows() == [
        (5.0, day(70), day(71)),
        (9.0, day(71), day(72)),
        (5.0, day(72), None),
    ]


def test_of_two_answers_within_a_day_the_later_one_stands(tmp_path: Path) -> None:
    for number in range(4):  # whichever has the lesser sha256
        workspace = Workspace(tmp_path / str(number), "live")
        received(
            workspace, [Coming({("AUT", 2020): 5 + number}, 80, 70), Coming({("AUT", 2020): 90 + number}, 71, None)]
        )
        refugees = stages.observations(workspace, UNHCR).frame.filter(pl.col("indicator") == "refugees").collect()
        assert refugees["value"].to_list() == [90.0 + number]
