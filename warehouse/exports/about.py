"""What the documents of a release state about it: name, time, mode and sources."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

NAME = "corridor"
TITLE = "Corridor: the migration systems of China and the 27 EU member states"
ABSTRACT = "The migration systems of China and the 27 EU member states, side by side, in numbers and in law."
CREATOR = "The Corridor project"
KEYWORDS = ("migration", "asylum", "residence permits", "migration law", "China", "European Union")


@dataclass(frozen=True)
class Source:
    """A dataset whose rows are in a release: its name and title, its publisher, and the licence of its rows."""

    dataset: str
    title: str
    publisher: str
    homepage: str
    licence: str
    licence_url: str
    attribution: str


@dataclass(frozen=True)
class About:
    """Name, creation time and mode of a release, and the sources of its rows."""

    name: str
    created: datetime
    mode: str
    sources: Sequence[Source]

    @property
    def description(self) -> str:
        """The abstract; for a release from the embedded snapshot, with a note that it is partial."""
        partial = " Built from the embedded snapshot, which holds a part of each source." if self.mode != "live" else ""
        return f"{ABSTRACT}{partial}"

    @property
    def licence_urls(self) -> list[str]:
        """The address of each licence once, in the order of the sources."""
        return list(dict.fromkeys(source.licence_url for source in self.sources))

    def limited_to(self, datasets: Collection[str]) -> "About":
        """The same release with only those sources whose dataset is in ``datasets``."""
        return replace(self, sources=[source for source in self.sources if source.dataset in datasets])


def timestamp(moment: datetime) -> str:
    """A moment as RFC 3339 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
