"""What goes into a release beside the index: Parquet files, data package, dictionary, views, citation and licences.

Every document here is text made from the contracts, the code lists and what the caller knows of the release, so that
it cannot say anything else than they do.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from warehouse import codes
from warehouse.contracts import Column, Contract, Type
from warehouse.errors import ContractError
from warehouse.releases import TableFacts

NAME = "corridor"
TITLE = "Corridor: the migration systems of China and the 27 EU member states"
ABSTRACT = "The migration systems of China and the 27 EU member states, side by side, in numbers and in law."
PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
RESOURCE_PROFILE = "https://datapackage.org/profiles/2.0/dataresource.json"
SCHEMA_PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"

ROW_GROUP = 131_072

# Types of Table Schema for ours.
TABLE_SCHEMA: Mapping[Type, str] = {
    "string": "string",
    "int64": "integer",
    "float64": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "datetime",
}


@dataclass(frozen=True)
class Source:
    """A dataset that a release holds rows of: its name and title, its publisher, and the licence of its rows."""

    dataset: str
    title: str
    publisher: str
    homepage: str
    licence: str
    licence_url: str
    attribution: str


@dataclass(frozen=True)
class About:
    """What documents say of a release: its name, when it was made, from which mode, and of which sources."""

    name: str
    created: datetime
    mode: str
    sources: Sequence[Source]

    @property
    def description(self) -> str:
        """What the dataset is, and that a release from the embedded snapshot holds a part of it."""
        partial = " Built from the embedded snapshot, which holds a part of each source." if self.mode != "live" else ""
        return f"{ABSTRACT}{partial}"


def write_parquet(frame: pl.DataFrame | pl.LazyFrame, contract: Contract, path: Path) -> None:
    """The rows as one plain Parquet file: the contract's columns and footer, sorted by key, zstd.

    Equal rows give equal bytes, in whatever order they come. ``ContractError`` says where a frame breaks the contract.
    """
    rows = frame.lazy().collect().sort(contract.key)
    if rows.schema != contract.polars_schema:
        raise ContractError(f"the frame is not in the schema of {contract.table}: {_difference(rows.schema, contract)}")
    empty = [c.name for c in contract.columns if not c.nullable and rows[c.name].null_count()]
    if empty:
        raise ContractError(f"{contract.table} has empty values in {', '.join(empty)}, which must not be empty")
    schema = contract.arrow_schema
    described = {**(schema.metadata or {}), b"description": contract.description.encode()}
    table = rows.to_arrow().cast(pa.schema(schema, metadata=described))
    pq.write_table(
        table,
        path,
        compression="zstd",
        row_group_size=ROW_GROUP,
        sorting_columns=pq.SortingColumn.from_ordering(table.schema, [(name, "ascending") for name in contract.key]),
        write_statistics=True,
        store_schema=True,
    )


def descriptor(contracts: Iterable[Contract], tables: Mapping[str, TableFacts], about: About) -> dict[str, object]:
    """The Frictionless Data Package v2 of a release, as the content of its ``datapackage.json``.

    Describes those contracts whose tables the release has.
    """
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


def dictionary(contracts: Iterable[Contract], warnings: Mapping[str, str] | None = None) -> str:
    """The data dictionary as a Markdown page: every table, field, unit and code list.

    ``warnings`` maps the codes of the list ``warning`` to sentences, by default to those of the list itself;
    ``ContractError`` if a contract has a code without one.
    """
    declared = list(contracts)
    warnings = meanings("warning") if warnings is None else warnings
    contents = [f"- [{c.title}](#{c.table}): {c.description}" for c in declared]
    head = [
        "# Data dictionary",
        "",
        ABSTRACT,
        "",
        "A name means one thing in every table. ★ marks the fields of the key, *optional* those that may be empty.",
        "Codes stand with their names in the table `code`, areas in `jurisdiction`, indicators in `indicator`.",
        "",
        *contents,
    ]
    return "\n".join([*head, *(line for c in declared for line in _page(c, warnings))]) + "\n"


def views_sql(contracts: Iterable[Contract]) -> str:
    """The content of ``views.sql``: a view for each table, for DuckDB in the folder of a release."""
    head = "-- A view for each table: `duckdb -init views.sql` in the folder of a release."
    lines = [head]
    for table, text in ((contract.table, contract.description.replace("'", "''")) for contract in contracts):
        lines += ["", f"CREATE OR REPLACE VIEW {table} AS FROM 'tables/{table}.parquet';"]
        lines += [f"COMMENT ON VIEW {table} IS '{text}';"]
    return "\n".join(lines) + "\n"


def citation_cff(about: About) -> str:
    """The content of ``CITATION.cff``: how to cite a release, in the Citation File Format 1.2.0."""
    content = {
        "cff-version": "1.2.0",
        "message": "If you use this dataset, cite it and the publishers of the figures that you use.",
        "type": "dataset",
        "title": TITLE,
        "abstract": about.description,
        "version": about.name,
        "date-released": about.created.astimezone(UTC).date(),
        "authors": [{"name": "The Corridor project"}],
        "references": [
            {
                "type": "data",
                "title": source.title,
                "authors": [{"name": source.publisher}],
                "url": source.homepage,
                "license-url": source.licence_url,
            }
            for source in about.sources
        ],
    }
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120))


def licences_md(about: About) -> str:
    """The content of ``LICENSES.md``: under which licence the rows of each dataset may be used, and whom to name."""
    rows = [
        f"| `{s.dataset}` | {s.title} | {s.publisher} | [{s.licence}]({s.licence_url}) | {_cell(s.attribution)} |"
        for s in about.sources
    ]
    return "\n".join(
        [
            f"# Licences of release {about.name}",
            "",
            "Each row is under the licence of the dataset that it names in its field `dataset`. Rows of sources whose",
            "licence forbids redistribution, or is not known to allow it, are in no release.",
            "",
            "| dataset | title | publisher | licence | name it as |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def meanings(code_list: str) -> dict[str, str]:
    """Code → description of a code list."""
    listed = codes.codes().filter(pl.col("code_list") == code_list)
    return dict(zip(listed["code"], listed["description"], strict=True))


def timestamp(moment: datetime) -> str:
    """A moment as RFC 3339 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _difference(found: pl.Schema, contract: Contract) -> str:
    expected = contract.polars_schema
    if list(found) != list(expected):
        missing, extra = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
        return f"missing {missing or 'none'}, not in the contract {extra or 'none'}, else another order"
    return "; ".join(f"{name} is {found[name]}, not {kind}" for name, kind in expected.items() if found[name] != kind)


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
    """A field of Table Schema; ``unit`` and ``codeList`` are properties of ours."""
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
    return field | ({"codeList": column.codes} if column.codes else {})


def _page(contract: Contract, warnings: Mapping[str, str]) -> list[str]:
    """A table's chapter of the dictionary."""
    unexplained = [code for code in contract.warnings if not warnings.get(code)]
    if unexplained:
        raise ContractError(f"{contract.table} warns of {', '.join(unexplained)}, which the code list does not explain")
    cautions = [f"- `{code}`: {warnings[code]}" for code in contract.warnings]
    return [
        "",
        f"## {contract.table}",
        "",
        f"**{contract.title}**, version {contract.version}. {contract.description}",
        *(["", "Before you use it:", "", *cautions] if cautions else []),
        "",
        "| field | type | unit | codes | what it is |",
        "|---|---|---|---|---|",
        *(_row(column, contract) for column in contract.columns),
    ]


def _row(column: Column, contract: Contract) -> str:
    star = " ★" if column.name in contract.key else ""
    kind = f"{column.type}, *optional*" if column.nullable else column.type
    code_list = f"`{column.codes}`" if column.codes else ""
    return f"| `{column.name}`{star} | {kind} | {column.unit} | {code_list} | {_cell(column.description)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
