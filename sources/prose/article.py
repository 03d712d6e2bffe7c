"""A page or a plain text of a publisher of prose: decoded, its article taken out, its letters made alike."""

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
# What a firewall says instead of an article, which is short.
_BLOCKED = re.compile(
    r"\b(?:403|404|502|503)\b|Forbidden|Access Denied|UrlACL|访问被拒绝|拦截|服务异常|安全验证|验证码|页面不存在",
    re.IGNORECASE,
)
_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|div|p|meta|script)\b", re.IGNORECASE)
_CJK = re.compile(r"[\u4e00-\u9fff]")
_FOOTNOTE = re.compile(r"\[\d{1,2}\]|\[注\d{0,2}\]")
_FULL_STOP_IN_NUMBER = re.compile(r"(?<=\d)。(?=\d{1,2}(?:万|亿|%|‰|％|萬|億|个百分点))")
# Where the publishers' pages have their text; a page of another structure is read whole, without what is around it.
_BODIES = (
    *(".TRS_Editor", ".trs_editor_view", ".TRS_UEDITOR", "#UCAP-CONTENT", ".pages_content", ".txt-content", "div.txt"),
    *(".art_con", ".article-content", ".art-con", "div.content", ".xilan_con", ".center_xilan", "article", "#zoom"),
)
_AROUND = "script,style,noscript,nav,header,footer,form,iframe,rt,rp,select,button"
_BREAKS = "p,div,br,li,tr,h1,h2,h3,h4,h5,h6,section,table,blockquote"
_TITLES = ("meta[name=ArticleTitle]", "meta[property='og:title']", "h1", "title")
_DATES = ("meta[name=PubDate]", "meta[name=publishdate]", "meta[property='article:published_time']", "meta[name=date]")
_DAY = re.compile(r"(\d{4})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})")


@dataclass(frozen=True)
class Article:
    """The text that is read, its title and day of publication where the page says them, and who it says it is by."""

    text: str
    title: str = ""
    published: date | None = None
    site: str = ""


def beginning(head: bytes) -> str:
    """The beginning of a page or text in whichever encoding it is; "" where it is neither."""
    if b"\0" in head or head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"["):
        return ""
    texts = {encoding: head.decode(encoding, "ignore") for encoding in ("utf-8", "gb18030")}
    return next((text for encoding, text in texts.items() if len(text.encode(encoding)) > 0.98 * len(head)), "")


def article(path: Path) -> Article:
    """The article of a page or a plain text.

    ``FormatError`` if the bytes are neither UTF-8 nor gb18030, and if a page holds no text: a redirect, a block page,
    a bulletin that is an image, a page of a structure that is not known.
    """
    if (size := path.stat().st_size) > _LARGEST:
        raise FormatError(f"the text has {size / 1e6:.0f} MB, and no article is larger than {_LARGEST / 1e6:.0f} MB")
    body = path.read_bytes()
    text = decoded(body)
    if not _MARKUP.search(body[:4096]):
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        titled = (
            len(lines) > 1 and len(lines[0].encode()) < 240 and not lines[0].endswith(("。", "!", "?", ".", ";", "；"))
        )
        return Article(normalised("\n".join(lines)), normalised(lines[0]) if titled else "")
    page = LexborHTMLParser(text)
    title = _said(page, _TITLES)
    day = _DAY.search(_said(page, _DATES))
    for node in page.css(_AROUND):
        node.decompose()
    return Article(
        text=_body(page, title),
        title=normalised(title),
        published=_date(day) if day else None,
        site=normalised(
            _said(page, ("meta[name=SiteName]", "meta[name=ContentSource]", "meta[property='og:site_name']"))
        ),
    )


def normalised(text: str) -> str:
    """Text with letters of one kind: NFKC, simplified characters, no footnote marks, blank lines or odd spaces.

    A full-width comma between digits stays apart from them, so that it is never taken for a thousands separator.
    """
    text = _FULL_STOP_IN_NUMBER.sub(".", re.sub(r"(?<=\d)\uff0c(?=\d)", ", ", text))
    text = _FOOTNOTE.sub("", unicodedata.normalize("NFKC", text))
    text = text.translate({ord(char): simple for char, simple in _simplified("".join(sorted(set(text)))).items()})
    lines = (re.sub(r"[ \t\u00a0\u3000\u200b\ufeff]+", " ", line).strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def decoded(body: bytes) -> str:
    """A page or text in the encoding that its bytes are in; ``FormatError`` if that is none of the expected."""
    declared = _CHARSET.search(body[:4096])
    names = ["utf-8-sig", "gb18030"]
    if declared and declared[1].lower() in (b"big5", b"big5-hkscs"):
        names = ["utf-8-sig", "big5hkscs"]
    for name in names:
        try:
            return body.decode(name)
        except UnicodeDecodeError:
            continue
    raise FormatError(f"the text is in no encoding that was expected ({' or '.join(names)}); it may be no text at all")


@cache
def _simplified(chars: str) -> dict[str, str]:
    """The simplified character of each traditional one among ``chars``, where it is one character."""
    pairs = {char: _converter()(char) for char in chars if _CJK.match(char)}
    return {char: simple for char, simple in pairs.items() if simple != char and len(simple) == 1}


@cache
def _converter() -> Callable[[str], str]:
    from opencc import OpenCC  # reads its dictionaries, which only prose needs

    convert: Callable[[str], str] = OpenCC("t2s").convert
    return convert


def _said(page: LexborHTMLParser, selectors: tuple[str, ...]) -> str:
    for selector in selectors:
        node = page.css_first(selector)
        if node is not None:
            text = node.attributes.get("content") if node.tag == "meta" else node.text()
            if text and text.strip():
                return text.strip()
    return ""


def _body(page: LexborHTMLParser, title: str) -> str:
    for selector in (*_BODIES, "body"):
        # The innermost of nested elements of one name is not the article; the longest is.
        texts = sorted((_lines(node) for node in page.css(selector)), key=len, reverse=True)
        if texts and _is_article(f"{title}\n{texts[0]}", texts[0]):
            return texts[0]
    what = "only images" if page.css("body img") else "no text"
    raise FormatError(
        f"the page ({title or 'without a title'!r}) holds {what} where an article was expected: it may be a redirect, "
        "a block page, a bulletin in pictures or a page of a new structure"
    )


def _is_article(whole: str, text: str) -> bool:
    """Whether a text may be one: it has a number and some length, and is not a firewall's short answer."""
    blocked = len(text) < 600 and _BLOCKED.search(whole)
    return bool(_NUMBER.search(text)) and len(text) > 20 and not blocked


def _lines(node: LexborNode) -> str:
    for block in node.css(_BREAKS):
        block.insert_before("\n")
        block.insert_after("\n")
    for cell in node.css("td,th"):
        cell.insert_after(" ")
    return normalised(node.text())


def _date(match: re.Match[str]) -> date | None:
    try:
        return date(*(int(part) for part in match.groups()))
    except ValueError:
        return None
