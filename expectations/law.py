"""Rules on law: the order in which events can happen, and that every binding has an event that it follows from.

Dates are compared where both are exact days and no source doubts them: an event that is dated only to a year proves no
order.
"""

from functools import partial

import polars as pl

from expectations.rule import Rules, Table
from warehouse import codes
from warehouse.codes.legal import CONSENT, FOUNDED

# Events that can happen only once.
ONCE = (*CONSENT, "sign", "adopt", "enter_into_force", "apply", "repeal")

_PARTY = ["instrument", "jurisdiction", "territorial_scope"]
_EXACT = pl.col("date_precision") == "day"

RULES = Rules()
_event_rule = partial(RULES.add, tables=("legal_event",), shows=("date", "source"))
_binding_rule = partial(RULES.add, severity="error", tables=("legal_binding",))
_measure_rule = partial(RULES.add, severity="error", tables=("national_measure",))


@_event_rule(
    severity="error",
    reason="A state that signs subject to ratification signs first and consents later (Articles 14 and 18 of the "
    "Vienna Convention on the Law of Treaties). Otherwise the columns of the list were mixed up.",
)
def consent_after_signature(table: Table) -> pl.LazyFrame:
    """Consents that are dated before the signature of the jurisdiction."""
    return _before(table.rows, ("ratify", "accept", "approve", "confirm"), ("sign",))


@_event_rule(
    severity="error",
    reason="A treaty binds a party after the party deposited its consent (Articles 16 and 24 of the Vienna Convention "
    "on the Law of Treaties). Otherwise the days of deposit and of entry into force were mixed up.",
)
def entry_into_force_after_consent(table: Table) -> pl.LazyFrame:
    """Entries into force for a party that are dated before its consent, without parties that succeeded another."""
    successors = table.rows.filter(pl.col("event") == "succeed").select(_PARTY)
    treaties = table.rows.filter(pl.col("basis") == "treaty").join(successors, on=_PARTY, how="anti")
    return _before(treaties, ("enter_into_force",), tuple(name for name in CONSENT if name != "succeed"))


@_event_rule(
    severity="error",
    reason="No act is in force, has a deadline or is repealed before its adoption (Article 297 TFEU): a date was "
    "misread.",
)
def nothing_before_adoption(table: Table) -> pl.LazyFrame:
    """Events of an act of the Union that are dated before its adoption."""
    union = table.rows.filter(pl.col("jurisdiction") == "EU")
    adopted = _first_days(union, ("adopt",)).group_by("instrument").agg(pl.col("other_date").min())
    rows = table.rows.filter(pl.col("basis") != "treaty", pl.col("event") != "adopt", _EXACT)
    return rows.join(adopted, on="instrument").filter(pl.col("date") < pl.col("other_date"))


@_event_rule(
    severity="error",
    reason="An event from before a state existed binds that state only by succession (Vienna Convention on Succession "
    "of States in respect of Treaties). The row belongs to its predecessor.",
)
def events_of_existing_states(table: Table) -> pl.LazyFrame:
    """Events of a state from before it existed, without successions."""
    began = pl.LazyFrame({"jurisdiction": list(FOUNDED), "founded": list(FOUNDED.values())})
    rows = table.rows.with_columns(pl.col("jurisdiction").cast(pl.String)).join(began, on="jurisdiction")
    return rows.filter(pl.col("date") < pl.col("founded"), pl.col("event") != "succeed")


@_event_rule(
    severity="warning",
    reason="If sources give different dates for one event, all are kept with their confidence, and a person must look "
    "at them.",
    shows=("date", "source", "confidence"),
)
def sources_agree(table: Table) -> pl.LazyFrame:
    """The rows of events that can happen only once and that two sources date differently."""
    rows = table.rows.filter(pl.col("event").is_in(ONCE), _EXACT)
    keys = [*_PARTY, "event", pl.col("provision").fill_null("")]
    counted = rows.with_columns(
        days=pl.col("date").n_unique().over(keys), sources=pl.col("source").n_unique().over(keys)
    )
    return counted.filter(pl.col("days") > 1, pl.col("sources") > 1).drop("days", "sources")


@_event_rule(
    severity="error",
    reason="A state takes part in an act or does not. If sources report both and give no dates, its position is "
    "unknown.",
    shows=("event", "source"),
)
def positions_agree(table: Table) -> pl.LazyFrame:
    """Events that opt in to and out of one act, without dates that give them an order."""
    rows = table.rows.filter(pl.col("event").is_in(("opt_in", "opt_out")), pl.col("date").is_null())
    return rows.filter(pl.col("event").n_unique().over("instrument", "jurisdiction") > 1)


@RULES.add(
    severity="error",
    reason="Law is cited from a publication. What a person remembers must first be confirmed and is not a row.",
    needs=("source", "confidence"),
    shows=("source",),
)
def no_memory_as_source(table: Table) -> pl.LazyFrame:
    """Rows whose source is general knowledge or memory."""
    pattern = "(?i)general (?:legal )?knowledge|from memory"
    return table.rows.filter(pl.col("source").cast(pl.String).str.contains(pattern))


@_binding_rule(
    reason="Nobody is bound by a treaty without consent, or by an act that is not in force. A binding names the event "
    "that it follows from.",
    shows=("basis", "event"),
)
def bindings_rest_on_events(table: Table) -> pl.LazyFrame:
    """Bindings whose event is of a kind that binds nobody."""
    treaty = pl.col("basis") == "treaty"
    by_treaty = pl.col("event").is_in((*CONSENT, "extend"))
    by_act = pl.col("event").is_in(("adopt", "enter_into_force", "opt_in"))
    by_basic_law = (pl.col("basis") == "basic_law") & (pl.col("event") == "extend")
    return table.rows.filter(~((treaty & by_treaty) | (~treaty & by_act) | by_basic_law))


@_binding_rule(
    reason="A binding that ends on the day on which it begins, or earlier, is valid on no day.",
    shows=("valid_to",),
)
def bindings_end_after_they_begin(table: Table) -> pl.LazyFrame:
    """Bindings that do not end after they begin."""
    return table.rows.filter(pl.col("valid_to") <= pl.col("valid_from"))


@RULES.add(
    severity="warning",
    reason="An act that another act repeals and replaces ends on a day. Without that day, the replaced act would bind "
    "for ever.",
    tables=("legal_gap",),
    shows=("gap_reason",),
)
def replaced_acts_end(table: Table) -> pl.LazyFrame:
    """Acts that another act replaces and for which no source dates the end."""
    replaced = codes.instruments().drop_nulls("replaces").select(instrument=pl.col("replaces").str.split(";"))
    return table.rows.filter(pl.col("aspect") == "repeal").join(
        replaced.explode("instrument").lazy().with_columns(pl.col("instrument").cast(pl.String)),
        on="instrument",
        how="semi",
    )


@_measure_rule(
    reason="A measure is notified as transposing a directive that exists. A public collection assigned cases of 2000 "
    "to a directive of 2013, because its numbers were shifted.",
    shows=("instrument", "notified"),
)
def measures_after_directive(table: Table) -> pl.LazyFrame:
    """Measures that were notified before the year of their directive."""
    year = pl.col("instrument").cast(pl.String).str.slice(1, 4).cast(pl.Int32, strict=False)
    return table.rows.filter(pl.col("notified").dt.year() < year)


@_measure_rule(
    reason="A measure has one number for each directive that it transposes, and the number contains that of the "
    "directive. With the number of another directive a measure would be counted several times.",
    shows=("instrument", "jurisdiction"),
)
def measures_of_their_directive(table: Table) -> pl.LazyFrame:
    """Measures whose number does not begin with 7, the number of the directive and the state."""
    directive = pl.col("instrument").cast(pl.String).str.slice(1)
    start = pl.concat_str(pl.lit("7"), directive, pl.col("jurisdiction").cast(pl.String), pl.lit("_"))
    return table.rows.filter(~pl.col("measure_number").cast(pl.String).str.starts_with(start))


def _first_days(rows: pl.LazyFrame, events: tuple[str, ...]) -> pl.LazyFrame:
    """For each instrument, party and dataset, the first exact day of the events as ``other_date``."""
    certain = rows.filter(pl.col("event").is_in(events), _EXACT, pl.col("confidence") != "low")
    return certain.group_by(*_PARTY, "dataset").agg(pl.col("date").min().alias("other_date"))


def _before(rows: pl.LazyFrame, events: tuple[str, ...], others: tuple[str, ...]) -> pl.LazyFrame:
    """The rows of ``events`` that are dated before the first of ``others`` of the same dataset.

    Days of two sources may contradict each other; this does not hold back a release.
    """
    certain = rows.filter(pl.col("event").is_in(events), _EXACT, pl.col("confidence") != "low")
    first = _first_days(rows, others)
    return certain.join(first, on=[*_PARTY, "dataset"]).filter(pl.col("date") < pl.col("other_date"))
