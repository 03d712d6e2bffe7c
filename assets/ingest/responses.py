"""Responses: the lines of the ledger, grouped into whole responses to the requests of a dataset.

A response is the first reception of all its payloads, one a page. Pages of different rounds are never mixed, because a
row that moved from one page to another would be lost or counted twice.
"""

from datetime import datetime
from email.utils import parsedate_to_datetime

from assets.core.workspace import Workspace
from assets.ingest.plan import Plan, next_page
from assets.normalise.codes import Origin
from sources.catalogue.model import Publisher
from sources.errors import FetchError
from sources.protocols import paging
from sources.request import Request
from warehouse.archive import Fetch
from warehouse.errors import ArchiveError
from warehouse.ledger import lines_in_use

Pages = tuple[Fetch, ...]


def responses(workspace: Workspace, publisher: Publisher, name: str) -> dict[str, list[Pages]]:
    """Slice → the whole responses to its request that the archive holds, newest last.

    Requests that are no longer made are left out. Each imported payload is a slice of its own, with one response: that
    of its last import, so that importing it again corrects the day of publication.
    """
    rounds: dict[str, list[Fetch]] = {}
    imports: dict[str, list[Pages]] = {}
    for fetch in _usable(workspace, publisher, name):
        rounds.setdefault(_slice_of_first_page(publisher, fetch), []).append(fetch)
        if fetch.transport == "import":
            imports[fetch.slice] = [(fetch,)]
    plan = Plan(workspace.archive, workspace.mode, publisher, name)
    requested: dict[str, list[Pages]] = {}
    for request in plan.whole_requests:
        requested |= _responses_to(plan, request, rounds)
    return {key: found for key, found in (requested | imports).items() if found}


def first_receptions(workspace: Workspace, publisher: Publisher, name: str) -> dict[str, list[Fetch]]:
    """Slice → the first reception of each of its payloads, newest last."""
    return {
        key: list({fetch.payload: fetch for pages in reversed(found) for fetch in pages}.values())[::-1]
        for key, found in responses(workspace, publisher, name).items()
    }


def origin_of(fetch: Fetch) -> Origin:
    """The payload of a fetch with its times. Its stamp is the day that a person gave, or the server's Last-Modified."""
    return Origin(payload=str(fetch.payload), received=fetch.at, stamp=_stamp(fetch))


def _stamp(fetch: Fetch) -> datetime | None:
    if fetch.published:
        return datetime.fromisoformat(fetch.published)
    modified = fetch.headers.get("last-modified")
    return parsedate_to_datetime(modified) if modified else None


def _responses_to(plan: Plan, request: Request, rounds: dict[str, list[Fetch]]) -> dict[str, list[Pages]]:
    """The responses to a request, or to those that replace it once all of these have one."""
    own = _whole_responses(plan, request, rounds)
    parts: dict[str, list[Pages]] = {}
    for part in plan.replacements(request):
        parts |= _responses_to(plan, part, rounds)
    return parts if parts and (all(parts.values()) or not own) else {request.slice: own}


def _usable(workspace: Workspace, publisher: Publisher, name: str) -> list[Fetch]:
    """The fetches of a dataset that brought or confirmed a payload which this workspace may use."""
    transports = (workspace.transport_of(publisher, name), "import")
    whole = (publisher.publisher, name)
    ours = [fetch for fetch in workspace.archive.fetches() if (fetch.publisher, fetch.dataset) == whole]
    in_use = [ours[position] for position in lines_in_use(ours)]
    return [fetch for fetch in in_use if fetch.transport in transports]


def _slice_of_first_page(publisher: Publisher, fetch: Fetch) -> str:
    """The slice of the request to which this fetch brought a page."""
    pages = publisher.endpoints[publisher.datasets[fetch.dataset].endpoint].paging
    return paging.slice_without_page(fetch.slice, fetch.params.get(pages.parameter)) if pages else fetch.slice


def _whole_responses(plan: Plan, request: Request, rounds: dict[str, list[Fetch]]) -> list[Pages]:
    """The responses of which every page was received, newest last. Two equal responses in a row are one.

    A response that comes again after a different one is a response of its own: the publisher withdrew the other.
    """
    found: list[Pages] = []
    pages: Pages = ()
    due: Request | None = None
    for fetch in rounds.get(request.slice, []):
        if fetch.slice == request.slice:
            pages, due = (), request
        if due is None or fetch.slice != due.slice:
            continue
        pages = (*pages, fetch)
        try:
            due = next_page(plan.archive, due, fetch.payload)
        except (FetchError, ArchiveError):
            due = None
            if not plan.archive.damage_of(str(fetch.payload)):
                continue  # its reception recorded the failure; a response that may be incomplete is not used
        if due is None and (not found or _payloads(found[-1]) != _payloads(pages)):
            found.append(pages)
    return found


def _payloads(pages: Pages) -> list[str | None]:
    return [page.payload for page in pages]
