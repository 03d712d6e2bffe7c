"""The assets and their checks, made by factories from the catalogue and the contracts.

``payload/…`` asks a publisher, ``observations/…`` reads what the archive holds, ``table/…`` joins the observations of
its datasets, ``release`` publishes, ``report`` shows. Assets pass no data to each other: each computes from the archive
what it needs, or finds it computed. So any of them can be run alone, from the UI too.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import dagster as dg
import polars as pl
from dagster._core.storage.asset_check_execution_record import (
    COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES,
    AssetCheckExecutionRecord,
)

import expectations
from assets import stages
from assets.compare import tables as compared
from assets.core import prefetch
from assets.core.workspace import Workspace
from assets.explore import PAGES, SHOWN_ON, at_a_glance
from assets.ingest.payloads import STALE_AFTER, Reception, receive, stale
from assets.publish import release as releasing
from sources import catalogue
from sources.catalogue.model import Publisher
from sources.protocols.requests import requests_for
from warehouse import releases
from warehouse.contracts import Contract, contract
from warehouse.exports.about import About

OWNERS = ["team:corridor"]
WorkspaceParam = dg.ResourceParam[Workspace]


# Of the steps that could run, those first that give the processes beside something to do.
FIRST, SOON = {"dagster/priority": "2"}, {"dagster/priority": "1"}


def payload_key(name: str) -> dg.AssetKey:
    """The asset of a dataset's payloads."""
    return dg.AssetKey(["payload", *name.split("/")])


def observations_key(name: str) -> dg.AssetKey:
    """The asset of a dataset's observations."""
    return dg.AssetKey(["observations", *name.split("/")])


def table_key(name: str) -> dg.AssetKey:
    """The asset of a table."""
    return dg.AssetKey(["table", name])


RELEASE = dg.AssetKey(["release"])
REPORT = dg.AssetKey(["report"])


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


def payload_assets(publisher: Publisher) -> dg.AssetsDefinition:
    """Asks a publisher for its datasets, one after the other with one client, because its limits hold for all of them.

    What fails is told by the check ``received`` of its dataset, and the rest goes on.
    """
    names = [f"{publisher.publisher}/{code}" for code in publisher.datasets]

    @dg.multi_asset(
        name=f"receive_{publisher.publisher}",
        specs=[_payload_spec(name, publisher) for name in names],
        check_specs=[
            dg.AssetCheckSpec(check, asset=payload_key(name), description=why)
            for name in names
            for check, why in RECEIVING.items()
        ],
        can_subset=True,
        pool=f"host_{publisher.publisher}",
        op_tags=FIRST,
    )
    def payloads(context: dg.AssetExecutionContext, workspace: WorkspaceParam) -> Iterator[dg.MaterializeResult]:
        with workspace.client(publisher) as client:
            for name in names:
                if payload_key(name) in context.selected_asset_keys:
                    reception = receive(workspace, publisher, name.partition("/")[2], client)
                    if reception.received:
                        prefetch.begin(stages.observations, workspace, name)
                    yield _received(workspace, name, reception, stale(workspace).get(name))

    return payloads


RECEIVING = {
    "received": "Every request was answered. A build goes on without: with the last good payload.",
    "fresh": f"It did not fail on each of the last {STALE_AFTER} days on which it was asked for. A release goes on, "
    "with the last good vintage, and says so in its changelog.",
}


def _payload_spec(name: str, publisher: Publisher) -> dg.AssetSpec:
    entry = publisher.datasets[name.partition("/")[2]]
    requests = requests_for(publisher, name.partition("/")[2])
    fresh = timedelta(days=publisher.fresh_days)
    return dg.AssetSpec(
        payload_key(name),
        group_name=publisher.publisher,
        description=f"{entry.title}. {publisher.name['en']}, {publisher.cadence}. Licence: {publisher.licence.id}.",
        kinds={"http", publisher.endpoints[entry.endpoint].accept},
        owners=OWNERS,
        metadata={
            "publisher": dg.MetadataValue.url(publisher.homepage),
            "requests": dg.MetadataValue.md("\n".join(f"- {request.full_url}" for request in requests[:30])),
            "territory": entry.territory or publisher.territory,
        },
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=fresh * 2, warn_window=fresh),
    )


def _received(workspace: Workspace, name: str, reception: Reception, answered: date | None) -> dg.MaterializeResult:
    """What a reception brought; ``answered`` is the day of the last answer to what is stale."""
    return dg.MaterializeResult(
        asset_key=payload_key(name),
        metadata={
            "received": reception.received,
            "unchanged": reception.unchanged,
            "absent": dg.MetadataValue.md(_bullets(reception.absent)),
            "mode": workspace.mode,
        },
        check_results=[
            dg.AssetCheckResult(
                asset_key=payload_key(name),
                check_name="received",
                passed=not reception.failures,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"failures": dg.MetadataValue.md(_bullets(reception.failures))},
            ),
            dg.AssetCheckResult(
                asset_key=payload_key(name),
                check_name="fresh",
                passed=answered is None,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"last answered": str(answered)} if answered else {},
            ),
        ],
    )


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or "none"


def observations_assets(publisher: Publisher) -> dg.AssetsDefinition:
    """Reads the archived payloads of a publisher's datasets, each into what is known of it."""
    names = [f"{publisher.publisher}/{code}" for code in publisher.datasets]

    @dg.multi_asset(
        name=f"read_{publisher.publisher}",
        specs=[_observations_spec(name, publisher) for name in names],
        check_specs=[
            dg.AssetCheckSpec(check, asset=observations_key(name), description=why)
            for name in names
            for check, why in READING.items()
        ],
        can_subset=True,
    )
    def observations(context: dg.AssetExecutionContext, workspace: WorkspaceParam) -> Iterator[dg.MaterializeResult]:
        asked = [name for name in names if observations_key(name) in context.selected_asset_keys]
        with ThreadPoolExecutor(READERS) as pool:
            read = pool.map(lambda name: prefetch.done(stages.observations, workspace, name), asked)
            for name, made in zip(asked, read, strict=True):
                yield _read(name, made)

    return observations


# Two payloads are read at once: while polars works for one, Python does for the other.
READERS = 2

READING = {
    "readable": "Every newest payload has the form and the dimensions that the catalogue entry knows. One that cannot "
    "be read leaves the one before it in its place.",
    "matched": "Every code is known to a crosswalk; cells with unknown ones are in table unmatched_code.",
}


def _observations_spec(name: str, publisher: Publisher) -> dg.AssetSpec:
    entry = publisher.datasets[name.partition("/")[2]]
    return dg.AssetSpec(
        observations_key(name),
        deps=[payload_key(name)],
        group_name=publisher.publisher,
        description=f"{entry.title}, in shared codes, for table {entry.table}.",
        kinds={"polars", "parquet"},
        owners=OWNERS,
        metadata={"dagster/column_schema": column_schema(contract(entry.table)), "table": entry.table},
    )


def _read(name: str, made: stages.StageResult) -> dg.MaterializeResult:
    unmatched = made.unmatched.collect()
    return dg.MaterializeResult(
        asset_key=observations_key(name),
        metadata={
            "dagster/row_count": made.frame.select(pl.len()).collect().item(),
            "fingerprint": made.fingerprint,
            "payloads": dg.MetadataValue.md(
                _bullets(f"{key or 'whole'}: `{sha}`" for key, sha in made.payloads.items())
            ),
        },
        check_results=[
            dg.AssetCheckResult(
                asset_key=observations_key(name),
                check_name="readable",
                passed=not made.failures,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"failures": dg.MetadataValue.md(_bullets(made.failures))},
            ),
            dg.AssetCheckResult(
                asset_key=observations_key(name),
                check_name="matched",
                passed=unmatched.is_empty(),
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"unmatched": dg.MetadataValue.md(markdown(unmatched.head(20)))},
            ),
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
    said = ", ".join(f"{name} `{rows[name][0]}`" for name in shared)
    return (f"All of these have {said}.\n\n" if shared else "") + markdown(rows.drop(shared))


def table_asset(name: str) -> dg.AssetsDefinition:
    """A table in the columns, types and order of its contract."""
    declared = contract(name)

    @dg.asset(
        key=table_key(name),
        deps=(
            [table_key(key) for key in stages.compared_from()]
            if name in compared.TABLES
            else [observations_key(key) for key in stages.inputs(name)]
        ),
        group_name="comparison" if name in compared.TABLES else "tables",
        description=f"{declared.title}. {declared.description}",
        kinds={"polars", "parquet"},
        owners=OWNERS,
        metadata={
            "dagster/column_schema": column_schema(declared),
            "key": ", ".join(declared.key),
            "warnings": ", ".join(declared.warnings) or "none",
        },
        code_version=declared.version,
        op_tags=SOON,
    )
    def table(workspace: WorkspaceParam) -> dg.MaterializeResult:
        made = stages.table(workspace, name)
        if not stages.is_validated(workspace, name):
            prefetch.begin(stages.validated, workspace, name)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": made.frame.select(pl.len()).collect().item(),
                "fingerprint": made.fingerprint,
                "preview": dg.MetadataValue.md(markdown(made.frame.head(5).collect())),
            }
        )

    return table


def table_checks(name: str) -> dg.AssetChecksDefinition:
    """Every expectation of a table as a check: an error holds the release back, a warning tells."""
    declared = contract(name)
    specs = [
        dg.AssetCheckSpec(
            rule.name,
            asset=table_key(name),
            description=rule.reason,
            blocking=rule.severity == "error",
            metadata={"severity": rule.severity},
        )
        for rule in expectations.rules_of(declared)
    ]

    @dg.multi_asset_check(name=f"expectations_{name}", specs=specs, can_subset=True)
    def checks(context: dg.AssetCheckExecutionContext, workspace: WorkspaceParam) -> Iterator[dg.AssetCheckResult]:
        made, outcomes = prefetch.done(stages.validated, workspace, name)
        accepted = stages.accepted(workspace, made)
        asked = {key.name for key in context.selected_asset_check_keys}
        for outcome in outcomes:
            if outcome.name not in asked:
                continue
            yield dg.AssetCheckResult(
                check_name=outcome.name,
                asset_key=table_key(name),
                passed=outcome.success,
                severity=_severity(outcome, accepted),
                description=f"{outcome.failing:,} of {outcome.checked:,} rows fail"
                + (f"; failing_rows shows {outcome.rows.height}." if outcome.failing else "."),
                metadata={
                    "fingerprint": made.fingerprint,
                    "checked": outcome.checked,
                    "failing": outcome.failing,
                    "accepted": accepted.get(outcome.name, "no"),
                    "example": _example(outcome.rows),
                    "failing_rows": dg.MetadataValue.md(failing_rows(outcome.rows)),
                },
            )

    return checks


def _example(rows: pl.DataFrame) -> str:
    """The first of failing rows in one line."""
    first = rows.head(1).to_dicts()
    return ", ".join(f"{name} {value}" for row in first for name, value in row.items() if value is not None)


def _severity(outcome: expectations.Outcome, accepted: Mapping[str, str]) -> dg.AssetCheckSeverity:
    """What an expectation declares; what a person accepted on these rows only warns."""
    holds_back = outcome.severity == "error" and outcome.name not in accepted
    return dg.AssetCheckSeverity.ERROR if holds_back else dg.AssetCheckSeverity.WARN


@dg.asset(
    key=RELEASE,
    deps=[table_key(name) for name in stages.release_tables()],
    group_name="release",
    description="An immutable, consistent set of tables with a name. Refused while any check of severity error fails.",
    kinds={"parquet"},
    owners=OWNERS,
)
def release(context: dg.AssetExecutionContext, workspace: WorkspaceParam) -> dg.MaterializeResult:
    """Publish what the tables hold, if it is new and every recorded check of it passed."""
    refuse_failed(context.instance, workspace)
    made = releasing.release(workspace)
    return dg.MaterializeResult(
        metadata={
            "release": made.entry.name,
            "new": made.new,
            "uncatalogued": releasing.catalogued(workspace) if made.new else None,
            "path": dg.MetadataValue.path(str(workspace.releases / made.entry.name)),
            "dagster/row_count": made.entry.observations,
            "fingerprint": made.entry.fingerprint,
            "tables": dg.MetadataValue.md(
                markdown(pl.DataFrame([{"table": name, **vars(facts)} for name, facts in made.entry.tables.items()]))
            ),
        }
    )


@dg.asset(
    key=REPORT,
    deps=[RELEASE],
    group_name="release",
    description="The page that people look at, in English and Chinese: written into each release with its tables.",
    kinds={"html"},
    owners=OWNERS,
)
def report(workspace: WorkspaceParam) -> dg.MaterializeResult:
    """Say where the pages of the release that stands are, and what stands first on them."""
    entry = releases.find(workspace.releases)
    tables = {name: pl.scan_parquet(releases.table_file(workspace.releases, entry, name)) for name in entry.tables}
    about = About(entry.name, datetime.fromisoformat(entry.created), entry.mode, [])
    folder = workspace.releases / entry.name
    pages = {language: folder / name for language, name in PAGES.items()}
    shown = f"http://127.0.0.1:{SHOWN_ON}/{entry.name}" if folder.path else str(folder)
    return dg.MaterializeResult(
        metadata={
            "release": entry.name,
            "at_a_glance": dg.MetadataValue.md(markdown(pl.DataFrame(at_a_glance(tables, about)))),
            **{language: dg.MetadataValue.url(f"{shown}/{name}") for language, name in PAGES.items()},
            **{f"path_{language}": dg.MetadataValue.path(str(page)) for language, page in pages.items()},
            **{f"sha256_{language}": page.digest()[1] for language, page in pages.items()},
        }
    )


def refuse_failed(instance: dg.DagsterInstance, workspace: Workspace) -> None:
    """Raise ``dg.Failure`` unless each check of each table has passed, or only warns, on the very rows to be released.

    Blocking holds inside one run only; a release that is run alone must look at what was recorded.
    """
    problems = []
    for name in stages.release_tables():
        current = stages.table(workspace, name).fingerprint
        for rule in expectations.rules_of(contract(name)):
            problem = _problem(_recorded(instance, dg.AssetCheckKey(table_key(name), rule.name)), current)
            if problem:
                problems.append(f"{name}.{rule.name} {problem}")
    if problems:
        raise dg.Failure(
            description=f"The release is held back: {'; '.join(problems[:5])}"
            + (f" and {len(problems) - 5} more" if len(problems) > 5 else ""),
            metadata={"problems": dg.MetadataValue.md(_bullets(problems))},
            allow_retries=False,
        )


def _recorded(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> AssetCheckExecutionRecord | None:
    """The last result of a check. What a run that waits in the queue has only planned is none."""
    found = instance.event_log_storage.get_asset_check_execution_history(
        key, limit=1, status=COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES
    )
    return found[0] if found else None


def _problem(record: AssetCheckExecutionRecord | None, fingerprint: str) -> str | None:
    event = record.event.dagster_event if record is not None and record.event is not None else None
    if event is None or event.event_type != dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        return "was not run"
    evaluation = event.asset_check_evaluation_data
    if evaluation.metadata["fingerprint"].value != fingerprint:
        return "was run on other rows than these"
    if not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR:
        return f"failed on {evaluation.metadata['failing'].value} rows"
    return None


def all_assets() -> list[dg.AssetsDefinition]:
    """Every asset: two a dataset, one a table, the release and its report."""
    parts = [
        make(publisher)
        for publisher in catalogue.publishers().values()
        for make in (payload_assets, observations_assets)
    ]
    return [*parts, *(table_asset(name) for name in stages.release_tables()), release, report]


def all_checks() -> list[dg.AssetChecksDefinition]:
    """Every expectation of every table."""
    return [table_checks(name) for name in stages.release_tables()]
