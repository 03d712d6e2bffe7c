"""All tables of the comparison, made together from the tables of statistics and law."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import narwhals as nw
import polars as pl

from assets.compare import annotations, comparison, coverage, mirrors, timeline
from assets.compare.engines import Engine, Frame
from assets.compare.grades import SEPARATOR, counting_rules, rules_of_measures
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
from sources.catalogue import datasets, redistributable
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


@dataclass(frozen=True)
class Inputs:
    """The Parquet files of each table of statistics, and the tables of law with the rows that may be redistributed.

    ``receptions`` is what was received of every dataset.
    """

    statistics: Mapping[str, Sequence[Path]]
    law: Mapping[str, pl.DataFrame]
    receptions: Receptions


def make_tables(inputs: Inputs, engine: Engine) -> dict[str, pl.DataFrame]:
    """Every table of ``TABLES`` in the columns, types and order of its contract."""
    statistics = {
        name: engine.read(files).filter(nw.col("dataset").is_in(redistributable()))
        for name, files in inputs.statistics.items()
    }
    question = _question(statistics, inputs.receptions, engine)
    law = Law(**{name: inputs.law[name] for name in LAW})
    candidates = engine.materialise(comparison.candidates(statistics, question, engine))
    law_figures = engine.from_polars(_law_figures(law, question, inputs.receptions))
    rows = comparison.figures(candidates, law_figures, question, engine)
    compared = engine.to_polars(annotations.annotate(rows, candidates, question, engine))
    figures = engine.from_polars(compared)
    visas = engine.from_polars(_visa_days(law, question, inputs.receptions))
    sources = mirrors.Sources(statistics, figures, rules_of_measures(question.measures), visas)
    flows = mirrors.mirror_flow(sources, declared_mirrors(), question.years, engine)
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
        "counting_rule": counting_rule(statistics, engine),
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


def _question(statistics: Mapping[str, Frame], receptions: Receptions, engine: Engine) -> Question:
    """The question of the comparison. Its last year is the last full year before the newest figure was known."""
    declared = measures()
    sources = [source for entry in declared.values() for source in entry.sources]
    sources += [side for entry in declared_mirrors().values() for side in entry.sides or ()]
    used = sorted({f"{source.dataset} {source.indicator}" for source in sources})
    asked = nw.concat_str("dataset", "indicator", separator=" ").is_in(used)
    known = [frame.filter(asked).select(nw.col("known_from").max()) for frame in statistics.values()]
    newest = engine.to_polars(nw.concat(known))["known_from"].dt.year().max()
    last = max(FIRST_YEAR, int(newest) - 1) if isinstance(newest, int) else FIRST_YEAR
    return Question(declared, range(FIRST_YEAR, last + 1), absences(declared), defaults(declared, receptions))


def counting_rule(statistics: Mapping[str, Frame], engine: Engine) -> pl.DataFrame:
    """Table ``counting_rule``: how each dataset counts an indicator, with its rounding, suppression and breaks."""
    keys = ["dataset", "indicator", "definition", "publisher", "unit"]
    broken = nw.when(nw.col("obs_status").str.contains("B", literal=True)).then(nw.col("year"))
    counted = nw.concat([frame.select(*keys, broken=broken).unique() for frame in statistics.values()])
    years = pl.col("broken").drop_nulls().unique().sort().cast(pl.String).str.join(" ")
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
        engine.to_polars(counted)
        .group_by(keys)
        .agg(breaks=years)
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
    each = pl.col("flags").str.split(SEPARATOR).list.unique(maintain_order=True).list.join(SEPARATOR)
    return frame.with_columns(unit=pl.col("mirror").replace_strict(units), flags=each)


def _themes(declared: Mapping[str, Measure]) -> pl.DataFrame:
    return pl.DataFrame({"measure": list(declared), "theme": [entry.theme for entry in declared.values()]})
