"""Which releases stay, and that pruning leaves everything whole whenever it is killed."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.core.stage_cache import StageCache
from assets.core.workspace import Workspace
from assets.publish import pruning
from pipelines.build_definitions import build_definitions
from pipelines.instance import open_instance
from pipelines.resources import resource
from tests.conftest import ROOT, corridor
from tests.support.frames import rows
from tests.support.small_release import publish_release
from warehouse import iceberg, releases, retention
from warehouse.errors import ReleaseError
from warehouse.releases import Release
from warehouse.retention import LAST, MONTHS
from warehouse.storage.local import LocalPlace

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def entry(day: date, number: int = 1, kept: str = "") -> Release:
    return Release(f"{day}.{number}", f"{day}T03:00:00+00:00", "live", f"{day}.{number}", {}, {}, kept)


histories = st.lists(
    st.tuples(st.dates(date(2020, 1, 1), TODAY), st.sampled_from(["", "", "", "cited"])), min_size=1, max_size=80
).map(lambda found: [entry(day, number, kept) for number, (day, kept) in enumerate(sorted(found))])


@given(histories)
def test_what_the_policy_names_stays_and_nothing_else(history: list[Release]) -> None:
    found = retention.reasons(history, TODAY)
    stays = {name for name, reason in found.items() if reason}
    assert list(found) == [one.name for one in history]
    assert {one.name for one in history[-LAST:]} <= stays
    assert {one.name for one in history if one.kept} <= stays
    for one in history:
        later = [other.created for other in history[history.index(one) + 1 :]]
        last_of_year = not any(other[:4] == one.created[:4] for other in later)
        last_of_month = not any(other[:7] == one.created[:7] for other in later)
        age = TODAY.year * 12 + TODAY.month - int(one.created[:4]) * 12 - int(one.created[5:7])
        by_date = last_of_year or (last_of_month and age < MONTHS)
        assert (one.name in stays) == (by_date or bool(one.kept) or one in history[-LAST:])


@given(histories)
def test_pruned_twice_it_is_as_pruned_once(history: list[Release]) -> None:
    once = [one for one in history if retention.reasons(history, TODAY)[one.name]]
    assert all(retention.reasons(once, TODAY).values())


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Twelve releases of two days; the last ten and the last of the first day's month stay."""
    workspace = Workspace(tmp_path / "data")
    days = [date(2026, 9, 1)] * 2 + [date(2026, 11, 23)] * 11
    for number, day in enumerate(days):
        frame = rows("population", {"jurisdiction": "AUT", "value": float(number)})
        written = publish_release(workspace.data / "releases", f"{day}.{number + 1}", {"population": frame})
        _dated(workspace, written, day)
    return workspace


def _dated(workspace: Workspace, written: Release, day: date) -> None:
    """Let a release be of its day: all that are made here have the same time."""
    root = workspace.releases
    before = releases._load(root)
    changed = [replace(one, created=f"{day}T03:00:00+00:00") if one == written else one for one in before.releases]
    releases._save(root, before, changed, before.pruned)


def value(workspace: Workspace, name: str) -> float:
    frame = pl.read_parquet(
        releases.table_file(workspace.releases, releases.find(workspace.releases, name), "population")
    )
    return float(frame["value"][0])


def tags(workspace: Workspace) -> set[str]:
    with closing(iceberg.catalog(workspace.data)) as catalog:
        return set(catalog.load_table("corridor.population_v2").refs()) - {"main"}


def whole(workspace: Workspace) -> list[str]:
    """The names of the releases, each of which is whole."""
    known = releases.index(workspace.releases)
    assert [line for one in known for line in releases.damages(workspace.releases / one.name, one)] == []
    return [one.name for one in known]


def test_what_is_pruned_is_gone_and_all_else_is_as_it_was(workspace: Workspace) -> None:
    iceberg.register(workspace.releases, workspace.data)
    archived = workspace.archive.store(workspace.data / "releases" / "index.json")
    names = whole(workspace)
    assert tags(workspace) == set(names)
    gone = names[:1] + names[2:3]
    assert [name for name, why in pruning.prune(workspace, NOW, dry_run=True).items() if not why] == gone
    assert whole(workspace) == names
    pruning.prune(workspace, NOW)
    left = [name for name in names if name not in gone]
    assert whole(workspace) == left
    assert sorted(path.name for path in (workspace.data / "releases").iterdir()) == sorted([*left, "index.json"])
    assert tags(workspace) == set(left)
    assert [value(workspace, name) for name in left] == [1.0, *(float(number) for number in range(3, 13))]
    assert workspace.archive.payload_path(archived).exists()
    with pytest.raises(ReleaseError, match=r"2026-09-01.1 was pruned at 2026-11-24T12:00:00\+00:00; `corridor as-of`"):
        releases.find(workspace.releases, "2026-09-01.1")


def test_a_name_is_not_given_again_after_its_release_was_pruned(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        publish_release(tmp_path, f"2026-11-24.{number}", {"population": rows("population")})
    releases.remove_from_index(LocalPlace(tmp_path), ["2026-11-24.2"], NOW.isoformat())
    assert releases.next_name(LocalPlace(tmp_path), TODAY) == "2026-11-24.4"


def test_a_kept_release_remains_and_the_index_has_the_reason(workspace: Workspace) -> None:
    releases.keep(workspace.releases, "2026-09-01.1", "cited in a report")
    assert pruning.prune(workspace, NOW)["2026-09-01.1"] == "kept: cited in a report"
    assert whole(workspace)[0] == "2026-09-01.1"
    assert releases.find(workspace.releases, "2026-09-01.1").kept == "cited in a report"


def test_the_newest_and_what_is_kept_are_never_forgotten(workspace: Workspace) -> None:
    releases.keep(workspace.releases, "2026-09-01.1", "cited")
    names = whole(workspace)
    for name in (names[0], names[-1]):
        with pytest.raises(ReleaseError, match=f"{name} may not be pruned"):
            releases.remove_from_index(workspace.releases, [name], NOW.isoformat())
    assert whole(workspace) == names


KILLED = """
import os, shutil, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from assets.core.workspace import Workspace
from assets.publish.pruning import prune
from warehouse import iceberg, releases
from warehouse.storage.local import LocalPlace

def dies(*_):
    os.kill(os.getpid(), signal.SIGKILL)

module, name = sys.argv[2].split(".")
setattr({"releases": releases, "iceberg": iceberg, "LocalPlace": LocalPlace, "shutil": shutil}[module], name, dies)
prune(Workspace(Path(sys.argv[1])), datetime(2026, 11, 24, 12, tzinfo=UTC))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "forgotten"),
    [
        ("releases.remove_from_index", False),
        ("LocalPlace.swap", False),
        ("iceberg.register", True),
        ("iceberg._remove_tags_except", True),
        ("releases.clean", True),
    ],
)
def test_killed_at_any_step_it_leaves_every_release_whole_and_is_done_by_the_next(
    workspace: Workspace, step: str, forgotten: bool
) -> None:
    iceberg.register(workspace.releases, workspace.data)
    names = whole(workspace)
    done = subprocess.run([sys.executable, "-c", KILLED, str(workspace.data), step], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    left = [name for name in names if name not in (names[0], names[2])]
    assert whole(workspace) == (left if forgotten else names)
    pruning.prune(workspace, NOW)
    assert whole(workspace) == left
    assert tags(workspace) == set(left)
    assert sorted(path.name for path in (workspace.data / "releases").iterdir()) == sorted([*left, "index.json"])


def test_results_that_no_build_has_used_for_long_are_dropped(tmp_path: Path) -> None:
    cache = StageCache(tmp_path)
    old, used = (
        cache.get_or_build("tables", name, "abc", lambda folder: (folder / "made").touch()) for name in ("a", "b")
    )
    long_ago = time.time() - 100 * 86_400
    for folder in (old, used):
        os.utime(folder, (long_ago, long_ago))
    cache.get_or_build("tables", "b", "abc", lambda _: pytest.fail("it was made before"))
    assert cache.drop_unused(timedelta(days=90)) == 1
    assert not old.parent.exists()
    assert (used / "made").exists()


@pytest.mark.slow
def test_the_command_line_keeps_and_prunes(workspace: Workspace) -> None:
    data = ("--data", str(workspace.data))
    assert "may not" not in corridor("keep", "2026-09-01.1", "--because", "cited", *data).stderr
    planned = corridor("prune", "--dry-run", *data).stdout
    assert "kept: cited" in planned
    assert "1 of 13 releases would be removed" in planned
    assert "1 of 13 releases were removed" in corridor("prune", *data).stdout
    assert "cited" in corridor("releases", *data).stdout
    refused = corridor("keep", "2026-09-01.9", "--because", "cited", *data)
    assert (refused.returncode, refused.stderr.strip().count("\n")) == (1, 0)
    assert "there is no release 2026-09-01.9" in refused.stderr


@pytest.mark.slow
def test_the_weekly_job_prunes_and_names_what_it_removed(
    workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    with open_instance(workspace.data) as instance:
        job = build_definitions(resource(workspace)).resolve_job_def("retention")
        done = job.execute_in_process(instance=instance)
    assert done.success
    assert len(releases.index(workspace.releases)) < 13
    assert "2026-09-01.1: removed" in capfd.readouterr().err
