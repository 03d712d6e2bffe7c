"""Fetching: request every slice of a dataset and record each response, or each failure, in the archive.

Nothing that fails stops the other slices. If a host cannot be reached at all, its remaining slices are not requested.
The publishers of one night are requested at once: they have different hosts, so that a slow one does not delay the
others. A publisher's own datasets are requested one after the other, within its limits and its time.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from time import perf_counter
from urllib.parse import parse_qsl

import polars as pl

from assets.core.workspace import Workspace
from assets.ingest.plan import Plan, next_page
from assets.ingest.reading import rejected_payloads
from sources import reading, snapshot
from sources.catalogue import datasets
from sources.catalogue.model import Endpoint, Publisher
from sources.errors import FetchError, FormatError, NotConfiguredError, SourceError
from sources.http.circuit import Circuit
from sources.http.client import Client
from sources.protocols import articles, asynchronous, contents, linked, split
from sources.protocols.probe import structure_of
from sources.protocols.requests import closed_editions, requests_following, requests_for
from sources.request import Request, Response
from warehouse.archive import Archive, Fetch

log = logging.getLogger("corridor.fetch")

# How long a thread may take to end after an interrupt: it notices at its next request.
SECONDS_TO_STOP = 10.0
# How long a table of contents is used: longer than a build, shorter than the pause between two updates.
CONTENTS_VALID_FOR = timedelta(minutes=30)


@dataclass(frozen=True)
class Reception:
    """The result of requesting one dataset: numbers of responses, and sentences about what is missing."""

    received: int = 0
    unchanged: int = 0
    absent: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    unreachable: bool = False


Received = tuple[str, Reception]


def receive_all(workspace: Workspace, names: Sequence[str]) -> Iterator[Received]:
    """Request each dataset and yield it with its reception, in the order in which they end.

    A publisher has the time of its ``limits.budget``, and at most that of the workspace for all requests of a build.
    What is left is requested in the next build. An error of the machine in one publisher's thread is raised here.
    """
    by_publisher: dict[str, list[str]] = {}
    for name in names:
        by_publisher.setdefault(name.partition("/")[0], []).append(name)
    results: SimpleQueue[Received | BaseException | None] = SimpleQueue()
    stopped = Event()
    threads = []
    for own in by_publisher.values():
        publisher, _ = datasets()[own[0]]
        circuit = Circuit(min(publisher.limits.budget, workspace.budget), stopped)
        arguments = (workspace, publisher, own, circuit, results)
        threads.append(Thread(target=_receive_publisher, args=arguments, name=publisher.publisher, daemon=True))
    for thread in threads:
        thread.start()
    remaining = len(threads)
    try:
        while remaining:
            match results.get():
                case None:
                    remaining -= 1
                case BaseException() as error:
                    raise error
                case received:
                    yield received
    finally:
        stopped.set()
        for thread in threads:  # so that nothing is logged or stored after the build has ended
            thread.join(SECONDS_TO_STOP)


def _receive_publisher(
    workspace: Workspace,
    publisher: Publisher,
    names: Sequence[str],
    circuit: Circuit,
    results: "SimpleQueue[Received | BaseException | None]",
) -> None:
    """Request the datasets of one publisher and put their receptions into ``results``; at the end None, or an error."""
    start = perf_counter()
    try:
        failed = 0
        with workspace.client(publisher, circuit=circuit) as client:
            for name in names:
                reception = receive(workspace, publisher, name.partition("/")[2], client)
                failed += bool(reception.failures)
                results.put((name, reception))
    except BaseException as error:
        results.put(error)
        return
    log.info("%s: %s datasets, %s failed, %.0f s", publisher.publisher, len(names), failed, perf_counter() - start)
    results.put(None)


def receive(workspace: Workspace, publisher: Publisher, name: str, client: Client | None = None) -> Reception:
    """Request every slice of a dataset and record each response.

    To request several datasets of a publisher, pass one ``client``: its limits then hold for all of them. A dataset
    that no request can return is read from the embedded editions, also in a live workspace.
    """
    if client is None or workspace.transport_of(publisher, name) != workspace.mode:
        with workspace.client(publisher, name) as own:
            return _Receiver(workspace, publisher, name, own).run()
    return _Receiver(workspace, publisher, name, client).run()


def request_again(workspace: Workspace, publisher: Publisher, fetch: Fetch, client: Client) -> Fetch:
    """Make the request of a line of the ledger again, without conditions, and store the payload.

    Returns the line of the new response, which is not appended. Raises ``FetchError``.
    """
    receiver = _Receiver(workspace, publisher, fetch.dataset, client)
    address, _, body = fetch.url.partition("#")
    url, _, query = address.partition("?")
    request = Request(
        publisher=fetch.publisher,
        dataset=fetch.dataset,
        slice=fetch.slice,
        url=url,
        params=tuple(parse_qsl(query, keep_blank_values=True)),
        accept="any",
        headers=tuple(receiver.endpoint.headers.items()),
        body=body,
    )
    response = receiver.send(request, {})
    return receiver.line(request, response, receiver.stored(response), None)


class _Receiver:
    """One round of requests for one dataset."""

    def __init__(self, workspace: Workspace, publisher: Publisher, name: str, client: Client) -> None:
        self.workspace, self.publisher, self.name, self.client = workspace, publisher, name, client
        self.archive: Archive = workspace.archive
        self.transport = workspace.transport_of(publisher, name)
        self.live = self.transport == "live"
        self.plan = Plan(self.archive, workspace.mode, publisher, name)
        self.endpoint: Endpoint = self.plan.endpoint
        self.result = Reception()

    @cached_property
    def rejected(self) -> frozenset[str]:
        """The payloads that cannot be used. They are not confirmed: a cut body has the validators of the whole one."""
        return rejected_payloads(self.workspace, f"{self.publisher.publisher}/{self.name}")

    def run(self) -> Reception:
        """Request every slice that is due."""
        updated = self._last_update()
        for request in self._due():
            if self._unchanged_since(request, updated):
                self._count(unchanged=1)
            elif fetch := self._received_for_another_dataset(request):
                self.archive.append(replace(fetch, dataset=self.name))
                self._count(received=1)
            else:
                self._request_slice(request)
            if self.result.unreachable:
                break
        return self.result

    def _count(self, *, received: int = 0, unchanged: int = 0) -> None:
        self.result = replace(
            self.result, received=self.result.received + received, unchanged=self.result.unchanged + unchanged
        )

    def _fail(self, sentence: str, *, unreachable: bool = False) -> None:
        log.warning("failed: %s", sentence)
        self.result = replace(
            self.result, failures=(*self.result.failures, sentence), unreachable=self.result.unreachable or unreachable
        )

    def _lacks(self, sentence: str) -> None:
        self.result = replace(self.result, absent=(*self.result.absent, sentence))

    # Which requests are due

    def _due(self) -> list[Request]:
        """The planned requests. For articles and linked records: those that are listed and not yet in the archive."""
        if self.live and not self.endpoint.asked:
            return []
        if self.live and self.endpoint.follow:
            return self._followed()
        if self.live and self.endpoint.articles:
            return self._articles()
        return self.plan.requests

    def _articles(self) -> list[Request]:
        """The listed articles without a usable payload. Failed ones are retried although their page has nothing new."""
        found = {request.slice: request for request in self.plan.requests if not self._has_usable_payload(request)}
        try:
            for request in articles.new_articles(self.publisher, self.name, self._list_page, self._has_usable_payload):
                found[request.slice] = request
        except (FetchError, FormatError) as error:
            self._fail(f"{self.publisher.publisher}/{self.name}: its list of articles: {error}")
        return list(found.values())

    def _list_page(self, request: Request) -> Path:
        return self.archive.payload_path(str(self._contents(request).payload))

    def _followed(self) -> list[Request]:
        """The records that the responses of another dataset name, now and before."""
        follow = self.endpoint.follow
        assert follow is not None
        found = {request.slice: request for request in self.plan.requests}
        for listing in requests_for(self.publisher, follow.dataset):
            try:
                rows = reading.cells_within_limits(self._list_page(listing))
            except SourceError as error:
                whole = f"{self.publisher.publisher}/{self.name}"
                self._fail(f"{whole} is not known in full: {listing.name}: {error}")
                if isinstance(error, FetchError) and error.unreachable:
                    break
                continue
            rule = self.publisher.datasets[follow.dataset].record
            for dimension, codes in rule.where.items() if rule else ():
                rows = rows.filter(pl.col(dimension).is_in(codes))
            named = rows[follow.dim].unique(maintain_order=True)
            found |= {request.slice: request for request in requests_following(self.publisher, self.name, named)}
        return [request for request in found.values() if not (follow.once and self._has_usable_payload(request))]

    def _has_usable_payload(self, request: Request) -> bool:
        last = self._last(request)
        return last is not None and last.payload not in self.rejected

    def _last(self, request: Request) -> Fetch | None:
        """The last successful fetch of a request."""
        return self.archive.latest(request.publisher, request.dataset, request.slice, (self.transport,))

    def _last_update(self) -> date | None:
        """The day of the dataset's last update by the publisher's table of contents, which is requested once a build.

        None if there is no such table or it cannot be received: then the dataset itself is requested.
        """
        if self.publisher.contents is None or not self.live:
            return None
        endpoint = self.publisher.endpoints[self.publisher.contents]
        params = tuple(endpoint.params.items())
        listing = Request(self.publisher.publisher, self.publisher.contents, "", endpoint.url, params, endpoint.accept)
        try:
            updates = contents.last_updates(self._list_page(listing))
        except FetchError:
            return None
        return updates.get((self.publisher.datasets[self.name].code or self.name).lower())

    def _contents(self, request: Request) -> Fetch:
        """A table of contents or a page of a list, which is requested once a build, also if that fails."""
        kept = self._last(request)
        recent = kept is not None and abs(datetime.now(UTC) - kept.at) <= CONTENTS_VALID_FOR
        if kept is not None and kept.url == request.full_url and recent:
            return kept
        if failed := self.client.failed_lists.get(request.full_url):
            raise failed
        try:
            response = self.client.fetch(request)
        except FetchError as error:
            self.client.failed_lists[request.full_url] = error
            self._record_failure(request, error)
            raise
        kept = self.line(request, response, self.stored(response), None)
        self.archive.append(kept)
        return kept

    def _unchanged_since(self, request: Request, updated: date | None) -> bool:
        """Whether the archive holds what the publisher would send, because it updated nothing since.

        A request that failed last time is made again, so that the ledger records when it succeeded again.
        """
        last = self._last(request) if updated else None
        if last is None or last.url != request.full_url or last.payload in self.rejected:
            return False
        if self._failed_last(request):
            return False
        try:
            stamp = reading.read(self.archive.payload_path(str(last.payload))).updated
        except SourceError:
            return False
        return contents.is_unchanged_since(updated, stamp, last.at)

    def _failed_last(self, request: Request) -> bool:
        ours = (request.publisher, request.dataset, request.slice, self.transport)
        fetches = reversed(self.archive.fetches())
        last = next((f for f in fetches if (f.publisher, f.dataset, f.slice, f.transport) == ours), None)
        return last is not None and last.error is not None

    def _received_for_another_dataset(self, request: Request) -> Fetch | None:
        """The fetch of the same article for another dataset: an article is requested once."""
        if self.endpoint.articles is None:
            return None
        for fetch in reversed(self.archive.fetches()):
            same = fetch.url == request.full_url and fetch.transport == self.transport and fetch.error is None
            if same and fetch.dataset != request.dataset and fetch.payload and fetch.payload not in self.rejected:
                return fetch
        return None

    # Making one request

    def _request_slice(self, request: Request) -> None:
        """Make a request, and those of the pages that follow it; one refused for its size or a code is replaced."""
        page: Request | None = request
        seen: set[str | None] = set()
        while page is not None:
            try:
                fetch, following = self._request(page, seen)
            except NotConfiguredError as error:
                return self._lacks(str(error))
            except FetchError as error:
                return self._failed(page, error)
            self._count(**{"unchanged" if fetch.status == 304 else "received": 1})
            seen.add(fetch.payload)
            page = following
        return None

    def _failed(self, page: Request, error: FetchError) -> None:
        refusal = error.response
        if refusal and split.refuses_unnamed_codes(refusal.body):
            self._request_structure()
        others = self.plan.replacements_after(page, refusal.status, refusal.body) if refusal else []
        for other in others:
            if not self.result.unreachable:
                self._request_slice(other)
        if others:
            return
        if self._not_in_snapshot(error):
            self._lacks(f"{page.name} is not in the snapshot")
        else:
            self._fail(str(error), unreachable=error.unreachable)

    def _request_structure(self) -> None:
        """Request the codes that the dataset has, so that the plan leaves out the others. A failure changes nothing."""
        request = structure_of(self.publisher, self.name)
        if request is not None:
            with suppress(FetchError):
                self._contents(request)

    def _not_in_snapshot(self, error: FetchError) -> bool:
        return not self.live and error.response is not None and error.response.status == 404

    def _request(self, request: Request, seen: set[str | None]) -> tuple[Fetch, Request | None]:
        """Make one request and record its outcome; return the fetch and the request for the next page.

        ``seen`` are the payloads of the pages before. Raises ``FetchError`` after it was recorded.
        """
        last = self._last(request)
        confirmable = last if last and last.url == request.full_url and last.payload not in self.rejected else None
        try:
            response = self.send(request, dict(confirmable.headers) if confirmable else {})
        except FetchError as error:
            if not isinstance(error, NotConfiguredError) and not self._not_in_snapshot(error):
                self._record_failure(request, error)
            raise
        if response.status == 304 and confirmable:
            fetch = self._confirmed(request, response, confirmable)
        else:
            fetch = self.line(request, response, self.stored(response), None)
        try:
            if fetch.payload in seen:
                raise FetchError(f"{request.described}: an earlier page came again")
            following = next_page(self.archive, request, fetch.payload)
        except FetchError as error:
            self.archive.append(replace(fetch, error=str(error)))
            raise
        self.archive.append(fetch)
        level = logging.DEBUG if response.status == 304 or not self.live else logging.INFO
        log.log(level, "%s: status %s, %s bytes, %.1f s", request.name, fetch.status, f"{fetch.bytes:,}", fetch.seconds)
        return fetch, following

    def _confirmed(self, request: Request, response: Response, last: Fetch) -> Fetch:
        """The line of a response that confirms the payload of ``last``."""
        fetch = self.line(request, response, last.payload, None)
        # The response need not repeat its validators, but the next request sends them again.
        return replace(fetch, headers={**last.headers, **fetch.headers})

    def _record_failure(self, request: Request, error: FetchError) -> None:
        payload = self.stored(error.response) if error.response else None
        self.archive.append(self.line(request, error.response, payload, str(error)))

    def send(self, request: Request, validators: dict[str, str]) -> Response:
        if self.endpoint.link and request not in closed_editions(self.publisher, self.name):
            return linked.fetch(self.client, self.endpoint, request)
        return asynchronous.fetch(
            self.client,
            self.endpoint,
            request,
            etag=validators.get("etag"),
            last_modified=validators.get("last-modified"),
        )

    def stored(self, response: Response) -> str | None:
        return self.archive.store(response.body) if response.body is not None else None

    def line(self, request: Request, response: Response | None, payload: str | None, error: str | None) -> Fetch:
        at = response.sent_at if response else datetime.now(UTC)
        last = self._last(request)
        return Fetch(
            # The clock may be wrong: a fetch is never earlier than the one before it.
            at=max(at, last.at) if last else at,
            transport=self.transport,
            publisher=request.publisher,
            dataset=request.dataset,
            slice=request.slice,
            url=request.full_url,
            params=dict(request.params),
            status=response.status if response else None,
            headers=response.headers if response else {},
            seconds=response.seconds if response else 0.0,
            bytes=response.bytes if response else 0,
            payload=payload,
            error=error,
            edition=None if self.live else snapshot.editions().get(request.full_url),
        )
