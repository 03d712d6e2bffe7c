"""Contracts: the only declaration of each table.

A contract refers to fields that are declared once in ``warehouse/fields.yaml``. The Arrow and Polars schemas (in this
module), the data package and the dictionary (``warehouse.exports``), the expectations, and Dagster's column schema are
derived from it.
"""

from functools import cache
from importlib.resources import files
from typing import Literal, Self

import polars as pl
import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from warehouse.errors import ContractError, did_you_mean
from warehouse.yaml_text import parse_yaml

Type = Literal["string", "int64", "float64", "boolean", "date", "timestamp"]

POLARS: dict[Type, pl.DataType] = {
    "string": pl.String(),
    "int64": pl.Int64(),
    "float64": pl.Float64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us", "UTC"),
}
ARROW: dict[Type, pa.DataType] = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}

# The fields of an observation before and after the dimensions of its table.
BEFORE = ("indicator", "jurisdiction", "partner", "partner_role")
AFTER = (
    "year",
    "period",
    "freq",
    "headline",
    "value",
    "value_min",
    "value_max",
    "unit",
    "obs_status",
    "conf_status",
    "missing_reason",
    "definition",
    "publisher",
    "dataset",
    "payload",
    "locator",
    "source_updated",
    "known_from",
)
KEY_AFTER = ("period", "freq", "publisher", "dataset")

# The fields of a table of statistics that are computed when the table is made, and are not stored with observations.
COMPUTED = ("year", "headline")


class Column(BaseModel):
    """A field of a table: its name, type, unit, description and code list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: Type
    unit: str = Field(description="what a number counts; none if the field has no unit")
    description: str
    codes: str | None = Field(default=None, description="the code list with all allowed values")
    pattern: str | None = None
    nullable: bool = False


class Contract(BaseModel):
    """The declaration of a table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    title: str
    description: str
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$", description="semantic version of the schema")
    kind: Literal["statistics", "law", "reference"] = Field(
        description="statistics: rows are observations; law and reference: the contract lists all fields"
    )
    dimensions: list[str] = Field(default=[], description="only statistics: additional dimensions of an observation")
    whole: bool = Field(
        default=False,
        description="only statistics: whether the rows of all jurisdictions are kept, and not only those of, or with, "
        "China, the Union and its members",
    )
    names: list[str] = Field(default=[], alias="fields", description="only law and reference: all fields")
    keys: list[str] = Field(default=[], alias="key", description="only law and reference: fields that identify a row")
    optional: list[str] = Field(default=[], description="fields that may be empty in this table only")
    warnings: list[str] = Field(description="codes of the code list warning: what the table must not be used for")
    query: str = Field(default="", description="a query over views.sql that is safe to run; required unless statistics")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        unknown = sorted(set(self.field_names) - set(fields()))
        if unknown:
            raise ValueError(f"fields that warehouse/fields.yaml does not declare: {', '.join(unknown)}")
        if not self.key or set(self.key) - set(self.field_names):
            raise ValueError("the key must name fields of the table")
        if set(self.optional) - (set(self.field_names) - set(self.key)):
            raise ValueError("an optional field must be a field of the table and must not be in its key")
        if bool(self.query) == (self.kind == "statistics"):
            raise ValueError("a query is declared for law and reference, and only there")
        return self

    @property
    def safe_query(self) -> str:
        """A query that a person can run first: no row of its result counts anything twice."""
        if self.kind != "statistics":
            return self.query
        chosen = f"FROM {self.table} WHERE headline GROUP BY ALL ORDER BY ALL"
        return f"SELECT indicator, jurisdiction, partner, year, SUM(value) AS value {chosen}"

    @property
    def field_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return (*BEFORE, *self.dimensions, *AFTER) if self.kind == "statistics" else tuple(self.names)

    @property
    def key(self) -> tuple[str, ...]:
        """The fields that identify a row; the table is sorted by them."""
        return (*BEFORE, *self.dimensions, *KEY_AFTER) if self.kind == "statistics" else tuple(self.keys)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, in order."""
        declared = (fields()[name] for name in self.field_names)
        return tuple(c.model_copy(update={"nullable": True}) if c.name in self.optional else c for c in declared)

    @property
    def stored_columns(self) -> tuple[Column, ...]:
        """The columns of the stored rows of a dataset: those that publishers fill, and until when a row was known."""
        own = tuple(column for column in self.columns if self.kind == "law" or column.name not in COMPUTED)
        return (*own, fields()["known_to"])

    @property
    def stored_schema(self) -> pl.Schema:
        """The schema of the stored rows of a dataset as a Polars frame."""
        return pl.Schema({column.name: POLARS[column.type] for column in self.stored_columns})

    @property
    def dimensions_text(self) -> pl.Expr:
        """The codes of a row in the dimensions of its table, as one text: ``name=code``, separated by semicolons."""
        named = [pl.concat_str(pl.lit(f"{name}="), pl.col(name)) for name in self.dimensions]
        return pl.concat_str(named, separator=";") if named else pl.lit("")

    @property
    def polars_schema(self) -> pl.Schema:
        """The schema of the table as a Polars frame."""
        return pl.Schema({column.name: POLARS[column.type] for column in self.columns})

    @property
    def arrow_schema(self) -> pa.Schema:
        """The schema of the published Parquet file, whose metadata holds the description and unit of each field."""
        return pa.schema(
            [
                pa.field(
                    column.name,
                    ARROW[column.type],
                    nullable=column.nullable,
                    metadata={"description": column.description, "unit": column.unit},
                )
                for column in self.columns
            ],
            metadata={
                "table": self.table,
                "title": self.title,
                "version": self.version,
                "key": ",".join(self.key),
                "warnings": ",".join(self.warnings),
            },
        )


@cache
def fields() -> dict[str, Column]:
    """Name → field, for all declared fields. Raises ``ContractError`` if the file is not valid."""
    text = files("warehouse").joinpath("fields.yaml").read_text(encoding="utf-8")
    try:
        return {name: Column(name=name, **declared) for name, declared in parse_yaml(text).items()}
    except (yaml.YAMLError, ValidationError, TypeError) as error:
        raise ContractError(f"warehouse/fields.yaml is not valid: {error}") from error


@cache
def contracts() -> dict[str, Contract]:
    """Table → contract, in alphabetical order. Raises ``ContractError`` if a contract is not valid."""
    folder = files(__package__)
    entries = sorted((item.name, item) for item in folder.iterdir() if item.name.endswith(".yaml"))
    loaded = {}
    for name, item in entries:
        try:
            contract = Contract.model_validate(parse_yaml(item.read_text(encoding="utf-8")))
        except (yaml.YAMLError, ValidationError) as error:
            raise ContractError(f"the contract {name} is not valid: {error}") from error
        if name != f"{contract.table}.yaml":
            raise ContractError(f"the contract {name} has the table name {contract.table}")
        loaded[contract.table] = contract
    return loaded


def contract(table: str) -> Contract:
    """The contract of a table; ``ContractError`` lists similar names, else all tables, if there is no such table."""
    found = contracts().get(table)
    if found is None:
        hint = did_you_mean(table, contracts(), f"there are {', '.join(contracts())}")
        raise ContractError(f"there is no table {table}; {hint}")
    return found
