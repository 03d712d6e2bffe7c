"""A build as the command line runs it: the nightly job in this process, watched."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from sqlalchemy.exc import DatabaseError

from assets import stages
from assets.core.errors import AssetError
from assets.core.workspace import Workspace
from assets.definitions import RELEASE, REPORT, observations_key, payload_key, table_key
from pipelines.build_definitions import definitions
from pipelines.resources import resource
from pipelines.sensors import cause
from sources.catalogue import datasets
from warehouse.contracts import contracts

# Nothing of a run leaves the machine. One run at a time changes a data folder; a killed one does not block the next.
INSTANCE = {
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},
    "freshness": {"enabled": True},
    # Steps print nothing, and the processes that would follow their output outlive a build that is killed.
    "compute_logs": {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"},
    "concurrency": {"pools": {"default_limit": 1}, "runs": {"max_concurrent_runs": 1}},
    "run_monitoring": {"enabled": True, "max_runtime_seconds": 21_600, "free_slots_after_run_end_seconds": 60},
}


@dataclass
class Outcome:
    """How a build ended: the release that stands, and what a person must know."""

    release: str | None = None
    new: bool = False
    held_back: str | None = None
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    not_fetched: list[str] = field(default_factory=list)


def dagster_home(data: Path) -> Path:
    """The folder of Dagster's instance in a data folder, with its configuration, which a person may change."""
    home = data / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    config = home / "dagster.yaml"
    log = {"module": "pipelines.event_log", "class": "KeptEventLog", "config": {"base_dir": str(home / "events")}}
    settings: dict[str, Any] = yaml.safe_load(config.read_text(encoding="utf-8")) if config.exists() else INSTANCE
    kept = settings.get("event_log_storage", log)
    # The log's folder is written out: one that was moved would go on writing where it was.
    if settings is INSTANCE or (kept["class"] == log["class"] and kept != log):
        aside = home / ".dagster.yaml"
        aside.write_text(yaml.safe_dump(settings | {"event_log_storage": log}), encoding="utf-8")
        aside.replace(config)
    return home


@contextmanager
def instance(data: Path) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance of a data folder. ``AssetError`` says what to do when its records are damaged."""
    home = dagster_home(data)
    os.environ["DAGSTER_HOME"] = str(home)
    try:
        with dg.DagsterInstance.get() as opened:
            yield opened
    except DatabaseError as error:
        raise AssetError(
            f"Dagster's own records in {home} cannot be used ({error.orig}); remove that folder: the next build makes "
            "it anew, and no release rests on it"
        ) from error


def selected(pattern: str | None) -> list[str]:
    """The datasets whose ``publisher/dataset`` contains the pattern; all of them without one."""
    return [name for name in datasets() if pattern is None or pattern in name]


def selection(pattern: str | None) -> list[dg.AssetKey] | None:
    """What a build runs: everything, or of the publishers only the datasets of the pattern, and all that follows."""
    if pattern is None:
        return None
    asked = [key for name in selected(pattern) for key in (payload_key(name), observations_key(name))]
    tables = [table_key(name) for name in contracts() if name != "release"]
    return [*asked, *tables, RELEASE, REPORT]


def run(workspace: Workspace, pattern: str | None, progress: Callable[[str, int, int], None]) -> Outcome:
    """Run the nightly job. ``progress`` is told each step's name, how many are done, and how many there are."""
    job = definitions(resource(workspace)).resolve_job_def("nightly")
    keys = selection(pattern)
    with instance(workspace.data) as opened:
        run_id = str(uuid.uuid4())
        total = len(keys) if keys else len(datasets()) * 2 + (len(contracts()) - 1) * 2 + 2
        opened.add_event_listener(run_id, _Watcher(progress, total))
        result = job.execute_in_process(
            instance=opened,
            run_id=run_id,
            raise_on_error=False,
            asset_selection=keys,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            tags={"corridor/mode": workspace.mode},
        )
        return _outcome(workspace, result)


def forget_runs(data: Path, before: datetime) -> int:
    """Delete Dagster's records of the runs that began before a moment and have ended; say how many there were.

    Each night adds some 25 MB of them. What is known of every asset and check from its last run stays.
    """
    with instance(data) as opened:
        ended = [run for run in opened.get_runs(dg.RunsFilter(created_before=before)) if run.is_finished]
        for run in ended:
            opened.delete_run(run.run_id)
    return len(ended)


class _Watcher:
    """Turns the events of a run into progress."""

    def __init__(self, progress: Callable[[str, int, int], None], total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def __call__(self, entry: dg.EventLogEntry, _cursor: str = "") -> None:
        event = entry.dagster_event
        if event is None:
            return
        checked = event.event_type == dg.DagsterEventType.STEP_SUCCESS and _checks(event)
        if event.is_step_materialization or checked:
            self.done += 1
            what = event.asset_key.to_user_string() if event.asset_key else str(event.step_key)
            self.progress(what, self.done, self.total)


def _outcome(workspace: Workspace, result: dg.ExecuteInProcessResult) -> Outcome:
    outcome = Outcome()
    answered = 0
    for happened in result.all_events:
        if happened.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = happened.asset_check_evaluation_data
            if not evaluation.passed:
                _note(outcome, evaluation)
        elif happened.event_type == dg.DagsterEventType.STEP_FAILURE and happened.step_key == "release":
            outcome.held_back = cause(happened)
        elif happened.event_type == dg.DagsterEventType.STEP_FAILURE and not _checks(happened):
            outcome.failures.append(f"{str(happened.step_key).replace('__', '/')}: {cause(happened)}")
        elif happened.is_step_materialization and str(happened.step_key).startswith("receive_"):
            metadata = happened.step_materialization_data.materialization.metadata
            answered += int(str(metadata["received"].value)) + int(str(metadata["unchanged"].value))
        elif happened.is_step_materialization and happened.asset_key == RELEASE:
            metadata = happened.step_materialization_data.materialization.metadata
            outcome.release, outcome.new = str(metadata["release"].value), bool(metadata["new"].value)
            outcome.warnings += [str(why) for why in [metadata["uncatalogued"].value] if why]
    if outcome.release is None and outcome.held_back is None:
        failed = ", ".join(outcome.failures[:3]) or "a blocking check failed"
        outcome.held_back = f"The release is held back: {failed}"
    if not answered and outcome.failures and outcome.held_back is None:
        outcome.held_back = "No publisher answered, and so nothing new could be released"
    outcome.not_fetched = [name for name in datasets() if not stages.observations(workspace, name).payloads]
    return outcome


def _checks(event: dg.DagsterEvent) -> bool:
    """Whether a step is the checks of a table; it fails only where one of them does, which is told by that one."""
    return str(event.step_key).startswith("expectations_")


def _note(outcome: Outcome, evaluation: dg.AssetCheckEvaluation) -> None:
    key = f"{evaluation.asset_key.to_user_string()}: {evaluation.check_name}"
    if "failures" in evaluation.metadata:
        lines = [line.removeprefix("- ") for line in str(evaluation.metadata["failures"].value).splitlines()]
        outcome.failures += lines
    elif evaluation.severity == dg.AssetCheckSeverity.ERROR:
        count, example = evaluation.metadata["failing"].value, evaluation.metadata["example"].value
        outcome.failures.append(f"{key} fails on {count} rows, as {example}")
    else:
        failing = evaluation.metadata.get("failing")
        outcome.warnings.append(f"{key}" + (f" ({failing.value} rows)" if failing else ""))
