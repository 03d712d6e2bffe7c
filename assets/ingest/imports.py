"""Imports: a payload that a person downloaded enters the archive."""

from datetime import UTC, datetime
from pathlib import Path

from assets.core.workspace import Workspace
from sources.catalogue.model import Publisher
from warehouse.archive import Fetch


def import_file(workspace: Workspace, publisher: Publisher, name: str, path: Path, published: datetime | None) -> Fetch:
    """Store the file as a payload of the dataset and record it in the ledger; return the line of the ledger.

    An imported payload is used in snapshot and in live mode. ``published`` is when the publisher published it.
    """
    payload = workspace.archive.store(path)
    fetch = Fetch(
        at=datetime.now(UTC),
        transport="import",
        publisher=publisher.publisher,
        dataset=name,
        slice=f"import {payload[:12]}",
        url=path.name,
        params={},
        status=200,
        headers={},
        seconds=0.0,
        bytes=path.stat().st_size,
        payload=payload,
        error=None,
        published=published.isoformat() if published else None,
    )
    workspace.archive.append(fetch)
    return fetch
