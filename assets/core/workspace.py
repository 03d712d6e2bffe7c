"""The workspace of a build: its data folder, its mode, and which payloads of the archive it may use."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal

from assets.core.stage_cache import StageCache
from sources.catalogue import renamed_datasets
from sources.catalogue.model import Publisher
from sources.http.circuit import Circuit
from sources.http.client import Client
from sources.http.snapshot import SnapshotAdapter
from sources.protocols.requests import endpoint_of
from sources.snapshot import entries
from warehouse.archive import Archive
from warehouse.storage import Place
from warehouse.storage.local import LocalPlace

Mode = Literal["snapshot", "live"]
EngineName = Literal["polars", "pyspark"]


@dataclass(frozen=True)
class Workspace:
    """A data folder and the way payloads come into it.

    A live build never uses payloads of the snapshot, and a snapshot build never uses those of publishers. Both use what
    a person imported, and the embedded editions of datasets that no request can return: these are part of the software.
    Releases lie in the data folder, or ``elsewhere``; the Iceberg catalog lies there too, or has the URI ``catalog``.
    ``engine`` computes the comparison. ``build_time`` is the time of the build in UTC, or None for that of the clock.
    ``budget`` is the number of seconds for all requests of a build.
    """

    data: Path
    mode: Mode = "snapshot"
    elsewhere: Place | None = None
    catalog: str | None = None
    engine: EngineName = "polars"
    build_time: datetime | None = None
    budget: float = 3 * 3600.0

    @property
    def archive(self) -> Archive:
        """Every payload ever received."""
        return Archive(self.data / "archive", renamed_datasets())

    @property
    def stage_cache(self) -> StageCache:
        """Intermediate results."""
        return StageCache(self.data / "stage_cache")

    @property
    def releases(self) -> Place:
        """Where the releases lie."""
        return self.elsewhere or LocalPlace(self.data / "releases")

    def transport_of(self, publisher: Publisher, name: str) -> Mode:
        """How payloads of a dataset are received: by the mode, or from the snapshot if no request can return them."""
        return self.mode if endpoint_of(publisher, name).asked else "snapshot"

    def client(self, publisher: Publisher, name: str | None = None, circuit: Circuit | None = None) -> Client:
        """A client for the publisher's hosts, or for one dataset, which uses the network in mode live."""
        mode = self.transport_of(publisher, name) if name else self.mode
        transport = None if mode == "live" else _snapshot()
        return Client(frozenset(publisher.hosts), publisher.limits, transport=transport, circuit=circuit)


@cache
def _snapshot() -> SnapshotAdapter:
    return SnapshotAdapter(entries())
