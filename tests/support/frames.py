"""Small valid frames of our tables. A test changes one value and expects a failing check."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import polars as pl

from expectations.rule import Facts, Table
from expectations.validation import row_rules_of
from warehouse.contracts import contract

KNOWN = datetime(2026, 5, 1, 9, tzinfo=UTC)
EU = frozenset({"AUT", "BEL", "BGR"})

VALID: Mapping[str, object] = {
    "indicator": "population",
    "jurisdiction": "AUT",
    "partner": "_Z",
    "partner_role": "_Z",
    "sex": "_T",
    "age": "_T",
    "age_definition": "_Z",
    "reason": "_T",
    "duration": "_T",
    "legal_framework": "_Z",
    "applicant": "_T",
    "decision": "_Z",
    "procedure": "_Z",
    "stage": "_Z",
    "border": "_Z",
    "apprehension": "_Z",
    "direction": "_Z",
    "person_group": "_Z",
    "route": "_Z",
    "purpose": "_Z",
    "stay": "_Z",
    "year": 2024,
    "period": date(2024, 1, 1),
    "freq": "A",
    "headline": False,
    "value": 100.0,
    "value_min": None,
    "value_max": None,
    "unit": "persons",
    "obs_status": "A",
    "conf_status": "F",
    "missing_reason": None,
    "definition": "census_or_register_1_january",
    "publisher": "eurostat",
    "dataset": "eurostat/demo_pjan",
    "payload": "ab" * 32,
    "locator": 65537,
    "source_updated": KNOWN,
    "known_from": KNOWN,
    "dimension": "geo",
    "source_code": "ZZ",
    "label": None,
    "cells": 0,
    "coverage": "value",
    "absence_source": None,
    "observations": 3,
}

FACTS = Facts(
    lists={
        "indicator": frozenset(
            {"population", "population_by_citizenship", "net_migration", "refugees", "asylum_applicants"}
        ),
        "area": frozenset({*EU, "CHN", "EU27_2020", "_T", "_Z", "_U", "NAT", "FOR", "FOR_STLS", "STLS"}),
        "partner_role": frozenset({"_Z", "citizenship", "country_of_birth", "origin", "destination"}),
        "sex": frozenset({"_T", "M", "F", "_U"}),
        "unit": frozenset({"persons", "cases"}),
        "freq": frozenset({"A", "Q", "M"}),
        "missing_reason": frozenset({"not_published", "suppressed"}),
        "definition": frozenset({"census_or_register_1_january"}),
        "publisher": frozenset({"eurostat", "unhcr"}),
        "dataset": frozenset({"eurostat/demo_pjan", "eurostat/migr_asyappctza", "unhcr/population"}),
        "conf_status": frozenset({"F", "C"}),
        "coverage": frozenset({"value", "not_fetched"}),
        **{name: frozenset({"_T", "_Z"}) for name in ("age", "applicant", "reason", "duration", "legal_framework")},
        **{
            name: frozenset({"_Z"})
            for name in (
                "decision",
                "procedure",
                "stage",
                "border",
                "apprehension",
                "age_definition",
                "purpose",
                "stay",
            )
        },
    },
    units={
        "population": "persons",
        "population_by_citizenship": "persons",
        "net_migration": "persons",
        "refugees": "persons",
        "asylum_applicants": "persons",
    },
    members={"EU27_2020": EU},
    observations={"eurostat/demo_pjan": 990},
)


def rows(table: str, *changes: Mapping[str, object], **common: object) -> pl.DataFrame:
    """Return a frame of a table: a row for each of ``changes``, with values of ``common`` or else ``VALID``."""
    names = contract(table).field_names
    filled = [{**VALID, **common, **change} for change in changes or ({},)]
    if contract(table).kind == "statistics":
        filled = [row | {"year": row["period"].year} if isinstance(row["period"], date) else row for row in filled]
    return pl.DataFrame(
        [{name: row[name] for name in names} for row in filled], schema=contract(table).polars_schema, orient="row"
    )


def failing_rows(rule: str, table: str, frame: pl.DataFrame, facts: Facts = FACTS) -> pl.DataFrame:
    """The failing rows of one rule of a table."""
    (found,) = (each for each in row_rules_of(contract(table)) if each.name == rule)
    return found.failing(Table(frame.lazy(), contract(table), facts)).collect()
