"""Figures of prose that a release holds back and the release before it did not: the news for the alert of a night."""

import polars as pl

from assets.core.workspace import Workspace
from assets.publish.acceptances import HELD
from warehouse import releases
from warehouse.contracts import contract


def newly_held(workspace: Workspace) -> list[str]:
    """Each figure that only the latest release holds back, with the reason; nothing if there is no such release."""
    known = [release for release in releases.index(workspace.releases) if HELD in release.tables]
    if not known:
        return []
    tables = [_waiting(workspace, release) for release in known[-2:]]
    new = tables[-1]
    if len(tables) > 1:
        new = new.join(tables[0], on=contract(HELD).key, how="anti")
    return [
        f"{row['dataset']}: the figure {row['figure']} ({row['indicator']}, {row['period']}) is held back: {row['why']}"
        for row in new.sort("dataset", "period", "figure").to_dicts()
    ]


def _waiting(workspace: Workspace, release: releases.Release) -> pl.DataFrame:
    """The figures that a release holds back and that nobody accepted."""
    with releases.readable(workspace.releases, release, HELD):
        stored = pl.scan_parquet(releases.table_file(workspace.releases, release, HELD))
        return stored.filter(pl.col("accepted_because").is_null()).collect()
