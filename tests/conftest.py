"""Fixtures of all tests: the corpus, the whole offline build, and how tests are distributed over processes."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import polars as pl
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

# The time that an example takes depends more on the machine than on the code.
hypothesis.settings.register_profile("no_deadline", deadline=None)
hypothesis.settings.load_profile("no_deadline")

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-definitions", action="store_true", help="write tests/definitions.json again")


class OneWorkerPerFile(LoadFileScheduling):  # type: ignore[misc]
    """Runs the tests of a file in one worker process, and all files that use the whole build in the same one.

    So the whole build, which takes most of a minute, runs once.
    """

    def _split_scope(self, nodeid: str) -> str:
        path: str = super()._split_scope(nodeid)
        return "built" if "built: Built" in (ROOT / path).read_text("utf-8") else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneWorkerPerFile:
    return OneWorkerPerFile(config, log)


@pytest.fixture
def update_definitions(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-definitions"))


@pytest.fixture(scope="session")
def corpus() -> Path:
    if not CORPUS.is_dir():
        pytest.skip(f"the corpus of real payloads is not at {CORPUS}")
    return CORPUS


@dataclass(frozen=True)
class Built:
    """A data folder with the result of one whole offline build, run as a user runs it."""

    data: Path
    output: str

    @property
    def release(self) -> Path:
        """The folder of the newest release."""
        name = json.loads((self.data / "releases" / "index.json").read_text())["latest"]
        return self.data / "releases" / str(name)

    def table(self, name: str) -> pl.LazyFrame:
        """Return a table of the newest release."""
        return pl.scan_parquet(self.release / "tables" / f"{name}.parquet")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    data = tmp_path_factory.mktemp("whole") / "data"
    process = corridor("build", "--data", str(data), timeout=900)
    assert process.returncode == 0, process.stderr
    return Built(data, process.stdout)


@pytest.fixture(scope="session")
def chromium() -> Iterator[int]:
    """The port of the debugging protocol of a headless Chromium."""
    from tests.support.ui_screenshots import browser

    if shutil.which("chromium") is None:
        pytest.skip("there is no Chromium to look with")
    with browser() as port:
        yield port


@pytest.fixture
def run_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process, which saves the time to start another."""
    from pipelines.cli import main

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        monkeypatch.setattr(sys, "argv", ["corridor", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        output, errors = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, int(end.value.code or 0), output, errors)

    return run


def corridor(*arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, as a user does."""
    command = [sys.executable, "-m", "pipelines.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, cwd=ROOT, check=False)
