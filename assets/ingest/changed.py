"""Responses that differ too much from the last response to the same request: they lost rows, or their figures moved.

A list that was cut in the middle is often still a valid list, and figures in another unit are still figures. Publishers
revise figures but seldom withdraw them or change them by half. Such a response is not used, and the last good one stays
in use. A person may accept its payloads. Imports are not compared: a person may import a part.
"""

from collections.abc import Callable, Collection, Mapping

import polars as pl

from assets.ingest.stored import ReadResponse
from expectations.drift import FEWEST_FIGURES, ROWS_LOST, SUM_MOVED
from sources.catalogue import datasets
from warehouse.contracts import contract

# The number of rows from which a loss counts. The share that may be lost is that of the check of whole tables, so a cut
# response does not reach that check.
FEWEST_LOST = 10
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

    Absolute values are added over the figures that both responses have, so that new figures may be of any size.
    ``accepted`` are the payloads that a person accepted.
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
            if why and not response.is_accepted(accepted):
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
    means = {(indicator, unit): total / figures for indicator, unit, figures, total in before.facts["sums"]}
    for indicator, unit, figures, total in response.facts["sums"]:
        mean = means.get((indicator, unit))
        # The figures of both responses are read only if the means differ.
        if mean is not None and abs(total / figures - mean) > SUM_MOVED * mean:
            common, had, has = _sums_of_both(before, response, indicator, unit)
            if common >= FEWEST_FIGURES and abs(has - had) > SUM_MOVED * had:
                return f"{common:,} figures of {indicator} in {unit} add up to {has:,.6g}, and to {had:,.6g} before"
    return None


def _sums_of_both(before: ReadResponse, response: ReadResponse, indicator: str, unit: str) -> tuple[int, float, float]:
    """The number of figures of an indicator that both responses have, and the sums of their absolute values in each."""
    page = response.pages[0]
    declared = contract(datasets()[f"{page.publisher}/{page.dataset}"][1].table)
    key = [name for name in declared.key if name in declared.stored_schema]
    had, has = (
        each.frame.filter(pl.col("indicator") == indicator, pl.col("unit") == unit, pl.col("value").is_finite()).select(
            *key, pl.col("value").abs()
        )
        for each in (before, response)
    )
    both = had.join(has, on=key, nulls_equal=True, suffix="_now").select(
        pl.len(), pl.col("value").sum(), pl.col("value_now").sum()
    )
    common, old, new = both.collect(engine="streaming").row(0)
    return int(common), float(old), float(new)


def _rows(response: ReadResponse) -> int:
    facts = response.facts
    return 0 if facts["error"] else int(facts["rows"])
