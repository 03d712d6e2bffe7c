"""Damaged files are named, published releases do not change, and the next build recovers or reports how to recover."""

import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assets import stages
from assets.core.errors import AssetError
from assets.core.workspace import Workspace
from pipelines import build
from pipelines.build import Outcome
from tests.conftest import ROOT, corridor
from tests.support.killing import files
from tests.support.publisher_double import Double, displaced
from tests.support.small_workspace import BUILD_TIME, small_workspace
from warehouse import releases

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def publishers() -> Iterator[Double]:
    with small_workspace() as running:
        yield running


@pytest.fixture(scope="module")
def first_release(publishers: Double, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("begun") / "data", "live", build_time=BUILD_TIME)
    assert built(workspace).new
    return workspace


@pytest.fixture
def workspace(first_release: Workspace, publishers: Double, tmp_path: Path) -> Workspace:
    """Return the workspace after its first release; the publisher has a new figure."""
    publishers.reset()
    publishers.unhcr["population"][0] = displaced("CHN", "AUT", 2020, 777)
    return Workspace(Path(shutil.copytree(first_release.data, tmp_path / "data")), "live", build_time=BUILD_TIME)


def built(workspace: Workspace) -> Outcome:
    return build.run(workspace, None, lambda *_: None)


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x20
    path.chmod(0o644)
    path.write_bytes(content)


def test_a_flipped_byte_in_the_ledger_is_named_and_only_its_line_is_lost(workspace: Workspace) -> None:
    before = len(workspace.archive.fetches())
    flip(workspace.archive.ledger, 0)
    (damage,) = workspace.archive.verify()
    assert (damage.what, damage.where) == ("ledger", "line 1")
    assert len(workspace.archive.fetches()) == before - 1
    assert built(workspace).new


def test_damaged_records_of_dagster_are_named_with_the_remedy_and_give_no_release(workspace: Workspace) -> None:
    published = files(workspace.data / "releases")
    runs = workspace.data / "dagster" / "history" / "runs.db"
    runs.write_bytes(b"no database" * 1000)
    with pytest.raises(AssetError, match=r"records in .*dagster cannot be used .* remove that folder"):
        built(workspace)
    assert files(workspace.data / "releases") == published
    shutil.rmtree(workspace.data / "dagster")
    assert built(workspace).new


def test_releases_keep_their_order_when_the_clock_jumps_back(workspace: Workspace, publishers: Double) -> None:
    publishers.modified = ""
    (first,) = releases.index(workspace.releases)
    earlier = replace(workspace, build_time=datetime.fromtimestamp(1_700_000_000, UTC))
    for value in (778, 779):
        publishers.unhcr["population"][0] = displaced("CHN", "AUT", 2020, value)
        assert built(earlier).new
    names = [entry.name for entry in releases.index(workspace.releases)]
    assert names == sorted(names) == [first.name, f"{first.name[:-1]}2", f"{first.name[:-1]}3"]
    assert releases.find(workspace.releases).name == names[-1]


def test_the_last_response_is_the_newest_after_the_clock_jumped_back(
    workspace: Workspace, publishers: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    publishers.modified = ""
    later = [fetch.at + timedelta(days=400) for fetch in workspace.archive.fetches()]
    text = workspace.archive.ledger.read_text()
    for fetch, at in zip(workspace.archive.fetches(), later, strict=True):
        text = text.replace(fetch.at.isoformat().replace("+00:00", "Z"), at.isoformat().replace("+00:00", "Z"))
    workspace.archive.ledger.write_text(text)
    assert all(fetch.at > datetime.now(UTC) for fetch in workspace.archive.fetches())
    assert built(workspace).failures == []
    frame = stages.observations(workspace, "unhcr/population").frame.collect()
    assert 777.0 in frame["value"].to_list()


def test_a_file_that_cannot_be_written_is_named_and_no_part_of_it_remains(tmp_path: Path) -> None:
    payload = tmp_path / "payload.csv"
    payload.write_text(
        "DATAFLOW,LAST UPDATE,freq,citizen,agedef,age,unit,sex,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG\n"
        + "ESTAT:TPS00177(1.0),09/07/26 23:00:00,A,TOTAL,COMPLET,TOTAL,NR,T,IE,2023,6632,\n" * 20_000
    )
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pipelines.cli",
            "import",
            "eurostat/tps00177",
            str(payload),
            "--data",
            str(tmp_path / "d"),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )
    assert done.returncode == 1
    assert "cannot be stored in" in done.stderr
    assert done.stderr.strip().count("\n") == 0
    assert [path for path in (tmp_path / "d").rglob("*") if path.is_file() and path.name != "build.lock"] == []
    assert corridor("verify", "--data", str(tmp_path / "d")).returncode == 0
