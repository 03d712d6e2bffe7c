"""The Markdown documents: the data dictionary, and the licences of a release."""

from collections.abc import Iterable, Mapping

from warehouse import codes
from warehouse.contracts import Column, Contract
from warehouse.errors import ContractError
from warehouse.exports.about import ABSTRACT, About


def dictionary(contracts: Iterable[Contract], warnings: Mapping[str, str] | None = None) -> str:
    """The data dictionary: every table with its fields, units, code lists and warnings.

    ``warnings`` maps codes of the code list ``warning`` to sentences; by default it is that code list. Raises
    ``ContractError`` if a contract has a warning without a sentence.
    """
    declared = list(contracts)
    warnings = codes.descriptions("warning") if warnings is None else warnings
    contents = [f"- [{c.title}](#{c.table}): {c.description}" for c in declared]
    head = [
        "# Data dictionary",
        "",
        ABSTRACT,
        "",
        "A field name has the same meaning in every table. ★ marks the fields of the key, and *optional* the fields",
        "that may be empty. The names of codes are in the table `code`, of areas in `jurisdiction`, and of indicators",
        "in `indicator`.",
        "",
        *contents,
    ]
    return "\n".join([*head, *(line for c in declared for line in _chapter(c, warnings))]) + "\n"


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


def _chapter(contract: Contract, warnings: Mapping[str, str]) -> list[str]:
    """The chapter of a table in the dictionary."""
    unexplained = [code for code in contract.warnings if not warnings.get(code)]
    if unexplained:
        raise ContractError(f"{contract.table} has the warnings {', '.join(unexplained)} without a description")
    cautions = [f"- `{code}`: {warnings[code]}" for code in contract.warnings]
    return [
        "",
        f"## {contract.table}",
        "",
        f"**{contract.title}**, version {contract.version}. {contract.description}",
        *(["", "Before you use it:", "", *cautions] if cautions else []),
        "",
        "| field | type | unit | codes | description |",
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
