"""The stages of a build between archive and release. Each result is stored under the fingerprint of its inputs.

``observations`` of a dataset depend on its payloads, a table on the inputs of its step (``assets.tables``), checks on
the rows of the table, and all of them on the code. A build with nothing new finds every result and computes nothing.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import orjson
import polars as pl

import expectations
from assets.core.errors import AssetError, HeldBackError, held_back
from assets.core.failures import Failing
from assets.core.stage_cache import fingerprint
from assets.core.workspace import Workspace
from assets.ingest import bitemporal, changed, implausible, recoding
from assets.ingest.failing import failing as failing_requests
from assets.ingest.holding import AcceptedFigure, hold_back, is_prose
from assets.ingest.reading import current_responses, read_responses
from assets.ingest.receptions import receptions as receptions_of
from assets.ingest.responses import responses
from assets.ingest.stored import ReadResponse, StageResult, release_fingerprint
from assets.ingest.vintages import states, without_replaced_tables
from assets.normalise import tables as rows_of
from assets.normalise.headline import rows_in_parts
from assets.normalise.receptions import Receptions
from assets.publish.acceptances import (
    HELD,
    Acceptance,
    accepted_checks,
    accepted_figures,
    accepted_payloads,
    record_acceptance,
)
from assets.tables import Inputs, TableStep, release_tables, steps, write
from sources.catalogue import datasets
from warehouse import releases
from warehouse.contracts import contract
from warehouse.errors import counted, did_you_mean, shortened
from warehouse.files import sha256
from warehouse.rows import height, plain

log = logging.getLogger("corridor.build")

# The metadata of observations that holds the version of the payloads that they were read from.
INPUTS = "payloads version"

# Checks of single responses that a person may accept → the responses that are not used, by fingerprint, with reasons.
REFUSALS = {
    recoding.CHECK: recoding.recoded,
    implausible.CHECK: implausible.implausible,
    changed.LOST: changed.shrunken,
    changed.MOVED: changed.moved,
}
# Those that look at one response. Documents are not compared with each other: each has its own figures.
OF_ONE_RESPONSE = (recoding.CHECK, implausible.CHECK)

# Characters of the first failing row that a sentence about a failed check shows.
SHOWN_EXAMPLE = 200

# The results found by this process, with the state of the ledger then: every table asks for the same observations.
_found: dict[tuple[Workspace, str], tuple[object, StageResult]] = {}
_received: dict[Workspace, tuple[object, Receptions]] = {}


def observations(workspace: Workspace, name: str) -> StageResult:
    """What is known now of ``publisher/dataset``, from every payload in the archive."""
    state = (workspace.archive.state, sorted(_accepted(workspace, name)), accepted_payloads(workspace, name))
    then, result = _found.get((workspace, name), (None, None))
    if result is None or then != state or not result.folder.is_dir():
        result = _observations(workspace, name)
        _found[workspace, name] = state, result
    return result


def payloads_version(workspace: Workspace, name: str) -> str:
    """The hash of everything that the observations of a dataset are read from: payloads, their times, and the code."""
    publisher, _ = datasets()[name]
    archived = responses(workspace, publisher, name.partition("/")[2])
    identity = [
        (key, [[(page.payload, page.at.isoformat(), page.published) for page in pages] for pages in found])
        for key, found in archived.items()
    ]
    accepted = (sorted(_accepted(workspace, name)), accepted_payloads(workspace, name))
    return fingerprint("payloads", name, identity, *accepted)


def _observations(workspace: Workspace, name: str) -> StageResult:
    found = read_responses(workspace, name)
    inputs = [(key, [response.fingerprint for response in given]) for key, given in found.items()]
    accepted = _accepted(workspace, name)
    folder = workspace.stage_cache.get_or_build(
        "observations",
        name,
        fingerprint(
            "observations", name, inputs, sorted(accepted.items(), key=str), accepted_payloads(workspace, name)
        ),
        lambda target: _write_observations(workspace, name, found, accepted, target),
    )
    # Tables depend on the content only: a payload that changes nothing changes no table.
    content = orjson.loads((folder / "content.json").read_bytes())
    return StageResult(folder, fingerprint("observations", name, content))


def _accepted(workspace: Workspace, name: str) -> dict[str, AcceptedFigure]:
    """The held figures that a person accepted; none for a dataset that is not prose."""
    if not is_prose(name):
        return {}
    return {given.check: AcceptedFigure(given.because, given.at) for given in accepted_figures(workspace)}


def _write_observations(
    workspace: Workspace,
    name: str,
    found: dict[str, list[ReadResponse]],
    accepted: dict[str, AcceptedFigure],
    folder: Path,
) -> None:
    _, entry = datasets()[name]
    empty = bitemporal.empty_state(contract(entry.table))
    refused = _refused(workspace, name, found)
    current, rejections = current_responses(name, found, refused)
    usable = {key: [each for each in given if each.fingerprint not in refused] for key, given in found.items()}
    judged, held = hold_back(name, without_replaced_tables(usable), accepted)
    folders = states(workspace, name, [response for given in judged.values() for response in given])
    parts = {
        "rows": pl.scan_parquet(folders[-1] / "current.parquet") if folders else empty.current.lazy(),
        "closed": pl.concat([empty.closed.lazy(), *(pl.scan_parquet(each / "closed.parquet") for each in folders)]),
        "revisions": pl.concat(
            [empty.revisions.lazy(), *(pl.scan_parquet(each / "revisions.parquet") for each in folders)]
        ),
        "unmatched": rows_of.unmatched_code(
            response.unmatched for response in [*current.values(), *_newest_refused(found, refused)]
        ).lazy(),
        "unread": rows_of.collected("unread_sentence", (response.unread for response in current.values())).lazy(),
        "held": held.lazy(),
    }
    for part, frame in parts.items():
        frame.drop(bitemporal.REQUEST, strict=False).sink_parquet(folder / f"{part}.parquet")
    used = {page.slice: str(page.payload) for response in current.values() for page in response.pages}
    days = sorted(page.at.date() for response in current.values() for page in response.pages)
    since = min((rejection.at.date() for rejection in rejections), default=None)
    failures = {"reasons": [each.reason for each in rejections], "since": since, "last": days[-1] if days else None}
    (folder / "failures.json").write_bytes(orjson.dumps(failures))
    (folder / "payloads.json").write_bytes(orjson.dumps(used))
    (folder / "content.json").write_bytes(orjson.dumps([sha256(folder / f"{part}.parquet") for part in parts]))
    for rejection in rejections:
        log.warning("rejected: %s", rejection.reason)


def _refused(workspace: Workspace, name: str, found: dict[str, list[ReadResponse]]) -> dict[str, str]:
    """Fingerprint of each response that can be read and is not used → the reason."""
    accepted = accepted_payloads(workspace, name)
    publisher, entry = datasets()[name]
    endpoint = publisher.endpoints[entry.endpoint]
    checks = OF_ONE_RESPONSE if endpoint.articles or endpoint.follow else tuple(REFUSALS)
    return {key: reason for check in reversed(checks) for key, reason in _refused_by(check, found, accepted).items()}


def refusal(workspace: Workspace, name: str, payload: str) -> str | None:
    """Why the next build does not use a payload of a dataset, with the command that accepts it. None if it does."""
    found = read_responses(workspace, name)
    refused = _refused(workspace, name, found)
    reasons = (
        refused.get(response.fingerprint)
        for given in found.values()
        for response in given
        if any(page.payload == payload for page in response.pages)
    )
    return next((reason for reason in reasons if reason), None)


def _refused_by(
    check: str, found: dict[str, list[ReadResponse]], accepted: Sequence[tuple[str, str]]
) -> dict[str, str]:
    """Fingerprint of each response that a check refuses → the reason. A payload is accepted for one check only."""
    return REFUSALS[check](found, {payload for name, payload in accepted if name == check})


def _newest_refused(found: dict[str, list[ReadResponse]], refused: Mapping[str, str]) -> list[ReadResponse]:
    """The newest response of each slice, where it can be read and is not used."""
    return [given[-1] for given in found.values() if given and given[-1].fingerprint in refused]


def receptions(workspace: Workspace) -> Receptions:
    """What was received of every dataset until now."""
    state, (then, found) = workspace.archive.state, _received.get(workspace, (None, None))
    if found is None or then != state:
        found = receptions_of(workspace, {name: observations(workspace, name) for name in datasets()})
        _received[workspace] = state, found
    return found


def failing(workspace: Workspace) -> dict[str, Failing]:
    """Dataset → why its last requests failed, or why its newest payload is not used."""
    rejected = {name: observations(workspace, name).failing for name in datasets()}
    found = {name: each for name, each in rejected.items() if each} | failing_requests(workspace)
    return dict(sorted(found.items()))


def table(workspace: Workspace, name: str) -> StageResult:
    """A table in the columns, types and order of its contract."""
    step = steps()[name]
    inputs = Inputs(
        workspace,
        {dataset: observations(workspace, dataset) for dataset in step.datasets},
        {other: table(workspace, other) for other in step.reads},
    )
    results = [*inputs.observations.items(), *inputs.tables.items()]
    stage = fingerprint(
        "tables",
        step.tables,
        workspace.mode,
        [(key, result.fingerprint) for key, result in results],
        receptions(workspace).identity if step.receptions else None,
    )
    folder = workspace.stage_cache.get_or_build("tables", step.name, stage, lambda target: _make(step, inputs, target))
    return StageResult(folder / name, fingerprint(stage, name))


def _make(step: TableStep, inputs: Inputs, folder: Path) -> None:
    start = perf_counter()
    for name, count in write(step.make(inputs), folder).items():
        log.info("table %s: %s rows, %.1f s", name, f"{count:,}", perf_counter() - start)


def validated(workspace: Workspace, name: str) -> tuple[StageResult, list[expectations.Outcome]]:
    """A table and the outcomes of its rules; rows that were checked before are not checked again."""
    folder = _checks(workspace, name)
    outcomes = [
        expectations.Outcome(**entry | {"rows": pl.DataFrame(entry["rows"], infer_schema_length=None)})
        for entry in orjson.loads((folder / "outcomes.json").read_bytes())
    ]
    return table(workspace, name), outcomes


def _checks(workspace: Workspace, name: str) -> Path:
    """The folder with the outcomes of the rules of a table."""
    result = table(workspace, name)
    return workspace.stage_cache.get_or_build(
        "checks", name, result.fingerprint, lambda target: _validate(workspace, name, result, target)
    )


def _validate(workspace: Workspace, name: str, result: StageResult, folder: Path) -> None:
    start = perf_counter()
    counted = datasets() if name in ("unmatched_code", "unread_sentence") else {}
    counts = {key: height(observations(workspace, key).frame) for key in counted}
    known = expectations.facts(
        publishers=frozenset(publisher.publisher for publisher, _ in datasets().values()),
        datasets=frozenset(datasets()),
        previous=_previous(workspace, name),
        observations=counts,
    )
    outcomes = expectations.validate(contract(name), result.frame, known)
    entries = [vars(outcome) | {"rows": outcome.rows.to_dicts()} for outcome in outcomes]
    (folder / "outcomes.json").write_bytes(orjson.dumps(entries, default=str))
    failed = sum(not outcome.success for outcome in outcomes)
    log.info("checks of %s: %s rules, %s failed, %.1f s", name, len(outcomes), failed, perf_counter() - start)


def _previous(workspace: Workspace, name: str) -> pl.LazyFrame | None:
    """A table of the last complete release; None if there is none, or one with another key."""
    last = releases.latest_complete(workspace.releases)
    if last is None or name not in last.tables or not set(contract(name).key) <= set(last.tables[name].fields):
        return None
    return pl.scan_parquet(releases.table_file(workspace.releases, last, name))


@dataclass(frozen=True)
class Blocking:
    """A failed rule of severity error that nobody accepted."""

    table: str
    outcome: expectations.Outcome

    def __str__(self) -> str:
        """One sentence with the number of failing rows and the first of them."""
        first = self.outcome.rows.head(1).to_dicts()
        example = ", ".join(f"{name} {value}" for row in first for name, value in row.items() if value is not None)
        shown = example if len(example) <= SHOWN_EXAMPLE else f"{example[:SHOWN_EXAMPLE]}…"
        rows = counted(self.outcome.failing, "row")
        return f"{self.table}: the rule {self.outcome.name} fails on {rows}. First row: {shown}"


def blocking(workspace: Workspace) -> list[Blocking]:
    """The failed checks that hold a release of the present tables back. Checks that did not run yet are run."""
    found = []
    for name in release_tables():
        result, outcomes = validated(workspace, name)
        accepted = accepted_checks(workspace, result.fingerprint)
        found += [
            Blocking(name, outcome)
            for outcome in outcomes
            if not outcome.success and outcome.severity == "error" and outcome.name not in accepted
        ]
    return found


def release_inputs(workspace: Workspace) -> tuple[dict[str, StageResult], dict[str, list[expectations.Outcome]]]:
    """The tables of a release and the outcomes of their rules. ``HeldBackError`` names the checks that hold it back."""
    if problems := blocking(workspace):
        raise HeldBackError(held_back(problems))
    return tables(workspace), {name: validated(workspace, name)[1] for name in release_tables()}


def is_current(workspace: Workspace) -> bool:
    """Whether the latest release contains the present tables."""
    last = releases.latest(workspace.releases)
    if last is None or not releases.is_intact(workspace.releases, last):
        return False
    return last.fingerprint == release_fingerprint(workspace.mode, tables(workspace))


def tables(workspace: Workspace) -> dict[str, StageResult]:
    """Every table of a release."""
    return {name: table(workspace, name) for name in release_tables()}


def as_of(workspace: Workspace, name: str, at: datetime) -> pl.DataFrame:
    """A table of statistics or law as it was known at a moment, from the vintages in the archive.

    ``AssetError`` for a table that is computed from others or comes from declarations.
    """
    declared = contract(name)
    step = steps().get(name)
    sources = step.datasets if step else ()
    if declared.kind == "reference" or not sources or not all(datasets()[key][1].table == name for key in sources):
        known = sorted({entry.table for _, entry in datasets().values()})
        raise AssetError(f"{name} has no vintages; tables with vintages are {', '.join(known)}")
    parts = [bitemporal.as_of([observations(workspace, key).history], at) for key in sources]
    then = pl.concat([pl.LazyFrame(schema=declared.stored_schema), *parts])
    return plain(pl.concat([*rows_in_parts(then, declared)]).lazy()).collect()


def accept(workspace: Workspace, name: str, check: str, because: str, payload: str = "") -> None:
    """Record that a person accepts the present rows of a table although a check fails on them.

    For table ``held_figure``, ``check`` is the name of a figure that is held back; the next build publishes it. For a
    dataset, ``check`` is one of ``REFUSALS``, and the next build uses its newest response that this check refuses,
    without the cells with unknown codes. If there are several, ``payload`` is the beginning of the
    sha256 of one of them.
    ``AssetError`` if no such check of severity error fails, or if no such figure is held back.
    """
    at = datetime.now(UTC).isoformat(timespec="seconds")
    if name == HELD:
        _accept_figure(workspace, check, because, at)
        return
    if check in REFUSALS:
        _accept_payload(workspace, name, check, because, at, payload)
        return
    if payload:
        raise AssetError(f"a payload is named with {' or '.join(REFUSALS)} only")
    if name not in release_tables():
        raise AssetError(f"there is no table {name}; {did_you_mean(name, release_tables(), 'see `corridor explain`')}")
    result, outcomes = validated(workspace, name)
    failing = [item.name for item in outcomes if not item.success and item.severity == "error"]
    if check not in failing:
        raise AssetError(f"{name} has no failing check {check}; failing are {', '.join(failing) or 'none'}")
    _record(workspace, Acceptance(name, check, result.fingerprint, because, at))


def _record(workspace: Workspace, given: Acceptance) -> None:
    """Record an acceptance, and forget the observations found before: they depend on acceptances too."""
    record_acceptance(workspace, given)
    _found.clear()
    _received.clear()


def _accept_payload(  # noqa: PLR0913, PLR0917 - the fields of an acceptance
    workspace: Workspace, name: str, check: str, because: str, at: str, beginning: str
) -> None:
    """Record that a person accepts the newest response to one request of a dataset, which a check refuses."""
    if name not in datasets():
        raise AssetError(f"{name} is not a dataset, so it has no {check}; `corridor sources` lists the datasets")
    found = read_responses(workspace, name)
    newest = _newest_refused(found, _refused_by(check, found, accepted_payloads(workspace, name)))
    chosen = [each for each in newest if any(str(page.payload).startswith(beginning) for page in each.pages)]
    if not newest:
        raise AssetError(f"no payload of {name} waits for acceptance of {check}")
    if len(chosen) != 1:
        refused = [f"{str(each.pages[0].payload)[:12]} [{each.slice}]" for each in newest]
        raise AssetError(f"name one of these payloads with --payload: {shortened(refused, 10)}")
    for payload in dict.fromkeys(str(page.payload) for page in chosen[0].pages):
        _record(workspace, Acceptance(name, check, payload, because, at))


def _accept_figure(workspace: Workspace, figure: str, because: str, at: str) -> None:
    """Record that a person accepts a figure that is held back. ``AssetError`` if it is not held back."""
    rows = table(workspace, HELD).frame.filter(pl.col("accepted_because").is_null()).select("figure").collect()
    held = rows["figure"].sort().to_list()
    if figure not in held:
        raise AssetError(f"no figure {figure} is held back; held back are {', '.join(held) or 'none'}")
    _record(workspace, Acceptance(HELD, figure, "", because, at))
