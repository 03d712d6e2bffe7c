"""The assets and their checks, made by factories from the catalogue and the contracts.

``payload/…`` asks a publisher, ``observations/…`` reads what the archive holds, ``table/…`` joins the observations of
its datasets, ``release`` publishes. Assets pass no data to each other: each computes from the archive what it needs, or
finds it computed. So any of them can be run alone, from the UI too.
"""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import polars as pl
from dagster._core.storage.asset_check_execution_record import (
    COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES,
    AssetCheckExecutionRecord,
)

import expectations
from assets import release as releasing
from assets import stages
from assets.house import House
from assets.payloads import receive
from sources.catalogue import Dataset, Publisher, datasets
from sources.publishers import requests_for
from warehouse.contracts import Contract, contract, contracts

OWNERS = ["team:corridor"]
HouseParam = dg.ResourceParam[House]


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


def column_schema(declared: Contract) -> dg.TableSchema:
    """Dagster's column schema of a table, from its contract."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type,
                description=f"{column.description} Unit: {column.unit}.",
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
            )
            for column in declared.columns
        ]
    )


def payload_asset(name: str, publisher: Publisher, entry: Dataset) -> dg.AssetsDefinition:
    """Asks for every slice of a dataset; what fails is told by the check ``received``, and the rest goes on."""
    requests = requests_for(publisher, name.partition("/")[2])
    fresh = timedelta(days=publisher.fresh_days)

    @dg.asset(
        key=payload_key(name),
        group_name=publisher.publisher,
        description=f"{entry.title}. {publisher.name['en']}, {publisher.cadence}. Licence: {publisher.licence.id}.",
        kinds={"http", entry_format(publisher, entry)},
        owners=OWNERS,
        metadata={
            "publisher": dg.MetadataValue.url(publisher.homepage),
            "requests": dg.MetadataValue.md("\n".join(f"- {request.full_url}" for request in requests[:30])),
            "territory": entry.territory or publisher.territory,
        },
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=fresh * 2, warn_window=fresh),
        pool=f"host_{publisher.publisher}",
        check_specs=[
            dg.AssetCheckSpec(
                "received",
                asset=payload_key(name),
                description="Every request was answered. A build goes on without: with the last good payload.",
            )
        ],
    )
    def payload(house: HouseParam) -> dg.MaterializeResult:
        reception = receive(house, publisher, name.partition("/")[2])
        return dg.MaterializeResult(
            metadata={
                "received": reception.received,
                "unchanged": reception.unchanged,
                "absent": dg.MetadataValue.md(_bullets(reception.absent)),
                "mode": house.mode,
            },
            check_results=[
                dg.AssetCheckResult(
                    check_name="received",
                    passed=not reception.failures,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata={"failures": dg.MetadataValue.md(_bullets(reception.failures))},
                )
            ],
        )

    return payload


def entry_format(publisher: Publisher, entry: Dataset) -> str:
    """The kind of payload that a dataset is asked for in."""
    return publisher.endpoints[entry.endpoint].accept


def _bullets(lines: tuple[str, ...] | list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or "none"


def observations_asset(name: str, publisher: Publisher, entry: Dataset) -> dg.AssetsDefinition:
    """Reads the archived payloads of a dataset; one that cannot be read leaves the one before it in its place."""
    schema = column_schema(contract(entry.table))

    @dg.asset(
        key=observations_key(name),
        deps=[payload_key(name)],
        group_name=publisher.publisher,
        description=f"{entry.title}, in shared codes, for table {entry.table}.",
        kinds={"polars", "parquet"},
        owners=OWNERS,
        metadata={"dagster/column_schema": schema, "table": entry.table},
        check_specs=[
            dg.AssetCheckSpec(
                "readable",
                asset=observations_key(name),
                description="Every newest payload has the form and the dimensions that the catalogue entry knows.",
            ),
            dg.AssetCheckSpec(
                "matched",
                asset=observations_key(name),
                description="Every code is known to a crosswalk; cells with unknown ones are in table unmatched_code.",
            ),
        ],
    )
    def observations(house: HouseParam) -> dg.MaterializeResult:
        made = stages.observations(house, name)
        unmatched = made.unmatched.collect()
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": made.frame.select(pl.len()).collect().item(),
                "fingerprint": made.fingerprint,
                "payloads": dg.MetadataValue.md(
                    _bullets([f"{key or 'whole'}: `{sha}`" for key, sha in made.payloads.items()])
                ),
            },
            check_results=[
                dg.AssetCheckResult(
                    check_name="readable",
                    passed=not made.failures,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata={"failures": dg.MetadataValue.md(_bullets(made.failures))},
                ),
                dg.AssetCheckResult(
                    check_name="matched",
                    passed=unmatched.is_empty(),
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata={"unmatched": dg.MetadataValue.md(markdown(unmatched.head(20)))},
                ),
            ],
        )

    return observations


def markdown(frame: pl.DataFrame) -> str:
    """A small frame as a Markdown table."""
    if frame.is_empty():
        return "none"
    head = f"| {' | '.join(frame.columns)} |\n|{' --- |' * frame.width}\n"
    return head + "\n".join(f"| {' | '.join('' if v is None else str(v) for v in row)} |" for row in frame.iter_rows())


def table_asset(name: str) -> dg.AssetsDefinition:
    """A table in the columns, types and order of its contract."""
    declared = contract(name)

    @dg.asset(
        key=table_key(name),
        deps=[observations_key(key) for key in stages.inputs(name)],
        group_name="tables",
        description=f"{declared.title}. {declared.description}",
        kinds={"polars", "parquet"},
        owners=OWNERS,
        metadata={
            "dagster/column_schema": column_schema(declared),
            "key": ", ".join(declared.key),
            "warnings": ", ".join(declared.warnings) or "none",
        },
        code_version=declared.version,
    )
    def table(house: HouseParam) -> dg.MaterializeResult:
        made = stages.table(house, name)
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
            expectation,
            asset=table_key(name),
            description=reason,
            blocking=severity == "error",
            metadata={"severity": severity},
        )
        for expectation, severity, reason in expectations.names(declared)
    ]

    @dg.multi_asset_check(name=f"expectations_{name}", specs=specs)
    def checks(house: HouseParam) -> Iterator[dg.AssetCheckResult]:
        made, outcomes = stages.validated(house, name)
        for outcome in outcomes:
            yield dg.AssetCheckResult(
                check_name=outcome.name,
                asset_key=table_key(name),
                passed=outcome.success,
                severity=dg.AssetCheckSeverity.ERROR if outcome.severity == "error" else dg.AssetCheckSeverity.WARN,
                metadata={
                    "fingerprint": made.fingerprint,
                    "checked": outcome.checked,
                    "failing": outcome.failing,
                    "failing_rows": dg.MetadataValue.md(markdown(outcome.rows)),
                    "reason": outcome.reason,
                },
            )

    return checks


@dg.asset(
    key=RELEASE,
    deps=[table_key(name) for name in stages.release_tables()],
    group_name="release",
    description="An immutable, consistent set of tables with a name. Refused while any check of severity error fails.",
    kinds={"parquet"},
    owners=OWNERS,
)
def release(context: dg.AssetExecutionContext, house: HouseParam) -> dg.MaterializeResult:
    """Publish what the tables hold, if it is new and every recorded check of it passed."""
    refuse_failed(context.instance, house)
    made = releasing.release(house)
    return dg.MaterializeResult(
        metadata={
            "release": made.entry.name,
            "new": made.new,
            "path": dg.MetadataValue.path(str(house.releases / made.entry.name)),
            "dagster/row_count": made.entry.observations,
            "fingerprint": made.entry.fingerprint,
        }
    )


def refuse_failed(instance: dg.DagsterInstance, house: House) -> None:
    """Raise ``dg.Failure`` unless each check of each table has passed, or only warns, on the very rows to be released.

    Blocking holds inside one run only; a release that is run alone must look at what was recorded.
    """
    problems = []
    for name in stages.release_tables():
        current = stages.table(house, name).fingerprint
        for rule, _, _ in expectations.names(contract(name)):
            problem = _problem(_recorded(instance, dg.AssetCheckKey(table_key(name), rule)), current)
            if problem:
                problems.append(f"{name}.{rule} {problem}")
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
    """Every asset: two a dataset, one a table, and the release."""
    parts = [make(name, *pair) for name, pair in datasets().items() for make in (payload_asset, observations_asset)]
    return [*parts, *(table_asset(name) for name in contracts() if name != "release"), release]


def all_checks() -> list[dg.AssetChecksDefinition]:
    """Every expectation of every table."""
    return [table_checks(name) for name in contracts() if name != "release"]
