"""Explanations of law: who was bound by an act or treaty on a day, since when, by what, and what is not known."""

import re
from collections.abc import Iterator, Mapping
from datetime import date

import polars as pl

from assets import stages
from assets.bindings import LISTS, bindings
from assets.house import House
from assets.payloads import vintage
from assets.visas import rule_on, transit_rule_on
from expectations.law import CONSENT
from warehouse import codes, releases
from warehouse.errors import WarehouseError

Report = dict[str, object]


def explain(house: House, instrument: str, on: date, jurisdiction: str | None = None) -> Report:
    """A report on an instrument: who was bound on a day, who stands apart or only signed, what is not known.

    With ``jurisdiction`` only of that one, with all its events. Events later than ``on`` do not count.
    ``WarehouseError`` if there is no such instrument or jurisdiction, or no release.
    """
    known = codes.instruments().filter(pl.col("instrument") == instrument)
    if known.is_empty():
        raise WarehouseError(
            f"{instrument} is no instrument; `corridor explain legal_instrument` says where they stand"
        )
    if jurisdiction is not None and jurisdiction not in codes.members("area"):
        raise WarehouseError(f"{jurisdiction} is no jurisdiction; use a code of ISO 3166-1 alpha-3, or EU")
    release = releases.find(house.releases)
    events, gaps = (
        pl.read_parquet(releases.table_file(house.releases, release, table)).filter(pl.col("instrument") == instrument)
        for table in ("legal_event", "legal_gap")
    )
    bound = bindings(events, on)
    happened = events.filter(pl.col("date").is_null() | (pl.col("date") <= on))
    who = pl.col("jurisdiction") == jurisdiction if jurisdiction else pl.lit(value=True)
    row = known.row(0, named=True)
    report: Report = {
        "answer": _not_yet(row, events, on),
        "instrument": instrument,
        "title": row["name_en"],
        "on": on.isoformat(),
        "rule": row["force_source"],
        "note": row["note"],
        "bound": list(_bound(bound.filter(who))),
        "stands apart": [_event(item) for item in _unbound(happened.filter(who), bound, "opt_out")],
        "signed only": [_event(item) for item in _unbound(happened.filter(who), bound, "sign")],
        "not known": [_gap(item) for item in gaps.filter(who | (pl.col("jurisdiction") == "EU")).iter_rows(named=True)],
        "lists": list(_lists(house, instrument, events)),
        "release": release.name,
    }
    if jurisdiction is not None:
        own = happened.filter(who | pl.col("jurisdiction").is_in(("_T", "EU"))).sort("date", nulls_last=True)
        consent = happened.filter(pl.col("jurisdiction") == jurisdiction, pl.col("event").is_in(CONSENT))
        report["answer"] = report["answer"] or _answer(jurisdiction, on, report, consented=consent.height > 0)
        report["events"] = [_event(item) for item in own.iter_rows(named=True)]
    return {key: value for key, value in report.items() if value not in (None, [])}


def explain_visa(house: House, where: list[str], on: date) -> Report:
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
    release = releases.find(house.releases)
    rules = pl.read_parquet(releases.table_file(house.releases, release, "visa_rule"))
    pair = (given["nationality"], given["jurisdiction"])
    rule = rule_on(rules, *pair, on, given.get("travel_document", "ORDINARY"))
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
        "witnesses": list(_witnesses(house, *pair)),
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


def _witnesses(house: House, nationality: str, jurisdiction: str) -> Iterator[Report]:
    """What each matrix of visas that was imported has for the two; it decides nothing."""
    seen = stages.observations(house, "passportindex/matrix").frame.collect()
    about = seen.filter(pl.col("nationality") == nationality, pl.col("jurisdiction") == jurisdiction)
    for row in about.sort("speaks_of").iter_rows(named=True):
        yield {"matrix seen on": row["speaks_of"].isoformat(), "requirement": row["coded_value"]}


def _unbound(events: pl.DataFrame, bound: pl.DataFrame, event: str) -> list[dict[str, object]]:
    """The events of a kind of those who were not bound."""
    found = events.filter(pl.col("event") == event).join(bound.select("jurisdiction"), on="jurisdiction", how="anti")
    return list(found.iter_rows(named=True))


def _not_yet(row: Mapping[str, object], events: pl.DataFrame, on: date) -> str | None:
    """That the instrument was not there yet, where a source says when it was adopted."""
    dated = events.filter(pl.col("event") == "adopt")["date"].drop_nulls().to_list()
    adopted = min([*dated, *([row["adopted"]] if row["adopted"] else [])], default=None)
    if adopted is None or adopted <= on:
        return None
    return f"{row['instrument']} was not there on {on}: it was adopted on {adopted}."


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
            "rests on": _described("valid_from_basis", row["valid_from_basis"]).rstrip("."),
            "basis": _named("basis", row["basis"]),
            "source": f"{row['source']} ({row['confidence']} confidence)",
            "payload": row["payload"],
        }


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


def _lists(house: House, instrument: str, events: pl.DataFrame) -> Iterator[Report]:
    """The lists that came for this instrument: what is absent from them did not happen by their day.

    They were asked for by its number, or are a list of parties that names it.
    """
    last: dict[str, Report] = {}
    named = set(events.filter(pl.col("publisher").is_in(LISTS))["payload"])
    for fetch in house.archive.fetches():
        words = {word for value in fetch.params.values() for word in re.split(r"[^\w-]+", value)}
        if (instrument in words or fetch.payload in named) and fetch.payload is not None and fetch.error is None:
            name, said = f"{fetch.publisher}/{fetch.dataset}", vintage(fetch)
            day = (said.stamp or said.received).date()
            last[f"{name} {fetch.slice}"] = {"dataset": name, "as of": day.isoformat(), "payload": fetch.payload}
    yield from last.values()


def _answer(jurisdiction: str, on: date, report: Report, *, consented: bool) -> str:
    """In a sentence, whether a jurisdiction was bound."""
    name = _name(jurisdiction)
    lists = report["lists"]
    listed = sorted(str(item["as of"]) for item in lists) if isinstance(lists, list) else []
    for key, words in (("stands apart", "stood apart on"), ("signed only", "had only signed by")):
        if report[key] and not report["bound"]:
            later = key == "signed only" and listed and listed[-1] < on.isoformat()
            known = f"; the last list that was received is of {listed[-1]}" if later else ""
            return f"{name} {words} {on}, and was not bound{known}."
    bound = report["bound"]
    if isinstance(bound, list) and bound:
        scopes = ", ".join(str(item["territory"]) for item in bound if item["territory"])
        whole = any(item["territory"] is None for item in bound)
        since = next((item["since"] for item in bound if item["territory"] is None), bound[0]["since"])
        return f"{name} was bound on {on}{'' if whole else f' {scopes}'}, since {since}."
    if consented:
        return f"{name} had consented by {on}, and the treaty was not yet in force for it."
    gaps = report["not known"]
    absent = _named("gap_reason", "not_on_list")
    if isinstance(gaps, list) and any(gap["why"] != absent for gap in gaps):
        return f"Whether {name} was bound on {on} no source that may be used says."
    days = ", ".join(listed) or "none"
    return f"{name} was not bound on {on}: no list that was received ({days}) has an act of it."
