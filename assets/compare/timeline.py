"""Legal events beside the series that they matter to: what was, what happened, what came after. No cause is claimed."""

from collections.abc import Mapping

import polars as pl

from assets.compare.comparison import STATE
from assets.law.indicators import CHINA
from assets.law.visas import rules_on
from warehouse.codes.legal import CONSENT
from warehouse.measures import Measure

# What may matter to a series beside consent: nothing that is only announced or tabled.
HAPPENS = (
    *CONSENT,
    "enter_into_force",
    "apply",
    "transposition_deadline",
    "repeal",
    "suspend",
    "opt_in",
    "denounce",
    "promulgate",
)
BINDS = "bound_from"
VISA = "visa_rule"
# Measures of China to which rules on visas for nationals of the member states matter.
OF_VISAS = ("visa_free_entries", "border_crossings", "inbound_visitors")


def policy_timeline(
    figures: pl.DataFrame,
    events: pl.DataFrame,
    binding: pl.DataFrame,
    visa_rules: pl.DataFrame,
    measures: Mapping[str, Measure],
) -> pl.DataFrame:
    """Table ``policy_timeline``, from rows of ``comparison``, ``legal_event``, ``legal_binding`` and ``visa_rule``."""
    matters = pl.DataFrame(
        [(name, instrument) for name, entry in measures.items() for instrument in entry.events],
        schema={"measure": pl.String, "subject": pl.String},
        orient="row",
    )
    happened = pl.concat([_events(events, binding), _bindings(binding)]).join(matters, on="subject")
    dated = pl.concat([happened, _visas(visa_rules)], how="diagonal").unique()
    states = figures.filter(pl.col("aggregation") == STATE).select("measure", "jurisdiction", "year", "value", "unit")
    years = states["year"].min(), states["year"].max()
    rows = dated.with_columns(year=pl.col("happened_on").dt.year().cast(pl.Int64)).filter(
        pl.col("year").is_between(*years)
    )
    keys = ["measure", "jurisdiction", "year"]
    for name, shift in (("value_before", 1), ("value_after", -1)):
        moved = states.select("measure", "jurisdiction", pl.col("year") + shift, pl.col("value").alias(name))
        rows = rows.join(moved, on=keys, how="left")
    return rows.join(states, on=keys)


def _events(events: pl.DataFrame, binding: pl.DataFrame) -> pl.DataFrame:
    """Dated events of a jurisdiction, and those of a whole instrument for each one that it binds.

    What had happened by a day has none of its own.
    """
    happened = pl.col("event").is_in(HAPPENS) & pl.col("date").is_not_null() & (pl.col("date_precision") != "by")
    dated = events.filter(happened).select("jurisdiction", happened="event", subject="instrument", happened_on="date")
    whom = binding.select(pl.col("jurisdiction").alias("bound"), subject="instrument").unique()
    whole = dated.filter(pl.col("jurisdiction").is_in(["_T", "EU"])).join(whom, on="subject")
    own = dated.filter(~pl.col("jurisdiction").is_in(["_T", "EU"]))
    return pl.concat([own, whole.with_columns(jurisdiction="bound").drop("bound")])


def _bindings(binding: pl.DataFrame) -> pl.DataFrame:
    """The day from which an instrument binds a jurisdiction."""
    begun = pl.col("valid_from").is_not_null() & (pl.col("valid_from_basis") != "party_by")
    whole = binding.filter(pl.col("territorial_scope") == "_T", begun)
    return whole.select("jurisdiction", happened=pl.lit(BINDS), subject="instrument", happened_on="valid_from")


def _visas(rules: pl.DataFrame) -> pl.DataFrame:
    """Waivers that China grants to nationals of the member states, for holders of ordinary passports.

    One that another had replaced before its first day never came to be.
    """
    china = rules.filter(pl.col("jurisdiction") == CHINA)
    began = rules_on(china, china["valid_from"].unique().to_list()).filter(pl.col("valid_from") == pl.col("day"))
    waivers = began.filter(pl.col("waiver").is_in(["mutual", "unilateral"])).select(
        "jurisdiction", happened=pl.lit(VISA), subject="nationality", happened_on="valid_from"
    )
    return waivers.join(pl.DataFrame({"measure": list(OF_VISAS)}), how="cross")
