"""Rules that follow from the contract of a table, and the expectations of Great Expectations that check them.

Nothing here imports Great Expectations: an expectation is its type and arguments, so that the rules of a table can be
listed without the seconds that this import takes. Several expectations with one reason are one rule. Whether a row
meets an expectation depends on the row only: ``suite`` relies on it. That keys are unique is a rule in ``values``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from expectations.rule import Rule
from warehouse.contracts import Contract

# Why each rule exists. All are errors, because a table that breaks its contract cannot be read as the contract states.
REASONS: Mapping[str, str] = {
    "columns_in_order": "Readers use the columns that the contract names, in its order, and no others.",
    "fields_filled": "The contract states which fields may be empty. Another empty field is an error of reading.",
    "codes_in_lists": "A code that is not in its list has no definition, so nobody can know what the row counts.",
    "patterns_matched": "Identifiers have one spelling, so that rows can be joined and payloads can be found again.",
    "missing_has_reason": "A missing value is never 0 and never dropped: a row has a value, or the reason for none.",
    "value_within_bounds": "The bounds are the least and greatest true value that a rounded figure or a range allows, "
    "so the value is between them.",
}
RULES = {
    name: Rule(name=name, severity="error", reason=reason, part_of_contract=True) for name, reason in REASONS.items()
}


@dataclass(frozen=True)
class Expectation:
    """One expectation: its rule, its type and arguments in Great Expectations, and the fields that it checks."""

    rule: str
    type: str
    kwargs: Mapping[str, object]
    fields: tuple[str, ...]


def expectations_of(contract: Contract, lists: Mapping[str, frozenset[str]]) -> list[Expectation]:
    """The expectations that follow from a contract.

    ``lists``: code list → its codes, also for ``publisher``, ``dataset``, ``area`` and ``indicator``. A list that is
    not in it has no codes, so that every code of it fails.
    """
    return [*_columns(contract), *_fields(contract, lists), *_observation(contract)]


def rules_of_contract(contract: Contract) -> list[Rule]:
    """The rules with an expectation for a table, in the order of ``REASONS``."""
    used = {expectation.rule for expectation in expectations_of(contract, {})}
    return [rule for name, rule in RULES.items() if name in used]


def _columns(contract: Contract) -> Iterator[Expectation]:
    names = list(contract.field_names)
    yield Expectation("columns_in_order", "expect_table_columns_to_match_ordered_list", {"column_list": names}, ())


def _fields(contract: Contract, lists: Mapping[str, frozenset[str]]) -> Iterator[Expectation]:
    for column in contract.columns:
        name = column.name
        if not column.nullable:
            yield Expectation("fields_filled", "expect_column_values_to_not_be_null", {"column": name}, (name,))
        if column.codes:
            codes = sorted(lists.get(column.codes, ()))
            kwargs = {"column": name, "value_set": codes}
            yield Expectation("codes_in_lists", "expect_column_values_to_be_in_code_list", kwargs, (name,))
        if column.pattern:
            kwargs = {"column": name, "regex": column.pattern}
            yield Expectation("patterns_matched", "expect_column_values_to_match_regex", kwargs, (name,))


def _observation(contract: Contract) -> Iterator[Expectation]:
    names = set(contract.field_names)
    if {"value", "missing_reason"} <= names:
        for kind, missing in (("not_be_null", True), ("be_null", False)):
            where = {"type": "nullity", "column": {"name": "value"}, "is_null": missing}
            kwargs: dict[str, object] = {"column": "missing_reason", "row_condition": where}
            yield Expectation("missing_has_reason", f"expect_column_values_to_{kind}", kwargs, ("missing_reason",))
    if {"value", "value_min", "value_max"} <= names:
        for greater, less in (("value", "value_min"), ("value_max", "value"), ("value_max", "value_min")):
            pair = {"column_A": greater, "column_B": less, "or_equal": True, "ignore_row_if": "either_value_is_missing"}
            kind = "expect_column_pair_values_a_to_be_greater_than_b"
            yield Expectation("value_within_bounds", kind, pair, ("value_min", "value_max"))
