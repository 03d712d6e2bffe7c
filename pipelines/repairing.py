"""The repair of a data folder: its ledger, its payloads and the index of its releases."""

from dataclasses import dataclass
from datetime import datetime

from assets.core.workspace import Workspace
from assets.ingest.repair import repair_payloads
from warehouse import releases
from warehouse.archive import Damage


@dataclass(frozen=True)
class Repaired:
    """Something that was damaged: what it is, with the reason, and whether it is in order now."""

    what: str
    healed: bool


def repaired(workspace: Workspace, at: datetime) -> list[Repaired]:
    """Repair what is damaged and return a result for each damage; an empty list if there is none."""
    results = [*_ledger(workspace, at), *_index(workspace, at)]
    results += [Repaired(repair.sentence, repair.healed) for repair in repair_payloads(workspace)]
    for release in releases.index(workspace.releases):
        damages = releases.damages(workspace.releases / release.name, release)
        results += [
            Repaired(f"{damage}; the next build publishes a complete release", healed=False) for damage in damages
        ]
    return results


def _ledger(workspace: Workspace, at: datetime) -> list[Repaired]:
    archive = workspace.archive
    damages, stated = archive.ledger_damages(), archive.stated_fetches()
    kept = archive.repair_ledger(at)
    if kept is None:
        return []
    results = [Repaired(_described(damage, kept.name), healed=True) for damage in damages]
    left, unnamed = len(archive.fetches()), len(archive.unnamed_payloads())
    if left == stated and not unnamed:
        return results
    gone = f"{stated - left:,} of {stated:,} fetches are" if stated is not None else "an unknown number of fetches is"
    lost = (
        f"the ledger: {gone} gone, and no line names {unnamed:,} payloads of the archive; restore the ledger from a "
        "backup to use them"
    )
    return [*results, Repaired(lost, healed=False)]


def _described(damage: Damage, kept: str) -> str:
    return f"the ledger: {damage.where}: {damage.why}; its readable lines stay in use, and the old file is {kept}"


def _index(workspace: Workspace, at: datetime) -> list[Repaired]:
    names = releases.repair_index(workspace.releases, f"{at:%Y%m%dT%H%M%S}")
    if names is None:
        return []
    return [
        Repaired(f"the index of the releases, made again from {', '.join(names) or 'no release'}", healed=bool(names))
    ]
