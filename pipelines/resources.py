"""The one resource of every asset: the house that a build stands in. Nothing else belongs here."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import dagster as dg

from assets.house import House
from pipelines.settings import data_folder, live
from warehouse.archive import lock


class HouseResource(dg.ConfigurableResource[House]):
    """The data folder, and whether payloads come from the embedded snapshot or from the publishers."""

    data: str
    mode: Literal["snapshot", "live"] = "snapshot"

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[House]:  # noqa: ARG002
        """The house, which no other run or command changes meanwhile. Raises ``BusyError`` while one does."""
        house = House(Path(self.data).resolve(), self.mode)
        with lock(house.archive.root):
            yield house


def default_house() -> HouseResource:
    """The house of the environment: ``CORRIDOR_DATA`` and ``CORRIDOR_MODE``."""
    return HouseResource(data=str(data_folder()), mode="live" if live() else "snapshot")
