"""Responses that lost rows: they can be read, but much of what the last response to the same request had is missing.

A list that was cut in the middle is often still a valid list. Publishers revise figures but seldom withdraw them, so
such a response is not used, and the last good one stays in use. A person may accept its payloads.
"""

from collections.abc import Collection, Mapping

from assets.ingest.stored import ReadResponse
from expectations.drift import ROWS_LOST

# The number of rows from which a loss counts. The share that may be lost is that of the check of whole tables, so a cut
# response does not reach that check.
FEWEST_LOST = 10
# The name under which a person accepts the payloads of a dataset.
CHECK = "lost_rows"


def shrunken(found: Mapping[str, list[ReadResponse]], accepted: Collection[str]) -> dict[str, str]:
    """Fingerprint of each response of a publisher that lost more than 5 % of its rows → the reason.

    It is compared with the last response to the same request that is used. ``accepted`` are the payloads that a person
    accepted. Imports are not compared: a person may import a part.
    """
    refused = {}
    for given in found.values():
        before = 0
        for response in given:
            rows = _rows(response)
            if response.pages[0].transport != "live" or not rows:
                continue
            lost = before - rows
            payloads = {str(page.payload) for page in response.pages}
            if lost >= FEWEST_LOST and lost > ROWS_LOST * before and not payloads <= set(accepted):
                refused[response.fingerprint] = _reason(response, rows, before)
            else:
                before = rows
    return refused


def _rows(response: ReadResponse) -> int:
    facts = response.facts
    return 0 if facts["error"] else int(str(facts["rows"]))


def _reason(response: ReadResponse, rows: int, before: int) -> str:
    name = f"{response.pages[0].publisher}/{response.pages[0].dataset}"
    return (
        f"it has {rows:,} rows where {before:,} were before; `corridor accept {name} {CHECK} --payload "
        f"{str(response.pages[0].payload)[:12]} --because REASON` uses it"
    )
