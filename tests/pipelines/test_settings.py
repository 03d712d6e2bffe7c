"""Settings come from environment variables. A wrong name or value is one sentence and exit status 1."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from assets.core.workspace import Workspace
from pipelines import settings
from pipelines.resources import default_workspace
from pipelines.settings import SettingsError
from tests.conftest import ROOT

CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("CORRIDOR_")}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*settings.Settings.names(), "corridor_mode"):
        monkeypatch.delenv(name, raising=False)


def test_without_variables_the_workspace_is_the_folder_data_with_the_snapshot() -> None:
    assert settings.workspace() == Workspace(Path("data").resolve(), "snapshot")


def test_each_variable_reaches_the_workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CORRIDOR_DATA", str(tmp_path))
    monkeypatch.setenv("CORRIDOR_MODE", "live")
    monkeypatch.setenv("CORRIDOR_CATALOG", "https://catalog.example/iceberg")
    monkeypatch.setenv("CORRIDOR_ENGINE", "pyspark")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795000000")
    expected = Workspace(
        data=tmp_path,
        mode="live",
        catalog="https://catalog.example/iceberg",
        engine="pyspark",
        build_time=datetime(2026, 11, 18, 11, 6, 40, tzinfo=UTC),
    )
    assert settings.workspace() == expected
    with default_workspace().yield_for_execution(context()) as workspace:
        assert workspace == expected


def context() -> dg.InitResourceContext:
    return dg.build_init_resource_context()


def test_an_argument_takes_the_place_of_a_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CORRIDOR_DATA", "elsewhere")
    monkeypatch.setenv("CORRIDOR_MODE", "live")
    assert settings.workspace(tmp_path, "snapshot") == Workspace(tmp_path, "snapshot")


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.Settings.names():
        monkeypatch.setenv(name, "")
    assert settings.workspace() == Workspace(Path("data").resolve(), "snapshot")


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("sqlite:///catalog.db", f"sqlite:///{Path('catalog.db').resolve()}"),
        ("sqlite:////srv/catalog.db", "sqlite:////srv/catalog.db"),
        ("postgresql+psycopg2://host/iceberg", "postgresql+psycopg2://host/iceberg"),
    ],
)
def test_a_relative_catalog_path_becomes_absolute(monkeypatch: pytest.MonkeyPatch, uri: str, expected: str) -> None:
    monkeypatch.setenv("CORRIDOR_CATALOG", uri)
    assert settings.workspace().catalog == expected


WRONG = [
    ("CORRIDOR_MODE", "LIVE", "CORRIDOR_MODE has the value 'LIVE'; it must be 'snapshot' or 'live'"),
    ("CORRIDOR_ENGINE", "duckdb", "CORRIDOR_ENGINE has the value 'duckdb'; it must be 'polars' or 'pyspark'"),
    ("SOURCE_DATE_EPOCH", "today", "SOURCE_DATE_EPOCH has the value 'today'; input should be a valid integer"),
    ("SOURCE_DATE_EPOCH", "-1", "SOURCE_DATE_EPOCH has the value '-1'; input should be greater than or equal to 0"),
    ("SOURCE_DATE_EPOCH", "9" * 18, "input should be less than or equal to 253402300799"),
    ("CORRIDOR_MOD", "live", "CORRIDOR_MOD is not known; did you mean CORRIDOR_MODE?"),
    ("corridor_mode", "live", "corridor_mode is not known; did you mean CORRIDOR_MODE?"),
    ("CORRIDOR_X", "1", "CORRIDOR_X is not known; known are CORRIDOR_DATA, CORRIDOR_MODE"),
]


@pytest.mark.parametrize(("name", "value", "sentence"), WRONG)
def test_a_wrong_variable_is_named_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        settings.settings()
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("command", [["releases"], ["build"], ["ui", "--port", "65000"]])
def test_a_command_ends_with_the_sentence_and_status_1(tmp_path: Path, command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *command, "--data", str(tmp_path / "data")],
        env=CLEAN | {"CORRIDOR_MODE": "LIVE"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.strip() == f"error: the environment variable {WRONG[0][2]}"
    assert not (tmp_path / "data").exists()
