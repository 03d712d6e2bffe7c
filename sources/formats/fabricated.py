"""Payloads that state that a language model made up their values.

Some public files hold a language model's guesses in the layout of a known index, under the name of the index. The
layout does not distinguish them from the real index, but a text near their beginning states what they are.
"""

import re

from sources.errors import FormatError

_MADE_UP = re.compile(
    r"(?:LLM|GPT|language[ -]model)[ -](?:approximat|estimat|generated|guess|schätz)\w*", re.IGNORECASE
)


def refuse(head: bytes) -> None:
    """Raise ``FormatError`` where the beginning of a payload states that a model made up its values."""
    if found := _MADE_UP.search(head.decode("utf-8", "replace")):
        raise FormatError(f"the payload states that a model made up its values ({found[0]!r}): it is not a source")
