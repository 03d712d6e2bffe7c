"""The notation of phrases in statements, compiled to regular expressions.

``[x]`` is optional, ``{a|b}`` is one of several, ``<group>`` is one of the words that a field of the statement has
codes for, ``#`` is a number in digits, ``~`` is a list of names, and ``$`` is the end of the sentence. Everything else
is literal.
"""

import re

_MARKS = re.compile(r"\[|\]|\{|\}|\||<(?P<group>\w+)>|[#~$]")
_MEANING = {
    "[": "(?:",
    "]": ")?",
    "{": "(?:",
    "}": ")",
    "|": "|",
    "#": r"\d[\d,.]*",
    "~": r"[\u4e00-\u9fff、]{2,40}?",
    "$": "$",
}


def pattern(phrase: str, groups: dict[str, list[str]]) -> str:
    """Return the regular expression of a phrase; ``ValueError`` if it names a group without codes or is not closed."""
    found, at = [], 0
    for mark in _MARKS.finditer(phrase):
        found.append(re.escape(phrase[at : mark.start()]))
        if name := mark["group"]:
            if name not in groups:
                raise ValueError(f"the phrase {phrase!r} names {name}, which is the group of no field")
            words = "|".join(re.escape(word) for word in sorted(groups[name], key=len, reverse=True))
            found.append(f"(?P<{name}>{words})")
        else:
            found.append(_MEANING[mark.group()])
        at = mark.end()
    found.append(re.escape(phrase[at:]))
    compiled = "".join(found)
    if re.match(r"(?:\(\?:)*[A-Za-z]", compiled):
        compiled = rf"(?<![A-Za-z]){compiled}"
    if re.search(r"[A-Za-z]$", compiled):
        compiled = rf"{compiled}(?![A-Za-z])"
    try:
        re.compile(compiled)
    except re.error as error:
        raise ValueError(f"the phrase {phrase!r} is not closed: {error}") from error
    return compiled


def compiled(phrases: list[str], groups: dict[str, list[str]]) -> tuple[re.Pattern[str], ...]:
    """Return the patterns of several phrases."""
    return tuple(re.compile(pattern(phrase, groups), re.IGNORECASE) for phrase in phrases)
