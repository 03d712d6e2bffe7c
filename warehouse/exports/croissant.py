"""A release in Croissant 1.0, which extends schema.org with the files and fields of a dataset.

Specification: https://docs.mlcommons.org/croissant/docs/croissant-spec.html
"""

from collections.abc import Iterable, Mapping

from warehouse.contracts import Contract, Type
from warehouse.exports import schema_org
from warehouse.exports.about import About
from warehouse.exports.citation import bibtex
from warehouse.releases import TableFacts

# The terms of the context that the specification prescribes; a term without "=" is in the namespace "cr".
_TERMS = (
    "citeAs column conformsTo=dct:conformsTo cr=http://mlcommons.org/croissant/ dct=http://purl.org/dc/terms/ "
    "rai=http://mlcommons.org/croissant/RAI/ equivalentProperty extract field fileProperty fileObject fileSet format "
    "includes isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate "
    "sc=https://schema.org/ separator source subField transform"
)
CONTEXT: Mapping[str, object] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{name: iri or f"cr:{name}" for name, _, iri in (term.partition("=") for term in _TERMS.split())},
}
TYPES: Mapping[Type, str] = {
    "string": "sc:Text",
    "int64": "cr:Int64",
    "float64": "cr:Float64",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "timestamp": "sc:DateTime",
}


def document(contracts: Iterable[Contract], tables: Mapping[str, TableFacts], about: About) -> dict[str, object]:
    """A release with a file object and a record set for each table, and a field for each column."""
    listed = list(contracts)
    return {
        "@context": dict(CONTEXT),
        **schema_org.dataset(about),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "citeAs": bibtex(about.limited_to(())).strip(),
        "isLiveDataset": False,
        "distribution": [_file_object(contract, tables[contract.table]) for contract in listed],
        "recordSet": [_record_set(contract) for contract in listed],
    }


def _file_object(contract: Contract, facts: TableFacts) -> dict[str, object]:
    return {
        **schema_org.download(contract, facts),
        "@type": "cr:FileObject",
        "@id": _file_id(contract),
        "name": f"{contract.table}.parquet",
        "encodingFormat": "application/x-parquet",
    }


def _record_set(contract: Contract) -> dict[str, object]:
    return {
        "@type": "cr:RecordSet",
        "@id": contract.table,
        "name": contract.table,
        "description": contract.description,
        "key": [{"@id": f"{contract.table}/{name}"} for name in contract.key],
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{contract.table}/{column.name}",
                "name": column.name,
                "description": column.description,
                "dataType": TYPES[column.type],
                "source": {"fileObject": {"@id": _file_id(contract)}, "extract": {"column": column.name}},
            }
            for column in contract.columns
        ],
    }


def _file_id(contract: Contract) -> str:
    return f"tables/{contract.table}.parquet"
