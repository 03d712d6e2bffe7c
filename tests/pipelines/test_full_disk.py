"""An error of Dagster's database on a full disk is reported as a full disk, and not as damaged records."""

from pathlib import Path

import pytest
from sqlalchemy.exc import DatabaseError

from assets.core.errors import AssetError
from pipelines import instance


@pytest.mark.parametrize(
    ("least_free", "text", "reason"),
    [
        (1 << 60, "disk I/O error", "the disk with .* is full"),
        (0, "database or disk is full", "the disk with .* is full"),
        (0, "file is not a database", "cannot be used .* remove that folder"),
    ],
)
def test_a_full_disk_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, least_free: int, text: str, reason: str
) -> None:
    monkeypatch.setattr(instance, "LEAST_FREE", least_free)
    with pytest.raises(AssetError, match=reason), instance.open_instance(tmp_path):
        raise DatabaseError("INSERT", {}, Exception(text))
