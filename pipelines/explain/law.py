"""Explanations of law: who was bound by an act or treaty on a day, since when, by what, and what is not known."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import polars as pl

from assets import stages
from assets.core.workspace import Workspace
from assets.ingest.payloads import origin_of
from assets.law.bindings import LISTS, TREATIES, bindings
from assets.law.visas import rule_on, transit_rule_on
from warehouse import codes, releases
from warehouse.codes.legal import CONSENT, FOUNDED
from warehouse.errors import WarehouseError

Report = dict[str, object]

# On what a binding rests whose first day is not dated, and on which side of the given day it is.
DATED = {
    "party_by": "no later than",
    "succession": "no later than",
    "consent": "no earlier than",
    "adoption": "no earlier than",
}


def explain(workspace: Workspace, instrument: str, on: date, jurisdiction: str | None = None) -> Report:
    """A report on an instrument: who was bound on a day, who stands apart or only signed, what is not known.

    With ``jurisdiction`` only of that one, with all its events. Events later than ``on`` do not count.
    ``WarehouseError`` if there is no such instrument or jurisdiction, or no release.
    """
    known = codes.instruments().filter(pl.col("instrument") == instrument)
    if known.is_empty():
        raise WarehouseError(
            f"{instrument} is no instrument; `corridor explain legal_instrument` says where they stand"
        )
    if jurisdiction is not None:
        _refuse_not_covered(jurisdiction)
    release = releases.find(workspace.releases)
    everything, gaps, bindings_known = (
        pl.read_parquet(releases.table_file(workspace.releases, release, table))
        for table in ("legal_event", "legal_gap", "legal_binding")
    )
    of_it = pl.col("instrument") == instrument
    events, gaps = everything.filter(of_it), gaps.filter(of_it)
    # Who stays bound by a repealed act is said by the events of the act that repeals it.
    intervals = bindings(everything.filter(_by(on))).filter(of_it)
    row = known.row(0, named=True)
    begun = bindings_known.filter(of_it)["valid_from"].min()
    not_yet = _not_yet(row, events, begun, on)
    bound = intervals.filter(pl.col("valid_from") <= on, _open_after(on), pl.lit(not_yet is None))
    happened = events.filter(_by(on))
    who = _about(jurisdiction) if jurisdiction else pl.lit(value=True)
    of_whom = pl.col("jurisdiction").is_in([jurisdiction, "EU"]) if jurisdiction else pl.lit(value=True)
    report: Report = {
        "answer": not_yet,
        "instrument": instrument,
        "title": row["name_en"],
        "on": on.isoformat(),
        "rule": row["force_source"],
        "note": row["note"],
        "bound": list(_bound(bound.filter(who))),
        "stands apart": [_event(item) for item in _unbound(happened.filter(who), bound, "opt_out")],
        "signed only": [_event(item) for item in _unbound(happened.filter(who), bound, "sign")],
        "not known": [_gap(item) for item in gaps.filter(of_whom).iter_rows(named=True)],
        "lists": list(_lists(workspace, instrument, events)),
        "release": release.name,
    }
    if jurisdiction is not None:
        own = happened.filter(who | pl.col("jurisdiction").is_in(("_T", "EU"))).sort("date", nulls_last=True)
        report["answer"] = (
            not_yet
            or _outside(row["scheme"], jurisdiction, on)
            or _left(intervals.filter(who), bound.filter(who), jurisdiction, on)
            or _answer(jurisdiction, on, report, events.filter(who))
        )
        report["events"] = [_event(item) for item in own.iter_rows(named=True)]
    return {key: value for key, value in report.items() if value not in (None, [])}


def _by(day: date) -> pl.Expr:
    """What had happened by a day; what has no date had always been so."""
    return pl.col("date").is_null() | (pl.col("date") <= day)


def _open_after(day: date) -> pl.Expr:
    return pl.col("valid_to").is_null() | (pl.col("valid_to") > day)


def _about(area: str) -> pl.Expr:
    """Rows about a jurisdiction, or about a territory whosever it is."""
    return (pl.col("jurisdiction") == area) | (pl.col("territorial_scope") == area)


def _refuse_not_covered(area: str) -> None:
    found = codes.areas().filter(pl.col("area") == area)
    if found.is_empty():
        raise WarehouseError(f"{area} is no jurisdiction; use a code of ISO 3166-1 alpha-3, or EU")
    if not found["in_scope"].item() and found["kind"].item() != "territory":
        raise WarehouseError(
            f"{_name(area)} is not covered: Corridor has the law of China, the 27 members and the Union"
        )


def explain_visa(workspace: Workspace, where: list[str], on: date) -> Report:
    """A report on whether a national needed a visa for somewhere on a day, by which rule, and what a witness saw.

    ``where`` has nationality=, jurisdiction= and perhaps travel_document=. ``WarehouseError`` without a release, or
    where these are not what is given.
    """
    given = dict(part.partition("=")[::2] for part in where)
    asked = {"nationality", "jurisdiction"}
    areas = codes.members("area")
    if not asked <= given.keys() <= asked | {"travel_document"} or not all(given[name] in areas for name in asked):
        raise WarehouseError(
            "ask for visa_rule nationality=DEU jurisdiction=CHN --on DAY, in codes of ISO 3166-1 alpha-3"
        )
    document = given.get("travel_document", "ORDINARY")
    if document not in (documents := codes.members("travel_document")):
        raise WarehouseError(f"{document} is no travel document; use one of {', '.join(sorted(documents))}")
    release = releases.find(workspace.releases)
    rules = pl.read_parquet(releases.table_file(workspace.releases, release, "visa_rule"))
    pair = (given["nationality"], given["jurisdiction"])
    rule = rule_on(rules, *pair, on, document)
    transit = transit_rule_on(rules, *pair, on)
    who = f"A national of {_name(pair[0])} going to {_name(pair[1])}"
    if rule is None:
        answer = f"Whether {who[0].lower()}{who[1:]} needed a visa on {on} no rule says."
    elif rule["waiver"] == "none":
        answer = f"{who} needed a visa on {on}.{_ended(rules, pair, on)}"
    else:
        stay = f" for up to {rule['stay_days']} days" if rule["stay_days"] else ""
        answer = f"{who} needed no visa{stay} on {on}."
    report: Report = {
        "answer": answer,
        "on": on.isoformat(),
        "rule": _rule(rule),
        "transit": _rule(transit),
        "witnesses": list(_witnesses(workspace, *pair)),
        "release": release.name,
    }
    return {key: value for key, value in report.items() if value not in (None, [])}


def _ended(rules: pl.DataFrame, pair: tuple[str, str], on: date) -> str:
    """That a waiver was to end before the day, if none was announced for a later one: it may have been extended."""
    waivers = rules.filter(
        pl.col("nationality") == pair[0],
        pl.col("jurisdiction") == pair[1],
        pl.col("waiver") == "unilateral",
        pl.col("confidence") != "low",
    )
    last = waivers["announced_to"].max()
    if not isinstance(last, date) or last >= on:
        return ""
    return f" The last waiver that a source announces is to end on {last.isoformat()}."


def _rule(row: Mapping[str, object] | None) -> Report | None:
    if row is None:
        return None
    names = ("waiver", "stay_days", "window_days", "purposes", "valid_from", "announced_to", "announced", "payload")
    shown = {name: row[name] for name in names if row[name] is not None}
    return {**shown, "source": f"{row['source']} ({row['confidence']} confidence)"}


def _witnesses(workspace: Workspace, nationality: str, jurisdiction: str) -> Iterator[Report]:
    """What each matrix of visas that was imported has for the two; it decides nothing."""
    seen = stages.observations(workspace, "passportindex/matrix").frame.collect()
    about = seen.filter(pl.col("nationality") == nationality, pl.col("jurisdiction") == jurisdiction)
    for row in about.sort("speaks_of").iter_rows(named=True):
        yield {"matrix seen on": row["speaks_of"].isoformat(), "requirement": row["coded_value"]}


def _unbound(events: pl.DataFrame, bound: pl.DataFrame, event: str) -> list[dict[str, object]]:
    """The events of a kind of those who were not bound."""
    found = events.filter(pl.col("event") == event).join(bound.select("jurisdiction"), on="jurisdiction", how="anti")
    return list(found.iter_rows(named=True))


def _not_yet(row: Mapping[str, object], events: pl.DataFrame, begun: object, on: date) -> str | None:
    """That the instrument was not there or not in force yet, where a source says since when it is."""
    name, since = row["instrument"], row["in_force"] if row["scheme"] in TREATIES else begun
    dated = events.filter(pl.col("event") == "adopt")["date"].drop_nulls().to_list()
    adopted = min([*dated, *([row["adopted"]] if row["adopted"] else [])], default=None)
    if adopted is not None and adopted > on:
        return f"{name} was not there on {on}: it was adopted on {adopted}."
    if isinstance(since, date) and since > on:
        return f"{name} was not yet in force on {on}: it entered into force on {since}."
    return None


def _outside(scheme: object, jurisdiction: str, on: date) -> str | None:
    """That the instrument is none that could bind the jurisdiction on the day."""
    name = _name(jurisdiction)
    if scheme == "celex":
        if jurisdiction == "EU":
            return "An act of the Union binds its members."
        joined = codes.areas().filter(pl.col("area") == jurisdiction)["eu_from"].item()
        if joined is None or joined > on:
            since = f"; it has been one since {joined}" if joined else ""
            return f"{name} was not bound on {on}: it was no member of the Union{since}."
    if scheme == "prc" and jurisdiction != "CHN":
        return f"{name} was not bound on {on}: it is the law of China."
    if on < FOUNDED.get(jurisdiction, on):
        return f"{name} was not independent on {on}, but from {FOUNDED[jurisdiction]}."
    return None


def _left(intervals: pl.DataFrame, bound: pl.DataFrame, jurisdiction: str, on: date) -> str | None:
    """That a jurisdiction was bound before the day, and no longer on it."""
    last = intervals.filter(~_open_after(on))["valid_to"].max()
    if bound.height or not isinstance(last, date):
        return None
    return f"{_name(jurisdiction)} was no longer bound on {on}: it was bound until {last - timedelta(days=1)}."


def _name(area: str) -> str:
    if area in ("EU", "_T"):
        return {"EU": "the Union", "_T": "the instrument"}[area]
    names = dict(codes.areas().select("area", "name_en").iter_rows())
    return f"{area} {names.get(area, '')}".strip()


def _bound(rows: pl.DataFrame) -> Iterator[Report]:
    """The bindings, those that are alike but for the jurisdiction together."""
    alike = ["territorial_scope", "valid_from", "valid_from_basis", "basis", "source", "confidence", "payload"]
    for row in rows.group_by(alike, maintain_order=True).agg(pl.col("jurisdiction").sort()).iter_rows(named=True):
        areas = row["jurisdiction"]
        yield {
            "jurisdiction": _name(areas[0]) if len(areas) == 1 else " ".join(areas),
            "territory": None if row["territorial_scope"] == "_T" else f"for {_name(row['territorial_scope'])}",
            "since": str(row["valid_from"]),
            "dated": DATED.get(row["valid_from_basis"]),
            "rests on": _described("valid_from_basis", row["valid_from_basis"]).rstrip("."),
            "basis": _named("basis", row["basis"]),
            "source": f"{row['source']} ({row['confidence']} confidence)",
            "payload": row["payload"],
        }


def _day(item: Report) -> str:
    return f"{item['dated']} {item['since']}" if item["dated"] else str(item["since"])


def _event(row: dict[str, object]) -> Report:
    return {
        "jurisdiction": _name(str(row["jurisdiction"])),
        "event": _named("event", str(row["event"])),
        "date": str(row["date"]) if row["date"] else "without a date",
        "precision": None if row["date_precision"] in ("day", "unknown") else row["date_precision"],
        "provision": row["provision"],
        "source": f"{row['source']} ({row['confidence']} confidence)",
        "payload": row["payload"],
    }


def _gap(row: dict[str, object]) -> Report:
    return {
        "jurisdiction": _name(str(row["jurisdiction"])),
        "what": _named("aspect", str(row["aspect"])),
        "why": _named("gap_reason", str(row["gap_reason"])),
    }


def _named(code_list: str, code: str) -> str:
    found = codes.codes().filter(pl.col("code_list") == code_list, pl.col("code") == code)
    return str(found["name_en"].item()) if found.height else code


def _described(code_list: str, code: str) -> str:
    found = codes.codes().filter(pl.col("code_list") == code_list, pl.col("code") == code)
    return str(found["description"].item() or found["name_en"].item()) if found.height else code


def _lists(workspace: Workspace, instrument: str, events: pl.DataFrame) -> Iterator[Report]:
    """The lists that came for this instrument: what is absent from them did not happen by their day.

    They were asked for by its number, or are a list of parties that names it.
    """
    last: dict[str, Report] = {}
    named = set(events.filter(pl.col("publisher").is_in(LISTS))["payload"])
    for fetch in workspace.archive.fetches():
        words = {word for value in fetch.params.values() for word in re.split(r"[^\w-]+", value)}
        if (instrument in words or fetch.payload in named) and fetch.payload is not None and fetch.error is None:
            name, said = f"{fetch.publisher}/{fetch.dataset}", origin_of(fetch)
            day = (said.stamp or said.received).date()
            last[f"{name} {fetch.slice}"] = {"dataset": name, "as of": day.isoformat(), "payload": fetch.payload}
    yield from last.values()


def _answer(jurisdiction: str, on: date, report: Report, events: pl.DataFrame) -> str:
    """In a sentence, whether a jurisdiction was bound, of which ``events`` are all that are known."""
    name = _name(jurisdiction)
    of_state = not codes.areas().filter(pl.col("area") == jurisdiction, pl.col("in_scope")).is_empty()
    lists = report["lists"]
    listed = sorted(str(item["as of"]) for item in lists) if isinstance(lists, list) else []
    for key, words in (("stands apart", "stood apart on"), ("signed only", "had only signed by")):
        if report[key] and not report["bound"]:
            later = key == "signed only" and listed and listed[-1] < on.isoformat()
            known = f"; the last list that was received is of {listed[-1]}" if later else ""
            return f"{name} {words} {on}, and was not bound{known}."
    bound = report["bound"]
    if isinstance(bound, list) and bound:
        whole = [f", since {_day(item)}" for item in bound if not (item["territory"] and of_state)]
        parts = [f" {item['territory']}, since {_day(item)}" for item in bound]
        return f"{name} was bound on {on}{whole[0] if whole else ' and'.join(parts)}."
    if events.filter(pl.col("event").is_in(CONSENT), _by(on)).height:
        return f"{name} had consented by {on}, and the treaty was not yet in force for it."
    succeeded = events.filter(pl.col("event") == "succeed")["date"].min()
    if isinstance(succeeded, date):
        return f"{name} notified on {succeeded} that it succeeds to the treaty, with effect from its independence."
    gaps = report["not known"]
    absent = _named("gap_reason", "not_on_list")
    if not of_state or (isinstance(gaps, list) and any(gap["why"] != absent for gap in gaps)):
        return f"Whether {name} was bound on {on} no source that may be used says."
    days = ", ".join(listed) or "none"
    return f"{name} was not bound on {on}: no list that was received ({days}) has an act of it."
