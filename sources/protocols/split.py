"""Split a request whose response would be too large: in advance by the catalogue, or after the publisher refused it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from math import prod
from pathlib import Path

from sources.catalogue.model import Dataset, Endpoint
from sources.errors import CatalogueError
from sources.http.body_kind import beginning
from sources.protocols.templates import Filters
from sources.request import Request

# How Eurostat refuses a request for its size, in part with status 200: a SOAP fault, the footer of an SDMX-ML message,
# or the JSON warning or error of the Statistics API.
EUROSTAT_TOO_LARGE = re.compile(
    r"EXTRACTION_TOO_BIG|ASYNCHRONOUS_RESPONSE|<faultcode>\s*413\s*<|Message[^>]*\bcode=\"413\"|\"status\"\s*:\s*\"?413\b"
)


def planned_parts(dataset: Dataset, endpoint: Endpoint) -> Iterator[tuple[Filters, Filters]]:
    """The filters of each request of a dataset, and those of them that distinguish it from the others."""
    for alternative in dataset.alternatives or [{}]:
        filters = dataset.filters | alternative
        for dim in dataset.split.keys() - filters.keys():
            raise CatalogueError(f"{dataset.title} is split by {dim}, which it does not filter")
        parts = [[(dim, part) for part in _chunks(filters[dim], most)] for dim, most in dataset.split.items()]
        for choice in product(*parts):
            for part in _fitting(filters | dict(choice), dataset, endpoint):
                changed = {dim: codes for dim, codes in part.items() if codes != filters[dim]}
                yield part, alternative | dict(choice) | changed


def is_too_large(status: int | None, body: Path | None) -> bool:
    """Whether a response without data refuses the request for its size."""
    return status == 413 or bool(EUROSTAT_TOO_LARGE.search(beginning(body)))


def halves(endpoint: Endpoint, request: Request) -> list[Request]:
    """Two requests, each with half of the codes of the request's longest filter; none if no filter has two codes.

    The slices are named as in ``requests_for``, by the first and the last code: ``geo=BE..FR``.
    """
    filters = dict(_filters(endpoint, request))
    dim, codes = max(filters.items(), key=lambda item: len(item[1]), default=("", [""]))
    if len(codes) == 1:
        return []
    middle = -(-len(codes) // 2)
    return [_narrowed(endpoint, request, dim, part) for part in (codes[:middle], codes[middle:])]


def span(codes: list[str]) -> str:
    """The name of a part of a filter: its only code, or the first and the last."""
    return codes[0] if len(codes) == 1 else f"{codes[0]}..{codes[-1]}"


def _fitting(filters: Filters, dataset: Dataset, endpoint: Endpoint) -> Iterator[Filters]:
    """The filters in parts of about equal length, so that no response exceeds the endpoint's limit of cells.

    The size of a response is the product of the numbers of codes of all dimensions; empty cells count.
    """
    cells = prod(map(len, filters.values())) * prod(dataset.sizes.values())
    if endpoint.cells is None or not dataset.sizes or cells <= endpoint.cells:
        yield filters
        return
    longest = max(filters, key=lambda dim: len(filters[dim]))
    codes = filters[longest]
    if len(codes) == 1:
        raise CatalogueError(f"{dataset.title}: one code of each filter has {cells:,} cells, too many for a response")
    most = max(1, endpoint.cells * len(codes) // cells)
    parts = -(-len(codes) // most)
    for part in _chunks(codes, -(-len(codes) // parts)):
        yield from _fitting(filters | {longest: part}, dataset, endpoint)


def _chunks(codes: list[str], most: int) -> list[list[str]]:
    return [codes[start : start + most] for start in range(0, len(codes), most)]


def _filters(endpoint: Endpoint, request: Request) -> Iterator[tuple[str, list[str]]]:
    """The filters in the query of a request: dimension and codes."""
    before, _, after = (endpoint.filter or "").partition("{dim}")
    for name, value in request.params:
        if before and name.startswith(before) and name.endswith(after):
            yield name.removeprefix(before).removesuffix(after), value.split(endpoint.join)


def _narrowed(endpoint: Endpoint, request: Request, dim: str, codes: list[str]) -> Request:
    """The request with only these codes of one filter."""
    name = str(endpoint.filter).format(dim=dim)
    params = tuple((key, endpoint.join.join(codes) if key == name else value) for key, value in request.params)
    others = [part for part in request.slice.split(" ") if part and not part.startswith(f"{dim}=")]
    return replace(request, slice=" ".join([*others, f"{dim}={span(codes)}"]), params=params)
