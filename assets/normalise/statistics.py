"""Normalisation of statistics: cells in the publisher's codes become observations in shared codes, units and status."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from assets.normalise.codes import (
    FieldSources,
    Normalised,
    Origin,
    areas_in_scope,
    describe_locators,
    join_lookup,
    materialise,
    select_cells,
    translate_fields,
    unmatched_codes,
    with_provenance,
)
from assets.normalise.periods import period
from sources.catalogue.model import Observe, Publisher
from sources.cells import Cells
from sources.errors import CatalogueError, StructureError
from sources.formats.workbook.convert import NOT_COMPUTED
from warehouse.contracts import Contract, contract
from warehouse.rows import has_duplicates


def observations_of(cells: Cells, publisher: Publisher, name: str, origin: Origin) -> Normalised:
    """The observations of one payload of ``publisher``'s dataset ``name``, in the columns of its table's contract.

    Only rows whose jurisdiction or partner is in scope (China, a member state, a province or an EU aggregate) are kept,
    unless the contract of the table is ``whole``.
    Raises ``StructureError`` if the payload's dimensions are not those of the catalogue entry, or if one key has two
    different values.
    """
    dataset = publisher.datasets[name]
    rule = dataset.observe
    if rule is None:
        raise CatalogueError(f"{publisher.publisher}/{name} holds no statistics")
    table = contract(dataset.table)
    sources = _field_sources(rule, table)
    frame = _with_period(select_cells(cells, rule, sources), cells)
    frame, translated = translate_fields(frame, sources, cells, publisher)
    frame = _with_status(_with_values(frame, rule, publisher), rule, publisher)
    known = pl.all_horizontal(*(pl.col(field).is_not_null() for field in [*translated, "obs_status"]))
    known &= pl.col("__raw") != "?"
    frame = materialise(with_provenance(frame, publisher, name, origin, cells.updated))
    kept = known if table.whole else known & _in_scope()
    observations = frame.filter(kept).select(table.stored_schema.names()).collect()
    unknown = [(dimension, pl.col(field).is_null()) for field, dimension in translated.items()]
    unknown += [("flag", pl.col("obs_status").is_null()), ("value", pl.col("__raw") == "?")]
    unmatched = unmatched_codes(frame.filter(~known), unknown, cells)
    read, lost = frame.select(pl.len(), (~known).sum()).collect().row(0)
    return Normalised(
        _distinct(observations, table.key, cells),
        unmatched,
        read,
        lost,
        unread=None if cells.unread is None else _unread(cells.unread, publisher, name, origin),
        held=_held(cells, publisher, name, origin),
        sentences=_sentences(cells, origin),
    )


def _held(cells: Cells, publisher: Publisher, name: str, origin: Origin) -> pl.DataFrame | None:
    """The figures that the reader of prose holds back, as rows of the table with ``why``."""
    if cells.held is None or cells.held.is_empty():
        return None
    plain = replace(cells, frame=cells.held.drop("why").lazy(), held=None, unread=None)
    rows = observations_of(plain, publisher, name, origin).observations
    return rows.join(cells.held.select("locator", "why"), on="locator")


def _sentences(cells: Cells, origin: Origin) -> pl.DataFrame | None:
    """The sentence of each figure of prose, and the title of its document. None for other formats."""
    if "phrase" not in cells.dimensions:
        return None
    frames = [cells.frame, *([cells.held.drop("why").lazy()] if cells.held is not None else [])]
    title = pl.col("title") if "title" in cells.dimensions else pl.lit(cells.dataset, pl.String)
    return (
        pl.concat(frames)
        .select(pl.lit(origin.payload).alias("payload"), "locator", title.alias("title"), sentence="phrase")
        .collect()
    )


def _unread(unread: pl.DataFrame, publisher: Publisher, name: str, origin: Origin) -> pl.DataFrame:
    """Rows of table ``unread_sentence``: the sentences of prose that were not read."""
    return unread.with_columns(
        publisher=pl.lit(publisher.publisher),
        dataset=pl.lit(f"{publisher.publisher}/{name}"),
        payload=pl.lit(origin.payload),
    ).select(contract("unread_sentence").field_names)


def _in_scope() -> pl.Expr:
    return pl.col("jurisdiction").is_in(areas_in_scope()) | pl.col("partner").is_in(areas_in_scope())


def _field_sources(rule: Observe, table: Contract) -> FieldSources:
    """The source of every field that the rule fills. A dimension that the rule does not name is ``_Z``: no detail."""
    return {
        "indicator": rule.indicator,
        "jurisdiction": rule.jurisdiction,
        "partner": rule.partner,
        "partner_role": rule.partner_role,
        **dict.fromkeys(table.dimensions, "_Z"),
        **rule.dimensions,
        "unit": rule.unit,
        "definition": rule.definition,
    }


def _with_period(frame: pl.LazyFrame, cells: Cells) -> pl.LazyFrame:
    """The frame with ``period`` and ``freq``. The error for an unknown period names the first locator that has it."""
    first = frame.group_by("time").agg(pl.col("locator").min()).collect()
    times, parsed = first["time"].to_list(), []
    for time, locator in first.iter_rows():
        try:
            parsed.append(period(time or ""))
        except StructureError as error:
            raise StructureError(f"{error}, at locator {describe_locators(cells, [locator])}") from error
    columns = {"time": times, "period": [day for day, _ in parsed], "freq": [freq for _, freq in parsed]}
    return join_lookup(frame, ["time"], columns, {"time": pl.String, "period": pl.Date, "freq": pl.String})


def _with_values(frame: pl.LazyFrame, rule: Observe, publisher: Publisher) -> pl.LazyFrame:
    """The frame with value, bounds, ``conf_status`` and ``missing_reason``.

    ``__raw`` is ``?`` where the text in place of a number is unknown.
    """
    frame = _with_meaning_of_texts(frame, publisher)
    value = _scaled(rule)
    least, most = _bounds(value, rule)
    return frame.with_columns(
        value=value,
        value_min=least.cast(pl.Float64),
        value_max=most.cast(pl.Float64),
        missing_reason=pl.when(pl.col("value").is_null()).then(_missing_reason(publisher)).cast(pl.String),
        conf_status=pl.when(pl.col("conf").fill_null("") == "").then(pl.lit("F")).otherwise(pl.col("conf")),
        __raw=pl.col("__raw").fill_null(""),
    )


def _with_meaning_of_texts(frame: pl.LazyFrame, publisher: Publisher) -> pl.LazyFrame:
    """The frame with ``__least``, ``__most`` and ``__reason``: what a text in place of a number means.

    If the format gives the bounds of a figure itself, these are used.
    """
    missing = {**dict.fromkeys(NOT_COMPUTED, "not_published"), **publisher.missing}
    texts = frame.select("raw").unique().collect()["raw"].drop_nulls().to_list()
    columns = {
        "raw": texts,
        "__least": [publisher.bounds.get(text, (None, None))[0] for text in texts],
        "__most": [publisher.bounds.get(text, (None, None))[1] for text in texts],
        "__reason": [missing.get(text) for text in texts],
        "__raw": ["" if text in missing or text in publisher.bounds else "?" for text in texts],
    }
    schema = {"raw": pl.String, "__least": pl.Float64, "__most": pl.Float64, "__reason": pl.String, "__raw": pl.String}
    frame = join_lookup(frame, ["raw"], columns, schema)
    if "least" not in frame.collect_schema():
        return frame
    return frame.with_columns(__least=pl.coalesce("least", "__least"), __most=pl.coalesce("most", "__most"))


def _scaled(rule: Observe) -> pl.Expr:
    """The value in its unit. 64.1 thousand become 64,100, which the product of two floats misses by a little."""
    value = pl.col("value") * rule.scale
    if rule.scale <= 1:
        return value
    near = value.round(3)
    return pl.when((value - near).abs() <= value.abs() * 1e-12).then(near).otherwise(value)


def _bounds(value: pl.Expr, rule: Observe) -> tuple[pl.Expr, pl.Expr]:
    """Least and greatest true value: as the publisher states them, else from the rounding, else null."""
    ranged = pl.col("__least").is_not_null() | pl.col("__most").is_not_null()
    least, most = pl.lit(None, pl.Float64), pl.lit(None, pl.Float64)
    if rule.rounding is not None:
        half = _half(rule.rounding * rule.scale)
        least = pl.when((value > half) | (value < 0)).then(value - half).when(value.is_not_null()).then(0.0)
        most = value + half
    return (
        pl.when(ranged).then(pl.col("__least") * rule.scale).otherwise(least),
        pl.when(ranged).then(pl.col("__most") * rule.scale).otherwise(most),
    )


def _half(step: float) -> float:
    """The largest distance between a true value and its multiple of ``step``; a whole number if the step is one."""
    return step // 2 if step >= 1 else step / 2


def _missing_reason(publisher: Publisher) -> pl.Expr:
    """The reason for a missing value: from the confidentiality status, the flag or the text in place of the number."""
    flag = pl.col("flag").fill_null("")
    suppressed = (pl.col("conf").fill_null("F") == "C") | flag.str.contains("c")
    not_stated = publisher.missing.get("", "not_published")
    return (
        pl.when(suppressed)
        .then(pl.lit("suppressed"))
        .when(flag.str.contains("[mz]"))
        .then(pl.lit("not_applicable"))
        .otherwise(pl.coalesce(pl.col("__reason"), pl.lit(not_stated)))
    )


def _with_status(frame: pl.LazyFrame, rule: Observe, publisher: Publisher) -> pl.LazyFrame:
    """The frame with ``obs_status``: letters of CL_OBS_STATUS, null if a letter of the flag is unknown.

    A value outside ``rule.plausible`` is kept and gets the letter U.
    """
    least, most = rule.plausible
    value, implausible = pl.col("value"), pl.lit(value=False)
    implausible = implausible if least is None else implausible | (value < least)
    implausible = implausible if most is None else implausible | (value > most)
    keys = ["flag", "__missing", "__implausible"]
    frame = frame.with_columns(
        flag=pl.col("flag").fill_null(""), __missing=value.is_null(), __implausible=implausible.fill_null(value=False)
    )
    distinct = frame.select(keys).unique().collect()
    status = [
        _status(flag, publisher.flags, missing=missing, implausible=implausible)
        for flag, missing, implausible in distinct.iter_rows()
    ]
    columns = {key: distinct[key].to_list() for key in keys} | {"obs_status": status}
    schema = {"flag": pl.String, "__missing": pl.Boolean, "__implausible": pl.Boolean, "obs_status": pl.String}
    return join_lookup(frame, keys, columns, schema)


def _status(flag: str, letters: Mapping[str, str], *, missing: bool, implausible: bool) -> str | None:
    """The status letters of a flag in alphabetical order; None if a letter of the flag is unknown."""
    if flag not in letters and any(letter not in letters for letter in flag):
        return None
    status = set(letters[flag] if flag in letters else "".join(letters[letter] for letter in flag))
    if implausible:
        status = (status - {"A"}) | {"U"}
    return "".join(sorted(status)) or ("O" if missing else "A")


def _distinct(observations: pl.DataFrame, key: Sequence[str], cells: Cells) -> pl.DataFrame:
    """The observations with each key once. Raises ``StructureError`` if one key has two different values."""
    if not has_duplicates(observations, key):
        return observations
    groups = observations.group_by(key).agg(pl.col("value").n_unique(), pl.col("locator"))
    contradictions = groups.filter(pl.col("value") > 1).sort(key)
    if len(contradictions):
        row = contradictions.row(0, named=True)
        identity = ", ".join(str(row[field]) for field in key if field not in ("publisher", "dataset"))
        raise StructureError(
            f"the payload gives {len(contradictions):,} keys more than one value, first {identity} "
            f"at locators {describe_locators(cells, sorted(row['locator'])[:4])}"
        )
    # Joins keep no order, and the same one of two equal rows must be cited in every build.
    return observations.sort("locator").unique(key, keep="first", maintain_order=True)
