"""Table ``legal_gap``: what is unknown about which instrument, for which jurisdiction, and why."""

from collections.abc import Collection, Mapping

import polars as pl

from assets.law.bindings import PROTOCOL_STATES, TREATY_SCHEMES, stated_positions
from assets.law.origins import DECLARATIONS, EVENTS, PARTY_LISTS, REQUESTED_ONE_BY_ONE
from assets.normalise.receptions import NOT_FETCHED, Receptions
from warehouse import codes
from warehouse.codes.legal import CONSENT
from warehouse.contracts import contract


def legal_gap(events: pl.DataFrame, declarations: pl.DataFrame, receptions: Receptions) -> pl.DataFrame:
    """Table ``legal_gap``, from rows of ``legal_event`` and ``reservation``.

    For a treaty: the consent of each state for which no source reports signature, consent, or that it was not a party
    (a list of parties without the state is valid up to its day), and the entry into force for each party. For an act of
    the Union: adoption, entry into force, application or deadline, end, and the position of Denmark and Ireland. An act
    that a source states to be in force has no gap for its end. For a law of China: adoption and entry into force. What
    a dataset would state that was not received is ``not_fetched``.
    """
    instruments = codes.instruments()
    declared = contract("legal_gap")
    treaties = _treaty_gaps(events, instruments, receptions)
    known = pl.concat([treaties, _act_gaps(events, instruments), _own_law_gaps(events, instruments)])
    parts = [
        _not_fetched(known, _lacking(instruments, EVENTS, receptions)),
        _not_fetched(
            _declaration_gaps(events, declarations, instruments), _lacking(instruments, DECLARATIONS, receptions)
        ),
    ]
    return pl.concat(parts).select(declared.field_names).unique().sort(declared.key)


def _lacking(
    instruments: pl.DataFrame, origins: Mapping[str, tuple[str, ...]], receptions: Receptions
) -> Collection[str]:
    """The instruments for which a dataset was not received, or whose own request has no response."""
    found: set[str] = set()
    for scheme, names in origins.items():
        of_scheme = set(instruments.filter(pl.col("scheme") == scheme)["instrument"])
        if receptions.reason_of_inputs(names):
            found |= of_scheme
        elif origins is EVENTS and scheme in REQUESTED_ONE_BY_ONE:
            found |= of_scheme - receptions.codes_received(*REQUESTED_ONE_BY_ONE[scheme])
    return found


def _not_fetched(gaps: pl.DataFrame, lacking: Collection[str]) -> pl.DataFrame:
    """The gaps, with another reason where a dataset that was not received could close one."""
    unknown = pl.col("instrument").is_in(sorted(lacking)) & (pl.col("gap_reason") == "no_citable_source")
    return gaps.with_columns(gap_reason=pl.when(unknown).then(pl.lit(NOT_FETCHED)).otherwise("gap_reason"))


def _treaty_gaps(events: pl.DataFrame, instruments: pl.DataFrame, receptions: Receptions) -> pl.DataFrame:
    """States without signature or consent, and parties for which the entry into force is not dated."""
    treaties = instruments.filter(pl.col("scheme").is_in(TREATY_SCHEMES)).select("instrument")
    listed = pl.concat(
        [events.filter(pl.col("publisher").is_in(PARTY_LISTS)).select("instrument"), _requested_treaties(receptions)]
    ).unique()
    states = (
        codes.areas().filter(pl.col("in_scope"), pl.col("kind") == "state").select(pl.col("area").alias("jurisdiction"))
    )
    acted = (
        events.filter(pl.col("event").is_in((*CONSENT, "sign", "not_party")))
        .select("instrument", "jurisdiction")
        .unique()
    )
    dated = events.filter(pl.col("date").is_not_null())
    on_list = pl.col("instrument").is_in(listed["instrument"].implode())
    consent = (
        treaties.join(states, how="cross")
        .join(acted, on=["instrument", "jurisdiction"], how="anti")
        .with_columns(
            aspect=pl.lit("consent"),
            gap_reason=pl.when(on_list).then(pl.lit("not_on_list")).otherwise(pl.lit("no_citable_source")),
        )
    )
    consents = dated.filter(pl.col("event").is_in(CONSENT)).join(instruments, on="instrument")
    by_rule = (pl.col("date_precision") == "day") & pl.col("force_rule").is_not_null()
    entered = dated.filter(pl.col("event") == "enter_into_force").select("instrument", "jurisdiction").unique()
    force = (
        consents.join(treaties, on="instrument", how="semi")
        .group_by("instrument", "jurisdiction")
        .agg(by_rule.any().alias("by_rule"))
        .filter(~pl.col("by_rule"))
        .join(entered, on=["instrument", "jurisdiction"], how="anti")
        .select("instrument", "jurisdiction", aspect=pl.lit("entry_into_force"), gap_reason=pl.lit("not_dated"))
    )
    return pl.concat([consent, force])


def _declaration_gaps(events: pl.DataFrame, declarations: pl.DataFrame, instruments: pl.DataFrame) -> pl.DataFrame:
    """The parties to treaties for which no list of declarations is known, or that consented after the day of the list.

    A party that consented before and is not on the list made none. A treaty that allows neither has no gap, because
    there cannot be any. Nor has a treaty whose list has no statement of a party that is compared.
    """
    allows = ~pl.col("reservations").is_in(("not_allowed", "none_listed")).fill_null(value=False)
    open_to_them = instruments.filter(pl.col("scheme").is_in(TREATY_SCHEMES), allows)
    lists = declarations.filter(pl.col("publisher").is_in(PARTY_LISTS))
    listed = lists.group_by("instrument").agg(listed=pl.col("source_updated").max().dt.date())
    covered = pl.col("listed").is_not_null() & (pl.col("date") <= pl.col("listed")).fill_null(value=True)
    return (
        events.filter(pl.col("event").is_in(CONSENT))
        .join(open_to_them, on="instrument", how="semi")
        .group_by("instrument", "jurisdiction")
        .agg(pl.col("date").min())
        .join(listed, on="instrument", how="left")
        .filter(~covered)
        .join(declarations, on=["instrument", "jurisdiction"], how="anti")
        .select("instrument", "jurisdiction", aspect=pl.lit("statements"), gap_reason=pl.lit("no_citable_source"))
    )


def _requested_treaties(receptions: Receptions) -> pl.DataFrame:
    """The treaties whose list of parties was received: a list may name no compared state."""
    received = (code for name, dim in REQUESTED_ONE_BY_ONE.values() for code in receptions.codes_received(name, dim))
    return pl.DataFrame({"instrument": sorted(received)}, schema={"instrument": pl.String})


def _own_law_gaps(events: pl.DataFrame, instruments: pl.DataFrame) -> pl.DataFrame:
    """Laws of China without a dated adoption or entry into force. Plans are left out: they are only announced.

    Texts of a court or a ministry are promulgated.
    """
    laws = instruments.filter(pl.col("scheme") == "prc", pl.col("instrument_type") != "plan").select("instrument")
    wanted = pl.DataFrame({"aspect": ["adoption", "entry_into_force"], "event": ["adopt", "enter_into_force"]})
    dated = events.filter(pl.col("date").is_not_null())
    return (
        laws.join(wanted, how="cross")
        .join(dated, on=["instrument", "event"], how="anti")
        .select("instrument", pl.lit("CHN").alias("jurisdiction"), "aspect", gap_reason=pl.lit("no_citable_source"))
    )


def _act_gaps(events: pl.DataFrame, instruments: pl.DataFrame) -> pl.DataFrame:
    """Acts of the Union without a dated event, and without a known position of Denmark or Ireland."""
    acts = instruments.filter(pl.col("scheme") == "celex")
    every_type = pl.DataFrame(
        {"aspect": ["adoption", "entry_into_force", "repeal"], "event": ["adopt", "enter_into_force", "repeal"]}
    )
    by_type = pl.DataFrame(
        {
            "instrument_type": ["directive", "regulation"],
            "aspect": ["transposition_deadline", "application"],
            "event": ["transposition_deadline", "apply"],
        }
    )
    wanted = pl.concat(
        [
            acts.select("instrument").join(every_type, how="cross"),
            acts.select("instrument", "instrument_type").join(by_type, on="instrument_type").drop("instrument_type"),
        ]
    )
    dated = events.filter(pl.col("jurisdiction") == "EU", pl.col("date").is_not_null())
    dates = wanted.join(dated, on=["instrument", "event"], how="anti").with_columns(jurisdiction=pl.lit("EU"))
    in_force = dated.filter(pl.col("event") == "stated_in_force").select("instrument", aspect=pl.lit("repeal"))
    dates = dates.join(in_force, on=["instrument", "aspect"], how="anti")
    known = stated_positions(events)
    positions = (
        acts.select("instrument")
        .join(pl.DataFrame({"jurisdiction": PROTOCOL_STATES}), how="cross")
        .join(known, on=["instrument", "jurisdiction"], how="anti")
        .with_columns(aspect=pl.lit("position"))
    )
    names = ["instrument", "jurisdiction", "aspect"]
    ends = pl.when(pl.col("aspect") == "repeal").then(pl.lit("no_end_stated"))
    return pl.concat([dates.select(names), positions.select(names)]).with_columns(
        gap_reason=ends.otherwise(pl.lit("no_citable_source"))
    )
