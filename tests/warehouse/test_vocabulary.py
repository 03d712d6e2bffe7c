"""Names and codes that every program can read: fields, codes and declarations."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest
import yaml

from sources.catalogue import datasets
from tests.conftest import ROOT
from warehouse import codes
from warehouse.codes import chinese
from warehouse.contracts import Contract, contract, contracts, fields
from warehouse.yaml_text import parse_yaml

# Texts that pandas reads from a CSV file as a missing value.
MISSING = {"#N/A", "#NA", "-NaN", "-nan", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", ""}
# Other names for a jurisdiction or for the other side, which earlier schemas had.
FORMER = {"reporter", "area", "nationality", "counterpart", "origin", "destination"}


def test_no_field_is_a_reserved_word_of_sql() -> None:
    reserved = duckdb.sql("SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'").fetchall()
    assert set(fields()).isdisjoint(word for (word,) in reserved)


def test_no_code_is_read_as_a_missing_value() -> None:
    listed = codes.codes().filter(pl.col("code").is_in(MISSING))
    assert listed.is_empty()


def test_every_table_names_a_jurisdiction_and_its_other_side_in_the_same_way() -> None:
    used = {name for declared in contracts().values() for name in declared.field_names}
    assert used.isdisjoint(FORMER)
    assert all({"jurisdiction", "partner", "year", "period"} <= set(table.field_names) for table in _statistics())


def _values(declared: object, name: str) -> Iterator[str]:
    """Every text with a name in a declaration, at any depth."""
    if isinstance(declared, dict):
        for key, value in declared.items():
            yield from [value] if key == name and isinstance(value, str) else _values(value, name)
    elif isinstance(declared, list):
        for value in declared:
            yield from _values(value, name)


def test_every_declared_reason_and_dataset_has_a_chinese_text() -> None:
    files = [path for folder in ("warehouse", "sources") for path in (ROOT / folder).rglob("*.yaml")]
    declared = {text for path in files for text in _values(parse_yaml(path.read_text("utf-8")), "because")}
    assert len(declared) > 100
    assert sorted(declared - {*chinese.texts("reasons")}) == []
    assert sorted({*datasets()} ^ {*chinese.texts("datasets")}) == []


def test_a_release_has_no_field_for_the_end_of_what_was_known() -> None:
    assert "known_to" in contract("population").stored_schema
    assert all("known_to" not in declared.field_names for declared in contracts().values())


@pytest.mark.parametrize("text", ["{a: 1, b: 2, a: 3}", "rows:\n  - {x: 1, x: 1}\n", "a:\n  b: 1\n  b: 2\n"])
def test_a_declaration_with_one_key_twice_is_refused(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match="twice"):
        parse_yaml(text)


def test_a_declaration_may_replace_a_value_that_it_includes() -> None:
    assert parse_yaml("base: &base {a: 1, b: 2}\nown: {<<: *base, a: 3}")["own"] == {"a": 3, "b": 2}


def test_no_declaration_has_one_key_twice() -> None:
    paths = [path for name in ("warehouse", "sources", "assets") for path in Path(name).rglob("*.yaml")]
    assert len(paths) > 50
    for path in paths:
        parse_yaml(path.read_text(encoding="utf-8"))


def _statistics() -> list[Contract]:
    return [declared for declared in contracts().values() if declared.kind == "statistics"]
