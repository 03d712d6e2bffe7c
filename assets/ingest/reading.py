"""Reading: each archived response is read once, into observations or rows of law, and one response a slice is current.

A response that cannot be read, or that holds no rows although an earlier one did, is rejected: the last good one stays
in use.
"""

import hashlib
import logging
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import orjson
import polars as pl

from assets.core.errors import AssetError
from assets.core.stage_cache import fingerprint
from assets.core.workspace import Workspace
from assets.ingest.responses import Pages, origin_of, responses
from assets.ingest.stored import ReadResponse
from assets.normalise import tables
from assets.normalise.codes import Normalised
from assets.normalise.law import law_rows
from assets.normalise.statistics import observations_of
from sources import reading
from sources.catalogue import datasets
from sources.errors import SourceError
from warehouse.archive import Fetch
from warehouse.contracts import contract

log = logging.getLogger("corridor.read")

# The sentence of each figure of prose, and the title of its document.
SENTENCES = {"payload": pl.String(), "locator": pl.Int64(), "title": pl.String(), "sentence": pl.String()}

# Characters of an unforeseen error that are kept in the reason for a rejection.
LONGEST_REASON = 200


@dataclass(frozen=True)
class Rejection:
    """A newest payload that is not used, and the reason in one line that names the request."""

    payload: str
    reason: str


def read_responses(workspace: Workspace, name: str) -> dict[str, list[ReadResponse]]:
    """Slice → every archived response of ``publisher/dataset``, read, in the order of reception."""
    publisher, _ = datasets()[name]
    archived = responses(workspace, publisher, name.partition("/")[2])
    return {key: [_read_response(workspace, name, key, pages) for pages in found] for key, found in archived.items()}


def current_responses(
    name: str, found: dict[str, list[ReadResponse]]
) -> tuple[dict[str, ReadResponse], list[Rejection]]:
    """Slice → the response in use; and the newer payloads that were rejected."""
    current: dict[str, ReadResponse] = {}
    rejections: list[Rejection] = []
    for key, given in found.items():
        newest, rejected = _newest_good(name, given)
        rejections += rejected
        if newest is not None:
            current[key] = newest
    return current, rejections


def rejected_payloads(workspace: Workspace, name: str) -> frozenset[str]:
    """The sha256 of the newest payloads of a dataset that were rejected."""
    return frozenset(item.payload for item in current_responses(name, read_responses(workspace, name))[1])


def _read_response(workspace: Workspace, name: str, key: str, pages: Pages) -> ReadResponse:
    identity = [
        (str(page.payload), page.at.isoformat(), page.published, page.headers.get("last-modified")) for page in pages
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
    parts: list[Normalised] = []
    dated_rows = False
    error = None
    for page, damage in zip(pages, damages, strict=True):
        if damage:
            error = f"the payload in the archive is damaged, {damage}; the next build fetches it again"
            break
        part, dated_rows, error = _normalised(workspace, name, page)
        if part is None:
            break
        parts.append(part)
    facts = {"page": len(parts) if error else None, "error": error}
    rows = _write_parts(folder, contract(datasets()[name][1].table).polars_schema, [] if error else parts)
    times = rows["known_from"].drop_nulls().unique().sort().to_list()
    (folder / "times.json").write_bytes(orjson.dumps(times if dated_rows else times[-1:]))
    (folder / "facts.json").write_bytes(orjson.dumps({"rows": rows.height, **facts}))
    log.info("read %s%s: %s", name, _slice(pages[0]), error or f"{rows.height:,} rows")


def _normalised(workspace: Workspace, name: str, page: Fetch) -> tuple[Normalised | None, bool, str | None]:
    """The rows of one payload, whether each has a day of publication of its own, and the reason if there are no rows.

    Any error rejects this payload only: no payload may end a build. Errors of the machine, as a full disk, are raised.
    """
    publisher, entry = datasets()[name]
    normalise = law_rows if entry.record else observations_of
    path = workspace.archive.payload_path(str(page.payload))
    try:
        with reading.opened(path, max_unpacked=publisher.limits.max_unpacked) as plain:
            cells = reading.read(plain, publisher.publisher, _day_given(page))
            dated_rows = "published_at" in cells.frame.collect_schema()
            return normalise(cells, publisher, page.dataset, origin_of(page)), dated_rows, None
    except (SourceError, AssetError) as failure:
        return None, False, str(failure)
    except (OSError, MemoryError):
        raise
    except (Exception, pl.exceptions.PanicException) as failure:
        log.exception("the reader failed on payload %s of %s", page.payload, name)
        first_line = (str(failure).splitlines() or [""])[0][:LONGEST_REASON]
        return None, False, f"the reader failed: {type(failure).__name__}: {first_line}"


def _write_parts(folder: Path, schema: pl.Schema, parts: list[Normalised]) -> pl.DataFrame:
    """Write the rows and what was not read of all pages; return the rows, also those that are held back."""
    rows = pl.concat([pl.DataFrame(schema=schema), *(part.observations.cast(schema) for part in parts)])
    rows.write_parquet(folder / "rows.parquet")
    tables.unmatched_code(part.unmatched.lazy() for part in parts).write_parquet(folder / "unmatched.parquet")
    unread = [part.unread.lazy() for part in parts if part.unread is not None]
    tables.unread_sentence(unread).write_parquet(folder / "unread.parquet")
    with_reason = pl.Schema({**schema, "why": pl.String()})
    doubtful = (part.held.cast(with_reason) for part in parts if part.held is not None)
    held = pl.concat([pl.DataFrame(schema=with_reason), *doubtful])
    held.write_parquet(folder / "held.parquet")
    sentences = [part.sentences for part in parts if part.sentences is not None]
    pl.concat([pl.DataFrame(schema=SENTENCES), *sentences]).write_parquet(folder / "sentences.parquet")
    return pl.concat([rows, held.drop("why")])


def _day_given(page: Fetch) -> date | None:
    """The day of publication that a person gave for an import. Prose that names no year needs it."""
    return datetime.fromisoformat(page.published).date() if page.published else None


def _newest_good(name: str, given: list[ReadResponse]) -> tuple[ReadResponse | None, list[Rejection]]:
    """The newest response that can be read and has rows, and the rejections of those after it.

    If no response has rows, the newest empty one is used.
    """
    rejected: list[Rejection] = []
    empty: ReadResponse | None = None
    for response in reversed(given):
        facts = response.facts
        if facts["error"]:
            rejected.append(_rejection(name, response.pages[int(str(facts["page"]))], str(facts["error"])))
        elif facts["rows"]:
            if empty is not None:
                before = f"where {facts['rows']:,} observations were before"
                rejected.append(_rejection(name, empty.pages[0], f"{_why_empty(empty)} {before}"))
            return response, rejected
        else:
            empty = empty or response
    return empty, rejected


def _rejection(name: str, fetch: Fetch, why: str) -> Rejection:
    reason = f"{name}{_slice(fetch)} ({fetch.url}), payload {str(fetch.payload)[:12]}: {why}"
    return Rejection(str(fetch.payload), reason)


def _slice(fetch: Fetch) -> str:
    return f"[{fetch.slice}]" if fetch.slice else ""


def _why_empty(response: ReadResponse) -> str:
    """Why a response that can be read has no rows."""
    unmatched = response.unmatched.collect()
    if unmatched.is_empty():
        return "it is empty"
    code = unmatched.row(0, named=True)
    return f"every cell has an unknown code (as {code['dimension']} {code['source_code']!r})"
