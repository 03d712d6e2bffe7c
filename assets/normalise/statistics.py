"""Cells to observations: the publisher's codes become shared codes, and nothing else changes.

What reading law shares with this, above all how codes are translated, stands in ``assets.normalise.codes``.
"""

from collections.abc import Mapping, Sequence

import narwhals as nw
import polars as pl

from assets.core.errors import StructureError
from assets.normalise.codes import (
    Frame,
    Observed,
    Origin,
    Sources,
    computed,
    lookup,
    places,
    scope,
    taken,
    unmatched_codes,
    with_fields,
    with_provenance,
)
from assets.normalise.periods import period
from sources.catalogue import Observe, Publisher
from sources.cells import Cells
from sources.errors import CatalogueError
from warehouse.contracts import Contract, contract


def observe(cells: Cells, publisher: Publisher, name: str, origin: Origin) -> Observed:
    """The observations of one payload of ``publisher``'s dataset ``name``, in the columns of its table's contract.

    Only rows that concern one of the 28 jurisdictions, a province of one or an EU aggregate, as reporter or as partner,
    are taken.
    ``StructureError`` when the payload's dimensions are not the entry's, or one key has two different values.
    """
    dataset = publisher.datasets[name]
    rule = dataset.observe
    if rule is None:
        raise CatalogueError(f"{publisher.publisher}/{name} holds no statistics")
    table = contract(dataset.table)
    sources = _sources(rule, table)
    frame = _with_period(taken(cells, rule, sources), cells)
    frame, translated = with_fields(frame, sources, cells, publisher)
    frame = _with_status(_with_values(frame, rule, publisher), rule, publisher)
    known = nw.all_horizontal(*[~nw.col(field).is_null() for field in [*translated, "obs_status"]], ignore_nulls=False)
    known = known & (nw.col("__raw") != "?")
    frame = computed(with_provenance(frame, publisher, name, origin, cells.updated))
    observations = frame.filter(known & _concerned()).select(*table.field_names)
    strange = [(dimension, nw.col(field).is_null()) for field, dimension in translated.items()]
    strange += [("flag", nw.col("obs_status").is_null()), ("value", nw.col("__raw") == "?")]
    unmatched = unmatched_codes(frame.filter(~known), strange, cells)
    return Observed(_distinct(observations, table.key, cells), unmatched, _unread(cells, publisher, name, origin))


def _unread(cells: Cells, publisher: Publisher, name: str, origin: Origin) -> pl.DataFrame | None:
    """The sentences of prose that were not read, as rows of table ``unread_sentence``."""
    if cells.unread is None:
        return None
    return cells.unread.with_columns(
        publisher=pl.lit(publisher.publisher),
        dataset=pl.lit(f"{publisher.publisher}/{name}"),
        payload=pl.lit(origin.payload),
    ).select(contract("unread_sentence").field_names)


def _concerned() -> nw.Expr:
    return nw.col("reporter").is_in(scope()) | nw.col("partner").is_in(scope())


def _sources(rule: Observe, table: Contract) -> Sources:
    """Every field that the rule fills, and from what. A dimension that it does not name is ``_Z``: not told apart."""
    return {
        "indicator": rule.indicator,
        "reporter": rule.reporter,
        "partner": rule.partner,
        "partner_role": rule.partner_role,
        **dict.fromkeys(table.dimensions, "_Z"),
        **rule.dimensions,
        "unit": rule.unit,
        "definition": rule.definition,
    }


def _with_period(frame: Frame, cells: Cells) -> Frame:
    first = frame.group_by("time").agg(nw.col("locator").min()).collect()
    times, parsed = first["time"].to_list(), []
    for time, locator in zip(times, first["locator"].to_list(), strict=True):
        try:
            parsed.append(period(time or ""))
        except StructureError as error:
            raise StructureError(f"{error}, at locator {places(cells, [locator])}") from error
    columns = {"time": times, "period": [p for p, _ in parsed], "freq": [f for _, f in parsed]}
    return lookup(frame, ["time"], columns, {"time": nw.String, "period": nw.Date, "freq": nw.String})


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
    frame = lookup(frame, ["raw"], columns, schema)
    value = nw.col("value") * rule.scale
    if rule.scale > 1:  # 64.1 thousand are 64,100, which the product of two floats misses by a little
        near = value.round(3)
        value = nw.when((value - near).abs() <= value.abs() * 1e-12).then(near).otherwise(value)
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
    frame = _stated(frame)
    ranged = ~nw.col("__least").is_null() | ~nw.col("__most").is_null()
    half = _half((rule.rounding or 0.0) * rule.scale)
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


def _stated(frame: Frame) -> Frame:
    """The bounds that a format itself found in the wording of a figure, where it gives some, in place of others."""
    if "least" not in frame.collect_schema().names():
        return frame
    bounds = {"__least": nw.coalesce("least", "__least"), "__most": nw.coalesce("most", "__most")}
    return frame.with_columns(**bounds)


def _half(step: float) -> float:
    """How far a figure rounded to a multiple of ``step`` may be from the true one, which of a count is whole."""
    return step // 2 if step >= 1 else step / 2


def _with_status(frame: Frame, rule: Observe, publisher: Publisher) -> Frame:
    """Adds ``obs_status``: the letters of CL_OBS_STATUS for the publisher's flag, null where a letter is unknown.

    A value beyond what is plausible stays as it is, and is marked U.
    """
    least, most = rule.plausible
    value, odd = nw.col("value"), nw.lit(False)
    odd = odd if least is None else odd | (value < least)
    odd = odd if most is None else odd | (value > most)
    keys = ["flag", "__none", "__odd"]
    frame = frame.with_columns(flag=nw.col("flag").fill_null(""), __none=value.is_null(), __odd=odd.fill_null(False))
    distinct = frame.select(*keys).unique().collect()
    columns = {key: distinct[key].to_list() for key in keys}
    status = [
        _status(flag, publisher.flags, missing=none, odd=odd) for flag, none, odd in zip(*columns.values(), strict=True)
    ]
    schema = {"flag": nw.String, "__none": nw.Boolean, "__odd": nw.Boolean, "obs_status": nw.String}
    return lookup(frame, keys, columns | {"obs_status": status}, schema)


def _status(flag: str, letters: Mapping[str, str], *, missing: bool, odd: bool) -> str | None:
    if flag not in letters and any(letter not in letters for letter in flag):
        return None
    said = letters[flag] if flag in letters else "".join(letters[letter] for letter in flag)
    return "".join(sorted({*said.replace("A", "" if odd else "A"), *("U" if odd else "")})) or ("O" if missing else "A")


def _distinct(observations: Frame, key: Sequence[str], cells: Cells) -> pl.DataFrame:
    """The observations with each key once. A payload that gives one key two different values contradicts itself."""
    frame = observations.collect().to_polars()
    groups = frame.group_by(key).agg(pl.col("value").n_unique(), pl.col("locator"))
    if len(groups) == len(frame):
        return frame
    counts = groups.filter(pl.col("value") > 1).sort(key)
    if len(counts):
        row = counts.row(0, named=True)
        identity = ", ".join(str(row[field]) for field in key if field not in ("publisher", "dataset"))
        raise StructureError(
            f"the payload gives {len(counts):,} keys more than one value, first {identity} "
            f"at locators {places(cells, sorted(row['locator'])[:4])}"
        )
    # Joins keep no order, and which of two equal statements is cited must never vary.
    return frame.sort("locator").unique(key, keep="first", maintain_order=True)
