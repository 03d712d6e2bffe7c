"""Fetch a response that the publisher may prepare later: it first returns an id, under which the data is then ready."""

import re
import time
from dataclasses import replace

from sources.catalogue.model import Endpoint, Promise
from sources.errors import FetchError
from sources.http.body_kind import beginning
from sources.http.client import Client
from sources.request import Request, Response

# The longest pause between two requests for the status, in seconds.
MAX_PAUSE = 60.0
# Eurostat's XML for a queued extraction and for its status.
EUROSTAT_QUEUED = re.compile(r"<(?:\w+:)?queued>.*?<(?:\w+:)?id>\s*([0-9A-Fa-f-]{36})\s*</", re.DOTALL)
EUROSTAT_STATUS = re.compile(r"<(?:\w+:)?status>\s*([A-Z_]+)\s*</")
EUROSTAT_PENDING = ("SUBMITTED", "PROCESSING")
EUROSTAT_READY = "AVAILABLE"


def fetch(
    client: Client,
    endpoint: Endpoint,
    request: Request,
    *,
    etag: str | None = None,
    last_modified: str | None = None,
) -> Response:
    """The response to a request, after waiting for it where it is prepared later. Raises what ``Client.fetch`` raises.

    ``FetchError`` also if the publisher gives up the response, or does not finish it within ``endpoint.promise``.
    """
    try:
        return client.fetch(request, etag=etag, last_modified=last_modified)
    except FetchError as error:
        queued = EUROSTAT_QUEUED.search(beginning(error.response.body if error.response else None))
        if endpoint.promise is None or queued is None:
            raise
        if why := _wait(client, endpoint.promise, request, queued[1]):
            raise FetchError(f"{request.described}: {why}", error.response) from error
        return client.fetch(replace(request, url=endpoint.promise.data.format(id=queued[1]), params=()))


def _wait(client: Client, promise: Promise, request: Request, id_: str) -> str:
    """Wait until the response ``id_`` is ready; return "", or why it is given up."""
    status_request = replace(request, url=promise.status.format(id=id_), params=(), accept="any")
    waited, pause = 0.0, promise.pause
    while waited < promise.patience:
        time.sleep(pause)
        waited, pause = waited + pause, min(2 * pause, MAX_PAUSE)
        status = EUROSTAT_STATUS.search(beginning(client.fetch(status_request).body))
        if status and status[1] == EUROSTAT_READY:
            return ""
        if status is None or status[1] not in EUROSTAT_PENDING:
            return f"the queued response {id_} has the status {status[1] if status else 'unknown'}"
    return f"the queued response {id_} was not ready after {waited:.0f} seconds"
