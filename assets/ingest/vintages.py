"""Vintages: the responses of a dataset in the order of publication, folded into what was known when.

Each vintage is stored under a fingerprint of all vintages before it. A new payload costs its own size and that of the
state before it. An older payload that arrives late is inserted, and the vintages after it are computed again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl

from assets.core.stage_cache import fingerprint
from assets.core.workspace import Workspace
from assets.ingest import bitemporal
from assets.ingest.stored import ReadResponse
from sources.catalogue import datasets
from warehouse.contracts import Contract, contract

# The slices of a dataset are received one after the other, but belong to one publication of its publisher.
ONE_VINTAGE = timedelta(days=1)


@dataclass(frozen=True)
class Vintage:
    """The responses that belong to one publication, published from ``since`` to ``at``, one a slice."""

    at: datetime
    since: datetime
    responses: tuple[ReadResponse, ...]

    @property
    def whole(self) -> bool:
        """Whether one of the responses covers the whole dataset: it has no slice, or a person imported it."""
        return any(not response.slice or response.slice.startswith("import ") for response in self.responses)


def vintages_of(found: Iterable[ReadResponse], *, documents: bool = False) -> list[Vintage]:
    """The vintages, oldest first. Responses to different requests within a day are one vintage.

    If the responses are ``documents``, each document is a vintage of its own.
    """
    timed = sorted(
        ((at, response.slice, response) for response in found for at in response.times), key=lambda item: item[:2]
    )
    groups: list[list[tuple[datetime, ReadResponse]]] = []
    for at, _, response in timed:
        if groups and _same_vintage(groups[-1], at, response, documents=documents):
            groups[-1].append((at, response))
        else:
            groups.append([(at, response)])
    return [
        Vintage(group[-1][0], group[0][0], tuple({id(item): item for _, item in group}.values())) for group in groups
    ]


def _same_vintage(
    group: list[tuple[datetime, ReadResponse]], at: datetime, response: ReadResponse, *, documents: bool
) -> bool:
    """Whether a response continues a vintage: the same document, or another slice published within a day."""
    if documents:
        return group[-1][1] is response
    return at - group[0][0] <= ONE_VINTAGE and all(other.slice != response.slice for _, other in group)


def without_replaced_tables(found: Mapping[str, list[ReadResponse]]) -> dict[str, list[ReadResponse]]:
    """Slice → the responses without those that a later table of documents contains in full."""
    kept: dict[str, list[ReadResponse]] = {}
    for key, given in found.items():
        tables = [number for number, response in enumerate(given) if len(response.times) > 1]
        kept[key] = given[tables[-1] if tables else 0 :]
    return kept


def states(workspace: Workspace, name: str, found: Iterable[ReadResponse]) -> list[Path]:
    """The folder of the state after each vintage, oldest first: current, closed and revisions as Parquet."""
    publisher, entry = datasets()[name]
    declared, documents = contract(entry.table), publisher.endpoints[entry.endpoint].articles is not None
    folders: list[Path] = []
    stage = ""
    for number, vintage in enumerate(vintages_of(found, documents=documents)):
        before = folders[-1] if folders else None
        inputs = [response.fingerprint for response in vintage.responses]
        stage = fingerprint("vintage", stage, vintage.since, vintage.at, inputs)
        build = partial(_apply, vintage, before, declared, documents)
        folders.append(workspace.stage_cache.get_or_build("vintages", f"{name}/{number:05}", stage, build))
    return folders


def _apply(vintage: Vintage, before: Path | None, declared: Contract, documents: bool, folder: Path) -> None:
    """Apply a vintage to the state before it and store the state after it."""
    known = pl.read_parquet(before / "current.parquet") if before else bitemporal.empty_state(declared).current
    parts = [response.published_between(vintage.since, vintage.at) for response in vintage.responses]
    rows = pl.concat(parts).collect()
    # Slices may overlap: a corridor between two jurisdictions is in the responses for both. The newest row is used.
    if rows.select(declared.key).is_duplicated().any():
        newest = rows.sort("known_from", "payload", "locator", descending=[True, False, False])
        rows = newest.unique(declared.key, keep="first", maintain_order=True)
    state = bitemporal.apply_vintage(known, rows, vintage.at, declared, whole=vintage.whole, documents=documents)
    state.current.write_parquet(folder / "current.parquet")
    state.closed.write_parquet(folder / "closed.parquet")
    state.revisions.write_parquet(folder / "revisions.parquet")
