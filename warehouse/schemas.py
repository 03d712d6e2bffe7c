"""JSON Schemas of all YAML files, generated from their pydantic models, for completion and checks in an editor."""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, TypeAdapter

from warehouse.contracts import Column, Contract
from warehouse.headline import Headline
from warehouse.measures import Declared

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def own() -> dict[str, dict[str, object]]:
    """Name → schema for the YAML files of this package: ``contract``, ``fields``, ``headline`` and ``measures``."""
    return {
        "contract": schema(Contract),
        "fields": _fields(),
        "headline": schema(Headline),
        "measures": schema(Declared),
    }


def schema(model: type[BaseModel]) -> dict[str, object]:
    """The JSON Schema of a model, with the field names of its YAML."""
    return {"$schema": DIALECT, **model.model_json_schema(by_alias=True)}


def texts(schemas: Mapping[str, dict[str, object]]) -> dict[str, str]:
    """File name → content of each schema."""
    return {
        f"{name}.schema.json": json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        for name, content in schemas.items()
    }


def write_schemas(models: Mapping[str, type[BaseModel]], folder: Path) -> None:
    """Write ``<name>.schema.json`` for the YAML files of this package and for ``models``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts({**own(), **{name: schema(model) for name, model in models.items()}}).items():
        folder.joinpath(name).write_text(text, encoding="utf-8")


def _fields() -> dict[str, object]:
    """The schema of ``fields.yaml``: a mapping from names to columns, which therefore have no property ``name``."""
    schema = TypeAdapter(dict[str, Column]).json_schema()
    column = schema["$defs"]["Column"]
    del column["properties"]["name"]
    column["required"].remove("name")
    return {"$schema": DIALECT, "title": "Fields", **schema}
