"""Vintages: the responses of a dataset in the order of publication, folded into what was known when.

Each vintage is stored under a fingerprint of all vintages before it. A new payload costs its own size and that of the
state before it. An older payload that arrives late is inserted, and the vintages after it are computed again.
"""

from collections.abc import Collection, Iterable, Mapping
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
from warehouse.rows import compact, has_duplicates, write

# The slices of a dataset are received one after the other, but belong to one publication of its publisher.
ONE_VINTAGE = timedelta(days=1)


@dataclass(frozen=True)
class Vintage:
    """The responses that belong to one publication, published from ``since`` to ``at``, one a slice.

    ``excerpt`` means that rows of the publisher are missing in them, so that a missing row was not withdrawn.
    """

    at: datetime
    since: datetime
    responses: tuple[ReadResponse, ...]
    excerpt: bool = False

    @property
    def whole(self) -> bool:
        """Whether one of the responses covers the whole dataset: it has no slice, or a person imported it."""
        return any(not response.slice or _imported(response) for response in self.responses)

    @property
    def adds_only(self) -> bool:
        """Whether its rows only fill gaps: an imported payload whose time of publication is unknown."""
        return self.responses[0].adds_only


def _imported(response: ReadResponse) -> bool:
    return response.slice.startswith("import ")


def vintages_of(
    found: Iterable[ReadResponse], *, documents: bool = False, excerpts: Collection[str] = ()
) -> list[Vintage]:
    """The vintages, oldest first. Responses to different requests within a day are one vintage.

    If the responses are ``documents``, each document is a vintage of its own, and so is each of the ``excerpts``, which
    are given by their slices.
    """
    timed = sorted(
        ((at, response.slice, response) for response in found for at in response.times), key=lambda item: item[:2]
    )
    groups: list[list[tuple[datetime, ReadResponse]]] = []
    for at, _, response in timed:
        own = documents or not {response.slice, groups[-1][-1][1].slice if groups else ""}.isdisjoint(excerpts)
        if groups and _same_vintage(groups[-1], at, response, documents=own):
            groups[-1].append((at, response))
        else:
            groups.append([(at, response)])
    return [
        Vintage(
            at=group[-1][0],
            since=group[0][0],
            responses=tuple({id(item): item for _, item in group}.values()),
            excerpt=group[0][1].slice in excerpts,
        )
        for group in groups
    ]


def _same_vintage(
    group: list[tuple[datetime, ReadResponse]], at: datetime, response: ReadResponse, *, documents: bool
) -> bool:
    """Whether a response continues a vintage: the same document, or another slice published within a day."""
    if documents or response.adds_only or group[-1][1].adds_only:
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
    editions = {edition.id for edition in entry.editions}
    excerpts = {edition.id for edition in entry.editions if edition.excerpt}
    vintages = vintages_of(found, documents=documents, excerpts=excerpts)
    for number, vintage in enumerate(vintages):
        before = folders[-1] if folders else None
        inputs = [response.fingerprint for response in vintage.responses]
        superseded = [] if documents else _superseded_imports(vintages[: number + 1], editions)
        stage = fingerprint("vintage", stage, vintage.since, vintage.at, inputs, superseded, vintage.excerpt)
        build = partial(_apply, vintage, before, declared, documents, superseded)
        folders.append(workspace.stage_cache.get_or_build("vintages", f"{name}/{number:05}", stage, build))
    return folders


def _how(vintage: Vintage, superseded: Collection[str], *, documents: bool) -> bitemporal.How:
    """How a vintage changes what is known. Documents, and files of an unknown day, only add to it."""
    if documents or vintage.adds_only:
        return bitemporal.How(covers="rows", repeats="rounded", dated=True, superseded=superseded)
    if vintage.excerpt:
        return bitemporal.How(covers="rows", repeats="value", superseded=superseded)
    return bitemporal.How(covers="all" if vintage.whole else "slice", superseded=superseded)


def _superseded_imports(past: list[Vintage], editions: Collection[str]) -> list[str]:
    """The slices of the imports that the last of ``past`` supersedes.

    After the import, the publisher answered every request of the dataset at least once. If none of these answers
    contains a figure of the import, the publisher withdrew it. ``editions`` do not count as answers.
    """
    answered = [{r.slice for r in vintage.responses if not _imported(r)} - {*editions} for vintage in past]
    requested = set[str]().union(*answered)
    superseded: list[str] = []
    for number, vintage in enumerate(past[:-1], 1):
        imports = [response.slice for response in vintage.responses if _imported(response)]
        if imports and requested:
            all_answered = requested <= set[str]().union(*answered[number:])
            before_last = requested <= set[str]().union(*answered[number:-1])
            superseded += imports if all_answered and not before_last else []
    return superseded


def _apply(  # noqa: PLR0913, PLR0917 - a vintage, the state before it, and how they are compared
    vintage: Vintage,
    before: Path | None,
    declared: Contract,
    documents: bool,
    superseded: list[str],
    folder: Path,
) -> None:
    """Apply a vintage to the state before it and store the state after it."""
    nothing = bitemporal.empty_state(declared).current.lazy()
    known = compact(pl.scan_parquet(before / "current.parquet") if before else nothing)
    rows = compact(pl.concat([item.published_between(vintage.since, vintage.at) for item in vintage.responses]))
    # Slices may overlap: a corridor between two jurisdictions is in the responses for both. The newest row is used.
    if has_duplicates(rows, declared.key):
        newest = rows.sort("known_from", "payload", "locator", descending=[True, False, False])
        rows = newest.unique(declared.key, keep="first", maintain_order=True)
    if vintage.adds_only:
        rows = rows.join(known, on=declared.key, how="anti", nulls_equal=True)
    state = bitemporal.apply_vintage(known, rows, vintage.at, declared, _how(vintage, superseded, documents=documents))
    for part in ("current", "closed", "revisions"):
        write(getattr(state, part), folder / f"{part}.parquet")
