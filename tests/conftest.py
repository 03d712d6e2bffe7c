import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import polars as pl
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

# How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-definitions", action="store_true", help="write tests/definitions.json again")


class ByFile(LoadFileScheduling):  # type: ignore[misc]
    """A file's tests go to one worker, and to one those of all files that look at the whole build: it is run once."""

    def _split_scope(self, nodeid: str) -> str:
        path: str = super()._split_scope(nodeid)
        return "built" if "built: Built" in (ROOT / path).read_text("utf-8") else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    return ByFile(config, log)


@pytest.fixture
def update_definitions(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-definitions"))


@pytest.fixture(scope="session")
def corpus() -> Path:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of true payloads is not beside the project")
    return CORPUS


@dataclass(frozen=True)
class Built:
    """A data folder in which the whole offline build was run once, as a user runs it."""

    data: Path
    output: str

    @property
    def release(self) -> Path:
        name = json.loads((self.data / "releases" / "index.json").read_text())["latest"]
        return self.data / "releases" / str(name)

    def table(self, name: str) -> pl.LazyFrame:
        return pl.scan_parquet(self.release / "tables" / f"{name}.parquet")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    data = tmp_path_factory.mktemp("whole") / "data"
    done = corridor("build", "--data", str(data), timeout=900)
    assert done.returncode == 0, done.stderr
    return Built(data, done.stdout)


def corridor(*arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does."""
    command = [sys.executable, "-m", "pipelines.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, cwd=ROOT, check=False)
