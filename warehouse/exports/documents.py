"""The documents of a release: data package, citations, licences, views, and metadata in the standards of catalogues.

Each document is a pure function of the contracts, the index entries of the tables, and the name and sources of the
release. Addresses are relative to the release's folder, so the documents are valid after the folder is moved.
"""

import json
from collections.abc import Iterable, Mapping
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
    contents: Mapping[str, markdown.Contents],
) -> dict[str, str]:
    """File name → content of every document. ``contents``: table → what it contains."""
    listed = [contract for contract in contracts if contract.table in tables]
    datasets = {table: found.datasets for table, found in contents.items()}
    return {
        "datapackage.json": _json(data_package.descriptor(listed, tables, about)),
        "croissant.json": _json(croissant.document(listed, tables, about)),
        "dcat-ap.jsonld": _json(dcat.document(listed, tables, about, datasets)),
        "schema-org.jsonld": _json(schema_org.document(listed, tables, about)),
        "CITATION.cff": citation.cff(about),
        "CITATION.bib": citation.bibtex(about),
        "CITATION.txt": citation.text(about, listed, datasets),
        "DICTIONARY.md": markdown.dictionary(listed, contents),
        "LICENSES.md": markdown.licences(about),
        "views.sql": views.sql(listed),
    }


def contents_of(folder: Path, tables: Iterable[str]) -> dict[str, markdown.Contents]:
    """Table → what its file contains. A table without a field has none of the facts that the field gives."""
    return {table: _contents(pl.scan_parquet(folder / "tables" / f"{table}.parquet")) for table in tables}


def _contents(rows: pl.LazyFrame) -> markdown.Contents:
    columns = rows.collect_schema().names()
    asked: dict[str, pl.Expr] = {
        "rows": pl.len(),
        **{name: pl.col(name).unique().sort().implode() for name in ("indicator", "dataset") if name in columns},
        **({"jurisdictions": pl.col("jurisdiction").n_unique()} if "jurisdiction" in columns else {}),
        **({"first": pl.col("year").min(), "last": pl.col("year").max()} if "year" in columns else {}),
    }
    (found,) = rows.select(**asked).collect(engine="streaming").iter_rows(named=True)
    return markdown.Contents(
        indicators=[name for name in found.get("indicator", ()) if name],
        datasets=found.get("dataset", ()),
        rows=found["rows"],
        years=(found["first"], found["last"]) if found.get("first") is not None else None,
        jurisdictions=found.get("jurisdictions"),
    )


def _json(content: Mapping[str, object]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
