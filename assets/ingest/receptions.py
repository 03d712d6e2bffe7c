"""Which requests of each dataset have a complete response in use, which failed, and which were never made."""

from collections.abc import Collection, Iterable, Mapping

from assets.core.workspace import Workspace
from assets.ingest.plan import Plan
from assets.ingest.stored import StageResult
from assets.normalise.receptions import FETCH_FAILED, NOT_FETCHED, Part, Receptions, State, part_of
from sources.catalogue import datasets
from sources.protocols.requests import endpoint_of
from sources.protocols.split import planned_parts
from sources.request import Request


def receptions(workspace: Workspace, observations: Mapping[str, StageResult]) -> Receptions:
    """What was received of every dataset, from the observations of all of them."""
    failed = _failed(workspace)
    used = {name: frozenset(result.payloads) for name, result in observations.items()}
    parts = {
        name: tuple(_parts(workspace, name, used[name], failed.get(name, set()), bool(observations[name].failures)))
        for name in datasets()
    }
    partial = workspace.mode == "snapshot"
    complete = frozenset(name for name, found in parts.items() if used[name] and (partial or _is_complete(name, found)))
    return Receptions(parts, complete, partial=partial)


def _is_complete(name: str, parts: Iterable[Part]) -> bool:
    """Whether every request has a response in use. A dataset that is not requested consists of its editions."""
    publisher, _ = datasets()[name]
    return not endpoint_of(publisher, name.partition("/")[2]).asked or all(part.state == "received" for part in parts)


def _parts(workspace: Workspace, name: str, used: Collection[str], failed: set[str], rejected: bool) -> Iterable[Part]:
    publisher, entry = datasets()[name]
    code = name.partition("/")[2]
    plan = Plan(workspace.archive, workspace.mode, publisher, code)
    endpoint = plan.endpoint

    def state(request: Request) -> State:
        others = plan.replacements(request)
        if request.slice in used or (others and all(state(other) == "received" for other in others)):
            return "received"
        parts = {request.slice, *(other.slice for other in others)}
        return FETCH_FAILED if rejected or not failed.isdisjoint(parts) else NOT_FETCHED

    if endpoint.articles or not endpoint.asked:
        # No list of articles, and no edition, is known to contain every figure.
        yield part_of(publisher, code, {}, FETCH_FAILED if (failed or rejected) and not used else NOT_FETCHED)
    elif endpoint.follow:
        states = {state(request) for request in plan.whole_requests} or {NOT_FETCHED}
        yield from (part_of(publisher, code, {}, each) for each in sorted(states))
    else:
        planned = planned_parts(entry, endpoint)
        whole = plan.whole_requests
        for (filters, _), request in zip(planned, whole, strict=False):
            yield part_of(publisher, code, filters, state(request))


def _failed(workspace: Workspace) -> dict[str, set[str]]:
    """Dataset → the slices whose last request failed."""
    found: dict[str, set[str]] = {}
    for fetch in workspace.archive.fetches():
        if fetch.transport == workspace.mode:
            slices = found.setdefault(f"{fetch.publisher}/{fetch.dataset}", set())
            (slices.add if fetch.error else slices.discard)(fetch.slice)
    return found
