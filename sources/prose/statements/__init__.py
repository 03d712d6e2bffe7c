"""The declared statements of the publishers of prose, one YAML a publisher."""

import re
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import ValidationError

from sources.errors import CatalogueError
from sources.prose.statements.model import (
    FIELDS,
    Coded,
    Context,
    Example,
    Form,
    Row,
    Rule,
    Statement,
    Statements,
    Sum,
    Worded,
)
from warehouse.yaml_text import parse_yaml

__all__ = [
    "FIELDS",
    "Coded",
    "Context",
    "Example",
    "Form",
    "Row",
    "Rule",
    "Statement",
    "Statements",
    "Sum",
    "Worded",
    "load",
    "statements",
]


def load(text: str, name: str) -> Statements:
    """Return the statements of a YAML text; ``CatalogueError`` names the file and the field."""
    try:
        loaded: Any = parse_yaml(text)
        found = Statements.model_validate(loaded)
        found.smaller  # noqa: B018 - compile
    except (yaml.YAMLError, re.error) as error:
        raise CatalogueError(f"the statements {name} are not valid: {error}") from error
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        raise CatalogueError(f"the statements {name} are not valid: {places}") from error
    return found


@cache
def statements() -> dict[str, Statements]:
    """Return the statements of every publisher of prose, by publisher."""
    found = {}
    for item in sorted(files(__package__).iterdir(), key=lambda entry: entry.name):
        if item.name.endswith(".yaml"):
            loaded = load(item.read_text(encoding="utf-8"), item.name)
            if f"{loaded.publisher}.yaml" != item.name:
                raise CatalogueError(f"the statements {item.name} name their publisher {loaded.publisher}")
            found[loaded.publisher] = loaded
    return found
