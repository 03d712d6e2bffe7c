"""The same archive and code give the same bytes of a release, in any language, time zone and hash seed of the process.

The same archive means the same payloads with the same first receptions, because ``known_from`` depends on those. A
build that receives nothing new adds lines to the ledger, and these lines do not change a release.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.killing import files

pytestmark = pytest.mark.slow

HERE = {"PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "TZ": "UTC"}
ELSEWHERE = {"PYTHONHASHSEED": "2008", "LC_ALL": "de_DE.UTF-8", "LANG": "zh_CN.UTF-8", "TZ": "Asia/Shanghai"}


def build(data: Path, locale: dict[str, str]) -> dict[str, str]:
    command = [sys.executable, "-m", "pipelines.cli", "build", "--data", str(data)]
    environment = os.environ | {"SOURCE_DATE_EPOCH": "1795000000"} | locale
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return files(data / "releases")


def test_two_builds_from_one_archive_have_equal_bytes(tmp_path: Path) -> None:
    first = build(tmp_path / "here", HERE)
    elsewhere = tmp_path / "elsewhere" / "data"
    shutil.copytree(tmp_path / "here" / "archive", elsewhere / "archive")
    second = build(elsewhere, ELSEWHERE)
    fetched = [(data / "archive" / "ledger.jsonl").read_bytes() for data in (tmp_path / "here", elsewhere)]
    assert fetched[1] == fetched[0], "both builds read the same archive"
    assert (elsewhere / "stage_cache").is_dir(), "the second build made its own tables"
    assert len(first) > 60
    assert {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)} == set()
