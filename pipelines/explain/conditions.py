"""Conditions on the rows of a table, as ``FIELD=VALUE`` on the command line states them."""

import re
from collections.abc import Sequence

import polars as pl

from sources.catalogue import datasets
from warehouse import codes
from warehouse.contracts import Column, Contract
from warehouse.errors import WarehouseError, did_you_mean

DATE = re.compile(r"\d{4}(-\d{2}){0,2}")


def condition(declared: Contract, text: str) -> pl.Expr:
    """The condition on rows that ``FIELD=VALUE`` states. No value selects rows in which the field is empty.

    A date may be shortened. Raises ``WarehouseError`` if there is no such field, or if it can never have the value.
    """
    name, separator, value = text.partition("=")
    columns = {column.name: column for column in declared.columns}
    if not separator or name not in columns:
        hint = did_you_mean(name, columns, f"its fields are {', '.join(columns)}")
        raise WarehouseError(f"{text} is not a FIELD=VALUE of {declared.table}; {hint}")
    if not value:
        return pl.col(name).is_null()
    column = columns[name]
    if column.type in ("int64", "float64"):
        return pl.col(name) == _number(name, value)
    if column.type in ("date", "timestamp"):
        if not DATE.fullmatch(value):
            raise WarehouseError(f"{name} is a date, for example 2024, 2024-06 or 2024-06-30, and {value!r} is not one")
        return pl.col(name).dt.to_string("%Y-%m-%d").str.starts_with(value)
    _require_value(column, value)
    return pl.col(name).cast(pl.String) == value


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise WarehouseError(f"{name} is a number, and {value!r} is none") from None


def _require_value(column: Column, value: str) -> None:
    """Raise ``WarehouseError`` if a field with a closed list of values can never have this one."""
    known = {"true", "false"} if column.type == "boolean" else _codes(column.codes) if column.codes else frozenset()
    if known and value not in known:
        some = ", ".join(sorted(known)[:10])
        hint = did_you_mean(value, sorted(known), f"codes are {some}{' and others' if len(known) > 10 else ''}")
        raise WarehouseError(f"{column.name} cannot be {value}; {hint}")


def _codes(code_list: str) -> frozenset[str]:
    """The codes of a list. Those of datasets and publishers come from the catalogue."""
    if code_list == "dataset":
        return frozenset(datasets())
    if code_list == "publisher":
        return frozenset(publisher.publisher for publisher, _ in datasets().values())
    return codes.members(code_list)


def no_row(declared: Contract, where: Sequence[str], release: str) -> str:
    """The sentence that no row of a table in a release satisfies the conditions."""
    return f"no row of {declared.table} in release {release} has {' and '.join(where)}"
