"""Repair: a damaged or removed payload is received again, from the snapshot or the publisher, or is named as lost."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assets import stages
from assets.core.workspace import Workspace
from assets.ingest.fetch import receive
from assets.ingest.imports import import_file, withdraw
from pipelines.doctor import diagnosis
from pipelines.repairing import repaired
from sources import catalogue
from tests.support.publisher_double import Double, displaced
from tests.support.small_workspace import small_workspace

NAME = "unhcr/population"
AT = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
def publishers() -> Iterator[Double]:
    with small_workspace() as running:
        yield running


@pytest.fixture
def workspace(publishers: Double, tmp_path: Path) -> Workspace:
    publishers.reset()
    workspace = Workspace(tmp_path / "data", "live")
    assert receive(workspace, catalogue.publishers()["unhcr"], "population").failures == ()
    return workspace


def payloads(workspace: Workspace) -> list[Path]:
    names = {str(fetch.payload) for fetch in workspace.archive.fetches()}
    return [workspace.archive.payload_path(name) for name in sorted(names)]


def flip(path: Path) -> None:
    """Change a digit of a payload, so that it can still be read."""
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(content.replace(b"2020", b"2021"))


def problems(workspace: Workspace) -> list[str]:
    return [finding.message for finding in diagnosis(workspace) if finding.what == "archive" and not finding.ok]


@pytest.mark.parametrize("damage", ["changed", "removed"])
def test_a_damaged_payload_is_received_again_although_the_publisher_would_confirm_it(
    workspace: Workspace, publishers: Double, damage: str
) -> None:
    before = stages.observations(workspace, NAME).frame.collect()
    path = payloads(workspace)[0]
    content = path.read_bytes()
    flip(path) if damage == "changed" else path.unlink()
    assert bool(problems(workspace)) == (damage == "removed")  # equal sizes: only verify reads the bytes
    publishers.requested_addresses()
    (result,) = repaired(workspace, AT)
    assert result.healed
    assert "was received again from the publisher" in result.what
    assert path.read_bytes() == content
    assert repaired(workspace, AT) == []
    assert workspace.archive.verify() == []
    assert stages.observations(workspace, NAME).frame.collect().equals(before)


def test_a_payload_that_the_publisher_replaced_is_lost_and_the_new_one_is_used(
    workspace: Workspace, publishers: Double
) -> None:
    path = payloads(workspace)[0]
    path.unlink()
    publishers.unhcr["population"][0] = displaced("CHN", "AUT", 2020, 777)
    results = repaired(workspace, AT)
    assert not all(result.healed for result in results)
    assert "is lost: the publisher now has other content" in next(one.what for one in results if not one.healed)
    assert receive(workspace, catalogue.publishers()["unhcr"], "population").failures == ()
    assert 777.0 in stages.observations(workspace, NAME).frame.collect()["value"].to_list()
    (damage,) = {item.where for item in workspace.archive.quick_check()}
    withdraw(workspace, damage, "lost")
    assert workspace.archive.verify() == []
    assert repaired(workspace, AT) == []


def test_a_lost_import_is_named_with_its_file(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("Year,Country of origin (ISO),Country of asylum (ISO),Refugees\n2020,CHN,DEU,5\n")
    fetch = import_file(workspace, catalogue.publishers()["unhcr"], "population", path, AT.replace(year=2021)).fetch
    workspace.archive.payload_path(str(fetch.payload)).unlink()
    (result,) = repaired(workspace, AT)
    assert not result.healed
    assert "import export.csv again with `corridor import unhcr/population export.csv`" in result.what
    import_file(workspace, catalogue.publishers()["unhcr"], "population", path, AT.replace(year=2021))
    assert repaired(workspace, AT) == []


def test_a_lost_payload_is_reported_and_repaired_unless_it_is_withdrawn_now(
    workspace: Workspace, tmp_path: Path
) -> None:
    lost = payloads(workspace)[0]
    content = lost.read_bytes()
    copy = tmp_path / "download.json"
    copy.write_bytes(content)
    withdraw(workspace, lost.name, "it was another table")
    lost.unlink()
    assert (repaired(workspace, AT), workspace.archive.verify()) == ([], [])
    import_file(workspace, catalogue.publishers()["unhcr"], "population", copy, None)
    lost.unlink()
    assert {damage.where for damage in workspace.archive.quick_check()} == {lost.name}
    assert "is not in the archive" in workspace.archive.verify()[0].why
    (result,) = repaired(workspace, AT)
    assert result.healed
    assert lost.read_bytes() == content


def test_a_payload_of_the_snapshot_is_received_from_the_snapshot(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "data", "snapshot")
    assert receive(workspace, catalogue.publishers()["eurostat"], "tps00176").failures == ()
    path = payloads(workspace)[0]
    path.chmod(0o644)
    path.write_bytes(b"")
    assert "it has 0 bytes" in problems(workspace)[0]
    (result,) = repaired(workspace, AT)
    assert result.healed
    assert "from the embedded snapshot" in result.what


def test_reading_notices_damaged_bytes(workspace: Workspace) -> None:
    flip(payloads(workspace)[0])
    failures = stages.observations(workspace, NAME).failures
    assert len(failures) == 1
    assert "the payload in the archive is damaged" in failures[0]
    assert "`corridor repair`" in failures[0]


def test_a_removed_ledger_stops_a_build_until_it_is_repaired(workspace: Workspace) -> None:
    workspace.archive.ledger.unlink()
    assert "it is missing" in problems(workspace)[0]
    result, lost = repaired(workspace, AT)
    assert result.healed
    assert not lost.healed
    assert workspace.archive.fetches() == []
    assert problems(workspace) == []


def test_repair_counts_the_fetches_that_are_gone_and_the_payloads_that_no_line_names(workspace: Workspace) -> None:
    ledger = workspace.archive.ledger
    lines = ledger.read_bytes().splitlines(keepends=True)
    stored = len({path.name for path in payloads(workspace)})
    ledger.write_bytes(b"")
    *_, lost = repaired(workspace, AT)
    assert lost.what.startswith(
        f"the ledger: {len(lines):,} of {len(lines):,} fetches are gone, and no line names {stored} payloads"
    )
    assert repaired(workspace, AT) == []
