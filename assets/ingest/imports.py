"""Imports: a payload that a person downloaded enters the archive, or is taken out of use again."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from assets.core.errors import AssetError
from assets.core.workspace import Workspace
from assets.ingest.reading import PayloadRows, rows_within_limits, why_empty
from assets.normalise.codes import Origin
from sources import reading
from sources.catalogue.model import Publisher
from warehouse.archive import Fetch
from warehouse.errors import shortened
from warehouse.files import sha256
from warehouse.ledger import lines_in_use

# No source has an edition that is older.
FIRST_YEAR = 1900
SHOWN, LONGEST = 2, 120  # sentences of an error, and their characters


@dataclass(frozen=True)
class Imported:
    """The line of the ledger for an import, and the rows that were read from its payload."""

    fetch: Fetch
    rows: PayloadRows


def import_file(
    workspace: Workspace, publisher: Publisher, name: str, path: Path, published: datetime | None
) -> Imported:
    """Read the file, store it as a payload of the dataset and record it in the ledger.

    An imported payload is used in snapshot and in live mode. ``published`` is when the publisher published it; it
    replaces the day of an earlier import of the same payload. A payload that states no time of publication, without
    ``published``, only adds figures and replaces none. ``AssetError`` or ``SourceError`` if the payload is of another
    dataset, cannot be read, or gives no row.
    """
    now = datetime.now(UTC)
    if published is not None and published > now:
        raise AssetError(f"{published:%Y-%m-%d} is in the future, so {path.name} cannot have been published then")
    if published is not None and published.year < FIRST_YEAR:
        raise AssetError(f"{published.date()} is before {FIRST_YEAR}, so {path.name} cannot have been published then")
    origin = Origin(sha256(path), now, published)
    with reading.opened(path, max_unpacked=publisher.limits.max_unpacked) as plain:
        rows = rows_within_limits(plain, publisher, name, origin, path)
    held = rows.normalised.held
    if rows.normalised.observations.is_empty() and (held is None or held.is_empty()):
        why = _why_unread(rows.normalised.unread) or why_empty(rows.normalised.unmatched)
        raise AssetError(f"{path.name} has no row for {publisher.publisher}/{name}: {why}")
    payload = workspace.archive.store(path)
    fetch = Fetch(
        at=now,
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
    return Imported(fetch, rows)


def _why_unread(unread: pl.DataFrame | None) -> str | None:
    """The first sentences with figures that were not read, and why. None if there is no such sentence."""
    if unread is None or unread.is_empty():
        return None
    shown = "; ".join(
        f"“{str(row['sentence'])[:LONGEST]}” ({row['why']})" for row in unread.head(SHOWN).iter_rows(named=True)
    )
    count = "1 sentence with figures was" if unread.height == 1 else f"{unread.height:,} sentences with figures were"
    return f"{count} not read, for example {shown}"


def withdraw(workspace: Workspace, payload: str, because: str) -> list[Fetch]:
    """Take a payload out of use; return the lines that record it in the ledger, one for each dataset that has it.

    ``payload`` is a sha256 or the beginning of one. The bytes stay in the archive. ``AssetError`` if no payload in
    use, or several, begin with it.
    """
    fetches = workspace.archive.fetches()
    in_use = [fetches[position] for position in lines_in_use(fetches)]
    named = [fetch for fetch in in_use if payload and str(fetch.payload).startswith(payload)]
    payloads = sorted({str(fetch.payload) for fetch in named})
    if not payloads:
        raise AssetError(f"no payload in use begins with {payload!r}")
    if len(payloads) > 1:
        shown = shortened([sha256[:12] for sha256 in payloads], 5)
        raise AssetError(f"{len(payloads)} payloads begin with {payload!r}: {shown}; give more characters")
    if not because.strip():
        raise AssetError("a reason is needed to withdraw a payload")
    last = {(fetch.publisher, fetch.dataset): fetch for fetch in named}
    lines = [
        replace(
            fetch,
            at=datetime.now(UTC),
            transport="import",  # no response of the publisher: it counts for no mode and as no failure
            status=None,
            headers={},
            seconds=0.0,
            error=f"withdrawn by a person: {because}",
            withdrawn=because,
        )
        for fetch in last.values()
    ]
    for line in lines:
        workspace.archive.append(line)
    return lines
