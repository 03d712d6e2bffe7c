"""What the formats of SDMX share: the roles of components by their ids, and the cells of series and observations."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import polars as pl

from sources.cells import Cells, pack
from sources.errors import FormatError
from sources.formats import values

TIME, VALUE = "TIME_PERIOD", "OBS_VALUE"
FLAG = ("OBS_FLAG", "OBS_STATUS")
CONF = ("CONF_STATUS", "OBS_CONF")
# Attributes without which a value cannot be understood (unit, magnitude, base): they become dimensions.
KEPT = ("UNIT_MEASURE", "UNIT_MULT", "CURRENCY", "BASE_PER", "PRICE_BASE", "REF_PERIOD")
LEFT_OUT = ("DECIMALS", "TIME_FORMAT", "CONVERSION_TYPE", "OBS_COM", "OBS_STATUS_2", "OBS_STATUS_3", "OBS_STATUS_4")
# The text of a missing value in SDMX 3.0.
MISSING = "NaN"
# A message is read into memory as a whole.
MOST_OBSERVATIONS = 3_000_000

# Attributes with other names that may change the meaning of a value.
_MAGNITUDE = re.compile(r"UNIT|MULT|POWER|SCALE|CURRENCY|PRICE|(?:^|_)BASE(?:$|_)")
_OF_OBSERVATION = frozenset((*FLAG, *CONF, TIME, VALUE))
_FLOW = re.compile(r"(?:.*=)?(?:[^:(]+:)?([^:($]+)")


class Series(NamedTuple):
    """The key of a series in capitals, and its attributes."""

    key: Mapping[str, str]
    attributes: Mapping[str, str]


class Observation(NamedTuple):
    """The number of an observation in its payload from 1, the index of its series, and its components in capitals."""

    number: int
    series: int
    fields: Mapping[str, str]


def gives_meaning(attribute: str) -> bool:
    """Whether leaving an attribute out could change the meaning of a value."""
    return attribute in KEPT or bool(_MAGNITUDE.search(attribute))


def is_dimension(component: str) -> bool:
    """Whether a component that is not known to be an attribute can be a dimension."""
    return component not in _OF_OBSERVATION and component not in LEFT_OUT


def without_missing(text: pl.Expr) -> pl.Expr:
    """The text of a value; "" where it is the text of a missing value."""
    return pl.when(text == MISSING).then(pl.lit("")).otherwise(text)


def flow(text: str) -> str | None:
    """``MIGR_EIPRE`` for ``ESTAT:MIGR_EIPRE$DEFAULTVIEW(1.0)``, and for a URN of this dataflow."""
    found = _FLOW.match(text)
    return found[1].strip() if found else None


def cells(
    name: str,
    series: Sequence[Series],
    observations: Sequence[Observation],
    dataset: str | None,
    labels: Mapping[str, Mapping[str, str]],
) -> Cells:
    """The cells of a message. A locator is the number of the observation, and field 1.

    The dimensions are the parts of the keys, and the attributes that give a meaning. An observation without value and
    without period is left out: it holds attributes only. ``FormatError`` for a value without period, and for two
    observations of the same key and period.
    """
    keys = dict.fromkeys(part for key, _ in series for part in key if is_dimension(part))
    given = [attributes for _, attributes in series] + [fields for _, _, fields in observations]
    kept = dict.fromkeys(part for fields in given for part in fields if part not in keys and gives_meaning(part))
    dimensions = [part.lower() for part in (*keys, *kept)]
    values.refuse_wrong_dimensions(dimensions, "the message")
    table = _table(series, observations, [*keys, *kept])
    _refuse_wrong(table, dimensions)
    frame = table.lazy().select(
        *dimensions,
        *values.core(
            without_missing(pl.col("@value")),
            pl.col("@number") * pack(1, 0) + 1,
            time=pl.col("@time"),
            flag=values.filled(pl.col("@flag")),
            conf=values.filled(pl.col("@conf")),
        ),
    )
    named = {part.lower(): codes for part, codes in labels.items() if part.lower() in dimensions}
    return Cells(name, frame, tuple(dimensions), dataset=dataset, labels=named)


def _table(series: Sequence[Series], observations: Sequence[Observation], parts: Sequence[str]) -> pl.DataFrame:
    """A row for each observation: its dimensions, and what its fields, its series' key or attributes hold."""
    wanted: dict[str, tuple[str, ...]] = {part.lower(): (part,) for part in parts}
    wanted |= {"@time": (TIME,), "@value": (VALUE,), "@flag": FLAG, "@conf": CONF}
    index = pl.Series([item.series for item in observations], dtype=pl.UInt32)
    columns: dict[str, pl.Series] = {}
    for name, ids in wanted.items():
        own = pl.Series(name, [_first(ids, item.fields) for item in observations], pl.String)
        shared = pl.Series(name, [_first(ids, key, attributes) for key, attributes in series], pl.String)
        columns[name] = own if shared.is_null().all() else own.zip_with(own.is_not_null(), shared.gather(index))
    table = pl.DataFrame({"@number": pl.Series([item.number for item in observations], dtype=pl.Int64), **columns})
    table = table.with_columns(pl.col("@value").fill_null("").str.strip_chars(), values.filled(pl.col("@time")))
    return table.filter(pl.col("@time").is_not_null() | (pl.col("@value") != ""))


def _first(ids: Sequence[str], *fields: Mapping[str, str]) -> str | None:
    return next((found[part] for found in fields for part in ids if part in found), None)


def _refuse_wrong(table: pl.DataFrame, dimensions: Sequence[str]) -> None:
    """Raise ``FormatError`` for a value without period, and for a repeated key."""
    undated = table.filter(pl.col("@time").is_null())
    if undated.height:
        raise FormatError(f"observation {undated['@number'][0]} has a value and no period: {undated['@value'][0]!r}")
    repeated = table.filter(pl.struct(*dimensions, "@time").is_duplicated()) if table.height else table
    if repeated.height:
        raise FormatError(
            f"{repeated.height:,} observations have a key and period twice, for example {repeated['@number'][0]}"
        )
