"""Commands that read payloads take the mode of the data folder, and never assume one."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assets.core.errors import AssetError
from assets.core.mode import mode_of, mode_with_data
from assets.core.workspace import Mode, Workspace
from pipelines.cli.options import build_workspace
from tests.conftest import Built, corridor
from warehouse import releases
from warehouse.archive import Fetch, Transport
from warehouse.releases import Release


def workspace(folder: Path, *transports: Transport, released: Mode | None = None) -> Workspace:
    """A workspace with one payload for each transport, and with a release of a mode."""
    made = Workspace(folder / "data")
    payload = folder / "payload"
    payload.write_text("1")
    for transport in transports:
        sha256 = made.archive.store(payload)
        at = datetime(2026, 1, 1, tzinfo=UTC)
        made.archive.append(Fetch(at, transport, "unhcr", "population", "", "", {}, 200, {}, 0.1, 1, sha256))
    if released:
        release = Release("2026-01-01.1", "2026-01-01T00:00:00+00:00", released, "0", {}, {})
        releases.publish(made.releases, release.name, lambda _: release)
    return made


@pytest.mark.parametrize(
    ("transports", "released", "expected"),
    [
        ([], None, None),
        (["import"], None, None),
        (["snapshot"], None, "snapshot"),
        (["live", "import"], None, "live"),
        (["snapshot", "live"], "live", "live"),
        (["snapshot", "live"], "snapshot", "snapshot"),
    ],
)
def test_the_mode_is_that_of_the_latest_release_else_that_of_the_archive(
    tmp_path: Path, transports: list[Transport], released: Mode | None, expected: Mode | None
) -> None:
    assert mode_of(workspace(tmp_path, *transports, released=released)) == expected


def test_payloads_of_both_modes_without_a_release_need_a_choice(tmp_path: Path) -> None:
    mixed = workspace(tmp_path, "snapshot", "live")
    with pytest.raises(AssetError, match="payloads of both modes; choose --live or --snapshot"):
        mode_with_data(mixed)
    assert mode_with_data(mixed, "live") == "live"
    assert mode_with_data(mixed, "snapshot") == "snapshot"


def test_a_failed_request_does_not_count_as_data(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    made.archive.append(
        Fetch(at, "live", "unhcr", "population", "", "", {}, 503, {}, 0.1, 0, None, error="the server is busy")
    )
    assert mode_of(made) is None


@pytest.mark.parametrize(
    ("transports", "released", "chosen", "sentence"),
    [
        ([], None, None, "holds no payloads; run `corridor build` first"),
        ([], None, "live", "holds no payloads; run `corridor build --live` first"),
        (
            ["snapshot"],
            None,
            "live",
            "only payloads of mode snapshot; leave out --live, or run `corridor build --live`",
        ),
        (["live"], None, "snapshot", "only payloads of mode live; leave out --snapshot, or run `corridor build"),
        ([], "live", None, "holds no payloads; run `corridor build` first"),
    ],
)
def test_a_mode_without_data_is_an_error_that_names_the_remedy(
    tmp_path: Path, transports: list[Transport], released: Mode | None, chosen: Mode | None, sentence: str
) -> None:
    with pytest.raises(AssetError) as raised:
        mode_with_data(workspace(tmp_path, *transports, released=released), chosen)
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("choice", "released", "expected"),
    [
        ((None, ""), None, "snapshot"),
        ((None, ""), "live", "live"),
        ((None, "live"), "live", "live"),
        ((True, "snapshot"), None, "live"),
        ((False, ""), "snapshot", "snapshot"),
    ],
)
def test_a_build_and_the_ui_have_the_mode_of_the_data_else_the_chosen_one(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    choice: tuple[bool | None, str],
    released: Mode | None,
    expected: Mode,
) -> None:
    live, variable = choice
    monkeypatch.setenv("CORRIDOR_MODE", variable)
    assert build_workspace(workspace(tmp_path, released=released).data, live).mode == expected


@pytest.mark.parametrize(
    ("live", "variable", "released"), [(True, "", "snapshot"), (False, "", "live"), (None, "live", "snapshot")]
)
def test_the_first_build_fixes_the_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, live: bool | None, variable: str, released: Mode
) -> None:
    monkeypatch.setenv("CORRIDOR_MODE", variable)
    with pytest.raises(AssetError, match=f"holds data of mode {released}, which the first build .* fixes; run"):
        build_workspace(workspace(tmp_path, released=released).data, live)


def test_embedded_editions_serve_both_modes_and_fix_none(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    at, sha256 = datetime(2026, 1, 1, tzinfo=UTC), made.archive.store(tmp_path / "payload")
    made.archive.append(Fetch(at, "snapshot", "citations", "visa_rules", "", "", {}, 200, {}, 0.1, 1, sha256))
    assert mode_of(made) is None


COMMANDS = [["as-of", "2026-11-01", "asylum"], ["accept", "asylum", "key_unique", "--because", "reason"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_command_for_a_mode_without_data_fails_and_changes_nothing(tmp_path: Path, command: list[str]) -> None:
    made = workspace(tmp_path, "snapshot")
    before = sorted(made.data.rglob("*"))
    done = corridor(*command, "--live", "--data", str(made.data))
    assert done.returncode == 1
    assert "holds only payloads of mode snapshot" in done.stderr
    assert done.stdout == ""
    assert sorted(made.data.rglob("*")) == before
    empty = corridor(*command, "--data", str(tmp_path / "empty"))
    assert empty.returncode == 1
    assert "`corridor build` fills it" in empty.stderr
    assert not (tmp_path / "empty").exists()


def test_as_of_uses_the_mode_of_the_build(built: Built) -> None:
    command = ["as-of", "2022-06-01", "migrant_stock", "--json", "--data", str(built.data)]
    found, chosen = json.loads(corridor(*command).stdout), json.loads(corridor(*command, "--snapshot").stdout)
    assert found == chosen
    assert (found["mode"], found["rows"] > 0) == ("snapshot", True)
    assert corridor(*command, "--live").returncode == 1
