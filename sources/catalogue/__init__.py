"""The catalogue: one YAML file a publisher, which declares everything about its datasets.

An entry contains the publisher, its licence, schedule, endpoints and limits, and for each dataset how its dimensions
become the fields of a table. A service that an entry cannot describe needs code in ``sources/protocols``.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import ValidationError

from sources.catalogue.model import Dataset, Publisher
from sources.errors import CatalogueError
from warehouse.yaml_text import parse_yaml


def load(text: str, name: str) -> Publisher:
    """A publisher from its YAML. ``CatalogueError`` names the entry and the field."""
    try:
        return Publisher.model_validate(parse_yaml(text))
    except yaml.YAMLError as error:
        raise CatalogueError(f"the catalogue entry {name} is not YAML: {error}") from error
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        raise CatalogueError(f"the catalogue entry {name} is not valid: {places}") from error


@cache
def publishers() -> dict[str, Publisher]:
    """All publishers by id, in alphabetical order."""
    folder = files(__package__)
    entries = sorted((item.name, item) for item in folder.iterdir() if item.name.endswith(".yaml"))
    loaded = {name: load(item.read_text(encoding="utf-8"), name) for name, item in entries}
    for name, publisher in loaded.items():
        if Path(name).stem != publisher.publisher:
            raise CatalogueError(f"the catalogue entry {name} has the publisher {publisher.publisher}")
    return {publisher.publisher: publisher for publisher in loaded.values()}


def datasets() -> dict[str, tuple[Publisher, Dataset]]:
    """All datasets by ``publisher/dataset``."""
    return {f"{p.publisher}/{name}": (p, entry) for p in publishers().values() for name, entry in p.datasets.items()}


def renamed_datasets() -> tuple[tuple[str, str], ...]:
    """The earlier and the present name of each dataset that was renamed, as ``publisher/dataset``.

    ``CatalogueError`` if an earlier name is the name of a dataset, or belongs to two.
    """
    found = datasets()
    pairs = [(earlier, name) for name, (_, entry) in found.items() for earlier in entry.formerly]
    earlier_names = [earlier for earlier, _ in pairs]
    for earlier in earlier_names:
        if earlier in found or earlier_names.count(earlier) > 1:
            raise CatalogueError(f"{earlier} is the earlier name of a dataset and also another name")
    return tuple(pairs)


def dataset(name: str) -> tuple[Publisher, Dataset]:
    """One dataset by ``publisher/dataset``; ``CatalogueError`` lists similar names."""
    found = datasets().get(name)
    if found is None:
        code = name.partition("/")[2]
        similar = [known for known in datasets() if code and code in known]
        hint = f"; did you mean {', '.join(similar[:5])}?" if similar else "; `corridor sources` lists them"
        raise CatalogueError(f"the catalogue has no dataset {name}{hint}")
    return found


def redistributable() -> list[str]:
    """The datasets whose licence is known to allow redistribution."""
    return [
        name
        for name, (publisher, _) in datasets().items()
        if publisher.licence_of(name.partition("/")[2]).redistribution == "allowed"
    ]
