"""Decode a page or a plain text of a publisher of prose, extract its article and normalise its characters."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from sources.errors import FormatError

_NUMBER = re.compile(r"\d")
_LARGEST = 4_000_000
# What a firewall returns instead of an article.
_BLOCKED = re.compile(
    r"\b(?:403|404|502|503)\b|Forbidden|Access Denied|UrlACL|访问被拒绝|拦截|服务异常|安全验证|验证码|页面不存在",
    re.IGNORECASE,
)
_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|div|p|meta|script)\b", re.IGNORECASE)
_CJK = re.compile(r"[\u4e00-\u9fff]")
_FOOTNOTE = re.compile(r"\[\d{1,2}\]|\[注\d{0,2}\]")
_FULL_STOP_IN_NUMBER = re.compile(r"(?<=\d)。(?=\d{1,2}(?:万|亿|%|‰|％|萬|億|个百分点))")
# The elements of the publishers' pages that contain the text. A page of another structure is read whole.
_BODIES = (
    *(".TRS_Editor", ".trs_editor_view", ".TRS_UEDITOR", "#UCAP-CONTENT", ".pages_content", ".txt-content", "div.txt"),
    *(".art_con", ".article-content", ".art-con", "div.content", ".xilan_con", ".center_xilan", "article", "#zoom"),
)
_AROUND = "script,style,noscript,nav,header,footer,form,iframe,rt,rp,select,button"
_BREAKS = "p,div,br,li,tr,h1,h2,h3,h4,h5,h6,section,table,blockquote"
_BREAK = "\ue000"
_WRAPPED = re.compile(r"(?<=[\d.万亿])[ \t]*\r?\n[ \t]*(?=[万亿%‰]|人次)")
_FIELDS = re.compile(r"[,\t;]")
_TITLES = ("meta[name=ArticleTitle]", "meta[property='og:title']", "h1", "title")
_DATES = ("meta[name=PubDate]", "meta[name=publishdate]", "meta[property='article:published_time']", "meta[name=date]")
_DAY = re.compile(r"(\d{4})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})")


@dataclass(frozen=True)
class Article:
    """The text of an article, and its title, day of publication and site if the page states them."""

    text: str
    title: str = ""
    published: date | None = None
    site: str = ""


def beginning(head: bytes) -> str:
    """Return the beginning of a page or text, decoded; "" if the bytes are neither."""
    if b"\0" in head or head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"["):
        return ""
    texts = {encoding: head.decode(encoding, "ignore") for encoding in ("utf-8", "gb18030")}
    return next((text for encoding, text in texts.items() if len(text.encode(encoding)) > 0.98 * len(head)), "")


def article(path: Path) -> Article:
    """Return the article of a page or a plain text.

    ``FormatError`` if the bytes are neither UTF-8 nor gb18030, or if a page contains no text: a redirect, a block page,
    a bulletin that is an image, or a page of an unknown structure.
    """
    if (size := path.stat().st_size) > _LARGEST:
        raise FormatError(f"the text has {size / 1e6:.0f} MB, and no article is larger than {_LARGEST / 1e6:.0f} MB")
    body = path.read_bytes()
    text = decoded(body)
    if not _MARKUP.search(body[:4096]):
        if is_table(text):
            raise FormatError("the text is a table and not prose")
        text = _WRAPPED.sub("", text)
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        titled = (
            len(lines) > 1 and len(lines[0].encode()) < 240 and not lines[0].endswith(("。", "!", "?", ".", ";", "；"))
        )
        return Article(normalised("\n".join(lines)), normalised(lines[0]) if titled else "")
    page = LexborHTMLParser(text)
    title = _text_of(page, _TITLES)
    day = _DAY.search(_text_of(page, _DATES))
    for node in page.css(_AROUND):
        node.decompose()
    return Article(
        text=_body(page, title),
        title=normalised(title),
        published=_date(day) if day else None,
        site=normalised(
            _text_of(page, ("meta[name=SiteName]", "meta[name=ContentSource]", "meta[property='og:site_name']"))
        ),
    )


def is_table(text: str) -> bool:
    """Return whether a text is a table of delimited fields: two lines with numbers after their first field."""
    lines = (_FIELDS.split(line.strip()) for line in text.splitlines())
    numeric = (all(re.fullmatch(r"[\s\d.\"-]*", field) for field in line[1:]) for line in lines if len(line) > 2)
    return sum(numeric) > 1


def normalised(text: str) -> str:
    """Return a text in NFKC and simplified characters, without footnote marks, blank lines and unusual spaces.

    A full-width comma between digits becomes a comma and a space, so that it is never read as a thousands separator.
    """
    text = _FULL_STOP_IN_NUMBER.sub(".", re.sub(r"(?<=\d)\uff0c(?=\d)", ", ", text))
    text = _FOOTNOTE.sub("", unicodedata.normalize("NFKC", text))
    text = text.translate({ord(char): simple for char, simple in _simplified("".join(sorted(set(text)))).items()})
    text = re.sub(r"[\u200b-\u200d\u2060\ufeff]", "", text)
    lines = (re.sub(r"[ \t\u00a0\u3000]+", " ", line).strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def decoded(body: bytes) -> str:
    """Return a page or text decoded from UTF-8, gb18030 or a declared Big5; ``FormatError`` if none of them fits."""
    declared = _CHARSET.search(body[:4096])
    names = ["utf-8-sig", "gb18030"]
    if declared and declared[1].lower() in (b"big5", b"big5-hkscs"):
        names = ["utf-8-sig", "big5hkscs"]
    for name in names:
        try:
            return body.decode(name)
        except UnicodeDecodeError:
            continue
    raise FormatError(f"the text is in no encoding that was expected ({' or '.join(names)}); it may not be text")


@cache
def _simplified(chars: str) -> dict[str, str]:
    """Return the simplified character of each traditional one in ``chars`` that has exactly one."""
    pairs = {char: _converter()(char) for char in chars if _CJK.match(char)}
    return {char: simple for char, simple in pairs.items() if simple != char and len(simple) == 1}


@cache
def _converter() -> Callable[[str], str]:
    from opencc import OpenCC  # imported late: it loads dictionaries that only prose needs

    convert: Callable[[str], str] = OpenCC("t2s").convert
    return convert


def _text_of(page: LexborHTMLParser, selectors: tuple[str, ...]) -> str:
    for selector in selectors:
        node = page.css_first(selector)
        if node is not None:
            text = node.attributes.get("content") if node.tag == "meta" else node.text()
            if text and text.strip():
                return text.strip()
    return ""


def _body(page: LexborHTMLParser, title: str) -> str:
    for selector in (*_BODIES, "body"):
        # Elements of one name may be nested: the article is the longest.
        texts = sorted((_lines(node) for node in page.css(selector)), key=len, reverse=True)
        if texts and _is_article(f"{title}\n{texts[0]}", texts[0]):
            return texts[0]
    what = "only images" if page.css("body img") else "no text"
    raise FormatError(
        f"the page ({title or 'without a title'!r}) holds {what} where an article was expected: it may be a redirect, "
        "a block page, a bulletin in pictures or a page of a new structure"
    )


def _is_article(whole: str, text: str) -> bool:
    """Return whether a text can be an article: it has a number and some length, and is not a block page."""
    blocked = len(text) < 600 and _BLOCKED.search(whole)
    return bool(_NUMBER.search(text)) and len(text) > 20 and not blocked


def _lines(node: LexborNode) -> str:
    for block in node.css(_BREAKS):
        block.insert_before(_BREAK)
        block.insert_after(_BREAK)
    for cell in node.css("td,th"):
        cell.insert_after(" ")
    # A line break in the source of a page is a blank, and not the end of a line.
    return normalised(re.sub(r"\s+", " ", node.text()).replace(_BREAK, "\n"))


def _date(match: re.Match[str]) -> date | None:
    try:
        return date(*(int(part) for part in match.groups()))
    except ValueError:
        return None
