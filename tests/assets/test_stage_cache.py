"""The stage cache: one result a fingerprint, safe for many readers and makers, and removed only by those who may."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from assets.core.stage_cache import KEPT_RESULTS, StageCache, fingerprint

TWO_DAYS = 2 * 86_400


def touch(folder: Path) -> None:
    (folder / "result").touch()


def age(folder: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(folder, (then, then))


def test_a_stored_result_is_not_built_again(tmp_path: Path) -> None:
    calls: list[str] = []

    def build(folder: Path) -> None:
        calls.append("built")
        (folder / "result").write_text("42")

    cache = StageCache(tmp_path)
    first, second = (cache.get_or_build("tables", "asylum", "abc", build) for _ in range(2))
    assert first == second
    assert (second / "result").read_text() == "42"
    assert calls == ["built"]


def test_a_result_for_another_fingerprint_leaves_the_first_result_in_place(tmp_path: Path) -> None:
    cache = StageCache(tmp_path)
    old = cache.get_or_build("tables", "asylum", "abc", touch)
    new = cache.get_or_build("tables", "asylum", "abd", touch)
    assert (old / "result").exists()
    assert (new / "result").exists()


def test_a_stage_that_fails_stores_nothing(tmp_path: Path) -> None:
    cache = StageCache(tmp_path)

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        cache.get_or_build("tables", "asylum", "abc", fail)
    assert list((tmp_path / "tables" / "asylum").iterdir()) == []
    assert not cache.has("tables", "asylum", "abc")


def test_a_result_that_a_power_cut_emptied_is_built_again(tmp_path: Path) -> None:
    def build(folder: Path) -> None:
        (folder / "result").write_text("42")

    cache = StageCache(tmp_path)
    result = cache.get_or_build("tables", "asylum", "abc", build)
    for emptied in (True, False):
        (result / "result").write_text("") if emptied else (result / "result").unlink()
        assert not cache.has("tables", "asylum", "abc")
        assert (cache.get_or_build("tables", "asylum", "abc", build) / "result").read_text() == "42"
    assert [path.name for path in (tmp_path / "tables" / "asylum").iterdir()] == ["abc"]


def test_two_makers_of_one_result_both_get_it(tmp_path: Path) -> None:
    cache, both_started = StageCache(tmp_path), Barrier(2, timeout=10)

    def build(folder: Path) -> None:
        both_started.wait()
        (folder / "result").write_text("42")

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: cache.get_or_build("tables", "asylum", "abc", build), range(2)))
    assert found[0] == found[1]
    assert (found[0] / "result").read_text() == "42"
    assert [path.name for path in (tmp_path / "tables" / "asylum").iterdir()] == ["abc"]


def test_sweeping_keeps_the_newest_results_and_all_that_were_used_recently(tmp_path: Path) -> None:
    cache = StageCache(tmp_path)
    results = [cache.get_or_build("tables", "asylum", str(number), touch) for number in range(KEPT_RESULTS + 3)]
    for number, result in enumerate(results):
        age(result, TWO_DAYS + 100 - number)
    cache.get_or_build("tables", "asylum", "0", touch)  # used again just now
    assert cache.sweep() == 3
    assert {result.name for result in results if result.exists()} == {"0", str(KEPT_RESULTS + 2)}


def test_the_whole_cache_can_be_removed_at_any_time(tmp_path: Path) -> None:
    cache = StageCache(tmp_path / "never made")
    assert cache.sweep() == 0
    assert not cache.has("tables", "asylum", "abc")
    assert (cache.get_or_build("tables", "asylum", "abc", touch) / "result").exists()


def test_different_inputs_have_different_fingerprints() -> None:
    assert fingerprint("table", "a", "b") == fingerprint("table", "a", "b")
    assert fingerprint("table", "a", "b") != fingerprint("table", "ab", "")
