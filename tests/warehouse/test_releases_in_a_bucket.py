"""Releases in an object store, on a real S3 server: complete or not visible, and never overwritten."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier

import duckdb
import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.conftest import ROOT, corridor
from tests.support import object_store
from tests.support.frames import rows
from tests.support.small_release import publish_release
from warehouse import difference, releases
from warehouse.errors import ReleaseError
from warehouse.releases import Release
from warehouse.storage import Content, s3
from warehouse.storage.local import LocalPlace
from warehouse.storage.s3 import S3Place

FIRST, SECOND = "2026-11-23.1", "2026-11-24.1"
BEFORE = rows("population", {"jurisdiction": "AUT", "value": 12.5}, {"jurisdiction": "BEL", "value": 0.0})
AFTER = rows(
    "population",
    {"jurisdiction": "AUT", "value": 13.0},
    {"jurisdiction": "BEL"},
    {"jurisdiction": "CHN", "value": None},
)

# A publisher that is killed immediately before its nth write request. The last write request replaces the index.
KILLED = """
import os, signal, sys
from pathlib import Path
from obstore.store import S3Store
from tests.support.frames import rows
from tests.support.small_release import publish_release
from warehouse.storage.s3 import S3Place

put, left = S3Store.put, int(sys.argv[3])
def counted(self, key, *arguments, **named):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return put(self, key, *arguments, **named)
S3Store.put = counted
tables = {"population": rows("population", {"jurisdiction": "ITA"})}
publish_release(S3Place.from_address(sys.argv[1]), sys.argv[2], tables)
"""
WRITES = 6  # the entry, the data package, one table, two tests of the conditions, the index


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    with object_store.serve() as environment:
        yield environment


@pytest.fixture
def root(server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> S3Place:
    return object_store.bucket(server, monkeypatch, f"bucket-{uuid.uuid4()}")


@pytest.fixture
def two(root: S3Place) -> tuple[S3Place, Release, Release]:
    return (
        root,
        publish_release(root, FIRST, {"population": BEFORE}),
        publish_release(root, SECOND, {"population": AFTER, "asylum": rows("asylum")}),
    )


def test_a_published_release_is_complete(two: tuple[S3Place, Release, Release]) -> None:
    root, first, second = two
    assert releases.index(root) == [first, second]
    assert releases.find(root) == second
    assert [releases.damages(root / entry.name, entry) for entry in (first, second)] == [[], []]
    assert object_store.names(root) == [
        f"{FIRST}/datapackage.json",
        f"{FIRST}/release.json",
        f"{FIRST}/tables/population.parquet",
        f"{SECOND}/datapackage.json",
        f"{SECOND}/release.json",
        f"{SECOND}/tables/asylum.parquet",
        f"{SECOND}/tables/population.parquet",
        "index.json",
    ]


def test_a_release_has_the_same_bytes_as_on_a_local_disk(two: tuple[S3Place, Release, Release], tmp_path: Path) -> None:
    root, first, second = two
    assert publish_release(tmp_path, FIRST, {"population": BEFORE}) == first
    assert publish_release(tmp_path, SECOND, {"population": AFTER, "asylum": rows("asylum")}) == second
    for name in object_store.names(root):
        content = (root / name).read()
        assert content is not None
        assert content.data == (tmp_path / name).read_bytes()


def test_polars_pandas_and_duckdb_read_the_address(two: tuple[S3Place, Release, Release]) -> None:
    from obstore.fsspec import FsspecStore

    root, first, _ = two
    address = releases.table_file(root, first, "population")
    assert address == f"{root}/{FIRST}/tables/population.parquet"
    assert_frame_equal(pl.scan_parquet(address).collect(), BEFORE)
    assert pd.read_parquet(address)["value"].tolist() == [12.5, 0.0]
    with duckdb.connect() as connection:
        connection.register_filesystem(FsspecStore("s3"))
        assert connection.sql(f"select jurisdiction, value from '{address}'").fetchall() == [
            ("AUT", 12.5),
            ("BEL", 0.0),
        ]


def test_two_releases_are_compared_as_on_a_local_disk(two: tuple[S3Place, Release, Release], tmp_path: Path) -> None:
    root, first, second = two
    for name, frames in ((FIRST, {"population": BEFORE}), (SECOND, {"population": AFTER, "asylum": rows("asylum")})):
        publish_release(tmp_path, name, frames)
    found = difference.differences(root, first, second)
    assert found == difference.differences(LocalPlace(tmp_path), first, second)
    assert [(one.table, one.added, one.changed) for one in found] == [("asylum", 0, 0), ("population", 1, 2)]


@pytest.mark.slow
def test_the_command_line_works_on_a_bucket(two: tuple[S3Place, Release, Release], tmp_path: Path) -> None:
    root, _, second = two
    environment = {"CORRIDOR_RELEASES": str(root), "CORRIDOR_DATA": str(tmp_path)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pipelines.cli", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, cwd=ROOT, check=False, env=os.environ | environment
        )

    listed = json.loads(run("releases", "--json").stdout)
    assert [(entry["name"], entry["path"]) for entry in listed] == [
        (name, f"{root}/{name}") for name in (FIRST, SECOND)
    ]
    assert json.loads(run("diff", FIRST, "latest", "--json").stdout)["tables"][1]["rows_after"] == 3
    object_store.store_of(root).put(f"statistics/corridor/{second.name}/tables/asylum.parquet", b"half of it")
    damaged = run("verify")
    assert damaged.returncode == 1
    assert f"{SECOND}: asylum.parquet is damaged" in damaged.stderr
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_damaged_or_missing_object_is_reported(two: tuple[S3Place, Release, Release]) -> None:
    root, first, second = two
    store, key = root.connect()
    flipped = bytearray(((root / SECOND / "tables" / "asylum.parquet").read() or Content(b"")).data)
    flipped[100] ^= 1
    store.put(f"{key}/{SECOND}/tables/asylum.parquet", bytes(flipped))
    store.delete(f"{key}/{SECOND}/tables/population.parquet")
    assert releases.damages(root / FIRST, first) == []
    assert releases.damages(root / SECOND, second) == [
        f"{SECOND}: population.parquet is missing",
        f"{SECOND}: asylum.parquet is damaged: its sha256 is not that of the index",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("writes", range(WRITES))
def test_a_publisher_killed_before_a_write_leaves_published_releases_unchanged(
    root: S3Place, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    first = publish_release(root, FIRST, {"population": BEFORE})
    name = releases.next_name(root, date(2026, 11, 24))
    done = subprocess.run([sys.executable, "-c", KILLED, str(root), name, str(writes)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert releases.index(root) == [first]
    assert releases.damages(root / FIRST, first) == []
    left = [entry for entry in object_store.names(root) if entry.startswith(name)]
    assert len(left) == min(writes, 3)
    # The next publisher uses another name, because the first one may still be running.
    other = releases.next_name(root, date(2026, 11, 24))
    assert other == ("2026-11-24.2" if left else "2026-11-24.1")
    second = publish_release(root, other, {"population": AFTER})
    assert releases.index(root) == [first, second]
    assert releases.damages(root / other, second) == []
    assert [entry for entry in object_store.names(root) if entry.startswith(f"{name}/")] == (
        left or [f"{other}/{path}" for path in ("datapackage.json", "release.json", "tables/population.parquet")]
    )
    # After a day, the next publisher removes the remaining objects.
    monkeypatch.setattr(s3, "ABANDONED_AFTER", timedelta(seconds=-1))
    assert releases.clean(root) == ([name] if left else [])
    assert {entry.partition("/")[0] for entry in object_store.names(root)} == {FIRST, other, "index.json"}


@pytest.mark.slow
def test_a_publisher_killed_after_its_last_write_has_published(root: S3Place) -> None:
    writes = WRITES + 1  # the first publication also creates an empty index
    done = subprocess.run([sys.executable, "-c", KILLED, str(root), FIRST, str(writes)], cwd=ROOT, check=False)
    assert done.returncode == 0
    assert [entry.name for entry in releases.index(root)] == [FIRST]


@pytest.mark.parametrize("same_name", [True, False])
def test_one_of_several_simultaneous_publications_succeeds_and_the_others_report_it(
    root: S3Place, same_name: bool
) -> None:
    crowd = 4
    first = publish_release(root, FIRST, {"population": BEFORE})
    barrier = Barrier(crowd)

    def race(number: int) -> Release | str:
        frame = rows("population", {"jurisdiction": "ITA", "value": float(number)})
        barrier.wait()
        try:
            return publish_release(root, SECOND if same_name else f"2026-11-24.{number + 1}", {"population": frame})
        except ReleaseError as error:
            return str(error)

    with ThreadPoolExecutor(crowd) as pool:
        ended = list(pool.map(race, range(crowd)))
    (winner,) = (one for one in ended if isinstance(one, Release))
    assert all("another publisher" in one and "build again" in one for one in ended if isinstance(one, str))
    assert releases.index(root) == [first, winner]
    assert releases.damages(root / winner.name, winner) == []
    number = next(number for number, one in enumerate(ended) if one is winner)
    read = pl.read_parquet(releases.table_file(root, winner, "population"))
    assert read["value"].to_list() == [float(number)]
    # A second build of the same publisher succeeds.
    again = releases.next_name(root, date(2026, 11, 24))
    last = publish_release(root, again, {"population": AFTER})
    assert releases.index(root) == [first, winner, last]


def test_a_store_that_ignores_the_conditions_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with object_store.serve(ignore_conditions=True) as environment:
        root = object_store.bucket(environment, monkeypatch, "careless")
        with pytest.raises(ReleaseError, match="was overwritten against If-Match or If-None-Match"):
            publish_release(root, FIRST, {"population": BEFORE})
        assert releases.index(root) == []


def test_an_unusable_store_is_reported_in_one_sentence(root: S3Place, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = S3Place.from_address("s3://no-such-bucket/corridor")
    with pytest.raises(
        ReleaseError,
        match=r"s3://no-such-bucket/corridor cannot be used \(The specified bucket does not exist\); .*AWS_",
    ):
        publish_release(nowhere, FIRST, {"population": BEFORE})
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(ReleaseError, match=r"index.json cannot be used .*AWS_") as caught:
        releases.index(root)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("address", ["", "s3://", "s3:///", "/tmp/releases", "gs://bucket/prefix"])
def test_a_malformed_address_is_refused(address: str) -> None:
    with pytest.raises(ReleaseError, match="has the form s3://bucket/prefix"):
        S3Place.from_address(address)


def test_objects_of_somebody_else_in_the_same_prefix_are_never_removed(
    root: S3Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_release(root, FIRST, {"population": BEFORE})
    store, key = root.connect()
    for name in ("their-project/model.bin", "2026-11-24.1/notes.txt", "other/release.json"):
        store.put(f"{key}/{name}", b"mine")
    monkeypatch.setattr(s3, "ABANDONED_AFTER", timedelta(seconds=-1))
    assert releases.clean(root) == []
    publish_release(root, releases.next_name(root, date(2026, 11, 24)), {"population": AFTER})
    names = object_store.names(root)
    assert {"their-project/model.bin", "2026-11-24.1/notes.txt", "other/release.json"} <= {*names}
    assert f"{SECOND}/datapackage.json" in names or "2026-11-24.2/datapackage.json" in names


def test_a_bucket_may_contain_only_releases(root: S3Place) -> None:
    whole = S3Place.from_address(str(root).rpartition("/statistics")[0] + "/")
    entry = publish_release(whole, FIRST, {"population": BEFORE})
    assert releases.index(whole) == [entry]
    assert releases.next_name(whole, date(2026, 11, 23)) == "2026-11-23.2"
    (whole / FIRST).delete((whole / FIRST).files())
    assert object_store.names(whole) == ["index.json"]


def test_without_a_server_the_command_line_prints_one_sentence(root: S3Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("CORRIDOR_RELEASES", str(root))
    done = corridor("releases")
    assert done.returncode == 1
    assert "cannot be used" in done.stderr
    assert done.stderr.strip().count("\n") == 0
