"""One corridor as both sides count it: the same people seen from two ends, or by two publishers.

Functions take and give narwhals lazy frames, as those of ``assets.compare.comparison``.
"""

from collections.abc import Mapping, Sequence

import narwhals as nw
import polars as pl

from assets.compare.comparison import CARRIED, added_up, jurisdictions, selected
from assets.compare.engines import Engine, Frame
from assets.compare.grades import counting_rules, differences, graded, joined_up
from assets.law.indicators import CHINA
from sources.catalogue import datasets
from warehouse.measures import Mirror, Side

KEY = ("mirror", "origin", "destination", "year")
# What is told of each side.
TOLD = ("value", "dataset", "indicator", "definition", "payload", "locator")
VISAS = "visa_free_days"

_TAKEN: dict[str, pl.DataType] = {
    "mirror": pl.String(),
    "origin": pl.String(),
    "destination": pl.String(),
    **CARRIED,
    "least_parts": pl.Int64(),
}


def mirror_flow(
    tables: Mapping[str, Frame], declared: Mapping[str, Mirror], years: Sequence[int], visas: Frame, engine: Engine
) -> Frame:
    """Table ``mirror_flow``: a row for each corridor and year of which at least one side has a figure.

    ``visas`` has nationality, jurisdiction, year and value: days without a visa. They mirror each other: what one side
    grants beside what it is granted.
    """
    rules = engine.lift(counting_rules())
    sides = [
        nw.concat(
            [
                engine.lift(pl.DataFrame(schema=_TAKEN)),
                *(
                    _side(tables, name, entry, entry.sides[number], years)
                    for name, entry in declared.items()
                    if entry.sides[number].dataset in datasets()
                ),
            ]
        )
        for number in (0, 1)
    ]
    first, second = (
        engine.settle(_told(added_up(side, KEY), rules, prefix))
        for side, prefix in zip(sides, ("first", "second"), strict=True)
    )
    keys = [*KEY]
    either = nw.concat([first.select(*keys), second.select(*keys)]).unique(keys)
    both = either.join(first, on=keys, how="left").join(second, on=keys, how="left")
    both = both.filter(~nw.col("first_value").is_null() | ~nw.col("second_value").is_null())
    compared = graded(both.with_columns(**differences("first_is_", "second_is_")))
    neither_missing = ~nw.col("first_value").is_null() & ~nw.col("second_value").is_null()
    judged = compared.with_columns(
        grade=nw.when(neither_missing).then(nw.col("grade")),
        grade_reasons=nw.when(neither_missing).then(nw.col("grade_reasons")),
        flags=joined_up(("first_flags", "second_flags")),
    )
    return _with_ratio(nw.concat([judged, _of_visas(visas)], how="diagonal"))


def _side(tables: Mapping[str, Frame], name: str, entry: Mirror, side: Side, years: Sequence[int]) -> Frame:
    """The figures of one side, of the corridors between China and the member states."""
    ends = {"origin": "partner", "destination": "reporter"}
    if side.counted_by == "origin":
        ends = {"origin": "reporter", "destination": "partner"}
    china, state = (ends["origin"], ends["destination"])
    if entry.corridors == "to_china":
        china, state = state, china
    members = [area for area in jurisdictions() if area != CHINA]
    rows = selected(tables, side, years, free=("partner",)).filter(nw.col(china) == CHINA, nw.col(state).is_in(members))
    return rows.select(
        nw.lit(name).alias("mirror"),
        *(nw.col(field).alias(end) for end, field in ends.items()),
        *CARRIED,
        nw.lit(side.least_parts).cast(nw.Int64).alias("least_parts"),
    )


def _told(figures: Frame, rules: Frame, prefix: str) -> Frame:
    """One side's figures with how they are counted and what must be known of them, in columns named after the side."""
    before = figures.select(*KEY[:-1], (nw.col("year") + 1).alias("year"), nw.col("definition").alias("before"))
    told = figures.join(before, on=[*KEY], how="left").join(rules, on=["indicator", "definition"], how="left")
    told = told.with_columns(
        marked=nw.when(nw.col("break") == 1).then(nw.lit("break")),
        recounted=nw.when(nw.col("definition") != nw.col("before")).then(nw.lit("definition_changed")),
    ).with_columns(flags=joined_up(("marked", "recounted")))
    attributes = [name for name in rules.collect_schema().names() if name not in ("indicator", "definition")]
    return told.select(
        *KEY,
        *(nw.col(name).alias(f"{prefix}_{name}") for name in (*TOLD, "flags")),
        *(nw.col(name).alias(f"{prefix}_is_{name}") for name in attributes),
    )


def _of_visas(visas: Frame) -> Frame:
    """Days without a visa on a corridor, beside those on the corridor back."""
    back = visas.select(
        nw.col("jurisdiction").alias("nationality"),
        nw.col("nationality").alias("jurisdiction"),
        "year",
        nw.col("value").alias("second_value"),
    )
    return visas.join(back, on=["nationality", "jurisdiction", "year"], how="left").select(
        nw.lit(VISAS).alias("mirror"),
        nw.col("nationality").alias("origin"),
        nw.col("jurisdiction").alias("destination"),
        "year",
        nw.col("value").alias("first_value"),
        "second_value",
        nw.when(~nw.col("second_value").is_null()).then(nw.lit("A")).alias("grade"),
    )


def _with_ratio(rows: Frame) -> Frame:
    divided = nw.when(nw.col("second_value") != 0).then(nw.col("first_value") / nw.col("second_value"))
    return rows.with_columns(ratio=divided)
