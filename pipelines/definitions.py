"""What Dagster loads, on the workspace of the environment. ``workspace.yaml`` and ``[tool.dg]`` name it."""

from pipelines.build_definitions import definitions
from pipelines.resources import default_workspace

defs = definitions(default_workspace())
