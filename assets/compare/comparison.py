"""Table ``comparison``: China, each member state and the Union, with one figure for each measure and year.

For each measure, jurisdiction and year the first declared source that has a value is used. The values of the other
sources are in table ``comparison_alternative``. Nothing is averaged or interpolated: if a part of a figure is missing,
the figure is missing too and its explanation names the part.

Functions take and return narwhals lazy frames, so that they run on Polars and on PySpark. Small Polars frames are
converted to the engine, and results that several steps read are materialised.
"""

from collections.abc import Mapping, Sequence

import narwhals as nw
import polars as pl

from assets.compare.engines import Engine, Frame
from assets.compare.grades import (
    DIFFERENCES,
    counting_rules,
    differences,
    join_texts,
    rules_of_measures,
    with_grades,
)
from assets.compare.question import (
    ALTERNATIVE,
    COMPUTED,
    KEY,
    NOT_APPLICABLE,
    PUBLISHED,
    STATE,
    Question,
    jurisdictions,
    unions,
)
from assets.compare.selection import COMPUTED_FLAGS, FIGURE, select_rows, sum_rows, with_zeros
from sources.catalogue import datasets
from warehouse.codes import CHINA, UNION
from warehouse.measures import STATUS_FLAGS, Measure

# A figure that is computed from two others gets these from the worse of the two.
_QUALITY = (*STATUS_FLAGS, *DIFFERENCES, *COMPUTED_FLAGS)
_CANDIDATE: dict[str, pl.DataType] = {
    "measure": pl.String(),
    "source_order": pl.Int64(),
    "jurisdiction": pl.String(),
    **FIGURE,
    "own_concept": pl.String(),
    "least_parts": pl.Int64(),
}


def candidates(tables: Mapping[str, Frame], question: Question, engine: Engine) -> Frame:
    """Every figure that a measure may use: one for each of its sources, jurisdictions and years.

    ``tables`` are the tables of statistics by name. ``parts`` is the number of rows that were summed. Columns
    ``differs_…`` compare the counting rule with that of the measure; a sum has the differences of all its rows.
    """
    members = {*unions(), *(state for states, _, _ in unions().values() for state in states)}
    compared = {"members": sorted(members), "all": sorted({*jurisdictions(), *members}), "china": [CHINA]}
    selected = [engine.from_polars(pl.DataFrame(schema=_CANDIDATE))]
    for name, entry in question.measures.items():
        for order, source in enumerate(entry.sources, 1):
            if source.dataset not in datasets():
                continue
            rows = select_rows(tables, source, question.years, free=(source.side,))
            if source.complete:
                rows = with_zeros(rows, select_rows(tables, source, question.years, free=("partner",)))
            selected.append(
                rows.filter(
                    nw.col(source.side).is_in([c for c in compared[source.whom] if c not in source.without])
                ).select(
                    nw.lit(name).alias("measure"),
                    nw.lit(order).cast(nw.Int64).alias("source_order"),
                    nw.col(source.side).alias("jurisdiction"),
                    *FIGURE,
                    nw.lit(source.concept, nw.String).alias("own_concept"),
                    nw.lit(source.least_parts).cast(nw.Int64).alias("least_parts"),
                )
            )
    rows = (
        nw.concat(selected)
        .join(engine.from_polars(counting_rules()), on=["indicator", "definition"], how="left")
        .with_columns(concept=nw.coalesce("own_concept", "concept"))
        .join(engine.from_polars(rules_of_measures(question.measures)), on="measure", how="left")
        .with_columns(**differences())
    )
    return sum_rows(rows, ["measure", "source_order", "jurisdiction", "year"], DIFFERENCES)


def first_candidates(found: Frame) -> Frame:
    """The first candidate with a value for each measure, jurisdiction and year, and the number of ``alternatives``."""
    keys = ["measure", "jurisdiction", "year"]
    known = found.filter(~nw.col("value").is_null())
    first = known.group_by(keys).agg(nw.col("source_order").min(), alternatives=nw.len().cast(nw.Int64) - 1)
    return known.join(first, on=[*keys, "source_order"])


def alternatives(found: Frame, question: Question, engine: Engine) -> Frame:
    """Table ``comparison_alternative``: the values of all other candidates, compared with that of the first."""
    keys = ["measure", "jurisdiction", "year"]
    first = first_candidates(found).select(
        *keys, nw.col("source_order").alias("chosen_order"), nw.col("value").alias("chosen_value")
    )
    rows = (
        found.filter(~nw.col("value").is_null())
        .join(first, on=keys)
        .filter(nw.col("source_order") != nw.col("chosen_order"))
        .with_columns(
            difference=nw.col("value") - nw.col("chosen_value"),
            ratio=nw.when(nw.col("chosen_value") != 0).then(nw.col("value") / nw.col("chosen_value")),
        )
    )
    return (
        with_grades(rows)
        .filter(nw.col("jurisdiction").is_in([*jurisdictions(), *unions()]))
        .join(engine.from_polars(_units(question.measures)), on="measure")
    )


def figures(found: Frame, law: Frame, question: Question, engine: Engine) -> Frame:
    """The rows of table ``comparison`` without rates, steps, flags and ranks, which ``annotations`` adds.

    ``found`` are the candidates. ``law`` has the numbers computed from tables of law: measure, jurisdiction, year,
    value, its bounds and source_table.
    """
    selected = _with_unions(engine.materialise(first_candidates(found)), found, question)
    original = engine.materialise(nw.concat([selected, _law_figures(law, like=selected)]))
    derived = [_derived(original, name, entry) for name, entry in question.measures.items() if entry.formula]
    graded = with_grades(nw.concat([original, *derived], how="diagonal"))
    rows = engine.from_polars(_grid(question)).join(graded, on=list(KEY), how="left")
    rows = engine.materialise(_with_missing_reasons(rows, found, question, engine))
    return _with_scope(rows).join(engine.from_polars(_units(question.measures)), on="measure", how="left")


def _with_scope(rows: Frame) -> Frame:
    """The rows with ``scope``: one figure of each Union has that of the Union, the other is the alternative.

    The published figure is used, or the computed one if no figure is published. If both are missing, the computed one
    is used, because it names the members without a figure, unless the measure cannot be added up.
    """
    keys = ["measure", "jurisdiction", "year"]
    present = ~nw.col("value").is_null()
    published = rows.filter(nw.col("aggregation") == PUBLISHED).select(*keys, published=present.cast(nw.Int64))
    additive = present | (nw.col("missing_reason") != NOT_APPLICABLE)
    computed = rows.filter(nw.col("aggregation") == COMPUTED).select(*keys, computed=additive.cast(nw.Int64))
    joined = rows.join(published, on=keys, how="left").join(computed, on=keys, how="left")
    used = nw.when((nw.col("published") == 1) | (nw.col("computed") == 0)).then(nw.lit(PUBLISHED))
    other = nw.col("aggregation") != used.otherwise(nw.lit(COMPUTED))
    scope = nw.when(nw.col("aggregation") == STATE, nw.col("jurisdiction") == CHINA).then(nw.lit("china"))
    member = nw.when(nw.col("aggregation") == STATE).then(nw.lit("member"))
    unions_scope = nw.when(nw.col("jurisdiction") == UNION).then(nw.lit("union")).otherwise(nw.lit("former_union"))
    union = nw.when(other).then(nw.lit(ALTERNATIVE)).otherwise(unions_scope)
    return joined.with_columns(scope=scope.otherwise(member.otherwise(union))).drop("published", "computed")


def _with_unions(selected: Frame, found: Frame, question: Question) -> Frame:
    """The figures with their aggregation, and for each Union and additive measure the sum of its member states."""
    aggregation = nw.when(nw.col("jurisdiction").is_in(list(unions()))).then(nw.lit(PUBLISHED)).otherwise(nw.lit(STATE))
    own = [_published(selected, found, union, members) for union, (members, _, _) in unions().items()]
    states = selected.filter(~nw.col("jurisdiction").is_in(list(unions()))).with_columns(
        member_differs=nw.lit(0).cast(nw.Int64)
    )
    published = nw.concat([states, *own]).with_columns(aggregation=aggregation, missing_members=nw.lit(None, nw.String))
    additive = [name for name, entry in question.measures.items() if entry.additive]
    summands = selected.filter(nw.col("measure").is_in(additive))
    outside = _outside(question)
    sums = nw.concat([_sum_of_members(summands, union, extent, outside) for union, extent in unions().items()])
    return nw.concat([_with_absent_members(published, sums), sums], how="diagonal").with_columns(
        nw.col("member_missing").fill_null(0)
    )


def _with_absent_members(published: Frame, sums: Frame) -> Frame:
    """The published figures with ``member_missing``: 1 if a member has no figure, so that the total may not contain it.

    Such a figure of a Union differs from the rule of its measure in what it excludes.
    """
    keys = ["measure", "jurisdiction", "year"]
    absent = sums.filter(~nw.col("missing_members").is_null()).select(*keys, member_missing=nw.lit(1).cast(nw.Int64))
    joined = published.join(absent, on=keys, how="left").with_columns(nw.col("member_missing").fill_null(0))
    return joined.with_columns(differs_excludes=nw.max_horizontal("differs_excludes", "member_missing"))


def _published(selected: Frame, found: Frame, union: str, members: frozenset[str]) -> Frame:
    """The published figures of a Union that do not contradict those of its members.

    A published figure of the Union is used only if no member has a figure, or if at least one member uses the same
    dataset and no member that has a figure in this dataset uses another one. The reason: two publishers may use two
    methods. ``member_differs`` is 1 if a member uses another dataset because that of the Union has no figure of it.
    """
    keys = ["measure", "year"]
    own = selected.filter(nw.col("jurisdiction") == union).with_columns(of_union=nw.col("dataset"))
    place = [*keys, "jurisdiction", "of_union"]
    offered = (
        found.filter(nw.col("jurisdiction").is_in(sorted(members)), ~nw.col("value").is_null())
        .select(*keys, "jurisdiction", nw.col("dataset").alias("of_union"))
        .unique(place)
        .with_columns(offered=nw.lit(1).cast(nw.Int64))
    )
    sources = (
        selected.filter(nw.col("jurisdiction").is_in(sorted(members)))
        .select(*keys, "jurisdiction", "dataset")
        .join(own.select(*keys, "of_union"), on=keys)
        .join(offered, on=place, how="left")
        .with_columns(other=(nw.col("dataset") != nw.col("of_union")).cast(nw.Int64))
        .with_columns(offered=nw.col("other") * nw.col("offered"))
        .group_by(*keys)
        .agg(least=nw.col("other").min(), member_differs=nw.col("other").max(), offered=nw.col("offered").max())
    )
    agree = (nw.col("least") == 0) & (nw.col("offered").fill_null(0) == 0)
    figures = own.join(sources, on=keys, how="left").filter(agree | nw.col("least").is_null())
    return figures.with_columns(nw.col("member_differs").fill_null(0)).drop("least", "offered", "of_union")


def _outside(question: Question) -> dict[str, list[str]]:
    """State → the measures that do not apply to it, so that a sum of the member states is complete without it."""
    found: dict[str, list[str]] = {}
    for name, entry in question.measures.items():
        for state, absence in entry.absent.items():
            if absence.reason == "not_applicable":
                found.setdefault(state, []).append(name)
    return found


def _sum_of_members(
    selected: Frame, union: str, extent: tuple[frozenset[str], int, int], outside: Mapping[str, Sequence[str]]
) -> Frame:
    """The sum of the member states of a Union. If a member has no figure, the sum has no value and names the member."""
    members, first, last = extent
    present = {f"has_{state}": (nw.col("jurisdiction") == state).cast(nw.Int64) for state in sorted(members)}
    rows = selected.filter(
        nw.col("jurisdiction").is_in(sorted(members)), nw.col("year") >= first, nw.col("year") <= last
    ).with_columns(least_parts=nw.lit(1).cast(nw.Int64), **present)
    missing = {
        name: nw.when(nw.col(name) == 0, ~nw.col("measure").is_in(list(outside.get(state, ())))).then(nw.lit(state))
        for name in present
        if (state := name.removeprefix("has_"))
    }
    complete = nw.col("missing_members").is_null()
    return (
        sum_rows(rows.drop("parts"), ["measure", "year"], (*DIFFERENCES, *present))
        .with_columns(**missing)
        .with_columns(missing_members=join_texts(missing))
        .with_columns(
            **{name: nw.when(complete).then(nw.col(name)) for name in ("value", "value_min", "value_max")},
            jurisdiction=nw.lit(union),
            aggregation=nw.lit(COMPUTED),
        )
        .drop(*present)
    )


def _law_figures(law: Frame, like: Frame) -> Frame:
    """The numbers computed from law in the columns of ``like``. All are counted by one rule, so none differs from it.

    A count with bounds is a lower bound: what is unknown is not counted.
    """
    unsure = (~nw.col("value_max").is_null()).cast(nw.Int64)
    constants = {
        "aggregation": nw.lit(STATE),
        **dict.fromkeys((*_QUALITY, "alternatives"), nw.lit(0)),
        **dict.fromkeys(("parts_missing", "differs_excludes"), unsure),
    }
    present = law.collect_schema().names()
    return law.select(
        *(
            (nw.col(name) if name in present else constants.get(name, nw.lit(None))).cast(kind).alias(name)
            for name, kind in like.collect_schema().items()
        )
    )


def _derived(original: Frame, name: str, entry: Measure) -> Frame:
    """The figures of a measure with a formula, with the quality of the worse input; no row if an input is missing."""
    formula = entry.formula
    assert formula is not None
    keys = ["jurisdiction", "aggregation", "year"]
    carried = (*_QUALITY, "known_from")
    second = original.filter(nw.col("measure") == formula.second, ~nw.col("value").is_null()).select(
        *keys, nw.col("value").alias("by"), *(nw.col(item).alias(f"{item}_by") for item in carried)
    )
    both = original.filter(nw.col("measure") == formula.first, ~nw.col("value").is_null()).join(second, on=keys)
    divided = nw.when(nw.col("by") != 0).then(nw.col("value") / nw.col("by") * (100 if formula.share else 1))
    computed = both.with_columns(
        measure=nw.lit(name),
        value=nw.col("value") - nw.col("by") if formula.difference else divided,
        source_table=nw.lit("comparison"),
        **{item: nw.max_horizontal(item, f"{item}_by") for item in carried},
    )
    return computed.select(*keys, "measure", "value", "source_table", *carried)


def _grid(question: Question) -> pl.DataFrame:
    """Every measure × jurisdiction × year; for each Union both the published and the computed figure."""
    years = list(question.years)
    rows = [(state, STATE, year) for state in jurisdictions() for year in years]
    rows += [
        (union, aggregation, year)
        for union, (_, first, last) in unions().items()
        for aggregation in (PUBLISHED, COMPUTED)
        for year in years
        if first <= year <= last
    ]
    schema = {"jurisdiction": pl.String, "aggregation": pl.String, "year": pl.Int64}
    places = pl.DataFrame(rows, schema=schema, orient="row")
    return pl.DataFrame({"measure": list(question.measures)}).join(places, how="cross")


def _units(measures: Mapping[str, Measure]) -> pl.DataFrame:
    return pl.DataFrame({"measure": list(measures), "unit": [entry.unit for entry in measures.values()]})


def _with_missing_reasons(rows: Frame, found: Frame, question: Question, engine: Engine) -> Frame:
    """The rows with ``missing_reason`` and ``because`` where there is no value, and without a grade there.

    The first of these applies: the absence that is declared for the measure and jurisdiction, the reason of a source,
    ``incomplete`` if a part of a sum or formula is missing, the reason that follows from what was received.
    """
    of_sources = (
        found.filter(nw.col("value").is_null())
        .group_by("measure", "jurisdiction", "year")
        .agg(source_reason=nw.col("missing_reason").min())
    )
    joined = (
        rows.drop("missing_reason")
        .join(of_sources, on=["measure", "jurisdiction", "year"], how="left")
        .join(engine.from_polars(question.absences), on=["measure", "jurisdiction", "aggregation"], how="left")
        .join(engine.from_polars(_formulas(question.measures)), on="measure", how="left")
        .join(engine.from_polars(question.defaults), on=["measure", "jurisdiction"], how="left")
    )
    sum_without_rows = (nw.col("aggregation") == COMPUTED) & nw.col("missing_reason").is_null()
    incomplete = ~nw.col("missing_members").is_null() | ~nw.col("formula").is_null() | sum_without_rows
    default = nw.when(incomplete).then(nw.lit("incomplete")).otherwise(nw.col("default_reason"))
    stated = nw.coalesce("missing_reason", "source_reason")
    received = nw.when(stated.is_null() & ~incomplete).then(nw.col("default_because"))
    members = nw.concat_str(nw.lit("No figure for"), "missing_members", separator=" ")
    inputs = nw.concat_str(nw.lit("A figure is missing in the formula"), "formula", separator=" ")
    absent = nw.col("value").is_null()
    return joined.with_columns(
        missing_reason=nw.when(absent).then(nw.coalesce(stated, default)),
        because=nw.when(absent).then(nw.coalesce("because", members, inputs, received)),
        grade=nw.when(~absent).then(nw.col("grade")),
        grade_reasons=nw.when(~absent).then(nw.col("grade_reasons")),
    ).drop("source_reason", "formula", "default_reason", "default_because")


def _formulas(measures: Mapping[str, Measure]) -> pl.DataFrame:
    formulas = [(name, str(entry.formula)) for name, entry in measures.items() if entry.formula]
    return pl.DataFrame(formulas, schema={"measure": pl.String, "formula": pl.String}, orient="row")
