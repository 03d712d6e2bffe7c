"""The fields of the UNESCO Institute for Statistics, which its API, its CSV exports and its bulk files share.

``magnitude`` qualifies a value that was not simply measured. ``NIL`` means none, and the published 0 is a value. ``NA``
means not applicable and ``INCLUDED`` counted elsewhere; the 0 that is published with these two is not a value.
``qualifier`` is the status: ``UIS_EST``, ``NAT_EST``. A unit is a country by its code of three letters, or a region of
one of a dozen organisations by its name.
"""

from collections.abc import Callable

import polars as pl

from sources.errors import FormatError
from sources.formats.values import NULL, number

FIELDS = ("indicatorId", "geoUnit", "year", "value", "qualifier", "magnitude")
DIMENSIONS = ("indicator_id", "geo_unit", "geo_unit_type")
# Not applicable, and included in another category: the 0 in the same record is not a value.
_NO_VALUE = ("NA", "INCLUDED")
_MAGNITUDES = ("NIL", *_NO_VALUE)
_COUNTRY = r"^[A-Z]{3}$"


def cells(table: pl.LazyFrame, locator: Callable[[str], pl.Expr]) -> pl.LazyFrame:
    """The cells of a table that has the six fields as text, blank where there is nothing.

    ``locator`` returns the locator of a field, which is the value, or the magnitude that excludes a value.
    """
    value = number(pl.col("value"))
    magnitude = _nonempty("magnitude")
    excluded = magnitude.is_in(_NO_VALUE)
    country = pl.col("geoUnit").str.contains(_COUNTRY)
    return table.select(
        pl.col("indicatorId").alias("indicator_id"),
        pl.col("geoUnit").alias("geo_unit"),
        pl.when(country).then(pl.lit("NATIONAL")).otherwise(pl.lit("REGIONAL")).alias("geo_unit_type"),
        pl.col("year").alias("time"),
        pl.when(excluded.is_null() | ~excluded).then(value).alias("value"),
        pl.when(excluded).then(magnitude).otherwise(pl.when(value.is_null()).then(_nonempty("value"))).alias("raw"),
        _nonempty("qualifier").alias("flag"),
        NULL.alias("conf"),
        pl.when(excluded).then(locator("magnitude")).otherwise(locator("value")).alias("locator"),
    )


def check(table: pl.DataFrame) -> None:
    """Raise ``FormatError`` for an unknown magnitude, and for a magnitude of a value other than 0."""
    magnitude = _nonempty("magnitude")
    if (unknown := table.filter(magnitude.is_not_null(), ~magnitude.is_in(_MAGNITUDES))).height:
        raise FormatError(f"record {unknown['row'][0]} has an unknown magnitude: {unknown['magnitude'][0]!r}")
    zero = pl.col("value").cast(pl.Float64, strict=False).fill_null(0.0) == 0
    if (wrong := table.filter(magnitude.is_not_null(), ~zero)).height:
        row = wrong.row(0, named=True)
        raise FormatError(f"record {row['row']} has the magnitude {row['magnitude']} and the value {row['value']!r}")


def _nonempty(field: str) -> pl.Expr:
    return pl.when(pl.col(field) != "").then(pl.col(field))
