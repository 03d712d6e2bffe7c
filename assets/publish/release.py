"""Tables to a release: what is left out, what is written, and when there is nothing new."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

import expectations
from assets import explore, stages
from assets.core.errors import AssetError
from assets.core.stage_cache import fingerprint
from assets.core.workspace import Workspace
from assets.ingest.payloads import STALE_AFTER, stale
from assets.stages import Acceptance, StageResult, acceptances
from sources.catalogue import datasets
from warehouse import iceberg, releases
from warehouse.archive import lock
from warehouse.contracts import contract, contracts
from warehouse.difference import schema_changes
from warehouse.errors import ReleaseError
from warehouse.exports import parquet
from warehouse.exports.about import About, Source
from warehouse.exports.documents import datasets_of, documents
from warehouse.releases import Release, TableFacts

# Tables about payloads that repeat what stands in them: figures that were revised, codes, sentences.
QUOTING = ("revision", "unmatched_code", "unread_sentence")

# What table ``release`` says of a table.
LEDGER = ("rows", "bytes", "sha256", "schema_version")


@dataclass(frozen=True)
class Published:
    """The release that stands for what the archive holds, and whether it is new."""

    entry: Release
    new: bool


def release(workspace: Workspace) -> Published:
    """Publish the tables as they are now; if nothing changed since the last release, that one stands."""
    made = {name: stages.table(workspace, name) for name in stages.release_tables()}
    if all(item.frame.select(pl.len()).collect().item() == 0 for name, item in made.items() if _held(name)):
        raise AssetError("there is nothing to release: no dataset has a payload that can be read")
    mark = fingerprint("release", workspace.mode, [(name, item.fingerprint) for name, item in made.items()])
    with lock(workspace.archive.root):
        last = releases.latest(workspace.releases)
        if last is not None and last.fingerprint == mark:
            return Published(last, new=False)
        refuse_silent_breaks(last)
        # Whatever the clock says, a release comes after the one before it.
        now = workspace.build_time or datetime.now(UTC)
        at = max(now, datetime.fromisoformat(last.created)) if last else now
        draft = Release(
            name=releases.next_name(workspace.releases, at.date()),
            created=at.isoformat(timespec="seconds"),
            mode=workspace.mode,
            fingerprint=mark,
            tables={},
            left_out={},
        )
        entry = releases.publish(
            workspace.releases, draft.name, lambda folder: _write(workspace, draft, last, made, folder)
        )
    return Published(entry, new=True)


def catalogued(workspace: Workspace) -> str | None:
    """Enter what was released in the Iceberg catalog; why not, where it cannot be. A release stands without it."""
    try:
        iceberg.register(workspace.releases, workspace.data, workspace.catalog)
    except ReleaseError as error:
        return str(error)
    return None


def refuse_silent_breaks(last: Release | None) -> None:
    """Raise ``AssetError`` where a field was removed or retyped since the last release without a new major version."""
    for name, facts in (last.tables if last else {}).items():
        declared = contracts().get(name)
        if declared is None:
            continue
        changes = schema_changes(facts.fields, {column.name: column.type for column in declared.columns})
        broken = [field for field, what in changes.items() if what != "added"]
        if broken and declared.version.split(".")[0] == facts.schema_version.split(".")[0]:
            raise AssetError(
                f"{name} has other fields than in the last release ({', '.join(f'{f} {changes[f]}' for f in broken)}), "
                f"which wants a new major version after {facts.schema_version} in its contract"
            )


def _held(name: str) -> bool:
    """Whether a table holds what publishers say, and not what we say of it."""
    return contract(name).kind != "reference"


def _write(
    workspace: Workspace, draft: Release, last: Release | None, made: Mapping[str, StageResult], folder: Path
) -> Release:
    """Fill the folder of a release and say what is in it."""
    (folder / "tables").mkdir()
    left_out: Counter[str] = Counter()
    facts: dict[str, TableFacts] = {}
    for name, item in made.items():
        frame, kept_back = passed_on(name, item.frame)
        left_out.update(kept_back)
        facts[name] = _table(folder, name, frame)
    history = [*releases.index(workspace.releases), replace(draft, tables=facts)]
    facts["release"] = _table(folder, "release", _ledger(history))
    entry = replace(draft, tables=facts, left_out=dict(sorted(left_out.items())))
    marks = {item.fingerprint for item in made.values()}
    given = [item for item in acceptances(workspace) if item.fingerprint in marks]
    _documents(entry, last, folder, given, stale(workspace))
    checked = {name: stages.validated(workspace, name)[1] for name in made if stages.is_validated(workspace, name)}
    accepted = {name: {item.check: item.because for item in given if item.table == name} for name in made}
    expectations.write_pages(checked, folder / "quality", accepted)
    return entry


def passed_on(name: str, frame: pl.LazyFrame) -> tuple[pl.LazyFrame, dict[str, int]]:
    """The rows of a table that may be passed on, and by dataset how many may not."""
    if not _held(name) and name not in QUOTING:
        return frame, {}
    allowed = pl.col("dataset").is_in(stages.redistributable())
    return frame.filter(allowed), _counted(frame.filter(~allowed))


def _counted(frame: pl.LazyFrame) -> dict[str, int]:
    return dict(frame.group_by("dataset").agg(pl.len()).sort("dataset").collect().iter_rows())


def _table(folder: Path, name: str, frame: pl.LazyFrame) -> TableFacts:
    path = folder / "tables" / f"{name}.parquet"
    parquet.write(frame, contract(name), path)
    return releases.facts(path, name)


def _ledger(history: list[Release]) -> pl.LazyFrame:
    """Table ``release``: the tables of this release and of those before. Its own file is not among them."""
    rows = [
        {"release": entry.name, "table": name, **{key: getattr(facts, key) for key in LEDGER}}
        for entry in history
        for name, facts in entry.tables.items()
        if name != "release"
    ]
    declared = contract("release")
    return pl.DataFrame(rows, schema=declared.polars_schema).lazy()


def _documents(
    entry: Release, last: Release | None, folder: Path, accepted: Sequence[Acceptance], unanswered: Mapping[str, date]
) -> None:
    about = About(entry.name, datetime.fromisoformat(entry.created), entry.mode, _sources(folder))
    texts = {"CHANGELOG.md": _changelog(entry, last, accepted, unanswered)}
    texts |= documents(contracts().values(), entry.tables, about, datasets_of(folder, entry.tables))
    texts |= explore.pages(
        {name: pl.scan_parquet(folder / "tables" / f"{name}.parquet") for name in entry.tables}, about
    )
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _sources(folder: Path) -> list[Source]:
    """The datasets that the tables of a release hold rows of."""
    held = pl.scan_parquet(folder / "tables" / "dataset.parquet").filter(
        (pl.col("observations") > 0) & (pl.col("redistribution") == "allowed")
    )
    found = []
    for row in held.sort("dataset").collect().iter_rows(named=True):
        publisher, entry = datasets()[row["dataset"]]
        licence = publisher.licence_of(row["dataset"].partition("/")[2])
        found.append(
            Source(
                dataset=row["dataset"],
                title=entry.title,
                publisher=publisher.name["en"],
                homepage=publisher.homepage,
                licence=licence.id,
                licence_url=licence.url,
                attribution=licence.attribution,
            )
        )
    return found


def _changelog(
    entry: Release, last: Release | None, accepted: Sequence[Acceptance], unanswered: Mapping[str, date]
) -> str:
    """What changed since the release before: rows by table, what is stale, what was accepted, and what was left out."""
    lines = [f"# Release {entry.name}", "", f"StageResult {entry.created} from payloads of mode {entry.mode}."]
    lines += [f"Compared with {last.name}." if last else "The first release.", "", "| table | rows | before | change |"]
    lines += ["|---|---:|---:|---:|"]
    for name, facts in entry.tables.items():
        before = last.tables[name].rows if last and name in last.tables else 0
        same = last is not None and name in last.tables and last.tables[name].sha256 == facts.sha256
        change = "none" if same else f"{facts.rows - before:+,}"
        lines.append(f"| {name} | {facts.rows:,} | {before:,} | {change} |")
    gone = sorted(set(last.tables) - set(entry.tables)) if last else []
    lines += ["", f"Tables that are no longer here: {', '.join(gone)}."] if gone else []
    if unanswered:
        lines += [
            "",
            f"Stale, asked for in vain on {STALE_AFTER} days or more; the last good vintage stands:",
            "",
        ]
        lines += [f"- {name}: last answered {day}" for name, day in unanswered.items()]
    if accepted:
        lines += ["", "Checks that fail and were accepted by a person:", ""]
        lines += [f"- {item.table}.{item.check} ({item.at}): {item.because}" for item in accepted]
    if entry.left_out:
        lines += ["", "Rows left out because their licence is not known to allow redistribution:", ""]
        lines += [f"- {name}: {rows:,}" for name, rows in entry.left_out.items()]
    return "\n".join(lines) + "\n"
