"""A workspace in which a build takes seconds: one dataset of UNHCR from the double of the publishers, and its table.

The job, its checks, the event log, the archive and the publishing are real. The report page and the CSV of the headline
figures are left out, because they need tables that this workspace does not have.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from assets.explore import explorer, report
from sources import catalogue
from tests.support import publisher_double
from tests.support.publisher_double import Double, filled_double
from warehouse.contracts import contracts
from warehouse.exports import headline_csv

# The tables that reading a dataset of statistics needs, and those that a release of it contains.
TABLES = ("dataset", "displacement", "held_figure", "release", "revision", "unmatched_code", "unread_sentence")
BUILD_TIME = datetime.fromtimestamp(1_795_000_000, UTC)


@contextmanager
def small_workspace() -> Iterator[Double]:
    """Yield the double of the publishers; the catalogue has one dataset of it, and the project few tables."""
    with publisher_double.run_double(filled_double()) as publishers, pytest.MonkeyPatch.context() as patch:
        for name in set(contracts()) - set(TABLES):
            patch.delitem(contracts(), name)
        patch.setattr(headline_csv, "write", lambda *_: None)
        patch.setattr(report, "pages", lambda *_: dict.fromkeys(report.PAGES.values(), "nothing to show\n"))
        patch.setattr(explorer, "page", lambda *_: "nothing to show\n")
        publishers.modified = "Tue, 24 Nov 2026 03:15:00 GMT"
        entries = {"unhcr": publisher_double.publishers_at(publishers)["unhcr"]}
        patch.setattr(catalogue, "publishers", lambda: entries)
        yield publishers
