"""The closed vocabulary of the prose reader, declared in ``vocabulary.yaml``, and its lexer."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sources.errors import CatalogueError
from sources.prose.language.time_expressions import TimeExpression, time_at
from warehouse.yaml_text import parse_yaml

# The provinces of the mainland.
PROVINCES = (
    *(
        "北京",
        "天津",
        "河北",
        "山西",
        "内蒙古",
        "辽宁",
        "吉林",
        "黑龙江",
        "上海",
        "江苏",
        "浙江",
        "安徽",
        "福建",
        "江西",
        "山东",
    ),
    *(
        "河南",
        "湖北",
        "湖南",
        "广东",
        "广西",
        "海南",
        "重庆",
        "四川",
        "贵州",
        "云南",
        "西藏",
        "陕西",
        "甘肃",
        "青海",
        "宁夏",
        "新疆",
    ),
)
_PROVINCE = f"(?:{'|'.join(PROVINCES)})"


# The name of a person who reports something.
_REPORTS_NEXT = (
    r"(?=(?:\d{1,2}日|当天|当日|今天)?(?:在[\u4e00-\u9fff]{1,12}|会上|对此|就此)?"
    r"(?:介绍|通报|表示|指出|透露|说|称|强调|[,:]))"
)
_PERSON = rf"[\u4e00-\u9fff·]{{2,4}}?{_REPORTS_NEXT}"
_TITLED = re.compile(rf"(?:局长|司长|部长|主任|院长|检察长|负责人|发言人|站长|处长)(?P<name>{_PERSON})")

_COMPARES = re.compile(
    r"(?P<with>与|和|同)|比|较|(?:over|than|from|compared (?:with|to))(?: that| the (?:figure|number|level))?"
    r"(?: (?:at|in|of))?(?: the)?(?: end of| same period (?:of|in))? "
)
_COMPARED = re.compile(r"(?:同期|末|底|人数|水平)?(?P<compared>相比|比)?")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Part):
    """Words of one kind, and the reason why they may be there."""

    words: list[str]
    reason: str


class Changes(_Part):
    """Verbs and nouns of change, by direction."""

    rise: list[str]
    fall: list[str]


class Vocabulary(_Part):
    """The declared words by their role in a clause."""

    neutral: list[Words] = Field(description="words allowed anywhere before a figure")
    reporting: list[Words] = Field(description="words of a part of the sentence that reports the publication")
    policy: list[Words] = Field(description="words of a part of the sentence without a figure")
    between: list[Words] = Field(description="words between what is counted and its figure")
    after: list[Words] = Field(description="words that may follow a figure directly")
    after_english: list[Words] = Field(description="English words that may follow a figure directly; # is a digit")
    and_english: list[Words] = Field(description="English words after a figure by which another subject follows")
    verbs: dict[str, list[str]] = Field(description="verbs by class")
    changes: Changes
    links: list[str] = Field(description="words that make a figure a part of the last total")
    comparisons: list[str] = Field(description="words that compare a figure with another time")
    places: list[str] = Field(description="names of parts of the nation, besides the provinces")
    regions: list[str] = Field(description="names of regions of several provinces")
    parts: list[str] = Field(
        description="words of titles of documents about something smaller or other than the nation"
    )
    titles: list[str] = Field(description="words of titles of documents about the whole nation")
    units: list[str] = Field(description="units, in addition to those of the statements")

    @cached_property
    def place(self) -> re.Pattern[str]:
        """A name of a part of the nation, or a port, a county or a town that is named, except in a telegram's place."""
        names = "|".join(re.escape(name) for name in (*self.regions, *self.places))
        port = r"(?<=[\u4e00-\u9fff])(?<![国各放类检发在个的])口岸(?!签证|总数|任)"
        named = rf"{port}|[\u4e00-\u9fff]{{2,4}}(?:省|市|县|自治州|自治区)(?!辖|场|民)"
        return re.compile(rf"{_PROVINCE}(?![\d一二三四五六七八九十]{{1,3}}月)|{names}|{named}")

    def of_regions(self, text: str) -> bool:
        """Return whether all places that a text names are regions of several provinces."""
        return all(match.group() in self.regions for match in self.place.finditer(text))

    @cached_property
    def part(self) -> re.Pattern[str]:
        """A word by which a title or a heading is about something smaller or other than the nation."""
        names = "|".join(re.escape(name) for name in self.parts)
        named = r"[\u4e00-\u9fff](?:省|市|县|自治州|自治区|旗)(?!辖|场|民|内|外|级)(?<!城市)(?<!跨省)"
        return re.compile(rf"{names}|{named}|{self.place.pattern}")

    @cached_property
    def ending(self) -> re.Pattern[str]:
        """A word that ends a clause directly after its figure."""
        chinese = [re.escape(word) for group in self.after for word in group.words]
        return re.compile("|".join((*chinese, *_english(self.after_english))), re.IGNORECASE)

    @cached_property
    def another(self) -> re.Pattern[str]:
        """An English word by which another subject follows."""
        return re.compile("|".join(_english(self.and_english)), re.IGNORECASE)

    @cached_property
    def trends(self) -> frozenset[str]:
        """The words of ``between`` that state a trend of the figure and are followed by a comma."""
        return frozenset(word for group in self.between if "trend" in group.reason for word in group.words)


def _english(groups: list[Words]) -> Iterable[str]:
    """Yield the patterns of English words; # is a digit."""
    for word in (word for group in groups for word in group.words):
        yield re.escape(word).replace(r"\#", r"\d") + ("" if word.endswith("#") else r"(?![A-Za-z])")


class Token(NamedTuple):
    """A word of the vocabulary or a time expression in a text, with its roles."""

    start: int
    end: int
    roles: frozenset[str]
    time: TimeExpression | None = None


@dataclass(frozen=True)
class Lexed:
    """The tokens of a text. ``stopped`` is the first word that the vocabulary does not have, "" if there is none."""

    tokens: tuple[Token, ...]
    stopped: str = ""


def reporters(text: str) -> re.Pattern[str] | None:
    """Return a pattern of the persons that a text names with their office, where one reports something; None if none.

    Later sentences name them without it: 刘忠义表示,2020年……
    """
    names = {match["name"] for match in _TITLED.finditer(text)}
    return re.compile(rf"(?:{'|'.join(sorted(names))}){_REPORTS_NEXT}") if names else None


class Lexer:
    """Splits a text into words of a vocabulary and time expressions."""

    def __init__(
        self, words: dict[str, frozenset[str]], phrases: Mapping[str, tuple[re.Pattern[str], ...]] | None = None
    ) -> None:
        """Index the words by their first character, the longest first. ``phrases`` are further patterns by role."""
        self._phrases = [(pattern, frozenset({role})) for role, every in (phrases or {}).items() for pattern in every]
        self._index: dict[str, list[tuple[re.Pattern[str], frozenset[str]]]] = defaultdict(list)
        for word in sorted(words, key=len, reverse=True):
            self._index[_first(word)].append((_compiled(word), words[word]))

    def lex(self, text: str, allowed: frozenset[str], published: date | None = None) -> Lexed:
        """Return the tokens of a whole text with the fewest words, or the position where no allowed word continues."""
        best: list[tuple[int, Token | None] | None] = [None] * (len(text) + 1)
        best[0] = (0, None)
        furthest = 0
        for at in range(len(text)):
            state = best[at]
            if state is None:
                continue
            furthest = max(furthest, at)
            for token in self._tokens_at(text, at, allowed, published):
                known = best[token.end]
                if known is None or state[0] + 1 < known[0]:
                    best[token.end] = (state[0] + 1, token)
        if best[len(text)] is None:
            return Lexed(self._path(best, furthest), _word_at(text, furthest))
        return Lexed(self._path(best, len(text)))

    def unknown_at(self, text: str, lexed: Lexed, allowed: frozenset[str]) -> str:
        """Return the unknown word that stopped the lexer, up to the next known word of two characters or more."""
        start = lexed.tokens[-1].end if lexed.tokens else 0
        for at in range(start + 1, min(len(text), start + 12)):
            if text[at] in ",、:()" or any(t.end - t.start > 1 for t in self._tokens_at(text, at, allowed, None)):
                return text[start:at]
        return text[start : start + 12]

    def spans_of_numbers(self, text: str) -> list[tuple[int, int]]:
        """Return the spans of the words of a text that contain digits, such as 来自196个国家和地区的."""
        numbered = [
            pattern
            for entries in self._index.values()
            for pattern, _ in entries
            if re.search(r"\\d|\d", pattern.pattern)
        ]
        return [match.span() for pattern in numbered for match in pattern.finditer(text)]

    def _tokens_at(self, text: str, at: int, allowed: frozenset[str], published: date | None) -> Iterable[Token]:
        if text[at] in ", :(" or (text[at] == "、" and "neutral" in allowed):
            yield Token(at, at + 1, frozenset({"punctuation"}))
        if "time" in allowed and (time := time_at(text, at, published)) is not None:
            yield Token(at, time.end, frozenset({"time"}), time)
        words: dict[int, frozenset[str]] = {}
        for pattern, roles in self._phrases:
            if roles & allowed and (match := pattern.match(text, at)):
                words[match.end()] = words.get(match.end(), frozenset()) | roles
        if "compare" in allowed and (end := _comparison_end(text, at, published)):
            yield Token(at, end, frozenset({"compare"}))
        for key in {text[at].lower(), "#" if text[at].isdigit() else "", "<"}:
            for pattern, roles in self._index.get(key, ()):
                if roles & allowed and (match := pattern.match(text, at)):
                    words[match.end()] = words.get(match.end(), frozenset()) | (roles & allowed)
        for end, roles in words.items():
            yield Token(at, end, roles)

    @staticmethod
    def _path(best: list[tuple[int, Token | None] | None], end: int) -> tuple[Token, ...]:
        tokens: list[Token] = []
        while end and (state := best[end]) is not None and state[1] is not None:
            tokens.append(state[1])
            end = state[1].start
        return tuple(reversed(tokens))


def _comparison_end(text: str, at: int, published: date | None) -> int | None:
    """Return the end of a comparison with another time, such as 与2019年同期相比, or None."""
    opening = _COMPARES.match(text, at)
    time = time_at(text, opening.end(), published) if opening else None
    if opening is None or time is None:
        return None
    closing = _COMPARED.match(text, time.end)
    if opening.group()[0] not in "与和同比较" and (time.why or not _follows_words(text[:at])):
        return None
    if opening["with"] and not (closing and closing["compared"]):
        return None
    return closing.end() if closing else time.end


def _follows_words(text: str) -> bool:
    """Return whether a comparison in English follows words or a figure: Over 2025, at the beginning, is a time."""
    return bool(text) and not text.rstrip().endswith((",", ";", ":", "(", "-"))


def _first(word: str) -> str:
    return word[0].lower()


def _compiled(word: str) -> re.Pattern[str]:
    escaped = re.escape(word).replace(r"\#\#", r"(?:1[5-9]\d|2[0-4]\d)").replace(r"\#", r"\d[\d,.]*")
    escaped = (
        escaped.replace("<province>", _PROVINCE)
        .replace("<person>", _PERSON)
        .replace("\\~成", r"[\u4e00-\u9fff、]{1,12}成")
        .replace("~成", r"[\u4e00-\u9fff、]{1,12}成")
        .replace("\\~", r"[\u4e00-\u9fff、]{2,12}")
        .replace("~", r"[\u4e00-\u9fff、]{2,12}")
    )
    if re.match(r"[A-Za-z]", word):
        escaped = rf"(?<![A-Za-z]){escaped}"
    if re.search(r"[A-Za-z]$", word):
        escaped = rf"{escaped}(?![A-Za-z])"
    return re.compile(escaped, re.IGNORECASE)


def _word_at(text: str, at: int) -> str:
    """Return the unknown word at a position: up to the next punctuation, at most twelve characters."""
    found = re.match(r"[^,、;:。()\d]{1,12}|.", text[at:])
    return found.group().strip() if found else ""


def load(text: str) -> Vocabulary:
    """Return the vocabulary of a YAML text; ``CatalogueError`` if it is not valid."""
    try:
        loaded: Any = parse_yaml(text)
        return Vocabulary.model_validate(loaded)
    except (yaml.YAMLError, ValidationError) as error:
        raise CatalogueError(f"the vocabulary of prose is not valid: {error}") from error


@cache
def vocabulary() -> Vocabulary:
    """Return the declared vocabulary."""
    return load((files(__package__) / "vocabulary.yaml").read_text(encoding="utf-8"))


def roles(extra: dict[str, str]) -> dict[str, frozenset[str]]:
    """Return every word with its roles: those of the vocabulary and ``extra`` words with one role each."""
    found: dict[str, set[str]] = defaultdict(set)
    known = vocabulary()
    groups = {"neutral": known.neutral, "reporting": known.reporting, "policy": known.policy, "between": known.between}
    for role, entries in groups.items():
        for entry in entries:
            for word in entry.words:
                found[word].add(role)
    for name, words in known.verbs.items():
        for word in words:
            found[word].add(f"verb:{name}")
    for word in known.links:
        found[word].add("link")
    for word in known.comparisons:
        found[word].add("compare")
    for word in (*known.changes.rise, *known.changes.fall):
        found[word].add("change")
    for word, role in extra.items():
        found[word].add(role)
    return {word: frozenset(names) for word, names in found.items()}
