"""Small releases of hand-made frames, published as a build publishes them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import polars as pl

from warehouse import releases
from warehouse.contracts import Contract, contract, contracts
from warehouse.exports import data_package, parquet
from warehouse.exports.about import About, Source
from warehouse.releases import Release
from warehouse.storage import Place
from warehouse.storage.local import LocalPlace

CREATED = datetime(2026, 11, 24, 3, 30, 5, tzinfo=UTC)
SOURCE = Source(
    dataset="eurostat/demo_pjan",
    title="Population on 1 January by age and sex",
    publisher="Eurostat",
    homepage="https://ec.europa.eu/eurostat",
    licence="CC-BY-4.0",
    licence_url="https://creativecommons.org/licenses/by/4.0/",
    attribution="Source: Eurostat | demo_pjan",
)


def about(name: str) -> About:
    return About(name=name, created=CREATED, mode="snapshot", sources=[SOURCE])


def published(
    root: Place | Path, name: str, frames: Mapping[str, pl.DataFrame], declared: Mapping[str, Contract] | None = None
) -> Release:
    """A release of the frames by table; ``declared`` are contracts that differ from those of today."""

    def write(folder: Path) -> Release:
        (folder / "tables").mkdir()
        facts = {}
        for table, frame in frames.items():
            kept = (declared or {}).get(table, contract(table))
            path = folder / "tables" / f"{table}.parquet"
            parquet.write(frame, kept, path)
            fields = {column.name: str(column.type) for column in kept.columns}
            facts[table] = replace(releases.facts(path, table), schema_version=kept.version, fields=fields)
        descriptor = data_package.descriptor(contracts().values(), facts, about(name))
        (folder / "datapackage.json").write_bytes(orjson.dumps(descriptor))
        return replace(draft, tables=facts)

    draft = Release(name, CREATED.isoformat(), "snapshot", f"fingerprint of {name}", {}, {})
    return releases.publish(LocalPlace(root) if isinstance(root, Path) else root, name, write)
