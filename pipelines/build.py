"""A build as the command line runs it: both jobs of a night in this process, with progress and a summary."""

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import dagster as dg

from assets import stages
from assets.core.errors import held_back
from assets.core.workspace import Workspace
from assets.definitions import payload_key
from assets.ingest.failing import failing as failing_requests
from assets.ingest.failing import stale
from assets.publish.held import newly_held
from assets.publish.release import was_ever_answered
from assets.tables import release_tables
from pipelines.build_definitions import build_definitions
from pipelines.changes import changed_assets, datasets_to_request
from pipelines.instance import open_instance
from pipelines.operations.alerts import Alert, send
from pipelines.operations.run_table import COMMAND
from pipelines.operations.runs import cause, how_many_failed
from pipelines.resources import resource
from pipelines.sensors import NO_ANSWER
from sources.catalogue import datasets
from warehouse import releases
from warehouse.errors import counted

log = logging.getLogger("corridor.build")

Progress = Callable[[str, int, int], None]
# The name of a build in alerts.
BUILD = "build"


# How a build ends, as the exit status of the command. 2 is a wrong use of the command line.
COMPLETE, ERROR, INCOMPLETE, HELD_BACK = 0, 1, 3, 4


@dataclass
class Outcome:
    """The end of a build: the release of the present tables, if there is one, and what a person must know.

    ``failures`` has a line for each requested dataset that fails, and for each step that raised an error.
    """

    release: str | None = None
    new: bool = False
    held_back: str | None = None
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    not_fetched: list[str] = field(default_factory=list)

    @property
    def status(self) -> int:
        """The exit status: held back, released although something failed, or complete."""
        return HELD_BACK if self.held_back else INCOMPLETE if self.failures else COMPLETE


def selected(pattern: str | None) -> list[str]:
    """The datasets whose ``publisher/dataset`` contains the pattern; all of them without a pattern."""
    return [name for name in datasets() if pattern is None or pattern in name]


def run(workspace: Workspace, pattern: str | None, progress: Progress) -> Outcome:
    """Request the datasets of the pattern, then make what changed and publish. An error is an alert too.

    ``progress`` is called with the name of each finished asset, the number of finished assets and their total number.
    """
    try:
        return _run(workspace, pattern, progress)
    except Exception as error:
        send(workspace.data, Alert(BUILD, (f"The build ended with an error: {error}",)))
        raise


def _run(workspace: Workspace, pattern: str | None, progress: Progress) -> Outcome:
    before = releases.latest(workspace.releases)
    results = []
    with open_instance(workspace.data) as instance:
        if requested := datasets_to_request(workspace, selected(pattern)):
            results.append(_execute("receive", [*map(payload_key, requested)], instance, workspace, progress))
        silent = any(_is_live(workspace, name) for name in requested) and not sum(map(_answered, results))
        if silent and not was_ever_answered(workspace):
            return _without_answers(workspace, pattern, results)
        changed = changed_assets(instance, workspace)
        log.info("%s datasets requested, %s assets changed", len(requested), len(changed))
        if changed:
            results.append(_execute("rebuild", changed, instance, workspace, progress))
    outcome = Outcome()
    outcome.not_fetched = [name for name in datasets() if not stages.observations(workspace, name).payloads]
    failing = stages.failing(workspace)
    outcome.failures = [failing[name].describe(name) for name in selected(pattern) if name in failing]
    raised = [failure for result in results for failure in _raised(result)]
    _add_checks(outcome, workspace)
    _add_release(outcome, workspace, before, raised)
    outcome.failures += raised if outcome.held_back is None else []
    if silent:
        outcome.held_back = "; ".join([NO_ANSWER, *raised])
    _alert(outcome, workspace, results)
    return outcome


def _without_answers(
    workspace: Workspace, pattern: str | None, results: Sequence[dg.ExecuteInProcessResult]
) -> Outcome:
    """The end of a first live build in which no publisher answered. No table is made: nothing can be released."""
    failing = failing_requests(workspace)
    outcome = Outcome(failures=[failing[name].describe(name) for name in selected(pattern) if name in failing])
    outcome.held_back = "; ".join([NO_ANSWER, *(failure for result in results for failure in _raised(result))])
    _alert(outcome, workspace, results)
    return outcome


def _is_live(workspace: Workspace, name: str) -> bool:
    return workspace.transport_of(datasets()[name][0], name.partition("/")[2]) == "live"


def _alert(outcome: Outcome, workspace: Workspace, results: Sequence[dg.ExecuteInProcessResult]) -> None:
    """Send an alert if something failed, the release is held back, or it holds new figures back."""
    lines = [outcome.held_back] if outcome.held_back else []
    lines += newly_held(workspace) if outcome.new else []
    lines += [how_many_failed(len(outcome.failures), steps=True), *outcome.failures] if outcome.failures else []
    if lines:
        run = results[-1].run_id if results else ""
        send(workspace.data, Alert(BUILD, tuple(lines), run))


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
        tags={"corridor/mode": workspace.mode, COMMAND: BUILD},
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


def _raised(result: dg.ExecuteInProcessResult) -> list[str]:
    """The steps of a run that raised an error, each with its cause."""
    return [f"step {event.step_key}: {cause(event)}" for event in result.all_events if event.is_step_failure]


def _answered(result: dg.ExecuteInProcessResult) -> int:
    """The number of responses of publishers, new or unchanged."""
    materialized = [event.materialization.metadata for event in result.all_events if event.is_step_materialization]
    return sum(
        int(str(metadata[name].value))
        for metadata in materialized
        for name in ("received", "unchanged")
        if name in metadata and metadata["mode"].value == "live"
    )


def _add_checks(outcome: Outcome, workspace: Workspace) -> None:
    """Add stale datasets and the failed checks of all tables, also of those that this build did not have to make."""
    outcome.warnings += [f"{name} is stale: last received {day or 'never'}" for name, day in stale(workspace).items()]
    for name in release_tables():
        for item in stages.validated(workspace, name)[1]:
            if not item.success and item.severity == "warning":
                outcome.warnings.append(f"{name}: {item.name} ({counted(item.failing, 'row')})")


def _add_release(
    outcome: Outcome, workspace: Workspace, before: releases.Release | None, raised: Sequence[str]
) -> None:
    """Add the release of the present tables, or the reason why there is none: a check, or a step that raised."""
    now = releases.latest(workspace.releases)
    if now is not None and stages.is_current(workspace):
        outcome.release, outcome.new = now.name, before is None or now.name != before.name
        return
    if problems := stages.blocking(workspace):
        outcome.held_back = held_back(problems)
    else:
        outcome.held_back = held_back(raised[-3:] or ["it was not published"])
