"""Table ``policy_timeline``: legal events and the figures of the years before, during and after. It claims no cause."""

from collections.abc import Mapping

import polars as pl

from assets.compare.question import STATE
from assets.law.visas import rules_on
from warehouse.codes import CHINA
from warehouse.codes.legal import CONSENT
from warehouse.measures import Measure

# The kinds of event that can affect a series. An event that only announces or tables an instrument cannot.
EVENTS = (
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
# Values of ``happened`` that are not a kind of event: the first day of a binding, and of a visa waiver.
BOUND_FROM = "bound_from"
VISA_RULE = "visa_rule"
# The measures of China that visa rules for nationals of the member states affect.
VISA_MEASURES = ("visa_free_entries", "border_crossings", "inbound_visitors")

# The jurisdictions of events that concern an instrument as a whole.
_WHOLE_INSTRUMENT = ("_T", "EU")


def policy_timeline(
    figures: pl.DataFrame,
    events: pl.DataFrame,
    binding: pl.DataFrame,
    visa_rules: pl.DataFrame,
    measures: Mapping[str, Measure],
) -> pl.DataFrame:
    """Table ``policy_timeline``, from rows of ``comparison``, ``legal_event``, ``legal_binding`` and ``visa_rule``."""
    affected = pl.DataFrame(
        [(name, instrument) for name, entry in measures.items() for instrument in entry.events],
        schema={"measure": pl.String, "subject": pl.String},
        orient="row",
    )
    of_events = _dated_events(events, binding)
    # A binding that begins on the day of an event repeats the event.
    starts = _binding_starts(binding).join(of_events, on=["jurisdiction", "subject", "happened_on"], how="anti")
    happened = pl.concat([of_events, starts]).join(affected, on="subject")
    dated = pl.concat([happened, _visa_waivers(visa_rules)], how="diagonal").unique()
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


def _dated_events(events: pl.DataFrame, binding: pl.DataFrame) -> pl.DataFrame:
    """The dated events of each jurisdiction. Events of a whole instrument count for each jurisdiction that it binds.

    An event that is only known to have happened by a day (precision ``by``) has no day of its own and is left out, and
    so is an event that concerns only some articles, such as an application in part.
    """
    has_a_day = pl.col("date").is_not_null() & (pl.col("date_precision") != "by")
    selected = pl.col("event").is_in(EVENTS) & has_a_day & pl.col("provision").is_null()
    dated = events.filter(selected).select("jurisdiction", happened="event", subject="instrument", happened_on="date")
    bound = binding.select(pl.col("jurisdiction").alias("bound"), subject="instrument").unique()
    of_whole = pl.col("jurisdiction").is_in(_WHOLE_INSTRUMENT)
    for_bound = dated.filter(of_whole).join(bound, on="subject").with_columns(jurisdiction="bound").drop("bound")
    return pl.concat([dated.filter(~of_whole), for_bound])


def _binding_starts(binding: pl.DataFrame) -> pl.DataFrame:
    """The first day on which an instrument binds a jurisdiction as a whole, where that day is dated."""
    dated = pl.col("valid_from").is_not_null() & (pl.col("valid_from_basis") != "party_by")
    whole = binding.filter(pl.col("territorial_scope") == "_T", dated)
    return whole.select("jurisdiction", happened=pl.lit(BOUND_FROM), subject="instrument", happened_on="valid_from")


def _visa_waivers(rules: pl.DataFrame) -> pl.DataFrame:
    """The first day of each waiver of China for ordinary passports of a member state.

    A waiver that another had replaced before its first day never took effect and is left out.
    """
    china = rules.filter(pl.col("jurisdiction") == CHINA)
    began = rules_on(china, china["valid_from"].unique().to_list()).filter(pl.col("valid_from") == pl.col("day"))
    waivers = began.filter(pl.col("waiver").is_in(["mutual", "unilateral"])).select(
        "jurisdiction", happened=pl.lit(VISA_RULE), subject="partner", happened_on="valid_from"
    )
    return waivers.join(pl.DataFrame({"measure": list(VISA_MEASURES)}), how="cross")
