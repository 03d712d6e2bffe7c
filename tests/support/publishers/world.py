"""All publishers together, and the catalogue with their addresses on loopback."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sources.catalogue.model import Endpoint, Promise, Publisher
from sources.request import Limits
from tests.support.publishers import china, files, interfaces, law
from tests.support.publishers.eurostat import Eurostat
from tests.support.publishers.server import Answer, Asked, Route, World, hang, serve

# Hosts that answer with an ETag and confirm it.
CONDITIONAL = ("raw.githubusercontent.com", "www.un.org", "data.unodc.org", "missingmigrants.iom.int", *china.LISTS)
# A host without a double is not reached: nothing answers on this port.
NOWHERE = "http://127.0.0.1:9"
# As fast as loopback allows; a publisher that hangs is given up after two seconds.
FAST = Limits(per_second=1_000, max_bytes=64 << 20, max_unpacked=256 << 20, timeout=2, retries=1, backoff=0.01)


@dataclass
class Publishers:
    """The running hosts, with the service of Eurostat, whose datasets a test may change."""

    world: World
    eurostat: Eurostat

    def redirected(self, publisher: Publisher, limits: Limits | None = FAST) -> Publisher:
        """Return a catalogue entry whose requests reach the double: only hosts, limits and pauses are changed."""
        here = {host: self.world.url(host) for host in self.world.ports}

        def local(address: str) -> str:
            return re.sub(r"^https://([^/]+)", lambda found: here.get(found[1], NOWHERE), address)

        def endpoint(entry: Endpoint) -> Endpoint:
            promise = entry.promise and Promise(
                status=local(entry.promise.status), data=local(entry.promise.data), pause=0.01, patience=0.1
            )
            return entry.model_copy(update={"url": local(entry.url), "promise": promise})

        endpoints = {name: endpoint(entry) for name, entry in publisher.endpoints.items()}
        changes: dict[str, object] = {"endpoints": endpoints, "hosts": [*publisher.hosts, "127.0.0.1"]}
        return publisher.model_copy(update=changes | ({"limits": limits} if limits else {}))


@contextmanager
def world() -> Iterator[Publishers]:
    """Run every publisher. The hosts that make no connection hang from the beginning."""
    service = Eurostat()
    silent = dict.fromkeys(china.SILENT, _nothing)
    routes: dict[str, Route] = {
        "ec.europa.eu": service,
        **interfaces.ROUTES,
        **files.ROUTES,
        **china.ROUTES,
        **law.ROUTES,
        **silent,
    }
    with serve(routes, CONDITIONAL) as running:
        running.links = {f"https://{host}": running.url(host) for host in routes}
        for host in china.SILENT:
            running.fail(host, hang)
        yield Publishers(running, service)


def redirected_catalogue(publishers: Publishers, entries: Mapping[str, Publisher]) -> dict[str, Publisher]:
    """Return the whole catalogue with the addresses of the double."""
    return {name: publishers.redirected(entry) for name, entry in entries.items()}


def _nothing(_asked: Asked) -> Answer:
    return Answer(b"", status=504)
