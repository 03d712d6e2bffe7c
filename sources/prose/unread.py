"""Sentences with figures that no statement read, the reason, and the word that stopped each."""

import re
from collections import defaultdict

import polars as pl

from sources.prose.figures import Match, Unread
from sources.prose.locators import locate

UNREAD = {"locator": pl.Int64(), "sentence": pl.String(), "why": pl.String(), "stopped_by": pl.String()}

# Reasons name the word that stopped a sentence in these quotation marks.
_WORD = re.compile(r"“([^”]+)”")


def unread_sentences(text: str, unread: list[Unread], consistent: list[Match]) -> pl.DataFrame:
    """Return the sentences with figures that were not read, why, and the word that stopped the first of them."""
    reasons: dict[tuple[int, int], list[str]] = defaultdict(list)
    for match in consistent:
        if match.why:
            reasons[match.sentence].append(match.why)
    by_reason: dict[tuple[tuple[int, int], str], list[str]] = defaultdict(list)
    for one in unread:
        by_reason[one.sentence, one.why].append(one.text)
    for (sentence, why), figures in by_reason.items():
        listed = ", ".join(dict.fromkeys(figures))
        reasons[sentence].append(f"no statement reads {listed}{f': {why}' if why else ''}")
    rows = [
        {
            "locator": locate(start, min(end - start, 0xFFFF)),
            "sentence": text[start:end].strip(),
            "why": "; ".join(dict.fromkeys(whys)),
            "stopped_by": next((word[1] for why in whys if (word := _WORD.search(why))), None),
        }
        for (start, end), whys in sorted(reasons.items())
    ]
    return pl.DataFrame(rows, schema=UNREAD)
