"""Planning: the requests that a dataset consists of now, from its catalogue entry and the ledger."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from sources import catalogue
from sources.catalogue.model import Endpoint, Publisher
from sources.errors import FormatError
from sources.protocols import articles, paging, split
from sources.protocols.probe import codes_of_structure, structure_of
from sources.protocols.requests import closed_editions, endpoint_of, requests_following, requests_for
from sources.request import Request
from warehouse.archive import Archive

# A listed article or record that answers with one of these is gone, and is not requested again.
GONE = (404, 410)


@dataclass(frozen=True)
class Plan:
    """The requests of one dataset, ``name`` of ``publisher``, in a snapshot or live workspace."""

    archive: Archive
    mode: Literal["snapshot", "live"]
    publisher: Publisher
    name: str

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint of the dataset."""
        return endpoint_of(self.publisher, self.name)

    @cached_property
    def whole_requests(self) -> list[Request]:
        """The requests before any of them is split.

        In a snapshot, and for a dataset that no request can return, these are the declared requests and the closed
        editions. Live datasets of articles or of linked records consist of everything that was listed so far.
        """
        if self.mode == "snapshot" or not self.endpoint.asked:
            return [
                *requests_for(self.publisher, self.name),
                *closed_editions(self.publisher, self.name),
            ]
        if self.endpoint.articles is None and self.endpoint.follow is None:
            return requests_for(self.publisher, self.name)
        listed = self._listed_before()
        if self.endpoint.follow:
            codes = [slice_.partition("=")[2] for slice_ in listed]
            return requests_following(self.publisher, self.name, codes)
        return [articles.archived_article(self.publisher, self.name, url) for url in listed.values()]

    @cached_property
    def requests(self) -> list[Request]:
        """The requests; one that was refused for its size or for a code is replaced by others."""
        return [part for request in self.whole_requests for part in self._parts(request)]

    def replacements(self, request: Request) -> list[Request]:
        """The requests in place of one that was refused for its size or for a code; else an empty list."""
        refusal = self._refused.get(request.full_url)
        return self.replacements_after(request, *refusal) if refusal else []

    def replacements_after(self, request: Request, status: int | None, body: Path | None) -> list[Request]:
        """The requests in place of one that was refused with this response; an empty list if it cannot be replaced."""
        return split.replacements(self.endpoint, request, status, body, self._structure())

    @cached_property
    def replaced(self) -> frozenset[str]:
        """The addresses of refused requests that others replace."""
        found: set[str] = set()
        waiting = list(self.whole_requests)
        while waiting:
            request = waiting.pop()
            if others := self.replacements(request):
                found.add(request.full_url)
                waiting += others
        return frozenset(found)

    def _structure(self) -> Mapping[str, Collection[str]] | None:
        """The codes of each dimension that the publisher listed for the dataset; None if there is no usable list."""
        request = structure_of(self.publisher, self.name)
        last = request and self.archive.latest(request.publisher, request.dataset, request.slice, (self.mode,))
        try:
            return codes_of_structure(self.archive.payload_path(str(last.payload))) if last else None
        except (FormatError, OSError):
            return None

    def _parts(self, request: Request) -> list[Request]:
        return [part for other in self.replacements(request) for part in self._parts(other)] or [request]

    @cached_property
    def _refused(self) -> dict[str, tuple[int | None, Path | None]]:
        """Address → status and body with which the publisher refused it, for its size or for a code."""
        refused = {}
        for fetch in self.archive.fetches():
            ours = fetch.dataset == self.name and fetch.publisher == self.publisher.publisher
            if ours and fetch.error and fetch.transport == self.mode:
                body = self.archive.payload_path(fetch.payload) if fetch.payload else None
                if split.refuses(fetch.status, body):
                    refused[fetch.url] = (fetch.status, body)
        return refused

    def _listed_before(self) -> dict[str, str]:
        """Slice → address of everything that was requested before and is not gone."""
        listed: dict[str, str] = {}
        ours = (self.publisher.publisher, self.name, self.mode)
        for fetch in self.archive.fetches():
            if (fetch.publisher, fetch.dataset, fetch.transport) == ours:
                listed[fetch.slice] = fetch.url
                if fetch.status in GONE:
                    del listed[fetch.slice]
        return listed


def next_page(archive: Archive, page: Request, payload: str | None) -> Request | None:
    """The request for the page after this one; None after the last page and for datasets without pages.

    ``FetchError`` if the payload does not state how many pages there are.
    """
    endpoint = endpoint_of(catalogue.publishers()[page.publisher], page.dataset)
    return _next_page(page, archive.payload_path(payload)) if payload and endpoint.paging else None


@lru_cache(maxsize=4096)
def _next_page(page: Request, payload: Path) -> Request | None:
    """The next page. A payload never changes, so it is parsed once."""
    return paging.next_page(endpoint_of(catalogue.publishers()[page.publisher], page.dataset), page, payload)
