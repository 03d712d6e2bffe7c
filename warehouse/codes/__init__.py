"""Code lists and crosswalks: the shared codes of every table, and the translation of publishers' area codes to them.

- ``areas.csv``       jurisdictions, territories, aggregates and groups, with names in English and Chinese
- ``area_codes.csv``  dated crosswalks: a scheme's code or name → our area code
- ``indicators.csv``  what is counted: indicator, theme, unit, definition
- ``instruments.csv``  acts and treaties: scheme, type, adoption, parent act or treaty, and rule of entry into force
- ``not_published.csv``  indicators that a jurisdiction is known not to publish
- ``concepts.csv``    what each indicator counts: phenomenon, concept, stock or flow; properties (``concepts.py``)
- ``counting.csv``    how each definition counts: threshold, reference day, basis, persons included and excluded
- ``codes.csv``       all small lists: list, code, name in English and Chinese, description

``generate.py`` writes the first two from ISO 3166-1, CLDR, ``areas_own.csv`` and ``area_codes_own.csv``.
"""

from functools import cache
from importlib.resources import files
from io import BytesIO

import polars as pl

from warehouse.headline import headline_indicators
from warehouse.measures import measures, mirrors

# The two sides of the comparison: China, and the Union of 27 member states.
CHINA, UNION = "CHN", "EU27_2020"

# Code lists that have a file of their own.
LISTS = ("area", "indicator", "instrument", "measure")


@cache
def read(name: str) -> pl.DataFrame:
    """One of the CSV files in this folder. All columns are strings; an empty cell is null."""
    data = files(__package__).joinpath(f"{name}.csv").read_bytes()
    return pl.read_csv(BytesIO(data), infer_schema=False)


def areas() -> pl.DataFrame:
    """Areas: area, kind, parent, name_en, name_zh, iso2, m49, eu_from, eu_to, in_scope, note."""
    return read("areas").with_columns(
        pl.col("eu_from", "eu_to").str.to_date("%Y-%m-%d"), (pl.col("in_scope") == "true").alias("in_scope")
    )


def area_codes() -> pl.DataFrame:
    """Crosswalks: scheme, code, area, valid_from, valid_to. A code denotes the area from and until those days."""
    return read("area_codes").with_columns(pl.col("valid_from", "valid_to").str.to_date("%Y-%m-%d"))


def indicators() -> pl.DataFrame:
    """Indicators: indicator, theme, unit, name_en, name_zh, description."""
    return read("indicators")


def named_indicators() -> pl.DataFrame:
    """The indicators of observations, and those of table ``headline`` that select one group of them."""
    known = indicators()
    own = [
        (name, entry.of, entry.name["en"], entry.name["zh"], entry.description)
        for name, entry in headline_indicators().items()
        if entry.of is not None and entry.name is not None
    ]
    columns = ["indicator", "of", "name_en", "name_zh", "description"]
    selected = pl.DataFrame(own, schema=dict.fromkeys(columns, pl.String), orient="row").join(
        known.select("theme", "unit", of="indicator"), on="of", how="left", maintain_order="left"
    )
    return pl.concat([known, selected.select(known.columns)])


def instruments() -> pl.DataFrame:
    """Acts and treaties: instrument, scheme, instrument_type, adopted, parent_instrument, name_en, name_zh, note.

    ``force_rule`` is the rule by which a treaty enters into force for a party, ``in_force`` the day on which the treaty
    itself entered into force, and ``force_source`` the source of both. ``replaces`` are the acts that an act repeals,
    and ``reservations`` states whether a treaty allows none, by ``reservations_source``.
    """
    return read("instruments").with_columns(pl.col("adopted", "in_force").str.to_date("%Y-%m-%d"))


def codes() -> pl.DataFrame:
    """Codes of all small lists and of the declared mirrors: code_list, code, name_en, name_zh, description."""
    declared = [
        ("mirror", name, entry.name["en"], entry.name["zh"], entry.description) for name, entry in mirrors().items()
    ]
    return pl.concat([read("codes"), pl.DataFrame(declared, schema=read("codes").schema, orient="row")])


def descriptions(code_list: str) -> dict[str, str]:
    """Code → description of a code list."""
    listed = codes().filter(pl.col("code_list") == code_list)
    return dict(zip(listed["code"], listed["description"], strict=True))


def not_published() -> pl.DataFrame:
    """Known gaps: jurisdiction, indicator and absence_source, the evidence that it is not published."""
    return read("not_published")


def schemes() -> frozenset[str]:
    """The names of the schemes of area codes."""
    return frozenset(area_codes()["scheme"].unique())


def members(code_list: str) -> frozenset[str]:
    """The codes of a list."""
    if code_list == "area":
        return frozenset(areas()["area"])
    if code_list == "indicator":
        return frozenset(named_indicators()["indicator"])
    if code_list == "instrument":
        return frozenset(instruments()["instrument"])
    if code_list == "measure":
        return frozenset(measures())
    return frozenset(codes().filter(pl.col("code_list") == code_list)["code"])
