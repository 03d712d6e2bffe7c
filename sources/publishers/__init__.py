"""Requests: what is asked of a publisher, built from its catalogue entry and nothing else.

A dataset is one request, or several where its filter is longer than the publisher answers at once (``split``) or where
it is asked for from more than one side (``alternatives``). One catalogue always gives the same requests, to the byte:
the archive and the snapshot know a payload by its address.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from string import Formatter

import orjson

from sources.catalogue import Dataset, Endpoint, Paging, Publisher
from sources.errors import CatalogueError, FetchError
from sources.request import Request

Filters = dict[str, list[str]]


def requests_for(publisher: Publisher, name: str) -> list[Request]:
    """Every request of a dataset, in the order of the catalogue.

    A slice is named by the codes that set it apart from the others, from the first to the last: ``geo=BE..DE``; the
    only request of a dataset has none. ``CatalogueError`` if a filter has no place in the address, or a place has no
    filter.
    """
    dataset = publisher.datasets[name]
    endpoint = publisher.endpoints.get(dataset.endpoint)
    if endpoint is None:
        raise CatalogueError(f"{publisher.publisher}/{name} names an endpoint that does not exist: {dataset.endpoint}")
    return [
        Request(
            publisher=publisher.publisher,
            dataset=name,
            slice=" ".join(f"{dim}={_span(codes)}" for dim, codes in apart.items()),
            url=_url(endpoint, dataset.code or name, filters),
            params=(*endpoint.params.items(), *_query(endpoint, filters)),
            accept=endpoint.accept,
            headers=tuple(endpoint.headers.items()),
        )
        for filters, apart in _slices(dataset)
    ]


def closed(publisher: Publisher, name: str) -> list[Request]:
    """The closed editions of a dataset as requests, by which an archive or a snapshot knows them: slice is their id."""
    return [
        Request(publisher.publisher, name, edition.id, edition.url, (), edition.accept)
        for edition in publisher.datasets[name].editions
    ]


def next_page(endpoint: Endpoint, request: Request, body: Path) -> Request | None:
    """The request of the page after the one that ``body`` answers; None where it was the last or there are no pages.

    ``FetchError`` if the answer does not say of how many pages it is one.
    """
    paging = endpoint.paging
    if paging is None:
        return None
    number = int(dict(request.params).get(paging.parameter, "1"))
    try:
        pages = _number_at(orjson.loads(body.read_bytes()), paging.pages)
    except (ValueError, LookupError) as error:
        raise FetchError(
            f"{request.name} ({request.full_url}): page {number} does not say how many there are at {paging.pages}: "
            f"{error}"
        ) from error
    return page(paging, request, number + 1) if number < pages else None


def page(paging: Paging, request: Request, number: int) -> Request:
    """The request of a page by its number, from that of any page; the first is the request itself."""
    asked = dict(request.params).get(paging.parameter)
    others = tuple((key, value) for key, value in request.params if key != paging.parameter)
    first = whole(request.slice, asked)
    if number == 1:
        return replace(request, slice=first, params=others)
    return replace(
        request,
        slice=f"{first} page {number}".lstrip(),
        params=(*others, (paging.parameter, str(number))),
    )


def whole(slice_: str, page: str | None) -> str:
    """The slice of the first page of an answer, from that of its page ``page``."""
    return slice_.removesuffix(f"page {page}").rstrip()


def _slices(dataset: Dataset) -> Iterator[tuple[Filters, Filters]]:
    """The filters of each request, and those of them that set it apart."""
    for alternative in dataset.alternatives or [{}]:
        filters = dataset.filters | alternative
        for dim in dataset.split.keys() - filters.keys():
            raise CatalogueError(f"{dataset.title} is split by {dim}, which it does not filter")
        parts = [[(dim, part) for part in _parts(filters[dim], most)] for dim, most in dataset.split.items()]
        for choice in product(*parts):
            yield filters | dict(choice), alternative | dict(choice)


def _parts(codes: list[str], most: int) -> list[list[str]]:
    return [codes[start : start + most] for start in range(0, len(codes), most)]


def _span(codes: list[str]) -> str:
    return codes[0] if len(codes) == 1 else f"{codes[0]}..{codes[-1]}"


def _places(endpoint: Endpoint) -> set[str]:
    """The names in braces of an address."""
    return {place for _, place, _, _ in Formatter().parse(endpoint.url) if place}


def _url(endpoint: Endpoint, code: str, filters: Filters) -> str:
    known = {"code": code} | {dim.upper(): endpoint.join.join(codes) for dim, codes in filters.items()}
    if missing := _places(endpoint) - known.keys():
        raise CatalogueError(f"{code} has no filter for {', '.join(sorted(missing))} of {endpoint.url}")
    return endpoint.url.format_map(known)


def _query(endpoint: Endpoint, filters: Filters) -> Iterator[tuple[str, str]]:
    """The parameters for the filters that have no place in the path; ``&`` repeats a parameter for each code."""
    for dim, codes in filters.items():
        if dim.upper() in _places(endpoint):
            continue
        if endpoint.filter is None:
            raise CatalogueError(f"there is no place for the filter {dim} in {endpoint.url}")
        for value in codes if endpoint.join == "&" else [endpoint.join.join(codes)]:
            yield endpoint.filter.format(dim=dim), value


def _number_at(document: object, pointer: str) -> int:
    """The whole number that stands in a JSON document at a pointer (RFC 6901)."""
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        match document:
            case list():
                document = document[int(key)]
            case dict():
                document = document[key]
            case _:
                raise LookupError(pointer)
    return int(str(document))
