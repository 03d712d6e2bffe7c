"""The embedded default: payloads with which every command runs without a network.

Each publisher has a folder with its payloads and an ``index.yaml``, which contains for each payload its request, its
edition and where it was obtained. All figures are the publisher's; ``tools.snapshot.record`` writes the files in the
publisher's wire format. A file ``.gz`` is compressed for transport, and the payload is its content.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from sources.http.snapshot import SnapshotEntry
from warehouse.yaml_text import parse_yaml

FOLDER = Path(str(files(__package__)))


class Payload(BaseModel):
    """A payload of the snapshot: its request, and the source of its figures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    publisher: str
    dataset: str
    slice: str = Field(
        description="slice of its request, or the id of a closed edition; empty if the request is for the whole dataset"
    )
    file: str = Field(description="path relative to the folder of the snapshot")
    url: str = Field(description="full address of its request")
    media_type: str
    edition: str = Field(description="who published what when, and the public copy from which it was obtained")
    as_of: AwareDatetime = Field(description="when the publisher published it, as exactly as known")
    licence: str
    cells: int = Field(description="number of cells that are read from it")

    @property
    def path(self) -> Path:
        """The path of the file."""
        return FOLDER / self.file


@cache
def payloads() -> tuple[Payload, ...]:
    """All payloads of the snapshot, by publisher and then in the order of the index."""
    adapter = TypeAdapter(tuple[Payload, ...])
    indices = sorted(FOLDER.glob("*/index.yaml"))
    return tuple(
        payload
        for index in indices
        for payload in adapter.validate_python(parse_yaml(index.read_text(encoding="utf-8")))
    )


def entries() -> dict[str, SnapshotEntry]:
    """The payloads by the full address of their request, for ``SnapshotAdapter``."""
    return {
        payload.url: SnapshotEntry(payload.path, media_type=payload.media_type, last_modified=payload.as_of)
        for payload in payloads()
    }


@cache
def editions() -> dict[str, str]:
    """The edition of each payload by the full address of its request."""
    return {payload.url: payload.edition for payload in payloads()}
