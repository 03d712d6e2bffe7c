"""Stages made ahead of the graph, in processes beside it.

A stage is found by its fingerprint, whoever made it. So while Dagster runs and records its steps one after the other,
what the next ones will ask for is made beside them. Nothing rests on it: without the processes, or where one of them
fails, a step makes the stage itself and tells what is wrong.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from typing import TypeVar, TypeVarTuple

PROCESSES = 2

A = TypeVarTuple("A")
T = TypeVar("T")

_pool: ProcessPoolExecutor | None = None
_begun: dict[tuple[object, ...], Future[object]] = {}


@contextmanager
def beside() -> Iterator[None]:
    """While this lasts, there are processes beside this one; they start when there is something to do."""
    global _pool  # noqa: PLW0603 - steps of the graph are functions of the workspace alone
    # A forked process would hold the locks of threads that it has not.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=spawn, initializer=_with_its_parent) as _pool:
        try:
            yield
        finally:
            _pool.shutdown(cancel_futures=True)
            _pool = None
            _begun.clear()


def _with_its_parent() -> None:
    """Let the process end when the one that it works for does, even by a kill, and leave interrupts to that one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def begin(stage: Callable[[*A], T], *args: *A) -> None:
    """Have a stage made, if there are processes beside this one, and they live."""
    with suppress(BrokenProcessPool):
        if _pool is not None:
            _begun[stage, *args] = _pool.submit(stage, *args)


def done(stage: Callable[[*A], T], *args: *A) -> T:
    """What a stage gives, made ahead or now."""
    if future := _begun.pop((stage, *args), None):
        wait([future])
    return stage(*args)
