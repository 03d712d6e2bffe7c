"""What the JSON formats share: reading a payload strictly, and reading it so that numbers keep their text."""

import json
from pathlib import Path
from typing import Any

from sources.errors import FormatError


def parsed(path: Path) -> object:
    """What a JSON payload holds. A byte order mark is allowed; a key twice in one object, or NaN, is not."""
    return _loaded(path, object_pairs_hook=_unique, parse_constant=_refused)


def literal(path: Path) -> object:
    """What a JSON payload holds, with numbers as the text that stands there."""
    return _loaded(path, parse_int=str, parse_float=str)


def shown(item: object) -> str:
    """What an error shows of an item: its keys where it is an object, else its beginning."""
    return str(list(item) if isinstance(item, dict) else item)[:200]


def _loaded(path: Path, **how: Any) -> object:  # noqa: ANN401 - what json.loads takes
    try:
        found: object = json.loads(path.read_bytes().decode("utf-8-sig"), **how)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"the payload is no whole JSON: {error}") from error
    return found


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    item = dict(pairs)
    if len(item) < len(pairs):
        keys = [key for key, _ in pairs]
        raise FormatError(f"a JSON object holds a key twice: {sorted({key for key in keys if keys.count(key) > 1})}")
    return item


def _refused(constant: str) -> None:
    raise FormatError(f"{constant} is no JSON number")
