"""Each request has public evidence in its catalogue entry, or states that none was found."""

from sources import catalogue
from sources.catalogue.model import Seen


def test_every_dataset_that_is_requested_has_evidence_or_states_that_it_has_none() -> None:
    for name, (publisher, entry) in catalogue.datasets().items():
        endpoint = publisher.endpoints[entry.endpoint]
        evidence = publisher.evidence_of(name.partition("/")[2])
        assert not endpoint.asked or isinstance(evidence, Seen) != (entry.seen == "unconfirmed"), name
        assert endpoint.asked or endpoint.refusal is None or entry.seen is None, name


def test_evidence_is_recent() -> None:
    for publisher in catalogue.publishers().values():
        for name in publisher.datasets:
            evidence = publisher.evidence_of(name)
            assert evidence is None or 2024 <= evidence.year <= 2026, f"{publisher.publisher}/{name}"
