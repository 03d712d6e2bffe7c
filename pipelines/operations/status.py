"""The state of a workspace for whoever is on call: the last night, what fails since when, and what needs a person."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

import polars as pl

from assets.core.failures import Failing
from assets.core.workspace import Workspace
from assets.ingest.failing import failing
from assets.publish.acceptances import HELD
from pipelines.operations import JOBS, LEAST_FREE, alerts
from pipelines.operations.run_table import COMMAND, FINISHED, Run, newest_runs
from sources.catalogue import datasets
from warehouse import releases
from warehouse.archive import was_killed
from warehouse.errors import counted

# A live night starts every 24 hours and takes 3 hours at most.
OVERDUE = timedelta(hours=36)
NEXT_RUN = timedelta(minutes=30)  # between the runs of a night; the queue of the daemon may be long
RUNS = 50

State = Literal["ok", "warning", "critical"]


@dataclass(frozen=True)
class Night:
    """The last request of all datasets, and the rebuild after it: when, and how it ended.

    ``result`` is complete, incomplete (datasets failed), held back, failed or running. Times are UTC.
    """

    started: datetime
    ended: datetime | None
    result: str
    started_by: str
    runs: tuple[str, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class FailingDataset:
    """A dataset whose last requests failed: why, since which day, and when it was last received in full."""

    dataset: str
    reason: str
    since: date
    last: date | None
    stale: bool


@dataclass(frozen=True)
class Status:
    """The state of a workspace. ``warnings`` and ``critical`` have a sentence for each reason why it is not ok.

    ``damaged_tables`` are those of the latest release that are missing or have another size; ``killed`` is whether the
    process that last changed the data folder ended without releasing its lock.
    """

    data: str
    mode: str
    release: str | None
    released: str | None
    night: Night | None
    failing: list[FailingDataset]
    held_figures: list[str]
    free_bytes: int
    received: dict[str, date | None]
    last_alert: dict[str, str] | None
    damaged_tables: list[str]
    killed: bool
    warnings: list[str] = field(default_factory=list)
    critical: list[str] = field(default_factory=list)

    @property
    def state(self) -> State:
        """The worst of its problems."""
        return "critical" if self.critical else "warning" if self.warnings else "ok"


def status(workspace: Workspace, now: datetime) -> Status:
    """The state of a workspace at a moment."""
    last, failures = releases.latest(workspace.releases), failing(workspace)
    damaged = releases.missing_tables(workspace.releases, last) if last else []
    found = Status(
        data=str(workspace.data),
        mode=workspace.mode,
        release=last.name if last else None,
        released=last.created if last else None,
        night=_last_night(workspace, failures),
        failing=[
            FailingDataset(name, each.reason, each.since, each.last, each.stale) for name, each in failures.items()
        ],
        held_figures=[] if HELD in damaged else _held_figures(workspace, last),
        free_bytes=shutil.disk_usage(workspace.data).free,
        received=_received(workspace),
        last_alert=alerts.last(workspace.data),
        damaged_tables=damaged,
        killed=was_killed(workspace.archive.root),
    )
    found.critical.extend(_critical(found, now))
    if found.failing:
        stale = sum(each.stale for each in found.failing)
        named = counted(len(found.failing), "failing dataset")
        found.warnings.append(f"{named}, of which {stale} failed on three days or more")
    return found


def _critical(found: Status, now: datetime) -> Iterable[str]:
    """What needs a person now."""
    night = found.night
    if found.release is None:
        yield "there is no release"
    if night and night.result in ("failed", "held back"):
        yield f"the last night {'failed' if night.result == 'failed' else 'is held back'}: {'; '.join(night.problems)}"
    elif found.killed:
        yield "the process that last changed the data folder was killed; `corridor build` continues its work"
    if found.damaged_tables:
        yield (
            f"tables of the release {found.release} are missing or have another size: "
            f"{', '.join(found.damaged_tables)}; `corridor build` publishes a complete release"
        )
    if found.mode == "live" and (night is None or now - night.started > OVERDUE):
        since = f"since {night.started:%Y-%m-%d %H:%M} UTC" if night else "yet"
        yield f"no night has started {since}; the daemon must run, with the schedule nightly on"
    if found.free_bytes < LEAST_FREE:
        yield f"only {found.free_bytes / (1 << 30):.1f} GiB of the disk are free; a build needs 2 GiB"


def _last_night(workspace: Workspace, failures: Mapping[str, Failing]) -> Night | None:
    """The last run of job receive with the run of job rebuild after it. None if Dagster recorded no run."""
    if not (workspace.data / "dagster" / "dagster.yaml").exists():
        return None
    newest = newest_runs(workspace.data, JOBS, RUNS)
    if not newest:
        return None
    night = [*_reception(newest), newest[0]]
    problems = _problems(workspace, night)
    return Night(
        started=night[0].created,
        ended=_end(night),
        result=_result(night, problems, failures),
        started_by=_starter(night[0].tags),
        runs=tuple(each.run_id for each in night),
        problems=tuple(problems),
    )


def _problems(workspace: Workspace, night: Sequence[Run]) -> list[str]:
    """Why the last run of a night that failed did so. A run of a dead process stays started in Dagster's records."""
    states = {each.status: each.run_id for each in night}
    if failed := states.get("FAILURE"):
        # Only a failure needs Dagster, whose import takes a second.
        from pipelines.instance import open_instance
        from pipelines.operations import runs

        with open_instance(workspace.data) as instance:
            return runs.problems(instance, failed) or [runs.failure(instance, failed)]
    is_dead = "STARTED" in states and was_killed(workspace.archive.root)
    return ["its process was killed; the next build continues it"] if is_dead else []


def _reception(newest_first: Sequence[Run]) -> list[Run]:
    """The run of job receive to which the newest run, a rebuild, belongs: nothing else ran between them."""
    if len(newest_first) < 2 or newest_first[0].job != "rebuild":
        return []
    rebuild, before = newest_first[:2]
    belongs = before.job == "receive" and rebuild.created - (before.ended or before.created) < NEXT_RUN
    return [before] if belongs else []


def _result(night: Sequence[Run], problems: Sequence[str], failures: Mapping[str, Failing]) -> str:
    """How a night ended."""
    if problems:
        return "held back" if any("is held back" in problem for problem in problems) else "failed"
    if not all(each.status in FINISHED for each in night):
        return "running"
    return "incomplete" if failures else "complete"


def _end(night: Sequence[Run]) -> datetime | None:
    """When the last run of a night ended; None while one is running."""
    ends = [each.ended for each in night]
    return None if None in ends else max(end for end in ends if end)


def _starter(tags: Mapping[str, str]) -> str:
    """What started a run: the command build, a schedule, or a person in the UI."""
    if COMMAND in tags:
        return "the command build"
    return f"schedule {tags['dagster/schedule_name']}" if "dagster/schedule_name" in tags else "a person in the UI"


def _held_figures(workspace: Workspace, last: releases.Release | None) -> list[str]:
    """The figures that the latest release holds back."""
    if last is None or HELD not in last.tables:
        return []
    with releases.readable(workspace.releases, last, HELD):
        rows = pl.scan_parquet(releases.table_file(workspace.releases, last, HELD))
        waiting = rows.filter(pl.col("accepted_because").is_null()).sort("dataset", "period", "figure").collect()
    return [
        f"{row['figure']} ({row['dataset']}, {row['indicator']}, {row['period']}): {row['why']}"
        for row in waiting.to_dicts()
    ]


def _received(workspace: Workspace) -> dict[str, date | None]:
    """Dataset → the last day (UTC) on which a request of it succeeded, or on which it was imported."""
    last: dict[str, date | None] = dict.fromkeys(datasets())
    for fetch in workspace.archive.fetches():
        name = f"{fetch.publisher}/{fetch.dataset}"
        if name in last and not fetch.error:
            last[name] = max(last[name] or fetch.at.date(), fetch.at.date())
    return last
