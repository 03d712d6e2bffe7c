"""All tables of the comparison, made together from the tables of statistics and law."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from assets.compare import annotations, comparison, coverage, mirrors, timeline
from assets.compare.engines import Engine, Frame
from assets.compare.grades import counting_rules
from assets.compare.missing import defaults, reason_without_sources
from assets.compare.question import (
    FIRST_YEAR,
    Question,
    absences,
    jurisdictions,
)
from assets.law import indicators
from assets.law.indicators import Law
from assets.law.origins import VISA_RULES
from assets.normalise.receptions import Receptions
from assets.normalise.tables import in_contract
from sources.catalogue import datasets
from warehouse.contracts import contract
from warehouse.measures import Measure, measures
from warehouse.measures import mirrors as declared_mirrors

TABLES = (
    "comparison",
    "comparison_alternative",
    "mirror_flow",
    "policy_timeline",
    "coverage_score",
    "coverage_gap",
    "counting_rule",
)
LAW = ("legal_binding", "legal_event", "visa_rule", "policy_coding", "legal_provision")

# The columns of a table of statistics that the comparison needs, in addition to the table's own dimensions.
_NEEDED = (
    "indicator",
    "jurisdiction",
    "partner",
    "period",
    "freq",
    "value",
    "value_min",
    "value_max",
    "obs_status",
    "missing_reason",
    "definition",
    "dataset",
    "payload",
    "locator",
    "known_from",
)


@dataclass(frozen=True)
class Inputs:
    """Tables of statistics and of law by name, with the rows that may be redistributed.

    ``receptions`` is what was received of every dataset.
    """

    statistics: Mapping[str, pl.LazyFrame]
    law: Mapping[str, pl.DataFrame]
    receptions: Receptions


def make_tables(inputs: Inputs, engine: Engine) -> dict[str, pl.DataFrame]:
    """Every table of ``TABLES`` in the columns, types and order of its contract."""
    used = {name: frame.collect() for name, frame in _used(inputs.statistics).items()}
    statistics: dict[str, Frame] = {name: engine.from_polars(frame) for name, frame in used.items()}
    question = _question(used, inputs.receptions)
    law = Law(**{name: inputs.law[name] for name in LAW})
    candidates = engine.materialise(comparison.candidates(statistics, question, engine))
    law_figures = engine.from_polars(_law_figures(law, question, inputs.receptions))
    rows = comparison.figures(candidates, law_figures, question, engine)
    compared = engine.to_polars(annotations.annotate(rows, candidates, question, engine))
    figures = engine.from_polars(compared)
    visas = engine.from_polars(_visa_days(law, question, inputs.receptions))
    flows = mirrors.mirror_flow(statistics, declared_mirrors(), question.years, visas, engine)
    themes = engine.from_polars(_themes(question.measures))
    tables = {
        "comparison": compared,
        "comparison_alternative": engine.to_polars(comparison.alternatives(candidates, question, engine)),
        "mirror_flow": _with_units(engine.to_polars(flows)),
        "policy_timeline": timeline.policy_timeline(
            compared, inputs.law["legal_event"], law.legal_binding, law.visa_rule, question.measures
        ),
        "coverage_score": engine.to_polars(coverage.coverage_score(figures, themes)),
        "coverage_gap": engine.to_polars(coverage.coverage_gap(figures)),
        "counting_rule": counting_rule(inputs.statistics),
    }
    return {name: in_contract(frame, name) for name, frame in tables.items()}


def _law_figures(law: Law, question: Question, receptions: Receptions) -> pl.DataFrame:
    """The figures of the measures that are computed from tables of law, if all their datasets were received."""
    computed = [
        (name, entry.computed)
        for name, entry in question.measures.items()
        if entry.computed and reason_without_sources(entry, receptions) is None
    ]
    return indicators.figures(law, computed, jurisdictions(), question.years)


def _visa_days(law: Law, question: Question, receptions: Receptions) -> pl.DataFrame:
    """The visa-free days of each pair and year; none if a dataset with visa rules was not received."""
    days = indicators.visa_days(law, list(question.years))
    return days.clear() if receptions.reason_of_inputs(VISA_RULES) else days


def _used(statistics: Mapping[str, pl.LazyFrame]) -> dict[str, pl.LazyFrame]:
    """The rows and columns of each table that a measure or mirror can use."""
    sources = [source for entry in measures().values() for source in entry.sources]
    sources += [side for entry in declared_mirrors().values() for side in entry.sides]
    pairs = pl.DataFrame(
        sorted({(source.dataset, source.indicator) for source in sources}),
        schema=["dataset", "indicator"],
        orient="row",
    ).lazy()
    return {
        name: frame.select(*_NEEDED, *contract(name).dimensions).join(pairs, on=["dataset", "indicator"], how="semi")
        for name, frame in statistics.items()
    }


def _question(used: Mapping[str, pl.DataFrame], receptions: Receptions) -> Question:
    """The question of the comparison. Its last year is the last full year before the newest figure was known."""
    newest = pl.concat([frame.select("known_from") for frame in used.values()])["known_from"].dt.year().max()
    last = max(FIRST_YEAR, int(newest) - 1) if isinstance(newest, int) else FIRST_YEAR
    declared = measures()
    return Question(declared, range(FIRST_YEAR, last + 1), absences(declared), defaults(declared, receptions))


def counting_rule(statistics: Mapping[str, pl.LazyFrame]) -> pl.DataFrame:
    """Table ``counting_rule``: how each dataset counts an indicator, with its rounding, suppression and breaks."""
    broken = pl.col("obs_status").str.contains("B", literal=True)
    years = pl.col("period").dt.year().filter(broken).unique().sort().cast(pl.String).str.join(" ")
    counted = [
        frame.group_by("dataset", "indicator", "definition", "publisher", "unit").agg(breaks=years)
        for frame in statistics.values()
    ]
    declared = pl.DataFrame(
        [
            (
                name,
                entry.observe.rounding,
                " ".join(code for code, why in publisher.missing.items() if why == "suppressed"),
            )
            for name, (publisher, entry) in datasets().items()
            if entry.observe is not None
        ],
        schema={"dataset": pl.String, "rounding": pl.Float64, "suppression": pl.String},
        orient="row",
    )
    return (
        pl.concat(counted)
        .collect()
        .join(counting_rules(), on=["indicator", "definition"], how="left")
        .join(declared, on="dataset", how="left")
        .rename({"basis": "counting_basis"})
        .with_columns(pl.col("breaks", "suppression").replace("", None))
    )


def measure() -> pl.DataFrame:
    """Table ``measure``."""
    rows = [
        {
            "measure": name,
            "name_en": entry.name["en"],
            "name_zh": entry.name["zh"],
            "formula": str(entry.formula) if entry.formula else None,
            "definition": entry.like,
            "order_of_sources": _order(entry),
            **entry.model_dump(include={"theme", "unit", "description", "not_for", "per_population", "additive"}),
        }
        for name, entry in measures().items()
    ]
    return in_contract(pl.DataFrame(rows, infer_schema_length=None), "measure")


def _order(entry: Measure) -> str | None:
    return "; ".join(f"{source.dataset} ({source.because.rstrip('.')})" for source in entry.sources) or None


def _with_units(frame: pl.DataFrame) -> pl.DataFrame:
    units = {name: entry.unit for name, entry in declared_mirrors().items()} | {mirrors.VISA_FREE_DAYS: "days"}
    return frame.with_columns(unit=pl.col("mirror").replace_strict(units))


def _themes(declared: Mapping[str, Measure]) -> pl.DataFrame:
    return pl.DataFrame({"measure": list(declared), "theme": [entry.theme for entry in declared.values()]})
