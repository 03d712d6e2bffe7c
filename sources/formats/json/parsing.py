"""Reading a JSON payload strictly, and reading it with numbers as their published text."""

import json
import re
from pathlib import Path
from typing import Any

from sources.errors import FormatError
from sources.formats.values import repeated

# One escape of a pair of surrogates without the other. A text with it cannot be written.
_HALF_CHARACTER = re.compile(
    r"(?<!\\)\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


def beginning(head: bytes, size: int) -> bytes:
    """The first ``size`` bytes of a text, without a byte order mark and leading white space."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:size]


def parsed(path: Path) -> object:
    """The content of a JSON payload. A byte order mark is allowed; a repeated key in an object, or NaN, is not."""
    return _loaded(path, object_pairs_hook=_without_repeated_keys, parse_constant=_refuse_constant)


def literal(path: Path) -> object:
    """The content of a JSON payload, with each number as its published text."""
    return _loaded(path, parse_int=str, parse_float=str)


def shown(item: object) -> str:
    """A short text of an item for an error message: the keys of an object, else the item's beginning."""
    return str(list(item) if isinstance(item, dict) else item)[:200]


def _loaded(path: Path, **options: Any) -> object:  # noqa: ANN401 - the options of json.loads
    try:
        text = path.read_bytes().decode("utf-8-sig")
        if cut := _HALF_CHARACTER.search(text):
            raise FormatError(f"the JSON has half of a character at {cut.start()}: {cut[0]}")
        content: object = json.loads(text, **options)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"the payload is not complete JSON: {error}") from error
    return content


def _without_repeated_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    item = dict(pairs)
    if len(item) < len(pairs):
        raise FormatError(f"a JSON object has a key twice: {repeated(key for key, _ in pairs)[:10]}")
    return item


def _refuse_constant(constant: str) -> None:
    raise FormatError(f"{constant} is not a JSON number")
