"""The Frictionless Data Package 2.0 of a release: ``datapackage.json``."""

from collections.abc import Iterable, Mapping, Sequence

from warehouse.contracts import Column, Contract, Type
from warehouse.exports.about import NAME, TITLE, About, Source, timestamp
from warehouse.releases import TableFacts

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
RESOURCE_PROFILE = "https://datapackage.org/profiles/2.0/dataresource.json"
SCHEMA_PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"

# The type of Table Schema for each type of a contract.
TABLE_SCHEMA: Mapping[Type, str] = {
    "string": "string",
    "int64": "integer",
    "float64": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "datetime",
}


def descriptor(contracts: Iterable[Contract], tables: Mapping[str, TableFacts], about: About) -> dict[str, object]:
    """The content of ``datapackage.json``, with one resource for each table in ``tables``."""
    return {
        "$schema": PROFILE,
        "name": NAME,
        "title": TITLE,
        "description": about.description,
        "version": about.name,
        "created": timestamp(about.created),
        "keywords": ["migration", "China", "European Union", "asylum", "residence permits", "migration law"],
        "licenses": _licences(about.sources),
        "contributors": [{"title": "Corridor", "roles": ["aggregator"]}],
        "sources": [{"title": f"{s.publisher}: {s.title}", "path": s.homepage} for s in about.sources],
        "resources": [_resource(c, tables[c.table]) for c in contracts if c.table in tables],
    }


def _licences(sources: Sequence[Source]) -> list[dict[str, str]]:
    """Each licence once."""
    licences = dict.fromkeys((s.licence, s.licence_url) for s in sources)
    return [{"name": name, "title": name, "path": url} for name, url in licences]


def _resource(contract: Contract, facts: TableFacts) -> dict[str, object]:
    return {
        "$schema": RESOURCE_PROFILE,
        "name": contract.table,
        "type": "table",
        "title": contract.title,
        "description": contract.description,
        "path": f"tables/{contract.table}.parquet",
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "hash": f"sha256:{facts.sha256}",
        "rows": facts.rows,
        "warnings": contract.warnings,
        "schema": {
            "$schema": SCHEMA_PROFILE,
            "fields": [_field(column, contract) for column in contract.columns],
            "primaryKey": list(contract.key),
            "missingValues": [],
        },
    }


def _field(column: Column, contract: Contract) -> dict[str, object]:
    """A field of Table Schema, with the additional properties ``unit`` and ``codeList``."""
    constraints: dict[str, object] = {"required": not column.nullable}
    if contract.key == (column.name,):
        constraints["unique"] = True
    if column.pattern:
        constraints["pattern"] = column.pattern
    field: dict[str, object] = {
        "name": column.name,
        "type": TABLE_SCHEMA[column.type],
        "description": column.description,
        "unit": column.unit,
        "constraints": constraints,
    }
    if column.nullable and column.type == "int64":
        field["missingValues"] = ["nan", "<NA>"]  # a missing integer as validators read it from Parquet, by pandas
    return field | ({"codeList": column.codes} if column.codes else {})
