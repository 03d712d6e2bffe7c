"""Whether the publishers still answer as the catalogue expects: one small request for each dataset, and nothing stored.

An answer is read and translated as in a build. Where a service lists the codes of a dataset without figures, all its
dimensions and codes are compared with the catalogue and the crosswalks, not only those of the small part.
"""

import queue
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Literal

from assets.normalise.codes import Normalised, Origin, named_dimensions, untranslated
from assets.normalise.law import law_rows
from assets.normalise.statistics import observations_of
from sources import catalogue, isolated, reading
from sources.catalogue.model import Dataset, Dim, Endpoint, Publisher
from sources.errors import CatalogueError, FetchError, NotConfiguredError, SourceError, UnexpectedCodeError
from sources.http.circuit import Circuit
from sources.http.client import Client
from sources.prose.statements import statements
from sources.protocols import articles, linked, probe, split
from sources.protocols.requests import endpoint_of
from sources.request import Request, Response
from warehouse.errors import shortened

State = Literal["as expected", "recoded", "restructured", "moved", "refused", "empty", "unreachable", "not asked"]
FINE: tuple[State, ...] = ("as expected", "not asked")

# Seconds for all publishers together: a publisher that hangs must not hold the check up.
PATIENCE = 330.0
# A check makes a few requests to a publisher: the pause between two need not be that of a whole build.
LEAST_PER_SECOND = 0.1
LONGEST_WAIT = 45.0
MOST_CODES = 12
# Files of a list that are read to find one with a row of the dataset: it may have those of two datasets in turn.
LISTED_FILES = 2

_REFUSED = (401, 402, 403, 405, 406, 407, 412, 418, 429, 451, 521)
_GONE = (301, 302, 303, 307, 308, 404, 410)
_NOWHERE = Origin("0" * 64, datetime(2000, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class Answer:
    """The state of one dataset at its publisher, with the reason, and the codes that the catalogue does not expect."""

    dataset: str
    state: State
    why: str = ""
    codes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether nothing has to be done."""
        return self.state in FINE

    @property
    def explanation(self) -> str:
        """The codes and the reason, as the rest of a line."""
        named = f" ({shortened(self.codes, MOST_CODES)})" if self.codes else ""
        return named + (f": {self.why}" if self.why else "")


def ask(names: Sequence[str] = (), patience: float = PATIENCE) -> Iterator[Answer]:
    """The answer for each dataset of these publishers, for these datasets, or for all, as soon as it is known.

    Publishers are asked at the same time, the datasets of a publisher one after another. ``CatalogueError`` for a
    publisher or dataset that does not exist.
    """
    chosen = _chosen(names)
    answers: queue.Queue[Answer] = queue.Queue()
    end = time.monotonic() + patience
    for publisher, datasets in chosen.items():
        threading.Thread(
            target=_ask, args=(catalogue.publishers()[publisher], datasets, end, answers), daemon=True
        ).start()
    due = {f"{publisher}/{dataset}" for publisher, datasets in chosen.items() for dataset in datasets}
    while due:
        try:
            answer = answers.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            yield from (Answer(name, "unreachable", f"no answer within {patience:.0f} seconds") for name in sorted(due))
            return
        due.discard(answer.dataset)
        yield answer


def _chosen(names: Sequence[str]) -> dict[str, list[str]]:
    """Publisher → its datasets that are asked for, in the order of the catalogue."""
    known = catalogue.publishers()
    chosen: dict[str, list[str]] = {}
    for name in names or known:
        publisher, _, dataset = name.partition("/")
        if dataset:
            catalogue.dataset(name)
        elif publisher not in known:
            raise CatalogueError(f"the catalogue has no publisher {publisher}; it has {', '.join(known)}")
        chosen.setdefault(publisher, []).extend([dataset] if dataset else known[publisher].datasets)
    return {publisher: list(dict.fromkeys(datasets)) for publisher, datasets in chosen.items()}


def summary(answers: Iterable[Answer]) -> str:
    """The number of datasets in each state, in one sentence."""
    counts = Counter(answer.state for answer in answers)
    return ", ".join(f"{count} {state}" for state, count in counts.most_common()) + "."


def _ask(publisher: Publisher, datasets: Sequence[str], end: float, answers: queue.Queue[Answer]) -> None:
    """Put the answer for each of these datasets of a publisher into the queue."""
    limits = replace(
        publisher.limits,
        per_second=max(publisher.limits.per_second, LEAST_PER_SECOND),
        timeout=min(publisher.limits.timeout, LONGEST_WAIT),
        retries=1,
    )
    with Client(frozenset(publisher.hosts), limits, circuit=Circuit(end - time.monotonic())) as client:
        check = _Check(publisher, client)
        for name in datasets:
            if time.monotonic() >= end:
                return
            begun = time.monotonic()
            answer = check.dataset(name)
            answers.put(replace(answer, seconds=round(time.monotonic() - begun, 1)))


@dataclass
class _Check:
    """The check of one publisher; ``received`` are the bodies so far, ``last`` is the state of the last failure."""

    publisher: Publisher
    client: Client
    received: dict[str, Path] = field(default_factory=dict)
    last: State = "unreachable"

    def dataset(self, name: str) -> Answer:
        """The answer for one dataset. No error of one dataset ends the check of the others."""
        whole, entry = f"{self.publisher.publisher}/{name}", self.publisher.datasets[name]
        endpoint = endpoint_of(self.publisher, name)
        if not endpoint.asked:
            return Answer(whole, "not asked", endpoint.refusal or "its files are imported")
        try:
            answer = self._sample(whole, name, endpoint)
            return self._structure(whole, name, entry) if answer.state == "as expected" else answer
        except Exception as error:
            answer = _failure(whole, error)
            # A host that does not answer is not asked again: the state is that of its last answer.
            if isinstance(error, FetchError) and error.skipped:
                answer = replace(answer, state=self.last)
            self.last = answer.state
            return answer

    def _sample(self, whole: str, name: str, endpoint: Endpoint) -> Answer:
        """The answer by the smallest part of the data."""
        request = self._request(name, endpoint)
        body = self._body(request, endpoint)
        if endpoint.articles:
            links = articles.links_of(endpoint.articles, request.url, body)
            if not links:
                return Answer(whole, "restructured", "the page links to no article of the declared form")
            if self.publisher.publisher in statements():
                return Answer(whole, "as expected")
            files = (self._body(articles.archived_article(self.publisher, name, link), endpoint) for link in links)
            return self._first_with_rows(whole, name, islice(files, LISTED_FILES))
        return self._read(whole, name, body)

    def _first_with_rows(self, whole: str, name: str, files: Iterable[Path]) -> Answer:
        """The answer by the first of these files that has a row of the dataset: a page may list those of several."""
        answer = Answer(whole, "empty", "the page lists no file")
        for file in files:
            answer = self._read(whole, name, file)
            if answer.state != "empty":
                break
        return answer

    def _read(self, whole: str, name: str, body: Path) -> Answer:
        """The answer by the rows of a file."""
        with reading.opened(body, max_unpacked=self.publisher.limits.max_unpacked) as plain:
            rows = isolated.call(plain.stat().st_size, _normalised, plain, self.publisher, name)
        if rows is None:
            return Answer(whole, "empty", "the answer has no rows")
        if not rows.unmatched.is_empty():
            pairs = rows.unmatched.select("dimension", "source_code").unique().sort("dimension", "source_code")
            codes = tuple(f"{dimension}={code}" for dimension, code in pairs.iter_rows())
            return Answer(whole, "recoded", "no crosswalk has these codes", codes)
        if rows.observations.is_empty():
            return Answer(whole, "empty", "no row of the answer belongs to the dataset")
        return Answer(whole, "as expected")

    def _request(self, name: str, endpoint: Endpoint) -> Request:
        """The narrowed request; one that follows another dataset needs a code from an answer to that one."""
        if endpoint.follow is None:
            return probe.probe_of(self.publisher, name)
        followed = endpoint.follow.dataset
        listing = probe.probe_of(self.publisher, followed)
        rows = reading.cells_within_limits(self._body(listing, endpoint_of(self.publisher, followed)))
        rule = self.publisher.datasets[followed].record
        for dimension, codes in rule.where.items() if rule else ():
            rows = rows.filter(rows[dimension].is_in(codes))
        return probe.probe_of(self.publisher, name, str(rows[endpoint.follow.dim][0]))

    def _body(self, request: Request, endpoint: Endpoint) -> Path:
        """The body of an answer. The same request is sent once."""
        if request.full_url not in self.received:
            fetch = linked.fetch(self.client, endpoint, request) if endpoint.link else self.client.fetch(request)
            self.received[request.full_url] = _stored(fetch)
        return self.received[request.full_url]

    def _structure(self, whole: str, name: str, entry: Dataset) -> Answer:
        """The answer by all dimensions and codes of a dataset, where the publisher lists them without figures."""
        request = probe.structure_of(self.publisher, name)
        if request is None or entry.observe is None:
            return Answer(whole, "as expected")
        listed = probe.codes_of_structure(_stored(self.client.fetch(request)))
        dims = {dim: codes for dim, codes in listed.items() if dim != "TIME_PERIOD"}
        rule = entry.observe
        sources = {
            "indicator": rule.indicator,
            "jurisdiction": rule.jurisdiction,
            "partner": rule.partner,
            **rule.dimensions,
        }
        unknown = sorted(dims.keys() - named_dimensions(rule, sources)) if rule.unnamed is None else []
        requested = _requested(entry)
        missing = sorted(requested.keys() - dims.keys())
        if unknown or missing:
            parts = [f"it has {', '.join(unknown)}"] if unknown else []
            parts += [f"it lacks {', '.join(missing)}"] if missing else []
            return Answer(whole, "restructured", f"the structure of the dataset changed: {' and '.join(parts)}")
        wrong = [f"{dim}={code}" for dim, codes in requested.items() for code in codes if code not in dims[dim]]
        if wrong:
            return Answer(whole, "recoded", "the catalogue requests codes that the dataset does not have", tuple(wrong))
        open_dims = [s for s in sources.values() if isinstance(s, Dim) and not requested.keys() & {*s.names}]
        wrong = [
            f"{dim}={code}"
            for source in open_dims
            for dim in source.names
            for code in untranslated(source, self.publisher, dims.get(dim, []))
        ]
        if wrong:
            return Answer(whole, "recoded", "no crosswalk has these codes", tuple(wrong))
        return Answer(whole, "as expected")


def _requested(entry: Dataset) -> Mapping[str, list[str]]:
    """The codes that every request of a dataset names, by dimension, without dimensions that a request leaves open."""
    alternatives = entry.alternatives or [{}]
    dims = set.intersection(*({*entry.filters, *filters} for filters in alternatives))
    named = [entry.filters | filters for filters in alternatives]
    return {dim: list(dict.fromkeys(code for filters in named for code in filters[dim])) for dim in sorted(dims)}


def _normalised(plain: Path, publisher: Publisher, name: str) -> Normalised | None:
    """The rows of a dataset in an unpacked answer; None if the answer has no rows at all."""
    cells = reading.read(plain, publisher.publisher)
    if cells.frame.limit(1).collect().is_empty():
        return None
    normalise = law_rows if publisher.datasets[name].record else observations_of
    return normalise(cells, publisher, name, _NOWHERE)


def _stored(response: Response) -> Path:
    if response.body is None:
        raise FetchError("the answer has no body", response)
    return response.body


def _failure(dataset: str, error: Exception) -> Answer:
    """The state that an error means."""
    if isinstance(error, FetchError):
        return _failed_request(dataset, error)
    if isinstance(error, SourceError):
        return Answer(dataset, "recoded" if isinstance(error, UnexpectedCodeError) else "restructured", str(error))
    return Answer(dataset, "restructured", f"{type(error).__name__}: {error}")


def _failed_request(dataset: str, error: FetchError) -> Answer:
    """The state that a failed request means."""
    response = error.response
    why = str(error)
    if isinstance(error, NotConfiguredError):
        return Answer(dataset, "not asked", why)
    if response is None:
        return Answer(dataset, "moved" if error.foreign_host else "unreachable", why)
    if refused := split.refused_codes(response.body):
        codes = tuple(f"{dim}={code}" for dim, codes in refused.items() for code in codes)
        return Answer(dataset, "recoded", "the publisher refuses codes that the catalogue requests", codes)
    if split.refuses_unnamed_codes(response.body):
        return Answer(dataset, "recoded", why)
    return Answer(dataset, _state_of_status(response.status), why)


def _state_of_status(status: int) -> State:
    """The state that the status of a response without a payload means; 200 is a web page in place of the data."""
    if status in (*_GONE, 200):
        return "moved"
    if status == 400:
        return "restructured"
    return "refused" if status in _REFUSED else "unreachable"
