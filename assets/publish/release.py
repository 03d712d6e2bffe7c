"""The release: writes the tables and documents of a release, without the rows that may not be redistributed.

The report pages belong to the release: they carry its name and become visible in the same atomic step.
"""

import logging
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl

import expectations
from assets.core.errors import AssetError
from assets.core.failures import STALE_AFTER, Failing
from assets.core.stage_cache import fingerprint
from assets.core.workspace import Workspace
from assets.explore import explorer, report
from assets.ingest.stored import StageResult, release_fingerprint
from assets.publish.acceptances import HELD, acceptances
from assets.publish.changelog import changelog
from sources.catalogue import datasets, redistributable
from warehouse import iceberg, releases
from warehouse.archive import lock
from warehouse.contracts import contract, contracts
from warehouse.difference import schema_changes
from warehouse.errors import ReleaseError
from warehouse.exports import headline_csv, parquet
from warehouse.exports.about import About, Source
from warehouse.exports.documents import contents_of, documents
from warehouse.files import sha256
from warehouse.releases import Release, TableFacts
from warehouse.rows import height

log = logging.getLogger("corridor.release")

# Reference tables that contain values of publishers: revised figures, codes, sentences.
QUOTING = ("revision", "unmatched_code", "unread_sentence", "held_figure")

Outcomes = Mapping[str, Sequence[expectations.Outcome]]

# The facts of a table that table ``release`` lists.
LEDGER = ("rows", "bytes", "sha256", "schema_version")
# The file of a stored table with its sha256 and the number of its withheld rows.
_FACTS = "facts.json"


@dataclass(frozen=True)
class Published:
    """The release of the present tables, and whether it is new."""

    entry: Release
    new: bool


def publish(
    workspace: Workspace,
    results: Mapping[str, StageResult],
    outcomes: Outcomes,
    failing: Mapping[str, Failing] | None = None,
) -> Published:
    """Publish the tables; if nothing changed since the last release, return that one.

    ``outcomes`` of the rules of each table are shown on its quality page, and ``failing`` datasets in the changelog.
    ``AssetError`` if no table has rows, if no publisher ever answered in a live workspace, or if a field was removed or
    retyped without a new major version of its contract.
    """
    if workspace.mode == "live" and not was_ever_answered(workspace):
        raise AssetError("there is nothing to release: no publisher answered yet")
    if not any(height(item.frame) for name, item in results.items() if _from_publishers(name)):
        raise AssetError("there is nothing to release: no dataset has a payload that can be read")
    stage = release_fingerprint(workspace.mode, results)
    with lock(workspace.archive.root):
        last = releases.latest(workspace.releases)
        # A release whose folder was damaged or removed is published again under a new name.
        if last is not None and last.fingerprint == stage and releases.is_intact(workspace.releases, last):
            return Published(last, new=False)
        refuse_silent_breaks(last)
        # The clock may be wrong: a release is never earlier than the one before it.
        now = workspace.build_time or datetime.now(UTC)
        at = max(now, datetime.fromisoformat(last.created)) if last else now
        draft = Release(
            name=releases.next_name(workspace.releases, at.date()),
            created=at.isoformat(timespec="seconds"),
            mode=workspace.mode,
            fingerprint=stage,
            tables={},
            left_out={},
        )
        entry = releases.publish(
            workspace.releases,
            draft.name,
            lambda folder: _write(workspace, draft, last, results, (outcomes, failing or {}), folder),
        )
    log.info("release %s: %s tables, %s observations", entry.name, len(entry.tables), f"{entry.observations:,}")
    return Published(entry, new=True)


def catalogued(workspace: Workspace) -> str | None:
    """Register the releases in the Iceberg catalog; return the reason if that fails. A release is valid without it."""
    try:
        iceberg.register(workspace.releases, workspace.data, workspace.catalog)
    except ReleaseError as error:
        return str(error)
    return None


def refuse_silent_breaks(last: Release | None) -> None:
    """Raise ``AssetError`` if a field was removed or retyped since the last release without a new major version."""
    for name, facts in (last.tables if last else {}).items():
        declared = contracts().get(name)
        if declared is None:
            continue
        changes = schema_changes(facts.fields, {column.name: column.type for column in declared.columns})
        broken = [field for field, change in changes.items() if change != "added"]
        if broken and declared.version.split(".")[0] == facts.schema_version.split(".")[0]:
            raise AssetError(
                f"{name} has other fields than in the last release ({', '.join(f'{f} {changes[f]}' for f in broken)}), "
                f"so its contract needs a new major version after {facts.schema_version}"
            )


def was_ever_answered(workspace: Workspace) -> bool:
    """Whether the archive holds a payload that a publisher sent, or that a person imported."""
    return any(
        fetch.transport in ("live", "import") and fetch.payload and not fetch.error
        for fetch in workspace.archive.fetches()
    )


def _from_publishers(name: str) -> bool:
    """Whether the rows of a table come from publishers, not from our own declarations."""
    return contract(name).kind != "reference"


def _write(  # noqa: PLR0913, PLR0917 - a release, its predecessor, and what it is written from
    workspace: Workspace,
    draft: Release,
    last: Release | None,
    results: Mapping[str, StageResult],
    found: tuple[Outcomes, Mapping[str, Failing]],
    folder: Path,
) -> Release:
    """Fill the folder of a release; return its entry for the index."""
    outcomes, failing = found
    (folder / "tables").mkdir()
    left_out: Counter[str] = Counter()
    facts: dict[str, TableFacts] = {}
    for name, item in results.items():
        facts[name], excluded = put_table(workspace, name, item, folder / "tables")
        left_out.update(excluded)
    history = [*releases.index(workspace.releases), replace(draft, tables=facts)]
    ledger = folder / "tables" / "release.parquet"
    parquet.write(_ledger(history), contract("release"), ledger)
    facts["release"] = releases.facts(ledger, "release")
    entry = replace(draft, tables=facts, left_out=dict(sorted(left_out.items())))
    fingerprints = {item.fingerprint for item in results.values()}
    accepted = [item for item in acceptances(workspace) if item.fingerprint in fingerprints]
    held = _held_figures(results)
    sections = {
        "Failing: the last good vintage is used, or the dataset is left out if there is none": [
            each.describe(name) for name, each in failing.items()
        ],
        f"Stale: failed on each of the last {STALE_AFTER} days or more": [
            f"{name}: last received {each.last or 'never'}" for name, each in failing.items() if each.stale
        ],
        "Failed checks that a person accepted": [
            f"{item.table}.{item.check} ({item.at}): {item.because}" for item in accepted
        ],
        "Figures of prose that are held back as not plausible": [
            f"{row['figure']} {row['indicator']} {row['period']}: {row['why']}"
            for row in held
            if not row["accepted_because"]
        ],
        "Figures of prose that were held back and that a person accepted": [
            f"{row['figure']} {row['indicator']} {row['period']} ({row['accepted_at']}): {row['accepted_because']}"
            for row in held
            if row["accepted_because"]
        ],
        "Rows left out because their licence is not known to allow redistribution": [
            f"{name}: {rows:,}" for name, rows in entry.left_out.items()
        ],
    }
    _documents(entry, last, folder, sections)
    reasons = {name: {item.check: item.because for item in accepted if item.table == name} for name in results}
    expectations.write_pages(
        {name: without_withheld(found, results[name].frame) for name, found in outcomes.items()},
        folder / "quality",
        reasons,
    )
    return entry


def _held_figures(results: Mapping[str, StageResult]) -> list[dict[str, Any]]:
    """The figures of prose that are held back and that may be redistributed."""
    if HELD not in results:
        return []
    frame, _ = redistributable_rows(HELD, results[HELD].frame)
    return frame.sort("dataset", "period", "figure").collect().to_dicts()


def without_withheld(outcomes: Sequence[expectations.Outcome], frame: pl.LazyFrame) -> list[expectations.Outcome]:
    """The outcomes of the rules of a table without examples of rows that may not be redistributed.

    An example that does not name its dataset is left out if the table has any such row.
    """
    if "dataset" not in frame.collect_schema():
        return [*outcomes]
    allowed = redistributable()
    withheld = frame.filter(~pl.col("dataset").is_in(allowed)).head(1).collect().height > 0
    return [replace(outcome, rows=_shown(outcome.rows, allowed, withheld)) for outcome in outcomes]


def _shown(rows: pl.DataFrame, allowed: list[str], withheld: bool) -> pl.DataFrame:
    if "dataset" in rows.columns:
        return rows.filter(pl.col("dataset").cast(pl.String).is_in(allowed))
    return rows.head(0) if withheld else rows


def redistributable_rows(name: str, frame: pl.LazyFrame) -> tuple[pl.LazyFrame, dict[str, int]]:
    """The rows of a table that may be redistributed, and the number of the other rows by dataset."""
    if not _from_publishers(name) and name not in QUOTING:
        return frame, {}
    allowed = pl.col("dataset").is_in(redistributable())
    excluded = frame.filter(~allowed).group_by("dataset").agg(pl.len()).sort("dataset").collect()
    return frame.filter(allowed), dict(excluded.iter_rows())


def put_table(workspace: Workspace, name: str, item: StageResult, folder: Path) -> tuple[TableFacts, dict[str, int]]:
    """Put the Parquet file of a table into a folder; return its facts and the number of withheld rows by dataset.

    The file is a stage result, so the releases with an unchanged table share one file on the disk. It is read-only,
    because a change of it would change all of them. A stored file that was damaged is not used.
    """
    stage = fingerprint("released", name, item.fingerprint)
    stored = workspace.stage_cache.get_or_build(
        "released", name, stage, lambda target: _write_file(name, item.frame, target)
    )
    known = orjson.loads((stored / _FACTS).read_bytes())
    path = folder / f"{name}.parquet"
    _link(stored / path.name, path)
    facts = releases.facts(path, name)
    if facts.sha256 != known["sha256"]:
        path.unlink()
        parquet.write(redistributable_rows(name, item.frame)[0], contract(name), path)
        facts = releases.facts(path, name)
    return facts, known["withheld"]


def _write_file(name: str, frame: pl.LazyFrame, folder: Path) -> None:
    """Write the Parquet file of a table without the rows that may not be redistributed, and its facts."""
    path = folder / f"{name}.parquet"
    rows, withheld = redistributable_rows(name, frame)
    parquet.write(rows, contract(name), path)
    path.chmod(path.stat().st_mode & ~0o222)
    (folder / _FACTS).write_bytes(orjson.dumps({"sha256": sha256(path), "withheld": withheld}))


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it if the names would be on two file systems."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _ledger(history: list[Release]) -> pl.LazyFrame:
    """Table ``release``: the tables of this release and of those before it, without table ``release`` itself."""
    rows = [
        {"release": entry.name, "table_name": name, **{key: getattr(facts, key) for key in LEDGER}}
        for entry in history
        for name, facts in entry.tables.items()
        if name != "release"
    ]
    declared = contract("release")
    return pl.DataFrame(rows, schema=declared.polars_schema).lazy()


def _documents(entry: Release, last: Release | None, folder: Path, sections: Mapping[str, Sequence[str]]) -> None:
    """Write every document of a release except the quality pages. ``sections`` go into the changelog."""
    about = About(entry.name, datetime.fromisoformat(entry.created), entry.mode, _sources(folder))
    texts = {"CHANGELOG.md": changelog(entry, last, sections)}
    texts |= documents(contracts().values(), entry.tables, about, contents_of(folder, entry.tables))
    tables = {name: pl.scan_parquet(folder / "tables" / f"{name}.parquet") for name in entry.tables}
    texts |= {**report.pages(tables, about), explorer.PAGE: explorer.page(tables, about)}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    headline_csv.write(folder / "tables" / "headline.parquet", folder / headline_csv.FILE)


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
