"""Acceptances: a person decides that rows are right although a check fails on them. The changelog lists them."""

import os
from dataclasses import dataclass

import orjson

from assets.core.workspace import Workspace

# The table of figures that are held back. An acceptance of one of them has its name as ``check`` and no fingerprint.
HELD = "held_figure"


@dataclass(frozen=True)
class Acceptance:
    """The rows of a table, by fingerprint, on which a person accepts that a check fails, and the reason."""

    table: str
    check: str
    fingerprint: str
    because: str
    at: str


def record_acceptance(workspace: Workspace, given: Acceptance) -> None:
    """Append an acceptance to ``accepted.jsonl``. First end a line that a killed process left incomplete."""
    with (workspace.data / "accepted.jsonl").open("a+b") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 1))
        begun = file.read(1) not in (b"", b"\n")
        file.write((b"\n" if begun else b"") + orjson.dumps(given, option=orjson.OPT_APPEND_NEWLINE))
        file.flush()
        os.fsync(file.fileno())


def acceptances(workspace: Workspace) -> list[Acceptance]:
    """Every acceptance, oldest first. A damaged line accepts nothing, and its check fails as before."""
    path = workspace.data / "accepted.jsonl"
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [given for line in lines if (given := _parsed(line))]


def _parsed(line: bytes) -> Acceptance | None:
    """The acceptance in a line; None if the line is damaged."""
    try:
        return Acceptance(**orjson.loads(line))
    except (ValueError, TypeError):
        return None


def accepted_checks(workspace: Workspace, fingerprint: str) -> dict[str, str]:
    """Accepted check → reason, for the rows with this fingerprint."""
    return {given.check: given.because for given in acceptances(workspace) if given.fingerprint == fingerprint}


def accepted_figures(workspace: Workspace) -> list[Acceptance]:
    """The acceptances of figures that are held back, oldest first."""
    return [given for given in acceptances(workspace) if given.table == HELD]


def accepted_payloads(workspace: Workspace, name: str) -> list[tuple[str, str]]:
    """Check and sha256 of each payload of a dataset that a person accepted although this check refuses it."""
    return sorted({(given.check, given.fingerprint) for given in acceptances(workspace) if given.table == name})
