"""The newest runs in Dagster's records, read with SQL.

A monitor asks for them each minute, and importing Dagster takes a second of processor time. The names of the tables and
columns are private to Dagster, so ``pyproject.toml`` bounds its version.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipelines import database

# The tag of the runs of the command ``build``. That process makes the tables and sends the alerts itself.
COMMAND = "corridor/command"
FINISHED = ("SUCCESS", "FAILURE", "CANCELED")

_RUNS = """
select id, run_id, pipeline_name, status, create_timestamp, end_time from runs
where pipeline_name in :jobs order by id desc limit :most"""
_TAGS = "select run_id, key, value from run_tags where run_id in :runs"


@dataclass(frozen=True)
class Run:
    """A run: its job, status and tags, and when it was created and ended (UTC)."""

    run_id: str
    job: str
    status: str
    created: datetime
    ended: datetime | None
    tags: Mapping[str, str]


def newest_runs(data: Path, jobs: Collection[str], most: int) -> list[Run]:
    """The newest runs of some jobs in the records of a data folder, the newest first.

    Records in another kind of storage, or that cannot be read, are left to Dagster, which names what is wrong.
    """
    from sqlalchemy.exc import SQLAlchemyError

    address = database.address(data / "dagster")
    if address is not None:
        try:
            return _selected(address, jobs, most)
        except (SQLAlchemyError, ImportError):  # ImportError: the driver of PostgreSQL is not installed
            pass
    return _from_dagster(data, jobs, most)


def _selected(address: str, jobs: Collection[str], most: int) -> list[Run]:
    """The newest runs in a database."""
    from sqlalchemy import DateTime, bindparam, create_engine, text

    runs = text(_RUNS).bindparams(bindparam("jobs", expanding=True)).columns(create_timestamp=DateTime())
    tags = text(_TAGS).bindparams(bindparam("runs", expanding=True))
    engine = create_engine(address)
    try:
        with engine.connect() as connection:
            rows = connection.execute(runs, {"jobs": list(jobs), "most": most}).all()
            own: dict[str, dict[str, str]] = {row.run_id: {} for row in rows}
            for run, key, value in connection.execute(tags, {"runs": list(own)}) if own else ():
                own[run][key] = value
    finally:
        engine.dispose()
    return [
        Run(
            run_id=row.run_id,
            job=row.pipeline_name,
            status=row.status,
            created=row.create_timestamp.replace(tzinfo=UTC),
            ended=datetime.fromtimestamp(row.end_time, UTC) if row.end_time else None,
            tags=own[row.run_id],
        )
        for row in rows
    ]


def _from_dagster(data: Path, jobs: Collection[str], most: int) -> list[Run]:
    """The newest runs as Dagster reads them. Raises ``AssetError`` with the remedy if it cannot."""
    from pipelines.instance import open_instance

    with open_instance(data) as instance:
        records = [each for each in instance.get_run_records(limit=most) if each.dagster_run.job_name in jobs]
    return [
        Run(
            run_id=each.dagster_run.run_id,
            job=each.dagster_run.job_name,
            status=each.dagster_run.status.value,
            created=each.create_timestamp,
            ended=datetime.fromtimestamp(each.end_time, UTC) if each.end_time else None,
            tags=each.dagster_run.tags,
        )
        for each in records
    ]
