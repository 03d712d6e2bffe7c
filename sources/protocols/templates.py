"""Fill the codes of filters into the templates of an endpoint: its address, its query and the body of a POST.

A place is a name in braces: ``{code}`` is the publisher's name of the dataset, ``{GEO}`` holds the filter ``geo``.
"""

from collections.abc import Iterable, Iterator
from itertools import product
from string import Formatter

import orjson

from sources.catalogue.model import Endpoint
from sources.errors import CatalogueError
from sources.protocols import sparql

Filters = dict[str, list[str]]


def url(endpoint: Endpoint, code: str, filters: Filters) -> str:
    """The address of an endpoint without its query; ``CatalogueError`` if a place has no filter."""
    values = {"code": code} | {dim.upper(): endpoint.join.join(codes) for dim, codes in filters.items()}
    if missing := _places(endpoint.url) - values.keys():
        raise CatalogueError(f"{code} has no filter for {', '.join(sorted(missing))} of {endpoint.url}")
    return endpoint.url.format_map(values)


def parameters(endpoint: Endpoint, filters: Filters) -> Iterator[tuple[str, str]]:
    """The query parameters for the filters that have no place in the address or the body.

    The separator ``&`` repeats a parameter for each code. ``CatalogueError`` if the endpoint filters by no parameter.
    """
    if endpoint.query is not None:
        yield "query", sparql.query(endpoint.query, filters)
        return
    placed = _places(endpoint.url) | _places(endpoint.body)
    for dim, codes in filters.items():
        if dim.upper() in placed:
            continue
        if endpoint.filter is None:
            raise CatalogueError(f"there is no place for the filter {dim} in {endpoint.url}")
        for value in codes if endpoint.join == "&" else [endpoint.join.join(codes)]:
            yield endpoint.filter.format(dim=dim), value


def body(endpoint: Endpoint, filters: Filters) -> str:
    """The body of a POST as JSON; "" for a GET. ``CatalogueError`` if a place has no filter."""
    if endpoint.body is None:
        return ""
    codes = {dim.upper(): codes for dim, codes in filters.items()}
    if missing := _places(endpoint.body) - codes.keys():
        raise CatalogueError(f"there is no filter for {', '.join(sorted(missing))} of a body for {endpoint.url}")
    return orjson.dumps(_filled(endpoint.body, codes)).decode()


def _places(template: object) -> set[str]:
    """The names in braces of an address or a body."""
    match template:
        case str():
            return {place for _, place, _, _ in Formatter().parse(template) if place}
        case dict():
            return _places(list(template.values()))
        case list():
            return {place for item in template for place in _places(item)}
    return set()


def _filled(template: object, filters: Filters) -> object:
    """A body with codes in its places. An item of a list is repeated for each code of the filters that it names."""
    match template:
        case str():
            return template.format_map({name: ",".join(codes) for name, codes in filters.items()})
        case dict():
            return {key: _filled(value, filters) for key, value in template.items()}
        case list():
            return [_filled(item, filters | dict(choice)) for item in template for choice in _choices(item, filters)]
    return template


def _choices(item: object, filters: Filters) -> Iterator[Iterable[tuple[str, list[str]]]]:
    """Each combination of one code from each of the filters that an item names."""
    yield from product(*([(name, [code]) for code in filters[name]] for name in sorted(_places(item))))
