"""Translation of a publisher's codes into shared codes, used for statistics and for law.

Functions take and return Polars lazy frames. Each distinct code is looked up once, not once a row. A code that no
crosswalk holds becomes null and is counted in a second frame. A dimension that the catalogue entry does not name, or a
missing one that it needs, raises ``StructureError``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import polars as pl

from sources.catalogue.model import Dim, Observe, Publisher, Record
from sources.cells import Cells
from sources.errors import StructureError, UnexpectedCodeError
from warehouse import codes
from warehouse.contracts import contract

# Columns of a cell that a field may be read from in addition to the payload's dimensions. ``published`` exists only for
# law and holds the payload's own day.
CELL_COLUMNS = ("time", "raw", "flag", "published")

# The scheme whose codes are English names. Publishers differ in their case: CHINA, China.
_NAMES = "name"

# The area that a code of a dated scheme means: from a day, until a day (exclusive).
_Interval = tuple[date, date, str]

# Each field that a rule fills, with a constant or the dimension that it is read from.
FieldSources = Mapping[str, str | Dim]


@dataclass(frozen=True)
class Origin:
    """The origin of a payload: its sha256, when it was received, and the publisher's time stamp."""

    payload: str
    received: datetime
    stamp: datetime | None = None


@dataclass(frozen=True)
class Normalised:
    """The rows of one payload in shared codes, and its unmatched codes.

    ``cells`` is the number of all cells that were read, ``lost`` of those with an unknown code.

    For prose also its unread sentences, the figures that the reader holds back (rows with ``why``), and the sentence of
    each figure (``payload``, ``locator``, ``title`` of the document, ``sentence``).
    """

    observations: pl.DataFrame
    unmatched: pl.DataFrame
    cells: int
    lost: int
    unread: pl.DataFrame | None = None
    held: pl.DataFrame | None = None
    sentences: pl.DataFrame | None = None


def select_cells(cells: Cells, rule: Observe | Record, sources: FieldSources) -> pl.LazyFrame:
    """The cells that match ``rule.where``, read into memory.

    Raises ``StructureError`` if the dimensions of the payload are not those of the rule, or if a dimension holds a code
    that ``rule.expect`` does not allow.
    """
    unnamed = _check_dimensions(cells, rule, sources)
    frame = cells.frame.with_columns(pl.col(cells.dimensions).cast(pl.String))
    for dimension, code in unnamed.items():
        frame = frame.filter(pl.col(dimension) == code)
    for dimension, kept in rule.where.items():
        frame = frame.filter(pl.col(dimension).is_in(kept))
    if refused := [why for table, why in cells.refused.items() if table in rule.where.get("table", cells.refused)]:
        raise StructureError(refused[0])
    selected = materialise(frame)
    if unnamed and selected.limit(1).collect().is_empty():
        raise StructureError(
            f"the payload has {', '.join(unnamed)}, which the catalogue entry does not name, and no row with the code "
            f"{' and '.join(sorted(set(unnamed.values())))} in it"
        )
    _check_expected_codes(selected, rule, cells)
    return selected


def materialise(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The computed frame. A lazy frame that is read several times is otherwise computed several times."""
    return frame.collect().lazy()


def translate_fields(
    frame: pl.LazyFrame, sources: FieldSources, cells: Cells, publisher: Publisher
) -> tuple[pl.LazyFrame, dict[str, str]]:
    """The frame with every field in shared codes, and for each translated field the dimension of its codes."""
    translated: dict[str, str] = {}
    frame = materialise(frame)
    translator = _Translator(frame, cells, publisher)
    for field, source in sources.items():
        frame = translator.add(frame, field, source)
        if isinstance(source, Dim):
            translated[field] = _column_of(source, cells) or field
    return materialise(frame), translated


def with_provenance(
    frame: pl.LazyFrame, publisher: Publisher, name: str, origin: Origin, stamp: datetime | None
) -> pl.LazyFrame:
    """The frame with publisher, dataset, payload, ``source_updated``, ``known_from`` and ``known_to``.

    ``stamp`` is the publication time that the payload states. If the cells have a publication time of their own
    (column ``published_at``), each row is known from that time.
    """
    stamp = stamp or origin.stamp
    dated_cells = "published_at" in frame.collect_schema()
    return frame.with_columns(
        publisher=pl.lit(publisher.publisher),
        dataset=pl.lit(f"{publisher.publisher}/{name}"),
        payload=pl.lit(origin.payload),
        source_updated=pl.col("published_at") if dated_cells else _utc(stamp),
        known_from=pl.col("published_at") if dated_cells else _utc(stamp or origin.received),
        known_to=_utc(None),
    )


def _utc(at: datetime | None) -> pl.Expr:
    return pl.lit(at).cast(pl.Datetime("us", "UTC"))


@cache
def areas_in_scope() -> tuple[str, ...]:
    """The codes of China and the 27 member states, of the provinces of China, and of the EU aggregates."""
    areas = codes.areas()
    compared = areas.filter("in_scope")["area"]
    return tuple(areas.filter(pl.col("in_scope") | pl.col("parent").is_in(compared.implode()))["area"])


def _column_of(source: Dim, cells: Cells) -> str | None:
    """The column of the cells that holds the dimension; None if the payload does not have it."""
    return next((name for name in source.names if name in (*cells.dimensions, *CELL_COLUMNS)), None)


def _with_fallbacks(source: str | Dim | None) -> Iterator[Dim]:
    """The dimension of a field, and the dimensions that replace it where it is blank."""
    while isinstance(source, Dim):
        yield source
        source = source.blank


def named_dimensions(rule: Observe | Record, sources: FieldSources) -> set[str]:
    """Every dimension that a rule names."""
    dims = [dim for source in sources.values() for dim in _with_fallbacks(source)]
    return {*rule.expect, *rule.where, *rule.ignore, *(name for dim in dims for name in dim.names)}


def _check_dimensions(cells: Cells, rule: Observe | Record, sources: FieldSources) -> dict[str, str]:
    """The dimensions that the rule does not name, with the one code at which it reads them (``rule.unnamed``).

    Raises ``StructureError`` unless the rule uses every dimension of the payload and finds every one it needs.
    """
    dims = [dim for source in sources.values() for dim in _with_fallbacks(source)]
    used = named_dimensions(rule, sources)
    missing = sorted(set(rule.where) - set(cells.dimensions))
    missing += [" or ".join(dim.names) for dim in dims if _column_of(dim, cells) is None and dim.absent is None]
    unknown = sorted(set(cells.dimensions) - used)
    total = rule.unnamed if isinstance(rule, Observe) else None
    if total is not None and not missing:
        return dict.fromkeys(unknown, total)
    if missing or unknown:
        parts = [f"lacks {', '.join(missing)}"] if missing else []
        parts += [f"has {', '.join(unknown)}, which the catalogue entry does not name"] if unknown else []
        raise StructureError(
            f"the structure of the payload changed: it {' and '.join(parts)}; "
            f"its dimensions are {', '.join(cells.dimensions)}, those of the entry {', '.join(sorted(used))}"
        )
    return {}


def _check_expected_codes(frame: pl.LazyFrame, rule: Observe | Record, cells: Cells) -> None:
    for dimension in [d for d in rule.expect if d in frame.collect_schema()]:
        unexpected = frame.filter(~pl.col(dimension).is_in(rule.expect[dimension])).head(1).collect()
        if len(unexpected):
            raise UnexpectedCodeError(
                f"{dimension} is {unexpected[dimension][0]!r} at locator "
                f"{describe_locators(cells, unexpected['locator'].to_list())}, "
                f"where only {', '.join(rule.expect[dimension])} was asked for"
            )


def join_lookup(
    frame: pl.LazyFrame, on: Sequence[str], columns: Mapping[str, Sequence[Any]], schema: Mapping[str, Any]
) -> pl.LazyFrame:
    """The frame with the columns of a small lookup table joined to it."""
    return frame.join(pl.LazyFrame(dict(columns), schema=dict(schema)), on=list(on), how="left")


@dataclass(frozen=True)
class _Translator:
    """Translates the fields of one payload. ``published`` holds its cells with the publisher's codes only."""

    published: pl.LazyFrame
    cells: Cells
    publisher: Publisher

    def add(self, frame: pl.LazyFrame, field: str, source: str | Dim) -> pl.LazyFrame:
        """The frame with ``field`` in shared codes, null where the code is unknown."""
        target = f"__{field}"  # a dimension of the payload may have the name of the field
        if isinstance(source, str):
            return frame.with_columns(pl.lit(source).alias(target)).pipe(_rename_to_field, target, field)
        name = _column_of(source, self.cells)
        if name is None:
            return frame.with_columns(pl.lit(source.absent).alias(target)).pipe(_rename_to_field, target, field)
        # If an earlier field took the name of the dimension, the published codes are in ``published_<name>``.
        column = f"published_{name}" if f"published_{name}" in frame.collect_schema() else name
        frame = self._join_crosswalk(frame.with_columns(__code=pl.col(column).fill_null("")), name, target, source)
        if source.blank is not None:
            frame = self.add(frame, f"{field}_", source.blank)
            frame = frame.with_columns(pl.coalesce(target, f"{field}_").alias(target))
        return frame.pipe(_rename_to_field, target, field)

    def _join_crosswalk(self, frame: pl.LazyFrame, name: str, target: str, source: Dim) -> pl.LazyFrame:
        """The frame with column ``target``: the translation of ``__code``, which holds codes of dimension ``name``."""
        dated_scheme = source.codes if isinstance(source.codes, str) and source.codes in codes.schemes() else None
        keys = ["__code", "period"] if dated_scheme else ["__code"]
        distinct = self.published.with_columns(__code=pl.col(name).fill_null("")).select(keys).unique().collect()
        occurring = distinct["__code"].to_list()
        if dated_scheme:
            intervals, days = _intervals(dated_scheme), distinct["period"].to_list()
            found = [intervals.get(code) or intervals.get(code.casefold()) for code in occurring]
            areas = [_area_on(each, day) for each, day in zip(found, days, strict=True)]
            columns = {"__code": occurring, target: areas, "period": days}
            return join_lookup(frame, keys, columns, {"__code": pl.String, target: pl.String, "period": pl.Date})
        mapping = self.publisher.codes[source.codes] if isinstance(source.codes, str) else source.codes
        translated = occurring if mapping is None else [mapping.get(code) for code in occurring]
        columns = {"__code": occurring, target: translated}
        return join_lookup(frame, keys, columns, {"__code": pl.String, target: pl.String})


def _rename_to_field(frame: pl.LazyFrame, target: str, field: str) -> pl.LazyFrame:
    """The frame with column ``target`` renamed to ``field``, and a dimension of that name to ``published_<field>``."""
    if field in frame.collect_schema():
        return frame.with_columns(pl.col(field).alias(f"published_{field}"), pl.col(target).alias(field)).drop(target)
    return frame.rename({target: field})


@cache
def _intervals(scheme: str) -> dict[str, list[_Interval]]:
    """For each code of a dated scheme, the areas that it meant and when. Names are also found without their case."""
    rows = codes.area_codes().filter(pl.col("scheme") == scheme)
    found: dict[str, list[_Interval]] = {}
    for code, area, start, end in rows.select("code", "area", "valid_from", "valid_to").iter_rows():
        found.setdefault(code, []).append((start or date.min, end or date.max, area))
    if scheme == _NAMES:
        found = {code.casefold(): meant for code, meant in found.items()} | found
    return found


def _area_on(intervals: list[_Interval] | None, day: date) -> str | None:
    return next((area for start, end, area in intervals or [] if start <= day < end), None)


def untranslated(source: Dim, publisher: Publisher, occurring: Sequence[str]) -> list[str]:
    """The codes that neither the map of a dimension nor those of its fallbacks on the same dimension translate."""
    for step in _with_fallbacks(source):
        if step.codes is None:
            return []
        if isinstance(step.codes, str) and step.codes in codes.schemes():
            known = {code for code in occurring if {code, code.casefold()} & _intervals(step.codes).keys()}
        else:
            known = set(publisher.codes[step.codes] if isinstance(step.codes, str) else step.codes)
        occurring = [code for code in occurring if step.names != source.names or code not in known]
    return list(occurring)


def unmatched_codes(frame: pl.LazyFrame, unknown: Sequence[tuple[str, pl.Expr]], cells: Cells) -> pl.DataFrame:
    """Rows of table ``unmatched_code``: one row for each unknown code.

    ``unknown`` gives for each dimension the rows that have an unknown code in it.
    """
    rows = frame.collect()
    schema = contract("unmatched_code").polars_schema
    if rows.is_empty():
        return pl.DataFrame(schema=schema)
    parts = []
    for dimension, where in unknown:
        source = "raw" if dimension == "value" else dimension
        column = f"published_{source}" if f"published_{source}" in rows.columns else source
        labels = cells.labels.get(dimension, {})
        part = (
            rows.filter(where)
            .with_columns(pl.col(column).fill_null("").alias("source_code"), pl.lit(dimension).alias("dimension"))
            .group_by("publisher", "dataset", "payload", "dimension", "source_code")
            .agg(cells=pl.col("locator").count(), locator=pl.col("locator").min())
        )
        if len(part):
            label = pl.Series([labels.get(code) for code in part["source_code"]], dtype=pl.String)
            parts.append(part.with_columns(label=label, cells=pl.col("cells").cast(pl.Int64)))
    return pl.concat(parts).select(schema.names()).cast(schema) if parts else pl.DataFrame(schema=schema)


def describe_locators(cells: Cells, locators: Sequence[int]) -> str:
    """Locators as numbers, followed by the same places in words."""
    from sources import reading  # it loads all formats, which most commands do not need

    return (
        f"{', '.join(map(str, locators))} ({'; '.join(reading.describe_locator(cells.format, at) for at in locators)})"
    )
