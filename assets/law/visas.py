"""Who needs a visa for where on a day: computed from announcements, never stored as a status.

An announcement holds from its first day to the last that it names. What was announced later goes before what was
announced earlier, so that an extension, a longer stay or a suspension needs no change of older rows; a law that
requires a visa of everybody is the oldest announcement of all. What a source says that others contradict decides
nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

_ANNOUNCED = pl.coalesce("announced", "valid_from")
_TRANSIT = pl.col("waiver").is_in(("transit", "transit_suspended"))


def rule_on(
    rules: pl.DataFrame, nationality: str, jurisdiction: str, day: date, travel_document: str = "ORDINARY"
) -> Mapping[str, object] | None:
    """The row of ``visa_rule`` that decides on ``day`` whether a national needs a visa; None where none is known.

    ``rules`` are rows of the table. The ``waiver`` of the answer is ``none`` where a visa is required.
    """
    return _on(_of_class(rules, travel_document), nationality, jurisdiction, day)


def rules_on(rules: pl.DataFrame, days: Sequence[date], travel_document: str = "ORDINARY") -> pl.DataFrame:
    """Of every nationality and jurisdiction the row that decides on each of the ``days``, in a column ``day``."""
    return _deciding(_of_class(rules, travel_document), days)


def transit_rule_on(rules: pl.DataFrame, nationality: str, jurisdiction: str, day: date) -> Mapping[str, object] | None:
    """The row that decides on ``day`` whether a national may pass through without a visa; None where none is known."""
    return _on(rules.filter(_TRANSIT), nationality, jurisdiction, day)


def announced_by(rules: pl.DataFrame, day: date) -> pl.DataFrame:
    """The rules that had been announced by ``day``; one without a day of announcement is announced on its first."""
    return rules.filter(_ANNOUNCED.le(day))


def _of_class(rules: pl.DataFrame, travel_document: str) -> pl.DataFrame:
    return rules.filter(~_TRANSIT, pl.col("travel_document") == travel_document)


def _on(rules: pl.DataFrame, nationality: str, jurisdiction: str, day: date) -> Mapping[str, object] | None:
    of_pair = rules.filter(pl.col("nationality") == nationality, pl.col("jurisdiction") == jurisdiction)
    found = _deciding(of_pair, [day]).drop("day")
    return found.row(0, named=True) if found.height else None


def _deciding(rules: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    """Of what holds on each day and no other source contradicts, what was announced last."""
    return (
        rules.join(pl.DataFrame({"day": days}, schema={"day": pl.Date}), how="cross")
        .filter(
            pl.col("valid_from") <= pl.col("day"),
            pl.col("announced_to").is_null() | (pl.col("announced_to") >= pl.col("day")),
            pl.col("confidence") != "low",
        )
        .sort(_ANNOUNCED, "valid_from", "source")
        .unique(["nationality", "jurisdiction", "day"], keep="last", maintain_order=True)
    )
