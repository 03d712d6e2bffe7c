"""How Eurostat answers beside with data: too large, later, or not at all because nothing changed.

A request too large is refused in many ways, some of them with status 200, and is then made in two halves. An answer may
be promised for later and is then waited for. The table of contents says on which day a dataset was last updated, so
that an unchanged one costs no download.
"""

import csv
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sources.catalogue import Endpoint, Promise
from sources.errors import FetchError
from sources.http import Client
from sources.request import Request, Response

BRUSSELS = ZoneInfo("Europe/Brussels")
# Updates are published at 11:00 and 23:00; the table of contents names the day alone.
LAST_UPDATE_OF_THE_DAY = 23

_HEAD = 65_536
# The longest pause between two questions whether a promised answer is ready, in seconds.
_LONGEST_PAUSE = 60.0
# A SOAP fault, the footer of an SDMX-ML message, and the JSON warning or error of the Statistics API.
_TOO_LARGE = re.compile(
    r"EXTRACTION_TOO_BIG|ASYNCHRONOUS_RESPONSE|<faultcode>\s*413\s*<|Message[^>]*\bcode=\"413\"|\"status\"\s*:\s*\"?413\b"
)
_PROMISED = re.compile(r"<(?:\w+:)?queued>.*?<(?:\w+:)?id>\s*([0-9A-Fa-f-]{36})\s*</", re.DOTALL)
_STATUS = re.compile(r"<(?:\w+:)?status>\s*([A-Z_]+)\s*</")


def too_large(status: int | None, body: Path | None) -> bool:
    """Whether an answer that is no data refuses the request for its size."""
    return status == 413 or bool(_TOO_LARGE.search(_beginning(body)))


def halves(endpoint: Endpoint, request: Request) -> list[Request]:
    """The request as two, each with half of the codes of its longest filter; none if no filter has two codes.

    The slices are named as the catalogue names them, by the first and the last code: ``geo=BE..FR``.
    """
    filters = dict(_filters(endpoint, request))
    dim, codes = max(filters.items(), key=lambda item: len(item[1]), default=("", [""]))
    if len(codes) == 1:
        return []
    middle = -(-len(codes) // 2)
    return [_narrowed(endpoint, request, dim, part) for part in (codes[:middle], codes[middle:])]


def fetch(
    client: Client,
    endpoint: Endpoint,
    request: Request,
    *,
    etag: str | None = None,
    last_modified: str | None = None,
) -> Response:
    """The answer to a request, waited for where it is promised for later; raises what ``Client.fetch`` raises."""
    try:
        return client.fetch(request, etag=etag, last_modified=last_modified)
    except FetchError as error:
        promised = _PROMISED.search(_beginning(error.response.body if error.response else None))
        if endpoint.promise is None or promised is None:
            raise
        if why := _waited(client, endpoint.promise, request, promised[1]):
            raise FetchError(f"{request.name} ({request.full_url}): {why}", error.response) from error
        return client.fetch(replace(request, url=endpoint.promise.data.format(id=promised[1]), params=()))


def updates(contents: Path) -> dict[str, date]:
    """Code of a dataset, in lower case → the day of its last update of data, from the table of contents as text.

    Folders, and lines whose day cannot be read, are left out. A dataset stands in several places of the tree; what
    counts is its latest day. ``FetchError`` if the columns are not there.
    """
    found: dict[str, date] = {}
    with contents.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", skipinitialspace=True)
        names = {name.strip().lower(): name for name in rows.fieldnames or ()}
        if not {"code", "last update of data"} <= names.keys():
            raise FetchError(f"the table of contents has no columns of code and last update: {', '.join(names)}")
        for row in rows:
            code, day = ((row[names[name]] or "").strip() for name in ("code", "last update of data"))
            if match := re.fullmatch(r"(\d\d)\.(\d\d)\.(\d{4})", day):
                updated = date(int(match[3]), int(match[2]), int(match[1]))
                found[code.lower()] = max(updated, found.get(code.lower(), updated))
    return found


def stands(updated: date | None, stamp: datetime | None, received: datetime) -> bool:
    """Whether a payload with the publisher's ``stamp``, received then, holds the update of the day ``updated``.

    A payload of 11:00 that was received on the same day may have been followed by the update of 23:00.
    """
    if updated is None or stamp is None:
        return False
    local = stamp.astimezone(BRUSSELS)
    whole_day = local.hour >= LAST_UPDATE_OF_THE_DAY or received.astimezone(BRUSSELS).date() > updated
    return local.date() > updated or (local.date() == updated and whole_day)


def _waited(client: Client, promise: Promise, request: Request, id_: str) -> str:
    """Return "" when what is promised as ``id_`` is ready, or why it is given up."""
    question = replace(request, url=promise.status.format(id=id_), params=(), accept="any")
    waited, pause = 0.0, promise.pause
    while waited < promise.patience:
        time.sleep(pause)
        waited, pause = waited + pause, min(2 * pause, _LONGEST_PAUSE)
        status = _STATUS.search(_beginning(client.fetch(question).body))
        if status is None or status[1] not in ("SUBMITTED", "PROCESSING", "AVAILABLE"):
            return f"the answer promised as {id_} is {status[1] if status else 'not spoken of'}"
        if status[1] == "AVAILABLE":
            return ""
    return f"the answer promised as {id_} was not ready after {waited:.0f} seconds"


def _beginning(body: Path | None) -> str:
    if body is None:
        return ""
    with body.open("rb") as file:
        return file.read(_HEAD).decode("utf-8", "replace")


def _filters(endpoint: Endpoint, request: Request) -> Iterator[tuple[str, list[str]]]:
    """The filters of a request that stand in its query: dimension and codes."""
    before, _, after = (endpoint.filter or "").partition("{dim}")
    for name, value in request.params:
        if before and name.startswith(before) and name.endswith(after):
            yield name.removeprefix(before).removesuffix(after), value.split(endpoint.join)


def _narrowed(endpoint: Endpoint, request: Request, dim: str, codes: list[str]) -> Request:
    name = str(endpoint.filter).format(dim=dim)
    params = tuple((key, endpoint.join.join(codes) if key == name else value) for key, value in request.params)
    others = [part for part in request.slice.split(" ") if part and not part.startswith(f"{dim}=")]
    span = codes[0] if len(codes) == 1 else f"{codes[0]}..{codes[-1]}"
    return replace(request, slice=" ".join([*others, f"{dim}={span}"]), params=params)
