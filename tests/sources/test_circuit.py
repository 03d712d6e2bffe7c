"""A host that does not answer is not asked again in the same night, and a night has an end."""

import time
from threading import Event

import pytest

from sources.errors import FetchError
from sources.http.circuit import Circuit
from sources.http.client import Client
from sources.request import Limits, Request
from tests.support.loopback import Loopback, reply, serve, silence

LIMITS = Limits(per_second=1_000, timeout=0.2, retries=1, backoff=0.01)


def client(circuit: Circuit | None = None, limits: Limits = LIMITS) -> Client:
    return Client(frozenset({"127.0.0.1"}), limits, circuit=circuit)


def request(server: Loopback, name: str = "data") -> Request:
    return Request("eurostat", "migr_resfirst", "", f"{server.url}/{name}", (), "any")


def failure(own: Client, asked: Request) -> FetchError:
    with pytest.raises(FetchError) as raised:
        own.fetch(asked)
    return raised.value


def test_a_host_that_never_answered_is_asked_once() -> None:
    with serve(silence(1)) as server, client() as own:
        assert "no byte for 0.2 seconds" in str(failure(own, request(server)))
        tries = len(server.received)
        second = failure(own, request(server))
        assert "it was not requested, because 127.0.0.1" in str(second)
        assert "did not answer before (no byte for 0.2 seconds)" in str(second)
        assert second.unreachable
        assert tries == len(server.received) == 2  # one repetition


def test_a_host_that_answered_before_may_be_silent_once() -> None:
    with serve(reply(b"a,b\n1,2\n"), silence(1), silence(1), reply(b"a,b\n1,2\n")) as server, client() as own:
        own.fetch(request(server))
        failure(own, request(server))
        own.fetch(request(server))


def test_a_demand_to_wait_ends_the_requests_of_the_night() -> None:
    with serve(reply(b"later", 429, Retry_After="301")) as server, client() as own:
        assert "status 429" in str(failure(own, request(server)))
        assert "it was not requested" in str(failure(own, request(server)))
        assert len(server.received) == 1


@pytest.mark.parametrize(("status", "asked"), [(404, 4), (503, 3)])
def test_errors_of_the_server_in_a_row_end_the_requests_and_refusals_do_not(status: int, asked: int) -> None:
    limits = Limits(per_second=1_000, timeout=0.2, retries=0)
    with serve(reply(b"no", status)) as server, client(limits=limits) as own:
        for _ in range(4):
            failure(own, request(server))
        assert len(server.received) == asked


def test_other_hosts_of_the_publisher_are_still_asked() -> None:
    with serve(silence(1)) as silent, serve(reply(b"a,b\n1,2\n")) as other, client() as own:
        failure(own, request(silent))
        assert own.fetch(request(other)).status == 200


def test_pauses_end_with_the_time_of_the_publisher() -> None:
    begun = time.monotonic()
    with serve(reply(b"later", 429, Retry_After="5")) as server, client(Circuit(seconds=1)) as own:
        assert "a demand to wait (5)" in str(failure(own, request(server)))
    assert time.monotonic() - begun < 3


def test_nothing_is_requested_after_the_time_or_after_an_interruption() -> None:
    stopped = Event()
    stopped.set()
    with serve(reply(b"a,b\n1,2\n")) as server:
        with client(Circuit(seconds=0)) as late:
            assert "the 0 seconds for the requests of this publisher" in str(failure(late, request(server)))
        with client(Circuit(stopped=stopped)) as interrupted:
            assert "the build was interrupted" in str(failure(interrupted, request(server)))
        assert server.received == []
