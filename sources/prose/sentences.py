"""Sentences of a normalised text, with their position and the position of their paragraph."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_SENTENCE = re.compile(r"[^。!?\n;]+[。!?;]?")


class Sentence(NamedTuple):
    """The span of a sentence: its first character, the one after its last, and the first of its paragraph."""

    start: int
    end: int
    paragraph: int


def sentences(text: str) -> Iterator[Sentence]:
    """Yield every sentence of a normalised text in order. A line is a paragraph."""
    for match in _SENTENCE.finditer(text):
        yield Sentence(match.start(), match.end(), text.rfind("\n", 0, match.start()) + 1)


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of the sentence that contains a span, or the span itself if no sentence does."""
    return next(((first, last) for first, last, _ in sentences(text) if first <= start and end <= last), (start, end))
