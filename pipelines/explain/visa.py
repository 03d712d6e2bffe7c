"""Reports on visas: whether a national needed one on a day, by which rule, and what imported visa matrices show."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

import polars as pl

from assets import stages
from assets.core.workspace import Workspace
from assets.law.visas import rule_on, transit_rule_on
from pipelines.explain.names import area_name, code_name, with_confidence
from pipelines.explain.report import INLINED, OPTIONAL, Label
from warehouse import codes, releases
from warehouse.errors import WarehouseError

RULE_FIELDS = ("waiver", "stay_days", "window_days", "purposes", "valid_from", "announced_to", "announced", "payload")


@dataclass(frozen=True)
class Rule:
    """A visa rule: its fields that are known, and its source."""

    fields: Annotated[dict[str, object], INLINED]
    source: str


@dataclass(frozen=True)
class Requirement:
    """The entry for two jurisdictions in a visa matrix. It does not affect the answer."""

    seen_on: Annotated[str, Label("matrix seen on")]
    requirement: str


@dataclass(frozen=True)
class VisaReport:
    """Whether a national needed a visa, the rule that was valid on the day, and the rule for transit."""

    answer: str
    on: str
    rule: Annotated[Rule | None, OPTIONAL]
    contradicted_by: Annotated[list[Rule], Label(heading="contradicted by", optional=True)]
    transit: Annotated[Rule | None, OPTIONAL]
    witnesses: Annotated[list[Requirement], Label(heading="visa matrices", optional=True)]
    release: str


# A resident of a territory of China is a Chinese national with a passport of its own.
TERRITORY_PASSPORTS = {"HKG": "HKG_PASSPORT", "MAC": "MAC_PASSPORT"}


def explain_visa(workspace: Workspace, where: list[str], on: date) -> VisaReport:
    """A report on the visa that a national needed on a day, from the latest release.

    ``where`` holds partner=, jurisdiction= and optionally travel_document=. Raises ``WarehouseError`` if it does
    not, or if there is no release.
    """
    nationality, jurisdiction, document = _parse(where)
    release = releases.find(workspace.releases)
    with releases.readable(workspace.releases, release, "visa_rule"):
        rules = pl.read_parquet(releases.table_file(workspace.releases, release, "visa_rule"))
    rule = rule_on(rules, nationality, jurisdiction, on, document)
    holding = "" if document == "ORDINARY" else f" who has the document {code_name('travel_document', document)!r}"
    traveller = f"national of {area_name(nationality)}{holding} going to {area_name(jurisdiction)}"
    if rule is None:
        answer = f"No rule in the release states whether a {traveller} needed a visa on {on}."
    elif rule["waiver"] == "none":
        last = _last_waiver(rules, nationality, jurisdiction, on)
        answer = f"A {traveller} needed a visa on {on} ({rule['confidence']} confidence)."
        if last:
            answer = f"A {traveller} needs a visa on {on}, unless the waiver is extended.{last}"
    else:
        stay = f" for up to {rule['stay_days']} days" if rule["stay_days"] else ""
        answer = f"A {traveller} needed no visa{stay} on {on} ({rule['confidence']} confidence)."
    built = replace(workspace, mode="live" if release.mode == "live" else "snapshot")
    return VisaReport(
        answer=answer,
        on=on.isoformat(),
        rule=_rule(rule),
        contradicted_by=_contradictions(rules, nationality, jurisdiction, document, on),
        transit=_rule(transit_rule_on(rules, nationality, jurisdiction, on)),
        witnesses=_requirements(built, nationality, jurisdiction),
        release=release.name,
    )


def _parse(where: list[str]) -> tuple[str, str, str]:
    """Nationality, jurisdiction and travel document."""
    items = dict(part.partition("=")[::2] for part in where)
    if items.get("partner") in TERRITORY_PASSPORTS:
        items = {"travel_document": TERRITORY_PASSPORTS[items["partner"]]} | items | {"partner": "CHN"}
    required, areas = {"partner", "jurisdiction"}, codes.members("area")
    names_known = required <= items.keys() <= required | {"travel_document"}
    if not names_known or not all(items[name] in areas for name in required):
        raise WarehouseError(
            "a visa rule needs visa_rule partner=DEU jurisdiction=CHN --on DATE, with codes of ISO 3166-1 alpha-3"
        )
    document = items.get("travel_document", "ORDINARY")
    if document not in (documents := codes.members("travel_document")):
        raise WarehouseError(f"{document} is not a travel document; use one of {', '.join(sorted(documents))}")
    return items["partner"], items["jurisdiction"], document


def _last_waiver(rules: pl.DataFrame, nationality: str, jurisdiction: str, on: date) -> str:
    """A sentence on the last announced waiver if it ends before the day, since it may have been extended."""
    waivers = rules.filter(
        pl.col("partner") == nationality,
        pl.col("jurisdiction") == jurisdiction,
        pl.col("waiver") == "unilateral",
        pl.col("confidence") != "low",
    )
    last = waivers["announced_to"].max()
    if not isinstance(last, date) or last >= on:
        return ""
    return f" The last waiver that a source announces ends on {last.isoformat()}."


def _contradictions(rules: pl.DataFrame, nationality: str, jurisdiction: str, document: str, on: date) -> list[Rule]:
    """The rules that are valid on the day and are not used, because other sources contradict them."""
    rows = rules.filter(
        pl.col("partner") == nationality,
        pl.col("jurisdiction") == jurisdiction,
        pl.col("travel_document") == document,
        pl.col("confidence") == "low",
        pl.col("valid_from") <= on,
        pl.col("announced_to").is_null() | (pl.col("announced_to") >= on),
    )
    return [rule for row in rows.sort("valid_from", "source").iter_rows(named=True) if (rule := _rule(row))]


def _rule(row: Mapping[str, object] | None) -> Rule | None:
    if row is None:
        return None
    known = {name: row[name] for name in RULE_FIELDS if row[name] is not None}
    return Rule(known, with_confidence(row))


def _requirements(workspace: Workspace, nationality: str, jurisdiction: str) -> list[Requirement]:
    """The entries of all imported visa matrices for two jurisdictions, the oldest first."""
    seen = stages.observations(workspace, "passportindex/matrix").frame.collect()
    entries = seen.filter(pl.col("partner") == nationality, pl.col("jurisdiction") == jurisdiction)
    return [
        Requirement(row["coded_day"].isoformat(), row["coded_value"])
        for row in entries.sort("coded_day").iter_rows(named=True)
    ]
