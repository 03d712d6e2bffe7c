"""JSON Schemas of everything that is written in YAML, generated from the models, so that an editor helps."""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, TypeAdapter

from warehouse.contracts import Column, Contract
from warehouse.measures import Declared

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def own() -> dict[str, dict[str, object]]:
    """The schemas of the YAML files of this package, by name: ``contract``, ``fields`` and ``measures``."""
    return {"contract": schema(Contract), "fields": _fields(), "measures": schema(Declared)}


def schema(model: type[BaseModel]) -> dict[str, object]:
    """The JSON Schema of a model, with the names that its YAML has."""
    return {"$schema": DIALECT, **model.model_json_schema(by_alias=True)}


def texts(schemas: Mapping[str, dict[str, object]]) -> dict[str, str]:
    """File name → content, for each schema by its name."""
    return {
        f"{name}.schema.json": json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        for name, content in schemas.items()
    }


def write_schemas(models: Mapping[str, type[BaseModel]], folder: Path) -> None:
    """Write ``<name>.schema.json`` for the YAML files of this package and for the models given."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts({**own(), **{name: schema(model) for name, model in models.items()}}).items():
        folder.joinpath(name).write_text(text, encoding="utf-8")


def _fields() -> dict[str, object]:
    """The schema of ``fields.yaml``: a mapping whose keys are the names that the fields have as models."""
    whole = TypeAdapter(dict[str, Column]).json_schema()
    column = whole["$defs"]["Column"]
    del column["properties"]["name"]
    column["required"].remove("name")
    return {"$schema": DIALECT, "title": "Fields", **whole}
