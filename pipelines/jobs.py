"""The two jobs of a night. Jobs belong here; when they run is declared in ``pipelines.automation``.

``receive`` requests every dataset. ``rebuild`` makes what depends on them and publishes; it runs only for the assets
that the new payloads change, so that an unchanged night costs little time and few events.
"""

import dagster as dg

PAYLOADS = dg.AssetSelection.key_prefixes("payload")

RECEIVE = dg.define_asset_job(
    "receive",
    selection=PAYLOADS,
    description="Requests every dataset from its publisher. Then the sensor rebuild_changed starts job rebuild.",
)
REBUILD = dg.define_asset_job(
    "rebuild",
    selection=dg.AssetSelection.all() - PAYLOADS,
    description="Reads payloads, makes and checks tables, and publishes a release if anything is new.",
)
