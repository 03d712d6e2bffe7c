"""What Dagster loads, on the workspace of the environment. ``workspace.yaml`` and ``[tool.dg]`` name this module."""

from pipelines.build_definitions import build_definitions
from pipelines.resources import default_workspace

defs = build_definitions(default_workspace())
