"""A build as the command line runs it: both jobs of a night in this process, with progress and a summary."""

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import dagster as dg

from assets import stages
from assets.core.workspace import Workspace
from assets.definitions import payload_key
from assets.ingest.staleness import stale
from assets.tables import release_tables
from pipelines.build_definitions import build_definitions
from pipelines.changes import changed_assets, datasets_to_request
from pipelines.instance import open_instance
from pipelines.resources import resource
from pipelines.sensors import cause
from sources.catalogue import datasets
from warehouse import releases

log = logging.getLogger("corridor.build")

Progress = Callable[[str, int, int], None]


@dataclass
class Outcome:
    """The end of a build: the release of the present tables, if there is one, and what a person must know."""

    release: str | None = None
    new: bool = False
    held_back: str | None = None
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    not_fetched: list[str] = field(default_factory=list)


def selected(pattern: str | None) -> list[str]:
    """The datasets whose ``publisher/dataset`` contains the pattern; all of them without a pattern."""
    return [name for name in datasets() if pattern is None or pattern in name]


def run(workspace: Workspace, pattern: str | None, progress: Progress) -> Outcome:
    """Request the datasets of the pattern, then make what changed and publish.

    ``progress`` is called with the name of each finished asset, the number of finished assets and their total number.
    """
    before = releases.latest(workspace.releases)
    results = []
    with open_instance(workspace.data) as instance:
        if requested := datasets_to_request(workspace, selected(pattern)):
            results.append(_execute("receive", [*map(payload_key, requested)], instance, workspace, progress))
        changed = changed_assets(instance, workspace)
        log.info("%s datasets requested, %s assets changed", len(requested), len(changed))
        if changed:
            results.append(_execute("rebuild", changed, instance, workspace, progress))
    outcome = Outcome(failures=[failure for result in results for failure in _failures(result)])
    outcome.not_fetched = [name for name in datasets() if not stages.observations(workspace, name).payloads]
    _add_checks(outcome, workspace)
    _add_release(outcome, workspace, before)
    answered = sum(_answered(result) for result in results)
    if not answered and outcome.failures and outcome.held_back is None:
        outcome.held_back = "No publisher answered, so nothing new could be released"
    return outcome


def _execute(
    job: str,
    keys: Sequence[dg.AssetKey],
    instance: dg.DagsterInstance,
    workspace: Workspace,
    progress: Progress,
) -> dg.ExecuteInProcessResult:
    run_id = str(uuid.uuid4())
    instance.add_event_listener(run_id, _Watcher(progress, len(keys)))
    definitions = build_definitions(resource(workspace))
    result = definitions.resolve_job_def(job).execute_in_process(
        instance=instance,
        run_id=run_id,
        raise_on_error=False,
        asset_selection=keys,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        tags={"corridor/mode": workspace.mode},
    )
    if _interrupted(result):
        raise KeyboardInterrupt
    return result


def _interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Whether Ctrl-C or a signal ended the run. Dagster reports that as a failure and raises nothing."""
    return any(
        event.event_type == dg.DagsterEventType.RUN_FAILURE
        and event.job_failure_data.failure_reason is not None
        and event.job_failure_data.failure_reason.value == "UNEXPECTED_TERMINATION"
        for event in result.all_events
    )


class _Watcher:
    """Turns the events of a run into progress."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def __call__(self, entry: dg.EventLogEntry, _cursor: str = "") -> None:
        event = entry.dagster_event
        if event is not None and event.is_step_materialization and event.asset_key is not None:
            self.done += 1
            self.progress(event.asset_key.to_user_string(), self.done, self.total)


def _failures(result: dg.ExecuteInProcessResult) -> list[str]:
    """What failed in a run: requests and payloads of datasets, and steps that raised an error."""
    found = []
    for evaluation in result.get_asset_check_evaluations():
        if not evaluation.passed and "failures" in evaluation.metadata:
            lines = str(evaluation.metadata["failures"].value).splitlines()
            found += [line.removeprefix("- ") for line in lines if line != "none"]
    for event in result.all_events:
        if event.is_step_failure:
            found.append(cause(event))
    return found


def _answered(result: dg.ExecuteInProcessResult) -> int:
    """The number of responses of all datasets, new or unchanged."""
    return sum(
        int(str(event.materialization.metadata[name].value))
        for event in result.all_events
        if event.is_step_materialization
        for name in ("received", "unchanged")
        if name in event.materialization.metadata
    )


def _add_checks(outcome: Outcome, workspace: Workspace) -> None:
    """Add stale datasets and the failed checks of all tables, also of those that this build did not have to make."""
    outcome.warnings += [f"{name} is stale: last received {day}" for name, day in stale(workspace).items()]
    for name in release_tables():
        for item in stages.validated(workspace, name)[1]:
            if not item.success and item.severity == "warning":
                outcome.warnings.append(f"{name}: {item.name} ({item.failing:,} rows)")


def _add_release(outcome: Outcome, workspace: Workspace, before: releases.Release | None) -> None:
    """Add the release of the present tables, or the reason why there is none."""
    now = releases.latest(workspace.releases)
    if now is not None and stages.is_current(workspace):
        outcome.release, outcome.new = now.name, before is None or now.name != before.name
        return
    if problems := stages.blocking(workspace):
        outcome.held_back = str(stages.held_back(problems))
    else:
        outcome.held_back = f"The release is held back: {'; '.join(outcome.failures[-3:]) or 'it was not published'}"
