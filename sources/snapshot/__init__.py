"""The embedded default: payloads that let everything run with no network.

Each publisher has a folder with its payloads and an ``index.yaml`` that says which request each of them answers, what
edition it is and how it came to us. All figures are the publisher's; ``tools.snapshot.record`` writes the files in
the publisher's wire format. A file ``.gz`` is compressed for transport, and the payload is what is inside.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from sources.http.snapshot import SnapshotEntry
from sources.yaml_text import declared

FOLDER = Path(str(files(__package__)))


class Payload(BaseModel):
    """A payload of the snapshot: what it answers, and where its figures are from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    publisher: str
    dataset: str
    slice: str = Field(description="of the request that it answers; the id of a closed edition; blank if whole")
    file: str = Field(description="below the folder of the snapshot")
    url: str = Field(description="the full address of the request that it answers")
    media_type: str
    edition: str = Field(description="who published what when, and the public copy through which it came")
    as_of: AwareDatetime = Field(description="when the publisher said so, as near as is known")
    licence: str
    cells: int = Field(description="number of cells that its format reads from it")

    @property
    def path(self) -> Path:
        """Where the file is."""
        return FOLDER / self.file


@cache
def payloads() -> tuple[Payload, ...]:
    """Every payload of the snapshot, by publisher and then in the order of the index."""
    adapter = TypeAdapter(tuple[Payload, ...])
    indices = sorted(FOLDER.glob("*/index.yaml"))
    return tuple(
        payload for index in indices for payload in adapter.validate_python(declared(index.read_text(encoding="utf-8")))
    )


def entries() -> dict[str, SnapshotEntry]:
    """The payloads by the full address of the request that each answers, for the client's transport."""
    return {
        payload.url: SnapshotEntry(payload.path, media_type=payload.media_type, last_modified=payload.as_of)
        for payload in payloads()
    }


@cache
def editions() -> dict[str, str]:
    """The edition of each payload by the full address of the request that it answers."""
    return {payload.url: payload.edition for payload in payloads()}
