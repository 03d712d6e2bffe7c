"""The jobs: ``nightly`` runs everything, and one job a publisher asks it alone and then builds what depends on it."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from assets.definitions import payload_key
from sources.catalogue import publishers

NIGHTLY = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    description="Asks every publisher, builds and checks every table, and publishes a release if anything is new.",
)


def publisher_job_name(publisher: str) -> str:
    """The name of the job that asks one publisher."""
    return f"ask_{publisher}"


def publisher_jobs() -> list[UnresolvedAssetJobDefinition]:
    """One job for each publisher whose cadence asks for a schedule of its own."""
    return [
        dg.define_asset_job(
            publisher_job_name(publisher.publisher),
            selection=dg.AssetSelection.assets(
                *(payload_key(f"{publisher.publisher}/{name}") for name in publisher.datasets)
            ).downstream(),
            description=f"Asks {publisher.name['en']} ({publisher.cadence}) and builds what depends on it.",
        )
        for publisher in publishers().values()
        if publisher.cron
    ]
