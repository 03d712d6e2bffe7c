"""A payload that cannot be read is rejected with a reason, and nothing else ends: no reader error, no damaged file."""

import shutil
from pathlib import Path

import pytest

from assets import stages
from assets.core.workspace import Workspace
from assets.ingest.fetch import receive
from sources import isolated, reading
from sources.catalogue import datasets

DATASET = "worldbank/SP.POP.TOTL"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    opened = Workspace(tmp_path / "data")
    receive(opened, datasets()[DATASET][0], DATASET.partition("/")[2])
    return opened


def payload_of(workspace: Workspace) -> Path:
    (fetch,) = workspace.archive.fetches()
    return workspace.archive.payload_path(str(fetch.payload))


def test_an_unforeseen_error_of_a_reader_rejects_the_payload_only(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("division by zero\nsecond line")

    monkeypatch.setattr(reading, "read", fail)
    monkeypatch.setattr(isolated, "call", lambda _size, function, *given: function(*given))
    result = stages.observations(workspace, DATASET)
    assert result.frame.collect().is_empty()
    (reason,) = result.failures
    assert reason.startswith(f"{DATASET} (")
    assert reason.endswith("the reader failed: ZeroDivisionError: division by zero")


def test_a_full_disk_is_no_fault_of_the_payload(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reading, "read", fail)
    monkeypatch.setattr(isolated, "call", lambda _size, function, *given: function(*given))
    with pytest.raises(OSError, match="No space left"):
        stages.observations(workspace, DATASET)


@pytest.mark.parametrize("damage", ["a changed digit", "a missing file"])
def test_a_damaged_payload_is_never_read_and_the_next_build_repairs_it(workspace: Workspace, damage: str) -> None:
    before = stages.observations(workspace, DATASET).frame.collect()
    assert before.height > 0
    path = payload_of(workspace)
    content = path.read_bytes()
    path.chmod(0o644)
    if damage == "a missing file":
        path.unlink()
    else:
        position = next(at for at, byte in enumerate(content) if byte in b"123456789" and at > len(content) // 2)
        path.write_bytes(content[:position] + b"0" + content[position + 1 :])
    shutil.rmtree(workspace.stage_cache.root)
    result = stages.observations(workspace, DATASET)
    assert result.frame.collect().is_empty()
    assert "is damaged" in result.failures[0]
    reception = receive(workspace, datasets()[DATASET][0], DATASET.partition("/")[2])
    assert (reception.received, reception.failures) == (1, ())
    assert path.read_bytes() == content
    repaired = stages.observations(workspace, DATASET)
    assert repaired.failures == []
    assert repaired.frame.collect().equals(before)
