"""The history of a dataset: its archived answers, read once each, and folded into what was known when.

Every answer is read under a fingerprint of its own, and every vintage is followed under one of all before it. So a new
payload costs what it holds and the state before it; an older one that arrives late is put in its place, and what came
after it is followed again.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import orjson
import polars as pl

from assets.core.errors import AssetError
from assets.core.stage_cache import fingerprint
from assets.core.workspace import Workspace
from assets.ingest import bitemporal
from assets.ingest.payloads import origin_of, statements
from assets.normalise import tables
from assets.normalise.codes import Normalised
from assets.normalise.law import law_rows
from assets.normalise.statistics import observations_of
from sources import reading
from sources.catalogue import datasets
from sources.errors import SourceError
from warehouse.archive import Fetch
from warehouse.contracts import Contract, contract

# The slices of a dataset are received one after the other, and stamped at one release of its publisher.
ONE_VINTAGE = timedelta(days=1)


@dataclass(frozen=True)
class StoredRows:
    """What was read of payloads, in a folder."""

    folder: Path

    @property
    def frame(self) -> pl.LazyFrame:
        """The rows, in the columns of the table's contract."""
        return pl.scan_parquet(self.folder / "rows.parquet")

    @property
    def unmatched(self) -> pl.LazyFrame:
        """Of observations: the codes that no crosswalk knows."""
        return pl.scan_parquet(self.folder / "unmatched.parquet")

    @property
    def unread(self) -> pl.LazyFrame:
        """Of observations: the sentences of prose whose figures were not read."""
        return pl.scan_parquet(self.folder / "unread.parquet")


@dataclass(frozen=True)
class ReadResponse(StoredRows):
    """An archived answer to one request: its pages, and what was read of them or why it cannot be read."""

    slice: str
    pages: tuple[Fetch, ...]
    mark: str

    @property
    def facts(self) -> dict[str, object]:
        """``rows`` (how many), ``page`` and ``error`` where one cannot be read."""
        return dict(orjson.loads((self.folder / "facts.json").read_bytes()))

    @property
    def times(self) -> tuple[datetime, ...]:
        """When its publisher said it, in order: several where it tells of several documents, none if it is silent."""
        return tuple(datetime.fromisoformat(at) for at in orjson.loads((self.folder / "times.json").read_bytes()))

    def said(self, since: datetime, until: datetime) -> pl.LazyFrame:
        """The rows of what was said between two of its times, and which request brought them."""
        several = len(self.times) > 1
        rows = self.frame.filter(pl.col("known_from").is_between(since, until)) if several else self.frame
        return rows.with_columns(pl.lit(self.slice).alias(bitemporal.REQUEST))


@dataclass(frozen=True)
class Vintage:
    """What was said at one time, or by one answer from ``since`` on: the answers, one a slice."""

    at: datetime
    since: datetime
    answers: tuple[ReadResponse, ...]

    @property
    def whole(self) -> bool:
        """Whether one of the answers is of the whole dataset, as far as its request or a person's file says."""
        return any(not answer.slice or answer.slice.startswith("import ") for answer in self.answers)


def answers(workspace: Workspace, name: str) -> dict[str, list[ReadResponse]]:
    """Every archived answer of ``publisher/dataset`` by its slice, in the order of their reception."""
    publisher, _ = datasets()[name]
    stated = statements(workspace, publisher, name.partition("/")[2])
    return {key: [_answer(workspace, name, key, pages) for pages in found] for key, found in stated.items()}


def _answer(workspace: Workspace, name: str, key: str, pages: tuple[Fetch, ...]) -> ReadResponse:
    identity = [
        (str(page.payload), page.at.isoformat(), page.published, page.headers.get("last-modified")) for page in pages
    ]
    mark = fingerprint("answer", name, key, identity)
    label = f"{name}/{hashlib.sha256(repr((key, identity)).encode()).hexdigest()[:16]}"
    folder = workspace.stage_cache.get_or_build(
        "answers", label, mark, lambda aside: _read(workspace, name, pages, aside)
    )
    return ReadResponse(folder, key, pages, mark)


def _read(workspace: Workspace, name: str, pages: tuple[Fetch, ...], folder: Path) -> None:
    publisher, entry = datasets()[name]
    schema = contract(entry.table).polars_schema
    parts: list[Normalised] = []
    apart = False
    error = None
    for page in pages:
        path = workspace.archive.payload_path(str(page.payload))
        try:
            with reading.opened(path, max_unpacked=publisher.limits.max_unpacked) as plain:
                normalise = law_rows if entry.record else observations_of
                cells = reading.read(plain, publisher.publisher, _published(page))
                apart = "said" in cells.frame.collect_schema()
                parts.append(normalise(cells, publisher, page.dataset, origin_of(page)))
        except (SourceError, AssetError) as failure:
            error = str(failure)
            break
    page_at_fault = len(parts) if error else None
    parts = [] if error else parts
    rows = pl.concat([pl.DataFrame(schema=schema), *(part.observations.cast(schema) for part in parts)])
    rows.write_parquet(folder / "rows.parquet")
    tables.unmatched_code(part.unmatched.lazy() for part in parts).write_parquet(folder / "unmatched.parquet")
    unread = [part.unread.lazy() for part in parts if part.unread is not None]
    tables.unread_sentence(unread).write_parquet(folder / "unread.parquet")
    times = rows["known_from"].drop_nulls().unique().sort().to_list()
    (folder / "times.json").write_bytes(orjson.dumps(times if apart else times[-1:]))
    facts = {"rows": rows.height, "page": page_at_fault, "error": error}
    (folder / "facts.json").write_bytes(orjson.dumps(facts))


def _published(page: Fetch) -> date | None:
    """The day that a person gave for an import: prose may not say of which period it speaks."""
    return datetime.fromisoformat(page.published).date() if page.published else None


def in_order(found: Iterable[ReadResponse], *, apart: bool = False) -> list[Vintage]:
    """The vintages that answers make, oldest first: answers to different requests within a day are one.

    Where they are documents, ``apart``, each is one of its own.
    """
    timed = sorted(((at, answer.slice, answer) for answer in found for at in answer.times), key=lambda item: item[:2])
    groups: list[list[tuple[datetime, ReadResponse]]] = []
    for at, _, answer in timed:
        if groups and _joins(groups[-1], at, answer, apart=apart):
            groups[-1].append((at, answer))
        else:
            groups.append([(at, answer)])
    return [
        Vintage(group[-1][0], group[0][0], tuple({id(said): said for _, said in group}.values())) for group in groups
    ]


def _joins(group: list[tuple[datetime, ReadResponse]], at: datetime, answer: ReadResponse, *, apart: bool) -> bool:
    """Whether an answer belongs to a vintage: it goes on with what it said, or another slice was said within a day."""
    if apart:
        return group[-1][1] is answer
    return at - group[0][0] <= ONE_VINTAGE and all(other.slice != answer.slice for _, other in group)


def _last_tables(found: Iterable[ReadResponse]) -> list[ReadResponse]:
    """The answers but for those before a table of several documents, of the same slice: it has all that they had."""
    kept: dict[str, list[ReadResponse]] = {}
    for answer in found:
        before = [] if len(answer.times) > 1 else kept.get(answer.slice, [])
        kept[answer.slice] = [*before, answer]
    return [answer for given in kept.values() for answer in given]


def states(workspace: Workspace, name: str, found: Iterable[ReadResponse]) -> list[Path]:
    """The folder of the state after each vintage, oldest first: current, closed and revisions as Parquet."""
    publisher, entry = datasets()[name]
    declared, prose = contract(entry.table), publisher.endpoints[entry.endpoint].articles is not None
    folders: list[Path] = []
    mark = ""
    for number, said in enumerate(in_order(_last_tables(found), apart=prose)):
        before = folders[-1] if folders else None
        mark = fingerprint("vintage", mark, said.since, said.at, [answer.mark for answer in said.answers])
        label = f"{name}/{number:05}"
        make = partial(_follow, said, before, declared, prose)
        folders.append(workspace.stage_cache.get_or_build("vintages", label, mark, make))
    return folders


def _follow(said: Vintage, before: Path | None, declared: Contract, prose: bool, folder: Path) -> None:
    known = pl.read_parquet(before / "current.parquet") if before else bitemporal.begin(declared).current
    rows = pl.concat([answer.said(said.since, said.at) for answer in said.answers]).collect()
    # Slices may overlap: a corridor between two jurisdictions is in the answers for both. What was said last stands.
    if rows.select(declared.key).is_duplicated().any():
        newest = rows.sort("known_from", "payload", "locator", descending=[True, False, False])
        rows = newest.unique(declared.key, keep="first", maintain_order=True)
    state = bitemporal.follow(known, rows, said.at, declared, whole=said.whole, prose=prose)
    state.current.write_parquet(folder / "current.parquet")
    state.closed.write_parquet(folder / "closed.parquet")
    state.revisions.write_parquet(folder / "revisions.parquet")
