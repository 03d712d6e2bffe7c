"""The pages of a response that a publisher returns in several parts."""

from dataclasses import replace
from pathlib import Path

import orjson

from sources.catalogue.model import Endpoint, Paging
from sources.errors import FetchError
from sources.protocols import sparql
from sources.request import Request

# Hundreds of times the number of pages of any publisher; a response that reports more is wrong.
MAX_PAGES = 1_000


def next_page(endpoint: Endpoint, request: Request, body: Path) -> Request | None:
    """The request of the page after the one in ``body``; None after the last page and for an endpoint without pages.

    ``FetchError`` if the page does not contain the number of pages, or if there are more than ``MAX_PAGES``.
    """
    paging = endpoint.paging
    # A closed edition of another kind, such as the workbook that preceded an API, has no pages.
    if paging is None or request.accept != endpoint.accept:
        return None
    number = int(dict(request.params).get(paging.parameter, str(_first(paging))))
    try:
        total = _total(orjson.loads(body.read_bytes()), paging, number)
    except (ValueError, LookupError) as error:
        raise FetchError(
            f"{request.described}: page {number} has no number of pages at {paging.pages}: {error}"
        ) from error
    last = total - (paging.step or 0)
    if total // (paging.step or 1) > MAX_PAGES:
        raise FetchError(f"{request.described}: {total:,} pages are more than the {MAX_PAGES:,} that are requested")
    return request_of_page(paging, request, number + (paging.step or 1)) if number < last else None


def request_of_page(paging: Paging, request: Request, number: int) -> Request:
    """The request of the page ``number``, from the request of any page. The first page has no page in its slice.

    Where the publisher skips records, the number of a page is the number of records before it.
    """
    current = dict(request.params).get(paging.parameter)
    others = tuple(
        (key, sparql.with_offset(value, number) if key == "query" else value)
        for key, value in request.params
        if key != paging.parameter
    )
    first = slice_without_page(request.slice, current)
    if number == _first(paging):
        return replace(request, slice=first, params=others)
    return replace(
        request,
        slice=f"{first} page {number}".lstrip(),
        params=(*others, (paging.parameter, str(number))),
    )


def slice_without_page(slice_: str, page: str | None) -> str:
    """The slice of the first page, from the slice of the page with the number ``page``."""
    return slice_.removesuffix(f"page {page}").rstrip()


def _first(paging: Paging) -> int:
    """The number of the first page."""
    return 0 if paging.step else 1


def _total(document: object, paging: Paging, number: int) -> int:
    """The number of pages, or of records where pages skip records, that page ``number`` reports.

    It is the integer at the JSON pointer (RFC 6901) of the paging. If a list is at the pointer, its length decides: a
    list that is as long as a full page means that at least one more page follows.
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
