"""Payloads that say of themselves that nobody measured what they hold.

Files go round in which a language model's guesses stand in the form of a known index, with the index's name in their
head. No form tells them from the real one; but they say so somewhere near their beginning, and are refused for it.
"""

import re

from sources.errors import FormatError

_SAYS_SO = re.compile(
    r"(?:LLM|GPT|language[ -]model)[ -](?:approximat|estimat|generated|guess|schätz)\w*", re.IGNORECASE
)


def refuse(head: bytes) -> None:
    """Raise ``FormatError`` where the beginning of a payload says that a model made up its values."""
    if found := _SAYS_SO.search(head.decode("utf-8", "replace")):
        raise FormatError(f"the payload says that a model made its values up ({found[0]!r}): it is no source")
