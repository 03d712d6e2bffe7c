"""Small releases of frames that a test writes, published in the way of a build."""

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


def description_of(name: str) -> About:
    """Return the description of a release."""
    return About(name=name, created=CREATED, mode="snapshot", sources=[SOURCE])


def publish_release(
    root: Place | Path, name: str, frames: Mapping[str, pl.DataFrame], declared: Mapping[str, Contract] | None = None
) -> Release:
    """Publish a release of these frames by table and return it; ``declared`` are contracts that differ from ours."""

    def write(folder: Path) -> Release:
        (folder / "tables").mkdir()
        facts = {}
        for table, frame in frames.items():
            used = (declared or {}).get(table, contract(table))
            path = folder / "tables" / f"{table}.parquet"
            parquet.write(frame, used, path)
            fields = {column.name: str(column.type) for column in used.columns}
            facts[table] = replace(releases.facts(path, table), schema_version=used.version, fields=fields)
        descriptor = data_package.descriptor(contracts().values(), facts, description_of(name))
        (folder / "datapackage.json").write_bytes(orjson.dumps(descriptor))
        return replace(draft, tables=facts)

    draft = Release(name, CREATED.isoformat(), "snapshot", f"fingerprint of {name}", {}, {})
    return releases.publish(LocalPlace(root) if isinstance(root, Path) else root, name, write)
