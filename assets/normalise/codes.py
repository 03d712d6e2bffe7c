"""What reading statistics and reading law share: dimensions become fields in shared codes.

Functions take and give narwhals lazy frames. Codes are looked up once for each code that occurs, not for each row. What
no crosswalk knows is null afterwards and counted in a second frame; what the catalogue entry does not know (a dimension
that appeared or disappeared) is a ``StructureError``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import narwhals as nw
import polars as pl

from assets.core.errors import StructureError
from sources import reading
from sources.catalogue import Dim, Observe, Publisher, Record
from sources.cells import Cells
from warehouse import codes
from warehouse.contracts import contract

Frame = nw.LazyFrame[pl.LazyFrame]

# What a payload has beside its dimensions, under names by which a field may ask for it; of law also its own day.
BESIDE = ("time", "raw", "flag", "published")

# A code map from a code, or for dated schemes from (code, period), to ours; None where it is unknown.
_Interval = tuple[date, date, str]

# Every field that a rule fills, and from what.
Sources = Mapping[str, str | Dim]


@dataclass(frozen=True)
class Origin:
    """A payload as one statement of its publisher: its sha256, the publisher's stamp, and when it was received."""

    payload: str
    received: datetime
    stamp: datetime | None = None


@dataclass(frozen=True)
class Observed:
    """What a payload says in shared codes, the codes that no crosswalk knows, and of prose the sentences not read."""

    observations: pl.DataFrame
    unmatched: pl.DataFrame
    unread: pl.DataFrame | None = None


def taken(cells: Cells, rule: Observe | Record, sources: Sources) -> Frame:
    """The cells that a rule takes, read once; ``StructureError`` when their dimensions are not those of the rule."""
    _check_structure(cells, rule, sources)
    frame = nw.from_native(cells.frame.with_columns(pl.col(cells.dimensions).cast(pl.String)))
    for dimension, kept in rule.where.items():
        frame = frame.filter(nw.col(dimension).is_in(kept))
    read = computed(frame)
    _check_expected(read, rule, cells)
    return read


def computed(frame: Frame) -> Frame:
    """The frame with all that it waits for done, so that what is asked of it twice is not worked out twice."""
    done: Frame = nw.from_native(frame.collect().to_native()).lazy()
    return done


def with_fields(frame: Frame, sources: Sources, cells: Cells, publisher: Publisher) -> tuple[Frame, dict[str, str]]:
    """The frame with every field in shared codes, and by field the dimension that its codes come from."""
    translated: dict[str, str] = {}
    given = frame = computed(frame)
    for field, source in sources.items():
        frame = _translate(frame, given, field, source, cells, publisher)
        if isinstance(source, Dim):
            translated[field] = _present(source, cells) or field
    return computed(frame), translated


def with_provenance(frame: Frame, publisher: Publisher, name: str, origin: Origin, stamp: datetime | None) -> Frame:
    """The frame with publisher, dataset, payload, and since when this was known: ``stamp`` is the payload's own.

    Where a payload holds what was published at several times, each figure is known from its own.
    """
    stamp = stamp or origin.stamp
    apart = "said" in frame.collect_schema().names()
    return frame.with_columns(
        publisher=nw.lit(publisher.publisher),
        dataset=nw.lit(f"{publisher.publisher}/{name}"),
        payload=nw.lit(origin.payload),
        source_updated=nw.col("said") if apart else _moment(stamp),
        known_from=nw.col("said") if apart else _moment(stamp or origin.received),
        known_to=_moment(None),
    )


def _moment(at: datetime | None) -> nw.Expr:
    return nw.lit(at).cast(nw.Datetime("us", "UTC"))


@cache
def scope() -> tuple[str, ...]:
    """The codes of the 28 jurisdictions, of the provinces within them, and of the EU aggregates."""
    areas = codes.areas()
    compared = areas.filter("in_scope")["area"]
    return tuple(areas.filter(pl.col("in_scope") | pl.col("parent").is_in(compared.implode()))["area"])


def _present(source: Dim, cells: Cells) -> str | None:
    """The name under which the payload has the dimension."""
    return next((name for name in source.names if name in (*cells.dimensions, *BESIDE)), None)


def _chain(source: str | Dim | None) -> Iterator[Dim]:
    """A field's dimension and those that stand in for it where it is blank."""
    while isinstance(source, Dim):
        yield source
        source = source.blank


def _check_structure(cells: Cells, rule: Observe | Record, sources: Sources) -> None:
    """Every dimension of the payload is used, and every dimension that the rule needs is there."""
    dims = [dim for source in sources.values() for dim in _chain(source)]
    used = {*rule.expect, *rule.where, *rule.ignore, *(name for dim in dims for name in dim.names)}
    missing = sorted(set(rule.where) - set(cells.dimensions))
    missing += [" or ".join(dim.names) for dim in dims if _present(dim, cells) is None and dim.absent is None]
    unknown = sorted(set(cells.dimensions) - used)
    if missing or unknown:
        parts = [f"lacks {', '.join(missing)}"] if missing else []
        parts += [f"has {', '.join(unknown)}, which the catalogue entry does not know"] if unknown else []
        raise StructureError(
            f"the structure of the payload changed: it {' and '.join(parts)}; "
            f"its dimensions are {', '.join(cells.dimensions)}, those of the entry {', '.join(sorted(used))}"
        )


def _check_expected(frame: Frame, rule: Observe | Record, cells: Cells) -> None:
    for dimension in [d for d in rule.expect if d in frame.collect_schema().names()]:
        strange = frame.filter(~nw.col(dimension).is_in(rule.expect[dimension])).head(1).collect()
        if len(strange):
            raise StructureError(
                f"{dimension} is {strange[dimension][0]!r} at locator {places(cells, strange['locator'].to_list())}, "
                f"where only {', '.join(rule.expect[dimension])} was asked for"
            )


def lookup(frame: Frame, on: Sequence[str], columns: Mapping[str, Sequence[Any]], schema: Mapping[str, Any]) -> Frame:
    """The frame with the columns of a small table joined to it."""
    small = nw.from_dict(dict(columns), schema=dict(schema), backend=frame.implementation).lazy()
    return frame.join(small, on=list(on), how="left")


def _translate(  # noqa: PLR0913, PLR0917 - a frame before and after, and how to come from one to the other
    frame: Frame, given: Frame, field: str, source: str | Dim, cells: Cells, publisher: Publisher
) -> Frame:
    """Adds ``field`` in shared codes: null where the code is unknown. ``given`` has the payload's own codes alone."""
    target = f"__{field}"  # a payload's own dimension may bear the field's name
    if isinstance(source, str):
        return frame.with_columns(nw.lit(source).alias(target)).pipe(_named, target, field)
    name = _present(source, cells)
    if name is None:
        return frame.with_columns(nw.lit(source.absent).alias(target)).pipe(_named, target, field)
    # Once a field bears the dimension's name, what was published stands beside it.
    column = f"published_{name}" if f"published_{name}" in frame.collect_schema().names() else name
    frame = frame.with_columns(__code=nw.col(column).fill_null(""))
    dated = isinstance(source.codes, str) and source.codes in codes.schemes()
    keys = ["__code", "period"] if dated else ["__code"]
    distinct = given.with_columns(__code=nw.col(name).fill_null("")).select(*keys).unique().collect()
    occurring = distinct["__code"].to_list()
    if isinstance(source.codes, str) and dated:
        intervals = _scheme(source.codes)
        ours = [
            _at(intervals.get(code), day) for code, day in zip(occurring, distinct["period"].to_list(), strict=True)
        ]
    else:
        mapping = publisher.codes[source.codes] if isinstance(source.codes, str) else source.codes
        labels = cells.labels.get(name, {}) if source.by == "label" else {}
        said = [labels.get(code, code) for code in occurring]
        ours = [code if mapping is None else mapping.get(code) for code in said]
    columns = {"__code": occurring, target: ours} | ({"period": distinct["period"].to_list()} if dated else {})
    schema = {"__code": nw.String, target: nw.String} | ({"period": nw.Date} if dated else {})
    frame = lookup(frame, keys, columns, schema)
    if source.blank is not None:
        frame = _translate(frame, given, f"{field}_", source.blank, cells, publisher)
        frame = frame.with_columns(nw.coalesce(target, f"{field}_").alias(target))
    return frame.pipe(_named, target, field)


def _named(frame: Frame, target: str, field: str) -> Frame:
    """Gives the new column its name, and the payload's own dimension of that name another."""
    names = frame.collect_schema().names()
    if field in names:
        return frame.with_columns(nw.col(field).alias(f"published_{field}"), nw.col(target).alias(field)).drop(target)
    return frame.rename({target: field})


@cache
def _scheme(name: str) -> dict[str, list[_Interval]]:
    rows = codes.area_codes().filter(pl.col("scheme") == name)
    found: dict[str, list[_Interval]] = {}
    for code, area, start, end in rows.select("code", "area", "valid_from", "valid_to").iter_rows():
        found.setdefault(code, []).append((start or date.min, end or date.max, area))
    return found


def _at(intervals: list[_Interval] | None, day: date) -> str | None:
    return next((area for start, end, area in intervals or [] if start <= day < end), None)


def unmatched_codes(frame: Frame, strange: Sequence[tuple[str, nw.Expr]], cells: Cells) -> pl.DataFrame:
    """One row for each code that is not understood: by dimension, which rows have such a code there."""
    few = frame.collect()
    schema = contract("unmatched_code").polars_schema
    if few.is_empty():
        return pl.DataFrame(schema=schema)
    parts = []
    for dimension, where in strange:
        source = "raw" if dimension == "value" else dimension
        column = f"published_{source}" if f"published_{source}" in few.columns else source
        labels = cells.labels.get(dimension, {})
        part = (
            few.filter(where)
            .with_columns(nw.col(column).fill_null("").alias("source_code"), nw.lit(dimension).alias("dimension"))
            .group_by("publisher", "dataset", "payload", "dimension", "source_code")
            .agg(cells=nw.col("locator").count(), locator=nw.col("locator").min())
            .to_polars()
        )
        if len(part):
            label = pl.Series([labels.get(code) for code in part["source_code"]], dtype=pl.String)
            parts.append(part.with_columns(label=label, cells=pl.col("cells").cast(pl.Int64)))
    return pl.concat(parts).select(schema.names()).cast(schema) if parts else pl.DataFrame(schema=schema)


def places(cells: Cells, locators: Sequence[int]) -> str:
    """Locators as numbers and in words."""
    return f"{', '.join(map(str, locators))} ({'; '.join(reading.place(cells.format, at) for at in locators)})"
