"""Request to payload: asks a publisher for a dataset and keeps in the archive whatever comes."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path

import orjson
import polars as pl

from assets.core.workspace import Workspace
from assets.normalise.codes import Origin
from sources import catalogue, reading, snapshot
from sources.catalogue.model import Publisher
from sources.errors import FetchError, FormatError, NotConfiguredError, SourceError
from sources.http.client import Client
from sources.protocols import articles, asynchronous, contents, linked, paging, split
from sources.protocols.requests import closed_editions, endpoint_of, requests_following, requests_for
from sources.request import Request, Response
from warehouse.archive import Archive, Fetch

# How long a table of contents stands: longer than a build, shorter than the pause between two updates.
CONTENTS_STAND = timedelta(minutes=30)
# On how many days in a row, of those on which it is asked for, a dataset fails before what is known of it is stale.
STALE_AFTER = 3

# An article that could never be read, and is no longer there, is not asked for any more.
_GONE = (404, 410)


@dataclass(frozen=True)
class Reception:
    """What a round of requests for one dataset brought."""

    received: int = 0
    unchanged: int = 0
    absent: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    unreachable: bool = False


def receive(workspace: Workspace, publisher: Publisher, name: str, client: Client | None = None) -> Reception:
    """Ask for every slice of a dataset and record each answer. What fails is said, and stops nothing else.

    Only a host that cannot be reached is not asked for the rest. Who asks for several datasets of a publisher gives the
    ``client``, whose limits then hold for all of them.
    """
    if client is None:
        with workspace.client(publisher) as own:
            return receive(workspace, publisher, name, own)
    refused = _refused(workspace, publisher.publisher, name)
    updated = _updated(workspace, client, publisher, name)
    requests, result = _asked(workspace, client, publisher, name, refused)
    for request in requests:
        if _stands(workspace, request, refused, updated):
            result = replace(result, unchanged=result.unchanged + 1)
            continue
        if fetch := _elsewhere(workspace, request, refused):
            workspace.archive.append(replace(fetch, dataset=name))
            result = replace(result, received=result.received + 1)
            continue
        result = _slice(workspace, client, request, refused, result)
        if result.unreachable:
            break
    return result


def _asked(
    workspace: Workspace, client: Client, publisher: Publisher, name: str, refused: Collection[str | None]
) -> tuple[list[Request], Reception]:
    """What is asked for now: what is planned, or of articles those that are listed and not there; and what failed."""
    endpoint = endpoint_of(publisher, name)
    if workspace.mode == "live" and endpoint.follow:
        return _named(workspace, client, publisher, name)
    if workspace.mode == "snapshot" or endpoint.articles is None:
        return planned(workspace, publisher, name), Reception()

    def page(request: Request) -> Path:
        return workspace.archive.payload_path(str(_contents(workspace, client, request).payload))

    def there(request: Request) -> bool:
        return _there(workspace, request, refused)

    # What did not come, or could not be read, may stand on a page of the list that has nothing new.
    found = {request.slice: request for request in planned(workspace, publisher, name) if not there(request)}
    try:
        for request in articles.new_articles(publisher, name, page, there):
            found[request.slice] = request
    except (FetchError, FormatError) as error:
        return list(found.values()), Reception(failures=(str(error),))
    return list(found.values()), Reception()


def _named(workspace: Workspace, client: Client, publisher: Publisher, name: str) -> tuple[list[Request], Reception]:
    """What the answers of the dataset that is followed name, and what they named before; and which of them failed."""
    follow = endpoint_of(publisher, name).follow
    assert follow is not None
    found = {request.slice: request for request in planned(workspace, publisher, name)}
    failures = []
    for listing in requests_for(publisher, follow.dataset):
        try:
            body = workspace.archive.payload_path(str(_contents(workspace, client, listing).payload))
            rows = reading.read(body).frame.collect()
        except SourceError as error:
            failures.append(f"{publisher.publisher}/{name} is not known in full: {listing.name}: {error}")
            if isinstance(error, FetchError) and error.unreachable:
                break
            continue
        rule = publisher.datasets[follow.dataset].record
        for dim, wanted in rule.where.items() if rule else ():
            rows = rows.filter(pl.col(dim).is_in(wanted))
        named = rows[follow.dim].unique(maintain_order=True)
        found |= {request.slice: request for request in requests_following(publisher, name, named)}
    refused = _refused(workspace, publisher.publisher, name)
    asked = [request for request in found.values() if not (follow.once and _there(workspace, request, refused))]
    return asked, Reception(failures=tuple(failures))


def _there(workspace: Workspace, request: Request, refused: Collection[str | None]) -> bool:
    """Whether the archive holds a readable answer to a request whose answer does not change."""
    last = workspace.archive.latest(request.publisher, request.dataset, request.slice, (workspace.mode,))
    return last is not None and last.payload not in refused


def planned(workspace: Workspace, publisher: Publisher, name: str) -> list[Request]:
    """The requests of a dataset; of the snapshot also its closed editions, which nobody can ask for any more."""
    refused = _too_large(workspace, publisher.publisher, name)
    return [part for request in _requests(workspace, publisher, name) for part in _parts(publisher, request, refused)]


def _requests(workspace: Workspace, publisher: Publisher, name: str) -> list[Request]:
    if workspace.mode == "snapshot":
        return [*requests_for(publisher, name), *closed_editions(publisher, name)]
    endpoint = endpoint_of(publisher, name)
    if endpoint.articles is None and endpoint.follow is None:
        return requests_for(publisher, name)
    known: dict[str, str] = {}
    for fetch in workspace.archive.fetches():
        if (fetch.publisher, fetch.dataset, fetch.transport) == (publisher.publisher, name, workspace.mode):
            known[fetch.slice] = fetch.url
            if fetch.status in _GONE:
                del known[fetch.slice]
    if endpoint.follow:
        return requests_following(publisher, name, [slice_.partition("=")[2] for slice_ in known])
    return [articles.archived_article(publisher, name, url) for url in known.values()]


def _parts(publisher: Publisher, request: Request, refused: Collection[str]) -> list[Request]:
    """A request, or in the place of one that was refused for its size its halves, or theirs."""
    halves = _halved(publisher, request, refused)
    return [part for half in halves for part in _parts(publisher, half, refused)] or [request]


def _halved(publisher: Publisher, request: Request, refused: Collection[str]) -> list[Request]:
    """The halves of a request, if the publisher refused it for its size."""
    if request.full_url not in refused:
        return []
    return split.halves(endpoint_of(publisher, request.dataset), request)


def _too_large(workspace: Workspace, publisher: str, name: str) -> frozenset[str]:
    """The addresses that the publisher refused for the size of their answer, as the ledger remembers."""
    failed = [f for f in workspace.archive.fetches() if f.error and f.dataset == name and f.publisher == publisher]
    asked = [(f, workspace.archive.payload_path(f.payload) if f.payload else None) for f in failed]
    return frozenset(f.url for f, body in asked if f.transport == workspace.mode and split.is_too_large(f.status, body))


def _updated(workspace: Workspace, client: Client, publisher: Publisher, name: str) -> date | None:
    """The day of the dataset's last update by the publisher's table of contents, which is asked for once a build.

    None where there is no such table, or it cannot be had: then the dataset itself is asked for.
    """
    if publisher.contents is None or workspace.mode == "snapshot":
        return None
    endpoint = publisher.endpoints[publisher.contents]
    params = tuple(endpoint.params.items())
    request = Request(publisher.publisher, publisher.contents, "", endpoint.url, params, endpoint.accept)
    try:
        updates = contents.last_updates(
            workspace.archive.payload_path(str(_contents(workspace, client, request).payload))
        )
    except FetchError:
        return None
    return updates.get((publisher.datasets[name].code or name).lower())


def _contents(workspace: Workspace, client: Client, request: Request) -> Fetch:
    """A table of contents or a page of a list, which is asked for once a build."""
    kept = workspace.archive.latest(request.publisher, request.dataset, request.slice, (workspace.mode,))
    if kept is None or kept.url != request.full_url or abs(datetime.now(UTC) - kept.at) > CONTENTS_STAND:
        answer = client.fetch(request)
        kept = _line(workspace, request, answer, _stored(workspace.archive, answer), None)
        workspace.archive.append(kept)
    return kept


def _stands(workspace: Workspace, request: Request, refused: Collection[str | None], updated: date | None) -> bool:
    """Whether the archive holds what the publisher would answer, because it updated nothing since.

    What failed when it was last asked for is asked for again, so that the ledger says when it came back.
    """
    last = (
        workspace.archive.latest(request.publisher, request.dataset, request.slice, (workspace.mode,))
        if updated
        else None
    )
    if last is None or last.url != request.full_url or last.payload in refused:
        return False
    if _failed_last(workspace, request):
        return False
    try:
        stamp = reading.read(workspace.archive.payload_path(str(last.payload))).updated
    except SourceError:
        return False
    return contents.is_unchanged_since(updated, stamp, last.at)


def _elsewhere(workspace: Workspace, request: Request, refused: Collection[str | None]) -> Fetch | None:
    """The reception of the same article for another dataset: it is asked for once."""
    if endpoint_of(catalogue.publishers()[request.publisher], request.dataset).articles is None:
        return None
    for fetch in reversed(workspace.archive.fetches()):
        same = fetch.url == request.full_url and fetch.transport == workspace.mode and fetch.error is None
        if same and fetch.dataset != request.dataset and fetch.payload and fetch.payload not in refused:
            return fetch
    return None


def _failed_last(workspace: Workspace, request: Request) -> bool:
    """Whether a request failed when it was last made."""
    ours = (request.publisher, request.dataset, request.slice, workspace.mode)
    fetches = reversed(workspace.archive.fetches())
    last = next((f for f in fetches if (f.publisher, f.dataset, f.slice, f.transport) == ours), None)
    return last is not None and last.error is not None


def _refused(workspace: Workspace, publisher: str, name: str) -> frozenset[str | None]:
    """The payloads that could not speak for their slices when the dataset was last read.

    They are not offered for confirmation: a body that was cut came with the validators of the whole one.
    """
    kept = (workspace.stage_cache.root / "observations" / f"{publisher}.{name}").glob("*/failures.json")
    return frozenset(payload for path in kept for payload, _ in orjson.loads(path.read_bytes()))


def _slice(
    workspace: Workspace, client: Client, request: Request, refused: Collection[str | None], result: Reception
) -> Reception:
    """One request and the pages that follow it."""
    page: Request | None = request
    seen: set[str | None] = set()
    while page is not None:
        try:
            fetch, following = _ask(workspace, client, page, refused, seen)
        except NotConfiguredError as error:
            return replace(result, absent=(*result.absent, str(error)))
        except FetchError as error:
            if halves := _halves(page, error):
                for half in halves:
                    result = result if result.unreachable else _slice(workspace, client, half, refused, result)
                return result
            if workspace.mode == "snapshot" and error.response is not None and error.response.status == 404:
                return replace(result, absent=(*result.absent, f"{page.name} is not in the snapshot"))
            return replace(result, failures=(*result.failures, str(error)), unreachable=error.unreachable)
        if fetch.status == 304:
            result = replace(result, unchanged=result.unchanged + 1)
        else:
            result = replace(result, received=result.received + 1)
        seen.add(fetch.payload)
        page = following
    return result


def _halves(request: Request, error: FetchError) -> list[Request]:
    """What to ask for instead of a request that was refused for its size."""
    if error.response is None or not split.is_too_large(error.response.status, error.response.body):
        return []
    return split.halves(endpoint_of(catalogue.publishers()[request.publisher], request.dataset), request)


def _following(archive: Archive, page: Request, payload: str | None) -> Request | None:
    """The next page of an answer that has pages; ``FetchError`` if it does not say how many.

    Every page but a first one is known by its own slice.
    """
    entry = catalogue.publishers()[page.publisher]
    if payload is None or entry.endpoints[entry.datasets[page.dataset].endpoint].paging is None:
        return None
    return _after(page, archive.payload_path(payload))


@lru_cache(maxsize=4096)
def _after(page: Request, payload: Path) -> Request | None:
    """The page after this one. A payload never changes, and so it is read once to see of how many pages it is one."""
    entry = catalogue.publishers()[page.publisher]
    return paging.next_page(entry.endpoints[entry.datasets[page.dataset].endpoint], page, payload)


def _ask(
    workspace: Workspace,
    client: Client,
    request: Request,
    refused: Collection[str | None],
    seen: Collection[str | None],
) -> tuple[Fetch, Request | None]:
    """One request, recorded whatever comes of it, and the page after it; ``FetchError`` after it is recorded.

    ``refused`` are payloads not to be confirmed, ``seen`` the pages before this one.
    """
    archive = workspace.archive
    last = archive.latest(request.publisher, request.dataset, request.slice, (workspace.mode,))
    headers = last.headers if last and last.url == request.full_url and last.payload not in refused else {}
    entry = catalogue.publishers()[request.publisher]
    endpoint = endpoint_of(entry, request.dataset)
    closed = request in closed_editions(entry, request.dataset)
    try:
        answer = (
            linked.fetch(client, endpoint, request)
            if endpoint.link and not closed
            else asynchronous.fetch(
                client, endpoint, request, etag=headers.get("etag"), last_modified=headers.get("last-modified")
            )
        )
    except NotConfiguredError:
        raise
    except FetchError as error:
        if not (workspace.mode == "snapshot" and error.response is not None and error.response.status == 404):
            payload = _stored(archive, error.response) if error.response else None
            archive.append(_line(workspace, request, error.response, payload, str(error)))
        raise
    payload = last.payload if answer.status == 304 and last else _stored(archive, answer)
    fetch = _line(workspace, request, answer, payload, None)
    # A 304 need not repeat its validators; the next request still wants to send them.
    fetch = replace(fetch, headers={**headers, **fetch.headers}) if answer.status == 304 else fetch
    try:
        if payload in seen:
            raise FetchError(f"{request.name} ({request.full_url}): an earlier page came again")
        following = _following(archive, request, payload)
    except FetchError as error:
        archive.append(replace(fetch, error=str(error)))
        raise
    archive.append(fetch)
    return fetch, following


def _stored(archive: Archive, answer: Response) -> str | None:
    return archive.store(answer.body) if answer.body is not None else None


def _line(
    workspace: Workspace, request: Request, answer: Response | None, payload: str | None, error: str | None
) -> Fetch:
    at = answer.sent_at if answer else datetime.now(UTC)
    last = workspace.archive.latest(request.publisher, request.dataset, request.slice, (workspace.mode,))
    return Fetch(
        # Whatever the clock says, an answer comes after the one before it.
        at=max(at, last.at) if last else at,
        transport=workspace.mode,
        publisher=request.publisher,
        dataset=request.dataset,
        slice=request.slice,
        url=request.full_url,
        params=dict(request.params),
        status=answer.status if answer else None,
        headers=answer.headers if answer else {},
        seconds=answer.seconds if answer else 0.0,
        bytes=answer.bytes if answer else 0,
        payload=payload,
        error=error,
        edition=snapshot.editions().get(request.full_url) if workspace.mode == "snapshot" else None,
    )


def stale(workspace: Workspace) -> dict[str, date]:
    """Dataset → the last day on which it was answered in full, of those that failed on ``STALE_AFTER`` days since.

    Days are those in UTC on which it was asked for, live; what failed and was answered later on the same day counts as
    answered.
    """
    days: dict[str, dict[date, dict[str, bool]]] = {}
    for fetch in workspace.archive.fetches() if workspace.mode == "live" else ():
        if fetch.transport == workspace.mode:
            day = days.setdefault(f"{fetch.publisher}/{fetch.dataset}", {}).setdefault(fetch.at.date(), {})
            day[fetch.slice] = fetch.error is None
    found = {}
    for name in days.keys() & catalogue.datasets().keys():
        answered = [day for day, slices in days[name].items() if all(slices.values())]
        failed = [day for day in days[name] if answered and day > answered[-1]]
        if len(failed) >= STALE_AFTER:
            found[name] = answered[-1]
    return dict(sorted(found.items()))


def history(workspace: Workspace, publisher: Publisher, name: str) -> dict[str, list[Fetch]]:
    """For each request of a dataset that the archive holds an answer to, the first reception of each payload."""
    return {
        key: list({fetch.payload: fetch for pages in reversed(found) for fetch in pages}.values())[::-1]
        for key, found in statements(workspace, publisher, name).items()
    }


def statements(workspace: Workspace, publisher: Publisher, name: str) -> dict[str, list[tuple[Fetch, ...]]]:
    """For each request of a dataset, by its slice, the whole answers that the archive holds, newest last.

    An answer is the first reception of all its payloads, one a page: pages of different rounds are never mixed,
    because a row that moved from one page to another would be lost or doubled. Requests that are no longer made are
    left out; imports come each as a slice of its own, once for each day on which they were published as a person says.
    """
    rounds: dict[str, list[Fetch]] = {}
    imports: dict[str, list[tuple[Fetch, ...]]] = {}
    for fetch in _received(workspace, publisher.publisher, name):
        rounds.setdefault(_without_page(publisher, fetch), []).append(fetch)
        if fetch.transport == "import":
            known = imports.setdefault(fetch.slice, [])
            if all(page.published != fetch.published for (page,) in known):
                known.append((fetch,))
    refused = _too_large(workspace, publisher.publisher, name)
    asked: dict[str, list[tuple[Fetch, ...]]] = {}
    for request in _requests(workspace, publisher, name):
        asked |= _stated(workspace.archive, publisher, request, refused, rounds)
    return {key: found for key, found in (asked | imports).items() if found}


def _stated(
    archive: Archive, publisher: Publisher, request: Request, refused: Collection[str], rounds: dict[str, list[Fetch]]
) -> dict[str, list[tuple[Fetch, ...]]]:
    """The answers to a request, or those to its halves; while one of these lacks, what the whole brought before."""
    own = _whole(archive, request, rounds)
    parts: dict[str, list[tuple[Fetch, ...]]] = {}
    for half in _halved(publisher, request, refused):
        parts |= _stated(archive, publisher, half, refused, rounds)
    return parts if parts and (all(parts.values()) or not own) else {request.slice: own}


def _received(workspace: Workspace, publisher: str, name: str) -> Iterator[Fetch]:
    """The fetches of a dataset that brought or confirmed a payload which this build may use."""
    for fetch in workspace.archive.fetches():
        ours = fetch.dataset == name and fetch.publisher == publisher and fetch.transport in workspace.transports
        if ours and fetch.payload is not None and fetch.error is None:
            yield fetch


def _without_page(publisher: Publisher, fetch: Fetch) -> str:
    """The slice of the request whose answer a fetch is a page of."""
    pages = publisher.endpoints[publisher.datasets[fetch.dataset].endpoint].paging
    return paging.slice_without_page(fetch.slice, fetch.params.get(pages.parameter)) if pages else fetch.slice


def _whole(archive: Archive, request: Request, rounds: dict[str, list[Fetch]]) -> list[tuple[Fetch, ...]]:
    """The answers to a request of which every page came, newest last; one that came again at once is the one before.

    What comes again after something else was there is an answer of its own: its publisher took the other back.
    """
    found: list[tuple[Fetch, ...]] = []
    pages: tuple[Fetch, ...] = ()
    due: Request | None = None
    for fetch in rounds.get(request.slice, []):
        if fetch.slice == request.slice:
            pages, due = (), request
        if due is None or fetch.slice != due.slice:
            continue
        pages = (*pages, fetch)
        try:
            due = _following(archive, due, fetch.payload)
        except FetchError:  # said when it was received; what is not known to be whole is not used
            due = None
            continue
        if due is None and (not found or _payloads(found[-1]) != _payloads(pages)):
            found.append(pages)
    return found


def _payloads(pages: tuple[Fetch, ...]) -> list[str | None]:
    return [page.payload for page in pages]


def origin_of(fetch: Fetch) -> Origin:
    """The payload of a fetch as a statement at a time: the day a person gave, else the server's Last-Modified."""
    return Origin(payload=str(fetch.payload), received=fetch.at, stamp=_stamp(fetch))


def _stamp(fetch: Fetch) -> datetime | None:
    if fetch.published:
        return datetime.fromisoformat(fetch.published)
    modified = fetch.headers.get("last-modified")
    return parsedate_to_datetime(modified) if modified else None


def import_file(workspace: Workspace, publisher: Publisher, name: str, path: Path, published: datetime | None) -> Fetch:
    """Put a hand-downloaded payload into the archive as if it had been fetched; it serves every kind of build."""
    payload = workspace.archive.store(path)
    fetch = Fetch(
        at=datetime.now(UTC),
        transport="import",
        publisher=publisher.publisher,
        dataset=name,
        slice=f"import {payload[:12]}",
        url=path.name,
        params={},
        status=200,
        headers={},
        seconds=0.0,
        bytes=path.stat().st_size,
        payload=payload,
        error=None,
        published=published.isoformat() if published else None,
    )
    workspace.archive.append(fetch)
    return fetch
