"""The generated documents that are committed are equal to those that the contracts and models generate now."""

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from pydantic import BaseModel

from pipelines.documents import dictionary
from sources.catalogue.model import Publisher
from sources.prose.language.vocabulary import Vocabulary
from sources.prose.plausibility import Plausibility
from sources.prose.statements import Statements
from tests.support.paths import ROOT
from warehouse import schemas
from warehouse.contracts import Contract

REGENERATE = "run `make docs`"
SCHEMAS = schemas.texts(
    {
        **schemas.own(),
        "catalogue": schemas.schema(Publisher),
        "statements": schemas.schema(Statements),
        "vocabulary": schemas.schema(Vocabulary),
        "plausibility": schemas.schema(Plausibility),
    }
)
CONTRACTS = sorted((ROOT / "warehouse" / "contracts").glob("*.yaml"))


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_committed_schema_is_the_generated_one(name: str) -> None:
    assert (ROOT / "docs" / "schemas" / name).read_text("utf-8") == SCHEMAS[name], REGENERATE


def test_no_other_schema_is_committed() -> None:
    assert {path.name for path in (ROOT / "docs" / "schemas").iterdir()} == set(SCHEMAS)


def test_the_committed_dictionary_is_the_generated_one() -> None:
    assert (ROOT / "docs" / "dictionary.md").read_text("utf-8") == dictionary(), REGENERATE


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.stem)
def test_each_contract_names_its_schema_for_editors_and_keeps_to_it(path: Path) -> None:
    text = path.read_text("utf-8")
    first = text.splitlines()[0]
    named = (path.parent / first.removeprefix("# yaml-language-server: $schema=")).resolve()
    assert named == ROOT / "docs" / "schemas" / "contract.schema.json"
    jsonschema.validate(yaml.safe_load(text), json.loads(named.read_text("utf-8")))


def test_the_fields_name_their_schema_and_keep_to_it() -> None:
    path = ROOT / "warehouse" / "fields.yaml"
    named = (path.parent / path.read_text("utf-8").splitlines()[0].partition("$schema=")[2]).resolve()
    assert named == ROOT / "docs" / "schemas" / "fields.schema.json"
    jsonschema.validate(yaml.safe_load(path.read_text("utf-8")), json.loads(named.read_text("utf-8")))


def test_a_schema_refuses_what_its_model_refuses() -> None:
    entry = yaml.safe_load(CONTRACTS[0].read_text("utf-8"))
    for broken in ({**entry, "kind": "other"}, {**entry, "unknown": 1}, {**entry, "version": "1"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schemas.schema(Contract))


def test_schemas_of_other_models_are_written_next_to_our_own(tmp_path: Path) -> None:
    class Other(BaseModel):
        name: str

    schemas.write_schemas({"other": Other}, tmp_path / "schemas")
    written = {path.name for path in (tmp_path / "schemas").iterdir()}
    assert written == {
        "contract.schema.json",
        "fields.schema.json",
        "headline.schema.json",
        "measures.schema.json",
        "other.schema.json",
    }
