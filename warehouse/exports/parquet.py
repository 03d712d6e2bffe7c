"""The Parquet file of a table."""

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.contracts import Contract
from warehouse.errors import ContractError

ROW_GROUP = 131_072


def write(frame: pl.DataFrame | pl.LazyFrame, contract: Contract, path: Path) -> None:
    """Write the rows, sorted by key, to one zstd-compressed Parquet file with the contract's columns and metadata.

    Equal rows give equal bytes, regardless of their order. Raises ``ContractError`` if the frame breaks the contract.
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


def _difference(found: pl.Schema, contract: Contract) -> str:
    expected = contract.polars_schema
    if list(found) != list(expected):
        missing, extra = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
        return f"missing {missing or 'none'}, not in the contract {extra or 'none'}, or the order differs"
    return "; ".join(f"{name} is {found[name]}, not {kind}" for name, kind in expected.items() if found[name] != kind)
