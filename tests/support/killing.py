"""Kills builds: ``python -m tests.support.killing N SEED`` kills N builds at random moments, and one at each step.

A whole build takes most of a minute, mostly for imports and the checks of 34 tables. Therefore one process imports
everything and forks a child for each build, and the workspace is small: one dataset of UNHCR from the double of the
publishers, and its table. The job, its checks, the event log, the archive and the publishing are real. SIGKILL ends a
child. The program prints one JSON object for each kill; its exit status is 1 if a kill lost or damaged anything.
"""

import hashlib
import importlib
import itertools
import json
import os
import random
import re
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from assets.core.workspace import Workspace
from pipelines import build as building
from tests.support.publisher_double import displaced
from tests.support.small_workspace import BUILD_TIME, TABLES, small_workspace
from warehouse import releases
from warehouse.errors import WarehouseError
from warehouse.storage.local import LocalPlace

PARALLEL_KILLS = 2

# The steps that change stored data. Each has the system call that begins it, a pattern of the path, and which of the
# matching calls it is. The child is killed before that call, and so after the step before it.
STEPS: dict[str, tuple[str, str, int]] = {
    "receive: payload in a temporary file": ("open", r"/archive/aside-", 1),
    "receive: payload flushed": ("flush", r"/archive/aside-", 1),
    "receive: payload renamed": ("rename", r"/archive/aside-", 1),
    "receive: second payload renamed": ("rename", r"/archive/aside-", 2),
    "receive: folder flushed": ("flush", r"/archive$", 1),
    "receive: ledger opened": ("append", r"/archive/ledger\.jsonl$", 1),
    "receive: half a line in the ledger": ("half", r"/archive/ledger\.jsonl$", 1),
    "receive: half of the second line": ("half", r"/archive/ledger\.jsonl$", 2),
    "receive: ledger flushed": ("flush", r"/archive/ledger\.jsonl$", 1),
    "stage cache: response stored": ("rename", r"/stage_cache/responses/", 1),
    "stage cache: vintage stored": ("rename", r"/stage_cache/vintages/", 1),
    "stage cache: observations stored": ("rename", r"/stage_cache/observations/", 1),
    "stage cache: temporary folder removed": ("rmtree", r"/stage_cache/observations/", 1),
    "stage cache: table stored": ("rename", r"/stage_cache/tables/", 1),
    "stage cache: outcomes stored": ("rename", r"/stage_cache/checks/", 1),
    "stage cache: file of a release stored": ("rename", r"/stage_cache/released/", 1),
    "publish: release in a temporary folder": ("mkdtemp", r"/releases/\.aside-", 1),
    "publish: documents": ("open", r"/\.aside-.*/datapackage\.json$", 1),
    "publish: last document": ("open", r"/\.aside-.*/quality/index\.html$", 1),
    # Each table is hashed after it is written, and again after all are written.
    "publish: tables verified": ("open", r"/\.aside-.*/tables/", len(TABLES) + 1),
    "publish: release flushed": ("flush", r"/releases/\.aside-", 1),
    "publish: release renamed": ("rename", r"/releases/\.aside-", 1),
    "publish: folder of releases flushed": ("flush", r"/releases$", 1),
    "publish: index in a temporary file": ("open", r"/releases/\.index-", 1),
    "publish: index flushed": ("flush", r"/releases/\.index-", 1),
    "publish: index replaced": ("rename", r"/releases/\.index-", 1),
    "publish: folder of releases flushed again": ("flush", r"/releases$", 2),
}


@dataclass(frozen=True)
class Killed:
    """A kill: its moment as a share of a build or its step, the last step before it, and the problems found after it.

    ``late`` is true if the build ended before the kill. ``again`` is the length of the build after it, in seconds.
    """

    at: float | str
    seconds: float
    again: float
    done: str
    late: bool
    problems: list[str]


@dataclass(frozen=True)
class Ended:
    """How a child ended: the signal that killed it, its last finished step, and the release that it published."""

    signal: int
    seconds: float
    done: str
    release: str | None


def main(number: int, seed: int) -> int:
    """Kill builds, inspect their data, build again, and print the results."""
    with tempfile.TemporaryDirectory() as folder, small_workspace() as publishers:
        before, whole = Path(folder, "before"), Path(folder, "whole")
        build_and_import(before)
        for place, year in ((0, 2020), (4, 2021)):  # on different pages
            publishers.unhcr["population"][place] = displaced("CHN", "AUT" if place < 3 else "DEU", year, 777)
        shutil.copytree(before, whole)
        build(whole)
        kills: list[Killed] = []
        moments: Iterator[float | str] = random_moments(seed)
        with ThreadPoolExecutor(PARALLEL_KILLS) as pool:

            def kill_one(at: float | str) -> Killed:
                with tempfile.TemporaryDirectory(dir=folder) as trial:
                    data = Path(shutil.copytree(before, Path(trial, "data")))
                    return kill(data, at, present_length(kills), before, whole)

            def kill_all(moments: Iterable[float | str]) -> None:
                for killed in pool.map(kill_one, moments):
                    print(json.dumps(asdict(killed)), flush=True)  # noqa: T201 - the output of this program
                    kills.append(killed)

            kill_all(STEPS)
            while (missing := number - sum(isinstance(killed.at, float) and not killed.late for killed in kills)) > 0:
                kill_all(itertools.islice(moments, missing))
    return 1 if any(killed.problems for killed in kills) else 0


def present_length(kills: Sequence[Killed]) -> float:
    """Return the length of the longest of the last ten builds: it depends on what else the machine does."""
    return max((killed.again for killed in kills[-10:]), default=0.0)


def random_moments(seed: int) -> Iterator[float | str]:
    """Yield shares of a build, uniformly distributed; a seed always gives the same shares."""
    numbers = random.Random(seed)
    while True:
        yield numbers.random()


def build_and_import(data: Path) -> None:
    """Build the first release, and import in this process what the build imported, so that later children are fast."""
    modules = data.with_suffix(".modules")
    build(data, end=lambda: modules.write_text("\n".join(sys.modules)))
    for name in modules.read_text().splitlines():
        if name not in sys.modules and not name.startswith("tests."):
            importlib.import_module(name)


def build(
    data: Path, begin: Callable[[], None] | None = None, end: Callable[[], object] | None = None, within: float = 600
) -> Ended:
    """Run the nightly job in a child and kill it after ``within`` seconds."""
    workspace = Workspace(data, "live", build_time=BUILD_TIME)
    read, write = os.pipe()
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            os.close(read)
            if begin:
                begin()
            outcome = building.run(workspace, None, lambda step, *_: write_line(write, {"done": step}))
            write_line(write, {"release": outcome.release, "held_back": outcome.held_back})
            if end:
                end()
            os._exit(0)
        finally:  # a child never runs the code of its parent, not even after an error
            os._exit(1)
    os.close(write)
    if not ends_within(child, within):
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(read) as pipe:
        lines = [json.loads(line) for line in pipe]
    done = [line["done"] for line in lines if "done" in line]
    release = next((line["release"] for line in lines if "release" in line), None)
    return Ended(status & 0x7F, time.monotonic() - start, done[-1] if done else "nothing", release)


def write_line(pipe: int, line: dict[str, object]) -> None:
    os.write(pipe, json.dumps(line).encode() + b"\n")


def ends_within(child: int, seconds: float) -> bool:
    """Wait and return whether a child ends within so many seconds; the caller must still call ``waitpid``."""
    handle = os.pidfd_open(child)
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def kill(data: Path, at: float | str, length: float, before: Path, whole: Path) -> Killed:
    """Kill a build in ``data`` and inspect its data; build again and compare with a build that was not killed."""
    ended = build(data, lambda: die_at(*STEPS[at])) if isinstance(at, str) else build(data, within=at * length)
    late = ended.signal != signal.SIGKILL
    problems = [f"step {at} was never reached"] if late and isinstance(at, str) else []
    problems += release_problems(data, before, whole)
    again = build(data)
    if again.release is None:
        problems.append(f"the next build ended with status {again.signal}, after {again.done}")
    elif files(data / "releases") != files(whole / "releases"):
        problems.append("the next build published another release than one without a kill")
    damages = Workspace(data, "live").archive.verify()
    # A kill may leave a torn line of the ledger and a temporary file. Only other damage is a problem.
    problems += [str(damage) for damage in damages if damage.what == "payload"]
    problems += [str(damage) for damage in damages if "payload" in damage.why and damage.what == "ledger"]
    return Killed(at, round(ended.seconds, 3), round(again.seconds, 3), ended.done, late, problems)


def release_problems(data: Path, before: Path, whole: Path) -> list[str]:
    """Return what is damaged, missing or changed in the published releases."""
    root = data / "releases"
    try:
        index = releases.index(LocalPlace(root))
    except WarehouseError as error:
        return [str(error)]
    problems = [damage for entry in index for damage in releases.damages(LocalPlace(root) / entry.name, entry)]
    visible = {
        name: digest for name, digest in files(root).items() if name.partition("/")[0] in {e.name for e in index}
    }
    for state in (before, whole):  # the index names the last release or the new one, which must then be complete
        if files(root)["index.json"] == (expected := files(state / "releases"))["index.json"]:
            return problems + [
                name for name in expected if visible.get(name) != expected[name] and name != "index.json"
            ]
    return [*problems, "index.json is neither that before the build nor that after it"]


def files(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file by its path below the folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


CALLS = {"os.rename": "rename", "tempfile.mkdtemp": "mkdtemp", "shutil.rmtree": "rmtree"}


def die_at(call: str, pattern: str, number: int) -> None:
    """Let this process kill itself before the ``number``-th such call on a path that matches ``pattern``."""
    matches = itertools.count(1)

    def is_the_call(what: str, path: object) -> bool:
        return what == call and bool(re.search(pattern, str(path))) and next(matches) == number

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            flags = arguments[2]
            what = "append" if isinstance(flags, int) and flags & os.O_APPEND else "open"
            if is_the_call(what, arguments[0]):
                die()
        elif event in CALLS and is_the_call(CALLS[event], arguments[0]):
            die()

    flush, write = os.fsync, os.write

    def checked_flush(handle: int) -> None:
        if is_the_call("flush", Path(f"/proc/self/fd/{handle}").readlink()):
            die()
        flush(handle)

    def checked_write(handle: int, content: bytes) -> int:
        if is_the_call("half", Path(f"/proc/self/fd/{handle}").readlink()):
            write(handle, content[: len(content) // 2])
            die()
        return write(handle, content)

    os.fsync, os.write = checked_flush, checked_write  # type: ignore[assignment]
    sys.addaudithook(audit)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
