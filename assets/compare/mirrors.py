"""Table ``mirror_flow``: the same people as counted by two states, or by two publishers.

Functions take and return narwhals lazy frames.
"""

from collections.abc import Mapping, Sequence

import narwhals as nw
import polars as pl

from assets.compare.engines import Engine, Frame
from assets.compare.grades import counting_rules, differences, join_texts, with_grades
from assets.compare.question import member_states
from assets.compare.selection import FIGURE, select_rows, sum_rows
from sources.catalogue import datasets
from warehouse.codes import CHINA
from warehouse.measures import Mirror, Side

KEY = ("mirror", "jurisdiction", "partner", "year")
# The columns of each side, prefixed with ``first_`` and ``second_``.
SIDE = ("value", "dataset", "indicator", "definition", "payload", "locator")
# The mirror that compares visa rules and not figures.
VISA_FREE_DAYS = "visa_free_days"

_SELECTED: dict[str, pl.DataType] = {
    "mirror": pl.String(),
    "jurisdiction": pl.String(),
    "partner": pl.String(),
    **FIGURE,
    "least_parts": pl.Int64(),
}


def mirror_flow(
    tables: Mapping[str, Frame], declared: Mapping[str, Mirror], years: Sequence[int], visas: Frame, engine: Engine
) -> Frame:
    """Table ``mirror_flow``: a row for each corridor and year in which at least one side has a figure.

    ``visas`` has partner, jurisdiction, year and value: the days that a jurisdiction admits without a visa. The two
    sides of that mirror are what each side grants the other.
    """
    rules = engine.from_polars(counting_rules())
    sides = [
        nw.concat(
            [
                engine.from_polars(pl.DataFrame(schema=_SELECTED)),
                *(
                    _select_side(tables, name, entry, entry.sides[number], years)
                    for name, entry in declared.items()
                    if entry.sides[number].dataset in datasets()
                ),
            ]
        )
        for number in (0, 1)
    ]
    first, second = (
        engine.materialise(_with_rule_and_flags(sum_rows(side, KEY), rules, prefix))
        for side, prefix in zip(sides, ("first", "second"), strict=True)
    )
    return _with_ratio(nw.concat([_compared(first, second), _visa_mirrors(visas)], how="diagonal"))


def _select_side(tables: Mapping[str, Frame], name: str, entry: Mirror, side: Side, years: Sequence[int]) -> Frame:
    """The figures of one side for the corridors between China and the member states."""
    # The partner of a mirror is where persons come from, and its jurisdiction where they are or go. A count by the
    # country of origin has them in the opposite fields.
    ends = {"partner": "partner", "jurisdiction": "jurisdiction"}
    if side.counted_by == "origin":
        ends = {"partner": "jurisdiction", "jurisdiction": "partner"}
    china, state = (ends["partner"], ends["jurisdiction"])
    if entry.corridors == "to_china":
        china, state = state, china
    rows = select_rows(tables, side, years, free=("partner",)).filter(
        nw.col(china) == CHINA, nw.col(state).is_in(member_states())
    )
    return rows.select(
        nw.lit(name).alias("mirror"),
        *(nw.col(field).alias(end) for end, field in ends.items()),
        *FIGURE,
        nw.lit(side.least_parts).cast(nw.Int64).alias("least_parts"),
    )


def _with_rule_and_flags(figures: Frame, rules: Frame, prefix: str) -> Frame:
    """The figures of one side in prefixed columns: ``SIDE``, flags, and the counting rule (``<prefix>_is_…``)."""
    before = figures.select(*KEY[:-1], (nw.col("year") + 1).alias("year"), nw.col("definition").alias("before"))
    rows = figures.join(before, on=[*KEY], how="left").join(rules, on=["indicator", "definition"], how="left")
    rows = rows.with_columns(
        flag_break=nw.when(nw.col("break") == 1).then(nw.lit("break")),
        flag_definition=nw.when(nw.col("definition") != nw.col("before")).then(nw.lit("definition_changed")),
    ).with_columns(flags=join_texts(("flag_break", "flag_definition")))
    attributes = [name for name in rules.collect_schema().names() if name not in ("indicator", "definition")]
    return rows.select(
        *KEY,
        *(nw.col(name).alias(f"{prefix}_{name}") for name in (*SIDE, "flags")),
        *(nw.col(name).alias(f"{prefix}_is_{name}") for name in attributes),
    )


def _compared(first: Frame, second: Frame) -> Frame:
    """Both sides of each corridor and year, with a grade if both have a value."""
    keys = [*KEY]
    either = nw.concat([first.select(*keys), second.select(*keys)]).unique(keys)
    rows = either.join(first, on=keys, how="left").join(second, on=keys, how="left")
    rows = rows.filter(~nw.col("first_value").is_null() | ~nw.col("second_value").is_null())
    graded = with_grades(rows.with_columns(**differences("first_is_", "second_is_")))
    both_known = ~nw.col("first_value").is_null() & ~nw.col("second_value").is_null()
    return graded.with_columns(
        grade=nw.when(both_known).then(nw.col("grade")),
        grade_reasons=nw.when(both_known).then(nw.col("grade_reasons")),
        flags=join_texts(("first_flags", "second_flags")),
    )


def _visa_mirrors(visas: Frame) -> Frame:
    """For each corridor the days that its destination admits without a visa, and those of the opposite corridor."""
    opposite = visas.select(
        nw.col("jurisdiction").alias("partner"),
        nw.col("partner").alias("jurisdiction"),
        "year",
        nw.col("value").alias("second_value"),
    )
    return visas.join(opposite, on=["partner", "jurisdiction", "year"], how="left").select(
        nw.lit(VISA_FREE_DAYS).alias("mirror"),
        "jurisdiction",
        "partner",
        "year",
        nw.col("value").alias("first_value"),
        "second_value",
        nw.when(~nw.col("second_value").is_null()).then(nw.lit("A")).alias("grade"),
    )


def _with_ratio(rows: Frame) -> Frame:
    divided = nw.when(nw.col("second_value") != 0).then(nw.col("first_value") / nw.col("second_value"))
    return rows.with_columns(ratio=divided)
