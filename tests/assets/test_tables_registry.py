"""The registry of tables: what Dagster shows as the parents of a table is what its function reads."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

import dagster as dg
import grimp
import pytest

from assets import stages
from assets.core.workspace import Workspace
from assets.definitions import observations_key, table_key
from assets.tables import Inputs, TableStep, release_tables, steps
from pipelines.definitions import defs
from tests.conftest import Built
from warehouse.contracts import contracts

LONGEST_CHAIN = 6

V = TypeVar("V")


class Recording(Mapping[str, V]):
    """A mapping that records which of its keys were read."""

    def __init__(self, values: dict[str, V]) -> None:
        self.all, self.read = values, set[str]()

    def __getitem__(self, key: str) -> V:
        self.read.add(key)
        return self.all[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)


@pytest.mark.parametrize("step", {step.name: step for step in steps().values()}.values(), ids=lambda step: step.name)
def test_a_step_reads_everything_that_it_declares_and_nothing_else(step: TableStep, built: Built) -> None:
    workspace = Workspace(built.data)
    observations = Recording({name: stages.observations(workspace, name) for name in step.datasets})
    tables = Recording({name: stages.table(workspace, name) for name in step.reads})
    frames = step.make(Inputs(workspace, observations, tables))
    assert set(frames) == set(step.tables)
    assert observations.read == set(step.datasets)
    assert tables.read == set(step.reads)


def test_the_parents_of_a_table_in_dagster_are_the_declared_inputs() -> None:
    graph = defs.get_repository_def().asset_graph
    for name, step in steps().items():
        declared = {*map(observations_key, step.datasets), *map(table_key, step.reads)}
        assert set(graph.get(table_key(name)).parent_keys) == declared, name


def test_the_release_depends_on_every_table() -> None:
    graph = defs.get_repository_def().asset_graph
    assert set(graph.get(dg.AssetKey("release")).parent_keys) == {*map(table_key, release_tables())}
    assert set(release_tables()) == set(contracts()) - {"release"}


def test_modules_import_each_other_in_short_chains_without_circles() -> None:
    graph = grimp.build_graph("assets")
    depths: dict[str, int] = {}

    def depth(module: str, above: tuple[str, ...] = ()) -> int:
        assert module not in above, f"circle: {' -> '.join((*above, module))}"
        if module not in depths:
            imported = graph.find_modules_directly_imported_by(module) - {module}
            depths[module] = 1 + max((depth(other, (*above, module)) for other in imported), default=0)
        return depths[module]

    assert max(map(depth, graph.modules)) <= LONGEST_CHAIN
