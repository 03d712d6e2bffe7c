"""A table held against its contract and against the identities: one outcome for each rule.

Great Expectations is imported when a table is validated, not before: its import takes seconds. A validation can leave
its result, as Great Expectations writes it, in a folder, from which ``expectations.pages`` makes the Data Docs.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from expectations.contract import RULES, Expectation, baseline, rules
from expectations.rules import Facts, Identity, Severity, identities
from warehouse import codes
from warehouse.codes.union import compositions
from warehouse.contracts import Contract

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 20


@dataclass(frozen=True)
class Outcome:
    """How a table fared under one rule or identity.

    ``checked`` is the number of rows of the table, ``failing`` how many of them fail. ``rows`` holds at most 20 of
    those, with their key, their value and what they fail by; where the table as a whole fails, it says what is wrong.
    """

    name: str
    table: str
    severity: Severity
    success: bool
    reason: str
    checked: int
    failing: int
    rows: pl.DataFrame


def names(contract: Contract) -> list[tuple[str, Severity, str]]:
    """Name, severity and reason of everything that ``validate`` will say of a table, in its order."""
    declared: list[tuple[str, Severity, str]] = [(rule, "error", RULES[rule]) for rule in rules(contract)]
    return declared + [(identity.name, identity.severity, identity.reason) for identity in identities(contract)]


def facts(
    publishers: frozenset[str],
    datasets: frozenset[str],
    previous: pl.LazyFrame | None = None,
    observations: Mapping[str, int] | None = None,
) -> Facts:
    """The facts of our code lists, with the publishers and datasets that the catalogue has."""
    lists = {name: codes.members(name) for name in [*codes.codes()["code_list"].unique(), *codes.LISTS]}
    indicators = codes.indicators()
    return Facts(
        lists={**lists, "publisher": publishers, "dataset": datasets},
        units=dict(zip(indicators["indicator"], indicators["unit"], strict=True)),
        members=compositions(codes.areas()),
        previous=previous,
        observations=observations or {},
    )


def validate(contract: Contract, frame: pl.DataFrame, known: Facts, results: Path | None = None) -> list[Outcome]:
    """One outcome for each of ``names(contract)``, in that order.

    Nothing that a frame holds raises: what cannot be checked, for want of a field or because of its type, fails.
    When ``results`` is given, Great Expectations' own result is written there as ``<table>.json``.
    """
    coded = frame.with_columns(pl.col(pl.String).cast(pl.Categorical))
    result = _expected(contract, coded, baseline(contract, known.lists))
    outcomes = [
        *(_rule(contract, coded, rule, result["results"]) for rule in rules(contract)),
        *(_identity(contract, coded, identity, known) for identity in identities(contract)),
    ]
    if results is not None:
        results.mkdir(parents=True, exist_ok=True)
        whole = _with_identities(result, outcomes[len(rules(contract)) :])
        results.joinpath(f"{contract.table}.json").write_text(json.dumps(whole, indent=1, allow_nan=False), "utf-8")
    return outcomes


def ephemeral_context() -> Any:  # noqa: ANN401 - Great Expectations is imported here, not before
    """A context of Great Expectations that writes nothing, draws nothing and calls nobody."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _expected(contract: Contract, coded: pl.DataFrame, expectations: Sequence[Expectation]) -> dict[str, Any]:
    """Great Expectations' result for a table, as JSON, without what differs from run to run.

    Asking for the places of failing rows costs as much again as asking how many fail, so it is asked where some do.
    """
    asset = ephemeral_context().data_sources.add_pandas("corridor").add_dataframe_asset(contract.table)
    batch = asset.add_batch_definition_whole_dataframe("table").get_batch({"dataframe": _pandas(coded)})
    numbered = dict(enumerate(expectations))
    whole = _run(contract, batch, numbered, "BASIC")
    results = {_number(result): result for result in whole["results"]}
    failed = {number: numbered[number] for number, result in results.items() if not result["success"]}
    if failed:
        located = _run(contract, batch, failed, "SUMMARY")["results"]
        results |= {_number(result): result for result in located}
    del whole["meta"]["batch_markers"]
    return {**whole, "results": [results[number] for number in numbered]}


def _run(contract: Contract, batch: Any, numbered: Mapping[int, Expectation], result_format: str) -> dict[str, Any]:  # noqa: ANN401
    """What Great Expectations says of a batch; each result has in its meta the number, rule and fields it is about."""
    from great_expectations import ExpectationSuite

    suite = ExpectationSuite(
        contract.table,
        expectations=[
            {"type": e.type, "kwargs": dict(e.kwargs), "meta": {"number": n, "rule": e.rule, "fields": list(e.fields)}}
            for n, e in numbered.items()
        ],
    )
    chosen = {"result_format": result_format, "partial_unexpected_count": SHOWN}
    with _configured_once():
        result: dict[str, Any] = batch.validate(suite, result_format=chosen).to_json_dict()
    return result


@contextmanager
def _configured_once() -> Iterator[None]:
    """Let an expectation's configuration be worked out once.

    Great Expectations does so whenever it asks, some thousand times for a table, which took a third of all validation.
    """
    from great_expectations.expectations import expectation as great

    kind: Any = great.Expectation
    asked = kind.configuration
    known: dict[int, tuple[object, object]] = {}

    def once(expectation: Any) -> object:  # noqa: ANN401
        if id(expectation) not in known:
            # The expectation is kept too, so that no other one gets its id.
            known[id(expectation)] = expectation, asked.fget(expectation)
        return known[id(expectation)][1]

    kind.configuration = property(once)
    try:
        yield
    finally:
        kind.configuration = asked


def _number(result: Mapping[str, Any]) -> int:
    return int(result["expectation_config"]["meta"]["number"])


def _pandas(coded: pl.DataFrame) -> "pd.DataFrame":
    """The frame for pandas: codes stay codes, and whole numbers stay whole where some are missing."""
    import pandas as pd

    masked = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    frame: pd.DataFrame = coded.to_pandas(types_mapper=masked.get)
    return frame


def _rule(contract: Contract, coded: pl.DataFrame, rule: str, results: Sequence[Mapping[str, Any]]) -> Outcome:
    """The outcome of a rule from the results of its expectations."""
    failed = [r for r in results if r["expectation_config"]["meta"]["rule"] == rule and not r["success"]]
    failing = sum(r["result"].get("unexpected_count", 1) for r in failed)
    shown = [_shown(contract, coded, r) for r in failed]
    rows = pl.concat(shown, how="diagonal_relaxed").head(SHOWN) if shown else _empty(contract, coded)
    return _outcome(contract, (rule, "error", RULES[rule]), coded, failing, rows)


def _shown(contract: Contract, coded: pl.DataFrame, result: Mapping[str, Any]) -> pl.DataFrame:
    """The rows that fail one expectation, with the field by which they do; or what is wrong with the table."""
    places = result["result"].get("partial_unexpected_index_list")
    fields = result["expectation_config"]["meta"]["fields"]
    if places is None:
        return pl.DataFrame({"field": ", ".join(fields) or None, "problem": _problem(contract, coded, result)})
    named = _named(contract, coded, fields)
    rows: pl.DataFrame = coded[places].select(pl.lit(", ".join(fields)).alias("field"), *named)
    return rows.with_columns(pl.col(pl.Categorical).cast(pl.String))


def _problem(contract: Contract, coded: pl.DataFrame, result: Mapping[str, Any]) -> list[str]:
    """In a sentence, why an expectation has no failing rows to show."""
    if result["exception_info"].get("raised_exception") is False:
        return [f"the columns are {', '.join(coded.columns)}; the contract says {', '.join(contract.field_names)}"]
    raised = [e for e in result["exception_info"].values() if isinstance(e, dict)]
    messages = {str(e["exception_message"]) for e in raised} or {str(result["exception_info"]["exception_message"])}
    return [f"could not be checked: {'; '.join(sorted(messages))}"]


def _identity(contract: Contract, coded: pl.DataFrame, identity: Identity, known: Facts) -> Outcome:
    """The outcome of an identity."""
    try:
        found = identity.failing(coded.lazy(), contract, known).collect()
    except pl.exceptions.PolarsError as error:
        found = pl.DataFrame({"problem": [f"could not be checked: {str(error).splitlines()[0]}"]})
    extra = [name for name in found.columns if name not in contract.field_names]
    order = [name for name in contract.key if name in found.columns]
    shown = found.bottom_k(SHOWN, by=order).sort(order) if order else found.head(SHOWN)
    rows = shown.select(*_named(contract, found, identity.shows), *extra)
    text = (identity.name, identity.severity, identity.reason)
    return _outcome(contract, text, coded, found.height, rows.with_columns(pl.col(pl.Categorical).cast(pl.String)))


def _named(contract: Contract, frame: pl.DataFrame, fields: Sequence[str]) -> list[str]:
    """The columns by which a reader finds a row again: its key, its value, and the fields in question."""
    wanted = dict.fromkeys([*contract.key, "value", *fields])
    return [name for name in wanted if name in frame.columns]


def _empty(contract: Contract, coded: pl.DataFrame) -> pl.DataFrame:
    return coded.clear().select(_named(contract, coded, ())).with_columns(pl.col(pl.Categorical).cast(pl.String))


def _outcome(
    contract: Contract, text: tuple[str, Severity, str], coded: pl.DataFrame, failing: int, rows: pl.DataFrame
) -> Outcome:
    name, severity, reason = text
    return Outcome(name, contract.table, severity, failing == 0, reason, coded.height, failing, rows)


def _with_identities(result: Mapping[str, Any], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Great Expectations' result with the identities beside its own expectations."""
    results = [*result["results"], *map(_as_result, outcomes)]
    successful = sum(r["success"] for r in results)
    statistics = {
        "evaluated_expectations": len(results),
        "successful_expectations": successful,
        "unsuccessful_expectations": len(results) - successful,
        "success_percent": 100 * successful / len(results),
    }
    success = successful == len(results)
    return {**result, "success": success, "results": results, "statistics": statistics}


def _as_result(outcome: Outcome) -> dict[str, Any]:
    """An identity's outcome in the form of a Great Expectations result."""
    rows = [", ".join(f"{name} {value}" for name, value in row.items()) for row in outcome.rows.iter_rows(named=True)]
    return {
        "success": outcome.success,
        "expectation_config": {
            "type": "unexpected_rows_expectation",
            "kwargs": {"unexpected_rows_query": f"{outcome.name} in {{batch}}"},
            "description": f"{outcome.name}: {outcome.reason}",
            "meta": {"rule": outcome.name},
            "severity": {"error": "critical", "warning": "warning"}[outcome.severity],
        },
        "result": {
            "observed_value": outcome.failing,
            "element_count": outcome.checked,
            "unexpected_count": outcome.failing,
            "unexpected_percent": 100 * outcome.failing / max(outcome.checked, 1),
            "partial_unexpected_list": rows,
        },
        "meta": {},
        "exception_info": {"raised_exception": False, "exception_traceback": None, "exception_message": None},
    }
