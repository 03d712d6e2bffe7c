"""Reports on law: who was bound by an act or treaty on a day, since when and by what, and what is not known."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated, Any

import polars as pl

from assets.core.workspace import Workspace
from assets.ingest.responses import origin_of
from assets.law.bindings import TREATY_SCHEMES, bindings, stated_positions
from assets.law.origins import PARTY_LISTS
from pipelines.explain.names import area_name, code_description, code_name
from pipelines.explain.report import OPTIONAL, Label
from warehouse import codes, releases
from warehouse.codes.legal import CONSENT, FOUNDED
from warehouse.errors import WarehouseError

# Some bindings begin on a day that no source states. What is known of it depends on the basis of the binding.
DATED = {
    "party_by": "no later than",
    "succession": "no later than",
    "consent": "no earlier than",
    "adoption": "no earlier than",
}
# The publisher of facts from single publications: each row names its publication, so that the payload has no day.
CITATIONS = "citations"
# The bases of bindings by acts of the Union.
OF_THE_UNION = ("act", "protocol_21", "protocol_22", "schengen", "parallel_agreement")
# The Basic Law of each territory of China, whose Annex III lists the national laws that apply there.
BASIC_LAWS = {"HKG": "Hong Kong", "MAC": "Macao"}


@dataclass(frozen=True)
class Binding:
    """A binding on the day. Jurisdictions whose bindings are equal in everything else are listed together."""

    jurisdiction: str
    territory: str | None
    since: str
    dated: str | None
    applies: str | None
    rests_on: Annotated[str, Label("rests on")]
    basis: str
    source: str
    as_of: Annotated[str | None, Label("source as of", optional=True)]
    payload: str

    @property
    def first_day(self) -> str:
        """The first day, after the words on how exactly it is known."""
        return f"{self.dated} {self.since}" if self.dated else self.since


@dataclass(frozen=True)
class Event:
    """Something that happened to the instrument."""

    jurisdiction: str
    territory: str | None
    event: str
    date: str
    precision: str | None
    provision: str | None
    source: str
    payload: str


@dataclass(frozen=True)
class Statement:
    """A reservation, declaration or objection."""

    jurisdiction: str
    territory: str | None
    statement: str
    date: str
    provision: str | None
    text: str | None
    source: str
    payload: str


@dataclass(frozen=True)
class Gap:
    """Something that no source states."""

    jurisdiction: str
    what: str
    why: str


@dataclass(frozen=True)
class ReceivedList:
    """A list of the parties to a treaty. A state that is not on the list had not joined by the day of the list."""

    dataset: str
    as_of: Annotated[str, Label("as of")]
    payload: str


@dataclass(frozen=True)
class LawReport:
    """The law of an instrument on a day, for all jurisdictions or for one, which then has an answer in a sentence."""

    answer: Annotated[str | None, OPTIONAL]
    instrument: str
    title: Annotated[str, OPTIONAL]
    on: str
    rule: Annotated[str | None, OPTIONAL]
    note: Annotated[str | None, OPTIONAL]
    bound: Annotated[list[Binding], OPTIONAL]
    not_taking_part: Annotated[list[Event], Label("stands apart", heading="not taking part", optional=True)]
    signed_only: Annotated[list[Event], Label("signed only", optional=True)]
    not_party: Annotated[list[Event], Label("not a party", optional=True)]
    reservations: Annotated[list[Statement], Label(heading="reservations and declarations", optional=True)]
    not_known: Annotated[list[Gap], Label("not known", optional=True)]
    lists: Annotated[list[ReceivedList], OPTIONAL]
    release: str
    events: Annotated[list[Event] | None, OPTIONAL]


def explain(workspace: Workspace, instrument: str, on: date, jurisdiction: str | None = None) -> LawReport:
    """A report on an instrument: who was bound on a day and with which reservations, who was not, what is not known.

    With ``jurisdiction`` the report is on that one only, and has all its events. Events later than ``on`` do not
    count. Raises ``WarehouseError`` if there is no such instrument or jurisdiction, or no release.
    """
    known = codes.instruments().filter(pl.col("instrument") == instrument)
    if known.is_empty():
        raise WarehouseError(f"{instrument} is not an instrument; the table legal_instrument lists them")
    if jurisdiction is not None:
        _require_covered(jurisdiction)
    row = known.row(0, named=True)
    release = releases.find(workspace.releases)
    tables = ("legal_event", "legal_gap", "legal_binding", "reservation")
    with releases.readable(workspace.releases, release, *tables):
        all_events, all_gaps, all_bindings, all_statements = (
            pl.read_parquet(releases.table_file(workspace.releases, release, table)) for table in tables
        )
    of_instrument = pl.col("instrument") == instrument
    events = all_events.filter(of_instrument)
    # The events of the act that repeals this one decide who stays bound by it, so all instruments are needed here.
    intervals = bindings(all_events.filter(_until(on))).filter(of_instrument)
    not_yet = _not_yet(row, events, all_bindings.filter(of_instrument)["valid_from"].min(), on)
    bound = _with_applications(
        intervals.filter(pl.col("valid_from") <= on, _open_after(on), pl.lit(not_yet is None)), all_bindings
    )
    happened = events.filter(_until(on))
    selected = _of_jurisdiction(jurisdiction) if jurisdiction else pl.lit(value=True)
    with_gaps = pl.col("jurisdiction").is_in([jurisdiction, "EU"]) if jurisdiction else pl.lit(value=True)
    report = LawReport(
        answer=not_yet,
        instrument=instrument,
        title=row["name_en"],
        on=on.isoformat(),
        rule=row["force_source"],
        note=row["note"],
        bound=_bindings(bound.filter(selected)),
        not_taking_part=_events(_of_unbound(happened.filter(selected), bound, "opt_out")),
        signed_only=_events(_of_unbound(happened.filter(selected), bound, "sign")),
        not_party=_events(_of_unbound(happened.filter(selected), bound, "not_party")),
        reservations=_statements(all_statements.filter(of_instrument, selected, _until(on))),
        not_known=[_gap(gap) for gap in all_gaps.filter(of_instrument, with_gaps).iter_rows(named=True)],
        lists=_received_lists(workspace, instrument, events),
        release=release.name,
        events=None,
    )
    if jurisdiction is None:
        return report
    own = happened.filter(selected | pl.col("jurisdiction").is_in(("_T", "EU"))).sort("date", nulls_last=True)
    answer = (
        not_yet
        or _cannot_bind(row["scheme"], jurisdiction, on, extended=not bound.filter(selected).is_empty())
        or _no_longer(intervals.filter(selected), bound.filter(selected), jurisdiction, on)
        or _answer(jurisdiction, on, report, events.filter(selected))
    )
    return replace(report, answer=answer, events=_events(own))


def _with_applications(bound: pl.DataFrame, all_bindings: pl.DataFrame) -> pl.DataFrame:
    """The bindings with the day from which the rules apply, which the act itself sets in advance."""
    keys = ["instrument", "jurisdiction", "territorial_scope"]
    days = all_bindings.group_by(keys).agg(pl.col("applies_from").max())
    return bound.drop("applies_from").join(days, on=keys, how="left", maintain_order="left")


def _until(day: date) -> pl.Expr:
    """Rows of events up to a day. An event without a date always counts."""
    return pl.col("date").is_null() | (pl.col("date") <= day)


def _open_after(day: date) -> pl.Expr:
    """Rows of bindings that end after a day, or have no end."""
    return pl.col("valid_to").is_null() | (pl.col("valid_to") > day)


def _of_jurisdiction(area: str) -> pl.Expr:
    """Rows of a jurisdiction, and rows for the area as a territory of any jurisdiction."""
    return (pl.col("jurisdiction") == area) | (pl.col("territorial_scope") == area)


def _require_covered(area: str) -> None:
    found = codes.areas().filter(pl.col("area") == area)
    if found.is_empty():
        raise WarehouseError(f"{area} is not a jurisdiction; use a code of ISO 3166-1 alpha-3, or EU")
    if not found["in_scope"].item() and found["kind"].item() != "territory":
        raise WarehouseError(
            f"{area_name(area)} is not covered: Corridor has the law of China, the 27 members and the Union"
        )


def _of_unbound(events: pl.DataFrame, bound: pl.DataFrame, kind: str) -> pl.DataFrame:
    """The events of a kind whose jurisdiction is not bound as a whole."""
    whole = bound.filter(pl.col("territorial_scope") == "_T").select("jurisdiction")
    return events.filter(pl.col("event") == kind).join(whole, on="jurisdiction", how="anti")


def _bindings(rows: pl.DataFrame) -> list[Binding]:
    equal = ["territorial_scope", "valid_from", "applies_from", "valid_from_basis", "basis", "source", "confidence"]
    equal += ["publisher", "source_updated", "payload"]
    grouped = rows.group_by(equal, maintain_order=True).agg(pl.col("jurisdiction").sort())
    return [_binding(row) for row in grouped.iter_rows(named=True)]


def _binding(row: Mapping[str, Any]) -> Binding:
    areas, territory = row["jurisdiction"], row["territorial_scope"]
    return Binding(
        jurisdiction=area_name(areas[0]) if len(areas) == 1 else " ".join(areas),
        territory=_territory(territory),
        since=str(row["valid_from"]),
        dated=DATED.get(row["valid_from_basis"]),
        applies=_applies(row),
        rests_on=code_description("valid_from_basis", row["valid_from_basis"]).rstrip("."),
        basis=code_name("basis", row["basis"]),
        source=f"{row['source']} ({row['confidence']} confidence)",
        as_of=None if row["publisher"] == CITATIONS else str(row["source_updated"].date()),
        payload=row["payload"],
    )


def _territory(area: str) -> str | None:
    return None if area == "_T" else f"for {area_name(area)}"


def _applies(row: Mapping[str, Any]) -> str | None:
    """When the rules of an act of the Union apply, if that is not the first day of the binding."""
    if row["basis"] not in OF_THE_UNION or row["applies_from"] == row["valid_from"]:
        return None
    return f"applies from {row['applies_from']}" if row["applies_from"] else "application not dated"


def _events(rows: pl.DataFrame) -> list[Event]:
    return [
        Event(
            jurisdiction=area_name(row["jurisdiction"]),
            territory=_territory(row["territorial_scope"]),
            event=code_name("event", row["event"]),
            date=_day(row),
            precision=None if row["date_precision"] in ("day", "unknown") else row["date_precision"],
            provision=row["provision"],
            source=f"{row['source']} ({row['confidence']} confidence)",
            payload=row["payload"],
        )
        for row in rows.iter_rows(named=True)
    ]


def _day(row: Mapping[str, Any]) -> str:
    return str(row["date"]) if row["date"] else "without a date"


def _statements(rows: pl.DataFrame) -> list[Statement]:
    return [
        Statement(
            jurisdiction=area_name(row["jurisdiction"]),
            territory=_territory(row["territorial_scope"]),
            statement=code_name("statement", row["statement"]),
            date=_day(row),
            provision=row["provision"],
            text=row["text"],
            source=f"{row['source']} ({row['confidence']} confidence)",
            payload=row["payload"],
        )
        for row in rows.sort("jurisdiction", "date", "provision", nulls_last=True).iter_rows(named=True)
    ]


def _gap(row: Mapping[str, Any]) -> Gap:
    return Gap(
        jurisdiction=area_name(row["jurisdiction"]),
        what=code_name("aspect", row["aspect"]),
        why=code_name("gap_reason", row["gap_reason"]),
    )


def _received_lists(workspace: Workspace, instrument: str, events: pl.DataFrame) -> list[ReceivedList]:
    """The last edition of each list for an instrument: requested by its number, or a list of parties that names it."""
    last: dict[str, ReceivedList] = {}
    listing = set(events.filter(pl.col("publisher").is_in(PARTY_LISTS))["payload"])
    for fetch in workspace.archive.fetches():
        words = {word for value in fetch.params.values() for word in re.split(r"[^\w-]+", value)}
        if (instrument in words or fetch.payload in listing) and fetch.payload is not None and fetch.error is None:
            name, origin = f"{fetch.publisher}/{fetch.dataset}", origin_of(fetch)
            day = (origin.stamp or origin.received).date()
            last[f"{name} {fetch.slice}"] = ReceivedList(name, day.isoformat(), fetch.payload)
    return list(last.values())


def _not_yet(row: Mapping[str, Any], events: pl.DataFrame, first_binding: object, on: date) -> str | None:
    """A sentence if the instrument was not adopted or not in force on the day, and a source dates that."""
    name, since = row["instrument"], row["in_force"] if row["scheme"] in TREATY_SCHEMES else first_binding
    days = events.filter(pl.col("event") == "adopt")["date"].drop_nulls().to_list()
    adopted = min([*days, *([row["adopted"]] if row["adopted"] else [])], default=None)
    if adopted is not None and adopted > on:
        return f"{name} did not exist on {on}: it was adopted on {adopted}."
    if isinstance(since, date) and since > on:
        return f"{name} was not yet in force on {on}: it entered into force on {since}."
    return None


def _cannot_bind(scheme: str, jurisdiction: str, on: date, *, extended: bool) -> str | None:
    """A sentence if an instrument of this scheme could not bind the jurisdiction on the day.

    ``extended``: whether a source states that it is extended to the jurisdiction as a territory.
    """
    name = area_name(jurisdiction)
    if scheme == "celex":
        if jurisdiction == "EU":
            return "An act of the Union binds its members."
        joined = codes.areas().filter(pl.col("area") == jurisdiction)["eu_from"].item()
        if joined is None or joined > on:
            later = f"; it joined on {joined}" if joined else ""
            return f"{name} was not bound on {on}: it was not a member of the Union{later}."
    if scheme == "prc" and jurisdiction in BASIC_LAWS and not extended:
        law = f"the Basic Law of {BASIC_LAWS[jurisdiction]}"
        return (
            f"No source that may be used states that the law applied in {name} on {on}: a national law applies there "
            f"only if Annex III of {law} lists it."
        )
    if scheme == "prc" and jurisdiction != "CHN" and not extended:
        return f"{name} was not bound on {on}: it is the law of China."
    if on < FOUNDED.get(jurisdiction, on):
        return f"{name} was not independent on {on}; it became independent on {FOUNDED[jurisdiction]}."
    return None


def _no_longer(intervals: pl.DataFrame, bound: pl.DataFrame, jurisdiction: str, on: date) -> str | None:
    """A sentence if the jurisdiction had been bound before the day, and was not on the day."""
    last = intervals.filter(~_open_after(on))["valid_to"].max()
    if bound.height or not isinstance(last, date):
        return None
    return f"{area_name(jurisdiction)} was no longer bound on {on}: it was bound until {last - timedelta(days=1)}."


def _answer(jurisdiction: str, on: date, report: LawReport, events: pl.DataFrame) -> str:
    """A sentence on whether the jurisdiction was bound. ``events`` are all its events that are known."""
    name = area_name(jurisdiction)
    is_state = not codes.areas().filter(pl.col("area") == jurisdiction, pl.col("in_scope")).is_empty()
    days = sorted(item.as_of for item in report.lists)
    if report.bound and (not is_state or any(item.territory is None for item in report.bound)):
        return _bound_since(name, on, report.bound, is_state=is_state)
    if report.bound:
        state = _unbound_because(on, report, events, days) or f"is not known to have been bound on {on} as a whole"
        territories = " and".join(f" {item.territory}, since {item.first_day}" for item in report.bound)
        return f"{name} {state}; it was bound on {on}{territories}."
    if reason := _not_extended(jurisdiction, on, events) or _unbound_because(on, report, events, days):
        return f"{name} {reason}."
    absent = code_name("gap_reason", "not_on_list")
    if not is_state or any(gap.why != absent for gap in report.not_known):
        return f"No source that may be used states whether {name} was bound on {on}."
    lists = f"received on {', '.join(days)}" if days else "none was received"
    return f"{name} was not bound on {on}: it is on none of the lists of parties ({lists})."


def _not_extended(territory: str, on: date, events: pl.DataFrame) -> str | None:
    """That a source states that the instrument did not apply to the territory, if one does."""
    excluded = events.filter(pl.col("event") == "exclude", pl.col("territorial_scope") == territory, _until(on))
    if excluded.is_empty():
        return None
    row = excluded.sort("date", nulls_last=False).row(-1, named=True)
    return f"was not covered on {_day(row)}, according to {row['source']}; a later extension is not known from it"


def _unbound_because(on: date, report: LawReport, events: pl.DataFrame, days: list[str]) -> str | None:
    """What the jurisdiction had done instead of being bound, if anything is known of it."""
    if report.not_taking_part:
        return _did_not_take_part(on, events)
    if report.not_party:
        last_event = max(report.not_party, key=lambda event: event.date)
        later = "; no source that may be used states what happened later" if last_event.date < on.isoformat() else ""
        return f"was not a party on {last_event.date}, according to {last_event.source}{later}"
    if report.signed_only:
        last = f"; the last list received is of {days[-1]}" if days and days[-1] < on.isoformat() else ""
        return f"had only signed by {on}, and was not bound{last}"
    return _not_yet_bound(on, events)


def _did_not_take_part(on: date, events: pl.DataFrame) -> str:
    """That Denmark or Ireland did not take part, and whether that leaves its position open."""
    if stated_positions(events.filter(_until(on))).height:
        return f"did not take part on {on}, and was not bound"
    return (
        "did not take part in the adoption; the act builds on the Schengen acquis, and no source that may be used "
        f"states whether Denmark had implemented it by {on}"
    )


def _not_yet_bound(on: date, events: pl.DataFrame) -> str | None:
    """What is known of the jurisdiction from acts that do not bind it on the day, or from a later day."""
    consents = events.filter(pl.col("event").is_in(CONSENT))
    if consents.filter(_until(on)).height:
        return f"had consented by {on}, and the treaty was not yet in force for it"
    succeeded = events.filter(pl.col("event") == "succeed")["date"].min()
    if isinstance(succeeded, date):
        return f"notified on {succeeded} that it succeeds to the treaty, with effect from its independence"
    denied = events.filter(pl.col("event") == "not_party").sort("date")
    if denied.is_empty() or consents.height:
        return None
    row = denied.row(0, named=True)
    return f"was not a party on {row['date']}, according to {row['source']}; no source names an earlier act of it"


def _bound_since(name: str, on: date, bound: list[Binding], *, is_state: bool) -> str:
    """A sentence with the first day of the binding of the state, or of the territory if the jurisdiction is one."""
    (item, *_) = [item for item in bound if not (item.territory and is_state)]
    return f"{name} was bound on {on}, since {item.first_day}.{_limits(item, on)}"


def _limits(item: Binding, on: date) -> str:
    """Sentences on what limits the answer: rules that do not yet apply, and a source that is older than the day."""
    day = item.applies.rpartition(" ")[2] if item.applies else ""
    later = f" Its rules apply from {day}." if on.isoformat() < day and day[:1].isdigit() else ""
    old = item.as_of is not None and item.as_of < on.isoformat()
    return later + (f" The source is of {item.as_of}; what happened later is not known from it." if old else "")
