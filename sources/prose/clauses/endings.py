"""What may follow a figure: the end of its clause, a note, a time in English, or words that define it otherwise."""

import re

from sources.prose.language.vocabulary import vocabulary
from sources.prose.statements import Worded

TIME_AFTER = re.compile(
    r",?(?: (?:were|was) (?:made|recorded|registered|handled|inspected|reported))?"
    r" (?:in|at the end of|by the end of|during|for|over|at the|from)(?: the)? (?=[a-z\d])|,? (?=last year)",
    re.IGNORECASE,
)
# The total that an English figure is a part of: foreigners accounted for 981,000 of them.
OF_THEM = re.compile(r" of (?:them|these|those|the total|these trips|the trips)(?=[,.;]|$)")
# What may follow a note: the end of the clause, or the time that English states after it.
_ENDS_NOTE = re.compile(rf"$|[,.;。]|{TIME_AFTER.pattern}", re.IGNORECASE)
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


def ends_clause(text: str) -> bool:
    """Return whether a text that follows a figure ends its clause."""
    text = text.lstrip()
    if not text or text[0] in _ENDS or text.startswith("中,"):
        return True
    if _IN_BRACKETS.match(text) or _PARTS_IN_BRACKETS.match(text):
        return True
    return vocabulary().ending.match(text) is not None


def end_of_note(worded: Worded, sentence: str, end: int) -> int:
    """Return where a clause that ends at a position ends with its note, if the note is the rest of the clause."""
    note = worded.note.match(sentence, end) if worded.note else None
    if note and not re.search(r"\d", note.group()) and _ENDS_NOTE.match(sentence, note.end()):
        return note.end()
    return end


def ends_statement(worded: Worded, rest: str, *, subject_first: bool) -> bool:
    """Return whether the text after a clause ends it, with the note that its statement needs or allows."""
    if worded.note and worded.note.match(rest):
        return True
    if worded.form.needs_note or _AFTERTHOUGHT.match(rest):
        return False
    return ends_clause(rest) or bool(subject_first and vocabulary().another.match(rest.lstrip()))
