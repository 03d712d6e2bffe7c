"""Reading: each archived response is read once, into observations or rows of law, and one response a slice is current.

A response that cannot be read, or that holds no rows although an earlier one did, is rejected: the last good one stays
in use.
"""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson
import polars as pl

import expectations
from assets.core.errors import AssetError
from assets.core.stage_cache import fingerprint
from assets.core.workspace import Workspace
from assets.ingest import extracts
from assets.ingest.responses import Pages, origin_of, responses
from assets.ingest.stored import ReadResponse
from assets.normalise import tables
from assets.normalise.codes import Normalised, Origin
from assets.normalise.law import law_rows
from assets.normalise.statistics import observations_of
from sources import isolated, reading
from sources.catalogue import datasets
from sources.catalogue.model import Publisher
from sources.errors import SourceError
from sources.request import shortened
from warehouse.archive import Fetch
from warehouse.contracts import contract
from warehouse.errors import CorridorError

log = logging.getLogger("corridor.read")

# The sentence of each figure of prose, and the title of its document.
SENTENCES = {"payload": pl.String(), "locator": pl.Int64(), "title": pl.String(), "sentence": pl.String()}

# Characters of an unforeseen error that are kept in the reason for a rejection.
LONGEST_REASON = 200

_REPAIR = "`corridor repair` fetches it again"


class UnforeseenError(AssetError):
    """A reader failed in a way that it does not handle itself."""


@dataclass(frozen=True)
class Rejection:
    """A newest payload that is not used, and the reason in one line that names the request."""

    payload: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class PayloadRows:
    """The rows of one payload and its format.

    ``dated_rows``: each row has a time of publication of its own. ``stated``: the publisher, the payload or the person
    who imported it states when it was published.
    """

    normalised: Normalised
    format: str
    dated_rows: bool
    stated: bool


def read_responses(workspace: Workspace, name: str) -> dict[str, list[ReadResponse]]:
    """Slice → every archived response of ``publisher/dataset``, read, in the order of reception."""
    publisher, _ = datasets()[name]
    archived = responses(workspace, publisher, name.partition("/")[2])
    return {key: [_read_response(workspace, name, key, pages) for pages in found] for key, found in archived.items()}


def current_responses(
    name: str, found: dict[str, list[ReadResponse]], refused: Mapping[str, str]
) -> tuple[dict[str, ReadResponse], list[Rejection]]:
    """Slice → the response in use; and the newer payloads that were rejected.

    ``refused``: fingerprint of each response that has too many unknown codes → the reason. A dataset whose responses
    all have no rows is rejected too, unless it consists of documents, of which many have no figure.
    """
    current: dict[str, ReadResponse] = {}
    rejections: list[Rejection] = []
    for key, archived in found.items():
        newest, rejected = _newest_good(name, archived, refused)
        rejections += rejected
        if newest is not None:
            current[key] = newest
    publisher, entry = datasets()[name]
    endpoint = publisher.endpoints[entry.endpoint]
    if endpoint.articles or endpoint.follow or any(response.facts["rows"] for response in current.values()):
        return current, rejections
    empty = [
        _rejection(name, response.pages[0], why_empty(response.unmatched.collect())) for response in current.values()
    ]
    return {}, [*rejections, *empty]


def rejected_payloads(workspace: Workspace, name: str) -> frozenset[str]:
    """The sha256 of the newest payloads of a dataset that cannot be used and must be requested again."""
    return frozenset(item.payload for item in current_responses(name, read_responses(workspace, name), {})[1])


def _read_response(workspace: Workspace, name: str, key: str, pages: Pages) -> ReadResponse:
    identity = [
        (str(page.payload), page.at.isoformat(), page.published, page.headers.get("last-modified"), _file_of(page))
        for page in pages
    ]
    stage = fingerprint("response", name, key, identity)
    label = f"{name}/{hashlib.sha256(repr((key, identity)).encode()).hexdigest()[:16]}"
    damages = [] if workspace.stage_cache.has("responses", label, stage) else _damages(workspace, pages)
    if any(damages):  # a result for damaged bytes must not be used after they are repaired
        stage = fingerprint(stage, damages)
    folder = workspace.stage_cache.get_or_build(
        "responses", label, stage, lambda target: _read(workspace, name, pages, damages, target)
    )
    return ReadResponse(folder, key, pages, stage)


def _damages(workspace: Workspace, pages: Pages) -> list[str | None]:
    """For each page why the archive cannot return its payload; None if the payload is intact."""
    return [workspace.archive.damage_of(str(page.payload)) for page in pages]


def _read(workspace: Workspace, name: str, pages: Pages, damages: list[str | None], folder: Path) -> None:
    """Read the pages of a response into the files of ``ReadResponse``."""
    parts: list[PayloadRows] = []
    error = None
    for page, damage in zip(pages, damages, strict=True):
        found = (
            f"the payload in the archive is damaged, {damage}; {_REPAIR}"
            if damage
            else _normalised(workspace, name, page)
        )
        if isinstance(found, str):
            error = found
            break
        parts.append(found)
    normalised = [] if error else [part.normalised for part in parts]
    facts: dict[str, object] = {
        "page": len(parts) if error else None,
        "error": error,
        "stated": all(part.stated for part in parts),
        "cells": sum(part.cells for part in normalised),
        "lost": sum(part.lost for part in normalised),
    }
    declared = contract(datasets()[name][1].table)
    rows = _write_parts(folder, declared.stored_schema, normalised)
    times = rows["known_from"].drop_nulls().unique().sort().to_list()
    dated_rows = any(part.dated_rows for part in parts)
    (folder / "times.json").write_bytes(orjson.dumps(times if dated_rows else times[-1:]))
    facts |= {"rows": rows.height, "sums": _sums(rows), "broken": expectations.broken_by_row(declared, rows)}
    (folder / "facts.json").write_bytes(orjson.dumps(facts))
    log.info("read %s%s: %s", name, _slice(pages[0]), error or f"{rows.height:,} rows")


def _normalised(workspace: Workspace, name: str, page: Fetch) -> PayloadRows | str:
    """The rows of one payload, or the reason why there are none.

    Any error rejects this payload only: no payload may end a build. Errors of the machine, such as a full disk, are
    raised.
    """
    publisher, _ = datasets()[name]
    path = workspace.archive.payload_path(str(page.payload))
    file = _file_of(page)
    try:
        with reading.opened(path, max_unpacked=publisher.limits.max_unpacked) as plain:
            return rows_within_limits(plain, publisher, page.dataset, origin_of(page), Path(file) if file else None)
    except (SourceError, AssetError) as failure:
        return str(failure)


def _file_of(page: Fetch) -> str | None:
    """The name of the file that a person imported; None for a response of a publisher."""
    return page.url if page.transport == "import" else None


def rows_within_limits(
    plain: Path, publisher: Publisher, name: str, origin: Origin, imported: Path | None = None
) -> PayloadRows:
    """``rows_of_payload`` in a process with limits of memory and time, so that any payload is read or refused."""
    try:
        return isolated.call(plain.stat().st_size, rows_of_payload, plain, publisher, name, origin, imported)
    except UnforeseenError as failure:
        level = logging.DEBUG if imported else logging.ERROR  # a person who imports reads the sentence
        trace = "\n".join(getattr(failure, "__notes__", []))
        log.log(level, "the reader failed on %s of %s/%s\n%s", origin.payload, publisher.publisher, name, trace)
        raise


def rows_of_payload(
    plain: Path, publisher: Publisher, name: str, origin: Origin, imported: Path | None = None
) -> PayloadRows:
    """The rows of one unpacked payload of a dataset. ``SourceError`` or ``AssetError`` if it cannot be read.

    ``imported`` is the name of the file that a person imported: it is cut to the slice of the dataset, and refused if
    it is another dataset. An error that the reader did not foresee becomes an ``UnforeseenError``; errors of the
    machine, such as a full disk, are raised unchanged.
    """
    entry = publisher.datasets[name]
    normalise = law_rows if entry.record else observations_of
    try:
        # The day that a person gave for an import: prose that names no year needs it.
        cells = reading.read(plain, publisher.publisher, origin.stamp.date() if imported and origin.stamp else None)
        if imported:
            extracts.refuse_other_dataset(cells, publisher, name, imported)
            cells = extracts.cut_to_slice(cells, entry)
        dated_rows = "published_at" in cells.frame.collect_schema()
        normalised = normalise(cells, publisher, name, origin)
    except (CorridorError, OSError, MemoryError):
        raise
    except (Exception, pl.exceptions.PanicException) as failure:
        first_line = (str(failure).splitlines() or [""])[0][:LONGEST_REASON]
        raise UnforeseenError(f"the reader failed: {type(failure).__name__}: {first_line}") from failure
    return PayloadRows(normalised, cells.format, dated_rows, dated_rows or bool(cells.updated or origin.stamp))


def _write_parts(folder: Path, schema: pl.Schema, parts: list[Normalised]) -> pl.DataFrame:
    """Write the rows and what was not read of all pages; return the rows, also those that are held back."""
    rows = pl.concat([pl.DataFrame(schema=schema), *(part.observations.cast(schema) for part in parts)])
    rows.write_parquet(folder / "rows.parquet")
    tables.unmatched_code(part.unmatched.lazy() for part in parts).write_parquet(folder / "unmatched.parquet")
    unread = [part.unread.lazy() for part in parts if part.unread is not None]
    tables.collected("unread_sentence", unread).write_parquet(folder / "unread.parquet")
    with_reason = pl.Schema({**schema, "why": pl.String()})
    doubtful = (part.held.cast(with_reason) for part in parts if part.held is not None)
    held = pl.concat([pl.DataFrame(schema=with_reason), *doubtful])
    held.write_parquet(folder / "held.parquet")
    sentences = [part.sentences for part in parts if part.sentences is not None]
    pl.concat([pl.DataFrame(schema=SENTENCES), *sentences]).write_parquet(folder / "sentences.parquet")
    return pl.concat([rows, held.drop("why")])


def _sums(rows: pl.DataFrame) -> list[tuple[object, ...]]:
    """For each indicator and unit of statistics: the number of figures, and the sum of their absolute values."""
    if not {"indicator", "unit", "value"} <= set(rows.columns):
        return []
    figures = rows.filter(pl.col("value").is_finite()).group_by("indicator", "unit")
    return figures.agg(pl.len(), pl.col("value").abs().sum()).sort("indicator", "unit").rows()


def _newest_good(
    name: str, archived: list[ReadResponse], refused: Mapping[str, str]
) -> tuple[ReadResponse | None, list[Rejection]]:
    """The newest response that can be read and has rows, and the rejections of those after it.

    If no response has rows, the newest empty one is used.
    """
    rejected: list[Rejection] = []
    empty: tuple[ReadResponse, list[Rejection]] | None = None
    for response in reversed(archived):
        facts = response.facts
        if facts["error"]:
            rejected.append(_rejection(name, response.pages[facts["page"]], facts["error"]))
        elif response.fingerprint in refused:
            rejected.append(_rejection(name, response.pages[0], refused[response.fingerprint]))
        elif facts["rows"]:
            if empty is not None:
                before = f"where {facts['rows']:,} observations were before"
                why = f"{why_empty(empty[0].unmatched.collect())} {before}"
                rejected.append(_rejection(name, empty[0].pages[0], why))
            return response, rejected
        elif empty is None:
            empty = response, [*rejected]
    return empty or (None, rejected)


def _rejection(name: str, fetch: Fetch, why: str) -> Rejection:
    reason = f"{name}{_slice(fetch)} ({shortened(fetch.url)}), payload {str(fetch.payload)[:12]}: {why}"
    if fetch.transport == "import":
        reason += "; `corridor withdraw` takes an import out of use"
    return Rejection(str(fetch.payload), reason, fetch.at)


def _slice(fetch: Fetch) -> str:
    return f"[{fetch.slice}]" if fetch.slice else ""


def why_empty(unmatched: pl.DataFrame) -> str:
    """Why a payload that can be read has no rows, from its unmatched codes."""
    if unmatched.is_empty():
        return "it is empty"
    code = unmatched.row(0, named=True)
    return f"every cell has an unknown code (for example {code['dimension']} {code['source_code']!r})"
