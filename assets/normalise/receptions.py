"""What was received of each dataset, and from it the reason why a figure is missing.

A figure is ``not_published`` only if every request that could return it has a complete response. It is ``fetch_failed``
if such a request failed and no earlier response can be used, and ``not_fetched`` if such a request was never made.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal

from sources.catalogue.model import Dim, Publisher
from sources.prose.statements import statements
from sources.prose.statements.model import Coded, Statement
from sources.protocols.templates import Filters
from warehouse import codes
from warehouse.codes import CHINA

State = Literal["received", "fetch_failed", "not_fetched"]
# The shared codes that a field of a response may have; None if any code is possible.
Codes = frozenset[str] | None
# A possible source of a figure: dataset, indicator, jurisdictions and partners. An empty collection means any code.
Source = tuple[str, str, Collection[str], Collection[str]]

NOT_PUBLISHED = "not_published"
FETCH_FAILED: Final = "fetch_failed"
NOT_FETCHED: Final = "not_fetched"
# The reason of the first of these states that occurs is used.
_WORST: tuple[State, ...] = (FETCH_FAILED, NOT_FETCHED)


@dataclass(frozen=True)
class Part:
    """A part of a dataset: the filters of its request, the shared codes that these select, and what became of it."""

    state: State
    filters: Filters = field(default_factory=dict)
    indicators: Codes = None
    jurisdictions: Codes = None
    partners: Codes = None

    def may_hold(self, indicator: str, jurisdictions: Collection[str], partners: Collection[str]) -> bool:
        """Whether the response may contain a figure with these codes."""
        pairs = ((self.indicators, [indicator]), (self.jurisdictions, jurisdictions), (self.partners, partners))
        return all(held is None or not wanted or not held.isdisjoint(wanted) for held, wanted in pairs)


@dataclass(frozen=True)
class Reason:
    """Why a figure is missing, and the datasets that were not received."""

    code: str
    lacking: tuple[str, ...] = ()

    @property
    def because(self) -> str | None:
        """The datasets that were not received, in a sentence; None if all were."""
        return f"Not received: {', '.join(self.lacking)}." if self.lacking else None


@dataclass(frozen=True)
class Receptions:
    """What was received of every dataset.

    ``parts``: dataset → its parts. ``used``: the datasets that can be computed with, because nothing of them is
    lacking. ``partial``: the payloads are only copies of a part of what the publishers have, as in the snapshot, so
    that no missing figure is known to be unpublished.
    """

    parts: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    partial: bool = True

    @property
    def identity(self) -> list[object]:
        """The content on which every result that uses it depends."""
        states = [(name, [(str(part.filters), part.state) for part in parts]) for name, parts in self.parts.items()]
        return [states, sorted(self.used), self.partial]

    def reason(self, sources: Iterable[Source]) -> Reason:
        """The reason for a figure that none of these sources has."""
        states: dict[str, set[State]] = {}
        for dataset, indicator, jurisdictions, partners in sources:
            for part in self.parts.get(dataset, ()):
                if part.may_hold(indicator, jurisdictions, partners):
                    states.setdefault(dataset, set()).add(part.state)
        for worst in _WORST:
            if lacking := tuple(name for name, found in states.items() if worst in found):
                return Reason(worst, lacking)
        return Reason(NOT_PUBLISHED if states and not self.partial else NOT_FETCHED)

    def reason_of_inputs(self, names: Collection[str]) -> Reason | None:
        """The reason for a figure that is computed from all of these datasets; None if none of them is lacking."""
        lacking = tuple(name for name in names if name not in self.used)
        if not lacking:
            return None
        failed = any(part.state == FETCH_FAILED for name in lacking for part in self.parts.get(name, ()))
        return Reason(FETCH_FAILED if failed else NOT_FETCHED, lacking)

    def codes_received(self, dataset: str, dim: str) -> frozenset[str]:
        """The codes of a filter whose requests have a complete response."""
        received = [part for part in self.parts.get(dataset, ()) if part.state == "received"]
        return frozenset(code for part in received for code in part.filters.get(dim, ()))


def part_of(publisher: Publisher, name: str, filters: Filters, state: State) -> Part:
    """The part of a dataset that a request with these filters selects."""
    entry = publisher.datasets[name]
    if entry.observe is None:
        return Part(state, filters)
    if publisher.endpoints[entry.endpoint].articles is not None and publisher.publisher in statements():
        return _part_of_prose(publisher.publisher, frozenset(entry.observe.where.get("table", ())), state)
    fields = (entry.observe.indicator, entry.observe.jurisdiction, entry.observe.partner)
    return Part(state, filters, *(_codes(each, publisher, filters) for each in fields))


def _part_of_prose(publisher: str, tables: frozenset[str], state: State) -> Part:
    """The part that all articles of a publisher are: the figures that its statements for these tables read."""
    declared = statements().get(publisher)
    found = [each for each in declared.statements.values() if each.table in tables] if declared else []
    indicators = frozenset(code for each in found for code in (each.indicator, each.growth) if code)
    return Part(state, {}, indicators, frozenset(code for each in found for code in _reporters(each)))


def _reporters(statement: Statement) -> Iterator[str]:
    declared = statement.fields.get("jurisdiction", CHINA)
    yield from declared.codes.values() if isinstance(declared, Coded) else (declared,)


def _codes(source: str | Dim, publisher: Publisher, filters: Filters) -> Codes:
    """The shared codes that a field may have if a request has these filters."""
    if isinstance(source, str):
        return frozenset([source])
    blank = _codes(source.blank, publisher, filters) if source.blank else frozenset()
    requested = next((filters[name] for name in source.names if name in filters), None)
    if requested == [""]:  # OECD: an empty place in the key means any code
        return None
    if requested is not None:
        found: Codes = _translated(source, publisher, requested)
    else:
        mapping = _mapping(source, publisher)
        found = frozenset(mapping.values()) if mapping is not None else None
    absent = {source.absent} if source.absent is not None else set()
    return None if found is None or blank is None else found | blank | absent


def _mapping(source: Dim, publisher: Publisher) -> Mapping[str, str] | None:
    """The code map of a dimension; None if its codes are used unchanged or belong to a scheme of area codes."""
    return publisher.codes.get(source.codes) if isinstance(source.codes, str) else source.codes


def _translated(source: Dim, publisher: Publisher, requested: Iterable[str]) -> frozenset[str]:
    """The shared codes of the publisher's codes, at any time."""
    if isinstance(source.codes, str) and source.codes in codes.schemes():
        areas = _areas(source.codes)
        return frozenset(area for code in requested for area in areas.get(code, ()))
    mapping = _mapping(source, publisher)
    return frozenset(code if mapping is None else mapping.get(code, code) for code in requested)


@cache
def _areas(scheme: str) -> dict[str, set[str]]:
    """Code of a scheme → the areas that it has denoted."""
    found: dict[str, set[str]] = {}
    for of_scheme, code, area in codes.area_codes().select("scheme", "code", "area").iter_rows():
        if of_scheme == scheme:
            found.setdefault(code, set()).add(area)
    return found


def sources_by_indicator(receptions: Receptions) -> dict[str, list[str]]:
    """Indicator → the datasets that may contain it, as far as their entries name their indicators."""
    found: dict[str, list[str]] = {}
    for name, parts in receptions.parts.items():
        for indicator in sorted(frozenset[str]().union(*(part.indicators or () for part in parts))):
            found.setdefault(indicator, []).append(name)
    return found
