"""Check a table against all of its rules: one outcome for each rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from expectations import comparison, drift, headline, law, prose, totals, unmatched, values
from expectations.contract import Expectation, expectations_of, rules_of_contract
from expectations.rule import Facts, RowRule, Rule, Severity, Table
from warehouse import codes
from warehouse.codes.union import compositions
from warehouse.contracts import Contract
from warehouse.rows import plain

if TYPE_CHECKING:
    from expectations import suite

# Most failing rows that an outcome shows.
SHOWN = 20
# Characters of an error that are kept as the cause of a rule that could not be evaluated.
LONGEST_CAUSE = 200

# All rules that select failing rows, in the order in which their outcomes are shown.
ROW_RULES = (
    *values.RULES,
    *totals.RULES,
    *unmatched.RULES,
    *drift.RULES,
    *law.RULES,
    *prose.RULES,
    *comparison.RULES,
    *headline.RULES,
)


@dataclass(frozen=True)
class Outcome:
    """The result of a rule on a table.

    ``checked``: number of rows of the table. ``failing``: number of failures, which can exceed the number of rows,
    because a row can fail in several fields. ``rows``: at most 20 failing rows with their key, their value and what
    they fail by; if the table as a whole fails, what is wrong.
    """

    name: str
    table: str
    severity: Severity
    success: bool
    reason: str
    checked: int
    failing: int
    rows: pl.DataFrame
    part_of_contract: bool = False


def rules_of(contract: Contract) -> list[Rule]:
    """The rules of a table, in the order of the outcomes of ``validate``."""
    return [*rules_of_contract(contract), *row_rules_of(contract)]


def row_rules_of(contract: Contract) -> list[RowRule]:
    """The rules of a table that select failing rows."""
    return [rule for rule in ROW_RULES if rule.applies(contract)]


def facts(
    publishers: frozenset[str],
    datasets: frozenset[str],
    previous: pl.LazyFrame | None = None,
    observations: Mapping[str, int] | None = None,
) -> Facts:
    """The facts of our code lists, with the publishers and datasets of the catalogue."""
    lists = {name: codes.members(name) for name in [*codes.codes()["code_list"].unique(), *codes.LISTS]}
    indicators = codes.named_indicators()
    return Facts(
        lists={**lists, "publisher": publishers, "dataset": datasets},
        units=dict(zip(indicators["indicator"], indicators["unit"], strict=True)),
        members=compositions(codes.areas()),
        previous=previous,
        observations=observations or {},
    )


def validate(contract: Contract, rows: pl.DataFrame | pl.LazyFrame, known: Facts) -> list[Outcome]:
    """One outcome for each of ``rules_of(contract)``, in that order.

    No rule raises an error: a rule that cannot be evaluated, because a field is missing or has another type or for an
    unforeseen reason, fails with this reason.
    """
    # Great Expectations takes seconds to import, and listing the rules of a table does not need it.
    from expectations import suite

    table, expectations = Table(rows.lazy(), contract, known), expectations_of(contract, known.lists)
    within = [rule for rule in row_rules_of(contract) if not rule.across]
    count, cases, by_part = 0, [], []
    for part in table.parts():
        coded = part.rows.collect()
        count += coded.height
        cases.append(suite.cases(coded, expectations))
        by_part.append([_row_outcome(rule, part, coded.height) for rule in within])
    outcomes = [
        *_contract_outcomes(table, count, pl.concat(cases), expectations),
        *map(_added, zip(*by_part, strict=True)),
        *(_row_outcome(rule, table, count) for rule in row_rules_of(contract) if rule.across),
    ]
    found = {outcome.name: outcome for outcome in outcomes}
    return [found[rule.name] for rule in rules_of(contract)]


def broken_by_row(contract: Contract, rows: pl.DataFrame) -> str | None:
    """The first rule of severity ``error`` that a row of one payload breaks by itself, with the first such row.

    ``rows`` have the stored columns of the contract. None if no row breaks such a rule.
    """
    table = Table(rows.lazy(), contract, _facts_of_rows())
    chosen = [rule for rule in row_rules_of(contract) if rule.of_row and set(rule.needs) <= set(rows.columns)]
    for rule, found in zip(chosen, pl.collect_all([rule.failing(table) for rule in chosen]), strict=True):
        if found.height:
            first = found.select(_shown_columns(contract, found, rule.shows)).row(0, named=True)
            shown = ", ".join(f"{name} {value}" for name, value in first.items() if value not in (None, "_T", "_Z"))
            return f"{found.height:,} of its rows break the rule {rule.name}, for example {shown}"
    return None


@cache
def _facts_of_rows() -> Facts:
    """The facts that rules on single rows need."""
    return facts(frozenset(), frozenset())


def _added(parts: Sequence[Outcome]) -> Outcome:
    """The outcome of a rule on a table, from those on its parts."""
    shown = [part.rows for part in parts if part.failing] or [parts[0].rows]
    return replace(
        parts[0],
        success=all(part.success for part in parts),
        checked=sum(part.checked for part in parts),
        failing=sum(part.failing for part in parts),
        rows=pl.concat(shown, how="diagonal_relaxed").head(SHOWN),
    )


def _contract_outcomes(
    table: Table, count: int, cases: pl.DataFrame, expectations: Sequence[Expectation]
) -> list[Outcome]:
    """The outcomes of the rules that follow from the contract.

    All expectations are evaluated on the ``cases`` of the table. Only those that fail are evaluated on all rows, to
    count the failing rows and to find them.
    """
    from expectations import suite

    contract, rules = table.contract, rules_of_contract(table.contract)
    failures: list[tuple[suite.Result, pl.DataFrame]] = []
    try:
        failed = suite.failing(contract.table, cases, expectations)
        for part in table.parts() if failed else ():
            coded = part.rows.collect()
            results = suite.evaluate(contract.table, coded, failed, SHOWN)
            failures += [(each, _failing_rows(contract, coded, each)) for each in results if not each.success]
    except Exception as error:
        return [_outcome(rule, contract, count, 1, _not_checked(error)) for rule in rules]
    outcomes = []
    for rule in rules:
        found = [(each, rows) for each, rows in failures if each.expectation.rule == rule.name]
        if rule.name == "columns_in_order":
            found = found[:1]  # all parts have the same columns
        shown = [rows for _, rows in found] or [_empty(contract, cases)]
        rows = pl.concat(shown, how="diagonal_relaxed").head(SHOWN)
        outcomes.append(_outcome(rule, contract, count, sum(each.failures for each, _ in found), rows))
    return outcomes


def _failing_rows(contract: Contract, coded: pl.DataFrame, result: "suite.Result") -> pl.DataFrame:
    """The failing rows of an expectation with the field that fails, or what is wrong with the table."""
    fields = result.expectation.fields
    field = pl.lit(", ".join(fields) or None, pl.String).alias("field")
    if result.positions is None:
        columns = f"the columns are {', '.join(coded.columns)}; the contract declares {', '.join(contract.field_names)}"
        problem = f"could not be checked: {result.exception}" if result.exception else columns
        return pl.select(field, problem=pl.lit(problem))
    return plain(coded[result.positions].select(field, *_shown_columns(contract, coded, fields)))


def _row_outcome(rule: RowRule, table: Table, checked: int) -> Outcome:
    """The outcome of a rule that selects failing rows."""
    contract = table.contract
    try:
        found = rule.failing(table).collect(engine="streaming")
    except (Exception, pl.exceptions.PanicException) as error:
        found = _not_checked(error)
    extra = [name for name in found.columns if name not in contract.field_names]
    order = [*_shown_columns(contract, found, rule.shows), *extra]
    shown = found.bottom_k(SHOWN, by=order).sort(order)
    rows = plain(shown.select(*_shown_columns(contract, found, rule.shows), *extra))
    return _outcome(rule, contract, checked, found.height, rows)


def _not_checked(error: BaseException) -> pl.DataFrame:
    """A row with the reason why a rule could not be evaluated."""
    first_line = (str(error).splitlines() or [""])[0][:LONGEST_CAUSE]
    return pl.DataFrame({"problem": [f"could not be checked: {type(error).__name__}: {first_line}"]})


def _outcome(rule: Rule, contract: Contract, checked: int, failing: int, rows: pl.DataFrame) -> Outcome:
    return Outcome(
        name=rule.name,
        table=contract.table,
        severity=rule.severity,
        success=failing == 0,
        reason=rule.reason,
        checked=checked,
        failing=failing,
        rows=rows,
        part_of_contract=rule.part_of_contract,
    )


def _empty(contract: Contract, coded: pl.DataFrame) -> pl.DataFrame:
    """No failing row, with the columns that one would have."""
    return plain(coded.clear().select(_shown_columns(contract, coded, ())))


def _shown_columns(contract: Contract, frame: pl.DataFrame, fields: Sequence[str]) -> list[str]:
    """The columns by which a reader finds a row: its key, its value, and the fields that fail."""
    wanted = dict.fromkeys([*contract.key, "value", *fields])
    return [name for name in wanted if name in frame.columns]
