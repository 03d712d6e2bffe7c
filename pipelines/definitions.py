"""What Dagster loads, on the house of the environment. ``workspace.yaml`` and ``[tool.dg]`` name it."""

from pipelines.assembly import definitions
from pipelines.resources import default_house

defs = definitions(default_house())
