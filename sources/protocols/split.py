"""Requests in place of one that is too large, or that asks for a code which the dataset does not have.

A request is split in advance by the catalogue, and after the publisher refused it: for its size, or for a code.
"""

import re
from collections.abc import Collection, Iterator, Mapping
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

# How Eurostat refuses codes outside of a dataset's constraint, with status 400: in a SOAP fault or a JSON error.
EUROSTAT_REFUSAL = "INVALID_QUERY_DIMENSION_VALUE"
EUROSTAT_REFUSED_CODES = re.compile(
    r"INVALID_QUERY_DIMENSION_VALUE.*?values for dimension are not allowed:\s*((?:\w+=[\w.-]+[,;\s]*)+)", re.DOTALL
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


def replacements(
    endpoint: Endpoint,
    request: Request,
    status: int | None,
    body: Path | None,
    structure: Mapping[str, Collection[str]] | None = None,
) -> list[Request]:
    """The requests that replace a refused one: its halves, or one without the codes that the dataset does not have.

    ``structure`` has the codes of the dataset, for a response that does not name the wrong ones. The list is empty if
    the response refuses neither its size nor a code, or if no code of a filter remains.
    """
    if is_too_large(status, body):
        return halves(endpoint, request)
    refused = refused_codes(body)
    if structure and refuses_unnamed_codes(body):
        filters = _filters(endpoint, request)
        refused = {dim: [c for c in codes if c not in structure.get(dim, codes)] for dim, codes in filters.items()}
    narrowed = without_codes(endpoint, request, refused)
    return [narrowed] if narrowed else []


def refuses(status: int | None, body: Path | None) -> bool:
    """Whether a response refuses the request for its size, or for a code."""
    return is_too_large(status, body) or bool(refused_codes(body)) or refuses_unnamed_codes(body)


def refuses_unnamed_codes(body: Path | None) -> bool:
    """Whether a response refuses codes without naming them."""
    return EUROSTAT_REFUSAL in beginning(body) and not refused_codes(body)


def refused_codes(body: Path | None) -> dict[str, list[str]]:
    """The codes that a response names as not allowed, by dimension in lower case."""
    found: dict[str, list[str]] = {}
    for match in EUROSTAT_REFUSED_CODES.finditer(beginning(body)):
        for dim, code in re.findall(r"(\w+)=([\w.-]*\w)", match[1]):
            found.setdefault(dim.lower(), []).append(code)
    return found


def without_codes(endpoint: Endpoint, request: Request, refused: dict[str, list[str]]) -> Request | None:
    """The request without these codes; None if it asks for none of them, or for nothing else in a dimension."""
    narrowed = request
    for dim, codes in _filters(endpoint, request).items():
        kept = [code for code in codes if code not in refused.get(dim.lower(), [])]
        if not kept:
            return None
        if len(kept) < len(codes):
            narrowed = _narrowed(endpoint, narrowed, dim, kept)
    return None if narrowed is request else narrowed


def is_too_large(status: int | None, body: Path | None) -> bool:
    """Whether a response without data refuses the request for its size."""
    return status == 413 or bool(EUROSTAT_TOO_LARGE.search(beginning(body)))


def halves(endpoint: Endpoint, request: Request) -> list[Request]:
    """Two requests, each with half of the codes of the request's longest filter; none if no filter has two codes.

    The slices are named as in ``requests_for``, by the first and the last code: ``geo=BE..FR``.
    """
    filters = _filters(endpoint, request)
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
    sizes = [size for dim, size in dataset.sizes.items() if dim not in filters]
    cells = prod(map(len, filters.values())) * prod(sizes)
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


def _filters(endpoint: Endpoint, request: Request) -> Filters:
    """The filters in the query of a request: dimension and codes. A parameter may be repeated for each code."""
    before, _, after = (endpoint.filter or "").partition("{dim}")
    found: Filters = {}
    for name, value in request.params:
        # Without a text around the dimension, the other parameters of the endpoint are not filters.
        if endpoint.filter and name not in endpoint.params and name.startswith(before) and name.endswith(after):
            dim = name.removeprefix(before).removesuffix(after)
            found.setdefault(dim, []).extend(value.split(endpoint.join))
    return found


def _narrowed(endpoint: Endpoint, request: Request, dim: str, codes: list[str]) -> Request:
    """The request with only these codes of one filter, in the place of its first parameter."""
    name = str(endpoint.filter).format(dim=dim)
    at = next(number for number, (key, _) in enumerate(request.params) if key == name)
    values = codes if endpoint.join == "&" else [endpoint.join.join(codes)]
    before = request.params[:at]
    rest = tuple(param for param in request.params[at:] if param[0] != name)
    others = [part for part in request.slice.split(" ") if part and not part.startswith(f"{dim}=")]
    params = (*before, *((name, value) for value in values), *rest)
    return replace(request, slice=" ".join([*others, f"{dim}={span(codes)}"]), params=params)
