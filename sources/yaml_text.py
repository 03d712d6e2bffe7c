"""Parse YAML safely. The compiled parser of libyaml is used where it is installed: it is ten times as fast."""

from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_yaml(text: str) -> Any:  # noqa: ANN401 - a pydantic model checks the type
    """The content of a YAML document; raises ``yaml.YAMLError``."""
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - this loader is the safe one
