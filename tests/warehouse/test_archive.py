"""The archive: payloads under their sha256, the ledger, locks, and damage."""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from time import perf_counter

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.paths import ROOT
from warehouse.archive import Archive, Damage, Fetch, lock
from warehouse.errors import ArchiveError, BusyError

AT = datetime(2026, 11, 24, 3, 15, 0, 123456, tzinfo=UTC)
NOTHING = "0" * 64


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def file(folder: Path, content: bytes) -> Path:
    path = folder / "body"
    path.write_bytes(content)
    return path


def fetch(payload: str | None = None, dataset: str = "migr_resfirst", error: str | None = None) -> Fetch:
    return Fetch(
        at=AT,
        transport="live",
        publisher="eurostat",
        dataset=dataset,
        slice="",
        url="https://ec.europa.eu/data",
        params={"geo": "AT", "format": "TSV"},
        status=200,
        headers={"etag": '"1"', "content-type": "text/tab-separated-values"},
        seconds=0.5,
        bytes=12,
        payload=payload,
        error=error,
    )


def files(archive: Archive) -> dict[Path, int]:
    return {path: path.stat().st_size for path in archive.root.rglob("*") if path.is_file()}


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    root = str(ROOT)
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | {"PYTHONPATH": root},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


# Payloads


@given(st.lists(st.binary(max_size=200)))
@settings(max_examples=30, deadline=None)
def test_every_stored_payload_is_found_again(contents: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = Archive(folder / "archive")
        kept = {archive.store(file(folder, content)): content for content in contents}
        assert set(kept) == {hashlib.sha256(content).hexdigest() for content in contents}
        for sha256, content in kept.items():
            assert archive.payload_path(sha256).read_bytes() == content
        assert len(files(archive)) == len(set(contents))
        assert archive.verify() == []


def test_a_payload_is_read_only_and_the_file_it_came_from_stays(archive: Archive, tmp_path: Path) -> None:
    source = file(tmp_path, b"geo,time\n")
    sha256 = archive.store(source)
    path = archive.payload_path(sha256)
    assert path == archive.root / sha256[:2] / sha256
    assert path.stat().st_mode & 0o777 == 0o444
    assert source.read_bytes() == b"geo,time\n"


def test_the_same_payload_again_adds_nothing(archive: Archive, tmp_path: Path) -> None:
    sha256 = archive.store(file(tmp_path, b"geo,time\n"))
    before, kept = files(archive), archive.payload_path(sha256).stat()
    assert archive.store(file(tmp_path, b"geo,time\n")) == sha256
    assert files(archive) == before
    assert archive.payload_path(sha256).stat().st_mtime_ns == kept.st_mtime_ns


def test_two_processes_store_the_same_payload_at_once(archive: Archive, tmp_path: Path) -> None:
    content = b"AT,2024,1\n" * 1_000_000
    source = file(tmp_path, content)
    code = (
        "import sys; from pathlib import Path; from warehouse.archive import Archive\n"
        "archive = Archive(Path(sys.argv[1])); print('ready', flush=True); sys.stdin.readline()\n"
        "print(archive.store(Path(sys.argv[2])))"
    )
    both = [python(code, str(archive.root), str(source)) for _ in range(2)]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    expected = {process.communicate(timeout=30)[0].strip() for process in both}
    assert expected == {hashlib.sha256(content).hexdigest()}
    assert files(archive) == {archive.payload_path(expected.pop()): len(content)}
    assert archive.verify() == []


def test_a_payload_that_cannot_be_stored_is_reported(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"missing cannot be stored in .*: No such file or directory$"):
        archive.store(tmp_path / "missing")
    with pytest.raises(ArchiveError, match="is not in"):
        archive.payload_path(NOTHING)
    with pytest.raises(ArchiveError, match="is not a sha256"):
        archive.payload_path("../../etc/passwd")


# The ledger


def test_an_appended_fetch_is_read_back_unchanged(archive: Archive, tmp_path: Path) -> None:
    assert archive.fetches() == []
    recorded = [fetch(archive.store(file(tmp_path, b"x"))), fetch(error="answered 503")]
    for one in recorded:
        archive.append(one)
    assert archive.fetches() == recorded
    assert archive.ledger.read_bytes().count(b"\n") == 2
    assert archive.ledger.read_bytes().startswith(b'{"at":"2026-11-24T03:15:00.123456Z","before":"","bytes":12,')


def test_only_headers_that_matter_are_kept(archive: Archive) -> None:
    archive.append(replace(fetch(), headers={"etag": '"1"', "set-cookie": "secret", "server": "x"}))
    assert archive.fetches()[0].headers == {"etag": '"1"'}


def test_a_fetch_without_its_payload_or_without_utc_time_is_refused(archive: Archive) -> None:
    with pytest.raises(ArchiveError, match=f"the payload {NOTHING} is not in"):
        archive.append(fetch(NOTHING))
    for at in (AT.replace(tzinfo=None), AT.astimezone(timezone(timedelta(hours=8)))):
        with pytest.raises(ArchiveError, match="has no UTC time"):
            archive.append(replace(fetch(), at=at))
    assert not archive.ledger.exists()


def test_the_latest_fetch_is_the_last_that_succeeded(archive: Archive, tmp_path: Path) -> None:
    old, new = (archive.store(file(tmp_path, content)) for content in (b"old", b"new"))
    archive.append(fetch(old))
    archive.append(replace(fetch(new), transport="snapshot"))
    archive.append(fetch(old, dataset="migr_pop1ctz"))
    archive.append(replace(fetch(old), slice="geo=AT"))
    archive.append(fetch(new, error="HTML came where CSV was asked for"))
    archive.append(fetch(None, error="answered 503"))

    def payload(dataset: str, slice_: str, *transports: str) -> str | None:
        found = archive.latest("eurostat", dataset, slice_, transports)
        return found.payload if found else None

    assert payload("migr_resfirst", "", "live") == old
    assert payload("migr_resfirst", "", "live", "snapshot") == new
    assert payload("migr_pop1ctz", "", "live") == old
    assert payload("migr_resfirst", "geo=AT", "live", "import") == old
    assert payload("migr_resfirst", "", "import") is None
    assert payload("migr_reslong", "", "live") is None


def test_lines_that_another_process_appends_are_read(archive: Archive) -> None:
    archive.append(fetch(dataset="a"))
    assert len(archive.fetches()) == 1
    line = archive.ledger.read_bytes()
    with archive.ledger.open("ab") as ledger:
        ledger.write(line.replace(b'"a"', b'"b"'))
    assert [one.dataset for one in archive.fetches()] == ["a", "b"]
    archive.ledger.write_bytes(line)
    assert [one.dataset for one in archive.fetches()] == ["a"]


@given(st.integers(min_value=1))
@settings(max_examples=25, deadline=None)
def test_an_incomplete_line_does_not_affect_other_lines(cut: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        archive = Archive(Path(name, "archive"))
        archive.append(fetch(dataset="a"))
        whole = archive.ledger.read_bytes()
        torn = whole[: 1 + cut % (len(whole) - 1)]  # at least a byte, at most all but the newline
        archive.ledger.write_bytes(whole + torn)
        assert [one.dataset for one in archive.fetches()] == ["a"]
        assert archive.verify() == [Damage("ledger", "line 2", "it is incomplete: the process was killed")]

        archive.append(fetch(dataset="b"))
        complete = ["a"] if torn == whole[:-1] else []
        assert [one.dataset for one in archive.fetches()] == ["a", *complete, "b"]
        why = "the line before it was changed or removed" if complete else "no fetch can be read from it"
        expected = [Damage("ledger", "line 2", why)]
        assert archive.verify() == expected


def of_earlier_version(archive: Archive) -> bytes:
    """Return the ledger as versions of Corridor without hashes wrote it."""
    lines = [orjson.loads(line) for line in archive.ledger.read_bytes().splitlines()]
    older = [{name: value for name, value in line.items() if name not in ("version", "before")} for line in lines]
    return b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in older)


def three_lines(archive: Archive) -> list[bytes]:
    for name in ("a", "b", "c"):
        archive.append(fetch(dataset=name))
    return archive.ledger.read_bytes().splitlines(keepends=True)


def test_a_ledger_without_hashes_is_read_and_continued(archive: Archive) -> None:
    three_lines(archive)
    archive.ledger.write_bytes(of_earlier_version(archive))
    (archive.root / "ledger.head").unlink()
    assert [one.dataset for one in archive.fetches()] == ["a", "b", "c"]
    assert archive.verify() == []
    archive.append(fetch(dataset="d"))
    assert [one.dataset for one in archive.fetches()] == ["a", "b", "c", "d"]
    assert archive.verify() == []
    first, *others = archive.ledger.read_bytes().splitlines(keepends=True)
    archive.ledger.write_bytes(b"".join([first, others[0], others[2]]))  # without line 3, the last without a hash
    assert archive.verify()[0] == Damage("ledger", "line 3", "the line before it was changed or removed")


@pytest.mark.parametrize(
    ("kept", "where"),
    [([1, 2], "line 1"), ([0, 2], "line 2"), ([0, 1], "line 3"), ([0], "line 2"), ([], "line 1"), (None, "line 1")],
)
def test_a_removed_line_is_reported_and_repaired(archive: Archive, kept: list[int] | None, where: str) -> None:
    lines = three_lines(archive)
    if kept is None:
        archive.ledger.unlink()
    else:
        archive.ledger.write_bytes(b"".join(lines[number] for number in kept))
    damages = archive.verify()
    assert damages[0].what == "ledger"
    assert damages[0].where == where
    assert archive.quick_check() == damages
    if kept not in ([1, 2], [0, 2]):
        assert len(damages) == 1
    with pytest.raises(ArchiveError, match=r"missing.*`corridor repair`"):
        archive.fetches()
    assert archive.repair_ledger(AT) is not None
    names = [bytes(lines[number]).split(b'"dataset":"')[1][:1].decode() for number in kept or ()]
    assert [one.dataset for one in archive.fetches()] == names
    assert archive.verify() == []
    archive.append(fetch(dataset="d"))
    assert archive.verify() == []
    if kept:
        (old,) = archive.root.glob("ledger-damaged-*.jsonl")
        assert old.read_bytes() == b"".join(lines[number] for number in kept)


def test_many_threads_append_one_after_the_other(archive: Archive) -> None:
    archive.append(fetch())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: archive.append(fetch(dataset=f"{number}")), range(100)))
    assert len(archive.fetches()) == 101
    assert archive.verify() == []


def test_a_changed_line_that_can_still_be_read_is_reported(archive: Archive) -> None:
    lines = three_lines(archive)
    archive.ledger.write_bytes(b"".join([lines[0].replace(b'"bytes":12', b'"bytes":13'), *lines[1:]]))
    assert archive.verify() == [Damage("ledger", "line 2", "the line before it was changed or removed")]


def test_a_line_of_a_newer_version_is_no_empty_archive(archive: Archive) -> None:
    lines = three_lines(archive)
    archive.ledger.write_bytes(b"".join([*lines, lines[0].replace(b'"version":1', b'"version":2,"new":1')]))
    with pytest.raises(ArchiveError, match="a line of version 2, written by a newer version of Corridor; update"):
        archive.fetches()


def test_reading_a_long_ledger_again_is_quick(archive: Archive) -> None:
    archive.append(fetch(dataset="first"))
    line = archive.ledger.read_bytes()
    archive.ledger.write_bytes(line * 30_000)
    begun = perf_counter()
    archive.fetches()
    first = perf_counter() - begun
    begun = perf_counter()
    for _ in range(10):
        archive.append(fetch())
        assert archive.latest("eurostat", "none", "", ("live",)) is None
    assert perf_counter() - begun < max(first, 0.5)
    assert len(archive.fetches()) == 30_010


# Verification


def test_a_damaged_payload_is_reported(archive: Archive, tmp_path: Path) -> None:
    good, bad = archive.store(file(tmp_path, b"good")), archive.store(file(tmp_path, b"bad"))
    path = archive.payload_path(bad)
    path.chmod(0o644)
    path.write_bytes(b"bae")
    steps: list[tuple[int, int]] = []
    (damage,) = archive.verify(lambda done, total: steps.append((done, total)))
    assert (damage.what, damage.where) == ("payload", bad)
    assert good not in str(damage)
    assert steps == [(1, 2), (2, 2)]


def test_a_missing_payload_is_reported_with_its_ledger_line(archive: Archive, tmp_path: Path) -> None:
    sha256 = archive.store(file(tmp_path, b"x"))
    archive.append(fetch())
    archive.append(fetch(sha256))
    archive.payload_path(sha256).unlink()
    assert archive.verify() == [Damage("ledger", "line 2", f"its payload {sha256} is not in the archive")]


def test_unexpected_files_are_reported(archive: Archive, tmp_path: Path) -> None:
    sha256 = archive.store(file(tmp_path, b"x"))
    (archive.root / "aside-x1").write_bytes(b"half")
    (archive.root / "ff").mkdir()
    (archive.root / "ff" / sha256).write_bytes(b"x")
    (archive.root / "notes.txt").write_bytes(b"x")
    damages = archive.verify()
    assert {damage.what for damage in damages} == {"stray file"}
    assert [damage.where for damage in damages] == ["aside-x1", f"ff/{sha256}", "notes.txt"]
    assert "killed process" in damages[0].why


def test_an_archive_that_is_not_there_has_no_damage(archive: Archive) -> None:
    assert archive.verify() == []


# One build at a time


@contextmanager
def another_build(root: Path) -> Iterator[int]:
    code = (
        "import sys; from pathlib import Path; from warehouse.archive import lock\n"
        "with lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.readline()"
    )
    process = python(code, str(root))
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def test_a_second_build_reports_the_first(archive: Archive) -> None:
    with another_build(archive.root) as pid:
        for _ in range(2):
            with pytest.raises(BusyError, match=rf"another build is at work on .* \(pid {pid}\)$"), lock(archive.root):
                pass


def test_a_killed_build_does_not_block_the_next(archive: Archive) -> None:
    with another_build(archive.root):
        pass
    with lock(archive.root):
        assert (archive.root.parent / "build.pid").read_text() == f"{os.getpid()}\n"
    with lock(archive.root):
        pass
    assert not (archive.root.parent / "build.pid").exists()
