"""The DuckDB views of a release: ``views.sql``."""

from collections.abc import Iterable

from warehouse.contracts import Contract


def sql(contracts: Iterable[Contract]) -> str:
    """The content of ``views.sql``: one view for each table, with paths relative to the release's folder."""
    lines = ["-- One view for each table. Run `duckdb -init views.sql` in the folder of a release."]
    for table, text in ((contract.table, contract.description.replace("'", "''")) for contract in contracts):
        lines += ["", f"CREATE OR REPLACE VIEW {table} AS FROM 'tables/{table}.parquet';"]
        lines += [f"COMMENT ON VIEW {table} IS '{text}';"]
    return "\n".join(lines) + "\n"
