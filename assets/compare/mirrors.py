"""Table ``mirror_flow``: the same people as counted by two states, or by two publishers.

Functions take and return narwhals lazy frames.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import narwhals as nw
import polars as pl

from assets.compare.engines import Engine, Frame
from assets.compare.grades import ATTRIBUTES, counting_rules, differences, join_texts, with_grades
from assets.compare.question import member_states
from assets.compare.selection import FIGURE, select_rows, sum_rows
from sources.catalogue import datasets
from warehouse.codes import CHINA, UNION
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


@dataclass(frozen=True)
class Sources:
    """What mirrors are made from.

    ``tables`` are the tables of statistics by name, and ``compared`` is table ``comparison``. ``rules`` has the rule of
    each measure in columns ``like_…``. ``visas`` has partner, jurisdiction, year and value: the days that a
    jurisdiction admits without a visa.
    """

    tables: Mapping[str, Frame]
    compared: Frame
    rules: pl.DataFrame
    visas: Frame


def mirror_flow(sources: Sources, declared: Mapping[str, Mirror], years: Sequence[int], engine: Engine) -> Frame:
    """Table ``mirror_flow``: a row for each corridor and year in which at least one side has a figure.

    The two sides of the mirror of visas are what each side grants the other.
    """
    first, second = (_side(sources, declared, years, engine, number) for number in (0, 1))
    # A figure over all partners describes this corridor only if the other side has a figure too.
    paired = [name for name, entry in declared.items() if not entry.sides or any(side.of_all for side in entry.sides)]
    compared = _compared(first, second).filter(
        ~nw.col("mirror").is_in(paired) | (~nw.col("first_value").is_null() & ~nw.col("second_value").is_null())
    )
    return _with_ratio(nw.concat([compared, _visa_mirrors(sources.visas)], how="diagonal"))


def _side(sources: Sources, declared: Mapping[str, Mirror], years: Sequence[int], engine: Engine, number: int) -> Frame:
    """The figures of the first or second side of all mirrors, in the columns of ``_as_side``."""
    prefix = ("first", "second")[number]
    selected = [engine.from_polars(pl.DataFrame(schema=_SELECTED))]
    of_measures = []
    for name, entry in declared.items():
        if entry.sides and entry.sides[number].dataset in datasets():
            selected.append(_select_side(sources.tables, name, entry, entry.sides[number], years))
        if entry.measures:
            of_measures.append(_of_measure(sources, name, entry, prefix, engine))
    summed = _with_flags(sum_rows(nw.concat(selected), KEY))
    ruled = _with_rule(summed, engine.from_polars(counting_rules()))
    return engine.materialise(nw.concat([_as_side(rows, prefix) for rows in (ruled, *of_measures)]))


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
    if side.of_all:
        rows = select_rows(tables, side, years, free=()).with_columns(partner=nw.lit(CHINA))
    else:
        rows = select_rows(tables, side, years, free=("partner",))
    rows = rows.filter(nw.col(china) == CHINA, nw.col(state).is_in(member_states()))
    return rows.select(
        nw.lit(name).alias("mirror"),
        *(nw.col(field).alias(end) for end, field in ends.items()),
        *FIGURE,
        nw.lit(side.least_parts).cast(nw.Int64).alias("least_parts"),
    )


def _of_measure(sources: Sources, name: str, entry: Mirror, prefix: str, engine: Engine) -> Frame:
    """The figures of the Union or of China for a mirror of two measures; the first side is the destination.

    Each figure gets the counting rule of its measure. An attribute in which it differs gets a text that never equals
    that of the other side.
    """
    assert entry.measures is not None
    known = sources.compared.filter(~nw.col("value").is_null())
    place = {"partner": nw.lit(CHINA), "jurisdiction": nw.lit(UNION)}
    if entry.corridors == "to_china":
        place = {"partner": nw.lit(UNION), "jurisdiction": nw.lit(CHINA)}
    if (entry.corridors == "from_china") == (prefix == "first"):
        rows = known.filter(nw.col("measure") == entry.measures.union, nw.col("scope") == "union")
    else:
        rows = known.filter(nw.col("measure") == entry.measures.china, nw.col("jurisdiction") == CHINA)
    rows = rows.join(engine.from_polars(sources.rules), on="measure", how="left")
    reasons = nw.col("grade_reasons").fill_null("")
    rule = {
        f"is_{attribute}": nw.when(reasons.str.contains(attribute, literal=True))
        .then(nw.lit(f"not that of the {prefix} measure"))
        .otherwise(nw.col(f"like_{attribute}"))
        for attribute in ATTRIBUTES
    }
    return rows.with_columns(**place, **rule, mirror=nw.lit(name)).select(*KEY, *SIDE, "flags", *rule)


def _with_flags(figures: Frame) -> Frame:
    """The figures with ``flags``: a break that the publisher states, and a counting rule that changed."""
    before = figures.select(*KEY[:-1], (nw.col("year") + 1).alias("year"), nw.col("definition").alias("before"))
    rows = figures.join(before, on=[*KEY], how="left")
    return rows.with_columns(
        flag_break=nw.when(nw.col("break") == 1).then(nw.lit("break")),
        flag_definition=nw.when(nw.col("definition") != nw.col("before")).then(nw.lit("definition_changed")),
    ).with_columns(flags=join_texts(("flag_break", "flag_definition")))


def _with_rule(rows: Frame, rules: Frame) -> Frame:
    """The figures with the counting rule of their indicator and definition in columns ``is_…``."""
    attributes = {name: f"is_{name}" for name in ATTRIBUTES}
    return rows.join(rules.rename(attributes), on=["indicator", "definition"], how="left")


def _as_side(rows: Frame, prefix: str) -> Frame:
    """The figures of one side in prefixed columns: ``SIDE``, flags, and the counting rule (``<prefix>_is_…``)."""
    names = (*SIDE, "flags", *(f"is_{name}" for name in ATTRIBUTES))
    return rows.select(*KEY, *(nw.col(name).alias(f"{prefix}_{name}") for name in names))


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
