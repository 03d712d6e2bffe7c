"""Cells to observations: the publisher's codes become shared codes, and nothing else changes.

Functions take and give narwhals lazy frames. Codes are looked up once for each code that occurs, not for each row. What
no crosswalk knows is counted in a second frame; what the catalogue entry does not know (a dimension that appeared or
disappeared) is a ``StructureError``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import narwhals as nw
import polars as pl

from assets.errors import StructureError
from assets.periods import period
from sources import formats
from sources.catalogue import Dim, Observe, Publisher
from sources.cells import Cells
from warehouse import codes
from warehouse.contracts import contract

Frame = nw.LazyFrame[pl.LazyFrame]

# A code map from a code, or for dated schemes from (code, period), to ours; None where it is unknown.
_Interval = tuple[date, date, str]


@dataclass(frozen=True)
class Vintage:
    """A payload as one statement of its publisher: its sha256, the publisher's stamp, and when it was received."""

    payload: str
    received: datetime
    stamp: datetime | None = None


@dataclass(frozen=True)
class Observed:
    """What a payload says in shared codes, and the codes that no crosswalk knows."""

    observations: pl.DataFrame
    unmatched: pl.DataFrame


def observe(cells: Cells, publisher: Publisher, name: str, vintage: Vintage) -> Observed:
    """The observations of one payload of ``publisher``'s dataset ``name``, in the columns of its table's contract.

    Only rows that concern one of the 28 jurisdictions or an EU aggregate, as reporter or as partner, are taken.
    ``StructureError`` when the payload's dimensions are not the entry's, or one key has two different values.
    """
    dataset = publisher.datasets[name]
    rule = dataset.observe
    full_name = f"{publisher.publisher}/{name}"
    _check_structure(cells, rule)
    frame = nw.from_native(cells.frame)
    for dimension, kept in rule.where.items():
        frame = frame.filter(nw.col(dimension).is_in(kept))
    frame = nw.from_native(frame.collect().to_native()).lazy()
    frame = _with_period(frame, cells)
    _check_expected(frame, rule, cells)
    translated: dict[str, str] = {}
    for field, source in _sources(rule).items():
        frame = _translate(frame, field, source, cells, publisher)
        if isinstance(source, Dim):
            translated[field] = _present(source, cells) or field
    frame = _with_status(_with_values(frame, rule, publisher), publisher)
    known = nw.all_horizontal(*[~nw.col(field).is_null() for field in [*translated, "obs_status"]], ignore_nulls=False)
    known = known & (nw.col("__raw") != "?")
    stamp = cells.updated or vintage.stamp
    frame = frame.with_columns(
        publisher=nw.lit(publisher.publisher),
        dataset=nw.lit(full_name),
        payload=nw.lit(vintage.payload),
        source_updated=_moment(stamp),
        known_from=_moment(stamp or vintage.received),
        known_to=_moment(None),
    )
    table = contract(dataset.table)
    observations = frame.filter(known & _concerned()).select(*table.field_names)
    unmatched = _unmatched(frame.filter(~known), translated, cells)
    return Observed(_distinct(observations, table.key, cells), unmatched)


def _moment(at: datetime | None) -> nw.Expr:
    return nw.lit(at).cast(nw.Datetime("us", "UTC"))


@cache
def scope() -> tuple[str, ...]:
    """The codes of the 28 jurisdictions and of the EU aggregates."""
    return tuple(codes.areas().filter(pl.col("in_scope"))["area"])


def _concerned() -> nw.Expr:
    return nw.col("reporter").is_in(scope()) | nw.col("partner").is_in(scope())


def _sources(rule: Observe) -> dict[str, str | Dim]:
    """Every field that the rule fills, and from what."""
    return {
        "indicator": rule.indicator,
        "reporter": rule.reporter,
        "partner": rule.partner,
        "partner_role": rule.partner_role,
        **rule.dimensions,
        "unit": rule.unit,
        "definition": rule.definition,
    }


def _present(source: Dim, cells: Cells) -> str | None:
    """The name under which the payload has the dimension."""
    return next((name for name in source.names if name in cells.dimensions), None)


def _chain(source: str | Dim | None) -> Iterator[Dim]:
    """A field's dimension and those that stand in for it where it is blank."""
    while isinstance(source, Dim):
        yield source
        source = source.blank


def _check_structure(cells: Cells, rule: Observe) -> None:
    """Every dimension of the payload is used, and every dimension that the rule needs is there."""
    dims = [dim for source in _sources(rule).values() for dim in _chain(source)]
    used = {*rule.expect, *rule.where, *rule.ignore, *(name for dim in dims for name in dim.names)}
    missing = sorted(set(rule.where) - set(cells.dimensions))
    missing += [" or ".join(dim.names) for dim in dims if _present(dim, cells) is None and dim.absent is None]
    unknown = sorted(set(cells.dimensions) - used)
    if missing or unknown:
        parts = [f"lacks {', '.join(missing)}"] if missing else []
        parts += [f"has {', '.join(unknown)}, which the catalogue entry does not know"] if unknown else []
        raise StructureError(
            f"the structure of the payload changed: it {' and '.join(parts)}; "
            f"its dimensions are {', '.join(cells.dimensions)}"
        )


def _check_expected(frame: Frame, rule: Observe, cells: Cells) -> None:
    for dimension in [d for d in rule.expect if d in frame.collect_schema().names()]:
        strange = frame.filter(~nw.col(dimension).is_in(rule.expect[dimension])).head(1).collect()
        if len(strange):
            raise StructureError(
                f"{dimension} is {strange[dimension][0]!r} at locator {_places(cells, strange['locator'].to_list())}, "
                f"where only {', '.join(rule.expect[dimension])} was asked for"
            )


def _lookup(frame: Frame, on: Sequence[str], columns: Mapping[str, Sequence[Any]], schema: Mapping[str, Any]) -> Frame:
    """The frame with the columns of a small table joined to it."""
    small = nw.from_dict(dict(columns), schema=dict(schema), backend=frame.implementation).lazy()
    return frame.join(small, on=list(on), how="left")


def _with_period(frame: Frame, cells: Cells) -> Frame:
    first = frame.group_by("time").agg(nw.col("locator").min()).collect()
    times, parsed = first["time"].to_list(), []
    for time, locator in zip(times, first["locator"].to_list(), strict=True):
        try:
            parsed.append(period(time or ""))
        except StructureError as error:
            raise StructureError(f"{error}, at locator {_places(cells, [locator])}") from error
    columns = {"time": times, "period": [p for p, _ in parsed], "freq": [f for _, f in parsed]}
    return _lookup(frame, ["time"], columns, {"time": nw.String, "period": nw.Date, "freq": nw.String})


def _translate(frame: Frame, field: str, source: str | Dim, cells: Cells, publisher: Publisher) -> Frame:
    """Adds ``field`` in shared codes: null where the code is unknown."""
    target = f"__{field}"  # a payload's own dimension may bear the field's name
    if isinstance(source, str):
        return frame.with_columns(nw.lit(source).alias(target)).pipe(_named, target, field)
    name = _present(source, cells)
    if name is None:
        return frame.with_columns(nw.lit(source.absent).alias(target)).pipe(_named, target, field)
    frame = frame.with_columns(__code=nw.col(name).fill_null(""))
    dated = isinstance(source.codes, str) and source.codes in codes.schemes()
    keys = ["__code", "period"] if dated else ["__code"]
    distinct = frame.select(*keys).unique().collect()
    occurring = distinct["__code"].to_list()
    if isinstance(source.codes, str) and dated:
        intervals = _scheme(source.codes)
        ours = [
            _at(intervals.get(code), day) for code, day in zip(occurring, distinct["period"].to_list(), strict=True)
        ]
    else:
        mapping = publisher.codes[source.codes] if isinstance(source.codes, str) else source.codes
        ours = [code if mapping is None else mapping.get(code) for code in occurring]
    columns = {"__code": occurring, target: ours} | ({"period": distinct["period"].to_list()} if dated else {})
    schema = {"__code": nw.String, target: nw.String} | ({"period": nw.Date} if dated else {})
    frame = _lookup(frame, keys, columns, schema)
    if source.blank is not None:
        frame = _translate(frame, f"{field}_", source.blank, cells, publisher)
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


def _with_values(frame: Frame, rule: Observe, publisher: Publisher) -> Frame:
    """Adds value, bounds, conf_status and missing_reason; ``__raw`` is ``?`` where a text is not understood."""
    texts = frame.select("raw").unique().collect()["raw"].to_list()
    known = [text for text in texts if text is not None]
    columns = {
        "raw": known,
        "__least": [publisher.bounds.get(text, (None, None))[0] for text in known],
        "__most": [publisher.bounds.get(text, (None, None))[1] for text in known],
        "__reason": [publisher.missing.get(text) for text in known],
        "__raw": ["" if text in publisher.missing or text in publisher.bounds else "?" for text in known],
    }
    schema = {"raw": nw.String, "__least": nw.Float64, "__most": nw.Float64, "__reason": nw.String, "__raw": nw.String}
    frame = _lookup(frame, ["raw"], columns, schema)
    value = nw.col("value") * rule.scale
    suppressed = (nw.col("conf").fill_null("F") == "C") | nw.col("flag").fill_null("").str.contains("c")
    impossible = nw.col("flag").fill_null("").str.contains("[mz]")
    reason = (
        nw.when(suppressed)
        .then(nw.lit("suppressed"))
        .otherwise(
            nw.when(impossible)
            .then(nw.lit("not_applicable"))
            .otherwise(nw.coalesce(nw.col("__reason"), nw.lit(publisher.missing.get("", "not_published"))))
        )
    )
    ranged = ~nw.col("__least").is_null() | ~nw.col("__most").is_null()
    half = (rule.rounding or 0) // 2 * rule.scale
    least = nw.when(value > half).then(value - half).otherwise(nw.when(value < 0).then(value - half).otherwise(0.0))
    rounded = rule.rounding is not None
    return frame.with_columns(
        value=value,
        value_min=(nw.when(ranged).then(nw.col("__least") * rule.scale).otherwise(least if rounded else nw.lit(None))),
        value_max=(
            nw.when(ranged).then(nw.col("__most") * rule.scale).otherwise(value + half if rounded else nw.lit(None))
        ),
        missing_reason=nw.when(nw.col("value").is_null()).then(reason).otherwise(nw.lit(None)),
        conf_status=nw.when(nw.col("conf").fill_null("") == "").then(nw.lit("F")).otherwise(nw.col("conf")),
        __raw=nw.col("__raw").fill_null(""),
    ).with_columns(nw.col("value_min", "value_max").cast(nw.Float64), nw.col("missing_reason").cast(nw.String))


def _with_status(frame: Frame, publisher: Publisher) -> Frame:
    """Adds ``obs_status``: the letters of CL_OBS_STATUS for the publisher's flag, null where a letter is unknown."""
    frame = frame.with_columns(flag=nw.col("flag").fill_null(""), __none=nw.col("value").is_null())
    distinct = frame.select("flag", "__none").unique().collect()
    flags, none = distinct["flag"].to_list(), distinct["__none"].to_list()
    status = [_status(flag, publisher.flags, missing=gone) for flag, gone in zip(flags, none, strict=True)]
    columns = {"flag": flags, "__none": none, "obs_status": status}
    return _lookup(
        frame, ["flag", "__none"], columns, {"flag": nw.String, "__none": nw.Boolean, "obs_status": nw.String}
    )


def _status(flag: str, letters: Mapping[str, str], *, missing: bool) -> str | None:
    if flag in letters:
        return letters[flag]
    if any(letter not in letters for letter in flag):
        return None
    return "".join(sorted({letters[letter] for letter in flag})) or ("O" if missing else "A")


def _unmatched(frame: Frame, translated: Mapping[str, str], cells: Cells) -> pl.DataFrame:
    """One row for each code that is not understood: a dimension's, a flag's, or a text in place of a value."""
    places = [(field, dimension, nw.col(field).is_null()) for field, dimension in translated.items()]
    places += [("flag", "flag", nw.col("obs_status").is_null()), ("raw", "value", nw.col("__raw") == "?")]
    parts = []
    for field, dimension, strange in places:
        source = field if field in ("flag", "raw") else dimension
        names = frame.collect_schema().names()
        column = f"published_{source}" if f"published_{source}" in names else source
        labels = cells.labels.get(dimension, {})
        part = (
            frame.filter(strange)
            .with_columns(nw.col(column).fill_null("").alias("source_code"), nw.lit(dimension).alias("dimension"))
            .group_by("publisher", "dataset", "payload", "dimension", "source_code")
            .agg(cells=nw.col("locator").count(), locator=nw.col("locator").min())
            .collect()
            .to_polars()
        )
        if len(part):
            label = pl.Series([labels.get(code) for code in part["source_code"]], dtype=pl.String)
            parts.append(part.with_columns(label=label, cells=pl.col("cells").cast(pl.Int64)))
    schema = contract("unmatched_code").polars_schema
    return pl.concat(parts).select(schema.names()).cast(schema) if parts else pl.DataFrame(schema=schema)


def _distinct(observations: Frame, key: Sequence[str], cells: Cells) -> pl.DataFrame:
    """The observations with each key once. A payload that gives one key two different values contradicts itself."""
    frame = observations.collect().to_polars()
    counts = frame.group_by(key).agg(pl.col("value").n_unique(), pl.col("locator")).filter(pl.col("value") > 1)
    if len(counts):
        row = counts.row(0, named=True)
        identity = ", ".join(str(row[field]) for field in key if field not in ("publisher", "dataset"))
        raise StructureError(
            f"the payload gives {len(counts):,} keys more than one value, first {identity} "
            f"at locators {_places(cells, sorted(row['locator'])[:4])}"
        )
    return frame.unique(key, keep="first", maintain_order=True)


def _places(cells: Cells, locators: Sequence[int]) -> str:
    """Locators as numbers and in words."""
    return f"{', '.join(map(str, locators))} ({'; '.join(formats.place(cells.format, at) for at in locators)})"
