"""The Markdown documents: the data dictionary, and the licences of a release."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from warehouse import codes
from warehouse.contracts import Column, Contract, fields
from warehouse.errors import ContractError
from warehouse.exports.about import ABSTRACT, About

# Longer code lists are not printed: the table `code` has them.
LONGEST_LIST = 50


@dataclass(frozen=True)
class Contents:
    """What a table contains: its indicators and datasets, and in a release the rows, years and jurisdictions."""

    indicators: Sequence[str] = ()
    datasets: Sequence[str] = ()
    rows: int | None = None
    years: tuple[int, int] | None = None
    jurisdictions: int | None = None


def dictionary(
    contracts: Iterable[Contract], contents: Mapping[str, Contents], warnings: Mapping[str, str] | None = None
) -> str:
    """The data dictionary: for each table what it contains, how to ask it and what to avoid; then fields and codes.

    ``warnings`` maps codes of the code list ``warning`` to sentences; by default it is that code list. Raises
    ``ContractError`` if a contract has a warning without a sentence.
    """
    declared = list(contracts)
    warnings = codes.descriptions("warning") if warnings is None else warnings
    listed = [f"- [{c.title}](#{c.table}): {c.description.partition('. ')[0].rstrip('.')}." for c in declared]
    head = [
        "# Data dictionary",
        "",
        ABSTRACT,
        "",
        "Open the table `headline` first. Each chapter has a query that is safe to run, in SQL over the views of",
        "`views.sql`. A field name has the same meaning in every table: [fields](#fields) describes each once, and",
        "[codes](#codes) has the names of the codes. ★ marks the fields of the key of a table.",
        "",
        *listed,
    ]
    chapters = [line for c in declared for line in _chapter(c, contents.get(c.table, Contents()), warnings)]
    return "\n".join([*head, *chapters, *_fields(declared), *_codes(declared)]) + "\n"


def licences(about: About) -> str:
    """The content of ``LICENSES.md``: the licence and the required attribution of each dataset."""
    rows = [
        f"| `{s.dataset}` | {s.title} | {s.publisher} | [{s.licence}]({s.licence_url}) | {_cell(s.attribution)} |"
        for s in about.sources
    ]
    return "\n".join(
        [
            f"# Licences of release {about.name}",
            "",
            "The licence of a row is the licence of the dataset in its field `dataset`. If a licence forbids",
            "redistribution, or is not known to allow it, the rows of that dataset are in no release.",
            "",
            "| dataset | title | publisher | licence | attribution |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _chapter(contract: Contract, contents: Contents, warnings: Mapping[str, str]) -> list[str]:
    """The chapter of a table in the dictionary."""
    unexplained = [code for code in contract.warnings if not warnings.get(code)]
    if unexplained:
        raise ContractError(f"{contract.table} has the warnings {', '.join(unexplained)} without a description")
    cautions = [f"- `{code}`: {warnings[code]}" for code in contract.warnings]
    names = [f"`{name}`{' ★' if name in contract.key else ''}" for name in contract.field_names]
    return [
        "",
        f"## {contract.table}",
        "",
        f"**{contract.title}**, version {contract.version}. {contract.description}",
        "",
        f"```sql\n{contract.safe_query};\n```",
        *(["", "Before you use it:", "", *cautions] if cautions else []),
        *_contents(contents),
        "",
        f"Fields: {', '.join(names)}.",
    ]


def _contents(contents: Contents) -> list[str]:
    """The lines on what a table contains."""
    counts = [f"{contents.rows:,} rows"] if contents.rows is not None else []
    counts += [f"years {contents.years[0]} to {contents.years[1]}"] if contents.years else []
    counts += [f"{contents.jurisdictions:,} jurisdictions"] if contents.jurisdictions else []
    known = {row["indicator"]: row for row in codes.named_indicators().iter_rows(named=True)}
    indicators = [f"{known[name]['name_en']} (`{name}`, {known[name]['unit']})" for name in contents.indicators]
    datasets = [f"`{name}`" for name in contents.datasets]
    return [
        *(["", f"In this release: {', '.join(counts)}."] if counts else []),
        *(["", f"Indicators: {'; '.join(indicators)}."] if indicators else []),
        *(["", f"Datasets: {', '.join(datasets)}."] if datasets else []),
    ]


def _fields(declared: Sequence[Contract]) -> list[str]:
    """The chapter that describes every field of the tables once."""
    columns = {name: column for name, column in fields().items() if any(name in c.field_names for c in declared)}
    return [
        "",
        "## Fields",
        "",
        "A field that is *optional* may be empty.",
        "",
        "| field | type | unit | codes | description |",
        "|---|---|---|---|---|",
        *map(_row, columns.values()),
    ]


def _codes(declared: Sequence[Contract]) -> list[str]:
    """The chapter with the names of the codes of every short code list that a field uses."""
    used = {column.codes for c in declared for column in c.columns if column.codes}
    rows = codes.read("codes").filter(pl.col("code_list").is_in(used)).rows_by_key("code_list", named=True)
    lines = [
        "",
        "## Codes",
        "",
        "Areas are in the table `jurisdiction`, indicators in `indicator`, and the longer code lists in `code`.",
    ]
    for name, listed in sorted(rows.items()):
        if len(listed) > LONGEST_LIST:
            continue
        lines += ["", f"### {name}", "", "| code | English | Chinese | meaning |", "|---|---|---|---|"]
        lines += [
            f"| `{row['code']}` | {row['name_en']} | {row['name_zh'] or ''} | {_cell(row['description'] or '')} |"
            for row in listed
        ]
    return lines


def _row(column: Column) -> str:
    kind = f"{column.type}, *optional*" if column.nullable else column.type
    code_list = f"`{column.codes}`" if column.codes else ""
    return f"| `{column.name}` | {kind} | {column.unit} | {code_list} | {_cell(column.description)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
