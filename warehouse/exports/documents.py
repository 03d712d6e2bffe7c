"""The documents of a release: data package, citations, licences, views, and metadata in the standards of catalogues.

Each document is a pure function of the contracts, the index entries of the tables, and the name and sources of the
release. Addresses are relative to the release's folder, so the documents are valid after the folder is moved.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import polars as pl

from warehouse.contracts import Contract
from warehouse.exports import citation, croissant, data_package, dcat, markdown, schema_org, views
from warehouse.exports.about import About
from warehouse.releases import TableFacts


def documents(
    contracts: Iterable[Contract],
    tables: Mapping[str, TableFacts],
    about: About,
    datasets: Mapping[str, Collection[str]],
) -> dict[str, str]:
    """File name → content of every document. ``datasets`` maps each table to the datasets of its rows."""
    listed = [contract for contract in contracts if contract.table in tables]
    return {
        "datapackage.json": _json(data_package.descriptor(listed, tables, about)),
        "croissant.json": _json(croissant.document(listed, tables, about)),
        "dcat-ap.jsonld": _json(dcat.document(listed, tables, about, datasets)),
        "schema-org.jsonld": _json(schema_org.document(listed, tables, about)),
        "CITATION.cff": citation.cff(about),
        "CITATION.bib": citation.bibtex(about),
        "CITATION.txt": citation.text(about, listed, datasets),
        "LICENSES.md": markdown.licences(about),
        "views.sql": views.sql(listed),
    }


def datasets_of(folder: Path, tables: Iterable[str]) -> dict[str, list[str]]:
    """Table → the datasets of its rows, in alphabetical order; none for a table without the field ``dataset``."""
    found = {}
    for table in tables:
        frame = pl.scan_parquet(folder / "tables" / f"{table}.parquet")
        has_dataset = "dataset" in frame.collect_schema()
        names = frame.select(pl.col("dataset").unique().sort()).collect()["dataset"].to_list() if has_dataset else []
        found[table] = names
    return found


def _json(content: Mapping[str, object]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
