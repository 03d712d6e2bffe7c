"""The answer in a sentence: whether a jurisdiction was bound by an instrument on a day, and why it was not.

``SENTENCES`` are functions in the order of precedence. Each returns its sentence, or None if it does not apply.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from assets.law.bindings import TREATY_SCHEMES, stated_positions
from pipelines.explain.law_report import Binding, LawReport
from pipelines.explain.names import area_name, code_name
from warehouse import codes
from warehouse.codes.legal import CONSENT, FOUNDED

_LATER_UNKNOWN = "no source that may be used states what happened later"
# The Basic Law of each territory of China, whose Annex III lists the national laws that apply there.
BASIC_LAWS = {"HKG": "Hong Kong", "MAC": "Macao"}


@dataclass(frozen=True)
class Question:
    """Whether ``jurisdiction`` was bound on the day ``on``, and the facts from which the answer follows.

    ``scheme`` is that of the instrument. ``intervals`` are the bindings of the jurisdiction that are known on the day,
    also those that ended. ``events`` are all its events. ``report`` has its bindings on the day and what is not known.
    """

    jurisdiction: str
    on: date
    scheme: str
    intervals: pl.DataFrame
    events: pl.DataFrame
    report: LawReport

    @property
    def name(self) -> str:
        """The name of the jurisdiction."""
        return area_name(self.jurisdiction)

    @property
    def is_state(self) -> bool:
        """Whether the jurisdiction is a state that is compared, or the Union, and not a territory."""
        return not codes.areas().filter(pl.col("area") == self.jurisdiction, pl.col("in_scope")).is_empty()

    @property
    def list_days(self) -> list[str]:
        """The days of the lists of parties that were received."""
        return sorted(item.as_of for item in self.report.lists)


def answer(question: Question) -> str:
    """The first sentence that applies, with a capital letter."""
    sentence = next(found for write in SENTENCES if (found := write(question)))
    return sentence[:1].upper() + sentence[1:]


def not_yet_in_force(
    instrument: Mapping[str, Any], events: pl.DataFrame, first_binding: object, on: date
) -> str | None:
    """A sentence if the instrument was not adopted or not in force on the day, and a source dates that."""
    name = instrument["instrument"]
    since = instrument["in_force"] if instrument["scheme"] in TREATY_SCHEMES else first_binding
    days = events.filter(pl.col("event") == "adopt")["date"].drop_nulls().to_list()
    adopted = min([*days, *([instrument["adopted"]] if instrument["adopted"] else [])], default=None)
    if adopted is not None and adopted > on:
        return f"{name} did not exist on {on}: it was adopted on {adopted}."
    if isinstance(since, date) and since > on:
        return f"{name} was not yet in force on {on}: it entered into force on {since}."
    return None


def until(day: date) -> pl.Expr:
    """Rows of events up to a day. An event without a date always counts."""
    return pl.col("date").is_null() | (pl.col("date") <= day)


# The jurisdiction could not be bound


def _not_a_member(question: Question) -> str | None:
    if question.scheme != "celex":
        return None
    if question.jurisdiction == "EU":
        return "An act of the Union binds its members."
    joined = codes.areas().filter(pl.col("area") == question.jurisdiction)["eu_from"].item()
    if joined is not None and joined <= question.on:
        return None
    later = f"; it joined on {joined}" if joined else ""
    return f"{question.name} was not bound on {question.on}: it was not a member of the Union{later}."


def _law_of_china(question: Question) -> str | None:
    """A sentence for a national law of China, unless it binds the jurisdiction, for example as a territory."""
    if question.scheme != "prc" or question.jurisdiction == "CHN" or question.report.bound:
        return None
    if question.jurisdiction not in BASIC_LAWS:
        return f"{question.name} was not bound on {question.on}: it is the law of China."
    return (
        f"No source that may be used states that the law applied in {question.name} on {question.on}: a national law "
        f"applies there only if Annex III of the Basic Law of {BASIC_LAWS[question.jurisdiction]} lists it."
    )


def _not_independent(question: Question) -> str | None:
    founded = FOUNDED.get(question.jurisdiction, question.on)
    if question.on >= founded:
        return None
    return f"{question.name} was not independent on {question.on}; it became independent on {founded}."


# The jurisdiction was bound


def _no_longer_bound(question: Question) -> str | None:
    last = question.intervals.filter(pl.col("valid_to") <= question.on)["valid_to"].max()
    if question.report.bound or not isinstance(last, date):
        return None
    return f"{question.name} was no longer bound on {question.on}: it was bound until {last - timedelta(days=1)}."


def _bound(question: Question) -> str | None:
    """The first day of the binding of the state, or of the territory if the jurisdiction is one."""
    whole = [item for item in question.report.bound if not (item.territory and question.is_state)]
    if not whole:
        return None
    sentence = f"{question.name} was bound on {question.on}, since {whole[0].first_day}."
    return sentence + _parts(question) + _limits(whole[0], question.on)


def _parts(question: Question) -> str:
    """A sentence on the parts of an act in which a member takes part, if it does not take part in the whole act."""
    joined = question.events.filter(pl.col("event") == "opt_in", until(question.on))
    parts = joined["provision"].drop_nulls().unique().to_list()
    return f" It takes part only in {parts[0]}." if parts and joined["provision"].null_count() == 0 else ""


def _limits(item: Binding, on: date) -> str:
    """Sentences on what limits the answer: rules that do not yet apply, and a source that is older than the day."""
    day = item.applies.rpartition(" ")[2] if item.applies else ""
    later = f" Its rules apply from {day}." if on.isoformat() < day and day[:1].isdigit() else ""
    if item.applies and not day[:1].isdigit():
        later = " No source that may be used states from when its rules apply."
    old = item.as_of is not None and item.as_of < on.isoformat()
    return later + (f" The source is of {item.as_of}; what happened later is not known from it." if old else "")


def _only_territories_bound(question: Question) -> str | None:
    if not question.report.bound:
        return None
    state = _first(REASONS, question) or f"is not known to have been bound on {question.on} as a whole"
    territories = " and".join(f" {item.territory}, since {item.first_day}" for item in question.report.bound)
    return f"{question.name} {state}; it was bound on {question.on}{territories}."


# The jurisdiction was not bound, and something is known of it: the rest of a sentence that begins with its name


def _not_covered(question: Question) -> str | None:
    """That a source states that the instrument did not apply to the territory."""
    excluded = question.events.filter(
        pl.col("event") == "exclude", pl.col("territorial_scope") == question.jurisdiction, until(question.on)
    )
    if excluded.is_empty():
        return None
    row = excluded.sort("date", nulls_last=False).row(-1, named=True)
    when = f"was not covered on {row['date']}" if row["date"] else "is not covered"
    return f"{when}, according to {row['source']}; a later extension is not known from it"


def _did_not_take_part(question: Question) -> str | None:
    """That Denmark or Ireland did not take part, and whether that leaves its position open."""
    if not question.report.not_taking_part:
        return None
    if stated_positions(question.events.filter(until(question.on))).height:
        return f"did not take part on {question.on}, and was not bound"
    return (
        "did not take part in the adoption; the act builds on the Schengen acquis, and no source that may be used "
        f"states whether Denmark had implemented it by {question.on}"
    )


def _not_a_party(question: Question) -> str | None:
    if not question.report.not_party:
        return None
    last = max(question.report.not_party, key=lambda event: event.date)
    is_older = last.date < question.on.isoformat()
    later = f"; {_LATER_UNKNOWN}" if is_older else ""
    return f"was not a party on {last.date}, according to {last.source}{later}"


def _in_force_later(question: Question) -> str | None:
    """That the treaty entered into force for it on a later day, if no source states the day of its consent."""
    if question.events.filter(pl.col("event").is_in(CONSENT), pl.col("date_precision") == "day").height:
        return None
    days = question.events.filter(pl.col("event") == "enter_into_force", pl.col("date_precision") == "day")["date"]
    first = days.min()
    if question.scheme not in TREATY_SCHEMES or not question.is_state or not isinstance(first, date):
        return None
    if first <= question.on or question.intervals.height:
        return None
    return f"was not bound on {question.on}: the treaty entered into force for it on {first}"


def _only_signed(question: Question) -> str | None:
    if not question.report.signed_only:
        return None
    last = _list_before(question)
    if last is None:
        return f"had only signed by {question.on}, and was not bound"
    seen = max(last, *(event.date for event in question.report.signed_only if event.date[:1].isdigit()))
    known_later = _was_not_a_party_later(question) or _consented_later(question)
    return known_later or f"had only signed by {seen}, and was not bound then; {_LATER_UNKNOWN}"


def _consented(question: Question) -> str | None:
    consents = question.events.filter(pl.col("event").is_in(CONSENT), until(question.on))
    if consents.is_empty():
        return None
    row = consents.sort("date", nulls_last=True).row(0, named=True)
    if row["date"] is not None and row["date_precision"] in ("month", "year"):
        return (
            f"consented {_when(row)}, according to {row['source']}; no source that may be used states the day, so that "
            f"it is not known whether it was bound on {question.on}"
        )
    return f"had consented by {question.on}, and the treaty was not yet in force for it"


def _succeeds(question: Question) -> str | None:
    succeeded = question.events.filter(pl.col("event") == "succeed")["date"].min()
    if not isinstance(succeeded, date):
        return None
    return f"notified on {succeeded} that it succeeds to the treaty, with effect from its independence"


def _was_not_a_party_later(question: Question) -> str | None:
    """That it was not a party on a later day, if no source names an act of consent."""
    denied = question.events.filter(pl.col("event") == "not_party").sort("date")
    if denied.is_empty() or question.events.filter(pl.col("event").is_in(CONSENT)).height:
        return None
    row = denied.row(0, named=True)
    return f"was not a party on {row['date']}, according to {row['source']}; no source names an earlier act of it"


def _took_part_later(question: Question) -> str | None:
    """That it takes part in an act of the Union since a later day."""
    later = question.events.filter(pl.col("event") == "opt_in", pl.col("date") > question.on).sort("date")
    if later.is_empty():
        return None
    row = later.row(0, named=True)
    if row["date_precision"] == "by":
        return (
            f"is not known to have taken part on {question.on}: it took part by {row['date']}, according to "
            f"{row['source']}; no source that may be used states since when"
        )
    return f"did not take part on {question.on}, and was not bound: it takes part since {row['date']}"


def _consented_later(question: Question) -> str | None:
    """What follows from a later act of consent: no earlier one exists, unless the source states only a latest day."""
    acts = question.events.filter(pl.col("event").is_in(CONSENT), pl.col("date") > question.on).sort("date")
    if acts.is_empty():
        return None
    dated = acts.filter(pl.col("date_precision") != "by")
    if dated.height:
        row = dated.row(0, named=True)
        return f"was not bound on {question.on}: it consented {_when(row)}, according to {row['source']}"
    row = acts.row(0, named=True)
    return (
        f"is not known to have been bound on {question.on}: it had consented by {row['date']}, according to "
        f"{row['source']}; no source that may be used states since when"
    )


def _when(event: Mapping[str, Any]) -> str:
    """The date of an event with its preposition, as precise as the source states it."""
    shown = {"year": "in %Y", "month": "in %B %Y"}.get(event["date_precision"], "on %Y-%m-%d")
    return format(event["date"], shown)


def _not_bound(question: Question) -> str | None:
    reason = _not_covered(question) or _first(REASONS, question)
    return f"{question.name} {reason}." if reason else None


# Nothing is known of the jurisdiction


def _unknown(question: Question) -> str | None:
    absent, statements = code_name("gap_reason", "not_on_list"), code_name("aspect", "statements")
    gaps = [gap for gap in question.report.not_known if gap.jurisdiction == question.name and gap.what != statements]
    if question.is_state and all(gap.why == absent for gap in gaps):
        return None
    return f"No source that may be used states whether {question.name} was bound on {question.on}."


def _list_before(question: Question) -> str | None:
    """The day of the last list of parties, if it is older than the day of the question."""
    days = question.list_days
    return days[-1] if days and days[-1] < question.on.isoformat() else None


def _on_no_list(question: Question) -> str:
    days, last = question.list_days, _list_before(question)
    if last:
        return f"{question.name} was not a party on {last}: it is on none of the lists of parties; {_LATER_UNKNOWN}."
    lists = f"received on {', '.join(days)}" if days else "none was received"
    return f"{question.name} was not bound on {question.on}: it is on none of the lists of parties ({lists})."


Sentence = Callable[[Question], str | None]

REASONS: tuple[Sentence, ...] = (
    _did_not_take_part,
    _not_a_party,
    _in_force_later,
    _only_signed,
    _consented,
    _succeeds,
    _was_not_a_party_later,
    _took_part_later,
    _consented_later,
)
SENTENCES: tuple[Sentence, ...] = (
    _not_a_member,
    _law_of_china,
    _not_independent,
    _no_longer_bound,
    _bound,
    _only_territories_bound,
    _not_bound,
    _unknown,
    _on_no_list,
)


def _first(sentences: Sequence[Sentence], question: Question) -> str | None:
    return next((sentence for write in sentences if (sentence := write(question))), None)
