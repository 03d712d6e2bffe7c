"""The stages of a build between archive and release, each computed once for what it depends on.

``observations`` of a dataset depend on its payloads, a table on the observations of its datasets, and all of them on
the code. So a stage finds what an earlier one made by its fingerprint, and a build with nothing new computes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
import polars as pl

import expectations
from assets.compare import tables as compared
from assets.compare.engines import engine
from assets.core.errors import AssetError
from assets.core.stage_cache import fingerprint
from assets.core.workspace import Workspace
from assets.ingest import bitemporal
from assets.ingest.history import ReadResponse, StoredRows, answers, states
from assets.law.bindings import bindings
from assets.law.gaps import legal_gap
from assets.normalise import tables
from sources.catalogue import datasets
from warehouse import releases
from warehouse.archive import Fetch
from warehouse.contracts import contract, contracts
from warehouse.files import sha256


@dataclass(frozen=True)
class StageResult(StoredRows):
    """What a stage made: where, and under which fingerprint."""

    fingerprint: str

    @property
    def history(self) -> pl.LazyFrame:
        """Of observations: every row that was ever known, with from when to when."""
        return pl.concat([self.frame, pl.scan_parquet(self.folder / "closed.parquet")])

    @property
    def revisions(self) -> pl.LazyFrame:
        """Of observations: what each vintage changed."""
        return pl.scan_parquet(self.folder / "revisions.parquet")

    @property
    def failures(self) -> list[str]:
        """Of observations: the payloads that do not stand for their slice though they are the newest, and why."""
        return [why for _, why in orjson.loads((self.folder / "failures.json").read_bytes())]

    @property
    def payloads(self) -> dict[str, str]:
        """Of observations: the newest payload that stands for each slice, and for each further page of it."""
        return dict(orjson.loads((self.folder / "payloads.json").read_bytes()))

    """Of observations: the newest payload that is used for each slice, and for each further page of it."""


_found: dict[tuple[Workspace, str], tuple[object, StageResult]] = {}


def observations(workspace: Workspace, name: str) -> StageResult:
    """What is known now of ``publisher/dataset``, from every payload that the archive holds."""
    state, (then, made) = workspace.archive.state, _found.get((workspace, name), (None, None))
    if made is None or then != state or not made.folder.is_dir():
        made = _observations(workspace, name)
        _found[workspace, name] = state, made
    return made


def _observations(workspace: Workspace, name: str) -> StageResult:
    found = answers(workspace, name)
    mark = fingerprint("observations", name, [(key, [answer.mark for answer in given]) for key, given in found.items()])
    folder = workspace.stage_cache.get_or_build(
        "observations", name, mark, lambda aside: _observe(workspace, name, found, aside)
    )
    # What follows depends on what is known alone: a payload that says nothing new changes no table.
    known = orjson.loads((folder / "content.json").read_bytes())
    return StageResult(folder, fingerprint("observations", name, known))


def _observe(workspace: Workspace, name: str, found: dict[str, list[ReadResponse]], folder: Path) -> None:
    _, entry = datasets()[name]
    declared = contract(entry.table)
    standing: dict[str, ReadResponse] = {}
    failures: list[tuple[str, str]] = []
    for key, given in found.items():
        stands, refused = _newest(name, given)
        failures += refused
        if stands is not None:
            standing[key] = stands
    folders = states(workspace, name, [answer for given in found.values() for answer in given])
    known = {
        "rows": pl.read_parquet(folders[-1] / "current.parquet") if folders else bitemporal.begin(declared).current,
        "closed": pl.concat(
            [bitemporal.begin(declared).closed, *(pl.read_parquet(each / "closed.parquet") for each in folders)]
        ),
        "revisions": pl.concat(
            [bitemporal.begin(declared).revisions, *(pl.read_parquet(each / "revisions.parquet") for each in folders)]
        ),
        "unmatched": tables.unmatched_code(answer.unmatched for answer in standing.values()),
        "unread": tables.unread_sentence(answer.unread for answer in standing.values()),
    }
    for part, frame in known.items():
        frame.drop(bitemporal.REQUEST, strict=False).write_parquet(folder / f"{part}.parquet")
    used = {page.slice: str(page.payload) for answer in standing.values() for page in answer.pages}
    (folder / "failures.json").write_bytes(orjson.dumps(failures))
    (folder / "payloads.json").write_bytes(orjson.dumps(used))
    (folder / "content.json").write_bytes(orjson.dumps([sha256(folder / f"{part}.parquet") for part in known]))


def _newest(name: str, given: list[ReadResponse]) -> tuple[ReadResponse | None, list[tuple[str, str]]]:
    """The newest answer that can be read and says something, and why those after it do not stand.

    An answer that cannot be read, or says nothing where an earlier one did, leaves the one before it in its place.
    """
    refused: list[tuple[str, str]] = []
    silent: ReadResponse | None = None
    for answer in reversed(given):
        facts = answer.facts
        if facts["error"]:
            refused.append(_refusal(name, answer.pages[int(str(facts["page"]))], str(facts["error"])))
        elif facts["rows"]:
            if silent is not None:
                before = f"where {facts['rows']:,} observations were before"
                refused.append(_refusal(name, silent.pages[0], f"{_silence(silent)} {before}"))
            return answer, refused
        else:
            silent = silent or answer
    return silent, refused


def _refusal(name: str, fetch: Fetch, why: str) -> tuple[str, str]:
    """A payload and why it does not stand, in one line that says what was asked."""
    slice_ = f"[{fetch.slice}]" if fetch.slice else ""
    return str(fetch.payload), f"{name}{slice_} ({fetch.url}), payload {str(fetch.payload)[:12]}: {why}"


def _silence(answer: ReadResponse) -> str:
    """How an answer comes to say nothing."""
    unmatched = answer.unmatched.collect()
    if unmatched.is_empty():
        return "it is empty"
    code = unmatched.row(0, named=True)
    return f"every cell has an unknown code (as {code['dimension']} {code['source_code']!r})"


def table(workspace: Workspace, name: str) -> StageResult:
    """A table in the columns, types and order of its contract."""
    if name in compared.TABLES:
        return _compared(workspace, name)
    sources = {key: observations(workspace, key) for key in inputs(name)}
    mark = fingerprint("table", name, workspace.mode, [(key, made.fingerprint) for key, made in sources.items()])
    return StageResult(
        workspace.stage_cache.get_or_build(
            "tables", name, mark, lambda folder: _write(workspace, name, sources, folder)
        ),
        mark,
    )


def _compared(workspace: Workspace, name: str) -> StageResult:
    """A table of the comparison; they are worked out together, from rows that a release may hold."""
    sources = {key: table(workspace, key) for key in compared_from()}
    mark = fingerprint("comparison", workspace.mode, [(key, made.fingerprint) for key, made in sources.items()])

    def make(folder: Path) -> None:
        allowed = pl.col("dataset").is_in(redistributable())
        frames = {key: made.frame.filter(allowed) for key, made in sources.items()}
        law = {key: frames.pop(key).collect() for key in compared.LAW}
        given = compared.Inputs(statistics=frames, law=law, complete=workspace.mode == "live")
        for key, frame in compared.make_tables(given, engine(workspace.engine)).items():
            (folder / key).mkdir()
            frame.write_parquet(folder / key / "rows.parquet")

    return StageResult(
        workspace.stage_cache.get_or_build("comparison", "all", mark, make) / name, fingerprint(mark, name)
    )


def compared_from() -> list[str]:
    """The tables that the comparison is made from."""
    return [*tables.statistics(), *compared.LAW]


def redistributable() -> list[str]:
    """The datasets whose licence is known to allow that their rows are passed on."""
    return [
        name
        for name, (publisher, _) in datasets().items()
        if publisher.licence_of(name.partition("/")[2]).redistribution == "allowed"
    ]


def inputs(name: str) -> list[str]:
    """The datasets whose observations a table is made of."""
    if name == "legal_binding":
        return inputs("legal_event")
    if name == "legal_gap":
        return [*inputs("legal_event"), *inputs("reservation")]
    if contract(name).kind != "reference":
        return [key for key, (_, entry) in datasets().items() if entry.table == name]
    return list(datasets()) if name in ("dataset", "coverage", "unmatched_code", "unread_sentence", "revision") else []


def _write(workspace: Workspace, name: str, sources: dict[str, StageResult], folder: Path) -> None:
    _frame(workspace, name, sources).write_parquet(folder / "rows.parquet")


def _frame(workspace: Workspace, name: str, sources: dict[str, StageResult]) -> pl.DataFrame:
    makers: dict[str, Callable[[], pl.DataFrame]] = {
        "jurisdiction": tables.jurisdiction,
        "indicator": tables.indicator,
        "legal_instrument": tables.legal_instrument,
        "measure": compared.measure,
        "legal_binding": lambda: bindings(table(workspace, "legal_event").frame.collect()),
        "legal_gap": lambda: legal_gap(
            *(table(workspace, law).frame.collect() for law in ("legal_event", "reservation"))
        ),
        "code": tables.code,
        "unmatched_code": lambda: tables.unmatched_code(made.unmatched for made in sources.values()),
        "unread_sentence": lambda: tables.unread_sentence(made.unread for made in sources.values()),
        "revision": lambda: tables.revision(made.revisions for made in sources.values()),
        "coverage": lambda: tables.coverage(_all(workspace), complete=workspace.mode == "live"),
        "dataset": lambda: tables.dataset(
            {key: _facts(workspace, made) for key, made in sources.items()}, _known(workspace)
        ),
    }
    if name in makers:
        return makers[name]()
    declared = contract(name)
    rows = pl.concat([pl.LazyFrame(schema=declared.polars_schema), *(made.frame for made in sources.values())])
    return tables.statistics_table(rows, declared)


def _known(workspace: Workspace) -> pl.LazyFrame:
    """Of every row of statistics and law, its dataset and since when it is known."""
    names = [name for name, declared in contracts().items() if declared.kind != "reference" and name != "legal_binding"]
    return pl.concat([table(workspace, name).frame.select("dataset", "known_from") for name in names])


def _all(workspace: Workspace) -> pl.LazyFrame:
    """What the tables about tables need of every table of statistics."""
    columns = ["dataset", "known_from", "reporter", "indicator", "period", "value", "missing_reason"]
    return pl.concat([table(workspace, name).frame.select(columns) for name in tables.statistics()])


def _facts(workspace: Workspace, made: StageResult) -> tables.DatasetFacts:
    """Where the rows that are known now came from."""
    payloads = set(made.frame.select("payload").unique().collect()["payload"])
    first: dict[str, Fetch] = {}
    for fetch in workspace.archive.fetches():
        if fetch.payload in payloads and fetch.transport in workspace.transports and fetch.error is None:
            first.setdefault(str(fetch.payload), fetch)
    mode = "+".join(sorted({fetch.transport for fetch in first.values()})) or "not_fetched"
    editions = sorted({fetch.edition for fetch in first.values() if fetch.edition})
    return tables.DatasetFacts(mode=mode, edition="; ".join(editions) or None, payloads=len(payloads))


def release_tables() -> list[str]:
    """The tables that a release is made of, but for ``release`` itself, which lists them."""
    return [name for name in contracts() if name != "release"]


def validated(workspace: Workspace, name: str) -> tuple[StageResult, list[expectations.Outcome]]:
    """A table and how it fares under its expectations; rows that were judged before are not judged again."""
    made = table(workspace, name)
    folder = workspace.stage_cache.get_or_build(
        "checks", name, made.fingerprint, lambda aside: _validate(workspace, name, made, aside)
    )
    outcomes = [
        expectations.Outcome(**entry | {"rows": pl.DataFrame(entry["rows"], infer_schema_length=None)})
        for entry in orjson.loads((folder / "outcomes.json").read_bytes())
    ]
    return made, outcomes


def is_validated(workspace: Workspace, name: str) -> bool:
    """Whether it is known how a table fares as it is now."""
    return workspace.stage_cache.has("checks", name, table(workspace, name).fingerprint)


def _validate(workspace: Workspace, name: str, made: StageResult, folder: Path) -> None:
    counted = datasets() if name in ("unmatched_code", "unread_sentence") else {}
    counts = {key: observations(workspace, key).frame.select(pl.len()).collect().item() for key in counted}
    known = expectations.facts(
        publishers=frozenset(publisher.publisher for publisher, _ in datasets().values()),
        datasets=frozenset(datasets()),
        previous=_previous(workspace, name),
        observations=counts,
    )
    outcomes = expectations.validate(contract(name), made.frame.collect(), known)
    entries = [vars(outcome) | {"rows": outcome.rows.to_dicts()} for outcome in outcomes]
    (folder / "outcomes.json").write_bytes(orjson.dumps(entries, default=str))


def _previous(workspace: Workspace, name: str) -> pl.LazyFrame | None:
    """A table as the last release has it; None where it has none, or one with another key."""
    last = releases.latest(workspace.releases)
    if last is None or name not in last.tables or not set(contract(name).key) <= set(last.tables[name].fields):
        return None
    return pl.scan_parquet(releases.table_file(workspace.releases, last, name))


def as_of(workspace: Workspace, name: str, at: datetime) -> pl.DataFrame:
    """A table of statistics or law as it was known at a moment, from the vintages that the archive holds.

    ``AssetError`` for a table that is computed from others or only lists what there is.
    """
    declared = contract(name)
    if declared.kind == "reference" or not all(datasets()[key][1].table == name for key in inputs(name)):
        raise AssetError(f"{name} has no vintages; those that have are {', '.join(_dated())}")
    known = [bitemporal.as_of([observations(workspace, key).history], at) for key in inputs(name)]
    frame = pl.concat([pl.LazyFrame(schema=declared.polars_schema), *known]).collect()
    return frame.sort(declared.key)


def _dated() -> list[str]:
    return sorted({entry.table for _, entry in datasets().values()})


@dataclass(frozen=True)
class Acceptance:
    """A person's word that rows are right although a check fails on them: on those rows alone, and for a reason."""

    table: str
    check: str
    fingerprint: str
    because: str
    at: str


def accept(workspace: Workspace, name: str, check: str, because: str) -> None:
    """Record an acceptance for the present rows of a table; ``AssetError`` where no such check fails on them."""
    made, outcomes = validated(workspace, name)
    failing = [item.name for item in outcomes if not item.success and item.severity == "error"]
    if check not in failing:
        raise AssetError(f"{name} has no failing check {check}; failing are {', '.join(failing) or 'none'}")
    given = Acceptance(name, check, made.fingerprint, because, datetime.now(UTC).isoformat(timespec="seconds"))
    with (workspace.data / "accepted.jsonl").open("ab") as file:
        file.write(orjson.dumps(given, option=orjson.OPT_APPEND_NEWLINE))


def acceptances(workspace: Workspace) -> list[Acceptance]:
    """Every acceptance, in the order in which they were given."""
    path = workspace.data / "accepted.jsonl"
    return [Acceptance(**orjson.loads(line)) for line in path.read_bytes().splitlines()] if path.exists() else []


def accepted(workspace: Workspace, made: StageResult) -> dict[str, str]:
    """The checks that are accepted for these rows of a table, and why."""
    return {given.check: given.because for given in acceptances(workspace) if given.fingerprint == made.fingerprint}
