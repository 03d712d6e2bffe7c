"""Request to payload: asks a publisher for a dataset and keeps in the archive whatever comes."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path

import orjson

from assets.house import House
from assets.observations import Vintage
from sources import catalogue, publishers, snapshot
from sources.catalogue import Publisher
from sources.errors import FetchError, NotConfiguredError
from sources.http import Client
from sources.request import Answer, Request
from warehouse.archive import Archive, Fetch


@dataclass(frozen=True)
class Reception:
    """What a round of requests for one dataset brought."""

    received: int = 0
    unchanged: int = 0
    absent: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    unreachable: bool = False


def receive(house: House, publisher: Publisher, name: str) -> Reception:
    """Ask for every slice of a dataset and record each answer. What fails is said, and stops nothing else.

    Only a host that cannot be reached is not asked for the rest.
    """
    result = Reception()
    refused = _refused(house, publisher.publisher, name)
    with house.client(publisher) as client:
        for request in planned(house, publisher, name):
            result = _slice(house, client, request, refused, result)
            if result.unreachable:
                break
    return result


def planned(house: House, publisher: Publisher, name: str) -> list[Request]:
    """The requests of a dataset; of the snapshot also its closed editions, which nobody can ask for any more."""
    closed = publishers.closed(publisher, name) if house.mode == "snapshot" else []
    return [*publishers.requests_for(publisher, name), *closed]


def _refused(house: House, publisher: str, name: str) -> frozenset[str | None]:
    """The payloads that could not speak for their slices when the dataset was last read.

    They are not offered for confirmation: a body that was cut came with the validators of the whole one.
    """
    kept = (house.work.root / "observations" / f"{publisher}.{name}").glob("*/failures.json")
    return frozenset(payload for path in kept for payload, _ in orjson.loads(path.read_bytes()))


def _slice(
    house: House, client: Client, request: Request, refused: Collection[str | None], result: Reception
) -> Reception:
    """One request and the pages that follow it."""
    page: Request | None = request
    while page is not None:
        try:
            fetch, following = _ask(house, client, page, refused)
        except NotConfiguredError as error:
            return replace(result, absent=(*result.absent, str(error)))
        except FetchError as error:
            if house.mode == "snapshot" and error.answer is not None and error.answer.status == 404:
                return replace(result, absent=(*result.absent, f"{page.name} is not in the snapshot"))
            return replace(result, failures=(*result.failures, str(error)), unreachable=error.unreachable)
        if fetch.status == 304:
            result = replace(result, unchanged=result.unchanged + 1)
        else:
            result = replace(result, received=result.received + 1)
        page = following
    return result


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
    return publishers.next_page(entry.endpoints[entry.datasets[page.dataset].endpoint], page, payload)


def _ask(
    house: House, client: Client, request: Request, refused: Collection[str | None]
) -> tuple[Fetch, Request | None]:
    """One request, recorded whatever comes of it, and the page after it; ``FetchError`` after it is recorded."""
    archive = house.archive
    last = archive.latest(request.publisher, request.dataset, request.slice, (house.mode,))
    headers = last.headers if last and last.url == request.full_url and last.payload not in refused else {}
    try:
        answer = client.fetch(request, etag=headers.get("etag"), last_modified=headers.get("last-modified"))
    except NotConfiguredError:
        raise
    except FetchError as error:
        if error.answer is not None and not (house.mode == "snapshot" and error.answer.status == 404):
            archive.record(_line(house, request, error.answer, _stored(archive, error.answer), str(error)))
        raise
    payload = last.payload if answer.status == 304 and last else _stored(archive, answer)
    fetch = _line(house, request, answer, payload, None)
    # A 304 need not repeat its validators; the next request still wants to send them.
    fetch = replace(fetch, headers={**headers, **fetch.headers}) if answer.status == 304 else fetch
    try:
        following = _following(archive, request, payload)
    except FetchError as error:
        archive.record(replace(fetch, error=str(error)))
        raise
    archive.record(fetch)
    return fetch, following


def _stored(archive: Archive, answer: Answer) -> str | None:
    return archive.store(answer.body) if answer.body is not None else None


def _line(house: House, request: Request, answer: Answer, payload: str | None, error: str | None) -> Fetch:
    return Fetch(
        at=answer.sent_at,
        transport=house.mode,
        publisher=request.publisher,
        dataset=request.dataset,
        slice=request.slice,
        url=request.full_url,
        params=dict(request.params),
        status=answer.status,
        headers=answer.headers,
        seconds=answer.seconds,
        bytes=answer.bytes,
        payload=payload,
        error=error,
        edition=snapshot.editions().get(request.full_url) if house.mode == "snapshot" else None,
    )


def history(house: House, publisher: Publisher, name: str) -> dict[str, list[Fetch]]:
    """For each request of a dataset that the archive holds an answer to, the first reception of each payload."""
    return {
        key: list({fetch.payload: fetch for pages in found for fetch in pages}.values())
        for key, found in statements(house, publisher, name).items()
    }


def statements(house: House, publisher: Publisher, name: str) -> dict[str, list[tuple[Fetch, ...]]]:
    """For each request of a dataset, by its slice, the whole answers that the archive holds, newest last.

    An answer is the first reception of each of its payloads, one a page: pages of different rounds are never mixed,
    because a row that moved from one page to another would be lost or doubled. Requests that are no longer made are
    left out; imports come each as a slice of its own.
    """
    rounds: dict[str, list[Fetch]] = {}
    imports: dict[str, list[tuple[Fetch, ...]]] = {}
    for fetch in _received(house, publisher.publisher, name):
        rounds.setdefault(_without_page(publisher, fetch), []).append(fetch)
        if fetch.transport == "import":
            imports.setdefault(fetch.slice, [(fetch,)])
    asked = {request.slice: _whole(house.archive, request, rounds) for request in planned(house, publisher, name)}
    return {key: found for key, found in (asked | imports).items() if found}


def _received(house: House, publisher: str, name: str) -> Iterator[Fetch]:
    """The fetches of a dataset that brought or confirmed a payload which this build may use."""
    for fetch in house.archive.fetches():
        ours = fetch.dataset == name and fetch.publisher == publisher and fetch.transport in house.transports
        if ours and fetch.payload is not None and fetch.error is None:
            yield fetch


def _without_page(publisher: Publisher, fetch: Fetch) -> str:
    """The slice of the request whose answer a fetch is a page of."""
    paging = publisher.endpoints[publisher.datasets[fetch.dataset].endpoint].paging
    return publishers.whole(fetch.slice, fetch.params.get(paging.parameter)) if paging else fetch.slice


def _whole(archive: Archive, request: Request, rounds: dict[str, list[Fetch]]) -> list[tuple[Fetch, ...]]:
    """The answers to a request of which every page came, each once, newest last."""
    found: dict[tuple[str | None, ...], tuple[Fetch, ...]] = {}
    first: dict[str | None, Fetch] = {}
    pages: tuple[Fetch, ...] = ()
    due: Request | None = None
    for fetch in rounds.get(request.slice, []):
        if fetch.slice == request.slice:
            pages, due = (), request
        if due is None or fetch.slice != due.slice:
            continue
        pages = (*pages, first.setdefault(fetch.payload, fetch))
        try:
            due = _following(archive, due, fetch.payload)
        except FetchError:  # said when it was received; what is not known to be whole is not used
            due = None
            continue
        if due is None:
            # What comes back after something else was there is the newest again, from its first reception.
            payloads = tuple(page.payload for page in pages)
            found[payloads] = found.pop(payloads, pages)
    return list(found.values())


def vintage(fetch: Fetch) -> Vintage:
    """The payload of a fetch as a statement at a time: the day a person gave, else the server's Last-Modified."""
    return Vintage(payload=str(fetch.payload), received=fetch.at, stamp=_stamp(fetch))


def _stamp(fetch: Fetch) -> datetime | None:
    if fetch.published:
        return datetime.fromisoformat(fetch.published)
    modified = fetch.headers.get("last-modified")
    return parsedate_to_datetime(modified) if modified else None


def import_file(house: House, publisher: Publisher, name: str, path: Path, published: datetime | None) -> Fetch:
    """Put a hand-downloaded payload into the archive as if it had been fetched; it serves every kind of build."""
    payload = house.archive.store(path)
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
    house.archive.record(fetch)
    return fetch
