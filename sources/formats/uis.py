"""The fields of the UNESCO Institute for Statistics, which its API, its CSV exports and its bulk files share.

``magnitude`` says what a value is when it is not simply measured: ``NIL`` is none, and the value 0 stands; ``NA`` is
not applicable and ``INCLUDED`` counted elsewhere, and the 0 that is written with them is no value. ``qualifier`` is
the status: ``UIS_EST``, ``NAT_EST``.
A unit is a country by its code of three letters, or a region of one of a dozen organisations by its name.
"""

from collections.abc import Callable

import polars as pl

from sources.errors import FormatError

FIELDS = ("indicatorId", "geoUnit", "year", "value", "qualifier", "magnitude")
DIMENSIONS = ("indicator_id", "geo_unit", "geo_unit_type")
# Not applicable, and included in another category: the 0 beside them is no value.
_NO_VALUE = ("NA", "INCLUDED")
_MAGNITUDES = ("NIL", *_NO_VALUE)
_COUNTRY = r"^[A-Z]{3}$"


def cells(table: pl.LazyFrame, value: pl.Expr, locator: Callable[[str], pl.Expr]) -> pl.LazyFrame:
    """The cells of a table that has the six fields as text, blank where there is nothing.

    ``locator`` gives the place of a field: of the value, or of the magnitude that says that there is none.
    """
    said = {name: pl.when(pl.col(name) != "").then(pl.col(name)) for name in FIELDS}
    missing = said["magnitude"].is_in(_NO_VALUE)
    country = pl.col("geoUnit").str.contains(_COUNTRY)
    return table.select(
        pl.col("indicatorId").alias("indicator_id"),
        pl.col("geoUnit").alias("geo_unit"),
        pl.when(country).then(pl.lit("NATIONAL")).otherwise(pl.lit("REGIONAL")).alias("geo_unit_type"),
        pl.col("year").alias("time"),
        pl.when(missing.is_null() | ~missing).then(value).alias("value"),
        pl.when(missing).then(said["magnitude"]).otherwise(pl.when(value.is_null()).then(said["value"])).alias("raw"),
        said["qualifier"].alias("flag"),
        pl.lit(None, pl.String).alias("conf"),
        pl.when(missing).then(locator("magnitude")).otherwise(locator("value")).alias("locator"),
    )


def check(table: pl.DataFrame) -> None:
    """Refuses a magnitude that is not known, or one of a value other than 0, as nobody can say what it means."""
    magnitude = pl.col("magnitude").fill_null("")
    if (strange := table.filter(magnitude != "", ~magnitude.is_in(_MAGNITUDES))).height:
        raise FormatError(f"record {strange['row'][0]} has an unknown magnitude: {strange['magnitude'][0]!r}")
    zero = pl.col("value").fill_null("").cast(pl.Float64, strict=False).fill_null(0.0) == 0
    if (wrong := table.filter(magnitude != "", ~zero)).height:
        row = wrong.row(0, named=True)
        raise FormatError(f"record {row['row']} has the magnitude {row['magnitude']} and the value {row['value']!r}")
