"""The history of a dataset: its archived answers, read once each, and folded into what was known when.

Every answer is read under a fingerprint of its own, and every vintage is followed under one of all before it. So a new
payload costs what it holds and the state before it; an older one that arrives late is put in its place, and what came
after it is followed again.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import orjson
import polars as pl

from assets import tables, vintages
from assets.errors import AssetError
from assets.house import House
from assets.observations import observe
from assets.payloads import statements, vintage
from assets.records import record
from assets.translation import Observed
from assets.work import fingerprint
from sources import formats
from sources.catalogue import datasets
from sources.errors import SourceError
from warehouse.archive import Fetch
from warehouse.contracts import Contract, contract

# The slices of a dataset are received one after the other, and stamped at one release of its publisher.
ONE_VINTAGE = timedelta(days=1)


@dataclass(frozen=True)
class Read:
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
class Answer(Read):
    """An archived answer to one request: its pages, and what was read of them or why it cannot be read."""

    slice: str
    pages: tuple[Fetch, ...]
    mark: str

    @property
    def facts(self) -> dict[str, object]:
        """``rows`` (how many), ``at`` (ISO, null without rows), ``page`` and ``error`` where one cannot be read."""
        return dict(orjson.loads((self.folder / "facts.json").read_bytes()))

    @property
    def at(self) -> datetime | None:
        """When its publisher said it; None where it says nothing."""
        at = self.facts["at"]
        return datetime.fromisoformat(str(at)) if at else None


@dataclass(frozen=True)
class Vintage:
    """What was said at one time: the answers, one a slice."""

    at: datetime
    answers: tuple[Answer, ...]

    @property
    def whole(self) -> bool:
        """Whether one of the answers is of the whole dataset, as far as its request or a person's file says."""
        return any(not answer.slice or answer.slice.startswith("import ") for answer in self.answers)


def answers(house: House, name: str) -> dict[str, list[Answer]]:
    """Every archived answer of ``publisher/dataset`` by its slice, in the order of their reception."""
    publisher, _ = datasets()[name]
    stated = statements(house, publisher, name.partition("/")[2])
    return {key: [_answer(house, name, key, pages) for pages in found] for key, found in stated.items()}


def _answer(house: House, name: str, key: str, pages: tuple[Fetch, ...]) -> Answer:
    identity = [
        (str(page.payload), page.at.isoformat(), page.published, page.headers.get("last-modified")) for page in pages
    ]
    mark = fingerprint("answer", name, key, identity)
    label = f"{name}/{hashlib.sha256(repr((key, identity)).encode()).hexdigest()[:16]}"
    folder = house.work.made("answers", label, mark, lambda aside: _read(house, name, pages, aside))
    return Answer(folder, key, pages, mark)


def _read(house: House, name: str, pages: tuple[Fetch, ...], folder: Path) -> None:
    publisher, entry = datasets()[name]
    schema = contract(entry.table).polars_schema
    parts: list[Observed] = []
    error = None
    for page in pages:
        path = house.archive.payload_path(str(page.payload))
        try:
            with formats.opened(path, max_unpacked=publisher.limits.max_unpacked) as plain:
                read = record if entry.record else observe
                cells = formats.read(plain, publisher.publisher, _published(page))
                parts.append(read(cells, publisher, page.dataset, vintage(page)))
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
    at = rows["known_from"].max()
    facts = {"rows": rows.height, "at": at if isinstance(at, datetime) else None, "page": page_at_fault, "error": error}
    (folder / "facts.json").write_bytes(orjson.dumps(facts))


def _published(page: Fetch) -> date | None:
    """The day that a person gave for an import: prose may not say of which period it speaks."""
    return datetime.fromisoformat(page.published).date() if page.published else None


def in_order(found: Iterable[Answer]) -> list[Vintage]:
    """The vintages that answers make, oldest first: answers to different requests within a day are one."""
    timed = sorted(((answer.at, answer.slice, answer) for answer in found if answer.at), key=lambda item: item[:2])
    groups: list[list[Answer]] = []
    for at, key, answer in timed:
        first = groups[-1][0].at if groups else None
        near = first is not None and at - first <= ONE_VINTAGE
        if near and all(other.slice != key for other in groups[-1]):
            groups[-1].append(answer)
        else:
            groups.append([answer])
    return [Vintage(max(answer.at for answer in group if answer.at), tuple(group)) for group in groups]


def states(house: House, name: str, found: Iterable[Answer]) -> list[Path]:
    """The folder of the state after each vintage, oldest first: current, closed and revisions as Parquet."""
    _, entry = datasets()[name]
    declared = contract(entry.table)
    folders: list[Path] = []
    mark = ""
    for number, said in enumerate(in_order(found)):
        before = folders[-1] if folders else None
        mark = fingerprint("vintage", mark, said.at, [answer.mark for answer in said.answers])
        label = f"{name}/{number:05}"
        folders.append(house.work.made("vintages", label, mark, lambda aside: _follow(said, before, declared, aside)))  # noqa: B023
    return folders


def _follow(said: Vintage, before: Path | None, declared: Contract, folder: Path) -> None:
    known = pl.read_parquet(before / "current.parquet") if before else vintages.begin(declared).current
    rows = pl.concat(
        [answer.frame.with_columns(pl.lit(answer.slice).alias(vintages.REQUEST)) for answer in said.answers]
    ).collect()
    # Slices may overlap: a corridor between two jurisdictions is in the answers for both. What was said last stands.
    once = rows.sort("known_from", "payload", "locator", descending=[True, False, False]).unique(
        declared.key, keep="first", maintain_order=True
    )
    state = vintages.follow(known, once, said.at, declared, whole=said.whole)
    state.current.write_parquet(folder / "current.parquet")
    state.closed.write_parquet(folder / "closed.parquet")
    state.revisions.write_parquet(folder / "revisions.parquet")
