"""Failing datasets: those whose last requests failed, since when, and whether their figures are stale."""

from collections.abc import Iterable, Iterator
from datetime import date

from assets.core.failures import Failing, without_address
from assets.core.workspace import Workspace
from assets.ingest.plan import GONE, Plan
from sources.catalogue import datasets
from sources.protocols import split
from warehouse.archive import Fetch

# Publisher and dataset → the plan of its requests.
Plans = dict[tuple[str, str], Plan]


def failing(workspace: Workspace) -> dict[str, Failing]:
    """Dataset → why its last requests failed. Empty in a snapshot workspace.

    A request that failed and succeeded later on the same day counts as successful, and so does one that was refused for
    its size or for a code: others are requested in its place. A list belongs to each dataset whose articles or records
    it names.
    """
    days: dict[str, dict[date, dict[str, Fetch]]] = {}
    good: dict[tuple[str, str, str], date] = {}
    plans: Plans = {}
    for fetch in workspace.archive.fetches() if workspace.mode == "live" else ():
        if fetch.transport == workspace.mode and not _is_usual(workspace, fetch, plans):
            for name in _datasets_of(fetch):
                day = days.setdefault(name, {}).setdefault(fetch.at.date(), {})
                day[f"{fetch.dataset} {fetch.slice}"] = fetch
                if not fetch.error:
                    good[fetch.publisher, fetch.dataset, fetch.slice] = fetch.at.date()
    found = {}
    for name in datasets().keys() & days.keys():
        errors = {day: [each for each in last.values() if each.error] for day, last in days[name].items()}
        succeeded = [day for day, failed in errors.items() if not failed]
        failed_days = [day for day in errors if not succeeded or day > succeeded[-1]]
        if failed_days:
            failed = errors[failed_days[-1]]
            last = [good.get((each.publisher, each.dataset, each.slice)) for each in failed]
            received = None if None in last else min(day for day in last if day)
            reason = _reason(failed, len(days[name][failed_days[-1]]))
            found[name] = Failing(reason, failed_days[0], received, len(failed_days))
    return dict(sorted(found.items()))


def stale(workspace: Workspace) -> dict[str, date | None]:
    """Stale dataset → the last day (UTC) on which its failed requests succeeded; None if one of them never did."""
    return {name: found.last for name, found in failing(workspace).items() if found.stale}


def _is_usual(workspace: Workspace, fetch: Fetch, plans: Plans) -> bool:
    """Whether an error is a usual answer: the page after the last one of a list, or the refusal of a size or a code."""
    if not fetch.error:
        return False
    if fetch.slice.startswith("page ") and fetch.status in GONE:
        return True
    body = workspace.archive.payload_path(fetch.payload) if fetch.payload else None
    if split.is_too_large(fetch.status, body):
        return True
    if not split.refuses(fetch.status, body):
        return False
    key = (fetch.publisher, fetch.dataset)
    if key not in plans:
        publisher, _ = datasets()["/".join(key)]
        plans[key] = Plan(workspace.archive, workspace.mode, publisher, fetch.dataset)
    return fetch.url in plans[key].replaced


def _datasets_of(fetch: Fetch) -> Iterator[str]:
    """The dataset of a request, the datasets that follow it, and those whose articles it lists."""
    for name, (publisher, entry) in datasets().items():
        if publisher.publisher == fetch.publisher:
            endpoint, code = publisher.endpoints[entry.endpoint], name.partition("/")[2]
            follows = endpoint.follow is not None and endpoint.follow.dataset == fetch.dataset
            listed = endpoint.articles is not None and entry.endpoint == fetch.dataset
            if fetch.dataset == code or follows or listed:
                yield name


def _reason(failed: Iterable[Fetch], requests: int) -> str:
    """The first error of a day, and how many requests failed."""
    errors = [without_address(str(fetch.error)) for fetch in failed]
    return errors[0] if requests == 1 else f"{len(errors)} of {requests} requests failed, first {errors[0]}"
