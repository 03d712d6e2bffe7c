"""Matching of one clause with the declared statements.

A clause is the text from the end of the figure before it, or from the beginning of its sentence, to its own figure and
unit. Every word of it must be a word of the statement or of the vocabulary, in a role that its place allows.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from sources.prose.language.quantities import Quantity
from sources.prose.language.time_expressions import TimeExpression, time_at
from sources.prose.language.vocabulary import Lexer, Token, reporters, vocabulary
from sources.prose.statements import Form, Statement, Statements, Sum, Worded

_BEFORE = frozenset({"neutral", "reporting", "policy", "time", "verb", "link", "topic", "compare", "list"})
_BETWEEN = frozenset({"between", "time", "verb", "compare", "list"})
# Words by which a part of the sentence is a report of the publication.
_REPORTS = re.compile(
    r"发布|公布|通报|介绍|表示|指出|透露|获悉|消息|电|讯|举行|召开|报道|了解到|称|说|公告|通告|报告|公报|统计|显示|表明"
)
# Words for the day of a report.
_DAYS = ("当天", "当日", "日前", "近日")
# The day before such a part, as in 10月20日,国家移民管理局举行新闻发布会, is the day of the report.
_HOLDS = re.compile(r"举行|召开")
_TIME_AFTER = re.compile(
    r",? (?:in|at the end of|by the end of|during|for|over|at the|from)(?: the)? (?=[a-z\d])|,? (?=last year)",
    re.IGNORECASE,
)
# in 2024 and 2025 combined: the figure is of two years.
_ANOTHER_YEAR = re.compile(r"\s?(?:,|and|or|to|through|[-–—])\s?(?:19|20)\d\d(?!\d)", re.IGNORECASE)
# What may follow a note: the end of the clause, or the time that English states after it.
_ENDS_NOTE = re.compile(rf"$|[,.;。]|{_TIME_AFTER.pattern}", re.IGNORECASE)
_ENDS = ",、。;!?):"
# What follows a figure and defines it: of whom, where, over which time it counts, or that it is no count.
_AFTERTHOUGHT = re.compile(
    r"(?!,不包括市辖区内人户分离的人口为?\d),?\(?(?:不含|含|不包括|包括|均为|均系|仅为|其中不|主要为|主要是|系|都是|全部为|全为|仅限)"
    r"|[,(](?:即|属|指|特指|专指|仅(?!次于|比)|只|都|这(?!也?是(?:历史|首次|近|有))|该|此数|上述|以上|前者|后者|实为|实际为|合计为|全部)"
    r"|,均(?!创|为历史|超|高于|达|较|比|同比|实现|呈|有所|恢复|增长|上升|下降|居|位居)"
    r"|,(?:为|是)(?!历史|近\w{1,3}年|有(?:史|记录|统计)|(?:上年|去年|上一年|(?:19|20)\d\d年)(?:同期|全年)?(?:的?(?:约|近|超)?\d|水平)"
    r"|(?:19|20)\d\d年(?:以来)?(?:的)?(?:最|新|历史|首)|[^,。;]{1,24}(?:提供|办理|签发|服务|保障)|世界|全球|亚洲|首次|连续)"
)
# The parts of a figure in brackets. With border residents in brackets it is a figure of its own definition.
_PARTS_IN_BRACKETS = re.compile(r"\(其中(?!,?(?:不?含|不?包括|(?:外国|内地)?边民))")
_IN_BRACKETS = re.compile(
    r"\((?:同比|环比|比|较|占|约占|增长|上升|下降|增加|减少|此数据由"
    r"|(?:上年|去年|上一年|(?:19|20)\d{2}年)(?:同期|末|底|年底|年末)?(?:则|约|仅)?(?:为|是))[^()]*\)"
)


class Shape(NamedTuple):
    """A clause cut at its subject: the words before it, those between it and the figure, its match, and its end."""

    before: str
    between: str
    match: re.Match[str]
    end: int


@dataclass(frozen=True)
class Found:
    """A statement that a clause matches, with the tokens of the clause."""

    name: str
    declared: Statement
    form: Form
    fields: dict[str, str]
    unit: str
    tokens: tuple[Token, ...]
    size: int
    end: int
    topic: bool
    verbs: frozenset[str]
    so_far: bool
    subject_first: bool

    @property
    def times(self) -> tuple[TimeExpression, ...]:
        """The time expressions of the clause."""
        return tuple(token.time for token in self.tokens if token.time is not None)


@dataclass(frozen=True)
class Grammar:
    """The statements that apply to a document, with the lexer of their publisher."""

    statements: Mapping[str, Statement]
    lexer: Lexer
    units: re.Pattern[str]
    published: date | None
    numbered: tuple[re.Pattern[str], ...]
    verbs_needed: bool = False
    sums: tuple[Sum, ...] = ()
    reporters: re.Pattern[str] | None = None
    roles: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def matches(self, region: str, quantity: Quantity, sentence: str, last: Found | None = None) -> Iterator[Found]:
        """Yield every statement that a clause matches; ``last`` is the statement of the figure before it."""
        for name, declared in self.statements.items():
            for worded in declared.worded if declared.row is None else ():
                if quantity.unit and quantity.unit.lower() not in (unit.lower() for unit in worded.form.units):
                    continue
                for shape in _shapes(worded, region, quantity, sentence):
                    inherited = last.fields if last and last.name == name else None
                    found = self._found((name, declared, worded), shape, quantity, inherited)
                    if isinstance(found, str):
                        continue
                    noted = found if worded.form.needs_note else _with_note(found, worded, sentence)
                    found = self._with_time_after(noted, sentence)
                    if _ends(found, worded, sentence):
                        yield _with_note(found, worded, sentence)

    def _with_time_after(self, found: Found, sentence: str) -> Found:
        """Return a statement with the time that English states after its figure: 68.5 percent at the end of 2031."""
        opening = _TIME_AFTER.match(sentence, found.end)
        time = time_at(sentence, opening.end(), self.published) if opening else None
        if time is None or _ANOTHER_YEAR.match(sentence, time.end):
            return found
        token = Token(time.start, time.end, frozenset({"time"}), time)
        return replace(found, tokens=(*found.tokens, token), end=time.end)

    def lex_before(self, text: str) -> tuple[Token, ...] | str:
        """Return the tokens of the words before what is counted, or the word that is not understood."""
        lexed = self.lexer.lex(text, self._allowed(_BEFORE), self.published)
        return lexed.stopped or _in_place(lexed.tokens, text)

    def stopped_at(self, region: str) -> str:
        """Return the word of a clause that is not understood, for the list of unread sentences."""
        allowed = self._allowed(_BEFORE | _BETWEEN | {"subject"})
        lexed = self.lexer.lex(region, allowed, self.published)
        return self.lexer.unknown_at(region, lexed, allowed) if lexed.stopped else ""

    def _allowed(self, wanted: frozenset[str]) -> frozenset[str]:
        verbs = frozenset(f"verb:{name}" for name in vocabulary().verbs) if "verb" in wanted else frozenset()
        return wanted | verbs

    def _found(
        self,
        statement: tuple[str, Statement, Worded],
        shape: Shape,
        quantity: Quantity,
        inherited: Mapping[str, str] | None,
    ) -> Found | str:
        """Return the statement that a clause matches, or the reason why it is another one."""
        name, declared, worded = statement
        before = self.lex_before(shape.before)
        if isinstance(before, str):
            return f"the word “{before}” is before what is counted"
        lexed = self.lexer.lex(shape.between, self._allowed(_BETWEEN), self.published)
        if lexed.stopped or not _states_number(lexed.tokens, shape.between):
            return "the words before its figure do not state its number"
        words = [_Word(shape.before[token.start : token.end], token) for token in before]
        between = [_Word(shape.between[token.start : token.end], token) for token in lexed.tokens]
        topics = [word for word in words if any(pattern.fullmatch(word.text) for pattern in worded.topics)]
        cut = max(shape.before.rfind(","), shape.before.rfind(":"))
        if why := _of_another(worded, words, between, topics, cut):
            return why
        unit = quantity.unit or _unit_before(shape.match.group(), shape.between, worded.form)
        fields = declared.fields_of(shape.match.groupdict(), inherited)
        if unit is None or fields is None:
            return "its unit or one of its codes is not stated"
        size = len(shape.match.group())
        return Found(
            name,
            declared,
            worded.form,
            fields,
            unit,
            (*before, *lexed.tokens),
            size,
            shape.end,
            topic=bool(topics),
            verbs=frozenset().union(*(_verbs(word.token) for word in (*words, *between))) & set(worded.form.verb),
            so_far=any(word.text.startswith(("已", "累计")) for word in (*words, *between)),
            subject_first=bool(size and shape.end == quantity.unit_end),
        )


class _Word(NamedTuple):
    """A word of a clause with its token."""

    text: str
    token: Token

    @property
    def roles(self) -> frozenset[str]:
        return self.token.roles


def _of_another(worded: Worded, before: list[_Word], between: list[_Word], topics: list[_Word], cut: int) -> str:
    """Return why the words of a clause make it another statement: a list, another verb or another topic.

    Words of policy before ``cut``, the last comma, do not count.
    """
    if any("list" in word.roles for word in (*before, *between)):
        return "it is a list"
    for at, word in enumerate((*before, *between)):
        introduces = at < len(before) and word.token.end <= cut and "policy" in word.roles
        if _is_verb(word.roles) and not introduces and not _verbs(word.token) & set(worded.form.verb):
            return f"the verb “{word.text}” is of another statement"
        known = "neutral" in word.roles or introduces
        if "topic" in word.roles and word not in topics and not known and at < len(before):
            return f"the topic “{word.text}” is of another statement"
    return ""


def _is_verb(roles: frozenset[str]) -> bool:
    """Return whether a word is a verb, and nothing else but a word of policy."""
    return roles != {"policy"} and all(role.startswith("verb:") or role == "policy" for role in roles) and bool(roles)


def grammar_of(known: Statements, applicable: Mapping[str, Statement], published: date | None, text: str) -> Grammar:
    """Return the grammar of a publisher's statements that apply to a document with a text."""
    phrases = [p for one in applicable.values() for each in one.worded for p in (*each.subject, *each.topics)]
    return Grammar(
        statements=applicable,
        lexer=known.lexer,
        units=known.unit_pattern,
        published=published,
        numbered=tuple(p for p in phrases if re.search(r"\\d|\d", p.pattern)),
        verbs_needed=known.verbs_needed,
        sums=tuple(known.sums),
        reporters=reporters(text),
    )


def ends_clause(text: str) -> bool:
    """Return whether a text that follows a figure ends its clause."""
    text = text.lstrip()
    if not text or text[0] in _ENDS or text.startswith("中,"):
        return True
    if _IN_BRACKETS.match(text) or _PARTS_IN_BRACKETS.match(text):
        return True
    return vocabulary().ending.match(text) is not None


def _shapes(worded: Worded, region: str, quantity: Quantity, sentence: str) -> Iterator[Shape]:
    """Yield the words before and after what is counted, its match, and the end of the clause."""
    for pattern in worded.subject:
        for match in pattern.finditer(region):
            yield Shape(region[: match.start()], region[match.end() :], match, quantity.unit_end)
    nothing = re.compile("").match(region)
    if nothing and ((worded.form.adjacent and not region) or (worded.form.counted and quantity.unit)):
        yield Shape(region, "", nothing, quantity.unit_end)
    if quantity.unit or "" in worded.form.units:
        for pattern in worded.after:
            blank = re.compile(r"\s?的?").match(sentence, quantity.unit_end)
            if after := pattern.match(sentence, blank.end() if blank else quantity.unit_end):
                yield Shape(region, "", after, after.end())


def _in_place(tokens: tuple[Token, ...], text: str) -> tuple[Token, ...] | str:
    """Return the tokens if words of policy and of reports are in parts of their own, or the first that is not."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if text[token.start : token.end] in (",", ":"):
            parts.append([])
        else:
            parts[-1].append(token)
    kept: list[Token] = []
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        written = text[part[0].start : part[-1].end] if part else ""
        reports = bool(_REPORTS.search(written))
        if part and all(token.time is not None and token.time.day for token in part) and not last:
            following = parts[number + 1]
            reports = bool(following and _HOLDS.search(text[following[0].start : following[-1].end]))
        for token in part:
            if token.roles <= {"reporting"} and not (reports and not last):
                return text[token.start : token.end]
            if token.roles <= {"policy", "reporting"} and last:
                return text[token.start : token.end]
            day = token.time is not None and (token.time.day or text[token.start : token.end] in _DAYS)
            if day and reports and not last:
                continue
            kept.append(token)
    return tuple(kept)


def _states_number(tokens: tuple[Token, ...], text: str) -> bool:
    """Return whether the words between what is counted and the figure state its number, and no change of it."""
    trends = vocabulary().trends
    words = [text[token.start : token.end] for token in tokens]
    for number, word in enumerate(words):
        if word in trends and (number + 1 >= len(words) or "," not in words[number + 1 :]):
            return False
        if word in ("由", "却由", "从") and not any(token.time for token in tokens[number + 1 : number + 2]):
            return False
    if words and words[-1] == "的" and not any(token.time for token in tokens[-2:-1]):
        return False  # 农民工的6700万人 is a part of them
    last = next((token for token in reversed(tokens) if text[token.start : token.end] not in ("的", "了")), None)
    return last is None or "compare" not in last.roles or "between" in last.roles


def _verbs(token: Token) -> set[str]:
    return {role.partition(":")[2] for role in token.roles if role.startswith("verb:")}


def _unit_before(subject: str, between: str, form: Form) -> str | None:
    """Return the unit that the subject or the words after it state, "" for an English noun that is counted itself."""
    for noun, unit in (("人次", "人次"), ("人数", "人")):
        if (noun in between or subject.endswith(noun)) and unit in form.units:
            return unit
    return "" if subject.isascii() and "" in form.units else None


def _with_note(found: Found, worded: Worded, sentence: str) -> Found:
    """Return a statement that ends after its note, if the note is the rest of its clause."""
    note = worded.note.match(sentence, found.end) if worded.note else None
    if note and not re.search(r"\d", note.group()) and _ENDS_NOTE.match(sentence, note.end()):
        return replace(found, end=note.end())
    return found


def _ends(found: Found, worded: Worded, sentence: str) -> bool:
    """Return whether the text after a clause ends it, with the note that its statement needs or allows."""
    rest = sentence[found.end :]
    note = worded.note
    noted = bool(note and note.match(rest))
    if worded.form.needs_note and not noted:
        return False
    if noted:
        return True
    if _AFTERTHOUGHT.match(rest):
        return False
    return ends_clause(rest) or bool(found.subject_first and vocabulary().another.match(rest.lstrip()))
