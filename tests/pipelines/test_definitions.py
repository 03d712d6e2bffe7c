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
from pipelines.definitions import defs
from tests.conftest import ROOT
from warehouse.contracts import contracts

SNAPSHOT = ROOT / "tests" / "definitions.json"


@pytest.fixture(scope="module")
def graph() -> AssetGraph:
    return defs.get_repository_def().asset_graph


def test_the_definitions_are_those_of_the_snapshot(graph: AssetGraph, update_definitions: bool) -> None:
    text = json.dumps(described(graph), indent=1, ensure_ascii=False) + "\n"
    if update_definitions:
        SNAPSHOT.write_text(text, encoding="utf-8")
    assert json.loads(SNAPSHOT.read_text(encoding="utf-8")) == json.loads(text), "see `pytest --update-definitions`"


def described(graph: AssetGraph) -> dict[str, Any]:
    """All that an engineer sees in the UI before anything has run, by name."""
    repository = defs.get_repository_def()
    return {
        "assets": {key.to_user_string(): asset(graph, key) for key in sorted(graph.get_all_asset_keys())},
        "jobs": {
            job.name: sorted(node.name for node in job.nodes)
            for job in repository.get_all_jobs()
            if not job.name.startswith("__")
        },
        "schedules": {
            schedule.name: {
                "job": schedule.job_name,
                "cron": schedule.cron_schedule,
                "time_zone": schedule.execution_timezone,
                "status": schedule.default_status.value,
            }
            for schedule in repository.schedule_defs
        },
        "sensors": {sensor.name: {"status": sensor.default_status.value} for sensor in repository.sensor_defs},
    }


def asset(graph: AssetGraph, key: dg.AssetKey) -> dict[str, Any]:
    node = graph.get(key)
    return {
        "group": node.group_name,
        "kinds": sorted(node.kinds),
        "owners": list(node.owners),
        "deps": sorted(parent.to_user_string() for parent in node.parent_keys),
        "pool": ", ".join(sorted(node.pools or ())) or None,
        "fresh_days": fresh_days(node.freshness_policy),
        "checks": {check.name: check_of(graph, check) for check in sorted(node.check_keys, key=str)},
    }


def fresh_days(policy: object) -> list[int] | None:
    """After how many days an asset warns, and after how many it fails."""
    if not isinstance(policy, TimeWindowFreshnessPolicy) or policy.warn_window is None:
        return None
    return [policy.warn_window.to_timedelta().days, policy.fail_window.to_timedelta().days]


def check_of(graph: AssetGraph, key: dg.AssetCheckKey) -> str:
    spec = graph.get_check_spec(key)
    return f"{spec.metadata.get('severity', 'warning')}{', blocking' if spec.blocking else ''}"


def test_every_asset_and_check_has_a_description_and_an_owner(graph: AssetGraph) -> None:
    assets = [graph.get(key) for key in graph.get_all_asset_keys()]
    assert [node.key.to_user_string() for node in assets if not node.description or not node.owners] == []
    specs = [graph.get_check_spec(key) for key in graph.asset_check_keys]
    assert [spec.key for spec in specs if not spec.description] == []


def test_what_blocks_is_what_is_an_error(graph: AssetGraph) -> None:
    specs = [graph.get_check_spec(key) for key in graph.asset_check_keys]
    assert [spec.key for spec in specs if spec.blocking != (spec.metadata.get("severity") == "error")] == []


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
