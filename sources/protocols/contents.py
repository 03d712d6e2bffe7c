"""A publisher's table of contents: the day of each dataset's last update, so that unchanged data is not downloaded.

Only Eurostat has such a table, as text with tabs. Its columns and its hours of publication are the constants below.
"""

import csv
import re
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sources.errors import FetchError

EUROSTAT_CODE = "code"
EUROSTAT_UPDATED = "last update of data"
EUROSTAT_TIMEZONE = ZoneInfo("Europe/Brussels")
# Eurostat publishes at 11:00 and at 23:00; its table of contents contains the day only.
EUROSTAT_LAST_UPDATE_HOUR = 23


def last_updates(contents: Path) -> dict[str, date]:
    """Code of a dataset in lower case → the day of its last update of data.

    Folders, and lines whose day cannot be read, are left out. A dataset that appears at several places in the tree has
    the latest of its days. ``FetchError`` if a column is missing.
    """
    found: dict[str, date] = {}
    with contents.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", skipinitialspace=True)
        names = {name.strip().lower(): name for name in rows.fieldnames or ()}
        if not {EUROSTAT_CODE, EUROSTAT_UPDATED} <= names.keys():
            raise FetchError(f"the table of contents has no columns of code and last update: {', '.join(names)}")
        for row in rows:
            code, day = ((row[names[name]] or "").strip() for name in (EUROSTAT_CODE, EUROSTAT_UPDATED))
            if match := re.fullmatch(r"(\d\d)\.(\d\d)\.(\d{4})", day):
                updated = date(int(match[3]), int(match[2]), int(match[1]))
                found[code.lower()] = max(updated, found.get(code.lower(), updated))
    return found


def is_unchanged_since(updated: date | None, stamp: datetime | None, received: datetime) -> bool:
    """Whether a payload contains the update of the day ``updated``, so that the publisher has nothing newer.

    ``stamp`` is the publisher's own time of the payload, ``received`` the time at which it was received. A payload
    stamped 11:00 and received on the same day may be older than the update of 23:00.
    """
    if updated is None or stamp is None:
        return False
    local = stamp.astimezone(EUROSTAT_TIMEZONE)
    day_is_over = received.astimezone(EUROSTAT_TIMEZONE).date() > updated
    is_last_of_day = local.hour >= EUROSTAT_LAST_UPDATE_HOUR
    return local.date() > updated or (local.date() == updated and (is_last_of_day or day_is_over))
