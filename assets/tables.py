"""The registry of tables: each table with everything that it is made from, and the function that makes it.

Both the data and the dependencies in Dagster come from here, so the lineage in the UI is the lineage of the code. A
step makes one table, or several that are computed together. Its function can read only what the step declares.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from assets.compare import tables as comparison
from assets.compare.engines import engine
from assets.core.stage_cache import fingerprint
from assets.core.workspace import Workspace
from assets.ingest.receptions import receptions
from assets.ingest.stored import StageResult
from assets.law.bindings import bindings
from assets.law.gaps import legal_gap
from assets.law.instruments import legal_instrument
from assets.normalise import tables
from assets.normalise.headline import figures_of_table, headline, rows_in_parts
from sources.catalogue import datasets, redistributable
from warehouse import rows
from warehouse.archive import Fetch
from warehouse.contracts import contract, contracts

# Table → its rows: one frame, or several in the order of the key, so that a large table is never in memory at once.
Frames = Mapping[str, pl.DataFrame | Iterable[pl.DataFrame]]


@dataclass(frozen=True)
class Inputs:
    """What the function of a step may read: the declared observations and tables, by name, and the workspace's ledger.

    Reading anything else raises ``KeyError``.
    """

    workspace: Workspace
    observations: Mapping[str, StageResult]
    tables: Mapping[str, StageResult]

    def table(self, name: str) -> pl.LazyFrame:
        """The rows of a declared table."""
        return self.tables[name].frame


@dataclass(frozen=True)
class TableStep:
    """One step of a build: the ``tables`` that ``make`` returns, from observations of ``datasets`` and other tables.

    ``receptions`` is true if the result also depends on which requests of all datasets succeeded.
    """

    tables: tuple[str, ...]
    make: Callable[[Inputs], Frames]
    datasets: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    receptions: bool = False

    @property
    def name(self) -> str:
        """The name of the step: that of its first table."""
        return self.tables[0]


def steps() -> dict[str, TableStep]:
    """Table → the step that makes it, in the order of the contracts. Table ``release`` is made by the release."""
    sources: dict[str, list[str]] = {}
    for name, (_, entry) in datasets().items():
        sources.setdefault(entry.table, []).append(name)
    declared = {table: step for step in _special_steps(tuple(datasets())) for table in step.tables}
    found = {}
    for name in contracts():
        if name in declared:
            found[name] = declared[name]
        elif name != "release":
            found[name] = TableStep((name,), _rows_of_observations(name), tuple(sources.get(name, ())))
    return found


def release_tables() -> list[str]:
    """The tables that a release consists of, without table ``release``, which lists them."""
    return list(steps())


def _special_steps(every: tuple[str, ...]) -> list[TableStep]:
    """The steps of all tables that are not simply the observations of their datasets. ``every`` is every dataset."""
    compared = (*tables.statistics(), *comparison.LAW)
    return [
        TableStep(("jurisdiction",), _declared(tables.jurisdiction)),
        TableStep(("indicator",), _declared(tables.indicator)),
        TableStep(("legal_instrument",), _legal_instrument, reads=("legal_event",)),
        TableStep(("measure",), _declared(comparison.measure)),
        TableStep(("code",), _declared(tables.code)),
        TableStep(("legal_binding",), _legal_binding, reads=("legal_event",)),
        TableStep(("legal_gap",), _legal_gap, every, reads=("legal_event", "reservation"), receptions=True),
        TableStep(("unmatched_code",), _unmatched_code, every),
        TableStep(("unread_sentence",), _collected("unread_sentence", lambda result: result.unread), every),
        TableStep(("held_figure",), _collected("held_figure", lambda result: result.held), every),
        TableStep(("revision",), _collected("revision", lambda result: result.revisions), every),
        TableStep(("coverage",), _coverage, every, reads=tables.statistics(), receptions=True),
        TableStep(("dataset",), _dataset, every, reads=_published_tables()),
        TableStep(("headline",), _headline, every, reads=tables.statistics(), receptions=True),
        TableStep(comparison.TABLES, _comparison, every, reads=compared, receptions=True),
    ]


def _published_tables() -> tuple[str, ...]:
    """The tables of statistics and law that publishers fill."""
    return tuple(
        name for name, declared in contracts().items() if declared.kind != "reference" and name != "legal_binding"
    )


def _declared(make: Callable[[], pl.DataFrame]) -> Callable[[Inputs], Frames]:
    """The function of a table that comes from declarations only."""
    return lambda _: {make.__name__: make()}


def _rows_of_observations(name: str) -> Callable[[Inputs], Frames]:
    """The function of a table whose rows are the observations of its datasets."""

    def make(inputs: Inputs) -> Frames:
        declared = contract(name)
        parts = [result.frame for result in inputs.observations.values()]
        observations = pl.concat([pl.LazyFrame(schema=declared.stored_schema), *parts])
        return {name: rows_in_parts(observations, declared)}

    return make


def _legal_instrument(inputs: Inputs) -> Frames:
    return {"legal_instrument": legal_instrument(inputs.table("legal_event").collect())}


def _headline(inputs: Inputs) -> Frames:
    received = receptions(inputs.workspace, inputs.observations)
    return {"headline": headline([_figures(inputs, name) for name in tables.statistics()], received)}


def _figures(inputs: Inputs, name: str) -> pl.LazyFrame:
    """The headline figures of a table. They are stored, because most nights change few tables."""

    def make(folder: Path) -> None:
        figures_of_table(inputs.table(name), contract(name)).write_parquet(folder / "figures.parquet")

    stage = fingerprint("figures", inputs.tables[name].fingerprint)
    return pl.scan_parquet(inputs.workspace.stage_cache.get_or_build("figures", name, stage, make) / "figures.parquet")


def _legal_binding(inputs: Inputs) -> Frames:
    return {"legal_binding": bindings(inputs.table("legal_event").collect())}


def _legal_gap(inputs: Inputs) -> Frames:
    events, declarations = (inputs.table(name).collect() for name in ("legal_event", "reservation"))
    return {"legal_gap": legal_gap(events, declarations, receptions(inputs.workspace, inputs.observations))}


def _unmatched_code(inputs: Inputs) -> Frames:
    return {"unmatched_code": tables.unmatched_code(result.unmatched for result in inputs.observations.values())}


def _collected(name: str, rows_of: Callable[[StageResult], pl.LazyFrame]) -> Callable[[Inputs], Frames]:
    """The function of a table whose rows are stored next to the observations of each dataset."""
    return lambda inputs: {name: tables.collected(name, map(rows_of, inputs.observations.values()))}


def _coverage(inputs: Inputs) -> Frames:
    columns = ["dataset", "known_from", "jurisdiction", "indicator", "period", "value", "missing_reason"]
    figures = pl.concat([inputs.table(name).select(columns) for name in tables.statistics()])
    figures = figures.with_columns(withheld=~pl.col("dataset").is_in(redistributable()))
    return {"coverage": tables.coverage(figures, receptions(inputs.workspace, inputs.observations))}


def _dataset(inputs: Inputs) -> Frames:
    known = pl.concat([inputs.table(name).select("dataset", "known_from") for name in _published_tables()])
    fetches = inputs.workspace.archive.fetches()
    facts = {name: _facts(inputs.workspace, name, result, fetches) for name, result in inputs.observations.items()}
    return {"dataset": tables.dataset(facts, known)}


def _facts(workspace: Workspace, name: str, result: StageResult, fetches: list[Fetch]) -> tables.DatasetFacts:
    """How the payloads of the rows that are known now were received, and their editions."""
    (publisher, _), code = datasets()[name], name.partition("/")[2]
    payloads = set(result.frame.select("payload").unique().collect()["payload"])
    transports = (workspace.transport_of(publisher, code), "import")
    first: dict[str, Fetch] = {}
    for fetch in fetches:
        if fetch.payload in payloads and fetch.transport in transports and fetch.error is None:
            first.setdefault(str(fetch.payload), fetch)
    mode = "+".join(sorted({fetch.transport for fetch in first.values()})) or "not_fetched"
    editions = sorted({fetch.edition for fetch in first.values() if fetch.edition})
    return tables.DatasetFacts(mode=mode, edition="; ".join(editions) or None, payloads=len(payloads))


def _comparison(inputs: Inputs) -> Frames:
    """The tables of the comparison, computed together from rows that a release may contain."""
    allowed = pl.col("dataset").is_in(redistributable())
    law = {name: inputs.table(name).filter(allowed).collect() for name in comparison.LAW}
    files = {name: inputs.tables[name].parts for name in tables.statistics()}
    received = receptions(inputs.workspace, inputs.observations)
    given = comparison.Inputs(statistics=files, law=law, receptions=received)
    return comparison.make_tables(given, engine(inputs.workspace.engine))


def write(frames: Frames, folder: Path) -> dict[str, int]:
    """Store the tables of a step as ``<folder>/<table>/rows-0000.parquet`` and further parts; return their rows."""
    counts = dict.fromkeys(frames, 0)
    for name, found in frames.items():
        (folder / name).mkdir()
        for number, part in enumerate([found] if isinstance(found, pl.DataFrame) else found):
            rows.write(part, folder / name / f"rows-{number:04}.parquet")
            counts[name] += part.height
    return counts
