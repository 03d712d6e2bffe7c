"""All tables of the comparison, from the tables of statistics and law: one step of a build."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from assets.compare import comparison, coverage, mirrors, timeline
from assets.compare.comparison import FIRST_YEAR, Question
from assets.compare.engines import Engine, Frame
from assets.compare.grades import counting_rules
from assets.law import indicators
from assets.law.indicators import Law
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
LAW = ("legal_binding", "legal_event", "visa_rule", "policy_coding")

# What the comparison needs of a table of statistics, beside the table's own dimensions.
_NEEDED = (
    "indicator",
    "reporter",
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
    """Tables of statistics and of law by name, of rows that may be passed on; whether publishers were asked for all."""

    statistics: Mapping[str, pl.LazyFrame]
    law: Mapping[str, pl.DataFrame]
    complete: bool


def make(given: Inputs, engine: Engine) -> dict[str, pl.DataFrame]:
    """Every table of ``TABLES`` in the columns, types and order of its contract."""
    used = {name: frame.collect() for name, frame in _used(given.statistics).items()}
    tables: dict[str, Frame] = {name: engine.lift(frame) for name, frame in used.items()}
    question = _question(used, complete=given.complete)
    law = Law(*(given.law[name] for name in ("legal_binding", "visa_rule", "policy_coding")))
    computed = [(name, entry.computed) for name, entry in question.measures.items() if entry.computed]
    numbers = indicators.numbers(law, computed, comparison.jurisdictions(), question.years)
    candidates = engine.settle(comparison.candidates(tables, question, engine))
    compared = engine.land(comparison.comparison(candidates, engine.lift(numbers), question, engine))
    figures = engine.lift(compared)
    visas = engine.lift(indicators.visa_days(law, list(question.years)))
    made = {
        "comparison": compared,
        "comparison_alternative": engine.land(comparison.alternatives(candidates, question, engine)),
        "mirror_flow": _with_units(
            engine.land(mirrors.mirror_flow(tables, declared_mirrors(), question.years, visas, engine))
        ),
        "policy_timeline": timeline.policy_timeline(
            compared, given.law["legal_event"], given.law["legal_binding"], given.law["visa_rule"], question.measures
        ),
        "coverage_score": engine.land(coverage.coverage_score(figures, engine.lift(_themes(question.measures)))),
        "coverage_gap": engine.land(coverage.coverage_gap(figures)),
        "counting_rule": counting_rule(given.statistics),
    }
    return {name: in_contract(frame, name) for name, frame in made.items()}


def _used(statistics: Mapping[str, pl.LazyFrame]) -> dict[str, pl.LazyFrame]:
    """Of each table the rows and columns that a measure or mirror may take."""
    asked = [source for entry in measures().values() for source in entry.sources]
    asked += [side for entry in declared_mirrors().values() for side in entry.sides]
    pairs = pl.DataFrame(
        sorted({(source.dataset, source.indicator) for source in asked}), schema=["dataset", "indicator"], orient="row"
    ).lazy()
    return {
        name: frame.select(*_NEEDED, *contract(name).dimensions).join(pairs, on=["dataset", "indicator"], how="semi")
        for name, frame in statistics.items()
    }


def _question(used: Mapping[str, pl.DataFrame], *, complete: bool) -> Question:
    """The measures and the years, the last of which is the last full one before the newest figure was known."""
    newest = pl.concat([frame.select("known_from") for frame in used.values()])["known_from"].dt.year().max()
    last = max(FIRST_YEAR, int(newest) - 1) if isinstance(newest, int) else FIRST_YEAR
    declared = measures()
    silence = "not_published" if complete else "not_fetched"
    return Question(declared, range(FIRST_YEAR, last + 1), comparison.absences(declared), silence)


def counting_rule(statistics: Mapping[str, pl.LazyFrame]) -> pl.DataFrame:
    """How each dataset counts each indicator under each definition, with rounding, suppression and breaks."""
    broken = pl.col("obs_status").str.contains("B", literal=True)
    years = pl.col("period").dt.year().filter(broken).unique().sort().cast(pl.String).str.join(" ")
    seen = [
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
        pl.concat(seen)
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
    units = {name: entry.unit for name, entry in declared_mirrors().items()} | {mirrors.VISAS: "days"}
    return frame.with_columns(unit=pl.col("mirror").replace_strict(units))


def _themes(declared: Mapping[str, Measure]) -> pl.DataFrame:
    return pl.DataFrame({"measure": list(declared), "theme": [entry.theme for entry in declared.values()]})
