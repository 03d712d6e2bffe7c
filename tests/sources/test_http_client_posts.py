"""Requests that are too long for an address: sent as JSON, retried, redirected and distinguished like any other."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sources.catalogue import load
from sources.errors import CatalogueError, FetchError
from sources.http.client import Client
from sources.http.snapshot import SnapshotAdapter, SnapshotEntry
from sources.protocols.requests import requests_for
from sources.request import Limits, Request
from tests.sources.test_builds_requests import HEAD
from tests.support.loopback import Loopback, reply, serve

HOSTS = frozenset({"127.0.0.1"})
LIMITS = Limits(per_second=500, timeout=5, retries=1, backoff=0.01)
DONE = b'{"data":[{"code":"2024YY"}],"success":true,"state":20000}'
BODY = '{"cid":"c1","das":[{"text":"全国"}]}'
ENDPOINT = """  asked:
    url: https://example.org/ask
    accept: json
    body: {cid: "{CID}", ids: ["{ID}"], das: [{v: "{GEO}"}], n: 3}
datasets:"""


def post(server: Loopback, body: str = BODY) -> Request:
    return Request("nbs", "population", "", f"{server.url}/esData", (), "json", (("Origin", "here"),), body)


def entry(rest: str) -> list[Request]:
    text = HEAD.replace("datasets:", ENDPOINT) + "".join(f"    {line}\n" for line in rest.splitlines())
    return requests_for(load(text, "example"), "stock")


def test_a_body_is_posted_as_json() -> None:
    with serve(reply(DONE)) as server, Client(HOSTS, LIMITS) as client:
        response = client.fetch(post(server))
        (received,) = server.received
        assert (received.path, received.body) == ("/esData", BODY.encode())
        assert (received.headers["content-type"], received.headers["origin"]) == ("application/json", "here")
        assert response.body is not None
        assert response.body.read_bytes() == DONE
        assert response.url == f"{server.url}/esData#{BODY}"


def test_a_post_is_retried() -> None:
    with serve(reply(b"", 503), reply(DONE)) as server, Client(HOSTS, LIMITS) as client:
        client.fetch(post(server))
        assert [received.body for received in server.received] == [BODY.encode()] * 2


@pytest.mark.parametrize(("status", "body"), [(307, BODY.encode()), (308, BODY.encode()), (302, None), (303, None)])
def test_a_redirect_repeats_the_post_or_becomes_a_get_depending_on_its_status(status: int, body: bytes | None) -> None:
    with serve(reply(b"", status, Location="/there"), reply(DONE)) as server, Client(HOSTS, LIMITS) as client:
        client.fetch(post(server))
        assert [(received.path, received.body) for received in server.received][1] == ("/there", body)
        assert ("content-type" in server.received[1].headers) == (body is not None)


@pytest.mark.parametrize(
    "body", [b'{"success":false,"state":50000,"message":"x"}', b'{"data":null,"success":false}', b'{"success": false}']
)
def test_a_response_with_success_false_is_not_a_payload(body: bytes) -> None:
    with (
        serve(reply(body)) as server,
        Client(HOSTS, LIMITS) as client,
        pytest.raises(FetchError, match="the response is a message instead of data"),
    ):
        client.fetch(post(server))


def test_two_posts_to_one_address_have_different_responses(tmp_path: Path) -> None:
    names = ("全国", "北京市")
    requests = [Request("nbs", "x", "", "https://example.org/a", (), "json", (), f'{{"da":"{n}"}}') for n in names]
    entries = {}
    for request, name in zip(requests, names, strict=True):
        path = tmp_path / f"{name}.json.gz"
        path.write_bytes(gzip.compress(f'{{"data":["{name}"]}}'.encode()))
        entries[request.full_url] = SnapshotEntry(path, "application/json", datetime(2026, 4, 12, tzinfo=UTC))
    with Client(frozenset({"example.org"}), LIMITS, transport=SnapshotAdapter(entries)) as client:
        for request, name in zip(requests, names, strict=True):
            body = client.fetch(request).body
            assert body is not None
            assert json.loads(body.read_bytes()) == {"data": [name]}


def test_an_item_of_a_list_is_repeated_for_each_code_of_the_filter_that_it_names() -> None:
    (request,) = entry("endpoint: asked\nfilters: {cid: [c1], id: [a, b], geo: [AT, BE]}")
    assert json.loads(request.body) == {"cid": "c1", "ids": ["a", "b"], "das": [{"v": "AT"}, {"v": "BE"}], "n": 3}
    assert request.full_url == f"https://example.org/ask#{request.body}"


def test_a_post_is_split_like_a_get() -> None:
    requests = entry("endpoint: asked\nfilters: {cid: [c1], id: [a, b], geo: [AT]}\nsplit: {id: 1}")
    assert [(request.slice, json.loads(request.body)["ids"]) for request in requests] == [
        ("id=a", ["a"]),
        ("id=b", ["b"]),
    ]


def test_a_place_without_a_filter_and_a_filter_without_a_place_are_errors() -> None:
    with pytest.raises(CatalogueError, match="no filter for GEO"):
        entry("endpoint: asked\nfilters: {cid: [c1], id: [a]}")
    with pytest.raises(CatalogueError, match="no place for the filter sex"):
        entry("endpoint: asked\nfilters: {cid: [c1], id: [a], geo: [AT], sex: [M]}")
