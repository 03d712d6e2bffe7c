"""The catalogue with the addresses of a double, in place of the real one for the time of a test."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from sources import catalogue
from sources.catalogue.model import Publisher
from tests.support import publisher_double
from tests.support.publishers.world import Publishers, redirected_catalogue


def use(
    publishers: Publishers, patch: pytest.MonkeyPatch, entries: Mapping[str, Publisher] | None = None
) -> dict[str, Publisher]:
    """Use these entries, by default those of the catalogue, with the addresses of the publishers; return them."""
    redirected = redirected_catalogue(publishers, entries or catalogue.publishers())
    patch.setattr(catalogue, "publishers", lambda: redirected)
    return redirected


@contextmanager
def filled_double_in_use(patch: pytest.MonkeyPatch) -> Iterator[publisher_double.Double]:
    """Run a filled double and use its entries as the catalogue."""
    with publisher_double.run_double(publisher_double.filled_double()) as running:
        entries = publisher_double.publishers_at(running)
        patch.setattr(catalogue, "publishers", lambda: entries)
        yield running
