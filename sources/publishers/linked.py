"""A file whose name changes with each edition: the page that links to it is asked for first, and then what it links."""

import html
import re
from dataclasses import replace
from urllib.parse import urljoin

from sources.catalogue import Endpoint
from sources.errors import FetchError
from sources.http import Client
from sources.request import Answer, Request


def fetch(client: Client, endpoint: Endpoint, request: Request) -> Answer:
    """The file behind the link of the page at the request's address; raises what ``Client.fetch`` raises.

    Of several links the last in alphabetical order is taken, as names begin with the year and end with the day. The
    page has validators of its own, which say nothing of the file, so that neither is asked for conditionally.
    """
    page = client.fetch(replace(request, accept="html"))
    text = page.body.read_text("utf-8", "replace") if page.body else ""
    links = sorted(set(re.findall(str(endpoint.link), html.unescape(text))))
    if not links:
        raise FetchError(f"{request.name} ({request.full_url}): the page has no link like {endpoint.link}", page)
    return client.fetch(replace(request, url=urljoin(request.url, links[-1]), params=()))
