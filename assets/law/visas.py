"""Visa rules on a given day, computed from announcements. No status is stored.

An announcement is valid from its first day to the last day that it names. A later announcement takes precedence over an
earlier one, so that an extension, a longer stay or a suspension needs no change of older rows. A law that requires a
visa from everybody counts as the oldest announcement. A rule that other sources contradict (confidence ``low``) is
never used.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

_ANNOUNCED = pl.coalesce("announced", "valid_from")
_TRANSIT = pl.col("waiver").is_in(("transit", "transit_suspended"))


def rule_on(
    rules: pl.DataFrame, nationality: str, jurisdiction: str, day: date, travel_document: str = "ORDINARY"
) -> Mapping[str, object] | None:
    """The row of ``visa_rule`` that decides on ``day`` whether a national needs a visa; None if no rule is known.

    ``rules`` are rows of the table. If a visa is required, the ``waiver`` of the row is ``none``.
    """
    return _rule_for_pair(_entry_rules(rules, travel_document), nationality, jurisdiction, day)


def rules_on(rules: pl.DataFrame, days: Sequence[date], travel_document: str = "ORDINARY") -> pl.DataFrame:
    """The deciding row for each nationality and jurisdiction on each of ``days``, with the day in column ``day``."""
    return _deciding(_entry_rules(rules, travel_document), days)


def transit_rule_on(rules: pl.DataFrame, nationality: str, jurisdiction: str, day: date) -> Mapping[str, object] | None:
    """The row that decides on ``day`` whether a national may transit without a visa; None if no rule is known."""
    return _rule_for_pair(rules.filter(_TRANSIT), nationality, jurisdiction, day)


def transit_rules_on(rules: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    """The deciding row for transit for each nationality and jurisdiction on each of ``days``, with ``day``."""
    return _deciding(rules.filter(_TRANSIT), days)


def announced_by(rules: pl.DataFrame, day: date) -> pl.DataFrame:
    """The rules announced by ``day``. A rule without a day of announcement counts as announced on its first day."""
    return rules.filter(_ANNOUNCED.le(day))


def _entry_rules(rules: pl.DataFrame, travel_document: str) -> pl.DataFrame:
    """The rules for entry, and not for transit, with a kind of travel document."""
    return rules.filter(~_TRANSIT, pl.col("travel_document") == travel_document)


def _rule_for_pair(rules: pl.DataFrame, nationality: str, jurisdiction: str, day: date) -> Mapping[str, object] | None:
    pair = rules.filter(pl.col("partner") == nationality, pl.col("jurisdiction") == jurisdiction)
    found = _deciding(pair, [day]).drop("day")
    return found.row(0, named=True) if found.height else None


def _deciding(rules: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    """The rule for each pair and day that was announced last, among those valid on the day and not contradicted."""
    return (
        rules.join(pl.DataFrame({"day": days}, schema={"day": pl.Date}), how="cross")
        .filter(
            pl.col("valid_from") <= pl.col("day"),
            pl.col("announced_to").is_null() | (pl.col("announced_to") >= pl.col("day")),
            pl.col("confidence") != "low",
        )
        .sort(_ANNOUNCED, "valid_from", "source")
        .unique(["partner", "jurisdiction", "day"], keep="last", maintain_order=True)
    )
