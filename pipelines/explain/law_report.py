"""The report on an act or treaty: who was bound by it on a day, since when and by what, and what is not known."""

from dataclasses import dataclass
from typing import Annotated

from pipelines.explain.report import OPTIONAL, Label


@dataclass(frozen=True)
class Binding:
    """A binding on the day. Jurisdictions whose bindings are equal in everything else are listed together."""

    jurisdiction: str
    territory: str | None
    since: str
    dated: str | None
    applies: str | None
    rests_on: Annotated[str, Label("rests on")]
    basis: str
    source: str
    as_of: Annotated[str | None, Label("source as of", optional=True)]
    payload: str

    @property
    def first_day(self) -> str:
        """The first day, after the words on how exactly it is known."""
        return f"{self.dated} {self.since}" if self.dated else self.since


@dataclass(frozen=True)
class Event:
    """Something that happened to the instrument."""

    jurisdiction: str
    territory: str | None
    event: str
    date: str
    precision: str | None
    provision: str | None
    source: str
    payload: str


@dataclass(frozen=True)
class Statement:
    """A reservation, declaration or objection."""

    jurisdiction: str
    territory: str | None
    statement: str
    date: str
    provision: str | None
    text: str | None
    source: str
    payload: str


@dataclass(frozen=True)
class Gap:
    """Something that no source states."""

    jurisdiction: str
    what: str
    why: str


@dataclass(frozen=True)
class ReceivedList:
    """A list of the parties to a treaty. A state that is not on the list had not joined by the day of the list."""

    dataset: str
    as_of: Annotated[str, Label("as of")]
    payload: str


@dataclass(frozen=True)
class LawReport:
    """The law of an instrument on a day, for all jurisdictions or for one, which then has an answer in a sentence."""

    answer: Annotated[str | None, OPTIONAL]
    instrument: str
    title: Annotated[str, OPTIONAL]
    on: str
    rule: Annotated[str | None, OPTIONAL]
    note: Annotated[str | None, OPTIONAL]
    bound: Annotated[list[Binding], OPTIONAL]
    not_taking_part: Annotated[list[Event], Label("stands apart", heading="not taking part", optional=True)]
    signed_only: Annotated[list[Event], Label("signed only", optional=True)]
    not_party: Annotated[list[Event], Label("not a party", optional=True)]
    reservations: Annotated[list[Statement], Label(heading="reservations and declarations", optional=True)]
    not_known: Annotated[list[Gap], Label("not known", optional=True)]
    lists: Annotated[list[ReceivedList], OPTIONAL]
    release: str
    events: Annotated[list[Event] | None, OPTIONAL]
