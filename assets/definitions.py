"""The assets and their checks, made from the catalogue and the registry of tables.

Here: asset definitions, their metadata, and how the results of stages become Dagster's results. Not here: what a stage
computes (``assets.stages``), what a table is made from (``assets.tables``), jobs and schedules (``pipelines``).

``payload/...`` requests a publisher's datasets, ``observations/...`` reads what the archive holds, ``table/...`` makes
and checks a table, ``release`` publishes. Assets pass no data to each other: each finds its inputs in the stage cache,
or computes them and logs that. So every asset can be materialised without the others.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import dagster as dg
import polars as pl

import expectations
from assets import stages
from assets.core.workspace import Workspace
from assets.explore import explorer
from assets.explore.report import PAGES, release_address
from assets.ingest.fetch import Reception, receive_all
from assets.ingest.stored import StageResult
from assets.publish.acceptances import accepted_checks
from assets.publish.release import catalogued, publish
from assets.tables import TableStep, steps
from sources import catalogue
from sources.catalogue.model import Publisher
from sources.protocols.requests import requests_for
from warehouse.contracts import Contract, contract
from warehouse.errors import counted
from warehouse.rows import height

WorkspaceParam = dg.ResourceParam[Workspace]

# Two datasets are read at once: while Polars works for one, Python works for the other.
READERS = 2
# Requests and rows that are shown in the UI.
SHOWN_REQUESTS = 30
SHOWN_ROWS = 20


def payload_key(name: str) -> dg.AssetKey:
    """The asset of the payloads of ``publisher/dataset``."""
    return dg.AssetKey(["payload", *name.split("/")])


def observations_key(name: str) -> dg.AssetKey:
    """The asset of the observations of ``publisher/dataset``."""
    return dg.AssetKey(["observations", *name.split("/")])


def table_key(name: str) -> dg.AssetKey:
    """The asset of a table."""
    return dg.AssetKey(["table", name])


RELEASE = dg.AssetKey(["release"])


def column_schema(declared: Contract) -> dg.TableSchema:
    """Dagster's column schema of a table, from its contract."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type,
                description=column.description + ("" if column.unit == "none" else f" Unit: {column.unit}."),
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
            )
            for column in declared.columns
        ]
    )


def payload_assets() -> dg.AssetsDefinition:
    """The payloads of all datasets: publishers are requested at once, each by one client with its limits.

    A dataset that fails does not stop the others; its check ``received`` shows the failures.
    """
    names = [name for publisher in catalogue.publishers().values() for name in _names(publisher)]
    specs = [_payload_spec(name, publisher) for name, (publisher, _) in catalogue.datasets().items()]

    @dg.multi_asset(
        name="receive_payloads",
        specs=specs,
        check_specs=[dg.AssetCheckSpec("received", asset=payload_key(name), description=RECEIVED) for name in names],
        can_subset=True,
    )
    def payloads(context: dg.AssetExecutionContext, workspace: WorkspaceParam) -> Iterator[dg.MaterializeResult]:
        selected = [name for name in names if payload_key(name) in context.selected_asset_keys]
        for name, reception in receive_all(workspace, selected):
            yield _received(workspace, name, reception)

    return payloads


RECEIVED = "All requests succeeded; otherwise the last good payload is used."
READ = (
    "Every newest payload can be read and has the dimensions of its catalogue entry, and every code is known to a "
    "crosswalk. A rejected payload is replaced by the last good one; cells with unknown codes are in unmatched_code."
)


def _names(publisher: Publisher) -> list[str]:
    return [f"{publisher.publisher}/{code}" for code in publisher.datasets]


def _payload_spec(name: str, publisher: Publisher) -> dg.AssetSpec:
    entry = publisher.datasets[name.partition("/")[2]]
    requests = requests_for(publisher, name.partition("/")[2])
    fresh = timedelta(days=publisher.fresh_days)
    return dg.AssetSpec(
        payload_key(name),
        group_name=publisher.publisher,
        description=f"{entry.title}. {publisher.name['en']}, {publisher.cadence}. Licence: {publisher.licence.id}.",
        kinds={"http", publisher.endpoints[entry.endpoint].accept},
        metadata={
            "publisher": dg.MetadataValue.url(publisher.homepage),
            "requests": dg.MetadataValue.md(_bullets(request.full_url for request in requests[:SHOWN_REQUESTS])),
            "territory": entry.territory or publisher.territory,
        },
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=fresh * 2, warn_window=fresh),
        automation_condition=(
            dg.AutomationCondition.on_cron(publisher.cron, publisher.timezone) if publisher.cron else None
        ),
    )


def _received(workspace: Workspace, name: str, reception: Reception) -> dg.MaterializeResult:
    """The result of requesting a dataset."""
    return dg.MaterializeResult(
        asset_key=payload_key(name),
        data_version=dg.DataVersion(stages.payloads_version(workspace, name)),
        metadata={
            "received": reception.received,
            "unchanged": reception.unchanged,
            "absent": dg.MetadataValue.md(_bullets(reception.absent)),
            "mode": workspace.transport_of(catalogue.datasets()[name][0], name.partition("/")[2]),
        },
        check_results=[_failures(payload_key(name), "received", reception.failures)],
    )


def _failures(key: dg.AssetKey, check: str, failures: Sequence[str], **tables: pl.DataFrame) -> dg.AssetCheckResult:
    """The result of a check that warns of failures, or of rows in one of the ``tables``."""
    shown = {name: dg.MetadataValue.md(markdown(rows.head(SHOWN_ROWS))) for name, rows in tables.items()}
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=check,
        passed=not failures and all(rows.is_empty() for rows in tables.values()),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"failures": dg.MetadataValue.md(_bullets(failures)), **shown},
    )


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or "none"


def observations_assets(publisher: Publisher) -> dg.AssetsDefinition:
    """The observations of all datasets of a publisher, read from the archive."""
    names = _names(publisher)

    @dg.multi_asset(
        name=f"read_{publisher.publisher}",
        specs=[_observations_spec(name, publisher) for name in names],
        check_specs=[dg.AssetCheckSpec("read", asset=observations_key(name), description=READ) for name in names],
        can_subset=True,
    )
    def observations(context: dg.AssetExecutionContext, workspace: WorkspaceParam) -> Iterator[dg.MaterializeResult]:
        selected = [name for name in names if observations_key(name) in context.selected_asset_keys]
        with ThreadPoolExecutor(READERS) as pool:
            results = pool.map(lambda name: stages.observations(workspace, name), selected)
            for name, result in zip(selected, results, strict=True):
                yield _read(workspace, name, result)

    return observations


def _observations_spec(name: str, publisher: Publisher) -> dg.AssetSpec:
    entry = publisher.datasets[name.partition("/")[2]]
    return dg.AssetSpec(
        observations_key(name),
        deps=[payload_key(name)],
        group_name=publisher.publisher,
        description=f"{entry.title}, in shared codes, for table {entry.table}.",
        kinds={"polars", "parquet"},
        metadata={"dagster/column_schema": column_schema(contract(entry.table)), "table": entry.table},
    )


def _read(workspace: Workspace, name: str, result: StageResult) -> dg.MaterializeResult:
    """The result of reading a dataset."""
    payloads = (f"{key or 'whole'}: `{sha256}`" for key, sha256 in result.payloads.items())
    return dg.MaterializeResult(
        asset_key=observations_key(name),
        data_version=dg.DataVersion(result.fingerprint),
        metadata={
            "dagster/row_count": height(result.frame),
            stages.INPUTS: stages.payloads_version(workspace, name),
            "payloads": dg.MetadataValue.md(_bullets(payloads)),
        },
        check_results=[
            _failures(observations_key(name), "read", result.failures, unmatched=result.unmatched.collect())
        ],
    )


def markdown(frame: pl.DataFrame) -> str:
    """A small frame as a Markdown table."""
    if frame.is_empty():
        return "none"
    head = f"| {' | '.join(frame.columns)} |\n|{' --- |' * frame.width}\n"
    return head + "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in frame.iter_rows())


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")


def failing_rows(rows: pl.DataFrame) -> str:
    """Rows as a Markdown table of the fields in which they differ, under a line of those that they share."""
    shared = [name for name in rows.columns if rows.height > 1 and rows[name].n_unique() == 1]
    if len(shared) == rows.width:
        return markdown(rows)
    values = ", ".join(f"{name} `{rows[name][0]}`" for name in shared)
    return (f"All of these have {values}.\n\n" if shared else "") + markdown(rows.drop(shared))


def table_assets(step: TableStep) -> dg.AssetsDefinition:
    """The tables of a step with their checks. A failed check of severity error stops what depends on the table."""

    @dg.multi_asset(
        name=f"build_{step.name}",
        specs=[_table_spec(name, step) for name in step.tables],
        check_specs=[spec for name in step.tables for spec in check_specs(name)],
    )
    def tables(workspace: WorkspaceParam) -> Iterator[dg.MaterializeResult]:
        for name in step.tables:
            result, outcomes = stages.validated(workspace, name)
            yield dg.MaterializeResult(
                asset_key=table_key(name),
                data_version=dg.DataVersion(result.fingerprint),
                metadata={
                    "dagster/row_count": height(result.frame),
                    "preview": dg.MetadataValue.md(markdown(result.frame.head(5).collect())),
                },
                check_results=list(_check_results(workspace, name, result, outcomes)),
            )

    return tables


def _table_spec(name: str, step: TableStep) -> dg.AssetSpec:
    declared = contract(name)
    return dg.AssetSpec(
        table_key(name),
        deps=[*map(observations_key, step.datasets), *map(table_key, step.reads)],
        group_name="comparison" if len(step.tables) > 1 else "tables",
        description=f"{declared.title}. {declared.description}",
        kinds={"polars", "parquet"},
        metadata={
            "dagster/column_schema": column_schema(declared),
            "key": ", ".join(declared.key),
            "warnings": ", ".join(declared.warnings) or "none",
        },
        code_version=declared.version,
    )


CONTRACT = "contract"


def check_specs(name: str) -> list[dg.AssetCheckSpec]:
    """One check for the contract of a table, and one for each further rule."""
    rules = expectations.rules_of(contract(name))
    form = ", ".join(rule.name for rule in rules if rule.part_of_contract)
    reason = f"The table is as its contract declares: {form}."
    return [
        dg.AssetCheckSpec(CONTRACT, asset=table_key(name), description=reason, blocking=True),
        *(
            dg.AssetCheckSpec(
                rule.name, asset=table_key(name), description=rule.reason, blocking=rule.severity == "error"
            )
            for rule in rules
            if not rule.part_of_contract
        ),
    ]


def _check_results(
    workspace: Workspace, name: str, result: StageResult, outcomes: Sequence[expectations.Outcome]
) -> Iterator[dg.AssetCheckResult]:
    accepted = accepted_checks(workspace, result.fingerprint)
    yield _check_result(name, CONTRACT, [item for item in outcomes if item.part_of_contract], accepted)
    for outcome in outcomes:
        if not outcome.part_of_contract:
            yield _check_result(name, outcome.name, [outcome], accepted)


def _check_result(
    table: str, check: str, outcomes: Sequence[expectations.Outcome], accepted: dict[str, str]
) -> dg.AssetCheckResult:
    """One check from the outcomes of its rules. A failure that a person accepted is a warning."""
    failed = [outcome for outcome in outcomes if not outcome.success]
    errors = [outcome for outcome in failed if outcome.severity == "error" and outcome.name not in accepted]
    parts = [f"{item.name}: {counted(item.failing, 'failure')} in {counted(item.checked, 'row')}" for item in failed]
    if len(outcomes) > 1:
        parts = parts or [f"{len(outcomes)} rules hold"]
    elif not failed:
        parts = [f"no failure in {counted(outcomes[0].checked, 'row')}"]
    rows = "\n\n".join(f"**{item.name}**: {item.reason}\n\n{failing_rows(item.rows)}" for item in failed)
    return dg.AssetCheckResult(
        asset_key=table_key(table),
        check_name=check,
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR if errors else dg.AssetCheckSeverity.WARN,
        description="; ".join(parts),
        metadata={
            "rules": ", ".join(outcome.name for outcome in outcomes),
            "checked": max((outcome.checked for outcome in outcomes), default=0),
            "failing": sum(outcome.failing for outcome in failed),
            "accepted": "; ".join(accepted[item.name] for item in failed if item.name in accepted) or "no",
            "failing_rows": dg.MetadataValue.md(rows or "none"),
        },
    )


def release_asset() -> dg.AssetsDefinition:
    """The release: tables, documents and report pages, published in one atomic step."""

    @dg.asset(
        key=RELEASE,
        deps=[table_key(name) for name in steps()],
        group_name="release",
        description="An immutable, consistent set of tables with a name, its documents and its report pages in English "
        "and Chinese. It is not published while a check of severity error fails.",
        kinds={"parquet", "html"},
    )
    def release(workspace: WorkspaceParam) -> dg.MaterializeResult:
        """Publish the present tables if anything is new and no check holds them back."""
        published = publish(workspace, *stages.release_inputs(workspace), stages.failing(workspace))
        workspace.stage_cache.sweep()
        entry = published.entry
        rows = pl.DataFrame([{"table": name, "rows": facts.rows} for name, facts in entry.tables.items()])
        address = release_address(workspace.releases, entry.name)
        return dg.MaterializeResult(
            data_version=dg.DataVersion(entry.fingerprint),
            metadata={
                "release": entry.name,
                "new": published.new,
                "not in the Iceberg catalog": (catalogued(workspace) if published.new else None) or "",
                "path": dg.MetadataValue.path(str(workspace.releases / entry.name)),
                "dagster/row_count": entry.observations,
                "tables": dg.MetadataValue.md(markdown(rows)),
                "explorer": dg.MetadataValue.url(f"{address}/{explorer.PAGE}"),
                **{language: dg.MetadataValue.url(f"{address}/{page}") for language, page in PAGES.items()},
            },
        )

    return release


def all_assets() -> list[dg.AssetsDefinition]:
    """Every asset: two for each dataset, one for each table, and the release."""
    observed = map(observations_assets, catalogue.publishers().values())
    unique = {step.name: step for step in steps().values()}
    return [payload_assets(), *observed, *map(table_assets, unique.values()), release_asset()]
