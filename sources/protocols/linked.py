"""Fetch a file whose name changes with each edition: first the page that links to it, then the file."""

import html
import re
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urljoin

import orjson

from sources.catalogue.model import Endpoint
from sources.errors import FetchError
from sources.http.client import Client
from sources.request import Request, Response


def fetch(client: Client, endpoint: Endpoint, request: Request) -> Response:
    """The file that the page at the request's address links to. Raises what ``Client.fetch`` raises.

    If there are several links, the last in alphabetical order is used, because the names begin with the year and end
    with the day. Neither request is conditional: the validators of the page are not those of the file.
    ``FetchError`` if no link matches the pattern of the endpoint.
    """
    page = client.fetch(replace(request, accept=endpoint.page))
    links = sorted(set(re.findall(str(endpoint.link), _text(page, endpoint))))
    if not links:
        raise FetchError(f"{request.described}: the page has no link like {endpoint.link}", page)
    return client.fetch(replace(request, url=urljoin(request.url, links[-1]), params=()))


def _text(page: Response, endpoint: Endpoint) -> str:
    """The page as text, in which addresses are not escaped."""
    body = page.body.read_bytes() if page.body else b""
    if endpoint.page == "json":
        with suppress(orjson.JSONDecodeError):
            body = orjson.dumps(orjson.loads(body))
        return body.decode("utf-8", "replace")
    return html.unescape(body.decode("utf-8", "replace"))
