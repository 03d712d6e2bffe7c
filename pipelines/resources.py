"""The one resource of every asset: the house that a build stands in. Nothing else belongs here."""

from pathlib import Path
from typing import Literal

import dagster as dg

from assets.house import House
from pipelines.settings import data_folder, live


class HouseResource(dg.ConfigurableResource[House]):
    """The data folder, and whether payloads come from the embedded snapshot or from the publishers."""

    data: str
    mode: Literal["snapshot", "live"] = "snapshot"

    def create_resource(self, context: dg.InitResourceContext) -> House:  # noqa: ARG002
        """The house."""
        return House(Path(self.data).resolve(), self.mode)


def default_house() -> HouseResource:
    """The house of the environment: ``CORRIDOR_DATA`` and ``CORRIDOR_MODE``."""
    return HouseResource(data=str(data_folder()), mode="live" if live() else "snapshot")
