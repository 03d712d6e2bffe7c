"""Responses that differ too much from the last response to the same request: they lost rows, or their figures moved.

A list that was cut in the middle is often still a valid list, and figures in another unit are still figures. Publishers
revise figures but seldom withdraw them or change them by half. Such a response is not used, and the last good one stays
in use. A person may accept its payloads. Imports are not compared: a person may import a part.
"""

from collections.abc import Callable, Collection, Mapping

from assets.ingest.stored import ReadResponse
from expectations.drift import FEWEST_FIGURES, ROWS_LOST, SUM_MOVED

# The number of rows from which a loss counts. The share that may be lost is that of the check of whole tables, so a cut
# response does not reach that check.
FEWEST_LOST = 10
# Means are compared only if the numbers of figures differ by less than this factor: other rows have another mean.
SAME_ROWS = 1.25
# The names under which a person accepts the payloads of a dataset.
LOST, MOVED = "lost_rows", "moved_sums"

# Why a response is not used after the last one that is used; None if it is used.
Compare = Callable[[ReadResponse, ReadResponse], str | None]


def shrunken(found: Mapping[str, list[ReadResponse]], accepted: Collection[str]) -> dict[str, str]:
    """Fingerprint of each response of a publisher that lost more than 5 % of its rows → the reason.

    ``accepted`` are the payloads that a person accepted.
    """
    return _refused(found, accepted, LOST, _lost_rows)


def moved(found: Mapping[str, list[ReadResponse]], accepted: Collection[str]) -> dict[str, str]:
    """Fingerprint of each response of a publisher whose figures of an indicator changed by more than half → the reason.

    The mean of their absolute values is compared. ``accepted`` are the payloads that a person accepted.
    """
    return _refused(found, accepted, MOVED, _moved_sums)


def _refused(
    found: Mapping[str, list[ReadResponse]], accepted: Collection[str], check: str, compare: Compare
) -> dict[str, str]:
    refused = {}
    for responses in found.values():
        before: ReadResponse | None = None
        for response in responses:
            if response.pages[0].transport != "live" or not _rows(response):
                continue
            why = compare(before, response) if before else None
            payloads = {str(page.payload) for page in response.pages}
            if why and not payloads <= set(accepted):
                refused[response.fingerprint] = f"{why}; {response.accepting(check)} uses it"
            else:
                before = response
    return refused


def _lost_rows(before: ReadResponse, response: ReadResponse) -> str | None:
    had, rows = _rows(before), _rows(response)
    if had - rows < FEWEST_LOST or had - rows <= ROWS_LOST * had:
        return None
    return f"it has {rows:,} rows where {had:,} were before"


def _moved_sums(before: ReadResponse, response: ReadResponse) -> str | None:
    sums = {(indicator, unit): (figures, total) for indicator, unit, figures, total in before.sums}
    for indicator, unit, figures, total in response.sums:
        had, before_total = sums.get((indicator, unit), (0, 0.0))
        if min(figures, had) < FEWEST_FIGURES or max(figures, had) > SAME_ROWS * min(figures, had):
            continue
        mean, mean_before = total / figures, before_total / had
        if abs(mean - mean_before) > SUM_MOVED * mean_before:
            return f"the mean of {indicator} in {unit} is {mean:,.6g} where it was {mean_before:,.6g} before"
    return None


def _rows(response: ReadResponse) -> int:
    facts = response.facts
    return 0 if facts["error"] else int(str(facts["rows"]))
