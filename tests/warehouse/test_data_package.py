"""The files of a release: Parquet that other libraries read, and documents that describe it."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import jsonschema  # type: ignore[import-untyped]
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.support.frames import rows
from tests.support.small_release import SOURCE
from warehouse.contracts import contract, contracts
from warehouse.errors import ContractError
from warehouse.exports import citation, data_package, markdown, parquet
from warehouse.exports.about import About
from warehouse.files import sha256
from warehouse.releases import TableFacts, facts

FRAME = rows(
    "population",
    {"jurisdiction": "CHN", "value": None, "missing_reason": "not_published"},
    {"jurisdiction": "BEL", "value": 0.0},
    {"jurisdiction": "AUT", "value": 12.5, "value_min": 12.0, "value_max": 13.0},
)
ABOUT = About(
    name="2026-11-24.1",
    created=datetime(2026, 11, 24, 3, 30, 5, 123, tzinfo=UTC),
    mode="snapshot",
    sources=[SOURCE],
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    parquet.write(FRAME, contract("population"), tmp_path / "population.parquet")
    return tmp_path / "population.parquet"


def test_rows_are_read_back_sorted_by_key(path: Path) -> None:
    assert_frame_equal(pl.read_parquet(path), FRAME.sort(contract("population").key))


def test_pandas_duckdb_and_polars_read_the_same_plain_columns(path: Path) -> None:
    expected = FRAME.sort("jurisdiction")["jurisdiction"].to_list()
    assert pd.read_parquet(path)["jurisdiction"].to_list() == expected
    assert pl.read_parquet(path)["jurisdiction"].to_list() == expected
    query = f"select jurisdiction, value from '{path}' where period = '2024-01-01' and value is not null"
    assert duckdb.execute(query).fetchall() == [("AUT", 12.5), ("BEL", 0.0)]
    assert str(pd.read_parquet(path)["known_from"].dtype).endswith("UTC]")


def test_pandas_reads_dates_as_dates_and_missing_integers_as_integers(path: Path, tmp_path: Path) -> None:
    assert pd.read_parquet(path)["period"].dt.year.to_list() == [2024] * 3
    kinds = contract("visa_rule").polars_schema
    texts = dict.fromkeys((name for name, kind in kinds.items() if kind == pl.String), "x")
    days = dict.fromkeys((name for name, kind in kinds.items() if kind.is_temporal()), datetime(2024, 1, 1, tzinfo=UTC))
    numbers = dict.fromkeys((name for name, kind in kinds.items() if kind.is_numeric()), 90)
    given = {**texts, **days, **numbers, "window_days": None}
    rules = pl.DataFrame([given]).select(pl.col(name).cast(kind) for name, kind in kinds.items())
    parquet.write(rules, contract("visa_rule"), tmp_path / "visa_rule.parquet")
    found = pd.read_parquet(tmp_path / "visa_rule.parquet")
    assert (str(found["stay_days"].dtype), found["stay_days"][0], found["window_days"].isna()[0]) == ("Int64", 90, True)


def test_a_missing_integer_is_declared_as_validators_read_it() -> None:
    fields = [data_package._field(column, contract("visa_rule")) for column in contract("visa_rule").columns]
    assert {field["name"] for field in fields if "missingValues" in field} == {"stay_days", "window_days"}


def test_the_footer_describes_the_table_and_its_fields(path: Path) -> None:
    schema = pq.read_schema(path)
    assert schema.metadata[b"table"] == b"population"
    assert schema.metadata[b"version"] == contract("population").version.encode()
    assert schema.metadata[b"title"] == b"Population"
    assert schema.metadata[b"description"] == contract("population").description.encode()
    assert all(field.metadata[b"description"] and field.metadata[b"unit"] for field in schema)
    assert schema.field("jurisdiction").nullable is False


@given(order=st.permutations(range(3)))
def test_equal_rows_give_equal_bytes_in_any_order(order: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    parquet.write(FRAME, contract("population"), folder / "a")
    parquet.write(FRAME[order].lazy(), contract("population"), folder / "b")
    assert (folder / "a").read_bytes() == (folder / "b").read_bytes()


def test_rows_are_grouped_so_that_a_filter_can_skip(tmp_path: Path) -> None:
    count = 2 * parquet.ROW_GROUP + 1
    many = pl.concat([rows("population", {})] * count).with_columns(
        jurisdiction=pl.format("R{}", pl.int_range(count).cast(pl.String).str.zfill(7))
    )
    parquet.write(many, contract("population"), tmp_path / "many")
    meta = pq.read_metadata(tmp_path / "many")
    jurisdiction = [meta.row_group(n).column(1) for n in range(meta.num_row_groups)]
    assert [meta.row_group(n).num_rows for n in range(3)] == [parquet.ROW_GROUP, parquet.ROW_GROUP, 1]
    assert jurisdiction[0].compression == "ZSTD"
    assert jurisdiction[0].statistics.max < jurisdiction[1].statistics.min


def test_a_table_with_no_rows_is_written(tmp_path: Path) -> None:
    parquet.write(FRAME.clear(), contract("population"), tmp_path / "none")
    assert pl.read_parquet(tmp_path / "none").equals(FRAME.clear())


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (FRAME.drop("unit"), r"missing \['unit'\]"),
        (FRAME.with_columns(extra=pl.lit(1)), r"not in the contract \['extra'\]"),
        (FRAME.with_columns(pl.col("locator").cast(pl.Int32)), "locator is Int32, not Int64"),
        (FRAME.with_columns(unit=pl.lit(None, pl.String)), "empty values in unit"),
    ],
)
def test_a_frame_that_breaks_its_contract_is_not_written(broken: pl.DataFrame, expected: str, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=expected):
        parquet.write(broken, contract("population"), tmp_path / "x")
    assert not (tmp_path / "x").exists()


def described(path: Path) -> dict[str, Any]:
    tables = {"population": facts(path, "population")}
    return json.loads(json.dumps(data_package.descriptor(contracts().values(), tables, ABOUT)))  # type: ignore[no-any-return]


def test_the_package_describes_the_tables_that_the_release_has(path: Path) -> None:
    descriptor = described(path)
    (resource,) = descriptor["resources"]
    assert descriptor["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    assert descriptor["created"] == "2026-11-24T03:30:05Z"
    assert descriptor["version"] == ABOUT.name
    assert resource["path"] == "tables/population.parquet"
    assert resource["hash"] == f"sha256:{sha256(path)}"
    assert resource["rows"] == 3
    assert resource["schema"]["primaryKey"] == list(contract("population").key)


def test_every_field_has_type_description_and_unit(path: Path) -> None:
    (resource,) = described(path)["resources"]
    fields = {field["name"]: field for field in resource["schema"]["fields"]}
    assert list(fields) == list(contract("population").field_names)
    assert all(field["description"] and field["unit"] and field["type"] for field in fields.values())
    assert fields["payload"]["constraints"] == {"required": True, "pattern": "^[0-9a-f]{64}$"}
    assert fields["value"]["constraints"] == {"required": False}
    assert fields["period"]["type"] == "date"
    assert fields["sex"]["codeList"] == "sex"


def test_a_key_of_one_field_is_unique() -> None:
    tables = {"indicator": TableFacts(rows=1, bytes=1, sha256="0" * 64, schema_version="1.0.0", fields={})}
    descriptor = json.loads(json.dumps(data_package.descriptor(contracts().values(), tables, ABOUT)))
    assert descriptor["resources"][0]["schema"]["fields"][0]["constraints"] == {"required": True, "unique": True}


# The parts of the Data Package 2.0 profile that apply to us: https://datapackage.org/profiles/2.0/datapackage.json
PROFILE = {
    "type": "object",
    "required": ["resources"],
    "properties": {
        "$schema": {"type": "string"},
        "name": {"type": "string", "pattern": "^[a-z0-9._-]+$"},
        "version": {"type": "string"},
        "created": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
        "keywords": {"type": "array", "minItems": 1},
        "licenses": {
            "type": "array",
            "minItems": 1,
            "items": {"anyOf": [{"required": ["name"]}, {"required": ["path"]}]},
        },
        "sources": {"type": "array", "minItems": 1, "items": {"required": ["title"]}},
        "contributors": {"type": "array", "items": {"properties": {"roles": {"type": "array", "minItems": 1}}}},
        "resources": {
            "type": "array",
            "minItems": 1,
            "items": {
                "required": ["name", "path"],
                "properties": {
                    "name": {"pattern": "^[a-z0-9._-]+$|^[a-z_]+$"},
                    "path": {"pattern": "^(?=^[^./~])(^((?!\\.{2}).)*$).*$"},
                    "type": {"const": "table"},
                    "mediatype": {"pattern": "^(.+)/(.+)$"},
                    "hash": {"pattern": "^([^:]+:[a-fA-F0-9]+|[a-fA-F0-9]{32}|)$"},
                    "schema": {
                        "required": ["fields"],
                        "properties": {
                            "fields": {
                                "items": {
                                    "required": ["name"],
                                    "properties": {
                                        "type": {"enum": ["string", "integer", "number", "boolean", "date", "datetime"]}
                                    },
                                }
                            }
                        },
                    },
                },
            },
        },
    },
}


def test_the_package_keeps_to_the_profile_that_it_names(path: Path) -> None:
    jsonschema.validate(described(path), PROFILE)


def test_only_a_release_of_the_snapshot_is_described_as_one() -> None:
    live = About(name=ABOUT.name, created=ABOUT.created, mode="live", sources=ABOUT.sources)
    assert "snapshot" in citation.cff(ABOUT)
    assert "snapshot" not in citation.cff(live)


def test_the_citation_names_release_date_and_publishers() -> None:
    cited = yaml.safe_load(citation.cff(ABOUT))
    assert cited["cff-version"] == "1.2.0"
    assert cited["type"] == "dataset"
    assert cited["version"] == ABOUT.name
    assert cited["date-released"] == ABOUT.created.date()
    assert cited["references"][0]["authors"] == [{"name": "Eurostat"}]


def test_the_licences_name_each_dataset_and_its_attribution_in_one_row() -> None:
    (row,) = (line for line in markdown.licences(ABOUT).splitlines() if "demo_pjan`" in line)
    assert "[CC-BY-4.0](https://creativecommons.org/licenses/by/4.0/)" in row
    assert "Source: Eurostat \\| demo_pjan" in row


def test_the_dictionary_describes_every_field_once_and_spells_out_warnings() -> None:
    warned = {code: f"Beware of {code}." for declared in contracts().values() for code in declared.warnings}
    page = markdown.dictionary(contracts().values(), {}, warned)
    for declared in contracts().values():
        lines = page.split(f"\n## {declared.table}\n")[1].split("\n## ")[0].splitlines()
        (listed,) = (line for line in lines if line.startswith("Fields: "))
        assert re.findall(r"`(\w+)`", listed) == list(declared.field_names)
        assert all(f"- `{code}`: Beware of {code}." in lines for code in declared.warnings)
        assert f"{declared.safe_query};" in lines
    described = page.split("\n## Fields\n")[1].split("\n## ")[0]
    for name in {column.name for declared in contracts().values() for column in declared.columns}:
        assert described.count(f"\n| `{name}` |") == 1


def test_the_dictionary_of_a_release_counts_what_each_table_contains() -> None:
    contents = markdown.Contents(["refugees"], ["unhcr/population"], 1200, (2000, 2025), 28)
    chapter = markdown.dictionary([contract("displacement")], {"displacement": contents})
    assert "In this release: 1,200 rows, years 2000 to 2025, 28 jurisdictions." in chapter
    assert "Indicators: Refugees (`refugees`, persons)." in chapter
    assert "Datasets: `unhcr/population`." in chapter


def test_a_warning_that_the_code_list_does_not_explain_is_an_error() -> None:
    with pytest.raises(ContractError, match=r"population has the warnings .* without a description"):
        markdown.dictionary([contract("population")], {}, {})
