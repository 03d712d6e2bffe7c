"""Reports on a table, an indicator, a dataset or a measure, and on the rows of a table."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

import polars as pl

from assets.core.workspace import Workspace
from pipelines.explain.conditions import condition
from pipelines.explain.report import DETAIL, INLINED, OPTIONAL, TracedRows
from pipelines.explain.trace import Tracer
from sources.catalogue import dataset as catalogue_dataset
from sources.catalogue import datasets
from sources.prose.statements import statements
from warehouse import codes, releases
from warehouse.contracts import Contract, contract, contracts
from warehouse.errors import WarehouseError, did_you_mean
from warehouse.measures import measures

LAST_FETCHES = 10


@dataclass(frozen=True)
class TableReport:
    """The contract of a table, the datasets it is made of, its checks, and rows of the latest release if requested."""

    table: str
    title: str
    description: str
    version: str
    key: list[str]
    warnings: dict[str, str]
    fields: Annotated[list[dict[str, object]], DETAIL]
    datasets: list[str]
    checks: Annotated[list[dict[str, str]], DETAIL]
    rows: Annotated[TracedRows | None, OPTIONAL]


@dataclass(frozen=True)
class IndicatorRows:
    """The rows of an indicator in the latest release."""

    release: str
    rows: int
    values: int
    first: date | None
    last: date | None
    jurisdictions: int


@dataclass(frozen=True)
class IndicatorReport:
    """The definition of an indicator, the tables and datasets that have it, and its rows in the latest release."""

    definition: Annotated[dict[str, object], INLINED]
    tables: list[str]
    datasets: list[str]
    in_release: Annotated[IndicatorRows | None, OPTIONAL]


@dataclass(frozen=True)
class MeasureReport:
    """The declaration of a measure, its formula or its sources in their order, and the instruments it counts."""

    measure: str
    declaration: Annotated[dict[str, object], INLINED]
    formula: str | None
    sources: list[str]
    instruments: object


@dataclass(frozen=True)
class FetchLine:
    """A line of the ledger."""

    at: datetime
    transport: str
    slice: str
    status: int | None
    payload: str | None
    url: str


@dataclass(frozen=True)
class DatasetReport:
    """The catalogue entry of a dataset, its licence, and its last fetches."""

    dataset: str
    title: str
    publisher: str
    licence: dict[str, object]
    territory: object
    cadence: str
    table: str
    rule: dict[str, object]
    notes: object
    fetches: list[FetchLine]


Report = TableReport | IndicatorReport | DatasetReport | MeasureReport


def explain(workspace: Workspace, name: str, where: list[str], limit: int) -> Report:
    """A report on a table with the rows that match ``FIELD=VALUE``, or on an indicator, dataset or measure.

    If a name is that of an indicator and of a measure, the report is on the indicator. Raises ``WarehouseError`` if
    the name is not known.
    """
    if name in contracts():
        return _table(workspace, contract(name), where, limit)
    if name in codes.members("indicator"):
        return _indicator(workspace, name)
    if name in datasets():
        return _dataset(workspace, name)
    if name in measures():
        return _measure(name)
    known = [*contracts(), *sorted(codes.members("indicator")), *datasets(), *measures()]
    known += sorted(codes.members("instrument"))
    hint = did_you_mean(name, known, f"the tables are {', '.join(contracts())}")
    raise WarehouseError(f"{name} is not the name of a table, indicator, dataset, measure or instrument; {hint}")


def _table(workspace: Workspace, declared: Contract, where: list[str], limit: int) -> TableReport:
    import expectations  # it loads all rules, which only this answer needs

    return TableReport(
        table=declared.table,
        title=declared.title,
        description=declared.description,
        version=declared.version,
        key=list(declared.key),
        warnings=_warnings(declared),
        fields=[column.model_dump(exclude_none=True) for column in declared.columns],
        datasets=[name for name, (_, entry) in datasets().items() if entry.table == declared.table],
        checks=[
            {"name": rule.name, "severity": rule.severity, "reason": rule.reason}
            for rule in expectations.rules_of(declared)
        ],
        rows=_rows(workspace, declared, where, limit) if where else None,
    )


def _warnings(declared: Contract) -> dict[str, str]:
    listed = codes.codes().filter(pl.col("code_list") == "warning")
    meaning = dict(zip(listed["code"], listed["description"], strict=True))
    return {warning: str(meaning[warning]) for warning in declared.warnings}


def _rows(workspace: Workspace, declared: Contract, where: list[str], limit: int) -> TracedRows:
    conditions = [condition(declared, text) for text in where]
    release = releases.find(workspace.releases)
    with releases.readable(workspace.releases, release, declared.table):
        stored = pl.scan_parquet(releases.table_file(workspace.releases, release, declared.table))
        found = stored.filter(*conditions).collect()
    tracer = Tracer(workspace)
    return TracedRows(release.name, found.height, [tracer.traced(row) for row in found.head(limit).to_dicts()])


def _indicator(workspace: Workspace, name: str) -> IndicatorReport:
    sources = [dataset for dataset in datasets() if name in _indicators_of(dataset)]
    tables = sorted({datasets()[dataset][1].table for dataset in sources})
    return IndicatorReport(
        definition=codes.indicators().filter(pl.col("indicator") == name).row(0, named=True),
        tables=tables,
        datasets=sources,
        in_release=_indicator_rows(workspace, name, tables),
    )


def _indicator_rows(workspace: Workspace, name: str, tables: list[str]) -> IndicatorRows | None:
    """The rows of an indicator in the latest release. None without a release, or without a table that has it."""
    latest = releases.latest(workspace.releases)
    if latest is None or not tables:
        return None
    parts = [
        pl.scan_parquet(releases.table_file(workspace.releases, latest, table))
        .filter(pl.col("indicator") == name)
        .select("value", "period", "jurisdiction")
        for table in tables
    ]
    counts = pl.concat(parts).select(
        rows=pl.len(),
        values=pl.col("value").count(),
        first=pl.col("period").min(),
        last=pl.col("period").max(),
        jurisdictions=pl.col("jurisdiction").n_unique(),
    )
    with releases.readable(workspace.releases, latest, *tables):
        return IndicatorRows(latest.name, **counts.collect().row(0, named=True))


def _indicators_of(name: str) -> set[str]:
    """The indicators to which a dataset's code map or statements lead."""
    publisher, entry = catalogue_dataset(name)
    if entry.observe is None:
        return set()
    source = entry.observe.indicator
    if isinstance(source, str):
        return {source}
    if source.codes is None and publisher.publisher in statements():
        declared = statements()[publisher.publisher].statements.values()
        pairs = [(statement.indicator, statement.growth) for statement in declared if statement.table == entry.table]
        return {indicator for pair in pairs for indicator in pair if indicator}
    mapping = publisher.codes.get(source.codes, {}) if isinstance(source.codes, str) else source.codes
    return set((mapping or {}).values())


def _measure(name: str) -> MeasureReport:
    entry = measures()[name]
    return MeasureReport(
        measure=name,
        declaration=entry.model_dump(exclude={"sources", "formula", "events"}, exclude_defaults=True),
        formula=str(entry.formula) if entry.formula else None,
        sources=[f"{source.dataset}: {source.because}" for source in entry.sources],
        instruments=entry.events,
    )


def _dataset(workspace: Workspace, name: str) -> DatasetReport:
    publisher, entry = catalogue_dataset(name)
    fetches = [fetch for fetch in workspace.archive.fetches() if f"{fetch.publisher}/{fetch.dataset}" == name]
    return DatasetReport(
        dataset=name,
        title=entry.title,
        publisher=publisher.name["en"],
        licence=publisher.licence_of(name.partition("/")[2]).model_dump(),
        territory=entry.territory or publisher.territory,
        cadence=publisher.cadence,
        table=entry.table,
        rule=(entry.observe or entry.record or entry).model_dump(exclude_defaults=True),
        notes=entry.notes,
        fetches=[
            FetchLine(fetch.at, fetch.transport, fetch.slice, fetch.status, fetch.payload, fetch.url)
            for fetch in fetches[-LAST_FETCHES:]
        ],
    )
