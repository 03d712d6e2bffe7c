"""The differences between two releases: tables, schemas, rows and values, as data and as an HTML page."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

import polars as pl

from warehouse.contracts import Contract, contracts
from warehouse.releases import Release, readable, table_file
from warehouse.storage import Place
from warehouse.templates import template

SHOWN = 20
# Columns next to those of the tables. No field of a contract has a space in its name.
KIND = "kind of difference"
BEFORE = " before"
# The place of a figure in a payload and its time of publication are not part of its content.
PROVENANCE = frozenset({"payload", "locator", "source_updated", "known_from", "known_to"})


@dataclass(frozen=True)
class TableDifference:
    """The difference of one table: its fields, the number of its rows and, if both releases have its key, the rows.

    ``changed`` counts keys with another value in a field that is not provenance. ``examples`` are at most 20 changed,
    removed or added keys, in this order, with their values before and after.
    """

    table: str
    rows_before: int | None
    rows_after: int | None
    version_before: str | None = None
    version_after: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    added: int = 0
    removed: int = 0
    changed: int = 0
    by_dataset: dict[str, dict[str, int]] = field(default_factory=dict)
    examples: list[dict[str, object]] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return self.rows_before == self.rows_after and not (self.fields or self.added or self.removed or self.changed)


def differences(root: Place, before: Release, after: Release) -> list[TableDifference]:
    """Compare the tables of two releases, in alphabetical order, except ``release``, which always differs."""
    names = sorted({*before.tables, *after.tables} - {"release"})
    return [_table(root, name, before, after) for name in names]


def _table(root: Place, name: str, before: Release, after: Release) -> TableDifference:
    old, new = before.tables.get(name), after.tables.get(name)
    if old is None or new is None or old.sha256 == new.sha256:
        return TableDifference(name, old.rows if old else None, new.rows if new else None)
    with readable(root, before, name), readable(root, after, name):
        return _of_files(root, name, before, after)


def _of_files(root: Place, name: str, before: Release, after: Release) -> TableDifference:
    old, new = before.tables[name], after.tables[name]
    frames = [pl.scan_parquet(table_file(root, release, name)) for release in (before, after)]
    schemas = [frame.collect_schema() for frame in frames]
    fields = schema_changes({k: str(v) for k, v in schemas[0].items()}, {k: str(v) for k, v in schemas[1].items()})
    declared = contracts().get(name)
    has_key = declared is not None and all(set(declared.key) <= set(schema) for schema in schemas)
    found = TableDifference(name, old.rows, new.rows, old.schema_version, new.schema_version, fields)
    return _with_rows(found, frames[0], frames[1], declared) if declared is not None and has_key else found


def schema_changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Field → ``added``, ``removed``, or its types before and after, for each field that differs."""
    removed = {name: "removed" for name in before if name not in after}
    added = {name: "added" for name in after if name not in before}
    retyped = {
        name: f"{before[name]} → {after[name]}" for name in before if name in after and before[name] != after[name]
    }
    return removed | added | retyped


def _with_rows(one: TableDifference, old: pl.LazyFrame, new: pl.LazyFrame, declared: Contract) -> TableDifference:
    """Add the added, removed and changed rows, matched by the key of the contract, to a difference."""
    key = list(declared.key)
    shared = [name for name in old.collect_schema().names() if name in new.collect_schema().names()]
    content = [name for name in shared if name not in key and name not in PROVENANCE]
    pairs = new.select(*key, *content).join(old.select(*key, *content), on=key, how="full", suffix=BEFORE)
    here, there = pl.col(key[0]).is_not_null(), pl.col(f"{key[0]}{BEFORE}").is_not_null()
    differs = pl.any_horizontal(pl.lit(value=False), *(~pl.col(c).eq_missing(pl.col(f"{c}{BEFORE}")) for c in content))
    kind = pl.when(~there).then(pl.lit("added")).when(~here).then(pl.lit("removed")).otherwise(pl.lit("changed"))
    found = pairs.filter(~here | ~there | differs).with_columns(kind.alias(KIND)).collect()
    found = found.with_columns(pl.coalesce(name, f"{name}{BEFORE}") for name in key).sort(key)
    counts = dict(found.group_by(KIND).len().iter_rows())
    grouped: dict[str, dict[str, int]] = {}
    if "dataset" in key:
        by_dataset = found.group_by("dataset", KIND).len().sort("dataset", KIND)
        for dataset, what, count in by_dataset.iter_rows():
            grouped.setdefault(dataset, {})[what] = count
    return replace(
        one,
        added=counts.get("added", 0),
        removed=counts.get("removed", 0),
        changed=counts.get("changed", 0),
        by_dataset=grouped,
        examples=[_example(row, key, content) for row in _first_rows(found).iter_rows(named=True)],
    )


def _first_rows(found: pl.DataFrame) -> pl.DataFrame:
    """The first rows, by importance: changed rows, then removed rows, then added rows."""
    order = pl.col(KIND).replace_strict(["changed", "removed", "added"], [0, 1, 2])
    return found.sort(order, maintain_order=True).head(SHOWN)


def _example(row: Mapping[str, object], key: list[str], content: list[str]) -> dict[str, object]:
    differing = [name for name in content if row[name] != row[f"{name}{BEFORE}"]]
    return {
        "difference": row[KIND],
        **{name: row[name] for name in key},
        "before": {name: row[f"{name}{BEFORE}"] for name in differing} if row[KIND] != "added" else None,
        "after": {name: row[name] for name in differing} if row[KIND] != "removed" else None,
    }


def report(before: Release, after: Release, found: list[TableDifference]) -> dict[str, object]:
    """The comparison as data for JSON."""
    return {
        "before": before.name,
        "after": after.name,
        "tables": [asdict(difference) for difference in found if not difference.same],
        "unchanged": [difference.table for difference in found if difference.same],
    }


def page(before: Release, after: Release, found: list[TableDifference]) -> str:
    """The comparison as one self-contained HTML page."""
    rendered = template("warehouse", ".", "difference.html").render(
        before=before.name,
        after=after.name,
        total=len(found),
        unchanged=[difference.table for difference in found if difference.same],
        different=[_section(difference) for difference in found if not difference.same],
    )
    return f"{rendered}\n"


def _section(one: TableDifference) -> dict[str, object]:
    """The texts about one table for the template."""
    key = [name for name in one.examples[0] if name not in ("difference", "before", "after")] if one.examples else []
    varying = [name for name in key if len({str(example[name]) for example in one.examples}) > 1] or key[:1]
    numbers = (one.rows_before, one.rows_after, one.added, one.removed, one.changed)
    return {
        "name": one.table,
        "numbers": ["–" if number is None else f"{number:,}" for number in numbers],
        "schema": "; ".join(f"{name} {change}" for name, change in one.fields.items()) or "same",
        "paragraphs": _paragraphs(one, [name for name in key if name not in varying]),
        "columns": ["difference", *varying, "before", "after"],
        "examples": [
            {
                "difference": example["difference"],
                "cells": [
                    *(str(example[name]) for name in varying),
                    _values(example["before"]),
                    _values(example["after"]),
                ],
            }
            for example in one.examples
        ],
    }


def _paragraphs(one: TableDifference, constant: list[str]) -> list[str]:
    """The number of rows that differ by dataset, and how many are shown; these have equal ``constant`` fields."""
    if not one.examples:
        return []
    datasets = "; ".join(
        f"{name}: {', '.join(f'{count:,} {kind}' for kind, count in counts.items())}"
        for name, counts in one.by_dataset.items()
    )
    shared = ", ".join(f"{name} {one.examples[0][name]}" for name in constant)
    shown = f"The first {len(one.examples)} of {one.added + one.removed + one.changed:,}"
    return [*([f"{datasets}."] if datasets else []), f"{shown}, all with {shared}." if shared else f"{shown}."]


def _values(fields: object) -> str:
    """The values of one side of an example; for an added or removed row with a figure, only the figure and its unit."""
    if not isinstance(fields, Mapping):
        return "–"
    if fields.get("value") is not None and "unit" in fields:
        return f"{fields['value']:,.15g} {fields['unit']}"
    texts = (
        f"{name} {value:,.15g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in fields.items()
        if value is not None
    )
    return ", ".join(texts) or "–"
