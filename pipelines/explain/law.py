"""Reports on law: who was bound by an act or treaty on a day, since when and by what, and what is not known."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl

from assets.core.workspace import Workspace
from assets.ingest.responses import origin_of
from assets.law.bindings import bindings
from assets.law.origins import PARTY_LISTS
from pipelines.explain.law_answers import Question, answer, not_yet_in_force, until
from pipelines.explain.law_report import Binding, Event, Gap, LawReport, ReceivedList, Statement
from pipelines.explain.names import area_name, code_description, code_name, with_confidence
from warehouse import codes, releases
from warehouse.errors import WarehouseError
from warehouse.rows import contains_day

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
    intervals = bindings(all_events.filter(until(on))).filter(of_instrument)
    not_yet = not_yet_in_force(row, events, all_bindings.filter(of_instrument)["valid_from"].min(), on)
    bound = _with_applications(
        intervals.filter(contains_day("valid_from", "valid_to", pl.lit(on)), pl.lit(not_yet is None)), all_bindings
    )
    happened = events.filter(until(on))
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
        reservations=_statements(all_statements.filter(of_instrument, selected, until(on))),
        not_known=[_gap(gap) for gap in all_gaps.filter(of_instrument, with_gaps).iter_rows(named=True)],
        lists=_received_lists(workspace, instrument, events),
        release=release.name,
        events=None,
    )
    if jurisdiction is None:
        return report
    own = happened.filter(selected | pl.col("jurisdiction").is_in(("_T", "EU"))).sort("date", nulls_last=True)
    question = Question(jurisdiction, on, row["scheme"], intervals.filter(selected), events.filter(selected), report)
    return replace(report, answer=not_yet or answer(question), events=_events(own))


def _with_applications(bound: pl.DataFrame, all_bindings: pl.DataFrame) -> pl.DataFrame:
    """The bindings with the day from which the rules apply, which the act itself sets in advance."""
    keys = ["instrument", "jurisdiction", "territorial_scope"]
    days = all_bindings.group_by(keys).agg(pl.col("applies_from").max())
    return bound.drop("applies_from").join(days, on=keys, how="left", maintain_order="left")


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
        source=with_confidence(row),
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
            source=with_confidence(row),
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
            source=with_confidence(row),
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
