"""Calls in a process of its own: results and errors come back, and no limit or crash ends more than the call."""

import os
import time

import pytest

from sources import isolated
from sources.errors import FormatError
from sources.isolated import Limits

MIB = 1 << 20
SHORT = Limits(memory=200 * MIB, cpu=300, patience=1)
FAST = Limits(memory=200 * MIB, cpu=0, patience=60)
WIDE = Limits(memory=200 * MIB, cpu=60, patience=60)


def test_the_result_and_the_error_of_a_function_come_back() -> None:
    assert isolated.call(0, divmod, 7, 2) == (3, 1)
    with pytest.raises(ValueError, match="invalid literal") as caught:
        isolated.call(0, int, "x")
    assert "Traceback" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("limits", "function", "argument", "reason"),
    [
        (WIDE, eval, "bytearray(b'x' * 10**9) and __import__('time').sleep(9)", "more than 200 MiB of memory"),
        (FAST, eval, "all(number == 0 for number in iter(int, 1))", "more than 0 seconds of processor time"),
        (SHORT, time.sleep, 30, "more than 1 seconds"),
        (WIDE, os._exit, 3, "ended with status 3"),
        (WIDE, eval, "__import__('os').abort()", "ended with SIGABRT"),
    ],
)
def test_a_call_that_exceeds_a_limit_or_ends_the_process_is_refused_and_the_next_succeeds(
    monkeypatch: pytest.MonkeyPatch, limits: Limits, function: object, argument: object, reason: str
) -> None:
    monkeypatch.setattr(Limits, "of", lambda _size: limits)
    with pytest.raises(FormatError, match=reason):
        isolated.call(0, function, argument)  # type: ignore[arg-type]
    monkeypatch.undo()
    assert isolated.call(0, divmod, 7, 2) == (3, 1)


def test_a_process_that_kept_much_memory_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    first = isolated.call(0, os.getpid)
    assert isolated.call(0, os.getpid) == first
    monkeypatch.setattr(isolated, "_KEPT", 0)
    assert isolated.call(0, os.getpid) != first
