"""A table of statistics as SDMX: its rows in SDMX-CSV 2.0 and its structure in SDMX-JSON 2.0.

The key of the table is the key of the dataflow, the field ``value`` is the measure, and all other fields are attributes
of the observation. Cross-domain concepts have their SDMX ids; the id of any other concept is its field in capitals.
"""

import json
from datetime import datetime

import polars as pl

from warehouse import codes
from warehouse.contracts import Column, Contract, Type
from warehouse.errors import ContractError
from warehouse.exports.about import NAME, timestamp

AGENCY = NAME.upper()
SCHEMA = (
    "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/develop/structure-message/tools/schemas/2.0.0/"
    "sdmx-json-structure-schema.json"
)
CONCEPTS = {
    "jurisdiction": "REF_AREA",
    "partner": "COUNTERPART_AREA",
    "period": "TIME_PERIOD",
    "value": "OBS_VALUE",
    "unit": "UNIT_MEASURE",
}
TYPES: dict[Type, str] = {
    "string": "String",
    "int64": "Long",
    "float64": "Double",
    "boolean": "Boolean",
    "date": "GregorianDay",
    "timestamp": "DateTime",
}
_URN = "urn:sdmx:org.sdmx.infomodel"


def data_csv(rows: pl.DataFrame, contract: Contract) -> bytes:
    """The rows of a table in SDMX-CSV 2.0, in their order.

    A missing value is ``NaN``, as SDMX 3.0 requires; times are in UTC.
    """
    dimensions, attributes = _parts(contract)
    columns = [*dimensions, _column(contract, "period"), _column(contract, "value"), *attributes]
    table = rows.select(
        pl.lit("dataflow").alias("STRUCTURE"),
        pl.lit(_reference(contract)).alias("STRUCTURE_ID"),
        pl.lit("I").alias("ACTION"),
        *(_sdmx_value(column).alias(concept(column.name)) for column in columns),
    )
    return table.write_csv().encode()


def structure_json(contract: Contract, prepared: datetime) -> bytes:
    """An SDMX-JSON 2.0 structure message: the dataflow of a table, its data structure, concepts and code lists."""
    dimensions, attributes = _parts(contract)
    named = {"agencyID": AGENCY, "version": contract.version}
    titled = {**named, "id": _id(contract), "name": contract.title, "description": contract.description}
    lists = sorted({c.codes for c in (*dimensions, *attributes) if c.codes and codes.members(c.codes)})
    concepts = [{"id": concept(c.name), "name": c.name, "description": c.description} for c in contract.columns]
    meta = {
        "id": _id(contract),
        "prepared": timestamp(prepared),
        "test": False,
        "schema": SCHEMA,
        "contentLanguages": ["en", "zh"],
        "sender": {"id": AGENCY},
    }
    data = {
        "codelists": [{**named, "id": f"CL_{name.upper()}", "name": name, "codes": _codes(name)} for name in lists],
        "conceptSchemes": [{**named, "id": f"CS_{_id(contract)}", "name": contract.title, "concepts": concepts}],
        "dataStructures": [{**titled, "dataStructureComponents": _components(contract)}],
        "dataflows": [{**titled, "structure": f"{_URN}.datastructure.DataStructure={_reference(contract)}"}],
    }
    return (json.dumps({"meta": meta, "data": data}, indent=2, ensure_ascii=False) + "\n").encode()


def concept(field: str) -> str:
    """The id of the concept of a field."""
    return CONCEPTS.get(field, field.upper())


def _id(contract: Contract) -> str:
    return contract.table.upper()


def _reference(contract: Contract) -> str:
    return f"{AGENCY}:{_id(contract)}({contract.version})"


def _column(contract: Contract, name: str) -> Column:
    return next(column for column in contract.columns if column.name == name)


def _parts(contract: Contract) -> tuple[list[Column], list[Column]]:
    """The dimensions without the period, and the attributes; ``ContractError`` if the table is not of statistics."""
    if contract.kind != "statistics":
        raise ContractError(f"{contract.table} is not a table of statistics; only those are exported as SDMX")
    dimensions = [c for c in contract.columns if c.name in contract.key and c.name != "period"]
    attributes = [c for c in contract.columns if c.name not in contract.key and c.name != "value"]
    return dimensions, attributes


def _sdmx_value(column: Column) -> pl.Expr:
    field = pl.col(column.name)
    if column.name == "period":
        return _period()
    if column.name == "value":
        return field.cast(pl.String).fill_null("NaN")
    return field.dt.strftime("%Y-%m-%dT%H:%M:%S") if column.type == "timestamp" else field


def _period() -> pl.Expr:
    """The period in the SDMX format of its frequency: 2024, 2024-S1, 2024-Q1, 2024-01, 2024-01-31."""
    day, freq = pl.col("period"), pl.col("freq")
    year, quarter = day.dt.year().cast(pl.String), day.dt.quarter()
    return (
        pl.when(freq == "A")
        .then(year)
        .when(freq == "S")
        .then(pl.format("{}-S{}", year, (quarter + 1) // 2))
        .when(freq == "Q")
        .then(pl.format("{}-Q{}", year, quarter))
        .when(freq == "M")
        .then(day.dt.strftime("%Y-%m"))
        .otherwise(day.dt.strftime("%Y-%m-%d"))
    )


def _components(contract: Contract) -> dict[str, object]:
    dimensions, attributes = _parts(contract)
    measure = {**_component(_column(contract, "value"), contract), "usage": "optional"}
    return {
        "dimensionList": {
            "id": "DimensionDescriptor",
            "dimensions": [_component(column, contract) for column in dimensions],
            "timeDimension": _component(_column(contract, "period"), contract),
        },
        "measureList": {"id": "MeasureDescriptor", "measures": [measure]},
        "attributeList": {
            "id": "AttributeDescriptor",
            "attributes": [_attribute(column, contract) for column in attributes],
        },
    }


def _component(column: Column, contract: Contract) -> dict[str, object]:
    scheme = f"{_URN}.conceptscheme.Concept={AGENCY}:CS_{_id(contract)}({contract.version})"
    represented: dict[str, object] = {"format": {"dataType": TYPES[column.type]}}
    if column.name == "period":
        represented = {"format": {"dataType": "ObservationalTimePeriod"}}
    elif column.codes and codes.members(column.codes):
        listed = f"{_URN}.codelist.Codelist={AGENCY}:CL_{column.codes.upper()}({contract.version})"
        represented = {"enumeration": listed}
    name = concept(column.name)
    return {"id": name, "conceptIdentity": f"{scheme}.{name}", "localRepresentation": represented}


def _attribute(column: Column, contract: Contract) -> dict[str, object]:
    return {
        **_component(column, contract),
        "usage": "optional" if column.nullable else "mandatory",
        "attributeRelationship": {"observation": {}},
        "measureRelationship": ["OBS_VALUE"],
    }


def _codes(code_list: str) -> list[dict[str, object]]:
    """The codes of a list with their names in English and Chinese."""
    own = {"area": codes.areas, "indicator": codes.indicators, "instrument": codes.instruments}
    if code_list in own:
        listed = own[code_list]().rename({code_list: "code"})
    else:
        listed = codes.codes().filter(pl.col("code_list") == code_list)
    rows = listed.select("code", "name_en", "name_zh").iter_rows()
    return [
        {"id": code, "name": english, "names": {"en": english} | ({"zh": chinese} if chinese else {})}
        for code, english, chinese in rows
    ]
