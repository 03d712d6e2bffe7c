"""One night: requests the datasets of several publishers at once, each publisher by a client of its own.

Publishers have different hosts, so that one that is slow or silent does not delay the others. A publisher's own
datasets are requested one after the other, within its limits and its time.
"""

import logging
from collections.abc import Iterator, Sequence
from queue import SimpleQueue
from threading import Event, Thread
from time import perf_counter

from assets.core.workspace import Workspace
from assets.ingest.fetch import Reception, receive
from sources.catalogue import datasets
from sources.catalogue.model import Publisher
from sources.http.circuit import Circuit

log = logging.getLogger("corridor.fetch")

Received = tuple[str, Reception]


def receive_all(workspace: Workspace, names: Sequence[str]) -> Iterator[Received]:
    """Request each dataset and yield it with its reception, in the order in which they end.

    A publisher has the time of its ``limits.budget``, and at most that of the workspace for all requests of a build.
    What is left is requested in the next build. An error of the machine in one publisher's thread is raised here.
    """
    by_publisher: dict[str, list[str]] = {}
    for name in names:
        by_publisher.setdefault(name.partition("/")[0], []).append(name)
    results: SimpleQueue[Received | BaseException | None] = SimpleQueue()
    stopped = Event()
    for own in by_publisher.values():
        publisher, _ = datasets()[own[0]]
        circuit = Circuit(min(publisher.limits.budget, workspace.budget), stopped)
        arguments = (workspace, publisher, own, circuit, results)
        Thread(target=_receive_publisher, args=arguments, name=publisher.publisher, daemon=True).start()
    remaining = len(by_publisher)
    try:
        while remaining:
            match results.get():
                case None:
                    remaining -= 1
                case BaseException() as error:
                    raise error
                case received:
                    yield received
    finally:
        stopped.set()


def _receive_publisher(
    workspace: Workspace,
    publisher: Publisher,
    names: Sequence[str],
    circuit: Circuit,
    results: "SimpleQueue[Received | BaseException | None]",
) -> None:
    """Request the datasets of one publisher and put their receptions into ``results``; at the end None, or an error."""
    start = perf_counter()
    try:
        failed = 0
        with workspace.client(publisher, circuit=circuit) as client:
            for name in names:
                reception = receive(workspace, publisher, name.partition("/")[2], client)
                failed += bool(reception.failures)
                results.put((name, reception))
    except BaseException as error:
        results.put(error)
        return
    log.info("%s: %s datasets, %s failed, %.0f s", publisher.publisher, len(names), failed, perf_counter() - start)
    results.put(None)
