"""Receptions for tests of single functions: as after a night in which every request succeeded."""

from assets.normalise.receptions import Receptions, part_of
from sources.catalogue import datasets
from sources.protocols.requests import endpoint_of
from sources.protocols.split import planned_parts


def all_received() -> Receptions:
    """Return what a night without a failure receives."""
    parts = {
        name: tuple(
            part_of(publisher, name.partition("/")[2], filters, "received")
            for filters, _ in planned_parts(entry, endpoint_of(publisher, name.partition("/")[2]))
        )
        for name, (publisher, entry) in datasets().items()
    }
    return Receptions(parts, frozenset(parts), partial=False)
