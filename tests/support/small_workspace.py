"""A workspace in which a build takes seconds: one dataset of UNHCR, asked for at the publishers' double, and its table.

The job, its checks, the event log, the archive and the publishing are the real ones. The report is not: it shows
tables that this workspace has not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from assets import definitions, explore, stages
from sources import catalogue
from tests.support import publisher_double
from tests.support.publisher_double import Double, stocked
from warehouse.contracts import contracts

# What reading a dataset of statistics needs, and what a release of it is made of.
TABLES = ("dataset", "displacement", "release", "revision", "unmatched_code", "unread_sentence")
RELEASED = ["dataset", "displacement"]
BUILD_TIME = datetime.fromtimestamp(1_795_000_000, UTC)


@contextmanager
def small_workspace() -> Iterator[Double]:
    """The publishers' double, of whose datasets the catalogue knows one, in a workspace of few tables."""
    with publisher_double.running(stocked()) as publishers, pytest.MonkeyPatch.context() as patch:
        for name in set(contracts()) - set(TABLES):
            patch.delitem(contracts(), name)
        patch.setattr(stages, "release_tables", lambda: RELEASED)
        patch.setattr(explore, "pages", lambda *_: dict.fromkeys(explore.PAGES.values(), "nothing to show\n"))
        patch.setattr(definitions, "at_a_glance", lambda *_: [])
        publishers.modified = "Tue, 24 Nov 2026 03:15:00 GMT"
        entries = {"unhcr": publisher_double.entries(publishers)["unhcr"]}
        patch.setattr(catalogue, "publishers", lambda: entries)
        yield publishers
