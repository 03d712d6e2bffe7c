"""The files for a server: units that systemd accepts, an instance like the default one, and known settings."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from pipelines.instance import INSTANCE
from pipelines.settings import Settings
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"


def test_the_instance_with_postgresql_differs_from_the_default_in_its_storage_only() -> None:
    declared = yaml.safe_load((DEPLOY / "dagster.yaml").read_text())
    assert declared.pop("storage") == {"postgres": {"postgres_url": {"env": "DAGSTER_POSTGRES_URL"}}}
    assert declared == INSTANCE


def test_the_example_of_settings_has_known_names_and_every_setting_for_alerts() -> None:
    text = (DEPLOY / "environment.example").read_text()
    names = set(re.findall(r"^(?:# )?(CORRIDOR_\w+)=", text, flags=re.MULTILINE))
    known = set(Settings.names())
    assert names <= known
    assert {name for name in known if "ALERT" in name or "SMTP" in name} <= names
    subprocess.run(["sh", "-euc", f". {DEPLOY / 'environment.example'}"], check=True)


def test_every_setting_is_in_the_documents() -> None:
    documents = "".join((ROOT / "docs" / name).read_text() for name in ("commands.md", "operations.md"))
    assert [name for name in Settings.names() if f"`{name}" not in documents] == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    programs = tmp_path / "opt" / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("corridor", "dagster-daemon", "dagster-webserver", "python"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    units = []
    for unit in sorted(DEPLOY.glob("*.service")) + sorted(DEPLOY.glob("*.timer")):
        copy = tmp_path / unit.name
        copy.write_text(unit.read_text().replace("/opt/corridor", str(tmp_path / "opt")))
        units.append(str(copy).replace("@.service", "@corridor-daemon.service"))
    shutil.copy(tmp_path / "corridor-alert@.service", tmp_path / "corridor-alert@corridor-daemon.service")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if "corridor" in line or str(tmp_path) in line]
    assert (done.returncode, ours) == (0, [])


def test_every_file_is_in_the_list() -> None:
    listed = (DEPLOY / "README.md").read_text()
    for path in {*DEPLOY.iterdir()} - {DEPLOY / "README.md", DEPLOY / "corridor-backup.timer"}:
        assert f"`{path.name}`" in listed, path.name


def test_the_script_for_commands_is_a_program_that_a_shell_can_read() -> None:
    subprocess.run(["sh", "-n", str(DEPLOY / "corridor")], check=True)
    assert (DEPLOY / "corridor").stat().st_mode & 0o111
