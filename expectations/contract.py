"""What every table must hold because its contract says so, as Great Expectations understands it.

Nothing here imports Great Expectations: an expectation is its type and arguments, so that the rules of a table can be
listed in an instant. Several expectations that exist for one reason share a rule.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from warehouse.contracts import Contract

# Why each rule exists. All of them block: a table that breaks its contract cannot be read as what it says it is.
RULES: Mapping[str, str] = {
    "columns_in_order": "Readers address the columns that the contract names, in its order, and no others.",
    "fields_filled": "Which fields may be empty stands in the contract; elsewhere an empty one is a fault of reading.",
    "codes_in_lists": "A code outside its list has no definition, so nobody could say what the row counts.",
    "patterns_matched": "Identifiers have one spelling, so that rows can be joined and payloads be found again.",
    "key_unique": "Two rows with one key would both be the answer to one question, and every sum would count twice.",
    "missing_has_reason": "A missing value is never 0 and never dropped: a row has a value or the reason why not.",
    "value_within_bounds": "Bounds say which true values a rounded or ranged figure allows, so it lies between them.",
}


@dataclass(frozen=True)
class Expectation:
    """One expectation: the rule it serves, its type and arguments in Great Expectations, and the fields it looks at."""

    rule: str
    type: str
    kwargs: Mapping[str, object]
    fields: tuple[str, ...]


def baseline(contract: Contract, lists: Mapping[str, frozenset[str]]) -> list[Expectation]:
    """The expectations that follow from a contract.

    ``lists`` has the members of every code list, those of ``publisher``, ``dataset``, ``area`` and ``indicator``
    included; a list that it lacks has no members, so that every code of it fails.
    """
    return [*_columns(contract), *_fields(contract, lists), *_key(contract), *_observation(contract)]


def rules(contract: Contract) -> tuple[str, ...]:
    """The rules that a table is held to, in the order of ``RULES``."""
    used = {expectation.rule for expectation in baseline(contract, {})}
    return tuple(rule for rule in RULES if rule in used)


def _columns(contract: Contract) -> Iterator[Expectation]:
    names = list(contract.field_names)
    yield Expectation("columns_in_order", "expect_table_columns_to_match_ordered_list", {"column_list": names}, ())


def _fields(contract: Contract, lists: Mapping[str, frozenset[str]]) -> Iterator[Expectation]:
    for column in contract.columns:
        name = column.name
        if not column.nullable:
            yield Expectation("fields_filled", "expect_column_values_to_not_be_null", {"column": name}, (name,))
        if column.codes:
            members = sorted(lists.get(column.codes, ()))
            kwargs = {"column": name, "value_set": members}
            yield Expectation("codes_in_lists", "expect_column_values_to_be_in_set", kwargs, (name,))
        if column.pattern:
            kwargs = {"column": name, "regex": column.pattern}
            yield Expectation("patterns_matched", "expect_column_values_to_match_regex", kwargs, (name,))


def _key(contract: Contract) -> Iterator[Expectation]:
    if len(contract.key) == 1:
        kind, kwargs = "expect_column_values_to_be_unique", {"column": contract.key[0]}
        yield Expectation("key_unique", kind, kwargs, contract.key)
    else:
        kind, columns = "expect_compound_columns_to_be_unique", {"column_list": list(contract.key)}
        yield Expectation("key_unique", kind, {**columns, "ignore_row_if": "never"}, contract.key)


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
