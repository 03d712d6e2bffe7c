"""Every dataset that is requested, from the double that is written from what the publishers send, to the last slice.

The requests that the double receives are those of the catalogue, each once and in its order. The responses become
observations or rows of law, without a failure and without an unknown code.
"""

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import pytest

from assets import stages
from assets.core.workspace import Workspace
from assets.ingest.fetch import receive
from sources import catalogue
from sources.protocols.requests import requests_for
from tests.support.live_catalogue import use
from tests.support.publishers.world import Publishers, world

NAMES = [name for name, (publisher, entry) in catalogue.datasets().items() if publisher.endpoints[entry.endpoint].asked]
# Prose: an article may have no sentence for a dataset.
PROSE = ("mfa", "moe", "nbs", "nia", "spc", "spp")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def publishers() -> Iterator[Publishers]:
    with world() as running:
        yield running


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("live"), "live")


@pytest.mark.parametrize("name", NAMES)
def test_every_slice_of_a_dataset_is_requested_and_read(
    publishers: Publishers, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("UN_DATA_PORTAL_TOKEN", "a-token")
    entries = use(publishers, monkeypatch)
    publisher, _, dataset = name.partition("/")
    before = len(publishers.world.received)
    reception = receive(workspace, entries[publisher], dataset)
    assert (reception.failures, reception.absent) == ((), ())
    received = [unquote(urlsplit(asked.address).path) for asked in publishers.world.received[before:]]
    declared = [unquote(urlsplit(request.url).path) for request in requests_for(entries[publisher], dataset)]
    assert set(declared) <= set(received)
    made = stages.observations(workspace, name)
    assert made.failures == []
    assert made.frame.collect().height or publisher in PROSE
    assert made.unmatched.collect().rows() == []


@pytest.mark.parametrize("name", ["nhc/floating_population", "mps/hukou", "mofcom/labour", "iom/ctdc_global"])
def test_a_publisher_that_refuses_programs_is_not_requested(
    publishers: Publishers, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    entries = use(publishers, monkeypatch)
    publisher, _, dataset = name.partition("/")
    before = len(publishers.world.received)
    assert receive(workspace, entries[publisher], dataset).failures == ()
    assert len(publishers.world.received) == before
