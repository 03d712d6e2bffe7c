"""A file whose name changes with each edition: the page that links to it is asked for first, and then what it links."""

import html
import re
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urljoin

import orjson

from sources.catalogue import Endpoint
from sources.errors import FetchError
from sources.http import Client
from sources.request import Request, Response


def fetch(client: Client, endpoint: Endpoint, request: Request) -> Response:
    """The file behind the link of the page at the request's address; raises what ``Client.fetch`` raises.

    Of several links the last in alphabetical order is taken, as names begin with the year and end with the day. The
    page has validators of its own, which say nothing of the file, so that neither is asked for conditionally.
    """
    page = client.fetch(replace(request, accept=endpoint.page))
    links = sorted(set(re.findall(str(endpoint.link), _text(page, endpoint))))
    if not links:
        raise FetchError(f"{request.name} ({request.full_url}): the page has no link like {endpoint.link}", page)
    return client.fetch(replace(request, url=urljoin(request.url, links[-1]), params=()))


def _text(page: Response, endpoint: Endpoint) -> str:
    """The page as text, without what its kind escapes in an address."""
    body = page.body.read_bytes() if page.body else b""
    if endpoint.page == "json":
        with suppress(orjson.JSONDecodeError):
            body = orjson.dumps(orjson.loads(body))
        return body.decode("utf-8", "replace")
    return html.unescape(body.decode("utf-8", "replace"))
