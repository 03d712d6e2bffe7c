from pathlib import Path

import pytest

from assets.work import Work, fingerprint


def test_what_was_made_for_a_fingerprint_is_not_made_again(tmp_path: Path) -> None:
    calls: list[str] = []

    def make(folder: Path) -> None:
        calls.append("made")
        (folder / "result").write_text("42")

    work = Work(tmp_path)
    first, second = (work.made("tables", "asylum", "abc", make) for _ in range(2))
    assert first == second
    assert (second / "result").read_text() == "42"
    assert calls == ["made"]


def test_another_fingerprint_is_made_anew_and_the_old_result_goes(tmp_path: Path) -> None:
    work = Work(tmp_path)
    old = work.made("tables", "asylum", "abc", lambda folder: (folder / "old").touch())
    new = work.made("tables", "asylum", "abd", lambda folder: (folder / "new").touch())
    assert not old.exists()
    assert (new / "new").exists()


def test_a_step_that_fails_leaves_nothing_that_looks_done(tmp_path: Path) -> None:
    work = Work(tmp_path)

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise ValueError("on the way")

    with pytest.raises(ValueError, match="on the way"):
        work.made("tables", "asylum", "abc", fail)
    assert list((tmp_path / "tables" / "asylum").iterdir()) == []


def test_a_fingerprint_tells_different_inputs_apart() -> None:
    assert fingerprint("table", "a", "b") == fingerprint("table", "a", "b")
    assert fingerprint("table", "a", "b") != fingerprint("table", "ab", "")
