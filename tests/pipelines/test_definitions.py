"""What Dagster loads, whole and in one file, so that a change of it is seen in review; and what no asset may lack."""

import json
import tomllib
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.definitions.freshness import TimeWindowFreshnessPolicy

from assets.definitions import table_key
from assets.tables import steps
from expectations import rules_of
from pipelines.definitions import defs
from tests.conftest import ROOT
from warehouse.contracts import contract, contracts

SNAPSHOT = ROOT / "tests" / "definitions.json"
SHOWN_PARENTS = 20
MOST_CHECKS = 620


@pytest.fixture(scope="module")
def graph() -> AssetGraph:
    return defs.get_repository_def().asset_graph


def test_the_definitions_are_those_of_the_snapshot(graph: AssetGraph, update_definitions: bool) -> None:
    text = json.dumps(described(graph), indent=1, ensure_ascii=False) + "\n"
    if update_definitions:
        SNAPSHOT.write_text(text, encoding="utf-8")
    assert json.loads(SNAPSHOT.read_text(encoding="utf-8")) == json.loads(text), "see `pytest --update-definitions`"


def described(graph: AssetGraph) -> dict[str, Any]:
    """Everything that an engineer sees in the UI before the first run: one line for each asset."""
    repository = defs.get_repository_def()
    return {
        "assets": {key.to_user_string(): asset(graph, key) for key in sorted(graph.get_all_asset_keys())},
        "jobs": {
            job.name: f"{len(job.nodes)} steps" for job in repository.get_all_jobs() if not job.name.startswith("__")
        },
        "schedules": {
            schedule.name: f"job {schedule.job_name} at {schedule.cron_schedule} {schedule.execution_timezone}, "
            f"{schedule.default_status.value.lower()}"
            for schedule in repository.schedule_defs
        },
        "sensors": {sensor.name: sensor.default_status.value.lower() for sensor in repository.sensor_defs},
    }


def asset(graph: AssetGraph, key: dg.AssetKey) -> str:
    node = graph.get(key)
    parents = sorted(parent.to_user_string() for parent in node.parent_keys)
    checks = [check_of(graph, check) for check in sorted(node.check_keys, key=str)]
    parts = [
        f"group {node.group_name}",
        " ".join(sorted(node.kinds)),
        f"from {' '.join(parents)}" if len(parents) <= SHOWN_PARENTS else f"from {len(parents)} assets",
        f"fresh {fresh_days(node.freshness_policy)}" if node.freshness_policy else "",
        "own schedule" if node.automation_condition else "",
        f"checks {' '.join(checks)}" if checks else "",
    ]
    return " | ".join(part for part in parts if part)


def fresh_days(policy: object) -> list[int] | None:
    """After how many days an asset warns, and after how many it fails."""
    if not isinstance(policy, TimeWindowFreshnessPolicy) or policy.warn_window is None:
        return None
    return [policy.warn_window.to_timedelta().days, policy.fail_window.to_timedelta().days]


def check_of(graph: AssetGraph, key: dg.AssetCheckKey) -> str:
    return f"{key.name}{'!' if graph.get_check_spec(key).blocking else ''}"


def test_every_asset_and_check_has_a_description(graph: AssetGraph) -> None:
    assets = [graph.get(key) for key in graph.get_all_asset_keys()]
    assert [node.key.to_user_string() for node in assets if not node.description] == []
    specs = [graph.get_check_spec(key) for key in graph.asset_check_keys]
    assert [spec.key for spec in specs if not spec.description] == []


def test_checks_are_few_enough_to_be_read(graph: AssetGraph) -> None:
    """One check for the requests and one for the reading of a dataset, one for a contract, one for each other rule."""
    assert len(graph.asset_check_keys) < MOST_CHECKS


def test_a_check_blocks_if_its_rule_is_an_error(graph: AssetGraph) -> None:
    for name in steps():
        blocking = {key.name for key in graph.get(table_key(name)).check_keys if graph.get_check_spec(key).blocking}
        errors = {
            rule.name for rule in rules_of(contract(name)) if rule.severity == "error" and not rule.part_of_contract
        }
        assert blocking == {"contract", *errors}


def test_every_column_of_every_table_is_described(graph: AssetGraph) -> None:
    for name, declared in contracts().items():
        if name != "release":
            schema = graph.get(table_key(name)).metadata["dagster/column_schema"]
            assert isinstance(schema, dg.TableSchema)
            assert [column.name for column in schema.columns] == list(declared.field_names)
            assert [column.name for column in schema.columns if not column.description] == []


def test_workspace_and_project_name_the_module_that_loads() -> None:
    workspace = yaml.safe_load((ROOT / "workspace.yaml").read_text(encoding="utf-8"))
    (location,) = workspace["load_from"]
    named = location["python_module"]["module_name"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["dg"]["project"]
    assert named == project["code_location_target_module"] == "pipelines.definitions"
    dg.Definitions.validate_loadable(defs)
