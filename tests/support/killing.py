"""Builds that are killed: ``python -m tests.support.killing N SEED`` kills N at random moments, and one at each step.

A whole build takes most of a minute, of which the importing and the checks of 34 tables are the most. So one process
imports everything and forks a child for each build, and the workspace is small: one dataset of UNHCR, asked for at the
publishers' double, and the table that it makes. The job, its checks, the event log, the archive and the publishing
are the real ones, and a child dies by SIGKILL. One JSON object a kill is printed; the exit status is 1 if any of them
cost anything.
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
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from assets.core.workspace import Workspace
from pipelines import build as building
from tests.support.publisher_double import displaced
from tests.support.small_workspace import BUILD_TIME, RELEASED, small_workspace
from warehouse import releases
from warehouse.errors import WarehouseError
from warehouse.storage.local import LocalPlace

AT_ONCE = 2

# The steps that change what is kept, each by the system call that begins it, its path, and the how manieth it is: a
# build that is told to die there dies before the call, and so after the step before it.
STEPS: dict[str, tuple[str, str, int]] = {
    "receive: payload aside": ("open", r"/archive/aside-", 1),
    "receive: payload flushed": ("flush", r"/archive/aside-", 1),
    "receive: payload in its place": ("rename", r"/archive/aside-", 1),
    "receive: second payload in its place": ("rename", r"/archive/aside-", 2),
    "receive: folder flushed": ("flush", r"/archive$", 1),
    "receive: ledger opened": ("append", r"/archive/ledger\.jsonl$", 1),
    "receive: half a line in the ledger": ("half", r"/archive/ledger\.jsonl$", 1),
    "receive: half of the second line": ("half", r"/archive/ledger\.jsonl$", 2),
    "receive: ledger flushed": ("flush", r"/archive/ledger\.jsonl$", 1),
    "work: answer in its place": ("rename", r"/work/answers/", 1),
    "work: vintage in its place": ("rename", r"/work/vintages/", 1),
    "work: observations in their place": ("rename", r"/work/observations/", 1),
    "work: earlier observations dropped": ("rmtree", r"/work/observations/", 1),
    "work: table in its place": ("rename", r"/work/tables/", 1),
    "work: outcomes in their place": ("rename", r"/work/checks/", 1),
    "publish: release aside": ("mkdtemp", r"/releases/\.aside-", 1),
    "publish: documents": ("open", r"/\.aside-[^/]+/datapackage\.json$", 1),
    "publish: last document": ("open", r"/\.aside-[^/]+/quality/index\.html$", 1),
    # Each table is hashed when it was written, and again when all of them were.
    "publish: tables verified": ("open", r"/\.aside-[^/]+/tables/", len(RELEASED) + 2),
    "publish: release flushed": ("flush", r"/releases/\.aside-", 1),
    "publish: release in its place": ("rename", r"/releases/\.aside-", 1),
    "publish: its name flushed": ("flush", r"/releases$", 1),
    "publish: index aside": ("open", r"/releases/\.index-", 1),
    "publish: index flushed": ("flush", r"/releases/\.index-", 1),
    "publish: index replaced": ("rename", r"/releases/\.index-", 1),
    "publish: its name flushed again": ("flush", r"/releases$", 2),
}


@dataclass(frozen=True)
class Killed:
    """A kill: when as a share of a build or at which step, what had been done, and all that is not as it must be.

    ``late`` says that the build had ended before the kill came, which then is none.
    """

    at: float | str
    seconds: float
    done: str
    late: bool
    problems: list[str]


@dataclass(frozen=True)
class Ended:
    """How a child ended: the signal it died of, the last thing that it had done, and the release it made."""

    signal: int
    seconds: float
    done: str
    release: str | None


def main(number: int, seed: int) -> int:
    """Kill, look and build again; print what was found."""
    with tempfile.TemporaryDirectory() as folder, small_workspace() as publishers:
        begun, whole = Path(folder, "begun"), Path(folder, "whole")
        warmed(begun)
        for place, year in ((0, 2020), (4, 2021)):  # on different pages
            publishers.unhcr["population"][place] = displaced("CHN", "AUT" if place < 3 else "DEU", year, 777)
        shutil.copytree(begun, whole)
        expected = build(whole)
        length = expected.seconds
        moments: Iterator[float | str] = random_moments(seed)
        with ThreadPoolExecutor(AT_ONCE) as pool:

            def tried(at: float | str) -> Killed:
                with tempfile.TemporaryDirectory(dir=folder) as trial:
                    data = Path(shutil.copytree(begun, Path(trial, "data")))
                    return kill(data, at, length, begun, whole)

            def told(found: Killed) -> Killed:
                print(json.dumps(asdict(found)), flush=True)  # noqa: T201 - what this program is for
                return found

            found = [told(one) for one in pool.map(tried, STEPS)]
            while (missing := number - sum(isinstance(one.at, float) and not one.late for one in found)) > 0:
                found += map(told, pool.map(tried, itertools.islice(moments, missing)))
    return 1 if any(one.problems for one in found) else 0


def random_moments(seed: int) -> Iterator[float | str]:
    """Shares of a build, evenly spread, the same for the same seed."""
    numbers = random.Random(seed)
    while True:
        yield numbers.random()


def warmed(data: Path) -> None:
    """Make the first release, and import here what its build imported, for the children to come."""
    told = data.with_suffix(".modules")
    build(data, end=lambda: told.write_text("\n".join(sys.modules)))
    for name in told.read_text().splitlines():
        if name not in sys.modules and not name.startswith("tests."):
            importlib.import_module(name)


def build(
    data: Path, begin: Callable[[], None] | None = None, end: Callable[[], object] | None = None, within: float = 600
) -> Ended:
    """The nightly job in a child, which is killed after ``within`` seconds."""
    workspace = Workspace(data, "live", build_time=BUILD_TIME)
    read, write = os.pipe()
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            os.close(read)
            if begin:
                begin()
            outcome = building.run(workspace, None, lambda step, *_: put(write, {"done": step}))
            put(write, {"release": outcome.release, "held_back": outcome.held_back})
            if end:
                end()
            os._exit(0)
        finally:  # whatever happened, a child never returns to what its parent was doing
            os._exit(1)
    os.close(write)
    lasted = ended_within(child, within)
    if not lasted:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(read) as pipe:
        lines = [json.loads(line) for line in pipe]
    done = [line["done"] for line in lines if "done" in line]
    release = next((line["release"] for line in lines if "release" in line), None)
    return Ended(status & 0x7F, time.monotonic() - begun, done[-1] if done else "nothing", release)


def put(pipe: int, line: dict[str, object]) -> None:
    os.write(pipe, json.dumps(line).encode() + b"\n")


def ended_within(child: int, seconds: float) -> bool:
    """Whether a child ends within so many seconds; it is left for its parent to collect."""
    handle = os.pidfd_open(child)
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def kill(data: Path, at: float | str, length: float, begun: Path, whole: Path) -> Killed:
    """Kill a build in ``data``, see what it left, build again, and see that all is as if nothing had happened."""
    ended = build(data, lambda: die_at(*STEPS[at])) if isinstance(at, str) else build(data, within=at * length)
    late = ended.signal != signal.SIGKILL
    problems = [f"step {at} was never reached"] if late and isinstance(at, str) else []
    problems += lost(data, begun, whole)
    again = build(data)
    if again.release is None:
        problems.append(f"the next build ended with status {again.signal}, after {again.done}")
    elif files(data / "releases") != files(whole / "releases"):
        problems.append("the next build made another release than it would have")
    damages = Workspace(data, "live").archive.verify()
    # A torn line and a file aside are what a kill may leave, and they say so.
    problems += [str(damage) for damage in damages if damage.what == "payload"]
    problems += [str(damage) for damage in damages if "payload" in damage.why and damage.what == "ledger"]
    return Killed(at, round(ended.seconds, 3), ended.done, late, problems)


def lost(data: Path, begun: Path, whole: Path) -> list[str]:
    """What of the releases that were published is not as it was."""
    root = data / "releases"
    try:
        index = releases.index(LocalPlace(root))
    except WarehouseError as error:
        return [str(error)]
    problems = [damage for entry in index for damage in releases.damages(LocalPlace(root) / entry.name, entry)]
    visible = {
        name: digest for name, digest in files(root).items() if name.partition("/")[0] in {e.name for e in index}
    }
    for state in (begun, whole):  # the last release, or the new one, which then is whole
        if files(root)["index.json"] == (known := files(state / "releases"))["index.json"]:
            return problems + [name for name in known if visible.get(name) != known[name] and name != "index.json"]
    return [*problems, "index.json is neither as it was nor as it was to be"]


def files(folder: Path) -> dict[str, str]:
    """Path below the folder → sha256, of every file."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


CALLS = {"os.rename": "rename", "tempfile.mkdtemp": "mkdtemp", "shutil.rmtree": "rmtree"}


def die_at(call: str, pattern: str, number: int) -> None:
    """Have this process die by SIGKILL before it makes the call on such a path for that time."""
    left = itertools.count(1)

    def seen(what: str, path: object) -> bool:
        return what == call and bool(re.search(pattern, str(path))) and next(left) == number

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            flags = arguments[2]
            what = "append" if isinstance(flags, int) and flags & os.O_APPEND else "open"
            if seen(what, arguments[0]):
                die()
        elif event in CALLS and seen(CALLS[event], arguments[0]):
            die()

    flush, write = os.fsync, os.write

    def flushed(handle: int) -> None:
        if seen("flush", Path(f"/proc/self/fd/{handle}").readlink()):
            die()
        flush(handle)

    def written(handle: int, content: bytes) -> int:
        if seen("half", Path(f"/proc/self/fd/{handle}").readlink()):
            write(handle, content[: len(content) // 2])
            die()
        return write(handle, content)

    os.fsync, os.write = flushed, written  # type: ignore[assignment]
    sys.addaudithook(audit)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
