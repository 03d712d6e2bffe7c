"""The columns of a figure in a row: a row of most tables holds one figure, a row of ``mirror_flow`` holds two."""

from collections.abc import Mapping
from typing import Any

# What is published with each figure. Each name has the prefix of its side.
FIGURE_FIELDS = ("value", "dataset", "definition", "payload", "locator")
SIDES = ("", "first_", "second_")


def figure_of(row: Mapping[str, Any], side: str = "") -> dict[str, Any]:
    """The fields of one figure of a row, by their names without prefix. A field that the row lacks is None."""
    return {name: row.get(side + name) for name in FIGURE_FIELDS}
