"""Requests: what is asked of a publisher, built from its catalogue entry and nothing else.

A dataset is one request, or several where its filter is longer than the publisher answers at once (``split``) or where
it is asked for from more than one side (``alternatives``). One catalogue always gives the same requests, to the byte:
the archive and the snapshot know a payload by its address.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product
from math import prod
from pathlib import Path
from string import Formatter

import orjson

from sources.catalogue import Dataset, Endpoint, Paging, Publisher
from sources.errors import CatalogueError, FetchError
from sources.protocols import sparql
from sources.request import Request

Filters = dict[str, list[str]]

# Hundreds of times what any publisher has; an answer that counts further is wrong.
MOST_PAGES = 1_000


def requests_for(publisher: Publisher, name: str) -> list[Request]:
    """Every request of a dataset, in the order of the catalogue; articles, and what follows others, as it is listed.

    A slice is named by the codes that set it apart from the others, from the first to the last: ``geo=BE..DE``; the
    only request of a dataset has none. ``CatalogueError`` if a filter has no place in the address, or a place has no
    filter.
    """
    dataset, endpoint = publisher.datasets[name], endpoint_of(publisher, name)
    if not endpoint.asked or endpoint.articles or endpoint.follow:
        return []
    return _made(publisher, name, dataset, endpoint)


def followed(publisher: Publisher, name: str, codes: Iterable[str]) -> list[Request]:
    """The requests of a dataset that follows another: one for each code that the other's answers name."""
    endpoint = endpoint_of(publisher, name)
    if endpoint.follow is None:
        raise CatalogueError(f"{publisher.publisher}/{name} follows no other dataset")
    one_by_one = [{endpoint.follow.dim: [code]} for code in codes]
    dataset = publisher.datasets[name].model_copy(update={"alternatives": one_by_one})
    return _made(publisher, name, dataset, endpoint) if one_by_one else []


def _made(publisher: Publisher, name: str, dataset: Dataset, endpoint: Endpoint) -> list[Request]:
    return [
        Request(
            publisher=publisher.publisher,
            dataset=name,
            slice=" ".join(f"{dim}={_span(codes)}" for dim, codes in apart.items()),
            url=_url(endpoint, dataset.code or name, filters),
            params=(*endpoint.params.items(), *_query(endpoint, filters)),
            accept=endpoint.accept,
            headers=tuple(endpoint.headers.items()),
            body=_body(endpoint, filters),
        )
        for filters, apart in _slices(dataset, endpoint)
    ]


def endpoint_of(publisher: Publisher, name: str) -> Endpoint:
    """Where a dataset is asked for; ``CatalogueError`` if its entry names an endpoint that does not exist."""
    dataset = publisher.datasets[name]
    endpoint = publisher.endpoints.get(dataset.endpoint)
    if endpoint is None:
        raise CatalogueError(f"{publisher.publisher}/{name} names an endpoint that does not exist: {dataset.endpoint}")
    return endpoint


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
    # A closed edition of another kind has no pages: the workbook that an API came after.
    if paging is None or request.accept != endpoint.accept:
        return None
    number = int(dict(request.params).get(paging.parameter, str(_first(paging))))
    try:
        pages = _number_at(orjson.loads(body.read_bytes()), paging, number)
    except (ValueError, LookupError) as error:
        raise FetchError(
            f"{request.name} ({request.full_url}): page {number} does not say how many there are at {paging.pages}: "
            f"{error}"
        ) from error
    last = pages - (paging.step or 0)
    if pages // (paging.step or 1) > MOST_PAGES:
        raise FetchError(
            f"{request.name} ({request.full_url}): {pages:,} pages are more than the {MOST_PAGES:,} asked for"
        )
    return page(paging, request, number + (paging.step or 1)) if number < last else None


def page(paging: Paging, request: Request, number: int) -> Request:
    """The request of a page by its number, from that of any page; the first is the request itself.

    Where records are skipped, the number of a page is how many come before it.
    """
    asked = dict(request.params).get(paging.parameter)
    others = tuple(
        (key, sparql.skipping(value, number) if key == "query" else value)
        for key, value in request.params
        if key != paging.parameter
    )
    first = whole(request.slice, asked)
    if number == _first(paging):
        return replace(request, slice=first, params=others)
    return replace(
        request,
        slice=f"{first} page {number}".lstrip(),
        params=(*others, (paging.parameter, str(number))),
    )


def _first(paging: Paging) -> int:
    """The number of the first page."""
    return 0 if paging.step else 1


def whole(slice_: str, page: str | None) -> str:
    """The slice of the first page of an answer, from that of its page ``page``."""
    return slice_.removesuffix(f"page {page}").rstrip()


def _slices(dataset: Dataset, endpoint: Endpoint) -> Iterator[tuple[Filters, Filters]]:
    """The filters of each request, and those of them that set it apart."""
    for alternative in dataset.alternatives or [{}]:
        filters = dataset.filters | alternative
        for dim in dataset.split.keys() - filters.keys():
            raise CatalogueError(f"{dataset.title} is split by {dim}, which it does not filter")
        parts = [[(dim, part) for part in _parts(filters[dim], most)] for dim, most in dataset.split.items()]
        for choice in product(*parts):
            for part in _fitting(filters | dict(choice), dataset, endpoint):
                changed = {dim: codes for dim, codes in part.items() if codes != filters[dim]}
                yield part, alternative | dict(choice) | changed


def _fitting(filters: Filters, dataset: Dataset, endpoint: Endpoint) -> Iterator[Filters]:
    """The filters in parts of equal length, so that no answer has more cells than the endpoint gives at once.

    The cells of an answer are the product of what is asked for of each dimension, filled or not.
    """
    cells = prod(map(len, filters.values())) * prod(dataset.sizes.values())
    if endpoint.cells is None or not dataset.sizes or cells <= endpoint.cells:
        yield filters
        return
    longest = max(filters, key=lambda dim: len(filters[dim]))
    codes = filters[longest]
    if len(codes) == 1:
        raise CatalogueError(f"{dataset.title}: one code of each filter has {cells:,} cells, too many for an answer")
    most = max(1, endpoint.cells * len(codes) // cells)
    parts = -(-len(codes) // most)
    for part in _parts(codes, -(-len(codes) // parts)):
        yield from _fitting(filters | {longest: part}, dataset, endpoint)


def _parts(codes: list[str], most: int) -> list[list[str]]:
    return [codes[start : start + most] for start in range(0, len(codes), most)]


def _span(codes: list[str]) -> str:
    return codes[0] if len(codes) == 1 else f"{codes[0]}..{codes[-1]}"


def _places(template: object) -> set[str]:
    """The names in braces of an address or body."""
    match template:
        case str():
            return {place for _, place, _, _ in Formatter().parse(template) if place}
        case dict():
            return _places(list(template.values()))
        case list():
            return {place for item in template for place in _places(item)}
    return set()


def _body(endpoint: Endpoint, filters: Filters) -> str:
    """The body of a POST as JSON; "" for a GET."""
    if endpoint.body is None:
        return ""
    known = {dim.upper(): codes for dim, codes in filters.items()}
    if missing := _places(endpoint.body) - known.keys():
        raise CatalogueError(f"there is no filter for {', '.join(sorted(missing))} of a body for {endpoint.url}")
    return orjson.dumps(_filled(endpoint.body, known)).decode()


def _filled(template: object, known: Filters) -> object:
    """A body with codes in its places: an item of a list is repeated for each code of the filter that it names."""
    match template:
        case str():
            return template.format_map({name: ",".join(codes) for name, codes in known.items()})
        case dict():
            return {key: _filled(value, known) for key, value in template.items()}
        case list():
            return [_filled(item, known | dict(one)) for item in template for one in _choices(item, known)]
    return template


def _choices(item: object, known: Filters) -> Iterator[Iterable[tuple[str, list[str]]]]:
    """For each combination of codes of the filters that an item names, those codes alone."""
    yield from product(*([(name, [code]) for code in known[name]] for name in sorted(_places(item))))


def _url(endpoint: Endpoint, code: str, filters: Filters) -> str:
    known = {"code": code} | {dim.upper(): endpoint.join.join(codes) for dim, codes in filters.items()}
    if missing := _places(endpoint.url) - known.keys():
        raise CatalogueError(f"{code} has no filter for {', '.join(sorted(missing))} of {endpoint.url}")
    return endpoint.url.format_map(known)


def _query(endpoint: Endpoint, filters: Filters) -> Iterator[tuple[str, str]]:
    """The parameters for the filters that have no place in path or body; ``&`` repeats a parameter for each code."""
    placed = _places(endpoint.url) | _places(endpoint.body)
    if endpoint.query is not None:
        yield "query", sparql.query(endpoint.query, filters)
        return
    for dim, codes in filters.items():
        if dim.upper() in placed:
            continue
        if endpoint.filter is None:
            raise CatalogueError(f"there is no place for the filter {dim} in {endpoint.url}")
        for value in codes if endpoint.join == "&" else [endpoint.join.join(codes)]:
            yield endpoint.filter.format(dim=dim), value


def _number_at(document: object, paging: Paging, number: int) -> int:
    """The whole number that stands in page ``number`` of an answer at the pointer (RFC 6901) of its paging.

    A list counts its records: as long as a page is full of them, there is one more.
    """
    for token in paging.pages.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        match document:
            case list():
                document = document[int(key)]
            case dict():
                document = document[key]
            case _:
                raise LookupError(paging.pages)
    if isinstance(document, list) and paging.step:
        return number + (2 * paging.step if len(document) >= paging.step else 0)
    return int(str(document))
