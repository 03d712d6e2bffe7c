"""The Parquet file of a table."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.contracts import Contract
from warehouse.errors import ContractError
from warehouse.rows import in_parts

ROW_GROUP = 131_072
# Rows that are converted at once.
PIECE = 8 * ROW_GROUP


def write(frame: pl.DataFrame | pl.LazyFrame, contract: Contract, path: Path) -> None:
    """Write the rows, sorted by key, to one zstd-compressed Parquet file with the contract's columns and metadata.

    Equal rows give equal bytes, regardless of their order. Raises ``ContractError`` if the frame breaks the contract.
    """
    found = frame.lazy().collect_schema()
    if found != contract.polars_schema:
        raise ContractError(f"the frame is not in the schema of {contract.table}: {_difference(found, contract)}")
    metadata = {
        **(contract.arrow_schema.metadata or {}),
        b"description": contract.description.encode(),
        b"pandas": _for_pandas(contract),
    }
    schema = pa.schema(contract.arrow_schema, metadata=metadata)
    order = pq.SortingColumn.from_ordering(schema, [(name, "ascending") for name in contract.key])
    try:
        with pq.ParquetWriter(path, schema, compression="zstd", sorting_columns=order, store_schema=True) as writer:
            for rows in _row_groups(_pieces(frame.lazy(), contract, schema), schema):
                writer.write_table(rows, row_group_size=ROW_GROUP)
    except ContractError:
        path.unlink()
        raise


def _for_pandas(contract: Contract) -> bytes:
    """The types that pandas gives to the columns.

    Without them a date is an object without ``.dt``, and an integer that may be missing is a float.
    """
    columns = []
    for column in contract.columns:
        kind = {"date": "date32[day][pyarrow]", "int64": "Int64" if column.nullable else "int64"}.get(column.type)
        names = {"name": column.name, "field_name": column.name}
        columns.append({**names, "pandas_type": column.type, "numpy_type": kind or "object", "metadata": None})
    described = {"index_columns": [], "column_indexes": [], "columns": columns, "pandas_version": "2.0.0"}
    return json.dumps(described | {"creator": {"library": "pyarrow", "version": "0"}}).encode()


def _pieces(frame: pl.LazyFrame, contract: Contract, schema: pa.Schema) -> Iterator[pa.Table]:
    """The rows in the order of their key. ``ContractError`` if a field that must not be empty is empty."""
    for part in in_parts(frame, contract.key):
        empty = [c.name for c in contract.columns if not c.nullable and part[c.name].has_nulls()]
        if empty:
            raise ContractError(f"{contract.table} has empty values in {', '.join(empty)}, which must not be empty")
        for piece in part.iter_slices(PIECE) if part.height else [part]:
            yield piece.to_arrow().cast(schema)


def _row_groups(pieces: Iterable[pa.Table], schema: pa.Schema) -> Iterator[pa.Table]:
    """The rows in tables of whole row groups, so that the parts of a table do not change its bytes."""
    rest, written = schema.empty_table(), 0
    for piece in pieces:
        rest = pa.concat_tables([rest, piece])
        whole = rest.num_rows // ROW_GROUP * ROW_GROUP
        if whole:
            yield rest.slice(0, whole)
            rest, written = rest.slice(whole), written + whole
    if rest.num_rows or not written:
        yield rest


def _difference(found: pl.Schema, contract: Contract) -> str:
    expected = contract.polars_schema
    if list(found) != list(expected):
        missing, extra = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
        return f"missing {missing or 'none'}, not in the contract {extra or 'none'}, or the order differs"
    return "; ".join(f"{name} is {found[name]}, not {kind}" for name, kind in expected.items() if found[name] != kind)
