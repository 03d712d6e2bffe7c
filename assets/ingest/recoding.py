"""Recoded responses: those that would lose too many of their cells, because no crosswalk has their codes.

Such a response is not used, so that no series breaks without notice: the last good one stays in use. A person may
accept its payloads; then it is used without these cells.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from assets.ingest.stored import ReadResponse
from warehouse.errors import shortened

# A response is refused if more than this share of its cells, and of all cells of its dataset at that time, have unknown
# codes.
UNMATCHED_SHARE = 0.01
# Fewer cells with unknown codes than this are single cases, unless they are a quarter of the response.
FEWEST_LOST, GREAT_SHARE = 10, 0.25
# Responses to the requests of one night are received within this time.
ONE_NIGHT = timedelta(days=1)
# Codes that a reason names.
SHOWN = 5
# The name under which a person accepts the payloads of a dataset.
CHECK = "unknown_codes"


def recoded(found: Mapping[str, list[ReadResponse]], accepted: Collection[str]) -> dict[str, str]:
    """Fingerprint of each response that is not used for its unknown codes → the reason.

    These are responses with unknown codes in more than 1 % of their cells and of those of their dataset: one unknown
    code must not refuse one of many small responses. ``accepted`` are the payloads that a person accepted.
    """
    cells = {key: [(response, *_cells(response)) for response in given] for key, given in found.items()}
    refused = {}
    for key, given in cells.items():
        for response, lost, read in given:
            single = lost < FEWEST_LOST and lost <= GREAT_SHARE * read
            if single or not _too_many(lost, read) or response.is_accepted(accepted):
                continue
            others = [_nearest(each, response.pages[-1].at) for other, each in cells.items() if other != key]
            if _too_many(lost + sum(each[1] for each in others), read + sum(each[2] for each in others)):
                refused[response.fingerprint] = _reason(response, lost / read)
    return refused


def _too_many(lost: int, read: int) -> bool:
    return lost > UNMATCHED_SHARE * read


def _cells(response: ReadResponse) -> tuple[int, int]:
    """The cells with unknown codes, and all cells, also those of jurisdictions that are not compared."""
    facts = response.facts
    return (0, 0) if facts["error"] else (int(facts["lost"]), int(facts["cells"]))


def _nearest(given: list[tuple[ReadResponse, int, int]], at: datetime) -> tuple[ReadResponse, int, int]:
    """The response to another request at that time: the last one until then, else the first one."""
    until = [each for each in given if each[0].pages[0].at <= at + ONE_NIGHT]
    return until[-1] if until else given[0]


def _reason(response: ReadResponse, share: float) -> str:
    codes = response.unmatched.sort("cells", descending=True).select("dimension", "source_code").collect()
    shown = shortened([f"{dimension} {code!r}" for dimension, code in codes.iter_rows()], SHOWN)
    return (
        f"{share:.1%} of its cells have codes that no crosswalk has ({shown}); "
        f"{response.accepting(CHECK)} uses it without these cells"
    )
