"""The comparison: China, each of the 27 and the Union side by side, one figure for each measure and year.

Of the sources of a measure the first in order that has a figure speaks; the others stand beside it as alternatives.
Nothing is averaged and nothing interpolated: where a part is missing, the value is missing too and says which.

Functions take and give narwhals lazy frames, so that they run on Polars as on PySpark; small frames that they bring
along are lifted into the engine, and what several steps read is settled, for an engine works out every step anew.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import narwhals as nw
import polars as pl

from assets.compare.engines import Engine, Frame
from assets.compare.grades import ATTRIBUTES, counting_rules, differences, graded, held_against, joined_up
from sources.catalogue import datasets
from warehouse import codes
from warehouse.codes.union import compositions
from warehouse.contracts import contract
from warehouse.measures import TOTAL, Measure, Selection

# The project of Beijing from which the dataset descends began in 2008, and with it the years that are compared.
FIRST_YEAR = 2008
UNION = "EU27_2020"
STATE, PUBLISHED, COMPUTED = "state", "published", "computed"

KEY = ("measure", "jurisdiction", "aggregation", "year")
DIFFERS = tuple(f"differs_{name}" for name in ATTRIBUTES)
# Letters of CL_OBS_STATUS that a reader of a single figure must know of.
MARKS = {"break": "B", "definition_differs": "D", "estimated": "E", "provisional": "P", "unreliable": "U"}
# A figure more than twice or less than half of the year before, or so many points away, is for a person to look at.
JUMP, JUMP_POINTS, JUMP_LEAST = 2.0, 10.0, 100.0
# Two sources that count one thing are apart by no more than this factor, or a person must look at them.
APART, APART_LEAST = 10.0, 100.0
SHARES = ("percent", "percentage_points")
# A sum is exact to so many decimals.
DECIMALS = 4
PARTS = 10**DECIMALS
# What a row of statistics brings along.
CARRIED: dict[str, pl.DataType] = {
    "year": pl.Int64(),
    "value": pl.Float64(),
    "value_min": pl.Float64(),
    "value_max": pl.Float64(),
    "missing_reason": pl.String(),
    "indicator": pl.String(),
    "definition": pl.String(),
    "dataset": pl.String(),
    "payload": pl.String(),
    "locator": pl.Int64(),
    "known_from": pl.Datetime("us", "UTC"),
    "source_table": pl.String(),
    **dict.fromkeys(MARKS, pl.Int64()),
}
GRADED_APART = "D"


@dataclass(frozen=True)
class Question:
    """What is compared: the measures, the years, and why there is no figure where that is known.

    ``absences`` has measure, jurisdiction, aggregation, missing_reason and because; ``silence`` is the reason where
    nothing is known: a publisher that was asked does not publish, one that was not was not fetched.
    """

    measures: Mapping[str, Measure]
    years: Sequence[int]
    absences: pl.DataFrame
    silence: str


def jurisdictions() -> list[str]:
    """China and the 27, in alphabetical order."""
    areas = codes.areas()
    return areas.filter(pl.col("in_scope") & (pl.col("kind") != "aggregate"))["area"].sort().to_list()


def unions() -> dict[str, tuple[frozenset[str], int, int]]:
    """The compositions of the Union that are compared: members, first and last year.

    The Union of the 27 for every year, as its name means it; and for years before 2020 the Union as it was on their
    last day.
    """
    made = compositions(codes.areas())
    return {
        "EU27_2007": (made["EU27_2007"], FIRST_YEAR, 2012),
        "EU28": (made["EU28"], 2013, 2019),
        UNION: (made[UNION], FIRST_YEAR, 9999),
    }


def candidates(tables: Mapping[str, Frame], question: Question, engine: Engine) -> Frame:
    """Every figure that may speak for a measure: one for each of its sources, jurisdictions and years.

    ``tables`` are those of statistics by name. A figure that several rows make up has their number in ``parts``, and
    is held against the counting rule of its measure by the gravest difference among them.
    """
    members = {*unions(), *(state for states, _, _ in unions().values() for state in states)}
    whom = {"members": sorted(members), "all": sorted({*jurisdictions(), *members})}
    picked = [engine.lift(pl.DataFrame(schema=_PICKED))]
    for name, entry in question.measures.items():
        for order, source in enumerate(entry.sources, 1):
            if source.dataset not in datasets():
                continue
            rows = selected(tables, source, question.years, free=(source.side,))
            picked.append(
                rows.filter(nw.col(source.side).is_in(whom[source.whom])).select(
                    nw.lit(name).alias("measure"),
                    nw.lit(order).cast(nw.Int64).alias("order"),
                    nw.col(source.side).alias("jurisdiction"),
                    *CARRIED,
                    nw.lit(source.concept, nw.String).alias("own_concept"),
                    nw.lit(source.least_parts).cast(nw.Int64).alias("least_parts"),
                )
            )
    rules = engine.lift(counting_rules())
    rows = (
        nw.concat(picked)
        .join(rules, on=["indicator", "definition"], how="left")
        .with_columns(concept=nw.coalesce("own_concept", "concept"))
        .join(engine.lift(held_against(dict(question.measures))), on="measure", how="left")
        .with_columns(**differences())
    )
    return added_up(rows, ["measure", "order", "jurisdiction", "year"], DIFFERS)


_PICKED: dict[str, pl.DataType] = {
    "measure": pl.String(),
    "order": pl.Int64(),
    "jurisdiction": pl.String(),
    **CARRIED,
    "own_concept": pl.String(),
    "least_parts": pl.Int64(),
}


def selected(tables: Mapping[str, Frame], chosen: Selection, years: Sequence[int], free: Collection[str]) -> Frame:
    """The rows of a selection, of whatever reporter; dimensions in ``free`` are left as they are."""
    table = datasets()[chosen.dataset][1].table
    frame = tables[table].filter(
        nw.col("dataset") == chosen.dataset, nw.col("indicator") == chosen.indicator, nw.col("freq") == chosen.freq
    )
    if chosen.definition:
        frame = frame.filter(nw.col("definition").is_in(chosen.definition))
    for dimension in ("partner", *contract(table).dimensions):
        asked = chosen.where.get(dimension) or (chosen.partner if dimension == "partner" else list(TOTAL))
        if dimension in chosen.total and asked == list(TOTAL):
            frame = frame.filter(~nw.col(dimension).is_in(TOTAL))
        elif dimension not in free:
            frame = frame.filter(nw.col(dimension).is_in(asked))
    if "reporter" in chosen.total:
        frame = frame.filter(~nw.col("reporter").is_in(_groups()))
    marks = {
        mark: nw.col("obs_status").str.contains(letter, literal=True).cast(nw.Int64) for mark, letter in MARKS.items()
    }
    return frame.with_columns(
        year=nw.col("period").dt.year().cast(nw.Int64), source_table=nw.lit(table), **marks
    ).filter(nw.col("year") >= min(years), nw.col("year") <= max(years))


def added_up(rows: Frame, keys: Sequence[str], most: Sequence[str] = ()) -> Frame:
    """One figure for each key, of one row or the sum of several, with what is the same in all of them.

    Of ``most`` and of the marks the greatest stands. Sums are taken of whole ten-thousandths: what floats add up to
    depends on their order, and a release must not. A sum has no value where fewer than ``least_parts`` of its rows
    have one, and where some have none it is marked ``parts_missing``.
    """
    present = ~nw.col("value").is_null()
    same = ("dataset", "indicator", "definition", "payload", "source_table")
    figures = ("value", "low", "high")
    alone = nw.col("parts") == 1
    return (
        rows.with_columns(
            low=nw.coalesce("value_min", "value"),
            high=nw.coalesce("value_max", "value"),
            rounded=(~nw.col("value_min").is_null() | ~nw.col("value_max").is_null()).cast(nw.Int64),
            unknown=(~present).cast(nw.Int64),
        )
        .with_columns(**{f"whole_{name}": (nw.col(name) * PARTS).round().cast(nw.Int64) for name in figures})
        .group_by(*keys)
        .agg(
            nw.col("unknown", *(f"whole_{name}" for name in figures)).sum(),
            nw.col(*figures).min(),
            nw.col("rounded", "least_parts", *MARKS, *most, "known_from").max(),
            nw.col("missing_reason", "locator", *same).min(),
            *(nw.col(name).max().alias(f"last_{name}") for name in same),
            parts=nw.len().cast(nw.Int64),
        )
        .with_columns(
            # An engine may multiply by the reciprocal instead, which is off in the last digit.
            **{
                name: nw.when(alone).then(nw.col(name)).otherwise((nw.col(f"whole_{name}") / PARTS).round(DECIMALS))
                for name in figures
            }
        )
        .with_columns(
            value=nw.when(nw.col("parts") - nw.col("unknown") >= nw.col("least_parts")).then(nw.col("value")),
        )
        .with_columns(
            value_min=nw.when(nw.col("rounded") == 1, present).then(nw.col("low")),
            value_max=nw.when(nw.col("rounded") == 1, present).then(nw.col("high")),
            locator=nw.when(nw.col("parts") == 1).then(nw.col("locator")),
            parts_missing=nw.when(nw.col("unknown") > 0, present).then(1).otherwise(0),
            **{name: nw.when(nw.col(name) == nw.col(f"last_{name}")).then(nw.col(name)) for name in same},
        )
        .drop(
            "low",
            "high",
            *(f"whole_{name}" for name in figures),
            "rounded",
            "unknown",
            "least_parts",
            *(f"last_{name}" for name in same),
        )
    )


def _groups() -> list[str]:
    """Areas that are counted among others; the Channel Islands are not, which nobody counts one by one."""
    areas = codes.areas().filter(pl.col("kind").is_in(["group", "aggregate"]), pl.col("area") != "CHI_ISL")
    return [*areas["area"], *TOTAL]


def chosen(found: Frame) -> Frame:
    """Of the candidates the one that speaks for its measure, jurisdiction and year, and how many others there are."""
    keys = ["measure", "jurisdiction", "year"]
    known = found.filter(~nw.col("value").is_null())
    first = known.group_by(keys).agg(nw.col("order").min(), alternatives=nw.len().cast(nw.Int64) - 1)
    return known.join(first, on=[*keys, "order"])


def alternatives(found: Frame, question: Question, engine: Engine) -> Frame:
    """Table ``comparison_alternative``: what the sources that do not speak say, beside what the chosen one says."""
    keys = ["measure", "jurisdiction", "year"]
    spoken = chosen(found).select(*keys, nw.col("order").alias("chosen_order"), nw.col("value").alias("chosen_value"))
    rows = (
        found.filter(~nw.col("value").is_null())
        .join(spoken, on=keys)
        .filter(nw.col("order") != nw.col("chosen_order"))
        .with_columns(
            difference=nw.col("value") - nw.col("chosen_value"),
            ratio=nw.when(nw.col("chosen_value") != 0).then(nw.col("value") / nw.col("chosen_value")),
        )
    )
    return (
        graded(rows)
        .filter(nw.col("jurisdiction").is_in([*jurisdictions(), *unions()]))
        .join(engine.lift(_units(question.measures)), on="measure")
    )


def comparison(found: Frame, law: Frame, question: Question, engine: Engine) -> Frame:
    """Table ``comparison``, from the candidates and from what tables of law say in numbers.

    ``law`` has measure, jurisdiction, year, value and source_table.
    """
    picked = _with_unions(engine.settle(chosen(found)), question)
    whole = engine.settle(nw.concat([picked, _of_law(picked, law)]))
    derived = [_derived(whole, name, entry) for name, entry in question.measures.items() if entry.formula]
    figures = graded(nw.concat([whole, *derived], how="diagonal"))
    rows = engine.lift(_grid(question)).join(figures, on=list(KEY), how="left")
    rows = engine.settle(_with_reasons(rows, found, question, engine))
    rows = rows.join(engine.lift(_units(question.measures)), on="measure", how="left")
    return _with_ranks(engine.settle(_with_flags(_with_step(_with_rates(rows, question)), found)))


def _with_unions(picked: Frame, question: Question) -> Frame:
    """The figures with what the Union publishes marked so, and what its members add up to beside it."""
    published = picked.with_columns(
        aggregation=nw.when(nw.col("jurisdiction").is_in(list(unions())))
        .then(nw.lit(PUBLISHED))
        .otherwise(nw.lit(STATE)),
        missing_members=nw.lit(None, nw.String),
    )
    additive = [name for name, entry in question.measures.items() if entry.additive]
    sums = [
        _summed(picked.filter(nw.col("measure").is_in(additive)), union, *extent) for union, extent in unions().items()
    ]
    return nw.concat([published, *sums], how="diagonal")


def _summed(picked: Frame, union: str, members: frozenset[str], first: int, last: int) -> Frame:
    """What the members of the Union add up to; no value where one is missing, and which ones are."""
    present = {f"has_{state}": (nw.col("jurisdiction") == state).cast(nw.Int64) for state in sorted(members)}
    rows = picked.filter(
        nw.col("jurisdiction").is_in(sorted(members)), nw.col("year") >= first, nw.col("year") <= last
    ).with_columns(least_parts=nw.lit(1).cast(nw.Int64), **present)
    gone = {name: nw.when(nw.col(name) == 0).then(nw.lit(name.removeprefix("has_"))) for name in present}
    whole = nw.col("missing_members").is_null()
    return (
        added_up(rows.drop("parts"), ["measure", "year"], (*DIFFERS, *present))
        .with_columns(**gone)
        .with_columns(missing_members=joined_up(gone))
        .with_columns(
            **{name: nw.when(whole).then(nw.col(name)) for name in ("value", "value_min", "value_max")},
            jurisdiction=nw.lit(union),
            aggregation=nw.lit(COMPUTED),
        )
        .drop(*present)
    )


def _of_law(like: Frame, law: Frame) -> Frame:
    """The numbers of law in the columns of ``like``. They are counted by one rule for all, which is ours."""
    kinds = like.collect_schema()
    own = {
        "aggregation": nw.lit(STATE),
        **dict.fromkeys((*MARKS, *DIFFERS, "parts_missing", "alternatives"), nw.lit(0)),
    }
    given = law.collect_schema().names()
    return law.select(
        *(
            (nw.col(name) if name in given else own.get(name, nw.lit(None))).cast(kind).alias(name)
            for name, kind in kinds.items()
        )
    )


def _derived(figures: Frame, name: str, entry: Measure) -> Frame:
    """A measure that is worked out from two others: as good as the worse of them, and missing where one is."""
    formula = entry.formula
    assert formula is not None
    keys = ["jurisdiction", "aggregation", "year"]
    carried = (*MARKS, *DIFFERS, "parts_missing")
    second = figures.filter(nw.col("measure") == formula.second, ~nw.col("value").is_null()).select(
        *keys, nw.col("value").alias("by"), *(nw.col(item).alias(f"{item}_by") for item in (*carried, "known_from"))
    )
    both = figures.filter(nw.col("measure") == formula.first, ~nw.col("value").is_null()).join(second, on=keys)
    divided = nw.when(nw.col("by") != 0).then(nw.col("value") / nw.col("by") * (100 if formula.share else 1))
    worked = both.with_columns(
        measure=nw.lit(name),
        value=nw.col("value") - nw.col("by") if formula.difference else divided,
        source_table=nw.lit("comparison"),
        **{item: nw.max_horizontal(item, f"{item}_by") for item in (*carried, "known_from")},
    )
    return worked.select(*keys, "measure", "value", "source_table", "known_from", *carried)


def _grid(question: Question) -> pl.DataFrame:
    """Every measure × jurisdiction × year, and for the Union both what it publishes and what it adds up to."""
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


def _with_reasons(rows: Frame, found: Frame, question: Question, engine: Engine) -> Frame:
    """Why there is no value: what is known of the jurisdiction, what its sources say, else that nobody was asked."""
    said = (
        found.filter(nw.col("value").is_null())
        .group_by("measure", "jurisdiction", "year")
        .agg(said=nw.col("missing_reason").min())
    )
    formulas = {name: str(entry.formula) for name, entry in question.measures.items() if entry.formula}
    schema = {"measure": pl.String, "formula": pl.String}
    worked = pl.DataFrame(list(formulas.items()), schema=schema, orient="row")
    joined = (
        rows.drop("missing_reason")
        .join(said, on=["measure", "jurisdiction", "year"], how="left")
        .join(engine.lift(question.absences), on=["measure", "jurisdiction", "aggregation"], how="left")
        .join(engine.lift(worked), on="measure", how="left")
    )
    part_missing = ~nw.col("missing_members").is_null() | ~nw.col("formula").is_null()
    added_up = (nw.col("aggregation") == COMPUTED) & nw.col("missing_reason").is_null()
    reason = (
        nw.when(~nw.col("missing_reason").is_null())
        .then(nw.col("missing_reason"))
        .otherwise(
            nw.when(~nw.col("said").is_null())
            .then(nw.col("said"))
            .otherwise(nw.when(part_missing | added_up).then(nw.lit("incomplete")).otherwise(nw.lit(question.silence)))
        )
    )
    members = nw.concat_str(nw.lit("No figure of"), "missing_members", separator=" ")
    inputs = nw.concat_str(nw.lit("One is missing:"), "formula", separator=" ")
    why = nw.coalesce("because", members, inputs)
    absent = nw.col("value").is_null()
    return joined.with_columns(
        missing_reason=nw.when(absent).then(reason),
        because=nw.when(absent).then(why),
        grade=nw.when(~absent).then(nw.col("grade")),
        grade_reasons=nw.when(~absent).then(nw.col("grade_reasons")),
    ).drop("said", "formula")


def _with_rates(rows: Frame, question: Question) -> Frame:
    """With ``rate``: the value for each 1 000 residents, where that makes sense and the residents are known."""
    keys = ["jurisdiction", "aggregation", "year"]
    residents = rows.filter(nw.col("measure") == "population").select(*keys, nw.col("value").alias("residents"))
    rated = [name for name, entry in question.measures.items() if entry.per_population]
    rate = nw.when(nw.col("measure").is_in(rated), nw.col("residents") > 0).then(
        nw.col("value") / nw.col("residents") * 1000
    )
    return rows.join(residents, on=keys, how="left").with_columns(rate=rate).drop("residents")


def _with_step(rows: Frame) -> Frame:
    """With ``step``: the value less that of the year before, and what the year before was counted by."""
    before = rows.select(
        "measure",
        "jurisdiction",
        "aggregation",
        (nw.col("year") + 1).alias("year"),
        nw.col("value").alias("before"),
        nw.col("dataset").alias("dataset_before"),
        nw.col("definition").alias("definition_before"),
    )
    return rows.join(before, on=list(KEY), how="left").with_columns(step=nw.col("value") - nw.col("before"))


def _with_flags(rows: Frame, found: Frame) -> Frame:
    """With ``flags``: what a reader must know of a value before setting it beside others."""
    least = nw.min_horizontal("value", "before")
    most = nw.max_horizontal("value", "before")
    of_shares = nw.col("step").abs() > JUMP_POINTS
    of_counts = (most > JUMP * least) & (nw.col("step").abs() >= JUMP_LEAST)
    jumps = nw.when(nw.col("unit").is_in(SHARES)).then(of_shares).otherwise(of_counts)
    conditions = {
        **{mark: nw.col(mark) == 1 for mark in MARKS},
        "parts_missing": nw.col("parts_missing") == 1,
        "source_changed": nw.col("dataset") != nw.col("dataset_before"),
        "definition_changed": nw.col("definition") != nw.col("definition_before"),
        "sources_disagree": nw.col("disagree") == 1,
        "jump": jumps,
    }
    marked = rows.join(_disagreements(found), on=["measure", "jurisdiction", "year"], how="left").with_columns(
        **{f"flag_{name}": nw.when(condition).then(nw.lit(name)) for name, condition in conditions.items()}
    )
    names = [f"flag_{name}" for name in conditions]
    value_known = ~nw.col("value").is_null()
    return (
        marked.with_columns(flags=joined_up(names))
        .with_columns(flags=nw.when(value_known).then(nw.col("flags")))
        .drop(*names, *MARKS, "parts_missing", "before", "dataset_before", "definition_before", "disagree")
    )


def _disagreements(found: Frame) -> Frame:
    """Jurisdictions and years for which two sources that count the same phenomenon are a factor of ten apart."""
    same = nw.all_horizontal(*(nw.col(f"differs_{name}") == 0 for name in ("phenomenon", "concept")), ignore_nulls=True)
    return (
        found.filter(~nw.col("value").is_null(), same)
        .group_by("measure", "jurisdiction", "year")
        .agg(least=nw.col("value").min(), most=nw.col("value").max())
        .filter(nw.col("most") > APART * nw.col("least"), nw.col("most") >= APART_LEAST, nw.col("least") >= 0)
        .select("measure", "jurisdiction", "year", nw.lit(1).alias("disagree"))
    )


def _with_ranks(rows: Frame) -> Frame:
    """With ``rank`` among ``ranked``, the greatest first: by rate where there is one.

    Figures graded D have none, nor has one that stands alone: it is before nobody.
    """
    by = nw.coalesce("rate", "value")
    ranked = (
        rows.filter(nw.col("aggregation") == STATE, ~nw.col("value").is_null(), nw.col("grade") != GRADED_APART)
        .select(*KEY, by.alias("by"))
        .with_columns(
            rank=nw.col("by").rank("min", descending=True).over("measure", "year").cast(nw.Int64),
            ranked=nw.col("by").count().over("measure", "year").cast(nw.Int64),
        )
        .filter(nw.col("ranked") > 1)
        .drop("by")
    )
    return rows.join(ranked, on=list(KEY), how="left")


def absences(measures: Mapping[str, Measure]) -> pl.DataFrame:
    """Where it is known that there is no figure: measure, jurisdiction, aggregation, missing_reason, because."""
    members = sorted(unions()[UNION][0])
    unpublished = {(state, indicator): why for state, indicator, why in codes.not_published().iter_rows()}
    rows: dict[tuple[str, str, str], tuple[str, str]] = {}
    for name, entry in measures.items():
        for union in unions():
            if entry.computed or not (entry.additive or entry.formula):
                rows[name, union, COMPUTED] = ("not_applicable", "Figures of the members make no figure of the Union.")
            if entry.computed:
                rows[name, union, PUBLISHED] = ("not_applicable", "It is about the law of a state.")
        for state in jurisdictions():
            because = unpublished.get((state, entry.sources[0].indicator)) if entry.sources else None
            if because:
                rows[name, state, STATE] = ("not_published", because)
        for whom, absence in entry.absent.items():
            places = [(state, STATE) for state in (members if whom in ("EU27", "members") else [whom])]
            if whom == "EU27":
                places += [(union, aggregation) for union in unions() for aggregation in (PUBLISHED, COMPUTED)]
            for place in places:
                rows[name, *place] = (absence.reason, absence.because)
    columns = ("measure", "jurisdiction", "aggregation", "missing_reason", "because")
    flat = [(*key, *why) for key, why in rows.items()]
    return pl.DataFrame(flat, schema=dict.fromkeys(columns, pl.String), orient="row")
