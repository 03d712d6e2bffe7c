"""Alerts: each failed or held run is sent once, by every channel, and no channel that fails silences another."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets import stages
from assets.core.workspace import Workspace
from pipelines import build, settings
from pipelines.automation import rebuild_changed
from pipelines.build_definitions import build_definitions
from pipelines.instance import open_instance
from pipelines.operations.alerts import Alert, send
from pipelines.operations.run_table import COMMAND
from pipelines.operations.status import status
from pipelines.resources import KILLED, fail_killed_runs, resource
from pipelines.sensors import NO_ANSWER, alert_on_failing_datasets, alert_on_failure
from sources import catalogue
from tests.support.certificates import needs_openssl, self_signed
from tests.support.loopback import Loopback, reply, serve
from tests.support.mail_server import MailServer, mail_server
from tests.support.publisher_double import Double, displaced, with_address
from tests.support.small_workspace import small_workspace

ALERT = Alert("rebuild", ("asylum: totals_hold: 3 failures in 9 rows", "release: no space"), "run-1")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.Settings.names():
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with mail_server() as server:
        monkeypatch.setenv("CORRIDOR_ALERT_MAIL", "one@example.org,two@example.org")
        monkeypatch.setenv("CORRIDOR_ALERT_SENDER", "corridor@example.org")
        monkeypatch.setenv("CORRIDOR_SMTP", f"smtp://127.0.0.1:{server.port}")
        yield server


@pytest.fixture
def posts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with serve(reply(b"ok")) as server:
        monkeypatch.setenv("CORRIDOR_ALERT_WEBHOOK", f"{server.url}/hook/secret-token")
        yield server


def in_file(folder: Path) -> list[dict[str, str]]:
    path = folder / "alerts.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_an_alert_reaches_the_file_the_mailbox_and_the_webhook_once(
    tmp_path: Path, mails: MailServer, posts: Loopback
) -> None:
    assert send(tmp_path, ALERT) == []
    assert send(tmp_path, ALERT) == []
    (line,) = in_file(tmp_path)
    assert (line["run"], line["job"], line["message"]) == ("run-1", "rebuild", "; ".join(ALERT.problems))
    (mail,) = mails.mails
    assert mails.recipients == ["one@example.org", "two@example.org"]
    assert mail["subject"].endswith("rebuild: asylum: totals_hold: 3 failures in 9 rows")
    assert "release: no space" in mail.get_content()
    (post,) = posts.received
    assert post.body is not None
    posted = json.loads(post.body)
    assert posted["problems"] == list(ALERT.problems)
    assert "totals_hold" in posted["text"]


def test_a_full_disk_silences_no_alert(
    tmp_path: Path, mails: MailServer, posts: Loopback, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "alerts.jsonl").symlink_to("/dev/full")
    (failed,) = send(tmp_path, ALERT)
    assert "No space left on device" in failed
    assert (len(mails.mails), len(posts.received)) == (1, 1)
    assert "asylum: totals_hold: 3 failures in 9 rows" in capfd.readouterr().err


def test_channels_that_fail_do_not_stop_the_others_and_show_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with mail_server(refusal="550 no such user") as mails, serve(reply(b"no", status=500)) as posts:
        monkeypatch.setenv("CORRIDOR_ALERT_MAIL", "one@example.org")
        monkeypatch.setenv("CORRIDOR_SMTP", f"smtp://127.0.0.1:{mails.port}")
        monkeypatch.setenv("CORRIDOR_ALERT_WEBHOOK", f"{posts.url}/hook/secret-token")
        failed = send(tmp_path, ALERT)
    assert [problem.split(":")[0].rsplit(" ", 1)[1] for problem in failed] == ["e-mail", "webhook"]
    assert len(in_file(tmp_path)) == 1
    errors = capfd.readouterr().err
    assert "no such user" in errors
    assert f"e-mail: 127.0.0.1:{mails.port}: " in errors
    assert "secret-token" not in errors


@needs_openssl
def test_a_password_is_sent_over_tls_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain, key = self_signed(tmp_path, "localhost", "DNS:localhost", "IP:127.0.0.1")
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    monkeypatch.setenv("CORRIDOR_ALERT_MAIL", "one@example.org")
    monkeypatch.setenv("CORRIDOR_SMTP_USER", "corridor")
    monkeypatch.setenv("CORRIDOR_SMTP_PASSWORD", "hidden")
    with mail_server((chain, key)) as secured, mail_server() as open_server:
        monkeypatch.setenv("CORRIDOR_SMTP", f"smtp://127.0.0.1:{secured.port}")
        assert send(data, ALERT) == []
        monkeypatch.setenv("CORRIDOR_SMTP", f"smtp://127.0.0.1:{open_server.port}")
        (refused,) = send(data, replace(ALERT, run="run-2"))
    assert secured.logins == [("corridor:hidden", True)]
    assert "STARTTLS" in refused
    assert (open_server.logins, open_server.mails) == ([], [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CORRIDOR_ALERT_WEBHOOK", "file:///etc/secret"),
        ("CORRIDOR_ALERT_WEBHOOK", "secret"),
        ("CORRIDOR_SMTP", "smtp://user:secret@host:25"),
    ],
)
def test_a_wrong_secret_is_an_error_that_does_not_show_it(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(settings.SettingsError, match=name) as error:
        settings.settings()
    assert "secret" not in str(error.value)


@pytest.fixture(scope="module")
def publishers() -> Iterator[Double]:
    with small_workspace() as running:
        yield running


@pytest.fixture
def workspace(publishers: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("CORRIDOR_DATA", str(tmp_path))
    monkeypatch.setenv("CORRIDOR_MODE", "live")
    return Workspace(tmp_path, "live")


def run_as_the_daemon_does(workspace: Workspace, job: str) -> dg.ExecuteInProcessResult:
    with open_instance(workspace.data) as instance:
        found = build_definitions(resource(workspace)).resolve_job_def(job)
        return found.execute_in_process(instance=instance, raise_on_error=False)


def react(workspace: Workspace, sensor: Any, cursor: str | None = None) -> tuple[Any, str | None]:  # noqa: ANN401
    """Evaluate a sensor as the daemon does; return its answer and its cursor. Without a cursor it is the first time."""
    with open_instance(workspace.data) as instance:
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        return sensor(context), context.cursor


def test_a_first_night_without_network_is_one_alert_and_starts_no_rebuild(
    publishers: Double, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:  # bound and not listening, so every connection is refused
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
        here = {name: with_address(entry, publishers.url, nowhere) for name, entry in catalogue.publishers().items()}
        monkeypatch.setattr(catalogue, "publishers", lambda: here)
        received = run_as_the_daemon_does(workspace, "receive")
    assert received.success
    skipped, _ = react(workspace, rebuild_changed)
    assert skipped.skip_message == f"{NO_ANSWER}."
    _, seen = react(workspace, alert_on_failing_datasets)
    again, _ = react(workspace, alert_on_failing_datasets, seen)
    assert again.skip_message == "0 runs ended since the last look."
    (line,) = in_file(workspace.data)
    assert line["run"] == received.run_id
    assert line["message"].startswith(f"{NO_ANSWER}; ")
    assert "unhcr/population" in line["message"]

    found = status(workspace, datetime.now(UTC))
    assert [each.dataset for each in found.failing] == ["unhcr/population"]
    assert (found.state, found.critical) == ("critical", ["there is no release"])
    assert found.night is not None
    assert (found.night.runs, found.night.result) == ((received.run_id,), "incomplete")
    assert found.last_alert == line
    overdue = status(workspace, datetime.now(UTC) + timedelta(hours=37)).critical
    assert any(sentence.startswith("no night has started since") for sentence in overdue)


def test_a_build_that_was_killed_is_an_alert_of_the_next_run(workspace: Workspace) -> None:
    definitions = build_definitions(resource(workspace))
    with open_instance(workspace.data) as instance:
        job = definitions.resolve_job_def("receive")
        killed = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags={COMMAND: "build"})
        other = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        (workspace.data / "build.pid").write_text(str(os.getpid()))
        running = status(workspace, datetime.now(UTC)).night
        ended_process = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True).stdout
        (workspace.data / "build.pid").write_text(ended_process)
        dead = status(workspace, datetime.now(UTC)).night
        assert running is not None
        assert dead is not None
        assert (running.result, dead.result) == ("running", "failed")
        assert dead.problems == ("its process was killed; the next build continues it",)
        fail_killed_runs(workspace, instance, own="another")
        ended = {run.run_id: run.status for run in instance.get_runs()}
    react(workspace, alert_on_failure)
    assert ended == dict.fromkeys((killed.run_id, other.run_id), dg.DagsterRunStatus.FAILURE)
    assert [(line["run"], line["job"], line["message"]) for line in in_file(workspace.data)] == [
        (killed.run_id, "build", KILLED),
        (other.run_id, "receive", "Its process was killed."),
    ]


def test_a_build_that_ends_with_an_error_is_an_alert(workspace: Workspace) -> None:
    (workspace.data / "dagster").touch()
    with pytest.raises(FileExistsError):
        build.run(workspace, None, lambda *_: None)
    (line,) = in_file(workspace.data)
    assert line["message"].startswith("The build ended with an error: ")


@pytest.mark.slow
def test_a_release_held_back_is_one_alert_with_the_name_of_the_check_however_the_run_was_started(
    publishers: Double, workspace: Workspace
) -> None:
    def stock(factor: int) -> None:
        publishers.unhcr["population"] = [
            displaced("CHN", asylum, year, 100 * factor) for asylum in ("AUT", "DEU") for year in range(2010, 2022)
        ]

    stock(1)
    assert build.run(workspace, None, lambda *_: None).new
    assert in_file(workspace.data) == []
    stock(1000)
    received = run_as_the_daemon_does(workspace, "receive")
    stages.accept(workspace, "unhcr/population", "moved_sums", "UNHCR now counts in another way")
    react(workspace, alert_on_failing_datasets)
    rebuilt = run_as_the_daemon_does(workspace, "rebuild")
    assert not rebuilt.success
    for _ in range(2):  # a daemon that restarts may look at a run again
        react(workspace, alert_on_failure)
    (line,) = in_file(workspace.data)
    assert (line["run"], line["job"]) == (rebuilt.run_id, "rebuild")
    assert "displacement: sums_do_not_jump" in line["message"]
    found = status(workspace, datetime.now(UTC))
    assert found.night is not None
    assert (found.night.runs, found.night.result) == ((received.run_id, rebuilt.run_id), "held back")
    assert "displacement: sums_do_not_jump" in found.critical[0]

    assert build.run(workspace, None, lambda *_: None).held_back
    with open_instance(workspace.data) as instance:
        runs = instance.get_runs(dg.RunsFilter(tags={COMMAND: "build"}))
        assert [run.run_id for run in runs]
    assert [line["job"] for line in in_file(workspace.data)] == ["rebuild", "build"]
