"""Alerts: what whoever is on call must know about a run, and how it is sent.

An alert is appended to ``alerts.jsonl`` in the data folder, and sent by e-mail and to a webhook if the settings name
them. A channel that fails stops no other channel, and what it could not send is printed on the error stream. So a full
disk, which may itself be the reason for the alert, does not silence it.
"""

import smtplib
import socket
import ssl
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from pipelines.settings import Settings, settings

FILE = "alerts.jsonl"
# A folder with other entries and none of these is not a data folder.
OURS = {"archive", "releases", "dagster", FILE}
SECONDS = 20  # for each step of an exchange with a server
SUBJECT_LENGTH = 150


@dataclass(frozen=True)
class Alert:
    """What happened: in which run (empty if in none) and job, with a sentence for each problem."""

    job: str
    problems: tuple[str, ...]
    run: str = ""
    at: str = ""

    @property
    def message(self) -> str:
        """All problems in one line."""
        return "; ".join(self.problems)


def send(folder: Path, alert: Alert) -> list[str]:
    """Send an alert about a data folder by every channel; return a sentence for each channel that failed.

    An alert about a run that already has one is not sent again.
    """
    if alert.run and alert.run in _alerted_runs(folder):
        return []
    stamped = Alert(alert.job, alert.problems, alert.run, alert.at or datetime.now(UTC).isoformat())
    failed = []
    for name, channel in _channels(folder, settings()):
        try:
            channel(stamped)
        except (OSError, smtplib.SMTPException, HTTPException) as error:
            failed.append(f"the alert cannot be sent by {name}: {error}")
    for problem in failed:
        print(f"{problem}; it is: {stamped.job}: {stamped.message}", file=sys.stderr, flush=True)  # noqa: T201
    return failed


def last(folder: Path) -> dict[str, str] | None:
    """The last alert in the file of a data folder; None if there is none."""
    lines = _lines(folder)
    return lines[-1] if lines else None


def channel_names(found: Settings) -> list[str]:
    """The names of the channels that the settings select."""
    return [name for name, _ in _channels(Path(), found)]


def _lines(folder: Path) -> list[dict[str, str]]:
    """The alerts in the file. A line that a full disk cut is left out."""
    path, found = folder / FILE, []
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            found.append(orjson.loads(line))
        except orjson.JSONDecodeError:
            continue
    return found


def _alerted_runs(folder: Path) -> set[str]:
    return {line["run"] for line in _lines(folder)}


def _channels(folder: Path, found: Settings) -> Iterator[tuple[str, Callable[[Alert], None]]]:
    """The channels that the settings select, with their names."""
    yield f"the file {FILE}", lambda alert: _append(folder, alert)
    if found.alert_mail:
        yield "e-mail", lambda alert: _mail(found, folder, alert)
    if found.alert_webhook:
        address = found.alert_webhook.get_secret_value()
        yield "webhook", lambda alert: _post(address, folder, alert)


def _append(folder: Path, alert: Alert) -> None:
    """Append the alert to the file as one line. Raises ``FileNotFoundError`` for a folder of something else."""
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no data folder {folder}")
    entries = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    if entries and not entries & OURS:
        raise FileNotFoundError(f"the folder {folder} has no data of Corridor")
    line = {"at": alert.at, "run": alert.run, "job": alert.job, "message": alert.message}
    with (folder / FILE).open("ab", buffering=0) as file:
        file.write(orjson.dumps(line) + b"\n")


def _mail(found: Settings, folder: Path, alert: Alert) -> None:
    """Send the alert by e-mail. With a password the connection must be secured, else the server need not have TLS.

    The error of a server names its address.
    """
    host = socket.gethostname()
    mail = EmailMessage()
    mail["Subject"] = f"[Corridor {host}] {alert.job}: {alert.problems[0]}".replace("\n", " ")[:SUBJECT_LENGTH]
    mail["From"] = found.alert_sender or f"corridor@{host}"
    mail["To"] = found.alert_mail
    mail.set_content("\n".join([*alert.problems, "", *_facts(folder, alert)]))
    try:
        _deliver(found, mail)
    except (OSError, smtplib.SMTPException) as error:
        raise OSError(f"{urlsplit(found.smtp).netloc.rpartition('@')[2]}: {error}") from error


def _deliver(found: Settings, mail: EmailMessage) -> None:
    """Hand an e-mail to the server of the settings."""
    server, secured = urlsplit(found.smtp), ssl.create_default_context()
    name, port = server.hostname or "localhost", server.port
    connection: smtplib.SMTP
    if server.scheme == "smtps":
        connection = smtplib.SMTP_SSL(name, port or 465, timeout=SECONDS, context=secured)
    else:
        connection = smtplib.SMTP(name, port or 25, timeout=SECONDS)
    with connection:
        password = found.smtp_password.get_secret_value() if found.smtp_password else ""
        if password and server.scheme == "smtp":
            connection.starttls(context=secured)
        if password:
            connection.login(found.smtp_user or "", password)
        connection.send_message(mail)


# Not with requests: the messages of its errors hold the address of the request, which is a secret here.
class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: a POST that is answered with one was not received."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _post(address: str, folder: Path, alert: Alert) -> None:
    """Send the alert to a webhook as JSON; ``text`` is what Slack, Mattermost and others show."""
    text = "\n".join([f"*Corridor {socket.gethostname()}, {alert.job}*", *alert.problems])
    facts = {"at": alert.at, "run": alert.run, "job": alert.job, "problems": alert.problems, "data": str(folder)}
    request = urllib.request.Request(  # noqa: S310 - the settings allow http and https only
        address, orjson.dumps({"text": text, **facts}), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.build_opener(_NoRedirect).open(request, timeout=SECONDS):
        pass


def _facts(folder: Path, alert: Alert) -> list[str]:
    """Where and when it happened, and where to look."""
    run = [f"Run: {alert.run}"] if alert.run else []
    return [f"Data folder: {folder}", f"At: {alert.at}", *run, "See `corridor status` and the Dagster UI."]
