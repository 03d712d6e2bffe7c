"""Sentences with figures that no statement read, and the reason."""

import re
from collections import defaultdict
from collections.abc import Iterable

import polars as pl

from sources.prose.locators import locate
from sources.prose.matching import Match
from sources.prose.quantities import FIGURE
from sources.prose.sentences import sentences

UNREAD = {"locator": pl.Int64(), "sentence": pl.String(), "why": pl.String()}

_FIGURE = re.compile(
    rf"(?<![\d.])(?:{FIGURE})(?=\s?[\u4e00-\u9fff%‰《【]|\s(?:per ?cent|people|persons|visas|foreign))"
)
# Numbers that count nothing: years, days and ordinals; and changes, which follow the figure that changed.
_NO_FIGURE = re.compile(r"^-?\d+(?:\.\d+)?\s?(?:年|月|日|时|届|号|条|章|点|个百分点|五)")
_CHANGE = re.compile(r"(?:上升|下降|增长|增加|减少|提高|降低|增幅|降幅|增|降|持平)(?:了|达|为|到|约)?$")


def unread_sentences(text: str, matched: list[Match], consistent: list[Match]) -> pl.DataFrame:
    """Return the sentences with figures that were not read, and why."""
    read_in, consistent_in = (_by_sentence(matches) for matches in (matched, consistent))
    rows = []
    for start, end, _ in sentences(text):
        spans = [(match_.start, match_.start + len(match_.text)) for match_ in read_in[start]]
        left = [
            match.group().strip()
            for match in _FIGURE.finditer(text, start, end)
            if not any(first < match.end() and match.start() < last for first, last in spans)
            and not _NO_FIGURE.match(text[match.start() : match.end() + 4])
            and not _CHANGE.search(text[start : match.start()])
        ]
        whys = list(dict.fromkeys(match_.why for match_ in consistent_in[start] if match_.why))
        whys += [f"no statement reads {', '.join(left)}"] if left else []
        if whys:
            sentence = text[start:end].strip()
            rows.append({"locator": locate(start, end - start), "sentence": sentence, "why": "; ".join(whys)})
    return pl.DataFrame(rows, schema=UNREAD)


def _by_sentence(matches: Iterable[Match]) -> dict[int, list[Match]]:
    """Return the matches of each sentence, by its first character."""
    found: dict[int, list[Match]] = defaultdict(list)
    for match_ in matches:
        found[match_.sentence[0]].append(match_)
    return found
