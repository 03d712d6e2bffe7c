"""The HTTP client on a real server: hosts, limits, retries, conditions, and responses that break off."""

import gzip
import hashlib
import logging
import pickle
import re
import socket
import time
import traceback
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.errors import FetchError, NotConfiguredError
from sources.http.body_kind import objection
from sources.http.client import Client
from sources.http.snapshot import SnapshotAdapter, SnapshotEntry
from sources.request import Kind, Limits, Request, Response, address
from tests.support.certificates import needs_openssl, self_signed
from tests.support.loopback import (
    Loopback,
    Script,
    cut_chunks,
    drip,
    dripping,
    endless,
    reply,
    reset,
    serve,
    silence,
    unframed,
)

HOSTS = frozenset({"127.0.0.1"})
CSV = b"geo,time,value\nAT,2024,1\n"
FAULT = (
    b'<S:Fault xmlns:S="http://schemas.xmlsoap.org/soap/envelope/">\n<faultcode>413</faultcode>\n'
    b"<faultstring>EXTRACTION_TOO_BIG: please change your filters</faultstring>\n</S:Fault>"
)
ENVELOPE = b"<env:Envelope><env:Body><queued><id>1</id><status>SUBMITTED</status></queued></env:Body></env:Envelope>"
MAINTENANCE = b"<!DOCTYPE html>\n<html><head><title>Down for maintenance</title></head></html>"
WARNING = b'{"warning":{"status":413,"label":"ASYNCHRONOUS_RESPONSE. Please try again later."}}'


def limits(
    retries: int = 0,
    timeout: float = 5,
    max_bytes: int = 1_000_000,
    max_unpacked: int = 2_000_000,
    per_second: float = 500,
) -> Limits:
    return Limits(per_second, max_bytes, max_unpacked, timeout, retries, backoff=0.02)


def request_to(
    server: Loopback,
    accept: Kind = "csv",
    params: tuple[tuple[str, str], ...] = (),
    headers: tuple[tuple[str, str], ...] = (),
) -> Request:
    return Request("eurostat", "migr_resfirst", "geo=AT", f"{server.url}/data", params, accept, headers)


def bytes_of(response: Response | None) -> bytes:
    assert response is not None
    assert response.body is not None
    content = response.body.read_bytes()
    assert response.sha256 == hashlib.sha256(content).hexdigest()
    assert response.bytes == len(content)
    return content


def fetched(*scripts: Script, accept: Kind = "csv", within: Limits | None = None) -> tuple[bytes, Loopback]:
    with serve(*scripts) as server, Client(HOSTS, within or limits()) as client:
        return bytes_of(client.fetch(request_to(server, accept))), server


def refused(
    *scripts: Script, accept: Kind = "csv", within: Limits | None = None, kept: bytes | None = None
) -> tuple[str, Loopback]:
    """The message of the error; ``kept`` is the body that must still exist for the archive, if any."""
    with serve(*scripts) as server, Client(HOSTS, within or limits()) as client:
        with pytest.raises(FetchError) as caught:
            client.fetch(request_to(server, accept))
        message, response = str(caught.value), caught.value.response
        if kept is not None:
            assert bytes_of(response) == kept
        else:
            assert response is None or response.body is None
        assert message.startswith(f"eurostat/migr_resfirst[geo=AT] ({server.url}/data): ")
        assert "\n" not in message
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        left = sum(1 for _ in Path(client._folder.name).iterdir())
        assert left == (kept is not None)
        return message, server


# What is sent


def test_a_request_is_sent_once_with_its_headers_and_user_agent() -> None:
    with serve(reply(CSV, ETag='"1"')) as server, Client(HOSTS, limits()) as client:
        params = (("geo", "AT"), ("c[TIME_PERIOD]", "ge:2018+le:2020"))
        response = client.fetch(request_to(server, params=params, headers=(("Accept", "text/csv"),)))
        assert bytes_of(response) == CSV
        assert response.status == 200
        assert response.headers["etag"] == '"1"'
        assert response.sent_at.utcoffset() is not None
        assert 0 < response.seconds < 5
    (received,) = server.received
    assert received.path == "/data?geo=AT&c%5BTIME_PERIOD%5D=ge:2018%2Ble:2020"
    assert response.url == server.url + received.path
    assert re.fullmatch(r"corridor/\S+ \(research dataset .*\)", received.headers["user-agent"])
    assert received.headers["accept"] == "text/csv"
    assert received.headers["accept-encoding"] == "gzip"


def test_the_catalogue_may_set_the_user_agent() -> None:
    def refuse_unknown_agents(handler: BaseHTTPRequestHandler) -> None:
        known = handler.headers.get("User-Agent", "").startswith(("corridor/", "Mozilla/"))
        (reply(CSV) if known else reply(b"no robots", 403))(handler)

    with serve(refuse_unknown_agents) as server:
        with Client(HOSTS, limits(), user_agent="python-requests/2") as client, pytest.raises(FetchError, match="403"):
            client.fetch(request_to(server))
        with Client(HOSTS, limits()) as client:
            client.fetch(request_to(server))
            client.fetch(request_to(server, headers=(("User-Agent", "Mozilla/5.0"),)))
    assert server.received[-1].headers["user-agent"] == "Mozilla/5.0"


@given(st.lists(st.tuples(st.text(min_size=1), st.text())))
def test_an_address_contains_all_parameters(params: list[tuple[str, str]]) -> None:
    url = address("https://example.org/data", tuple(params))
    assert parse_qsl(urlsplit(url).query, keep_blank_values=True) == params


@pytest.mark.parametrize("token", ["open-sesame", "s3cret/ü"])
def test_a_secret_is_sent_but_never_shown(
    token: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def echo(handler: BaseHTTPRequestHandler) -> None:
        reply(f"{handler.path} is wrong, {token} too".encode(), 503)(handler)

    monkeypatch.setenv("UN_TOKEN", token)
    caplog.set_level(logging.DEBUG)
    headers = (("Authorization", "Bearer env:UN_TOKEN"), ("X-Key", "env:UN_TOKEN"))
    with serve(echo) as server, Client(HOSTS, limits(retries=1)) as client:
        request = request_to(server, params=(("key", "env:UN_TOKEN"),), headers=headers)
        with pytest.raises(FetchError) as caught:
            client.fetch(request)
    assert str(caught.value).endswith("status 503: /data?key=env:UN_TOKEN is wrong, env:UN_TOKEN too")
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text + str(caught.value.response)
    for written in (token, quote(token), quote(token, safe="")):
        assert written not in request.full_url
        assert written not in shown
    received = server.received[0]
    assert parse_qsl(urlsplit(received.path).query) == [("key", token)]
    assert received.headers["authorization"] == f"Bearer {token}"
    assert received.headers["x-key"] == token


@pytest.mark.parametrize("status", [200, 404])
def test_a_secret_that_a_server_repeats_is_not_stored(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setenv("UN_TOKEN", "a/b+c<d")
    body = rb'{"plain": "a/b+c<d", "json": "a\/b+c<d", "html": "a/b+c&lt;d", "url": "a%2fb%2bc%3cd"}'
    answer = reply(body, status, Link="<https://x/?key=a/b%2Bc%3Cd>")
    with serve(answer) as server, Client(HOSTS, limits()) as client:
        request = request_to(server, "json", headers=(("X-Key", "env:UN_TOKEN"),))
        try:
            response: Response | None = client.fetch(request)
        except FetchError as error:
            response = error.response
        stored = bytes_of(response)
    assert response is not None
    assert stored == b'{"plain": "env:UN_TOKEN", "json": "env:UN_TOKEN", "html": "env:UN_TOKEN", "url": "env:UN_TOKEN"}'
    assert (response.status, response.headers["link"]) == (status, "<https://x/?key=env:UN_TOKEN>")


def test_a_compressed_response_with_a_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UN_TOKEN", "abc123")
    with serve(reply(gzip.compress(CSV + b"abc123,2024,1\n"))) as server, Client(HOSTS, limits()) as client:
        with pytest.raises(FetchError, match="contains a secret, so it is not stored") as caught:
            client.fetch(request_to(server, headers=(("X-Key", "env:UN_TOKEN"),)))
        assert caught.value.response is not None
        assert caught.value.response.body is None


def test_a_missing_secret_is_named_and_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UN_TOKEN", raising=False)
    with serve(reply(CSV)) as server, Client(HOSTS, limits()) as client:
        with pytest.raises(NotConfiguredError, match=r"needs the environment variable UN_TOKEN$"):
            client.fetch(request_to(server, headers=(("Authorization", "env:UN_TOKEN"),)))
        assert server.received == []


def test_requests_to_a_host_are_rate_limited() -> None:
    with serve(reply(CSV)) as server, Client(HOSTS, limits(per_second=2)) as client:
        for _ in range(3):
            client.fetch(request_to(server))
    first, _, third = (received.at for received in server.received)
    assert third - first >= 0.99


# Conditions


def test_status_304_confirms_the_payload_of_the_validators() -> None:
    with serve(reply(status=304, ETag='"1"')) as server, Client(HOSTS, limits()) as client:
        response = client.fetch(request_to(server), etag='"1"', last_modified="Tue, 24 Nov 2026 10:00:00 GMT")
        assert response.status == 304
        assert response.body is None
        assert response.sha256 is None
    (received,) = server.received
    assert received.headers["if-none-match"] == '"1"'
    assert received.headers["if-modified-since"] == "Tue, 24 Nov 2026 10:00:00 GMT"


def test_status_304_without_validators_is_an_error() -> None:
    message, _ = refused(reply(status=304), kept=b"")
    assert message.endswith("status 304")


# Retries


def test_statuses_502_and_503_are_retried() -> None:
    content, server = fetched(reply(b"busy", 503), reply(b"busy", 502), reply(CSV), within=limits(retries=3))
    assert content == CSV
    assert len(server.received) == 3


def test_a_retry_waits_for_retry_after() -> None:
    _, server = fetched(reply(status=429, Retry_After="1"), reply(CSV), within=limits(retries=1))
    first, second = server.received
    assert second.at - first.at >= 1


def test_a_very_long_retry_after_is_not_retried() -> None:
    message, server = refused(reply(b"quota", 429, Retry_After="3600"), within=limits(retries=3), kept=b"quota")
    assert message.endswith("status 429 and a demand to wait (3600): quota")
    assert len(server.received) == 1


def test_a_malformed_retry_after_is_ignored() -> None:
    _, server = fetched(reply(status=503, Retry_After="soon"), reply(CSV), within=limits(retries=1))
    assert len(server.received) == 2


def test_retries_are_limited() -> None:
    message, server = refused(reply(b"busy\nreally", 503), within=limits(retries=2), kept=b"busy\nreally")
    assert message.endswith("status 503: busy")
    assert len(server.received) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 406, 410, 413, 416, 501])
def test_a_refusal_is_not_retried(status: int) -> None:
    message, server = refused(reply(FAULT, status, Retry_After="0"), within=limits(retries=3), kept=FAULT)
    assert f"status {status}" in message
    assert message.endswith("EXTRACTION_TOO_BIG: please change your filters")
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (reply(b"no such", 404, length=99), "status 404, and the response breaks off after 7 bytes: the connection"),
        (endless(404), "status 404, and the response has more bytes than the limit of 1,000,000"),
    ],
    ids=["cut", "endless"],
)
def test_a_refusal_with_an_incomplete_text_is_not_retried(refusal: Script, reason: str) -> None:
    message, server = refused(refusal, within=limits(retries=3))
    assert reason in message
    assert len(server.received) == 1


def test_a_timeout_is_retried_and_then_reported() -> None:
    _, server = fetched(silence(0.6), reply(CSV), within=limits(retries=1, timeout=0.2))
    assert len(server.received) == 2
    message, server = refused(silence(0.6), within=limits(retries=1, timeout=0.2))
    assert message.endswith("no byte for 0.2 seconds")
    assert len(server.received) == 2


@pytest.mark.parametrize(
    "broken",
    [
        reset,
        cut_chunks,
        reply(CSV, length=1000),
        reply(gzip.compress(CSV * 99)[:-9]),
        unframed(gzip.compress(CSV * 99)[:-9], Content_Encoding="gzip"),
        reply(b"no gzip at all", Content_Encoding="gzip"),
        drip,
    ],
    ids=["reset", "cut chunks", "cut length", "cut gzip", "cut transport gzip", "false gzip", "drip"],
)
def test_an_incomplete_response_is_retried(broken: Script) -> None:
    content, server = fetched(broken, reply(CSV), within=limits(retries=1, timeout=0.3))
    assert content == CSV
    assert len(server.received) == 2


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (reset, r"breaks off after \d+ bytes: the connection broke off, reset by the host$"),
        (reply(CSV, length=1000), "breaks off after 25 bytes: the connection broke off$"),
        (drip, r"is too slow: \d+ bytes in 0 seconds$"),
        (unframed(gzip.compress(CSV * 99)[:-9], Content_Encoding="gzip"), "the gzip of the response breaks off$"),
    ],
    ids=["reset", "cut length", "drip", "cut gzip"],
)
def test_a_response_that_is_always_incomplete_is_an_error_without_a_payload(broken: Script, reason: str) -> None:
    message, server = refused(broken, within=limits(retries=1, timeout=0.3))
    assert re.search(reason, message)
    assert len(server.received) == 2


@pytest.mark.parametrize(
    "script",
    [
        dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        dripping(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/", b"x"),
        dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Slow: ", b"x"),
    ],
    ids=["header", "location", "100 continue", "length of a chunk", "trailer"],
)
def test_a_server_that_sends_one_byte_now_and_then_is_given_up(script: Script) -> None:
    begun = time.monotonic()
    with pytest.raises(FetchError, match=r"no byte for 0\.3 seconds|breaks off") as caught:
        fetched(script, within=limits(timeout=0.3))
    assert "127.0.0.1" in str(caught.value)
    assert time.monotonic() - begun < 3


def test_a_response_that_never_ends_is_given_up_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece comes in time and the pace is high enough, so that no other limit ends the exchange."""
    monkeypatch.setattr(Limits, "exchange", 1.0)
    begun = time.monotonic()
    slow = dripping(b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\n" + CSV, b"x" * 1000)
    message, _ = refused(slow, within=limits(timeout=5))
    assert "does not end in time" in message or "breaks off" in message
    assert time.monotonic() - begun < 4


def test_a_tls_handshake_that_does_not_end_is_given_up() -> None:
    with serve(dripping(b"", b"\x16\x03\x01\x40\x00")) as server:
        tls = Loopback(server.url.replace("http://", "https://"))
        begun = time.monotonic()
        with pytest.raises(FetchError), Client(HOSTS, limits(timeout=0.3)) as client:
            client.fetch(request_to(tls))
        assert time.monotonic() - begun < 3


def test_a_refused_connection_is_reported() -> None:
    with socket.socket() as unused_port:
        unused_port.bind(("127.0.0.1", 0))
        unused = Loopback(f"http://127.0.0.1:{unused_port.getsockname()[1]}")
        with Client(HOSTS, limits(retries=1)) as client, pytest.raises(FetchError, match=r"refused by the host$") as e:
            client.fetch(request_to(unused))
        assert e.value.response is None


def test_an_unknown_host_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with Client(frozenset({"nowhere.example"}), limits()) as client, pytest.raises(FetchError, match=r"is not found$"):
        client.fetch(request_to(Loopback("https://nowhere.example")))


def test_a_server_without_tls_is_refused() -> None:
    with serve(reply(CSV)) as server, Client(HOSTS, limits()) as client:
        secure = Loopback(server.url.replace("http:", "https:"))
        with pytest.raises(FetchError, match=r"TLS with the host fails$"):
            client.fetch(request_to(secure))


@needs_openssl
def test_a_certificate_must_be_trusted_by_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain, key = self_signed(tmp_path, "loopback", "IP:127.0.0.1")
    with serve(reply(CSV), chain=(chain, key)) as server, Client(HOSTS, limits()) as client:
        with pytest.raises(FetchError, match=r"TLS with the host fails, its certificate is not accepted$"):
            client.fetch(request_to(server))
        assert server.received == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(chain))
        assert bytes_of(client.fetch(request_to(server))) == CSV


# Limits


def test_an_endless_response_stops_at_the_limit() -> None:
    message, server = refused(endless(), within=limits(retries=3))
    assert message.endswith("the response has more bytes than the limit of 1,000,000")
    assert len(server.received) == 1


def test_an_endless_error_does_not_block_the_retry() -> None:
    content, _ = fetched(endless(503), reply(CSV), within=limits(retries=1))
    assert content == CSV


def test_a_response_with_a_content_length_above_the_limit_is_not_read() -> None:
    message, _ = refused(reply(CSV, length=2_000_000_000))
    assert message.endswith("the response has 2,000,000,000 bytes, more than the limit of 1,000,000")


BOMB = gzip.compress(bytes(50_000_000))


def test_a_bomb_in_the_transport_compression_stops_at_the_limit() -> None:
    message, _ = refused(reply(BOMB, Content_Encoding="gzip"))
    assert message.endswith("unpacks to more bytes than the limit of 2,000,000")


def test_a_bomb_in_a_payload_stops_at_the_limit() -> None:
    message, _ = refused(reply(BOMB), kept=BOMB)
    assert message.endswith("unpacks to more bytes than the limit of 2,000,000")


# Redirects


def test_a_redirect_within_the_publisher_is_followed() -> None:
    with (
        serve(reply(CSV)) as target,
        serve(reply(b"moved", 302, Location=f"{target.url}/new?x=1")) as server,
        Client(HOSTS, limits()) as client,
    ):
        response = client.fetch(request_to(server, headers=(("X-Plain", "1"),)))
        assert bytes_of(response) == CSV
        assert response.url == f"{target.url}/new?x=1"
    assert target.received[0].headers["x-plain"] == "1"


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/data",
        "//evil.example/",
        "https://127.0.0.1@evil.example/",
        "https://evil.example\\@127.0.0.1/",
        "http://evil.example:80#@127.0.0.1",
    ],
)
def test_a_redirect_to_a_foreign_host_is_not_followed(location: str) -> None:
    message, server = refused(reply(status=302, Location=location), within=limits(retries=2))
    assert "the host evil.example is none of 127.0.0.1" in message
    assert len(server.received) == 1


def test_plain_http_is_allowed_for_the_loopback_only() -> None:
    with Client(frozenset({"data.example"}), limits()) as client, pytest.raises(FetchError, match="over https only"):
        client.fetch(request_to(Loopback("http://data.example")))


def test_a_secret_does_not_follow_a_redirect_to_another_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UN_TOKEN", "abc")
    with serve(reply(CSV)) as target:
        elsewhere = target.url.replace("127.0.0.1", "localhost")
        hosts = frozenset({"127.0.0.1", "localhost"})
        with serve(reply(status=307, Location=elsewhere)) as server, Client(hosts, limits()) as client:
            client.fetch(request_to(server, headers=(("X-Key", "env:UN_TOKEN"), ("X-Plain", "1"))))
    assert server.received[0].headers["x-key"] == "abc"
    assert "x-key" not in target.received[0].headers
    assert target.received[0].headers["x-plain"] == "1"


def test_the_number_of_redirects_is_limited() -> None:
    message, server = refused(reply(status=301, Location="/again"))
    assert "more than 5 redirects" in message
    assert len(server.received) == 6


def test_the_body_of_a_redirect_is_not_read() -> None:
    content, _ = fetched(endless(302, Location="/new"), reply(CSV))
    assert content == CSV


# Which responses are payloads


def workbook() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(zipfile.ZipInfo("xl/workbook.xml"), "<workbook/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("accept", "body", "reason"),
    [
        ("csv", MAINTENANCE, "the response is HTML instead of CSV: <!DOCTYPE html> … Down for maintenance"),
        (
            "json",
            b"<html lang='en' class='no-js'>",
            "the response is HTML instead of JSON: <html lang='en' class='no-js'>",
        ),
        ("csv", ENVELOPE, f"the response is XML instead of CSV: {ENVELOPE.decode()}"),
        ("tsv", FAULT, "EXTRACTION_TOO_BIG: please change your filters"),
        ("csv", WARNING, f"the response is JSON instead of CSV: {WARNING.decode()}"),
        ("json", WARNING, f"the response is a message instead of data: {WARNING.decode()}"),
        (
            "json",
            b'{"error":[{"status":400,"id":150}]}',
            'instead of data: {"error":[{"status":400,"id":150}]}',
        ),
        ("json", b'\xef\xbb\xbf[{"message":[{"id":"120"}]}]', 'instead of data: [{"message":[{"id":"120"}]}]'),
        ("json", b"NoRecordsFound", "the response is text instead of JSON: NoRecordsFound"),
        ("xlsx", MAINTENANCE, "the response is HTML instead of XLSX: <!DOCTYPE html> … Down for maintenance"),
        ("csv", workbook(), "the response is ZIP instead of CSV: PK\ufffd"),
        ("csv", b"%PDF-1.7\n", "the response is binary data instead of CSV: %PDF-1.7"),
        ("html", b'{"a":1}', 'the response is JSON instead of HTML: {"a":1}'),
        ("csv", b"", "the response is empty"),
        ("any", b"\xef\xbb\xbf\r\n", "the response is empty"),
        (
            "csv",
            gzip.compress(MAINTENANCE, mtime=0),
            "the response is HTML instead of CSV: <!DOCTYPE html> … Down for maintenance",
        ),
        ("csv", gzip.compress(b"", mtime=0), "the response is empty"),
    ],
)
def test_a_response_of_another_kind_with_status_200_is_refused(accept: Kind, body: bytes, reason: str) -> None:
    message, server = refused(reply(body), accept=accept, within=limits(retries=2), kept=body)
    assert reason in message
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("accept", "body"),
    [
        ("csv", CSV),
        ("csv", b"\xef\xbb\xbf" + CSV),
        ("csv", CSV.decode().encode("utf-16")),
        ("csv", "geo,label\nCI,Côte d’Ivoire\n".encode("cp1252")),
        ("csv", b"PK,2024,1\n"),
        ("tsv", b"freq,geo\\TIME_PERIOD\t2019 \r\nA,AT\t39847 u\r\n"),
        ("json", b'\xef\xbb\xbf{"value":{}}'),
        ("json", b"[1, 2]"),
        ("json", b'{"error":null,"data":[1]}'),
        ("json", b'{"errors":[],"data":[1]}'),
        ("xlsx", workbook()),
        ("zip", workbook()),
        ("html", MAINTENANCE),
        ("any", b"\x00\x01"),
    ],
)
def test_a_payload_is_stored_byte_for_byte(accept: Kind, body: bytes) -> None:
    assert fetched(reply(body), accept=accept)[0] == body


def test_transport_compression_is_removed() -> None:
    body = CSV * 40_000
    content, _ = fetched(reply(gzip.compress(body), Content_Encoding="gzip"))
    assert content == body


def test_a_gzip_payload_without_content_encoding_is_stored_unchanged() -> None:
    for packed in (gzip.compress(CSV), gzip.compress(CSV) + gzip.compress(CSV), gzip.compress(CSV) + bytes(512)):
        assert fetched(reply(packed, Content_Disposition='attachment; filename="a.tsv.gz"'))[0] == packed


def test_a_compression_that_was_not_requested_is_refused() -> None:
    message, _ = refused(reply(b"\x78\x9c", Content_Encoding="br"))
    assert message.endswith("the response is compressed with br, which was not requested")


def test_a_first_line_is_cut_after_200_characters() -> None:
    assert len(objection(b'{"' + b"x" * 900, "csv")) < 300


@given(st.binary(max_size=80), st.sampled_from(["csv", "tsv", "json", "xlsx", "zip", "html", "any"]))
def test_an_objection_has_at_most_one_line(head: bytes, accept: Kind) -> None:
    assert len(objection(head, accept).splitlines()) <= 1


def test_an_error_can_be_pickled() -> None:
    response = Response(404, {}, None, "https://example.org", datetime.now(UTC), 0.1)
    again = pickle.loads(pickle.dumps(FetchError("why", response)))
    assert (str(again), again.response) == ("why", response)


# The snapshot

STAMP = datetime(2026, 11, 24, 10, tzinfo=UTC)
Snapshot = Callable[[], Client]


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(CSV))
    (tmp_path / "b.tsv.gz").write_bytes(gzip.compress(CSV, mtime=0))
    (tmp_path / "c.json").write_bytes(WARNING)
    entries = {
        "https://ec.europa.eu/a?geo=AT&k=env:UN_TOKEN": SnapshotEntry(tmp_path / "a.csv.gz", "text/csv", STAMP),
        "https://ec.europa.eu/b": SnapshotEntry(
            tmp_path / "b.tsv.gz", "text/tab-separated-values", STAMP, compressed_by_publisher=True
        ),
        "https://ec.europa.eu/c": SnapshotEntry(tmp_path / "c.json", "application/json", STAMP),
    }
    adapter = SnapshotAdapter(entries)
    return lambda: Client(frozenset({"ec.europa.eu"}), limits(), transport=adapter)


def of_snapshot(path: str, accept: Kind = "csv", params: tuple[tuple[str, str], ...] = ()) -> Request:
    return Request("eurostat", path, "", f"https://ec.europa.eu/{path}", params, accept)


A = of_snapshot("a", params=(("geo", "AT"), ("k", "env:UN_TOKEN")))


def test_the_snapshot_returns_bodies_and_headers_like_a_server(snapshot: Snapshot) -> None:
    with snapshot() as client:
        response = client.fetch(A)
        assert bytes_of(response) == CSV
        assert response.headers["etag"] == f'"{response.sha256}"'
        assert response.headers["date"] == response.headers["last-modified"] == "Tue, 24 Nov 2026 10:00:00 GMT"
        assert response.headers["content-type"] == "text/csv"
        packed = client.fetch(of_snapshot("b"))
        assert gzip.decompress(bytes_of(packed)) == CSV
        assert packed.headers["etag"] == f'"{packed.sha256}"'
        assert client.fetch(A).headers == response.headers


def test_the_snapshot_returns_304_for_its_validators(snapshot: Snapshot) -> None:
    with snapshot() as client:
        etag, stamp = client.fetch(A).headers["etag"], "Tue, 24 Nov 2026 10:00:00 GMT"
        assert client.fetch(A, etag=etag).status == 304
        assert client.fetch(A, last_modified=stamp).status == 304
        assert client.fetch(A, etag='"other"', last_modified=stamp).status == 200
        assert client.fetch(A, last_modified="Mon, 23 Nov 2026 10:00:00 GMT").status == 200
        assert client.fetch(A, last_modified="yesterday").status == 200


def test_responses_of_the_snapshot_are_checked_like_others(snapshot: Snapshot) -> None:
    with snapshot() as client:
        with pytest.raises(FetchError, match=r"status 404: not in the snapshot$") as caught:
            client.fetch(of_snapshot("unknown"))
        assert caught.value.response is not None
        assert caught.value.response.status == 404
        with pytest.raises(FetchError, match="the response is a message instead of data"):
            client.fetch(of_snapshot("c", "json"))
        with pytest.raises(FetchError, match=r"the host api\.unhcr\.org is none of ec\.europa\.eu"):
            client.fetch(Request("unhcr", "population", "", "https://api.unhcr.org/population", (), "json"))


def test_bodies_are_removed_when_the_client_is_closed(tmp_path: Path) -> None:
    with serve(reply(CSV)) as server, Client(HOSTS, limits(), folder=tmp_path) as client:
        body = client.fetch(request_to(server)).body
        assert body is not None
        assert body.is_relative_to(tmp_path)
    assert list(tmp_path.iterdir()) == []
