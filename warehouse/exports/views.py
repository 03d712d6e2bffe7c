"""The DuckDB views of a release: ``views.sql``."""

from collections.abc import Iterable

from warehouse.contracts import Contract


def sql(contracts: Iterable[Contract]) -> str:
    """The content of ``views.sql``: one view for each table, with paths relative to the release's folder."""
    declared = list(contracts)
    lines = [
        "-- One view for each table, and one with names next to the codes: asylum_labelled. Open headline first.",
        "-- Run `duckdb -init views.sql` in the folder of a release.",
    ]
    for contract in declared:
        table, text = contract.table, contract.description.replace("'", "''")
        lines += ["", f"CREATE OR REPLACE VIEW {table} AS FROM 'tables/{table}.parquet';"]
        lines += [f"COMMENT ON VIEW {table} IS '{text}';"]
    for contract in declared:
        lines += _labelled(contract) if "code" in {each.table for each in declared} else []
    return "\n".join(lines) + "\n"


def _labelled(contract: Contract) -> list[str]:
    """The view of a table with the names of its indicators, jurisdictions and partners; nothing if it has none."""
    lists = {"indicator": "indicator", "jurisdiction": "area", "partner": "area"}
    names = [name for name in lists if name in contract.field_names]
    if not names or f"{names[0]}_en" in contract.field_names or contract.table in lists:
        return []
    labels = ", ".join(f"c_{name}.name_en AS {name}_en, c_{name}.name_zh AS {name}_zh" for name in names)
    joins = "".join(
        f" LEFT JOIN code AS c_{name} ON c_{name}.code_list = '{lists[name]}' AND c_{name}.code = t.{name}"
        for name in names
    )
    view = f"{contract.table}_labelled"
    return ["", f"CREATE OR REPLACE VIEW {view} AS SELECT t.*, {labels} FROM {contract.table} AS t{joins};"]  # noqa: S608 - the names are those of contracts
