"""Writes the generated documents: the data dictionary and the JSON Schemas. Run ``python -m pipelines.documents``."""

from pathlib import Path

from pydantic import BaseModel

from sources.catalogue import datasets
from sources.catalogue.model import Publisher
from sources.prose.language.vocabulary import Vocabulary
from sources.prose.plausibility import Plausibility
from sources.prose.statements import Statements
from warehouse import schemas
from warehouse.contracts import contracts
from warehouse.exports import markdown


def dictionary() -> str:
    """The data dictionary of the declarations, with the datasets of each table in the catalogue."""
    names: dict[str, list[str]] = {}
    for name, (_, entry) in datasets().items():
        names.setdefault(entry.table, []).append(name)
    contents = {table: markdown.Contents(datasets=found) for table, found in names.items()}
    return markdown.dictionary(contracts().values(), contents)


def write(folder: Path) -> None:
    """Write ``dictionary.md`` and ``schemas/*.schema.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dictionary.md").write_text(dictionary(), encoding="utf-8")
    models: dict[str, type[BaseModel]] = {
        "catalogue": Publisher,
        "statements": Statements,
        "vocabulary": Vocabulary,
        "plausibility": Plausibility,
    }
    schemas.write_schemas(models, folder / "schemas")


if __name__ == "__main__":
    write(Path(__file__).resolve().parents[1] / "docs")
