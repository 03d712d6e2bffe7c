"""Request to payload: asks a publisher for a dataset and keeps in the archive whatever comes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path

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


def receive(house: House, publisher: Publisher, name: str) -> Reception:
    """Ask for every slice of a dataset and record each answer. What fails is said, and stops nothing else."""
    result = Reception()
    with house.client(publisher) as client:
        for request in planned(house, publisher, name):
            result = _slice(house, client, publisher, request, result)
    return result


def planned(house: House, publisher: Publisher, name: str) -> list[Request]:
    """The requests of a dataset; of the snapshot also its closed editions, which nobody can ask for any more."""
    closed = publishers.closed(publisher, name) if house.mode == "snapshot" else []
    return [*publishers.requests_for(publisher, name), *closed]


def _slice(house: House, client: Client, publisher: Publisher, request: Request, result: Reception) -> Reception:
    """One request and the pages that follow it."""
    page: Request | None = request
    while page is not None:
        try:
            fetch = _ask(house, client, page)
        except NotConfiguredError as error:
            return replace(result, absent=(*result.absent, str(error)))
        except FetchError as error:
            if house.mode == "snapshot" and error.answer is not None and error.answer.status == 404:
                return replace(result, absent=(*result.absent, f"{page.name} is not in the snapshot"))
            return replace(result, failures=(*result.failures, str(error)))
        if fetch.status == 304:
            result = replace(result, unchanged=result.unchanged + 1)
        else:
            result = replace(result, received=result.received + 1)
        page = _following(house.archive, publisher, page, fetch)
    return result


def _following(archive: Archive, publisher: Publisher, page: Request, fetch: Fetch) -> Request | None:
    """The next page of an answer that has pages. Every page but a first one is known by its own slice."""
    endpoint = publisher.endpoints[publisher.datasets[page.dataset].endpoint]
    if fetch.payload is None or endpoint.paging is None:
        return None
    return _after(publisher.publisher, page, archive.payload_path(fetch.payload))


@lru_cache(maxsize=4096)
def _after(publisher: str, page: Request, payload: Path) -> Request | None:
    """The page after this one. A payload never changes, and so it is read once to see of how many pages it is one."""
    entry = catalogue.publishers()[publisher]
    return publishers.next_page(entry.endpoints[entry.datasets[page.dataset].endpoint], page, payload)


def _ask(house: House, client: Client, request: Request) -> Fetch:
    """One request, recorded whatever comes of it; ``FetchError`` after it is recorded."""
    archive = house.archive
    last = archive.latest(request.publisher, request.dataset, request.slice, (house.mode,))
    headers = last.headers if last and last.url == request.full_url else {}
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
    archive.record(fetch)
    return fetch


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
    """For each slice of a dataset that the archive holds, the first reception of each payload, newest payload last.

    Slices that are no longer asked for, or pages that an answer no longer has, are left out; imports come each as a
    slice of its own.
    """
    found: dict[str, dict[str, Fetch]] = {}
    for fetch in _received(house.archive.fetches(), publisher.publisher, name):
        if fetch.transport in house.transports:
            payloads = found.setdefault(fetch.slice, {})
            # A payload that comes back after another was there is the newest again, from its first reception.
            payloads[str(fetch.payload)] = payloads.pop(str(fetch.payload), fetch)
    wanted = _wanted(house, publisher, name, {key: list(value.values()) for key, value in found.items()})
    imports = [key for key, value in found.items() if all(fetch.transport == "import" for fetch in value.values())]
    return {key: list(found[key].values()) for key in dict.fromkeys([*wanted, *imports]) if key in found}


def _received(fetches: list[Fetch], publisher: str, name: str) -> Iterator[Fetch]:
    """The fetches of a dataset that brought a payload."""
    for fetch in fetches:
        if fetch.dataset == name and fetch.publisher == publisher and fetch.payload is not None and fetch.error is None:
            yield fetch


def _wanted(house: House, publisher: Publisher, name: str, found: dict[str, list[Fetch]]) -> Iterator[str]:
    for request in planned(house, publisher, name):
        page: Request | None = request
        while page is not None and page.slice in found:
            yield page.slice
            page = _following(house.archive, publisher, page, found[page.slice][-1])


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
