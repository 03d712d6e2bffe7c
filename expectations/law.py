"""What must hold of law: the order in which events can happen, and that nothing binds without a reason.

Pure functions from a table's lazy frame to its failing rows, like those of ``expectations.rules``. Dates are
compared where both are whole days and no source doubts them: an event that is dated to a year proves no order.
"""

import polars as pl

from expectations.rules import Facts, Identity
from warehouse.codes.legal import CONSENT, FOUNDED
from warehouse.contracts import Contract

_WHO = ["instrument", "jurisdiction", "territorial_scope"]
_EXACT = pl.col("date_precision") == "day"


def _day_of(frame: pl.LazyFrame, *events: str, last: bool = False) -> pl.LazyFrame:
    """For each instrument and jurisdiction the first day of the events (or the last), of every dataset."""
    days = frame.filter(pl.col("event").is_in(events), _EXACT, pl.col("confidence") != "low")
    day = pl.col("date").max() if last else pl.col("date").min()
    return days.group_by(_WHO).agg(day.alias("other_date"))


def _before(frame: pl.LazyFrame, event: tuple[str, ...], other: tuple[str, ...]) -> pl.LazyFrame:
    """The rows of ``event`` that are dated before the first of ``other``."""
    rows = frame.filter(pl.col("event").is_in(event), _EXACT, pl.col("confidence") != "low")
    return rows.join(_day_of(frame, *other), on=_WHO).filter(pl.col("date") < pl.col("other_date"))


def consent_before_signature(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Consents that are dated before the jurisdiction signed."""
    return _before(frame, ("ratify", "accept", "approve", "confirm"), ("sign",))


def force_before_consent(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Entries into force for a party that are dated before its consent, successions aside."""
    apart = frame.filter(pl.col("event") == "succeed").select(_WHO)
    treaties = frame.filter(pl.col("basis") == "treaty").join(apart, on=_WHO, how="anti")
    return _before(treaties, ("enter_into_force",), tuple(name for name in CONSENT if name != "succeed"))


def act_before_adoption(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Anything about an act of the Union that is dated before its adoption."""
    adopted = _day_of(frame.filter(pl.col("jurisdiction") == "EU"), "adopt").select("instrument", "other_date")
    rows = frame.filter(pl.col("basis") != "treaty", pl.col("event") != "adopt", _EXACT)
    return rows.join(adopted, on="instrument").filter(pl.col("date") < pl.col("other_date"))


def sources_disagree(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Events that two sources date differently, where an event can happen once; both rows."""
    once = (*CONSENT, "sign", "adopt", "enter_into_force", "apply", "repeal")
    rows = frame.filter(pl.col("event").is_in(once), _EXACT)
    keys = [*_WHO, "event", pl.col("provision").fill_null("")]
    days = rows.with_columns(days=pl.col("date").n_unique().over(keys), sources=pl.col("source").n_unique().over(keys))
    return days.filter(pl.col("days") > 1, pl.col("sources") > 1).drop("days", "sources")


def opted_both_ways(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Positions that contradict each other: in and out of one act, with no date that would put them in order."""
    rows = frame.filter(pl.col("event").is_in(("opt_in", "opt_out")), pl.col("date").is_null())
    both = pl.col("event").n_unique().over("instrument", "jurisdiction")
    return rows.filter(both > 1)


def unsourced(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Rows whose source is memory, whatever they call it."""
    return frame.filter(pl.col("source").cast(pl.String).str.contains("(?i)general (?:legal )?knowledge|from memory"))


def bound_without_event(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Bindings that rest on no event by which one can be bound."""
    by_treaty = pl.col("event").is_in((*CONSENT, "extend"))
    by_act = pl.col("event").is_in(("adopt", "enter_into_force", "opt_in"))
    treaty = pl.col("basis") == "treaty"
    return frame.filter(~((treaty & by_treaty) | (~treaty & by_act)))


def bound_backwards(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Bindings that end before they begin."""
    return frame.filter(pl.col("valid_to") <= pl.col("valid_from"))


def before_state(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Events of a state from before it existed, successions aside."""
    began = pl.LazyFrame({"jurisdiction": list(FOUNDED), "founded": list(FOUNDED.values())})
    rows = frame.with_columns(pl.col("jurisdiction").cast(pl.String)).join(began, on="jurisdiction")
    return rows.filter(pl.col("date") < pl.col("founded"), pl.col("event") != "succeed")


def measure_before_directive(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Notifications from before the year of the directive: the number of the directive is another's."""
    year = pl.col("instrument").cast(pl.String).str.slice(1, 4).cast(pl.Int32, strict=False)
    return frame.filter(pl.col("notified").dt.year() < year)


def measure_of_another(frame: pl.LazyFrame, _: Contract, __: Facts) -> pl.LazyFrame:
    """Measures whose number does not begin with 7, the body of the directive's number and the state."""
    body = pl.col("instrument").cast(pl.String).str.slice(1)
    start = pl.concat_str(pl.lit("7"), body, pl.col("jurisdiction").cast(pl.String), pl.lit("_"))
    return frame.filter(~pl.col("measure").cast(pl.String).str.starts_with(start))


IDENTITIES: tuple[Identity, ...] = (
    Identity(
        "consent_after_signature",
        "error",
        "Whoever signs subject to ratification signs first (Articles 14 and 18 of the Vienna Convention on the Law of "
        "Treaties): the columns of the list were mixed up.",
        consent_before_signature,
        tables=("legal_event",),
        shows=("date", "source"),
    ),
    Identity(
        "force_after_consent",
        "error",
        "A treaty binds a party after it deposited its consent (Articles 16 and 24 of the Vienna Convention on the Law "
        "of Treaties): the days of deposit and of entry into force were mixed up.",
        force_before_consent,
        tables=("legal_event",),
        shows=("date", "source"),
    ),
    Identity(
        "nothing_before_adoption",
        "error",
        "No act is in force, has a deadline or is repealed before its adoption (Article 297 TFEU): a date was misread.",
        act_before_adoption,
        tables=("legal_event",),
        shows=("date", "source"),
    ),
    Identity(
        "events_of_existing_states",
        "error",
        "What happened before a state existed binds it by succession only (Vienna Convention on Succession of States "
        "in respect of Treaties): the row is its predecessor's.",
        before_state,
        tables=("legal_event",),
        shows=("date", "source"),
    ),
    Identity(
        "sources_agree",
        "warning",
        "Sources that date one event differently stand side by side, each with its confidence, to be looked at.",
        sources_disagree,
        tables=("legal_event",),
        shows=("date", "source", "confidence"),
    ),
    Identity(
        "positions_agree",
        "error",
        "A state takes part in an act or stands apart; sources that say both, and not when, leave no answer.",
        opted_both_ways,
        tables=("legal_event",),
        shows=("event", "source"),
    ),
    Identity(
        "no_memory_as_source",
        "error",
        "Law is cited from a publication: what somebody remembers is to be confirmed, and is no row.",
        unsourced,
        needs=("source", "confidence"),
        shows=("source",),
    ),
    Identity(
        "bindings_rest_on_events",
        "error",
        "Nobody is bound by a treaty without consent, or by an act that is not in force: a binding names its event.",
        bound_without_event,
        tables=("legal_binding",),
        shows=("basis", "event"),
    ),
    Identity(
        "bindings_end_after_they_begin",
        "error",
        "A binding that ends before it begins holds on no day.",
        bound_backwards,
        tables=("legal_binding",),
        shows=("valid_to",),
    ),
    Identity(
        "measures_after_directive",
        "error",
        "A measure is notified as transposing a directive that exists: a public collection tagged cases of 2000 with a "
        "directive of 2013, because its numbers were shifted.",
        measure_before_directive,
        tables=("national_measure",),
        shows=("instrument", "notified"),
    ),
    Identity(
        "measures_of_their_directive",
        "error",
        "One measure has one number for each directive that it transposes; any other number is of another directive, "
        "and a measure would count several times.",
        measure_of_another,
        tables=("national_measure",),
        shows=("instrument", "jurisdiction"),
    ),
)
