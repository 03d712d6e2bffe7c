"""Sentences of a normalised text, with their position and the position of their paragraph."""

import re
from collections.abc import Iterator
from typing import NamedTuple

# The end of a sentence. Omitted words (…) end it too: what follows them has no known beginning.
_END = re.compile(r"[。!?;]|…+|\.{3,}|\n|\.(?=\s+[A-Z\u4e00-\u9fff])")
_BLANK_AT_HAN = re.compile(r"(?<=[\u4e00-\u9fff，。、“”()])[ \t]+|[ \t]+(?=[\u4e00-\u9fff，。、“”()])")


class Sentence(NamedTuple):
    """The span of a sentence: its first character, the one after its last, and the first of its paragraph."""

    start: int
    end: int
    paragraph: int


class Compact(NamedTuple):
    """The text of a sentence without blanks next to Chinese characters, and the position of each character before."""

    text: str
    positions: tuple[int, ...]

    def start(self, at: int) -> int:
        """Return the position of a character in the normalised text."""
        return self.positions[at]

    def end(self, at: int) -> int:
        """Return the position after the character before ``at`` in the normalised text."""
        return self.positions[at - 1] + 1


def sentences(text: str) -> Iterator[Sentence]:
    """Yield every sentence of a normalised text in order. A line is a paragraph."""
    start = 0
    for end in (*(match.end() for match in _END.finditer(text)), len(text)):
        if text[start:end].strip():
            yield Sentence(start, end - (text[end - 1] == "\n"), text.rfind("\n", 0, start) + 1)
        start = end


def compact(text: str, sentence: Sentence) -> Compact:
    """Return the compact text of a sentence. A sentence mark at its end is left out."""
    written = text[sentence.start : sentence.end]
    dropped = {at for blank in _BLANK_AT_HAN.finditer(written) for at in range(*blank.span())}
    last = len(written) - len(written.rstrip(" \t"))
    kept = [at for at in range(len(written) - last) if at not in dropped]
    while kept and (written[kept[-1]] in "。!?;…" or (written[kept[-1]] == "." and len(kept) > 1)):
        kept.pop()
    return Compact("".join(written[at] for at in kept), tuple(sentence.start + at for at in kept))


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of the sentence that contains a span, or the span itself if no sentence does."""
    return next(((first, last) for first, last, _ in sentences(text) if first <= start and end <= last), (start, end))


def is_in_brackets(text: str, at: int) -> bool:
    """Return whether a position of a text is in brackets that are still open there."""
    return text.count("(", 0, at) > text.count(")", 0, at)
