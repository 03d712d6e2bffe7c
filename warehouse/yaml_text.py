"""Parse YAML declarations. The compiled parser of libyaml is used where it is installed: it is ten times as fast."""

from collections.abc import Hashable
from typing import Any

import yaml

_SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SAFE):  # type: ignore[misc, valid-type]
    """The safe loader, which also refuses a mapping that has one key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        merged = [key for key, _ in node.value if key.tag == "tag:yaml.org,2002:merge"]
        keys = [self.construct_object(key, deep=True) for key, _ in node.value if key not in merged]
        twice = sorted({str(key) for key in keys if keys.count(key) > 1})
        if twice:
            problem = f"the mapping has the key {', '.join(twice)} twice"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        found: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return found


def parse_yaml(text: str) -> Any:  # noqa: ANN401 - a pydantic model checks the type
    """The content of a YAML document; raises ``yaml.YAMLError``, also for a mapping that has one key twice."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - this loader is derived from the safe one
