"""Calls in a process of its own, within limits of memory and time, so that no payload ends or holds a build.

The libraries that parse a payload cannot be interrupted, and some end the process when memory is short. A process is
started at the first call and used for later ones; one that exceeds a limit, or ends, is replaced.
"""

import atexit
import os
import pickle
import resource
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, ParamSpec, TypeVar, cast

from sources.errors import FormatError

P = ParamSpec("P")
T = TypeVar("T")

_PROGRAM = "import sys; sys.path[:] = {path!r}; from sources.isolated import serve; serve()"
_MIB = 1 << 20
# Seconds between two looks at the memory of a process.
_TICK = 0.1
_LENGTH = 8
# A process that has more memory than this before a call is replaced: libraries keep memory for later use.
_KEPT = 1 << 30


class Limits(NamedTuple):
    """Bytes of memory above that of an idle process, seconds of processor time, and seconds until it must answer.

    A process that waits for a disk or for other processes needs longer than its processor time.
    """

    memory: int
    cpu: int
    patience: int

    @classmethod
    def of(cls, size: int) -> "Limits":
        """The limits for a payload of ``size`` bytes: 1 GiB and 30 seconds, and more for each MiB of it."""
        mib = size // _MIB
        cpu = 30 + 2 * mib
        return cls((1 << 30) + 32 * size, cpu, 300 + 10 * cpu)


class _Ended(Exception):  # noqa: N818 - internal
    """The process ended, or was ended, before it answered; the text is the reason."""


def call(size: int, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """The result of a function of a module, called in another process for a payload of ``size`` bytes.

    Its exceptions are raised here, with the trace of the other process as a note. ``FormatError`` if it exceeds a limit
    or ends the process. Function, arguments and result must be picklable.
    """
    limits = Limits.of(size)
    with _worker() as worker:
        try:
            succeeded, result = worker.ask((limits.cpu, function, arguments, named), limits)
        except _Ended as ended:
            raise FormatError(f"the payload cannot be read: {ended}") from None
    if succeeded:
        return cast("T", result)
    raise result


class _Worker:
    """A process that answers one call after the other."""

    def __init__(self) -> None:
        program = [sys.executable, "-P", "-c", _PROGRAM.format(path=sys.path)]
        self._process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own

    @property
    def is_usable(self) -> bool:
        """Whether the process runs, and kept little memory of earlier payloads."""
        return self._process.poll() is None and _memory(self._process.pid) < _KEPT

    def ask(self, request: object, limits: Limits) -> tuple[bool, Any]:
        """Whether a call succeeded, and its result or exception."""
        try:
            _send(cast("BinaryIO", self._process.stdin), request)
            return cast("tuple[bool, Any]", pickle.loads(self._answer(limits)))  # noqa: S301 - from our own process
        except BrokenPipeError:
            raise _Ended(self._end()) from None

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _answer(self, limits: Limits) -> bytes:
        """The bytes of an answer; the memory of the process is looked at while there is none."""
        pipe = cast("BinaryIO", self._process.stdout).fileno()
        until = time.monotonic() + limits.patience
        idle = _memory(self._process.pid)
        content, length = bytearray(), _LENGTH
        while len(content) < length:
            if not select.select([pipe], [], [], _TICK)[0]:
                if _memory(self._process.pid) - idle > limits.memory:
                    raise _Ended(f"that takes more than {limits.memory // _MIB:,} MiB of memory")
                if time.monotonic() > until:
                    raise _Ended(f"that takes more than {limits.patience:,} seconds")
                continue
            piece = os.read(pipe, max(length - len(content), 1 << 20))
            if not piece:
                raise _Ended(self._end(limits))
            content += piece
            if length == _LENGTH and len(content) >= _LENGTH:
                length = _LENGTH + int.from_bytes(content[:_LENGTH])
        return bytes(content[_LENGTH:])

    def _end(self, limits: Limits | None = None) -> str:
        """Why the process ended."""
        status = self._process.wait()
        if limits and -status == signal.SIGXCPU:
            return f"that takes more than {limits.cpu:,} seconds of processor time"
        how = signal.Signals(-status).name if status < 0 else f"status {status}"
        return f"the process that reads it ended with {how}"


_free: list[_Worker] = []
_lock = threading.Lock()


@contextmanager
def _worker() -> Iterator[_Worker]:
    """A process that no other thread uses. It is kept for the next call unless this call fails."""
    with _lock:
        while _free and not _free[-1].is_usable:
            _free.pop().close()
        worker = _free.pop() if _free else _Worker()
    try:
        yield worker
    except BaseException:
        worker.close()
        raise
    with _lock:
        _free.append(worker)


@atexit.register
def _close_all() -> None:
    with _lock:
        while _free:
            _free.pop().close()


def _forget() -> None:
    """Forget the processes of the process that this one was forked from."""
    global _lock  # noqa: PLW0603 - another thread may have held it
    _lock = threading.Lock()
    _free.clear()


os.register_at_fork(after_in_child=_forget)


def _send(pipe: BinaryIO, content: object) -> None:
    data = pickle.dumps(content, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.write(len(data).to_bytes(_LENGTH))
    pipe.write(data)
    pipe.flush()


def _memory(pid: int) -> int:
    """Bytes of memory that a process has for itself, without mapped files; 0 where the system does not report it."""
    with suppress(OSError, ValueError):
        for text in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
            if text.startswith("RssAnon:"):
                return int(text.split()[1]) << 10
    return 0


def serve() -> None:
    """Answer the calls that arrive on standard input until it is closed. This is the program of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the process that started this one
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    calls, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not be read as an answer
    while head := calls.read(_LENGTH):
        request = calls.read(int.from_bytes(head))
        try:
            cpu, function, arguments, named = pickle.loads(request)  # noqa: S301 - our own
            _limit_cpu(cpu)
            answer: tuple[bool, object] = (True, function(*arguments, **named))
        except Exception as error:  # every error belongs to the caller
            error.add_note(traceback.format_exc())
            answer = (False, error)
        try:
            _send(answers, answer)
        except BrokenPipeError:  # the process that asked was killed
            os._exit(0)


def _limit_cpu(seconds: int) -> None:
    """End this process after some further seconds of processor time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + 1 + seconds
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (until if hard == resource.RLIM_INFINITY else min(until, hard), hard))
